//! What takes several steps: returns, exchanges, changes of an order, as the pack declares them.
//!
//! A step asks the customer something, does something by an action, or waits for an event that the records show.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::pack::condition::Condition;
use crate::turn::types::Goal;

/// Places of wording of all flows, with the goal of each. Every pack has them; `flow.FLOW.NAME` says it for one flow.
pub const FLOW_PLACES: [(&str, Goal); 8] = [
    ("resume", Goal::Collect),
    ("stands", Goal::Answer),
    ("cancelled", Goal::Answer),
    ("expired", Goal::Answer),
    ("switched", Goal::Acknowledge),
    ("late", Goal::Commit),
    ("rejected", Goal::Commit),
    ("gave_up", Goal::Handoff),
];

/// Places that only single flows and steps have: the end, asking again, the reminder.
pub const DONE: &str = "done";
/// See [`DONE`].
pub const AGAIN: &str = "again";
/// See [`DONE`].
pub const REMIND: &str = "remind";

/// The flows of a pack by their ids.
pub type Flows = BTreeMap<String, FlowKind>;

/// Something that takes several steps.
#[derive(Debug)]
pub struct FlowKind {
    /// Its id, as in `exchange`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The matter of the policy that has to allow it, when it begins and again when the customer confirms.
    pub policy: Option<String>,
    /// The type of the after-sale record that its conditions read.
    pub aftersale: Option<String>,
    /// Flows whose answers it takes over, when the customer wants this instead.
    pub takes_over: Vec<String>,
    /// Scenarios by which the customer gives it up while nothing is begun.
    pub ended_by: Vec<String>,
    /// Its steps, in order; at least one.
    pub steps: Vec<Step>,
}

/// One step of a flow.
#[derive(Debug)]
pub struct Step {
    /// Its id within the flow.
    pub id: String,
    /// How it is called while it is the one that things wait for: "等您寄回".
    pub name: String,
    /// What it is.
    pub kind: StepKind,
    /// Only if this holds.
    pub when: Option<Condition>,
    /// The event that ends it by itself.
    pub done_when: Option<Condition>,
    /// The event after which a person has to go on.
    pub fails_when: Option<Condition>,
    /// So long after it began the customer is reminded, once.
    pub remind_after: Option<SignedDuration>,
    /// So long after it began it is over: where the customer is waited for the flow ends, else a person goes on.
    pub expires_after: Option<SignedDuration>,
}

/// What a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepKind {
    /// A question to the customer.
    Asks(Asks),
    /// An action of the pack; over when its result is there.
    Does(String),
    /// An event that the records show.
    WaitsFor(Party),
}

/// What a step asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asks {
    /// Which line of the order.
    Item,
    /// Which variant of the item's product.
    Sku,
    /// One of these.
    Choice(Vec<FlowOption>),
    /// A new address, or a telephone number, or both.
    Contact,
    /// A person's name, or a company with its tax number.
    InvoiceTitle,
    /// At least one picture.
    Picture,
    /// The number of a parcel.
    Tracking,
    /// Something in the customer's own words.
    Text,
    /// A plain yes to what is repeated.
    Confirm,
}

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowOption {
    /// Its id: what conditions compare.
    pub id: String,
    /// Its name: what the customer reads.
    pub name: String,
    /// Words by which customers choose it, beside its name.
    pub words: Vec<String>,
}

/// Who is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The customer.
    Customer,
    /// The shop: its warehouse, its accounts.
    Shop,
    /// A carrier.
    Carrier,
}

impl FlowKind {
    /// A step by its id.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The steps that follow one; all of them after none.
    pub fn after(&self, id: Option<&str>) -> &[Step] {
        let passed = id.and_then(|id| self.steps.iter().position(|step| step.id == id));
        &self.steps[passed.map_or(0, |place| place + 1)..]
    }

    /// Whether an action stands before a step: what was done can't be taken back by leaving the flow.
    pub fn has_done_before(&self, id: &str) -> bool {
        self.steps.iter().take_while(|step| step.id != id).any(|step| matches!(step.kind, StepKind::Does(_)))
    }

    /// The first action of the flow.
    pub fn first_action(&self) -> Option<&str> {
        self.steps.iter().find_map(|step| match &step.kind {
            StepKind::Does(action) => Some(action.as_str()),
            _ => None,
        })
    }
}

impl Step {
    /// Whether the customer is waited for in it.
    pub fn waits_for_customer(&self) -> bool {
        matches!(self.kind, StepKind::Asks(_) | StepKind::WaitsFor(Party::Customer))
    }

    /// Until when it has time that began at a moment; none if it has all the time.
    pub fn until(&self, since: Timestamp) -> Option<Timestamp> {
        since.checked_add(self.expires_after?).ok()
    }

    /// The goal under which it is said.
    pub fn goal(&self) -> Goal {
        match &self.kind {
            StepKind::Asks(Asks::Confirm) => Goal::Confirm,
            StepKind::Asks(_) => Goal::Collect,
            StepKind::Does(_) => Goal::Commit,
            StepKind::WaitsFor(_) => Goal::Answer,
        }
    }
}

/// The place of wording of a step: `flow.exchange.wanted`.
pub fn place_of(flow: &str, step: &str) -> String {
    format!("flow.{flow}.{step}")
}

/// The place of wording of all flows for something: `flow.expired`.
pub fn common_place_of(name: &str) -> String {
    format!("flow.{name}")
}
