//! What can be done for a customer: the kinds of action as the pack declares them, and which words a record of one
//! carries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::actions::Executor;
use crate::turn::types::EntityKind;

/// The promise under which a lead takes over what was not kept twice. Every pack has it.
pub const LEAD_REPLY: &str = "lead_reply";

/// The longest words that go along with an action, in characters.
const LONGEST_WORDS: usize = 500;

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

impl ActionKind {
    /// What an action is done with, from what conditions and slots read and, for what is no field of these, from what the
    /// message says; none if something is missing that it needs.
    pub fn arguments_from(
        &self,
        variables: &Value,
        said: impl Fn(&ArgumentSource) -> Option<String>,
    ) -> Option<Map<String, Value>> {
        let mut args = Map::new();
        for argument in &self.arguments {
            let text = match &argument.from {
                ArgumentSource::Field(path) => field(variables, path),
                source => said(source),
            };
            match text.and_then(|text| argument.value_of(&text)) {
                Some(value) => drop(args.insert(argument.name.clone(), value)),
                None if argument.optional => {}
                None => return None,
            }
        }
        Some(args)
    }

    /// What tells an action from others of its kind: the same wish for the same thing is the same action. Where it is about no
    /// thing, it is so within a conversation.
    pub fn identity(&self, args: &Map<String, Value>, conversation: &str) -> String {
        let identifying = self.arguments.iter().filter(|argument| argument.kind.identifies());
        let parts: Vec<String> = identifying
            .filter_map(|argument| Some(format!("{}={}", argument.name, args.get(&argument.name)?.as_str()?)))
            .collect();
        let about = if parts.is_empty() { conversation.to_owned() } else { parts.join(" ") };
        format!("{} {about}", self.id)
    }
}

fn field(variables: &Value, path: &str) -> Option<String> {
    match path.split('.').try_fold(variables, |value, key| value.get(key))? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Argument {
    fn value_of(&self, text: &str) -> Option<Value> {
        let text: String = text.trim().chars().take(LONGEST_WORDS).collect();
        match self.kind {
            ArgumentKind::Quantity => text.parse::<u32>().ok().map(Value::from),
            ArgumentKind::Money => text.parse::<f64>().ok().map(Value::from),
            _ => Some(text).filter(|text| !text.is_empty()).map(Value::from),
        }
    }
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
