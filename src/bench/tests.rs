//! Each part of the measurement against servers that are known to behave, or known not to.

mod driving;
mod parts;
mod reporting;
mod running;
mod server;

use std::time::Duration;

use super::{BenchPlan, Load, Question};

/// A plan for a server, to be changed by each test.
fn plan(url: &str) -> BenchPlan {
    BenchPlan {
        url: url.to_owned(),
        admin_key: Some("key".into()),
        customer_secret: Some("geheim".into()),
        questions: vec![question(None, "奶粉能退吗")],
        load: Load::Concurrency { clients: 1, requests: 1 },
        stream: true,
        conversations: None,
        warmup: 0,
        turn_timeout: Duration::from_secs(10),
        connections: 8,
        seed: 1,
        resolve_tickets: true,
        sale_day: None,
        embedded: false,
    }
}

fn question(customer: Option<&str>, text: &str) -> Question {
    Question { customer: customer.map(str::to_owned), text: text.to_owned() }
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
