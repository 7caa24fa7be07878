//! What can be done for a customer: the kinds of action as the pack declares them, and which words a record of one
//! carries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::actions::Executor;
use crate::turn::types::EntityKind;

/// The promise under which a lead takes over what was not kept twice. Every pack has it.
pub const LEAD_REPLY: &str = "lead_reply";

/// What is said of an action at each point, as its wording is called.
pub const MOMENTS: [&str; 6] = ["started", "running", "done", "failed", "overdue", "cancelled"];

/// What can be done, and what may be said of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actions {
    /// The kinds by name.
    pub kinds: BTreeMap<String, ActionKind>,
    /// Which words of a finished action a record carries: `ticket_opened`, `handoff`.
    pub records: BTreeMap<String, Vec<String>>,
}

impl Actions {
    /// The words that a record carries: one of `records`, or `started:KIND` and `done:KIND` of an action.
    pub fn carried_by(&self, record: &str) -> &[String] {
        if let Some(words) = self.records.get(record) {
            return words;
        }
        let (state, kind) = record.split_once(':').unwrap_or_default();
        let kind = self.kinds.get(kind);
        match (state, kind) {
            ("started", Some(kind)) => &kind.carries.started,
            ("done", Some(kind)) => &kind.carries.done,
            _ => &[],
        }
    }
}

/// A kind of action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionKind {
    /// Its id, as in `trace_parcel`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it is done with.
    pub arguments: Vec<Argument>,
    /// Who may have it done.
    pub started_by: Vec<Starter>,
    /// The matter of the policy that must allow it.
    pub policy: Option<String>,
    /// Whether the customer has to say yes before it is done, because it cannot be undone.
    pub confirm: bool,
    /// Who executes it, where the shop's own system is connected; without it people do.
    pub by: Executor,
    /// The promise that goes with it: by when the customer hears of it.
    pub promise: String,
    /// What a person has to do, in words for the ticket.
    pub task: String,
    /// The words that its records carry.
    pub carries: Carried,
}

/// The words of finished actions that the guard lets through with a record of an action.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Carried {
    /// Once the shop's own system has it.
    pub started: Vec<String>,
    /// Once it is done.
    pub done: Vec<String>,
}

/// Who may have an action done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Starter {
    /// The assistant, where the facts ask for it.
    Assistant,
    /// The customer, by asking for it.
    Customer,
    /// A person of the shop.
    Agent,
}

/// Something an action is done with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ArgumentKind,
    /// Where it is taken from.
    pub from: ArgumentSource,
    /// Whether the action may go on without it.
    pub optional: bool,
}

/// What an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArgumentKind {
    /// An order's number.
    Order,
    /// A parcel's tracking number.
    Parcel,
    /// A product's id.
    Product,
    /// A telephone number.
    Phone,
    /// An address in words.
    Address,
    /// An amount of money.
    Money,
    /// A number of things.
    Quantity,
    /// Words.
    Text,
}

impl ArgumentKind {
    /// Whether it says what the action is done to: the same wish for the same thing is the same action.
    pub fn identifies(self) -> bool {
        matches!(self, Self::Order | Self::Parcel | Self::Product | Self::Phone)
    }
}

/// Where an argument is taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgumentSource {
    /// A field of what conditions and slots read: `order.id`.
    Field(String),
    /// Something the message names: `entity.phone`.
    Entity(EntityKind),
    /// The customer's own words: `message`.
    Message,
}

/// The place of wording of an action at one of [`MOMENTS`].
pub fn place(action: &str, moment: &str) -> String {
    format!("action.{action}.{moment}")
}

/// The place of wording that is used where an action has none of its own left: `action.running`.
pub fn common_place(moment: &str) -> String {
    format!("action.{moment}")
}
