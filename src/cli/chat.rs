//! `warmdesk chat`: talk to the assistant in the terminal, over the data folder's own records.

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;

use super::options::GlobalOptions;
use super::serve::{self, ModelOptions};
use crate::app::{App, AppOptions};
use crate::conversation::types::{IncomingMessage, TurnEvent};
use crate::identity::{ConversationId, ConversationIds, CustomerId, Scope, ShopId, StaffScope};
use crate::turn::types::PageContext;

/// Options of `chat`.
#[derive(Debug, Clone, Args)]
pub struct ChatOptions {
    /// Talk as this customer. Whoever may start this program may read its data, so no signature is asked for
    #[arg(long, value_name = "ID")]
    pub customer: Option<String>,
    /// What generates text
    #[command(flatten)]
    pub model: ModelOptions,
    /// Show scenario, tier, emotion and where each sentence comes from
    #[arg(long)]
    pub why: bool,
}

/// Runs the command.
pub fn run(options: &GlobalOptions, command: ChatOptions) -> anyhow::Result<ExitCode> {
    let mut config = options.settings()?;
    command.model.apply(&mut config);
    if options.log.is_none() {
        "warn".clone_into(&mut config.log.level);
    }
    serve::start_logging(&config)?;
    let scope = match &command.customer {
        Some(id) => Scope::customer(ShopId::default(), CustomerId::new(id)?),
        None => Scope::anonymous(ShopId::default()),
    };
    serve::runtime()?.block_on(async {
        let (clock, test_clock) = serve::clock(&config, false)?;
        let actions = serve::open_actions(&config)?;
        match &actions {
            Some(system) => eprintln!(
                "actions are executed by {}; results that it brings later need `warmdesk serve`",
                system.host()
            ),
            None => eprintln!("no system executes actions: what is begun is left to people, as tickets"),
        }
        let app = App::start(AppOptions {
            data: options.data.clone(),
            pack: options.pack(&config)?,
            pack_place: Some(options.pack_place(&config)),
            model: serve::open_model(&config)?,
            embedder: serve::open_embedder().await?,
            orders: serve::open_orders(&config, &clock)?,
            actions,
            ids: ConversationIds::default(),
            clock,
            test_clock,
            admin_key: None,
            customer_secret: None,
            config,
        })
        .await?;
        serve::wait_until_loaded(app.conversations.services().model.as_ref()).await;
        converse(&app, &scope, command.why).await?;
        app.conversations.finish().await;
        app.store.close().await;
        anyhow::Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn converse(app: &App, scope: &Scope, why: bool) -> anyhow::Result<()> {
    let interactive = std::io::stdin().is_terminal();
    let mut conversation: Option<ConversationId> = None;
    loop {
        if interactive {
            print!("> ");
            std::io::stdout().flush()?;
        }
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            continue;
        }
        let message = IncomingMessage {
            client_id: None,
            conversation: conversation.clone(),
            scope: scope.clone(),
            text: line.trim().to_owned(),
            page: PageContext::default(),
            attachments: Vec::new(),
            channel: "terminal".to_owned(),
            received: Instant::now(),
            address: None,
        };
        match app.conversations.take(message).await {
            Ok(mut turn) => {
                while let Some(event) = turn.next().await {
                    show(&event, why);
                    if let TurnEvent::Done(reply) = event {
                        conversation = Some(reply.conversation.parse()?);
                    }
                }
            }
            Err(error) => eprintln!("{error}"),
        }
        if let Some(conversation) = &conversation {
            keep_word(app, conversation).await?;
        }
    }
}

/// Has the system execute what was begun, and shows what is said by itself then.
async fn keep_word(app: &App, conversation: &ConversationId) -> anyhow::Result<()> {
    let staff = StaffScope { shop: ShopId::default(), actor: "terminal".to_owned() };
    // Nothing is said by itself while a turn is still being kept.
    app.conversations.finish().await;
    let before = app.store.messages_for_staff(&staff, conversation).await?.len();
    app.keep_word().await?;
    let messages = app.store.messages_for_staff(&staff, conversation).await?;
    for message in messages.iter().skip(before) {
        println!("{}", message.text);
    }
    Ok(())
}

fn show(event: &TurnEvent, why: bool) {
    match event {
        TurnEvent::Sentence(sentence) if why => {
            println!(
                "{}  [{:?} by {:?} {}]",
                sentence.text,
                sentence.goal,
                sentence.by,
                sentence.evidence.join(" ")
            );
        }
        TurnEvent::Sentence(sentence) => println!("{}", sentence.text),
        TurnEvent::Handoff(handoff) => println!("  → {} ({:?})", handoff.ticket, handoff.reason),
        TurnEvent::Reading { scenario } if why => {
            println!("  [{} {} {:.2}]", scenario.id, scenario.name, scenario.confidence);
        }
        TurnEvent::Done(reply) if why => {
            for refusal in reply.guard.iter().flat_map(|guard| &guard.refused) {
                println!("  [refused {:?} {}: {}]", refusal.reason, refusal.detail, refusal.draft);
            }
            if let Some(timing) = &reply.timing {
                let first = timing.first_sentence_ms.unwrap_or_default();
                println!("  [first sentence {first:.1} ms, whole {:.1} ms]", timing.total_ms);
            }
        }
        TurnEvent::Reading { .. } | TurnEvent::Done(_) => {}
    }
}
