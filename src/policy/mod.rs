//! What do a shop's rules allow? A policy is read and checked once, and judged for a case by code; the model has no say.
//!
//! A policy record says about which matter it is (`about`), for which goods it holds (`scope`), what must be true
//! (`when`), what follows (`then`, `else`), which amounts and times come with it (`values`), and in which words it is
//! told (`says`). What only the customer knows is asked for (`asks`) and read from their words:
//!
//! ```json
//! {"kind": "policy", "id": "return", "about": "return",
//!  "when": "product.return_class == 'opened_excluded' && now <= values.until && !said.opened",
//!  "then": "allowed",
//!  "values": {"until": {"type": "time", "expr": "days_after_signed(7)"},
//!             "refund": {"type": "money", "expr": "refund_share(1)"}},
//!  "asks": {"opened": {"text": "您想退的是没开封的，还是开过的？", "yes": ["开了", "开封"], "no": ["没开", "未开封"]}},
//!  "says": {"allowed": "可以退 {{ values.refund }} 元，{{ values.until }} 前申请。"}}
//! ```
//!
//! Of several policies about one matter the one of the narrower scope comes first (a product, a category, the whole
//! shop), then the one with more conditions, then the one that holds for a limited time. Two of the same rank that
//! lead to different outcomes contradict each other: no code can decide that, so a person does.

mod conflicts;
mod judge;
mod read;
mod values;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

pub use conflicts::{Conflicts, conflict};
pub use judge::{ITEM, Judged, Judgement, Question, Said, answers, judge};
pub use values::{ValueKind, Worked};

use crate::pack::condition::Formula;
use crate::record::FieldFault;

/// What a policy comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It may be done.
    Allowed,
    /// It may not.
    Refused,
    /// A person decides.
    NeedsPerson,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Allowed, Self::Refused, Self::NeedsPerson];

    /// Its name in policy records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::NeedsPerson => "needs_person",
        }
    }

    /// The outcome with a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// A checked policy.
#[derive(Debug)]
pub struct Policy {
    /// The matter.
    pub about: String,
    /// For which goods it holds.
    scope: Scope,
    /// What must be true, one by one.
    conditions: Vec<Formula>,
    /// What follows if it is.
    then: Outcome,
    /// What follows if it is not.
    otherwise: Option<Outcome>,
    /// Amounts and times that come with it, by name.
    values: Vec<(String, ValueKind, Formula)>,
    /// What it says, by outcome, in the order of the record.
    says: Vec<(Outcome, Vec<Saying>)>,
    /// What only the customer knows.
    asks: Vec<Ask>,
    /// Whether it ends, and when it began: the later and the shorter rule is the more particular one.
    limited: bool,
    begins: Option<String>,
}

/// For which goods a policy holds; for all of them where nothing is named.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Scope {
    products: Vec<String>,
    categories: Vec<String>,
}

impl Scope {
    /// How narrow it is.
    fn level(&self) -> u8 {
        match (self.products.is_empty(), self.categories.is_empty()) {
            (false, _) => 2,
            (true, false) => 1,
            (true, true) => 0,
        }
    }

    fn holds_for(&self, product: Option<&Value>) -> bool {
        let is = |field: &str, named: &[String]| {
            product
                .and_then(|product| product.get(field)?.as_str())
                .is_some_and(|own| named.iter().any(|name| name == own))
        };
        match self.level() {
            0 => true,
            1 => is("category", &self.categories),
            _ => is("id", &self.products),
        }
    }
}

/// One way to say an outcome.
#[derive(Debug)]
struct Saying {
    /// The text with its slots.
    template: String,
    /// Only if this holds.
    when: Option<Formula>,
}

/// Something that only the customer knows.
#[derive(Debug)]
struct Ask {
    name: String,
    /// How it is asked, with what the customer gains by answering.
    sayings: Vec<Saying>,
    yes: Vec<String>,
    no: Vec<String>,
}

impl Policy {
    /// Reads the fields of a policy record.
    ///
    /// # Errors
    /// Everything in it that does not make sense, by field.
    pub fn read(fields: &Map<String, Value>) -> Result<Self, Vec<FieldFault>> {
        read::read(fields)
    }

    /// What does not make sense in the fields of a policy record.
    pub fn faults(fields: &Map<String, Value>) -> Vec<FieldFault> {
        Self::read(fields).err().unwrap_or_default()
    }

    /// What names the rank of a policy among those about its matter; the higher comes first.
    fn rank(&self) -> (u8, usize, bool, Option<&str>) {
        (self.scope.level(), self.conditions.len(), self.limited, self.begins.as_deref())
    }
}
