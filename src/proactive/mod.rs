//! When does the assistant speak first, and when does it hold back? Rules, brakes and what they are judged by, as pure
//! functions; `store` keeps events and nudges, `conversation/nudge.rs` says them.
//!
//! An **event** is something that happened in the shop. A **nudge** is one word said first: it belongs to one person, one
//! rule and one cause, and is said at most once. Its life: planned by an event, then sent, or dropped with a reason.

mod brakes;
mod history;
mod known;
mod noticed;
mod plan;
mod remembered;
mod trouble;
mod variables;

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use brakes::{Consents, Held, Standing, may_send, quiet_until, withheld};
pub use history::{History, LOOK_BACK, MOST_EVENTS, Shown};
pub use known::{Known, begins_at, can_be_recommended, customer_fact, own_facts, promotes};
pub use noticed::{changes_of, day_of, seen_of};
pub use plan::{Begun, Planned, holds, ordered_products, plan, untrue};
pub use remembered::Remembered;
pub use trouble::{Trouble, troubled};
pub use variables::variables;

use crate::identity::{ConversationId, CustomerId, Identity, NudgeId, Scope, ShopId, VisitorId};

/// Clocks differ; what lies further ahead than this has not happened.
pub const AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// What happens in a shop. The names are part of the API.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// A product's page was opened.
    ProductViewed,
    /// Something was searched for.
    Search,
    /// A product was put into the cart.
    CartAdded,
    /// The cart was left as it is.
    CartLeft,
    /// An order was placed.
    OrderPlaced,
    /// An order was paid.
    OrderPaid,
    /// An order was given to the carrier.
    OrderShipped,
    /// The carrier reported something.
    ShipmentEvent,
    /// An order has arrived with the customer.
    OrderDelivered,
    /// A review was written.
    ReviewLeft,
    /// A conversation came to rest. Known by itself.
    ConversationEnded,
    /// The price of a product fell. Known by itself where the shop's records say so.
    PriceDropped,
    /// A product is there again. Known by itself where the shop's records say so.
    Restocked,
    /// A day began for a customer. Known by itself.
    DayBegun,
    /// Something of the shop's own.
    Custom,
}

impl EventType {
    /// Every type.
    pub const ALL: [Self; 15] = [
        Self::ProductViewed,
        Self::Search,
        Self::CartAdded,
        Self::CartLeft,
        Self::OrderPlaced,
        Self::OrderPaid,
        Self::OrderShipped,
        Self::ShipmentEvent,
        Self::OrderDelivered,
        Self::ReviewLeft,
        Self::ConversationEnded,
        Self::PriceDropped,
        Self::Restocked,
        Self::DayBegun,
        Self::Custom,
    ];

    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProductViewed => "product_viewed",
            Self::Search => "search",
            Self::CartAdded => "cart_added",
            Self::CartLeft => "cart_left",
            Self::OrderPlaced => "order_placed",
            Self::OrderPaid => "order_paid",
            Self::OrderShipped => "order_shipped",
            Self::ShipmentEvent => "shipment_event",
            Self::OrderDelivered => "order_delivered",
            Self::ReviewLeft => "review_left",
            Self::ConversationEnded => "conversation_ended",
            Self::PriceDropped => "price_dropped",
            Self::Restocked => "restocked",
            Self::DayBegun => "day_begun",
            Self::Custom => "custom",
        }
    }

    /// Whether a customer's browser may report it by itself; everything else comes from the shop's systems.
    pub fn is_of_browser(self) -> bool {
        matches!(self, Self::ProductViewed | Self::Search | Self::CartAdded | Self::CartLeft)
    }

    /// Whether somebody only looked around.
    pub fn is_browsing(self) -> bool {
        matches!(self, Self::ProductViewed | Self::Search)
    }

    /// Whether only Warmdesk itself makes it.
    pub fn is_own(self) -> bool {
        matches!(self, Self::ConversationEnded | Self::DayBegun)
    }

    /// Whether the customer has just done it, so that an answer is no disturbance at any hour.
    pub fn is_done_by_customer(self) -> bool {
        self.is_of_browser() || matches!(self, Self::OrderPlaced | Self::OrderPaid | Self::ReviewLeft)
    }
}

/// Something that happened in the shop.
#[derive(Debug, Clone, PartialEq)]
pub struct ShopEvent {
    /// The shop's own id of it; the same id is taken once.
    pub id: String,
    /// What.
    pub kind: EventType,
    /// To whom; nobody for what concerns a product alone.
    pub person: Option<Person>,
    /// The product.
    pub product: Option<String>,
    /// The order.
    pub order: Option<String>,
    /// The conversation, of one that came to rest.
    pub conversation: Option<ConversationId>,
    /// Everything else that came with it.
    pub detail: Map<String, Value>,
    /// When it happened.
    pub at: Timestamp,
}

impl ShopEvent {
    /// The event of a product as one who has looked at it has it.
    pub fn of_viewer(&self, person: &Person) -> Self {
        let id = format!("{}:{}", self.id, person.key());
        Self { id, person: Some(person.clone()), ..self.clone() }
    }
}

/// Somebody to whom something may be said first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Person {
    /// A customer of the shop.
    Customer(CustomerId),
    /// A browser in which nobody has signed in.
    Visitor(VisitorId),
}

impl Person {
    /// The scope in which the person's records are read.
    pub fn scope(&self, shop: &ShopId) -> Scope {
        let identity = match self {
            Self::Customer(customer) => Identity::Customer(customer.clone()),
            Self::Visitor(visitor) => Identity::Anonymous(Some(visitor.clone())),
        };
        Scope { shop: shop.clone(), identity }
    }

    /// The person of a scope, if it names one.
    pub fn of(scope: &Scope) -> Option<Self> {
        let customer = scope.verified_customer().cloned().map(Self::Customer);
        customer.or_else(|| scope.visitor().cloned().map(Self::Visitor))
    }

    /// The customer, if it is one.
    pub fn customer(&self) -> Option<&CustomerId> {
        match self {
            Self::Customer(customer) => Some(customer),
            Self::Visitor(_) => None,
        }
    }

    /// Under which everything about the person is kept: `customer:…` or `visitor:…`.
    pub fn key(&self) -> String {
        match self {
            Self::Customer(customer) => format!("customer:{customer}"),
            Self::Visitor(visitor) => format!("visitor:{visitor}"),
        }
    }
}

/// Where a nudge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NudgeState {
    /// It waits for its moment.
    Planned,
    /// It was said.
    Sent,
    /// It was not said, for a reason.
    Dropped,
}

/// Why a nudge was not said. The names are part of the API.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// What it would say is not true any more.
    NotTrueAnyMore,
    /// An event came after which it has no cause.
    CauseGone,
    /// Its time is over.
    Expired,
    /// The customer has not agreed to it, or has refused it.
    NoConsent,
    /// The customer asked to be left alone.
    OptedOut,
    /// The customer has closed one like it.
    Dismissed,
    /// A person has the conversation, or it waits for one.
    PersonHasIt,
    /// A complaint, a dispute, danger or strong feelings.
    Trouble,
    /// The customer has been told enough today.
    DayFull,
    /// The customer has been told enough this week.
    WeekFull,
    /// The rule speaks too often for the whole shop.
    GoneWild,
    /// The customer belongs to those who are not sent any, to measure what they bring.
    HeldOut,
    /// Nothing the pack has could be said: no wording fits, or the guard refused it.
    NotSayable,
    /// The rule is not in force any more.
    RuleGone,
    /// Everything was judged, and sending is switched off.
    DryRun,
}

/// One word said first, or to be said.
#[derive(Debug, Clone, PartialEq)]
pub struct Nudge {
    /// Its id.
    pub id: NudgeId,
    /// The rule.
    pub rule: String,
    /// To whom.
    pub person: Person,
    /// What it is said once for, as in `order:20261118001`.
    pub cause: String,
    /// The event that began it.
    pub event: Box<ShopEvent>,
    /// Where it stands.
    pub state: NudgeState,
    /// Why it was not said.
    pub reason: Option<Reason>,
    /// When it is to be said.
    pub due: Timestamp,
    /// From then on it is too late.
    pub expires: Timestamp,
    /// How often it was looked at; who saw it otherwise comes too late.
    pub looks: u32,
    /// What was said.
    pub text: Option<String>,
    /// When it was said.
    pub sent_at: Option<Timestamp>,
}
