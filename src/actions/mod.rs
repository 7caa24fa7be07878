//! What is done for a customer, and what was promised: how actions and promises stand, and which moves they may make.
//!
//! An action is a row before a word rests on it. The shop's own system executes it, or a person does; either way it has a
//! time by which the customer hears of it, and that word is a promise of its own.

mod moves;
pub mod worker;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::flows::Flow;
use crate::identity::{ActionId, ConversationId, CustomerId, PromiseId, ShopId, TicketId};

pub use moves::{ActionMove, IllegalStep, PromiseMove, next_action, next_promise};

/// How an action stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionState {
    /// It is wanted, and nobody has begun.
    Requested,
    /// The customer has said yes to it.
    Confirmed,
    /// Somebody is at it.
    Running,
    /// Its time is over without a result; the result may still come.
    Overdue,
    /// It is done.
    Done,
    /// It could not be done.
    Failed,
    /// It is not wanted any more.
    Cancelled,
}

impl ActionState {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Requested,
        Self::Confirmed,
        Self::Running,
        Self::Overdue,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Whether a result is still to come.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Requested | Self::Confirmed | Self::Running | Self::Overdue)
    }
}

/// Who executes an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Executor {
    /// The shop's own system.
    ShopSystem,
    /// A person of the shop, by a ticket.
    Person,
}

/// Something that is done for a customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// Its id.
    pub id: ActionId,
    /// The shop.
    pub shop: ShopId,
    /// The conversation in which it was wanted first.
    pub conversation: ConversationId,
    /// The verified customer for whom it is done.
    pub customer: Option<CustomerId>,
    /// Its kind in the pack.
    pub kind: String,
    /// What it is done with, by the names of the pack.
    pub args: Map<String, Value>,
    /// What tells it from others: asked for again with the same one while it is open, it is the same action.
    pub identity: String,
    /// Who wanted it: `assistant`, or the name of an agent.
    pub requested_by: String,
    /// Who executes it.
    pub by: Executor,
    /// How it stands.
    pub state: ActionState,
    /// By when the customer is to hear of it.
    pub due: Timestamp,
    /// How often the shop's system was asked.
    pub attempts: u32,
    /// The ticket of the person who executes it.
    pub ticket: Option<TicketId>,
    /// What came of it.
    pub result: Option<ActionResult>,
    /// When it was wanted.
    pub requested_at: Timestamp,
    /// When its result came.
    pub finished_at: Option<Timestamp>,
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionResult {
    /// Whether it was done.
    pub outcome: Outcome,
    /// What was found or done, in a sentence that the customer may read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The order it speaks of; it must be the action's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The parcel it speaks of; it must be the action's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<String>,
}

/// Whether an action was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was.
    Done,
    /// It could not be.
    Failed,
}

/// The longest text of a result, in characters: it is said as one bubble.
const LONGEST_RESULT: usize = 200;

/// A result that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct BadResult {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub message: String,
}

impl ActionResult {
    /// Checks what types alone cannot.
    ///
    /// # Errors
    /// The first field that makes no sense.
    pub fn check(&self) -> Result<(), BadResult> {
        let refuse = |message: String| Err(BadResult { field: "text", message });
        let Some(text) = &self.text else { return Ok(()) };
        let length = text.chars().count();
        if text.trim().is_empty() {
            return refuse("it is empty; leave it out where there is nothing to say".to_owned());
        }
        if length > LONGEST_RESULT {
            return refuse(format!("at most {LONGEST_RESULT} characters, this has {length}"));
        }
        if text.chars().any(char::is_control) {
            return refuse("a sentence has no control characters or line breaks".to_owned());
        }
        if text.contains('<') && text.contains('>') {
            return refuse("plain text is expected, not markup".to_owned());
        }
        Ok(())
    }
}

impl Action {
    /// Whether a result speaks of what the action is about.
    pub fn is_about(&self, result: &ActionResult) -> bool {
        let same = |name: &str, told: &Option<String>| {
            let own = self.args.get(name).and_then(Value::as_str);
            told.as_deref().is_none_or(|told| own.is_none_or(|own| own == told))
        };
        same("order", &result.order) && same("parcel", &result.parcel)
    }

    /// What wording may say of it: its arguments, its name, its result.
    pub fn as_variable(&self, name: &str) -> Value {
        let mut variable = self.args.clone();
        variable.insert("name".to_owned(), name.into());
        if let Some(text) = self.result.as_ref().and_then(|result| result.text.as_deref()) {
            // The sentence of a wording goes on or ends by itself.
            variable.insert("result".to_owned(), text.trim().trim_end_matches(['。', '.']).into());
        }
        Value::Object(variable)
    }
}

/// How a promise stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromiseState {
    /// Its time has not come.
    Open,
    /// Its time came without a result, and the customer was told another one, once.
    Renegotiated,
    /// The customer has the word that was promised.
    Kept,
    /// It was not kept a second time; a lead has it.
    Broken,
}

impl PromiseState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Open, Self::Renegotiated, Self::Kept, Self::Broken];

    /// Whether the word is still owed.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Renegotiated)
    }
}

/// A word that was given to a customer, with a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Promise {
    /// Its id.
    pub id: PromiseId,
    /// The shop.
    pub shop: ShopId,
    /// The conversation in which it was given.
    pub conversation: ConversationId,
    /// Its kind in the pack.
    pub kind: String,
    /// Who gave it: `assistant`.
    pub by: String,
    /// The action that has to bring the result.
    pub action: Option<ActionId>,
    /// The ticket of the person who owes the word.
    pub ticket: Option<TicketId>,
    /// How it stands.
    pub state: PromiseState,
    /// By when the word is due now.
    pub due: Timestamp,
    /// By when it was due at first.
    pub first_due: Timestamp,
    /// Whether whoever owes it was reminded.
    pub reminded: bool,
    /// Whether it waits for the person who has the conversation.
    pub with_person: bool,
    /// When it was given.
    pub made_at: Timestamp,
    /// When it was kept or broken.
    pub settled_at: Option<Timestamp>,
}

/// What stands behind a promise.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BackedBy {
    /// A ticket: a person owes it.
    Ticket(TicketId),
    /// An action of the shop's own system.
    Action(ActionId),
}

impl std::fmt::Display for BackedBy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ticket(id) => id.fmt(formatter),
            Self::Action(id) => id.fmt(formatter),
        }
    }
}

impl From<TicketId> for BackedBy {
    fn from(id: TicketId) -> Self {
        Self::Ticket(id)
    }
}

impl From<ActionId> for BackedBy {
    fn from(id: ActionId) -> Self {
        Self::Action(id)
    }
}

impl Promise {
    /// What stands behind it: the person who owes it, or else the action.
    pub fn backed_by(&self) -> Option<BackedBy> {
        let ticket = self.ticket.clone().map(BackedBy::Ticket);
        ticket.or_else(|| self.action.clone().map(BackedBy::Action))
    }
}

/// What was begun for a customer and what was promised in a conversation, as a turn has to know it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// Whether the shop's own system executes actions; otherwise people do.
    pub connected: bool,
    /// Actions that are open for the customer, and all of the conversation, the latest first.
    pub actions: Vec<Action>,
    /// Promises of the conversation, the latest first.
    pub promises: Vec<Promise>,
    /// Promises of the customer's other conversations, the latest first.
    pub promises_elsewhere: Vec<Promise>,
    /// Open flows of the customer and of the conversation, the latest first.
    pub flows: Vec<Flow>,
}

impl Standing {
    /// The open action that the same wish would only repeat.
    pub fn open_action(&self, identity: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.identity == identity && action.state.is_open())
    }

    /// Whether an action is open.
    pub fn has_open(&self, action: Option<&ActionId>) -> bool {
        self.actions.iter().any(|known| Some(&known.id) == action && known.state.is_open())
    }

    /// The open promise that the same word would only repeat.
    pub fn open_promise(&self, kind: &str, action: Option<&ActionId>) -> Option<&Promise> {
        self.promises.iter().find(|promise| {
            promise.kind == kind && promise.action.as_ref() == action && promise.state.is_open()
        })
    }

    /// The records that the guard lets claims of finished actions rest on: `started:KIND` and `done:KIND`.
    pub fn records(&self, conversation: &ConversationId) -> impl Iterator<Item = String> + '_ {
        let conversation = conversation.clone();
        self.actions.iter().filter_map(move |action| {
            let own = action.conversation == conversation || action.state.is_open();
            own.then(|| record_of(&action.kind, action.by, action.state)).flatten()
        })
    }
}

/// What may be said of an action: nothing of a person's work before it is done, because nobody knows whether it was begun.
pub fn record_of(kind: &str, by: Executor, state: ActionState) -> Option<String> {
    match (by, state) {
        (_, ActionState::Done) => Some(format!("done:{kind}")),
        (Executor::ShopSystem, state) if state.is_open() => Some(format!("started:{kind}")),
        _ => None,
    }
}
