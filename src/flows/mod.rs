//! A matter of several steps while it runs: where it stands, what the customer has answered, and which moves it may make.
//!
//! What the steps are says the pack ([`crate::pack::flows`]). Answers are taken within a turn (`turn::decide::flow`); what
//! becomes of it by events and by the clock is [`progress()`], pure as well, and is looked at beside the turns.

mod progress;
mod variable;
mod view;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identity::{ActionId, ConversationId, CustomerId, FlowId, ShopId};
use crate::time::Now;

pub use progress::{Happening, Seen, next_look, open_step, progress};
pub use variable::as_variable;
pub use view::{FlowProgress, StepProgress, Waited};

/// How a flow stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlowState {
    /// It goes on.
    Open,
    /// All its steps are over.
    Done,
    /// The customer does not want it any more, or wants something else instead.
    Cancelled,
    /// The customer did not answer in time.
    Expired,
    /// A person goes on with it.
    WithPeople,
}

impl FlowState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Open, Self::Done, Self::Cancelled, Self::Expired, Self::WithPeople];
}

/// What the customer has answered to a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What conditions and actions read: an option's id, a variant's id, the words.
    pub value: String,
    /// What the customer may be shown of it: masked, in words.
    pub shown: String,
}

/// The answers by step.
pub type Answers = std::collections::BTreeMap<String, Answer>;

/// A matter of several steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// Its id.
    pub id: FlowId,
    /// The shop.
    pub shop: ShopId,
    /// The conversation in which it is spoken of: the latest one in which the customer has gone on with it.
    pub conversation: ConversationId,
    /// The verified customer.
    pub customer: Option<CustomerId>,
    /// Its kind in the pack.
    pub kind: String,
    /// The scenario that began it.
    pub scenario: String,
    /// The number of its order.
    pub order: Option<String>,
    /// What tells it from others: of the same one only one is open at a time.
    pub identity: String,
    /// How it stands.
    pub state: FlowState,
    /// The step that things wait for.
    pub step: String,
    /// What was answered.
    pub answers: Answers,
    /// Answers to the present step that could not be used.
    pub failures: u32,
    /// The action of the present step.
    pub action: Option<ActionId>,
    /// Whether the customer was reminded of the present step.
    pub reminded: bool,
    /// How often it has moved: who saw it otherwise comes too late.
    pub moves: u32,
    /// When the present step began.
    pub step_since: Timestamp,
    /// When it began.
    pub opened_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// What a turn or an event makes of a flow. It is written as a whole, or not at all if the flow has moved meanwhile.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowMove {
    /// The flow as it was seen; none if it begins.
    pub from: Option<(FlowId, u32)>,
    /// Its kind in the pack.
    pub kind: String,
    /// The scenario that began it.
    pub scenario: String,
    /// The number of its order.
    pub order: Option<String>,
    /// What tells it from others.
    pub identity: String,
    /// How it stands now.
    pub state: FlowState,
    /// The step that things wait for now.
    pub step: String,
    /// All answers.
    pub answers: Answers,
    /// Answers to the present step that could not be used.
    pub failures: u32,
    /// The action of the present step, by its identity.
    pub action: Option<String>,
    /// Whether the present step begins with this move.
    pub begins_step: bool,
    /// When the step began at which the flow was seen; none if the flow begins.
    pub step_since: Option<Timestamp>,
    /// When it has to be looked at next; none if nothing can happen by itself.
    pub look_at: Option<Timestamp>,
}

impl FlowMove {
    /// A flow as it stands, to be changed.
    pub fn of(flow: &Flow) -> Self {
        Self {
            from: Some((flow.id.clone(), flow.moves)),
            kind: flow.kind.clone(),
            scenario: flow.scenario.clone(),
            order: flow.order.clone(),
            identity: flow.identity.clone(),
            state: flow.state,
            step: flow.step.clone(),
            answers: flow.answers.clone(),
            failures: flow.failures,
            action: None,
            begins_step: false,
            step_since: Some(flow.step_since),
            look_at: None,
        }
    }

    /// When the present step began: with this move, or before.
    pub fn since(&self, now: &Now) -> Timestamp {
        self.step_since.filter(|_| !self.begins_step).unwrap_or(now.timestamp())
    }

    /// It ends so.
    #[must_use]
    pub fn ended(self, state: FlowState) -> Self {
        Self { state, look_at: None, begins_step: false, ..self }
    }

    /// It stands at a step now.
    #[must_use]
    pub fn at(self, step: &str) -> Self {
        let begins_step = self.from.is_none() || self.step != step;
        Self { step: step.to_owned(), failures: 0, begins_step, ..self }
    }
}
