//! Holds the conversation of a file over an application of its own.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;

use super::checks::{Answered, faults, name};
use super::stage::{Stage, changed, named};
use super::{Brought, Dialogue, DialogueError, Exchange, StaffStep, Told, ToldTurn};
use crate::actions::ActionResult;
use crate::app::{App, AppOptions};
use crate::config::Config;
use crate::connect::{ActionsError, ActionsOptions, ShopActions};
use crate::conversation::types::{Attachment, ChatReply, IncomingMessage};
use crate::identity::{ConversationId, ConversationIds, CustomerId, Scope, ShopId, StaffScope};
use crate::model::ScriptedModel;
use crate::store::NewMessage;
use crate::time::{Clock, Now, TestClock};
use crate::turn::trace::{SentenceTrace, Trace};
use crate::turn::types::{Author, PageContext};

/// Where nobody listens: what the shop's system does stands in the file.
const NOBODY: &str = "http://127.0.0.1:9/";

/// At most so many words are said one after the other while the customer is silent.
const WORDS: usize = 8;

/// One conversation while it is held.
struct Held {
    app: App,
    clock: Arc<TestClock>,
    scope: Scope,
    staff: StaffScope,
    conversation: Option<ConversationId>,
    said: Vec<String>,
    /// The conversations of the others who wait, the longest first.
    others: VecDeque<ConversationId>,
    _folder: tempfile::TempDir,
}

/// Holds a conversation from its first message to its last.
///
/// # Errors
/// If the application fails; a wrong answer is no error but a fault in the result.
pub async fn run(name: &str, dialogue: &Dialogue, stage: &Stage) -> Result<Told, DialogueError> {
    let broken =
        |error: anyhow::Error| DialogueError::Broken { name: name.to_owned(), reason: format!("{error:#}") };
    let mut held = Held::open(dialogue, stage).await.map_err(broken)?;
    let mut turns = Vec::new();
    for turn in &dialogue.turns {
        turns.push(held.turn(turn).await.map_err(broken)?);
    }
    held.app.conversations.finish().await;
    held.app.store.close().await;
    Ok(Told { name: name.to_owned(), about: dialogue.about.clone(), turns })
}

impl Held {
    async fn open(dialogue: &Dialogue, stage: &Stage) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("warmdesk-dialogue-").tempdir()?;
        let clock = Arc::new(TestClock::new(moment(&dialogue.clock, &stage.config)?));
        let answers: Vec<(String, String)> =
            dialogue.model.iter().map(|one| (one.when.clone(), one.says.clone())).collect();
        let shop = stage.shop(dialogue.language.as_deref())?;
        // Where its results come from the file, the shop's system is never asked.
        let app = App::start(AppOptions {
            data: folder.path().to_owned(),
            config: stage.config.clone(),
            pack: Arc::clone(&shop.rules.pack),
            pack_place: None,
            model: Arc::new(ScriptedModel::by_substring(answers, "")),
            embedder: None,
            orders: None,
            actions: dialogue.connected.then(nobody).transpose()?,
            ids: ConversationIds::counted(stage.seed),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            test_clock: None,
            admin_key: None,
            customer_secret: None,
        })
        .await?;
        let staff = StaffScope { shop: ShopId::default(), actor: "小林".to_owned() };
        let mut records = shop.records.clone();
        for change in &dialogue.records {
            let (kind, id) = named(change)?;
            let place = records.iter().position(|record| record.kind == kind && record.id == id);
            let record = changed(place.map(|place| &records[place]), change)?;
            match place {
                Some(place) => records[place] = record,
                None => records.push(record),
            }
        }
        app.take_records(&staff, records).await?;
        let scope = match &dialogue.customer {
            Some(id) => Scope::customer(ShopId::default(), CustomerId::new(id)?),
            None => Scope::anonymous(ShopId::default()),
        };
        let (said, others) = (Vec::new(), VecDeque::new());
        let mut held = Self { app, clock, scope, staff, conversation: None, said, others, _folder: folder };
        held.fill_queue(dialogue.queue).await?;
        Ok(held)
    }

    /// Others who wait at the desk, so that there is a queue to speak of. They want what a person has to decide, so nobody
    /// with an ordinary matter comes before them.
    async fn fill_queue(&mut self, others: usize) -> anyhow::Result<()> {
        let wish = if self.is_english() { "refund only, I am not sending it back" } else { "仅退款" };
        let wish = Exchange { say: Some(wish.to_owned()), ..Exchange::default() };
        for _ in 0..others {
            let scope = Scope::anonymous(ShopId::default());
            let reply = self.send(&scope, None, &wish).await?;
            anyhow::ensure!(reply.handoff.is_some(), "another customer does not wait: {}", reply.reply);
            self.others.push_back(reply.conversation.parse()?);
        }
        Ok(())
    }

    fn is_english(&self) -> bool {
        self.app.conversations.services().rules.load().pack.language.starts_with("en")
    }

    async fn turn(&mut self, turn: &Exchange) -> anyhow::Result<ToldTurn> {
        if let Some(clock) = &turn.clock {
            let zone = self.clock.now().zoned().time_zone().clone();
            self.clock.set(Now::new(clock.parse()?, zone));
        }
        if turn.anew {
            self.conversation = None;
            self.said.clear();
        }
        for change in &turn.records {
            let (kind, id) = named(change)?;
            let known = self.app.store.record(&self.staff, kind, id).await?;
            self.app.take_records(&self.staff, vec![changed(known.as_ref(), change)?]).await?;
        }
        match &turn.staff {
            Some(StaffStep::TakesAnother) => return self.take_another().await,
            Some(step) => return self.person(step).await,
            None => {}
        }
        if turn.later || turn.result.is_some() {
            return self.by_itself(turn).await;
        }
        let reply = self.send(&self.scope, self.conversation.clone(), turn).await?;
        let id: ConversationId = reply.conversation.parse()?;
        let kept = self.app.store.conversation(&self.scope, &id).await?;
        let trace = self.trace(&reply, &id).await?;
        let flows = self.open_flows(&id).await?;
        self.conversation = Some(id);
        let answered = Answered {
            reply: &reply,
            trace: trace.as_ref(),
            state: kept.state,
            flows: &flows,
            before: &self.said,
        };
        let faults = faults(turn, &answered);
        self.said.extend(reply.sentences.iter().map(|sentence| sentence.text.clone()));
        Ok(told(turn, &reply, trace.as_ref(), faults))
    }

    async fn send(
        &self,
        scope: &Scope,
        conversation: Option<ConversationId>,
        turn: &Exchange,
    ) -> anyhow::Result<ChatReply> {
        let picture = |number| Attachment {
            kind: "image".to_owned(),
            url: format!("https://shop.example/{number}.jpg"),
            bytes: None,
            sha256: None,
        };
        let message = IncomingMessage {
            client_id: None,
            conversation,
            scope: scope.clone(),
            text: turn.say.clone().unwrap_or_default(),
            page: PageContext { product: turn.product.clone(), ..PageContext::default() },
            attachments: (0..turn.pictures).map(picture).collect(),
            channel: "dialogue".to_owned(),
            received: Instant::now(),
            address: None,
        };
        let stream = self.app.conversations.take(message).await?;
        stream.reply().await.ok_or_else(|| anyhow::anyhow!("the turn ended without a reply"))
    }

    /// The open flows of the customer, each with its step.
    async fn open_flows(&self, id: &ConversationId) -> anyhow::Result<Vec<String>> {
        let flows = self.app.store.open_flows(&self.scope, id).await?;
        Ok(flows.iter().map(|flow| format!("{} {}", flow.kind, flow.step)).collect())
    }

    /// What is said while the customer is silent: the shop's system brings a result, or time passes.
    async fn by_itself(&mut self, turn: &Exchange) -> anyhow::Result<ToldTurn> {
        let id = self.conversation.clone().ok_or_else(|| anyhow::anyhow!("nobody has written yet"))?;
        let before = self.app.store.messages_for_staff(&self.staff, &id).await?.len();
        let mut what = "(time passes)".to_owned();
        if let Some(brought) = &turn.result {
            what = format!("(the shop's system: {} {})", brought.action, name(&brought.outcome));
            if !self.bring(brought, &id).await? {
                let faults = vec![format!("no action `{}` was begun", brought.action)];
                return Ok(ToldTurn { say: what, faults, ..ToldTurn::default() });
            }
        }
        // A word may lead to the next one.
        for _ in 0..WORDS {
            let conversations = &self.app.conversations;
            let said = conversations.keep_promises(&self.staff).await?
                + conversations.look_after_waits(&self.staff).await?;
            self.clock.set(a_second_after(&self.clock.now()));
            if said + conversations.go_on_with_flows(&self.staff).await? == 0 {
                break;
            }
        }
        let messages = self.app.store.messages_for_staff(&self.staff, &id).await?;
        let new = messages.iter().skip(before).filter(|message| message.author == Author::Assistant);
        let sentences: Vec<SentenceTrace> = new
            .filter_map(|message| message.trace.as_ref())
            .flat_map(|trace| trace.sentences.clone())
            .collect();
        let texts: Vec<&str> = sentences.iter().map(|sentence| sentence.text.as_str()).collect();
        let reply = ChatReply {
            reply: texts.join("\n"),
            sentences: sentences.clone(),
            conversation: id.to_string(),
            ..ChatReply::default()
        };
        let kept = self.app.store.conversation(&self.scope, &id).await?;
        let flows = self.open_flows(&id).await?;
        let answered =
            Answered { reply: &reply, trace: None, state: kept.state, flows: &flows, before: &self.said };
        let faults = faults(turn, &answered);
        self.said.extend(sentences.iter().map(|sentence| sentence.text.clone()));
        let reply = sentences.into_iter().map(|sentence| sentence.text).collect();
        Ok(ToldTurn { say: what, reply, faults, ..ToldTurn::default() })
    }

    /// The shop's system brings the result of the latest action of a kind; whether there is one.
    async fn bring(&self, brought: &Brought, id: &ConversationId) -> anyhow::Result<bool> {
        let actions = self.app.store.actions(&self.staff, id).await?;
        let of_kind = actions.iter().rev().find(|action| action.kind == brought.action);
        let Some(action) = of_kind else { return Ok(false) };
        let result =
            ActionResult { outcome: brought.outcome, text: brought.text.clone(), order: None, parcel: None };
        self.app.store.take_result(&self.staff, &action.id, result, &self.clock.now()).await?;
        Ok(true)
    }

    async fn trace(&self, reply: &ChatReply, id: &ConversationId) -> anyhow::Result<Option<Trace>> {
        let messages = self.app.store.messages_for_staff(&self.staff, id).await?;
        let mut of_reply = messages.into_iter().filter(|message| message.id.to_string() == reply.message);
        Ok(of_reply.next().and_then(|message| message.trace))
    }

    /// Another customer of the queue is taken.
    async fn take_another(&mut self) -> anyhow::Result<ToldTurn> {
        let id = self.others.pop_front().ok_or_else(|| anyhow::anyhow!("nobody else waits"))?;
        let kept = self.app.store.conversation_for_staff(&self.staff, &id).await?;
        let ticket = self.app.store.standing_ticket(&kept).await?;
        let ticket = ticket.ok_or_else(|| anyhow::anyhow!("the other customer has no ticket"))?.id;
        self.app.store.claim(&self.staff, &ticket, &self.clock.now()).await?;
        Ok(self.did("(takes another customer)"))
    }

    fn did(&self, what: &str) -> ToldTurn {
        ToldTurn { say: format!("[{}] {what}", self.staff.actor), ..ToldTurn::default() }
    }

    /// What a person of the shop does with the conversation's ticket. Without one it is a fault of the turns before.
    async fn person(&self, step: &StaffStep) -> anyhow::Result<ToldTurn> {
        let id = self.conversation.clone().ok_or_else(|| anyhow::anyhow!("nobody has written yet"))?;
        let kept = self.app.store.conversation(&self.scope, &id).await?;
        let Some(ticket) = self.app.store.standing_ticket(&kept).await? else {
            let faults = vec!["there is no ticket to work on".to_owned()];
            return Ok(ToldTurn { faults, ..self.did("(cannot work on it)") });
        };
        let ticket = ticket.id;
        let (store, staff, now) = (&self.app.store, &self.staff, self.clock.now());
        let done = match step {
            StaffStep::Says(text) => {
                store.claim(staff, &ticket, &now).await?;
                let new = NewMessage { client_id: None, text: text.clone(), attachments: Vec::new() };
                let word = self.app.conversations.word_given(text, &now);
                store.staff_promise(staff, &ticket, (new, word), &now).await?;
                text.clone()
            }
            StaffStep::GivesBack => {
                self.app.conversations.give_back(staff, &ticket, None).await?;
                "(gives back)".to_owned()
            }
            StaffStep::Resolves => {
                store.resolve(staff, &ticket, &now).await?;
                "(resolves)".to_owned()
            }
            StaffStep::TakesAnother => anyhow::bail!("another customer is not this one"),
        };
        Ok(self.did(&done))
    }
}

fn a_second_after(now: &Now) -> Now {
    let later = now.zoned().saturating_add(SignedDuration::from_secs(1));
    Now::new(later.timestamp(), now.zoned().time_zone().clone())
}

/// A shop's system that is never reached.
fn nobody() -> Result<ShopActions, ActionsError> {
    ShopActions::new(ActionsOptions {
        url: NOBODY.to_owned(),
        token: None,
        secret: "nothing is ever signed with it".into(),
        timeout: Duration::from_secs(1),
        most_attempts: 1,
        first_pause: Duration::from_secs(1),
        failures: 1,
        pause: Duration::from_secs(1),
    })
}

fn told(turn: &Exchange, reply: &ChatReply, trace: Option<&Trace>, faults: Vec<String>) -> ToldTurn {
    let handoff = reply.handoff.as_ref().map(|handoff| {
        let detail = handoff.detail.as_ref().map(|detail| format!("/{detail}")).unwrap_or_default();
        format!("{}{detail} {}", name(&handoff.reason), name(&handoff.mode))
    });
    let goals = trace.into_iter().flat_map(|trace| &trace.goals).map(|goal| match &goal.why_not {
        Some(why) => format!("{}: {why}", name(&goal.goal)),
        None => format!("{}: {:?}", name(&goal.goal), goal.sentences),
    });
    let refused = reply.guard.iter().flat_map(|guard| &guard.refused);
    ToldTurn {
        say: turn.say.clone().unwrap_or_default(),
        scenario: reply.scenario.as_ref().map(|scenario| scenario.id.clone()),
        tier: reply.tier.as_ref().map(name),
        tier_why: trace.map(|trace| trace.tier_why.clone()).unwrap_or_default(),
        emotion: reply.emotion.as_ref().map(|found| format!("{} {:.2}", name(&found.label), found.intensity)),
        handoff,
        episode: trace.and_then(|trace| trace.episode.as_ref()).map(|episode| episode.number),
        goals: goals.collect(),
        reply: reply.sentences.iter().map(|sentence| sentence.text.clone()).collect(),
        refused: refused
            .map(|refusal| format!("{} {}: {}", name(&refusal.reason), refusal.detail, refusal.draft))
            .collect(),
        faults,
    }
}

fn moment(text: &str, config: &Config) -> anyhow::Result<Now> {
    Ok(Now::new(text.parse()?, config.zone()?))
}
