//! What do people do in the made shop? They look, search, fill carts, order, pay, get parcels, and talk.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::catalogue::{PRODUCTS, product_id, title};
use super::{About, Maker, later};
use crate::identity::ConversationId;
use crate::proactive::{EventType, Person};

/// Of so many visits one fills a cart.
const PER_CART: u64 = 5;

/// Of all looks at products the first customer has every fifth.
const SHARE_OF_ONE: usize = 5;

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

/// An order on its way through its life.
struct Ordered {
    id: String,
    person: Person,
    product: u64,
    placed: Timestamp,
    parcel: Vec<(Timestamp, &'static str)>,
    delivered: Option<Timestamp>,
}

impl Maker {
    /// Somebody comes and looks.
    pub(super) fn visit(&mut self) {
        let of_one = self.looks_of_one * SHARE_OF_ONE < self.looks_of_all;
        let person = if of_one { Self::customer(0) } else { self.anybody() };
        let Some(person) = person else { return };
        let is_first = Self::customer(0).as_ref() == Some(&person);
        let product = self.popular();
        let mut at = self.moment();
        if self.one_in(10) {
            self.happens(EventType::Search, Some(&person), About::default(), at);
        }
        if self.one_in(40) {
            self.happens(EventType::Custom, Some(&person), About::default(), at);
        }
        let looks = if of_one { 12 } else { 1 + self.below(7) };
        for _ in 0..looks {
            // Some load the page again at once; that is one look.
            let pause = if self.one_in(4) { 1 + self.below(9) } else { 10 + self.below(170) };
            at = later(at, pause);
            let about = About::product(&product_id(product));
            self.happens(EventType::ProductViewed, Some(&person), about, at);
            self.looks_of_all += 1;
            self.looks_of_one += usize::from(is_first);
        }
        if self.one_in(PER_CART) {
            self.cart(&person, product, later(at, 20));
        }
    }

    /// Low numbers are looked at more than high ones.
    fn popular(&mut self) -> u64 {
        let end = 1 + self.below(PRODUCTS);
        self.below(end)
    }

    fn cart(&mut self, person: &Person, product: u64, at: Timestamp) {
        let about = || About::product(&product_id(product));
        self.happens(EventType::CartAdded, Some(person), about(), at);
        let left = self.percent(60);
        if left {
            self.happens(EventType::CartLeft, Some(person), about(), later(at, 10 * MINUTE));
        }
        if person.customer().is_some() && (!left || self.percent(40)) {
            let wait = self.below(40 * MINUTE) + 11 * MINUTE;
            self.order(person, product, later(at, wait));
        }
    }

    /// An order is placed, and goes as far as the day goes.
    fn order(&mut self, person: &Person, product: u64, placed: Timestamp) {
        self.orders += 1;
        let id = format!("o{}", self.orders);
        let mut order =
            Ordered { id, person: person.clone(), product, placed, parcel: Vec::new(), delivered: None };
        self.stage(&order, "unpaid", EventType::OrderPlaced, placed);
        let wait = self.below(100 * MINUTE) + 1;
        let paid = later(placed, wait);
        if self.percent(25) || !self.is_today(paid) {
            return;
        }
        self.stage(&order, "paid", EventType::OrderPaid, paid);
        let wait = self.below(6 * HOUR) + 10 * MINUTE;
        let shipped = later(paid, wait);
        if self.percent(20) || !self.is_today(shipped) {
            return;
        }
        order.parcel.push((shipped, "已揽收"));
        self.stage(&order, "shipped", EventType::OrderShipped, shipped);
        // Some parcels stand still from here on.
        if self.percent(80) {
            self.travel(order, shipped);
        }
    }

    fn travel(&mut self, mut order: Ordered, shipped: Timestamp) {
        let wait = self.below(3 * HOUR) + HOUR;
        let moved = later(shipped, wait);
        let text = if self.percent(30) {
            "已到菜鸟驿站，请凭取件码取件"
        } else {
            "运输中，已到达转运中心"
        };
        order.parcel.push((moved, text));
        self.stage(&order, "in_transit", EventType::ShipmentEvent, moved);
        let wait = self.below(8 * HOUR) + HOUR;
        let delivered = later(moved, wait);
        if self.percent(30) || !self.is_today(delivered) {
            return;
        }
        order.parcel.push((delivered, "已签收"));
        order.delivered = Some(delivered);
        self.stage(&order, "delivered", EventType::OrderDelivered, delivered);
        if self.percent(40) {
            let about = About::order(&order.id);
            self.happens(EventType::ReviewLeft, Some(&order.person), about, later(delivered, 30 * MINUTE));
        }
    }

    /// The record changes, and the shop's system says so.
    fn stage(&mut self, order: &Ordered, status: &str, kind: EventType, at: Timestamp) {
        let record = self.record(order, status);
        self.reads(record, at);
        self.happens(kind, Some(&order.person), About::order(&order.id), at);
    }

    fn record(&self, order: &Ordered, status: &str) -> Value {
        let customer = order.person.customer().map(|customer| customer.as_str());
        let mut record = json!({
            "kind": "order", "id": order.id, "customer": customer, "status": status,
            "placed_at": self.written(order.placed), "close_at": self.written(later(order.placed, 2 * HOUR)),
            "items": [{ "product": product_id(order.product), "title": title(order.product), "quantity": 1 }],
        });
        if !order.parcel.is_empty() {
            let entry = |(at, text): &(Timestamp, &str)| json!({ "at": self.written(*at), "text": text });
            let events: Vec<Value> = order.parcel.iter().map(entry).collect();
            record["shipment"] =
                json!({ "carrier": "样品快递", "tracking": format!("T{}", order.id), "events": events });
            if let Some(delivered) = order.delivered {
                record["shipment"]["delivered_at"] = self.written(delivered).into();
            }
        }
        record
    }

    /// A talk came to rest.
    pub(super) fn talk(&mut self) {
        let Some(person) = self.anybody() else { return };
        let (at, number) = (self.moment(), self.events);
        let before_buying = self.percent(50);
        let stage = if before_buying { "pre_sale" } else { "after_sale" };
        let negative = self.percent(20);
        let detail = json!({
            "stage": stage, "topic": "product", "scenario": "shop_question", "turns": 2, "negative": negative,
            "danger": negative && self.percent(20), "solved": !negative && self.percent(70),
            "handed_over": self.percent(5),
        });
        let about = About {
            product: before_buying.then(|| product_id(self.popular())),
            conversation: format!("{}made{number}", ConversationId::PREFIX).parse().ok(),
            detail: detail.as_object().cloned().unwrap_or_default(),
            ..About::default()
        };
        self.happens(EventType::ConversationEnded, Some(&person), about, at);
    }
}
