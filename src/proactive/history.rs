//! What has a person done lately, as code counts it: looks at a product, carts, orders; and what was said to them first.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{EventType, ShopEvent};
use crate::pack::proactive::Purpose;

/// Looks at a product within this time belong together.
const LOOKING: SignedDuration = SignedDuration::from_hours(24);

/// Two looks that follow each other sooner are one: a page that was loaded again.
const ONE_LOOK: SignedDuration = SignedDuration::from_secs(10);

/// For so long a person's events are looked back at.
pub const LOOK_BACK: SignedDuration = SignedDuration::from_hours(24 * 30);

/// So many of a person's latest looks and searches at most, and as many of everything else: however much somebody looks at,
/// an order is not forgotten over it. Whoever makes more in a month is no shopper.
pub const MOST_EVENTS: usize = 500;

/// One event of a person, as far as it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Past {
    id: String,
    kind: EventType,
    product: Option<String>,
    order: Option<String>,
    at: Timestamp,
}

/// A person's latest events, by the time at which they happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    past: Vec<Past>,
}

/// Something that was said first to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// By which rule.
    pub rule: String,
    /// What it was for.
    pub purpose: Purpose,
    /// When.
    pub at: Timestamp,
}

impl History {
    /// Takes an event in, at the place where its time belongs; one that is known changes nothing.
    pub fn take(&mut self, event: &ShopEvent) {
        let place = self.past.partition_point(|past| past.at <= event.at);
        let is_known = self.past[..place].iter().rev().take_while(|past| past.at == event.at);
        if is_known.clone().any(|past| past.id == event.id) {
            return;
        }
        let past = Past {
            id: event.id.clone(),
            kind: event.kind,
            product: event.product.clone(),
            order: event.order.clone(),
            at: event.at,
        };
        self.past.insert(place, past);
        if self.past.len() > MOST_EVENTS {
            self.forget_surplus(event.kind.is_browsing());
        }
    }

    /// Forgets what happened before a moment.
    pub fn forget_before(&mut self, moment: Timestamp) {
        let surplus = self.past.partition_point(|past| past.at < moment);
        self.past.drain(..surplus);
    }

    fn forget_surplus(&mut self, browsing: bool) {
        let is_alike = |past: &Past| past.kind.is_browsing() == browsing;
        if self.past.iter().filter(|past| is_alike(past)).count() > MOST_EVENTS
            && let Some(oldest) = self.past.iter().position(is_alike)
        {
            self.past.remove(oldest);
        }
    }

    /// How often a product was looked at within a day before a moment. A page that was loaded again at once is one look.
    pub fn views(&self, product: &str, until: Timestamp) -> usize {
        let mut counted: Option<Timestamp> = None;
        let mut views = 0;
        for past in self.of_product(EventType::ProductViewed, product) {
            let age = until.duration_since(past.at);
            if age.is_negative() || age > LOOKING {
                continue;
            }
            if counted.is_none_or(|last| past.at.duration_since(last) >= ONE_LOOK) {
                views += 1;
                counted = Some(past.at);
            }
        }
        views
    }

    /// Whether a product lies in the cart: it was put there after the last order.
    pub fn is_in_cart(&self, product: &str) -> bool {
        let added = self.of_product(EventType::CartAdded, product).last().map(|past| past.at);
        added.is_some_and(|added| self.last_order().is_none_or(|ordered| ordered < added))
    }

    /// When an order was last placed or paid.
    pub fn last_order(&self) -> Option<Timestamp> {
        let ordered = |past: &&Past| matches!(past.kind, EventType::OrderPlaced | EventType::OrderPaid);
        self.past.iter().rev().find(ordered).map(|past| past.at)
    }

    /// Whether one of these events happened after a moment, about the same order where both name one.
    pub fn came_after(&self, kinds: &[EventType], order: Option<&str>, since: Timestamp) -> bool {
        self.past.iter().any(|past| {
            let same = match (order, past.order.as_deref()) {
                (Some(order), Some(other)) => order == other,
                _ => true,
            };
            past.at > since && same && kinds.contains(&past.kind)
        })
    }

    /// What conditions read of it as `history`, for an event.
    pub fn as_variable(&self, event: &ShopEvent, product: Option<&str>) -> Value {
        let since = |moment: Timestamp| self.last_order().is_some_and(|ordered| ordered > moment);
        json!({
            "views": product.map_or(0, |product| self.views(product, event.at)),
            "in_cart": product.is_some_and(|product| self.is_in_cart(product)),
            "ordered_since": since(event.at),
            "ordered_lately": event.at.checked_sub(LOOKING).is_ok_and(since),
            "searches": self.past.iter().filter(|past| past.kind == EventType::Search).count(),
        })
    }

    fn of_product(&self, kind: EventType, product: &str) -> impl Iterator<Item = &Past> {
        self.past.iter().filter(move |past| past.kind == kind && past.product.as_deref() == Some(product))
    }
}
