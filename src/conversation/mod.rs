//! The shell around the pure turn: stores a message, finds out who has the conversation, runs the turn, and writes
//! what is said before it is announced.
//!
//! One turn of a conversation runs at a time. A message that arrives meanwhile joins it; see `burst.rs`.

pub mod types;
mod absent;
mod burst;
mod desk;
mod flow;
mod follow_up;
mod gap;
mod interrupted;
mod nudge;
mod parting;
mod presence;
mod proof;
mod unclaimed;
mod voice;
mod word;
mod waiting;
mod reply;
mod ticket;

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::SignedDuration;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::actions::Standing;
use crate::connect::ShopSource;
use crate::desk::hours::BusinessHours;
use crate::desk::settings::DeskSettings;
use crate::desk::types::ConversationState;
use crate::identity::{ConversationId, MessageId, Scope};
use crate::knowledge::Knowledge;
use crate::model::ChatModel;
use crate::store::{Appended, Conversation, NewConversation, NewMessage, ProofLimits, Store, StoreError};
use crate::time::{Clock, Now};
use crate::turn::types::{A_DAY, Author, Episode, Memory, OrderProof, Pending, TurnInput};
use crate::turn::{Limits, Outcome, Rules, Turn, VoiceError};
use burst::{Bursts, Place};
pub use desk::Queue;
pub use parting::Receiver;
pub use presence::{AtDesk, Listening};
use types::{ChatReply, IncomingMessage, TurnEvent};
use voice::StoredVoice;

/// The longest message that is taken, in characters.
pub const MAX_MESSAGE: usize = 10_000;

/// How many earlier messages a turn sees.
const HISTORY: u32 = 20;

/// Answers messages. Cheap to clone.
#[derive(Clone)]
pub struct Conversations {
    inner: Arc<Inner>,
}

/// What the conversations of a shop are answered with.
pub struct Services {
    /// What is kept.
    pub store: Store,
    /// Where the records of a turn come from.
    pub source: ShopSource,
    /// The rules in force; a changed pack swaps them.
    pub rules: Arc<ArcSwap<Rules>>,
    /// The index.
    pub knowledge: Arc<Knowledge>,
    /// The model.
    pub model: Arc<dyn ChatModel>,
    /// When people work.
    pub hours: Arc<BusinessHours>,
    /// Within how many business minutes a message left at the desk is answered.
    pub answer_within_business_minutes: u32,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How much the model may read and write.
    pub limits: Limits,
    /// How somebody who has not signed in may prove to hold an order; none if nobody may.
    pub proofs: Option<ProofLimits>,
    /// How promises are kept.
    pub promises: PromiseTimes,
    /// How the desk is run.
    pub desk: DeskSettings,
    /// Who is at the desk.
    pub at_desk: AtDesk,
    /// Whether the shop's own system executes actions; otherwise people do.
    pub executes: bool,
}

impl Services {
    /// What was begun for a customer and promised, as a turn has to know it.
    pub(crate) async fn standing(
        &self,
        scope: &Scope,
        conversation: &ConversationId,
    ) -> Result<Standing, StoreError> {
        let (actions, promises) = self.store.standing(scope, conversation).await?;
        let flows = self.store.open_flows(scope, conversation).await?;
        let promises_elsewhere = self.store.promises_elsewhere(scope, conversation).await?;
        Ok(Standing { connected: self.executes, actions, promises, promises_elsewhere, flows })
    }
}

/// When whoever owes a promise is reminded, and by how much a promise is put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromiseTimes {
    /// So long before its time the reminder comes.
    pub remind_before: SignedDuration,
    /// Within so many business minutes the word comes that was put off.
    pub put_off_minutes: u32,
}

impl Default for PromiseTimes {
    fn default() -> Self {
        Self { remind_before: SignedDuration::from_mins(30), put_off_minutes: 120 }
    }
}

struct Inner {
    services: Services,
    bursts: Bursts,
    tasks: TaskTracker,
    /// Held while a question without an answer is grouped.
    noting: tokio::sync::Mutex<()>,
    /// Held while something is said first: what is said to a person depends on what was said before.
    planning: tokio::sync::Mutex<nudge::PutAside>,
}

/// A message was not taken. Nothing is stored then.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    /// There is no such conversation, or it is somebody else's: the two are not told apart.
    #[error("there is no such conversation")]
    NotFound,
    /// The message makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// The message is too long.
    #[error("a message has at most {MAX_MESSAGE} characters, this one has {0}")]
    TooLong(usize),
    /// The store does not answer.
    #[error("the store does not answer: {0}")]
    Store(#[from] StoreError),
}

/// What happens while a message is answered. Dropping it means that nobody listens any more: the model stops, the
/// reply is finished from what is approved, and kept.
#[derive(Debug)]
pub struct TurnStream {
    events: mpsc::UnboundedReceiver<TurnEvent>,
}

impl TurnStream {
    /// The next event; the last one is [`TurnEvent::Done`].
    pub async fn next(&mut self) -> Option<TurnEvent> {
        self.events.recv().await
    }

    /// Waits for the whole reply.
    pub async fn reply(mut self) -> Option<ChatReply> {
        while let Some(event) = self.next().await {
            if let TurnEvent::Done(reply) = event {
                return Some(*reply);
            }
        }
        None
    }
}

impl Conversations {
    /// Conversations answered with these services.
    pub fn new(services: Services) -> Self {
        let inner = Inner {
            services,
            bursts: Bursts::default(),
            tasks: TaskTracker::new(),
            noting: tokio::sync::Mutex::default(),
            planning: tokio::sync::Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// What the conversations are answered with.
    pub fn services(&self) -> &Services {
        &self.inner.services
    }

    /// Takes a message: it is stored when this returns. The answer comes through the stream, and is made whether
    /// or not anybody listens.
    ///
    /// # Errors
    /// If the message is refused or cannot be stored; then nothing has happened.
    pub async fn take(&self, message: IncomingMessage) -> Result<TurnStream, ConversationError> {
        check(&message)?;
        let services = &self.inner.services;
        let now = services.clock.now();
        let conversation = self.conversation_of(&message, &now).await?;
        let new = NewMessage {
            client_id: message.client_id.clone(),
            text: message.text.clone(),
            attachments: message.attachments.clone(),
        };
        let appended =
            services.store.append_customer_message(&message.scope, &conversation.id, new, &now).await?;
        if matches!(conversation.memory.pending, Some(Pending::Nudge { .. })) {
            services.store.note_nudge_answered(&conversation.id, &now).await?;
        }
        let (sender, events) = mpsc::unbounded_channel();
        let answering = Answering { inner: Arc::clone(&self.inner), message, appended, now, sender };
        self.inner.tasks.spawn(answering.run());
        Ok(TurnStream { events })
    }

    /// Waits until every running turn is finished. Nothing new should be taken meanwhile.
    pub async fn finish(&self) {
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// The named conversation; without a name the customer's that people already have, or else a new one.
    async fn conversation_of(
        &self,
        message: &IncomingMessage,
        now: &Now,
    ) -> Result<Conversation, ConversationError> {
        let store = &self.inner.services.store;
        if let Some(id) = &message.conversation {
            return Ok(store.conversation(&message.scope, id).await?);
        }
        if let Some(client_id) = &message.client_id
            && let Some(repeated) = store.repeated_message(&message.scope, client_id, now).await?
        {
            return Ok(repeated);
        }
        if let Some(unfinished) = store.unfinished_conversation(&message.scope, now).await?
            && (unfinished.state == ConversationState::Waiting || unfinished.state.is_with_person())
        {
            return Ok(unfinished);
        }
        let since = now.timestamp().checked_sub(A_DAY).unwrap_or(now.timestamp());
        let earlier = store.recent_memories(&message.scope, since).await?;
        let new = NewConversation { channel: message.channel.clone(), memory: begun_with(&earlier, now) };
        Ok(store.open_conversation(&message.scope, new, now).await?)
    }
}

/// What a new conversation knows of the customer's earlier ones: the matters of the last day that are not solved.
fn begun_with(earlier: &[Memory], now: &Now) -> Memory {
    let mut memory = Memory::default();
    for episode in earlier.iter().flat_map(|earlier| earlier.unsolved(now.timestamp())) {
        memory.put(Episode { number: memory.next_number(), ..episode });
    }
    memory
}

/// Lone control characters are dropped by `understand`; what is refused here is what cannot be a message at all.
fn check(message: &IncomingMessage) -> Result<(), ConversationError> {
    let characters = message.text.chars().count();
    if characters > MAX_MESSAGE {
        return Err(ConversationError::TooLong(characters));
    }
    let empty = message.text.chars().all(|character| character.is_whitespace() || character.is_control());
    if empty && message.attachments.is_empty() {
        return Err(ConversationError::Invalid("the message is empty".into()));
    }
    Ok(())
}

/// One message being answered.
struct Answering {
    inner: Arc<Inner>,
    message: IncomingMessage,
    appended: Appended,
    now: Now,
    sender: mpsc::UnboundedSender<TurnEvent>,
}

impl Answering {
    async fn run(self) {
        let id = self.appended.conversation.id.clone();
        let result = self.answer().await;
        let reply = match result {
            Ok(reply) => reply,
            Err(error) => {
                tracing::error!(conversation.id = %id, error = %error, "a reply could not be stored");
                reply::empty(&id)
            }
        };
        // Nobody may be listening any more; the reply is stored either way.
        let _ = self.sender.send(TurnEvent::Done(Box::new(reply)));
    }

    async fn answer(&self) -> Result<ChatReply, StoreError> {
        if !self.appended.is_new {
            return Ok(reply::repeated(&self.appended));
        }
        let conversation = &self.appended.conversation.id;
        let place = self.inner.bursts.enter(conversation, &self.appended.message, &self.message.text);
        let _turn = place.turn().await;
        if let Some(later) = place.superseded_by() {
            return self.superseded(later.clone()).await;
        }
        let current = self.inner.services.store.conversation(&self.message.scope, conversation).await?;
        match current.state {
            ConversationState::Human | ConversationState::Snoozed => self.silent(&current).await,
            ConversationState::Waiting => self.acknowledge(current).await,
            ConversationState::Bot | ConversationState::Resolved => self.converse(current, place).await,
        }
    }

    async fn superseded(&self, by: MessageId) -> Result<ChatReply, StoreError> {
        let conversation = &self.appended.conversation;
        let store = &self.inner.services.store;
        match store.supersede(&self.message.scope, &self.appended.message, &by, &self.now).await {
            // It was answered whole in the very moment in which it was to be taken over.
            Ok(()) | Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(ChatReply { superseded_by: Some(by.to_string()), ..reply::empty(&conversation.id) })
    }

    /// A person has it: nothing is said, the message is in the history.
    async fn silent(&self, conversation: &Conversation) -> Result<ChatReply, StoreError> {
        let store = &self.inner.services.store;
        let handoff = store.current_handoff(&self.message.scope, &conversation.id).await?;
        store.settle(&reply::on_behalf_of(conversation), &self.appended.message, &self.now).await?;
        Ok(ChatReply { handoff, ..reply::empty(&conversation.id) })
    }

    /// Runs the turn, unless a later message takes it over before its end.
    async fn converse(&self, conversation: Conversation, place: Place<'_>) -> Result<ChatReply, StoreError> {
        let services = &self.inner.services;
        let (scope, proof) = self.prove(&conversation, &place.text()).await?;
        let input = TurnInput { scope, proof, ..self.input(conversation, place.text()).await? };
        let turn = Turn {
            rules: services.rules.load_full(),
            source: services.source.clone(),
            knowledge: Arc::clone(&services.knowledge),
            model: Arc::clone(&services.model),
            hours: Arc::clone(&services.hours),
            limits: services.limits.clone(),
        };
        let mut voice =
            StoredVoice::begin((services, &turn.rules), &input, &self.appended.conversation, &self.sender)
                .await?;
        let started = self.message.received;
        let outcome = tokio::select! {
            biased;
            later = place.superseded() => Err(later),
            outcome = turn.run(&input, started, &mut voice) => Ok(outcome),
        };
        match outcome {
            Err(later) => self.superseded(later).await,
            Ok(Ok(outcome)) => self.finished(voice, outcome, &input).await,
            Ok(Err(VoiceError::TakenOver)) => self.silent(&self.appended.conversation).await,
            Ok(Err(VoiceError::Store(reason))) => Err(StoreError::Other(reason)),
        }
    }

    async fn finished(
        &self,
        voice: StoredVoice<'_>,
        outcome: Outcome,
        input: &TurnInput,
    ) -> Result<ChatReply, StoreError> {
        let message = voice.finish(&outcome).await?;
        if let Some(unanswered) = gap::of(&outcome, input) {
            let conversation = self.appended.conversation.clone();
            let noting = gap::note(Arc::clone(&self.inner), unanswered, conversation, self.now.clone());
            self.inner.tasks.spawn(noting);
        }
        Ok(reply::whole(&self.appended.conversation.id, message, outcome))
    }

    async fn input(&self, conversation: Conversation, text: String) -> Result<TurnInput, StoreError> {
        let services = &self.inner.services;
        let scope = self.message.scope.clone();
        let mut history =
            services.store.history(&scope, &conversation.id, Some(&self.appended.message), HISTORY).await?;
        // Earlier parts of the burst are in the text; as history they would look like a repeated question.
        let last_reply = history.iter().rposition(|past| past.author != Author::Customer);
        let burst = text.lines().count().saturating_sub(1);
        if burst > 0 {
            let keep = last_reply.map_or(0, |index| index + 1);
            history.truncate(keep.max(history.len().saturating_sub(burst)));
        }
        let staff = reply::on_behalf_of(&conversation);
        let desk = services.desk(&staff, Some(&conversation.id), &self.now).await?;
        let standing = services.standing(&scope, &conversation.id).await?;
        let memory = conversation.memory.after_people(conversation.episode.saturating_sub(1));
        Ok(TurnInput {
            scope,
            conversation: conversation.id,
            message: self.appended.message.clone(),
            text,
            history,
            page: self.message.page.clone(),
            memory: memory.after_promises(&standing),
            attachments: self.message.attachments.len(),
            desk,
            now: self.now.clone(),
            vector: None,
            proof: OrderProof::default(),
            standing,
        })
    }
}
