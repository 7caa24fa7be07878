//! Events of a made-up shop: which customer does what next, and in which requests that is reported. The same seed gives the
//! same events; the ids are new in every run, because a server takes an id once.

use std::time::Duration;

use serde_json::{Value, json};

use super::EventsPlan;
use crate::bench::schedule::Random;

/// What customers do, with how often of a hundred. Looks are most of it, as in every shop.
const MIX: [(&str, u64); 7] = [
    ("product_viewed", 70),
    ("search", 12),
    ("cart_added", 8),
    ("cart_left", 4),
    ("order_placed", 2),
    ("order_paid", 1),
    ("shipment_event", 3),
];

/// One request: so many events from a number on, due so long after the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Request {
    /// The number of its first event.
    pub(super) from: usize,
    /// How many events it has.
    pub(super) count: usize,
    /// When it is due.
    pub(super) due: Duration,
}

/// All requests of a measurement, evenly spread: lists, and between them the share that comes one by one.
pub(super) fn requests(plan: &EventsPlan) -> Vec<Request> {
    let events = plan.events();
    let (mut requests, mut from, mut single) = (Vec::new(), 0, 0_usize);
    while from < events {
        let is_single = (single as f64) < plan.single_share * (from + 1) as f64;
        let count = if is_single { 1 } else { plan.list.min(events - from) };
        single += usize::from(is_single);
        requests.push(Request { from, count, due: Duration::from_secs_f64(from as f64 / plan.per_second) });
        from += count;
    }
    requests
}

/// Makes events by their numbers.
#[derive(Debug, Clone)]
pub(super) struct Made {
    run: String,
    seed: u64,
    customers: u64,
    products: Vec<String>,
}

impl Made {
    /// The events of a plan.
    pub(super) fn new(plan: &EventsPlan) -> Self {
        Self {
            run: uuid::Uuid::now_v7().simple().to_string(),
            seed: plan.seed,
            customers: plan.customers.max(1) as u64,
            products: plan.products.clone(),
        }
    }

    /// An event.
    pub(super) fn event(&self, number: usize) -> Value {
        let mut random = Random::new(self.seed.wrapping_add(number as u64));
        let kind = kind_of(random.bits() % 100);
        let customer = random.bits() % self.customers;
        let product = usize::try_from(random.bits() % self.products.len().max(1) as u64).unwrap_or_default();
        let mut event = json!({
            "id": format!("bench-{}-{number}", self.run),
            "type": kind,
            "customer": format!("bench-{customer}"),
        });
        match kind {
            "search" => event["query"] = json!("outing"),
            "order_placed" | "order_paid" | "shipment_event" => {
                event["order"] = json!(format!("bench-{customer}"));
            }
            _ => event["product"] = json!(self.products.get(product)),
        }
        event
    }

    /// The body of a request: one event, or a list.
    pub(super) fn body(&self, request: Request) -> Value {
        if request.count == 1 {
            return self.event(request.from);
        }
        (request.from..request.from + request.count).map(|number| self.event(number)).collect()
    }
}

fn kind_of(draw: u64) -> &'static str {
    let mut upto = 0;
    let drawn = MIX.iter().find(|(_, share)| {
        upto += share;
        draw < upto
    });
    drawn.map_or(MIX[0].0, |(kind, _)| kind)
}
