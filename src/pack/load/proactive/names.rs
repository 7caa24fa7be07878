//! What may the conditions and the wording of a rule name? The records of its event, what the person has done, and what
//! came with the event.

use std::sync::Arc;

use super::FILE;
use crate::pack::condition::{Condition, Fields, Schema, Type};
use crate::pack::load::problem::{At, Problems, Severity};
use crate::pack::load::raw::Text;
use crate::proactive::EventType;
use crate::record::schema;

/// Records that a rule may read: those of its event.
const RECORDS: [&str; 5] = ["order", "shipment", "product", "promotion", "aftersale"];

/// What wording of a rule may name.
pub(super) const ROOTS: [&str; 12] = [
    "order",
    "shipment",
    "product",
    "promotion",
    "aftersale",
    "customer",
    "offer",
    "event",
    "history",
    "commitment",
    "shop",
    "assistant",
];

/// Fields that every event has, as far as they are known.
static EVENT: [(&str, Type); 4] =
    [("type", Type::Text), ("product", Type::Text), ("order", Type::Text), ("at", Type::WrittenTime)];

/// Fields that one event brings.
static BROUGHT: [(EventType, &str, Type); 9] = [
    (EventType::ConversationEnded, "stage", Type::Text),
    (EventType::ConversationEnded, "topic", Type::Text),
    (EventType::ConversationEnded, "scenario", Type::Text),
    (EventType::ConversationEnded, "solved", Type::Truth),
    (EventType::ConversationEnded, "handed_over", Type::Truth),
    (EventType::ConversationEnded, "negative", Type::Truth),
    (EventType::ConversationEnded, "danger", Type::Truth),
    (EventType::ConversationEnded, "turns", Type::Number),
    (EventType::PriceDropped, "price_before", Type::Money),
];

static HISTORY: [(&str, Type); 5] = [
    ("views", Type::Number),
    ("in_cart", Type::Truth),
    ("ordered_since", Type::Truth),
    ("ordered_lately", Type::Truth),
    ("searches", Type::Number),
];

/// What is known of the child, with consent. Conditions may read it; it is never said.
static CHILD: [(&str, Type); 2] = [("child_months", Type::Number), ("child_birthday_today", Type::Truth)];

/// Whether a path reads what is known of the child.
pub(super) fn reads_child(path: &str) -> bool {
    path.strip_prefix("customer.").is_some_and(|field| CHILD.iter().any(|(known, _)| *known == field))
}

/// On what the names of a rule depend.
pub(super) struct Names<'a> {
    /// The events that begin it.
    pub on: &'a [EventType],
    /// Whether an action is begun with it.
    pub does: bool,
}

impl Names<'_> {
    /// Compiles a condition of the rule.
    pub fn condition(&self, source: &Text, problems: &mut Problems) -> Option<Condition> {
        self.check(&source.value, At::text(FILE, source), problems)
    }

    /// The same for a condition that stands elsewhere.
    pub fn check(&self, source: &str, at: At<'_>, problems: &mut Problems) -> Option<Condition> {
        let parsed = Condition::parse(source).and_then(|condition| {
            for path in condition.paths() {
                self.check_event(&path, at, problems);
            }
            Condition::parse_for(source, &self.schema(condition.paths()))
        });
        match parsed {
            Ok(condition) => Some(condition),
            Err(error) => {
                problems.error(at, error.to_string());
                None
            }
        }
    }

    /// Reports a field that the events of the rule do not bring.
    pub fn check_event(&self, path: &str, at: At<'_>, problems: &mut Problems) {
        let Some(field) = field_of(path) else { return };
        let Some((severity, message)) = self.unbrought(field) else { return };
        match severity {
            Severity::Error => problems.error(at, message),
            Severity::Warning => problems.warn(at, message),
        }
    }

    fn unbrought(&self, field: &str) -> Option<(Severity, String)> {
        if EVENT.iter().any(|(known, _)| *known == field) || self.on.is_empty() {
            return None;
        }
        if let Some((by, ..)) = BROUGHT.iter().find(|(_, known, _)| *known == field) {
            let message = format!("`event.{field}` comes with `{}` only", name_of(*by));
            return (!self.on.contains(by)).then_some((Severity::Error, message));
        }
        if self.on.iter().all(|kind| kind.is_own()) {
            let mine = BROUGHT.iter().filter(|(by, ..)| self.on.contains(by)).map(|(_, known, _)| *known);
            let known: Vec<&str> = EVENT.iter().map(|(known, _)| *known).chain(mine).collect();
            let message = format!("nothing provides `event.{field}`; there are {}", known.join(", "));
            return Some((Severity::Error, message));
        }
        let message =
            format!("`event.{field}` is known only where the shop's own system sends it with the event");
        (!self.on.contains(&EventType::Custom)).then_some((Severity::Warning, message))
    }

    /// What may be named. Fields of the event that the shop sends may be anything.
    fn schema(&self, paths: impl Iterator<Item = String>) -> Schema {
        let records = RECORDS.iter().chain(&["now"]);
        let records = records.filter_map(|name| Some(((*name).to_owned(), schema().name(name).ok()?)));
        let offer = schema().name("product").ok().map(|product| ("offer".to_owned(), product));
        let named = Schema::new(records.chain(offer));
        let sent = paths.filter_map(|path| Some((field_of(&path)?.to_owned(), Type::Anything)));
        let mut event: Fields = sent.collect();
        event.extend(fields(&EVENT));
        event.extend(BROUGHT.iter().map(|(_, name, found)| ((*name).to_owned(), found.clone())));
        let mut customer = match schema().name("customer") {
            Ok(Type::Fields(fields)) => Arc::unwrap_or_clone(fields),
            _ => Fields::new(),
        };
        customer.extend(fields(&CHILD));
        let due = fields(&[("due", Type::WrittenTime)]).collect();
        let name: Fields = fields(&[("name", Type::Text)]).collect();
        let named = named
            .with("event", event)
            .with("history", fields(&HISTORY).collect())
            .with("customer", customer)
            .with("shop", name.clone())
            .with("assistant", name);
        if self.does { named.with("commitment", due) } else { named }
    }
}

fn fields(fields: &[(&str, Type)]) -> impl Iterator<Item = (String, Type)> {
    fields.iter().map(|(name, found)| ((*name).to_owned(), found.clone()))
}

/// The field of an event that a path begins with.
fn field_of(path: &str) -> Option<&str> {
    path.strip_prefix("event.")?.split('.').next()
}

/// The name of an event type in files.
pub(super) fn name_of(kind: EventType) -> String {
    serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}
