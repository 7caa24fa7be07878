//! When does the assistant speak first, to whom, and what does it say? The rules as a pack has them, and the brakes that
//! hold for all of them.
//!
//! A rule begins with an event of the shop. Its condition is judged when the event comes and, as the truth may have changed,
//! once more at the moment the customer would hear of it. What is said stands in the wording under `proactive.RULE`, why it
//! is said under `proactive.RULE.why`.

use jiff::SignedDuration;
use jiff::civil::Time;

use crate::pack::condition::Condition;
use crate::proactive::EventType;
use crate::turn::types::Goal;

/// What every place of wording of a rule begins with.
const PLACE: &str = "proactive";

/// The part of a place that says why the customer reads it.
const WHY: &str = "why";

/// The goals under which a rule may say something, in the order in which they are said.
pub const GOALS: [Goal; 6] =
    [Goal::Soothe, Goal::Answer, Goal::Act, Goal::Commit, Goal::Volunteer, Goal::Recommend];

/// The goals of a rule that are offers: they are left out where the customer has not agreed to offers.
pub const OFFERS: [Goal; 1] = [Goal::Recommend];

/// Where the wording of a rule stands.
pub fn place_of(rule: &str) -> String {
    format!("{PLACE}.{rule}")
}

/// Where the wording stands that says why a customer reads what a rule says.
pub fn why_place_of(rule: &str) -> String {
    format!("{PLACE}.{rule}.{WHY}")
}

/// The rules of a pack, and its brakes.
#[derive(Debug, Default)]
pub struct Proactive {
    /// Limits that hold for everything that is said first.
    pub brakes: Brakes,
    /// The rules, those of the highest priority first.
    pub rules: Vec<NudgeRule>,
    /// Scenarios in which a customer asks to be left alone: from then on nothing is said first but what concerns the own
    /// orders.
    pub stopped_by: Vec<String>,
}

impl Proactive {
    /// A rule by its id.
    pub fn rule(&self, id: &str) -> Option<&NudgeRule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// The rules that an event may begin.
    pub fn begun_by(&self, kind: EventType) -> impl Iterator<Item = &NudgeRule> {
        self.rules.iter().filter(move |rule| rule.on.contains(&kind))
    }

    /// Whether an event of a kind begins anything as things stand.
    pub fn is_begun_by(&self, kind: EventType) -> bool {
        self.brakes.enabled && self.begun_by(kind).any(|rule| rule.enabled)
    }
}

/// When the assistant speaks first, and to whom.
#[derive(Debug)]
pub struct NudgeRule {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is in force.
    pub enabled: bool,
    /// The events that begin it.
    pub on: Vec<EventType>,
    /// What it is for, on which the customer's consents depend.
    pub purpose: Purpose,
    /// What must hold when the event comes.
    pub when: Option<Condition>,
    /// What must hold when it is sent; without it, what held when the event came.
    pub still: Option<Condition>,
    /// When it is sent.
    pub moment: Moment,
    /// So long after its moment it is too late.
    pub expires_after: SignedDuration,
    /// Of two that are due the one with the higher priority is sent.
    pub priority: i32,
    /// What it is sent once for.
    pub once_per: Cause,
    /// Whether a later event about the same cause begins its time anew.
    pub renewed: bool,
    /// Events about the same cause, or of the same customer, after which it is not sent any more.
    pub cancelled_by: Vec<EventType>,
    /// What it has to offer, found by code.
    pub offers: Option<Offer>,
    /// An action of the pack that is begun with it.
    pub does: Option<String>,
    /// Buttons under it.
    pub choices: Vec<NudgeChoice>,
    /// Within a day at most so many of this rule for one customer.
    pub a_day: u32,
}

/// What something said first is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The customer's own order or matter. It needs no consent, and ends with a refused one.
    Order,
    /// Something to buy. On the page it may be shown at once to whoever has not refused; later it needs the consent to
    /// marketing.
    Offer,
    /// Drawn from the profile: it needs the consents to marketing and to the child's profile, both given.
    Care,
}

/// When a rule's word is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// At once, while the customer is there.
    Now,
    /// So long after the event; with a time of day, at the next such time.
    After {
        /// How long.
        wait: SignedDuration,
        /// Local time of day.
        at: Option<Time>,
    },
    /// So many days after the event as a field of the product or the order says, less a few.
    DaysOf {
        /// The path of the field, as in `product.replenish_days`.
        field: String,
        /// So many days earlier.
        less: i64,
        /// Local time of day.
        at: Option<Time>,
    },
    /// So long before the time that a field says, as in `order.close_at`.
    Before {
        /// The path of the field.
        field: String,
        /// How long before it.
        lead: SignedDuration,
    },
}

/// What something is said once for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The product of the event.
    Product,
    /// The order of the event.
    Order,
    /// Each product of the order of the event.
    Item,
    /// The conversation of the event.
    Conversation,
    /// The event itself.
    Event,
    /// A day of the calendar.
    Day,
    /// A month of the child's life.
    ChildMonth,
    /// A year of the calendar.
    Year,
}

/// What a rule has to offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// What goes with the product of the event.
    GoesWith,
    /// What suits the next stage of the child's life.
    NextStage,
}

/// A button under what was said first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NudgeChoice {
    /// What stands on it.
    pub label: String,
    /// What the customer says by pressing it.
    pub say: String,
    /// Whether a plain "要" or "yes" takes it.
    pub yes: bool,
}

impl NudgeRule {
    /// What a plain yes to its word says; none if its word offers nothing that a yes could take.
    pub fn said_by_yes(&self) -> Option<&str> {
        self.choices.iter().find(|choice| choice.yes).map(|choice| choice.say.as_str())
    }
}

/// Limits that hold for everything that is said first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brakes {
    /// Whether anything is said first at all.
    pub enabled: bool,
    /// Whether everything is planned and judged and nothing is sent.
    pub dry_run: bool,
    /// From this local time on customers are left alone,
    pub quiet_from: Time,
    /// until this one.
    pub quiet_until: Time,
    /// Offers and care for one customer in a day at most.
    pub a_day: u32,
    /// Offers and care for one customer in seven days at most.
    pub a_week: u32,
    /// Words about own orders for one customer in a day at most.
    pub orders_a_day: u32,
    /// So long nothing else is said first after something was.
    pub apart: SignedDuration,
    /// So many days after one of a rule was closed nothing of that rule is shown.
    pub after_dismissal_days: u32,
    /// So long after a complaint, a dispute or anger nothing is offered.
    pub after_trouble: SignedDuration,
    /// Words of one rule in an hour at most, for the whole shop; beyond it the rule is held to have gone wild.
    pub rule_an_hour: u32,
    /// Words in an hour at most, for the whole shop.
    pub shop_an_hour: u32,
    /// Percent of customers who are not sent offers and care, to measure what these bring.
    pub holdout_percent: u32,
}

impl Brakes {
    /// Whether a local time of day falls into the quiet hours, which may go beyond midnight.
    pub fn is_quiet(&self, time: Time) -> bool {
        let (from, until) = (self.quiet_from, self.quiet_until);
        if from <= until { from <= time && time < until } else { time >= from || time < until }
    }
}

impl Default for Brakes {
    fn default() -> Self {
        Self {
            enabled: true,
            dry_run: false,
            quiet_from: Time::constant(22, 0, 0, 0),
            quiet_until: Time::constant(9, 0, 0, 0),
            a_day: 2,
            a_week: 4,
            orders_a_day: 6,
            apart: SignedDuration::from_mins(10),
            after_dismissal_days: 30,
            after_trouble: SignedDuration::from_hours(72),
            rule_an_hour: 2_000,
            shop_an_hour: 10_000,
            holdout_percent: 0,
        }
    }
}
