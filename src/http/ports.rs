//! What the doors need from the services behind them: one small trait a concern.
//!
//! The doors know nothing of the store or the model. Each trait is implemented once for the real services and once
//! by the fakes of the tests. Methods return boxed futures, so that the traits can stand behind `Arc<dyn …>`.

mod customers;
mod gestures;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::actions::{Action, ActionResult, Promise};
use crate::assist::Suggested;
use crate::connect::OrdersState;
use crate::conversation::Receiver;
use crate::conversation::types::{IncomingMessage, StoredMessage, TurnEvent};
use crate::desk::types::{AgentNote, ConversationState, DeskTicket, Rating, TicketStatus};
use crate::flows::FlowProgress;
use crate::gaps::{Gap, GapState};
use crate::identity::{
    ActionId, ConversationId, CustomerId, GapId, Identity, MessageId, NudgeId, Scope, ShopId, StaffKey,
    StaffScope, TicketId, VisitorId,
};
use crate::pack::desk::Phrase;
use crate::proactive::{Person, ShopEvent};
use crate::record::RecordKind;
use crate::staff::{
    AuditEntry, AuditFilter, NewStaff, OwnPassword, SignIn, SignedIn, StaffAccount, StaffChange, StaffName,
};
use crate::store::{NewMessage, NudgeLine, NudgeOutcome, NudgeSaid, RuleCounts};
use crate::turn::types::{Author, PageContext};

pub use customers::Customers;
pub use gestures::{Pictures, Ratings, Side, Typing, TypingSign, TypingSigns};
pub use webhooks::{DeliveryRequest, MadeWebhook, WebhookPatch, WebhookRequest, Webhooks};

/// Why a service did not do what a door asked. The doors turn it into status and code.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// There is no such thing, or it is not the caller's: the two are not told apart.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// What was given does not make sense; the text says what and where.
    #[error("{message}")]
    Invalid {
        /// The field that is wrong, if it is one.
        field: Option<String>,
        /// What is wrong with it, and what is expected.
        message: String,
    },
    /// It cannot be done in the present state: somebody else has the ticket, it is already resolved.
    #[error("{0}")]
    Conflict(String),
    /// The result of an action that cannot be taken.
    #[error("{0}")]
    ActionRefused(ActionRefusal),
    /// Too much at once; come back after so many seconds.
    #[error("too many requests at once")]
    Busy {
        /// When to come back.
        retry_after_seconds: u64,
    },
    /// A part that is needed is down or still starting.
    #[error("{0} is not available")]
    Unavailable(&'static str),
    /// A fault of ours. Only the log learns more.
    #[error("an internal fault")]
    Internal(#[source] anyhow::Error),
}

/// Why the result of an action is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ActionRefusal {
    /// It speaks of another order or parcel.
    #[error("the result speaks of another order or parcel than the action")]
    OfAnother,
    /// The action is over.
    #[error("the action was cancelled, or a person has finished it")]
    TooLate,
    /// Another result came before.
    #[error("another result came before and stays")]
    Differs,
}

/// What a port answers, later.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, PortError>>;

/// Events as they happen, each with a number by which a listener can go on after a break.
pub type Live<T> = BoxStream<'static, Numbered<T>>;

/// An event with its number. Numbers rise; they need not be dense.
#[derive(Debug, Clone)]
pub struct Numbered<T> {
    /// What `Last-Event-ID` names.
    pub id: i64,
    /// The event.
    pub event: T,
}

// -------------------------------------------------------------------------------------------------- access

/// A browser's session: what its token opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The conversation it was opened with.
    pub conversation: ConversationId,
    /// The browser.
    pub visitor: VisitorId,
    /// The shop, and the customer if one was proven when the session was opened.
    pub scope: Scope,
}

/// A session that was just opened.
#[derive(Debug, Clone)]
pub struct OpenedSession {
    /// The token; begins with [`SESSION_PREFIX`], so that it is never mistaken for a key.
    pub token: String,
    /// What it opens.
    pub session: Session,
}

/// What every session token begins with.
pub const SESSION_PREFIX: &str = "sess_";

/// Keys, sessions and the shop's signing secret.
pub trait Access: Send + Sync {
    /// The key with this text, if it is valid. Implementations compare hashes, never the text itself.
    fn key<'a>(&'a self, presented: &'a str) -> Answer<'a, Option<StaffKey>>;

    /// The secret under which the shop signs its customers' ids.
    fn customer_secret<'a>(&'a self, shop: &'a ShopId) -> Answer<'a, SecretString>;

    /// Opens a session: for a proven customer with the customer's unfinished conversation or a new one, otherwise
    /// for the visitor (a new one if none is named).
    fn open_session(&self, shop: ShopId, identity: Identity) -> Answer<'_, OpenedSession>;

    /// The session of a token, if it is valid.
    fn session<'a>(&'a self, token: &'a str) -> Answer<'a, Option<Session>>;

    /// Makes what a visitor has done count for a proven customer, where the token of the visitor's session is valid and
    /// its visitor is no other customer already. Whether it does.
    fn join_visitor<'a>(&'a self, customer: &'a Scope, token: &'a str) -> Answer<'a, bool>;
}

// ----------------------------------------------------------------------------------------------- accounts

/// Accounts of staff: how they sign in, who they are, what was done.
pub trait Accounts: Send + Sync {
    /// Opens a session; none if name and password are not those of an account in use.
    fn sign_in(&self, shop: ShopId, attempt: SignIn) -> Answer<'_, Option<SignedIn>>;

    /// Whose session a token opens, if it stands. This counts as using it.
    fn session<'a>(&'a self, token: &'a str) -> Answer<'a, Option<StaffAccount>>;

    /// Whether a token's session stands. This does not count as using it.
    fn stands<'a>(&'a self, token: &'a str) -> Answer<'a, bool>;

    /// Closes the own session.
    fn sign_out<'a>(&'a self, staff: StaffScope, token: &'a str) -> Answer<'a, ()>;

    /// Changes the own password; false if the one until now is wrong.
    fn change_own_password(&self, staff: StaffScope, change: OwnPassword) -> Answer<'_, bool>;

    /// All accounts.
    fn list(&self, staff: StaffScope) -> Answer<'_, Vec<StaffAccount>>;

    /// Makes one.
    fn create(&self, staff: StaffScope, new: NewStaff) -> Answer<'_, StaffAccount>;

    /// Changes one.
    fn change(&self, staff: StaffScope, name: StaffName, change: StaffChange) -> Answer<'_, StaffAccount>;

    /// Who did what, newest first.
    fn audit(&self, staff: StaffScope, filter: AuditFilter) -> Answer<'_, Vec<AuditEntry>>;
}

// ---------------------------------------------------------------------------------------------------- chat

/// The conversation service: answers one message.
pub trait Chat: Send + Sync {
    /// Takes a message and tells what happens, sentence by sentence, up to [`TurnEvent::Done`]. When the stream is
    /// dropped before its end nobody listens any more, and the turn may be cancelled.
    fn take(&self, message: IncomingMessage) -> Answer<'_, BoxStream<'static, TurnEvent>>;
}

/// On whose behalf a conversation is read.
#[derive(Debug, Clone)]
pub enum Reader {
    /// Only what belongs to this customer or visitor; everything else is not found.
    Customer(Scope),
    /// Everything of the shop, traces included.
    Staff(StaffScope),
}

/// A conversation with its messages, oldest first.
#[derive(Debug, Clone)]
pub struct ConversationHistory {
    /// Its id.
    pub id: ConversationId,
    /// Who has it.
    pub state: ConversationState,
    /// The open ticket, if there is one.
    pub ticket: Option<TicketId>,
    /// The verified customer's id, if there is one.
    pub customer: Option<String>,
    /// When it began.
    pub opened_at: Timestamp,
    /// Its messages.
    pub messages: Vec<StoredMessage>,
}

/// What arrives for the customer outside an answer.
#[derive(Debug, Clone)]
pub enum ConversationEvent {
    /// A message of a person, or of the assistant speaking first.
    Message(Box<StoredMessage>),
    /// The assistant speaks first.
    Nudge(Box<NudgeSaid>),
    /// Somebody else has the conversation now.
    State {
        /// Who has it.
        state: ConversationState,
        /// The open ticket.
        ticket: Option<TicketId>,
        /// The person's name, if a person has it.
        agent: Option<String>,
    },
}

/// Reading conversations.
pub trait Conversations: Send + Sync {
    /// The conversation with its messages.
    fn history(&self, reader: Reader, conversation: ConversationId) -> Answer<'_, ConversationHistory>;

    /// What arrives from now on, or after the event named.
    fn live(
        &self,
        reader: Reader,
        conversation: ConversationId,
        after: Option<i64>,
    ) -> Answer<'_, Live<ConversationEvent>>;
}

// ---------------------------------------------------------------------------------------------------- desk

/// Which tickets to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketFilter {
    /// Only with this status; none means those that are open or claimed.
    pub status: Option<TicketStatus>,
    /// Only those that somebody has or should take.
    pub agent: Option<String>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only where this is said in the conversation, or is part of the customer's id.
    pub text: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// A ticket with its conversation.
#[derive(Debug, Clone)]
pub struct TicketView {
    /// The ticket.
    pub ticket: DeskTicket,
    /// Who has the conversation.
    pub state: ConversationState,
    /// The whole conversation, oldest first.
    pub history: Vec<StoredMessage>,
    /// What agents noted, oldest first.
    pub notes: Vec<AgentNote>,
    /// What is done for the customer, oldest first.
    pub actions: Vec<Action>,
    /// What was promised, oldest first.
    pub promises: Vec<Promise>,
    /// Matters of several steps, oldest first.
    pub flows: Vec<FlowProgress>,
    /// What the customer thought of it.
    pub rating: Option<Rating>,
    /// What the person who has it may say and has to do.
    pub help: TicketHelp,
}

/// What a person who has a ticket may say and has to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketHelp {
    /// Replies the agent may send, vetted.
    pub suggestions: Vec<String>,
    /// What has to be done.
    pub next_step: Option<String>,
}

/// An agent's message that was stored and announced.
#[derive(Debug, Clone)]
pub struct StaffReply {
    /// The message.
    pub message: StoredMessage,
    /// Red lines it touches, and what it says that no record carries. They warn a person and stop nothing.
    pub warnings: Vec<String>,
}

/// What happens at the desk.
#[derive(Debug, Clone)]
pub enum DeskEvent {
    /// A ticket is new or has changed.
    Ticket(Box<DeskTicket>),
    /// An action was begun or has moved.
    Action(Box<Action>),
    /// A promise was given, is nearly due, or has moved.
    Promise(Box<Promise>),
    /// A message was written in a conversation that has an open ticket.
    Message {
        /// The ticket.
        ticket: TicketId,
        /// Its conversation.
        conversation: ConversationId,
        /// The message.
        message: MessageId,
    },
    /// A customer said what they thought of a matter that is resolved.
    Rating(Rating),
}

/// Work at the desk. Every call acts under the name of the staff scope.
pub trait Tickets: Send + Sync {
    /// Tickets, the most pressing first.
    fn list(&self, staff: StaffScope, filter: TicketFilter) -> Answer<'_, Vec<DeskTicket>>;
    /// One ticket with everything a person needs.
    fn show(&self, staff: StaffScope, ticket: TicketId) -> Answer<'_, TicketView>;
    /// Takes it; a conflict if another has it.
    fn claim(&self, staff: StaffScope, ticket: TicketId) -> Answer<'_, DeskTicket>;
    /// Writes to the customer; a conflict if the caller does not have it.
    fn reply(&self, staff: StaffScope, ticket: TicketId, new: NewMessage) -> Answer<'_, StaffReply>;
    /// Writes a note only staff see.
    fn note(&self, staff: StaffScope, ticket: TicketId, text: String) -> Answer<'_, AgentNote>;
    /// Gives the conversation back to the assistant, which says so; the note only staff see.
    fn give_back(&self, staff: StaffScope, ticket: TicketId, note: Option<String>) -> Answer<'_, DeskTicket>;
    /// Passes it on, to somebody or back to the queue; the customer hears so, the note only staff see.
    fn pass_on(
        &self,
        staff: StaffScope,
        ticket: TicketId,
        to: Receiver,
        note: Option<String>,
    ) -> Answer<'_, DeskTicket>;
    /// Puts it off until a moment or the customer's next message.
    fn snooze(&self, staff: StaffScope, ticket: TicketId, until: Timestamp) -> Answer<'_, DeskTicket>;
    /// Says who should take it, or that anybody may.
    fn assign(&self, staff: StaffScope, ticket: TicketId, to: Option<String>) -> Answer<'_, DeskTicket>;
    /// Sorts it by these tags and no others.
    fn tag(&self, staff: StaffScope, ticket: TicketId, tags: Vec<String>) -> Answer<'_, DeskTicket>;
    /// Closes it.
    fn resolve(&self, staff: StaffScope, ticket: TicketId) -> Answer<'_, DeskTicket>;
    /// What happens from now on, or after the event named.
    fn live(&self, staff: StaffScope, after: Option<i64>) -> Answer<'_, Live<DeskEvent>>;
}

// -------------------------------------------------------------------------------------------------- assist

/// A message for which a person wants suggestions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuggestRequest {
    /// What the customer says.
    pub message: String,
    /// What was said before, oldest first; explains the message and is never evidence.
    pub context: Vec<(Author, String)>,
    /// Whose facts are used; named by staff without a proof.
    pub customer: Option<CustomerId>,
    /// What the customer is looking at.
    pub page: PageContext,
}

/// What helps people who answer.
pub trait Assist: Send + Sync {
    /// What a person may answer. Nothing is stored, begun or promised.
    fn suggest(&self, staff: StaffScope, request: SuggestRequest) -> Answer<'_, Suggested>;
    /// The quick phrases of the pack in force.
    fn phrases(&self) -> Answer<'_, Vec<Phrase>>;
}

// ------------------------------------------------------------------------------------------------- actions

/// What is done for customers, and what was promised.
pub trait Actions: Send + Sync {
    /// The actions of a conversation, oldest first.
    fn actions(&self, staff: StaffScope, conversation: ConversationId) -> Answer<'_, Vec<Action>>;
    /// Its promises, oldest first.
    fn promises(&self, staff: StaffScope, conversation: ConversationId) -> Answer<'_, Vec<Promise>>;
    /// Its matters of several steps, oldest first.
    fn flows(&self, staff: StaffScope, conversation: ConversationId) -> Answer<'_, Vec<FlowProgress>>;
    /// Takes what came of an action; the very same result again changes nothing.
    fn take_result(&self, staff: StaffScope, action: ActionId, result: ActionResult) -> Answer<'_, Action>;
    /// Takes back what is not wanted any more; the customer is told.
    fn cancel(&self, staff: StaffScope, action: ActionId, why: String) -> Answer<'_, Action>;
}

// ----------------------------------------------------------------------------------------------- proactive

/// What became of events that were reported.
#[derive(Debug, Clone, Default)]
pub struct TakenEvents {
    /// Events that are new.
    pub accepted: usize,
    /// Events that were known by their ids.
    pub duplicate: usize,
    /// What was said first at once.
    pub nudges: Vec<NudgeSaid>,
}

/// A rule with what came of it.
#[derive(Debug, Clone)]
pub struct RuleReport {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is in force.
    pub enabled: bool,
    /// What came of it.
    pub counts: RuleCounts,
}

/// What is said first in a shop, and what comes of it.
#[derive(Debug, Clone)]
pub struct ProactiveReport {
    /// The rules of the pack.
    pub rules: Vec<RuleReport>,
    /// The latest words, newest first.
    pub recent: Vec<NudgeLine>,
    /// Events that were not looked at yet for what they begin.
    pub waiting_events: u64,
}

/// What happens in the shop, and what the assistant says first.
pub trait Proactive: Send + Sync {
    /// What time it is in the shop.
    fn now(&self) -> Timestamp;
    /// Takes events. Whoever they are about is answered at once where there are few of them.
    fn take(&self, shop: ShopId, events: Vec<ShopEvent>) -> Answer<'_, TakenEvents>;
    /// Keeps what a person did with a word.
    fn outcome(&self, scope: Scope, person: Person, nudge: NudgeId, outcome: NudgeOutcome) -> Answer<'_, ()>;
    /// What came of each rule since a moment, with the latest words.
    fn report(&self, staff: StaffScope, since: Timestamp) -> Answer<'_, ProactiveReport>;
}

/// The example of a shop's own system, as the demo page shows it.
pub trait ShopSystemPort: Send + Sync {
    /// What it was asked and what it did.
    fn log(&self) -> Value;
    /// Leads an order on by one step: it is paid, sent, or arrives. How it stands then; none if it cannot go on.
    fn lead_on(&self, order: &str) -> Option<Value>;
}

// --------------------------------------------------------------------------------------------------- facts

/// What became of a record that was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PutResult {
    /// It is visible to the next message.
    Written,
    /// It was there, exactly so.
    Unchanged,
    /// A newer version was there and stayed.
    Older,
}

/// What became of a record that was put, with what is odd about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutOutcome {
    /// The result.
    pub result: PutResult,
    /// References to unknown records and the like.
    pub warnings: Vec<String>,
}

/// What became of an import. If anything was rejected, nothing was changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ImportReport {
    /// Records written.
    pub accepted: usize,
    /// Records that were there, exactly so.
    pub unchanged: usize,
    /// What is odd but was accepted.
    pub warnings: Vec<ImportLine>,
    /// What is wrong.
    pub rejected: Vec<ImportLine>,
}

/// One remark about one line of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ImportLine {
    /// The line, from 1.
    pub line: usize,
    /// The field, or null if it is the whole line.
    pub field: Option<String>,
    /// A stable code.
    pub code: String,
    /// What is wrong and what is expected.
    pub message: String,
}

/// What to search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRequest {
    /// The words.
    pub text: String,
    /// Only this kind.
    pub kind: Option<RecordKind>,
    /// At most so many.
    pub limit: usize,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SearchHit {
    /// `kind:id`.
    pub id: String,
    /// The kind.
    pub kind: RecordKind,
    /// A short name.
    pub title: String,
    /// What it says.
    pub text: String,
    /// How well it fits, from 0 to 1.
    pub score: f32,
    /// Why it was found.
    pub why: String,
}

/// What orders a removal among the writes of a record; with neither it happens now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeletedWhen {
    /// The shop's own version.
    pub version: Option<i64>,
    /// When the shop removed it.
    pub updated_at: Option<Timestamp>,
}

/// Writing and searching the shop's records.
pub trait Facts: Send + Sync {
    /// Writes one record, visible to the next message. `fields` is the body as it came; a `kind` or `id` in it that
    /// contradicts the address is invalid.
    fn put(
        &self,
        staff: StaffScope,
        kind: RecordKind,
        id: String,
        fields: Map<String, Value>,
    ) -> Answer<'_, PutOutcome>;
    /// Removes one record; false if what is there is newer than the removal and stays.
    fn delete(&self, staff: StaffScope, kind: RecordKind, id: String, when: DeletedWhen) -> Answer<'_, bool>;
    /// Writes the parcel of an order.
    fn put_shipment(
        &self,
        staff: StaffScope,
        order: String,
        shipment: Map<String, Value>,
    ) -> Answer<'_, PutOutcome>;
    /// Reads NDJSON as one transaction.
    fn import(&self, staff: StaffScope, lines: Vec<u8>) -> Answer<'_, ImportReport>;
    /// What retrieval finds, without any cut.
    fn search(&self, staff: StaffScope, request: SearchRequest) -> Answer<'_, Vec<SearchHit>>;
}

// ---------------------------------------------------------------------------------------------------- gaps

/// Which gaps to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GapRequest {
    /// Only with this state.
    pub state: Option<GapState>,
    /// At most so many.
    pub limit: usize,
    /// After so many.
    pub offset: usize,
}

/// A page of gaps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GapPage {
    /// The most asked first.
    pub gaps: Vec<Gap>,
    /// How many there are on all pages.
    pub total: u64,
}

/// Questions that nothing answered.
pub trait Gaps: Send + Sync {
    /// A page of them.
    fn list(&self, staff: StaffScope, request: GapRequest) -> Answer<'_, GapPage>;
    /// Settles one; `knowledge` names the record that answers it.
    fn settle(
        &self,
        staff: StaffScope,
        gap: GapId,
        state: GapState,
        knowledge: Option<String>,
    ) -> Answer<'_, Gap>;
}

// -------------------------------------------------------------------------------------------------- health

/// Whether the model is there. Absent is a way to run, not a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelState {
    /// It answers.
    Ready,
    /// It is being read from disk.
    Loading,
    /// There is none; wording and evidence answer.
    Absent,
}

/// Which parts answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// The model.
    pub model: ModelState,
    /// The store answers.
    pub store: bool,
    /// A pack is in force.
    pub pack: bool,
    /// Which one, and whether a changed one was refused.
    pub pack_status: PackStatus,
    /// An index generation is open.
    pub index: bool,
    /// The shop's own order system, if orders are kept there.
    pub orders: Option<OrdersState>,
}

impl Readiness {
    /// Whether messages can be answered. The model is no condition, and neither is another system: without it
    /// everything but its orders is answered.
    pub fn is_ready(&self) -> bool {
        self.store && self.pack && self.index
    }
}

/// Which pack is in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PackStatus {
    /// Its version, a hash of its files.
    pub version: String,
    /// The changed files that were not taken, if those in force are not the newest.
    pub refused: Option<PackRefusal>,
}

/// A changed pack that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PackRefusal {
    /// When it was read.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// What is wrong, with file and line.
    pub problems: Vec<String>,
}

/// What came of reading the pack's files again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PackReload {
    /// The version that is in force now.
    pub version: String,
    /// Whether it differs from the one before.
    pub changed: bool,
    /// What somebody should look at, with file and line.
    pub warnings: Vec<String>,
    /// Why the files were not taken, with file and line; empty if they were.
    pub refused: Vec<String>,
}

/// Which parts answer.
pub trait Health: Send + Sync {
    /// Asks them.
    fn readiness(&self) -> BoxFuture<'_, Readiness>;
    /// Reads the pack's files again.
    fn reload(&self) -> Answer<'_, PackReload>;
    /// Versions of what is in force: pack, index generation, model; for `/version`.
    fn versions(&self) -> BTreeMap<String, String>;
}

/// All services behind the doors.
#[derive(Clone)]
pub struct Ports {
    /// Keys, sessions and the signing secret.
    pub access: Arc<dyn Access>,
    /// Accounts of staff.
    pub accounts: Arc<dyn Accounts>,
    /// Answers messages.
    pub chat: Arc<dyn Chat>,
    /// Reads conversations.
    pub conversations: Arc<dyn Conversations>,
    /// The desk.
    pub tickets: Arc<dyn Tickets>,
    /// Pictures of customers.
    pub pictures: Arc<dyn Pictures>,
    /// Who is typing.
    pub typing: Arc<dyn Typing>,
    /// What customers thought of it.
    pub ratings: Arc<dyn Ratings>,
    /// Suggestions and phrases.
    pub assist: Arc<dyn Assist>,
    /// Actions and promises.
    pub actions: Arc<dyn Actions>,
    /// Events of the shop, and what is said first.
    pub proactive: Arc<dyn Proactive>,
    /// Records.
    pub facts: Arc<dyn Facts>,
    /// Questions that nothing answered.
    pub gaps: Arc<dyn Gaps>,
    /// What is kept of one customer.
    pub customers: Arc<dyn Customers>,
    /// Other systems that are told what happens.
    pub webhooks: Arc<dyn Webhooks>,
    /// Which parts answer.
    pub health: Arc<dyn Health>,
}
