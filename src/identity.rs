//! Who is asking, on whose behalf: shop, customer, staff, and the typed ids of everything stored.
//!
//! Every store and index call takes a [`Scope`] or a [`StaffScope`]; there is no call that takes a bare
//! customer id, so that "logged in" can never be mistaken for "owner".

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// The longest id accepted from outside, in bytes of UTF-8.
pub const MAX_ID_BYTES: usize = 128;

/// The shop of a default installation, which serves one shop.
pub const DEFAULT_SHOP: &str = "default";

/// An id was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The id is empty or only white space.
    #[error("an id must not be empty")]
    Empty,
    /// The id is longer than [`MAX_ID_BYTES`].
    #[error("an id must have at most {MAX_ID_BYTES} bytes, this one has {0}")]
    TooLong(usize),
    /// The id contains control characters.
    #[error("an id must not contain control characters")]
    Control,
    /// The id does not begin with the prefix of its kind.
    #[error("this id must begin with `{0}`")]
    Prefix(&'static str),
}

fn checked(text: &str) -> Result<&str, IdError> {
    if text.trim().is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > MAX_ID_BYTES {
        return Err(IdError::TooLong(text.len()));
    }
    if text.chars().any(char::is_control) {
        return Err(IdError::Control);
    }
    Ok(text)
}

macro_rules! external_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks an id that came from outside.
            pub fn new(text: impl AsRef<str>) -> Result<Self, IdError> {
                checked(text.as_ref()).map(|id| Self(id.to_owned()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

macro_rules! own_id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Makes a new id: sortable by time, with 74 random bits, so that it cannot be guessed.
            pub fn generate() -> Self {
                Self(format!("{}{}", $prefix, uuid::Uuid::now_v7().simple()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let text = checked(text)?;
                if !text.starts_with($prefix) {
                    return Err(IdError::Prefix($prefix));
                }
                Ok(Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

external_id!(
    /// A shop. Every stored row and every index document carries one.
    ShopId
);
external_id!(
    /// A customer, as the shop's own system names them.
    CustomerId
);
own_id!(
    /// One conversation of one customer or visitor.
    ConversationId,
    "conv_"
);
own_id!(
    /// One message of a conversation, whoever wrote it.
    MessageId,
    "msg_"
);
own_id!(
    /// A ticket: work for a person, opened by a handoff.
    TicketId,
    "tkt_"
);
own_id!(
    /// Something that is done for a customer.
    ActionId,
    "act_"
);
own_id!(
    /// A word that was given to a customer, with a time.
    PromiseId,
    "prm_"
);
own_id!(
    /// A matter of several steps.
    FlowId,
    "flw_"
);
own_id!(
    /// One word that the assistant says, or would say, without being asked.
    NudgeId,
    "ndg_"
);
own_id!(
    /// A question that nothing answered.
    GapId,
    "gap_"
);
own_id!(
    /// A picture that a customer has sent.
    PictureId,
    "pic_"
);
own_id!(
    /// A subscription of another system.
    WebhookId,
    "whk_"
);
own_id!(
    /// One event for one subscription.
    DeliveryId,
    "whd_"
);
own_id!(
    /// An anonymous browser.
    VisitorId,
    "vis_"
);

impl Default for ShopId {
    fn default() -> Self {
        Self(DEFAULT_SHOP.to_owned())
    }
}

/// How a customer is known in this turn. [`Identity::Anonymous`] opens no order facts at all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// Proven by a valid signature under the shop's secret.
    Customer(CustomerId),
    /// Nobody in particular; perhaps a browser that was seen before.
    Anonymous(Option<VisitorId>),
    /// Nobody in particular either, but in one conversation the number and the phone of an order were proven.
    Holder(OrderHolder),
}

/// Somebody who has not signed in and has proven, in one conversation, to hold some orders. It opens those orders there
/// and nothing else of their customer: no other order, no profile, no coupon.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrderHolder {
    visitor: Option<VisitorId>,
    conversation: ConversationId,
    orders: Vec<String>,
}

impl OrderHolder {
    /// Only the store makes one, from what it wrote down when the proof was right; and every read of an order asks the
    /// store again whether that still stands, so that one that was made up opens nothing.
    pub(crate) fn new(visitor: Option<VisitorId>, conversation: ConversationId, orders: Vec<String>) -> Self {
        Self { visitor, conversation, orders }
    }

    /// The browser, if it is known.
    pub fn visitor(&self) -> Option<&VisitorId> {
        self.visitor.as_ref()
    }

    /// The only conversation in which the orders are open.
    pub fn conversation(&self) -> &ConversationId {
        &self.conversation
    }

    /// The ids of the open orders, the latest first.
    pub fn orders(&self) -> &[String] {
        &self.orders
    }

    /// Whether an order is open.
    pub fn opens(&self, order: &str) -> bool {
        self.orders.iter().any(|open| open == order)
    }
}

/// On whose behalf facts and conversations are read: one shop and what is proven of the customer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The shop.
    pub shop: ShopId,
    /// What is proven of the person who asks.
    pub identity: Identity,
}

impl Scope {
    /// The scope of nobody in particular: knowledge and products, no orders.
    pub fn anonymous(shop: ShopId) -> Self {
        Self { shop, identity: Identity::Anonymous(None) }
    }

    /// The scope of a customer whose signature was checked.
    pub fn customer(shop: ShopId, customer: CustomerId) -> Self {
        Self { shop, identity: Identity::Customer(customer) }
    }

    /// The verified customer, if there is one.
    pub fn verified_customer(&self) -> Option<&CustomerId> {
        match &self.identity {
            Identity::Customer(customer) => Some(customer),
            Identity::Anonymous(_) | Identity::Holder(_) => None,
        }
    }

    /// Whoever has proven to hold an order without signing in.
    pub fn order_holder(&self) -> Option<&OrderHolder> {
        match &self.identity {
            Identity::Holder(holder) => Some(holder),
            Identity::Customer(_) | Identity::Anonymous(_) => None,
        }
    }

    /// Whether there may be orders that this scope reaches.
    pub fn reaches_orders(&self) -> bool {
        !matches!(self.identity, Identity::Anonymous(_))
    }

    /// The browser of somebody who has not signed in.
    pub fn visitor(&self) -> Option<&VisitorId> {
        match &self.identity {
            Identity::Customer(_) => None,
            Identity::Anonymous(visitor) => visitor.as_ref(),
            Identity::Holder(holder) => holder.visitor(),
        }
    }
}

/// The explicit scope of staff and of background work: a whole shop.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StaffScope {
    /// The shop.
    pub shop: ShopId,
    /// The name under which it acts, for the audit.
    pub actor: String,
}

/// What a key may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum KeyScope {
    /// Look after the installation.
    Admin,
    /// Write and read facts.
    Facts,
    /// Report what happens in the shop.
    Events,
    /// Work at the desk: read conversations and tickets, answer customers.
    Desk,
    /// Chat with the whole answer: evidence, refusals, timing.
    Chat,
}

impl KeyScope {
    /// Every scope.
    pub const ALL: [Self; 5] = [Self::Admin, Self::Facts, Self::Events, Self::Desk, Self::Chat];

    /// Its name, as keys are made and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Facts => "facts",
            Self::Events => "events",
            Self::Desk => "desk",
            Self::Chat => "chat",
        }
    }
}

/// A valid key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffKey {
    /// Its name, under which its holder acts: the agent of a claim, the actor of the audit.
    pub name: String,
    /// The shop it belongs to.
    pub shop: ShopId,
    /// What it may do.
    pub scopes: Vec<KeyScope>,
}

impl StaffKey {
    /// Whether it has a scope.
    pub fn has(&self, scope: KeyScope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether it has every scope; such keys are not limited.
    pub fn has_all(&self) -> bool {
        KeyScope::ALL.into_iter().all(|scope| self.has(scope))
    }

    /// The staff scope it acts in.
    pub fn staff_scope(&self) -> StaffScope {
        StaffScope { shop: self.shop.clone(), actor: self.name.clone() }
    }
}

/// What counts as one address wherever tries or requests are counted: of the newer kind a household has a whole network, whose
/// first address stands for all of them.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        older @ IpAddr::V4(_) => older,
        IpAddr::V6(newer) => {
            let [a, b, c, d, ..] = newer.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// How new conversations are named. The id also decides which variant of a wording is said first.
#[derive(Debug, Clone, Default)]
pub enum ConversationIds {
    /// At random, as a running shop must: who knows the id of a conversation nobody has signed in to owns it.
    #[default]
    Unguessable,
    /// Counted from a seed, so that a conversation told as data goes the same way each time.
    Counted {
        /// What the ids begin with.
        seed: u64,
        /// How many there are.
        count: Arc<AtomicU64>,
    },
}

impl ConversationIds {
    /// Counts the conversations of an empty data folder.
    pub fn counted(seed: u64) -> Self {
        Self::Counted { seed, count: Arc::default() }
    }

    /// The id of the next conversation.
    pub fn next_id(&self) -> ConversationId {
        match self {
            Self::Unguessable => ConversationId::generate(),
            Self::Counted { seed, count } => {
                let number = count.fetch_add(1, Ordering::Relaxed);
                ConversationId(format!("{}{seed:016x}{number:016x}", ConversationId::PREFIX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_ids_are_the_same_for_the_same_seed() {
        let (one, other) = (ConversationIds::counted(7), ConversationIds::counted(7));
        let first = one.next_id();
        assert_eq!(first, other.next_id());
        assert_ne!(first, one.next_id());
        assert_ne!(first, ConversationIds::counted(8).next_id());
        assert_eq!(first.as_str().parse::<ConversationId>(), Ok(first));
    }

    #[test]
    fn a_network_of_the_newer_kind_counts_as_one_address() {
        let check = |address: &str, expected: &str| {
            assert_eq!(network(address.parse().unwrap()).to_string(), expected, "{address}");
        };
        check("203.0.113.7", "203.0.113.7");
        check("::ffff:203.0.113.7", "203.0.113.7");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
        check("2001:db8:1:2::9", "2001:db8:1:2::");
    }

    #[test]
    fn own_ids_keep_their_prefix_through_text() {
        let id = ConversationId::generate();
        assert_eq!(id.as_str().parse::<ConversationId>(), Ok(id.clone()));
        assert_eq!("tkt_1".parse::<ConversationId>(), Err(IdError::Prefix("conv_")));
    }

    #[test]
    fn outside_ids_are_any_utf8_up_to_the_limit() {
        assert!(CustomerId::new("客户-1 a").is_ok());
        assert_eq!(CustomerId::new("  "), Err(IdError::Empty));
        assert_eq!(CustomerId::new("a".repeat(129)), Err(IdError::TooLong(129)));
        assert_eq!(CustomerId::new("a\nb"), Err(IdError::Control));
    }
}
