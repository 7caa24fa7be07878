//! A shop day of any size, made from a seed: consents of all kinds, browsers, orders through their life, and everything that
//! goes wrong with events. The same seed makes the same day.

mod catalogue;
mod life;

use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};
use serde_json::{Map, Value};

use super::{Arrival, Arrived, Day};
use crate::bench::Random;
use crate::identity::{ConversationId, CustomerId, VisitorId};
use crate::proactive::{EventType, Person, ShopEvent};
use crate::record::Record;

/// The day, in shop time.
const DATE: civil::Date = civil::Date::constant(2026, 11, 18);

/// More events than this do not fit into memory well.
const MOST_EVENTS: usize = 5_000_000;

/// Of so many times that somebody comes, once it is to talk.
const PER_TALK: u64 = 20;

/// Of so many events one is years old, one comes late, one comes twice.
const PER_OLD: u64 = 400;
const PER_LATE: u64 = 33;
const PER_DOUBLE: u64 = 100;

const DAY_SECONDS: u64 = 24 * 3600;

/// What is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Making {
    /// The seed.
    pub seed: u64,
    /// How many customers.
    pub customers: usize,
    /// How many events.
    pub events: usize,
}

/// A day that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no day to be made; expected are SEED,CUSTOMERS,EVENTS, as in 1,10000,500000, at least 1 customer and 1 to {MOST_EVENTS} events"
)]
pub struct MakingError(String);

impl FromStr for Making {
    type Err = MakingError;

    fn from_str(text: &str) -> Result<Self, MakingError> {
        let wrong = || MakingError(text.to_owned());
        let numbers: Vec<u64> =
            text.split(',').map(|part| part.trim().parse()).collect::<Result<_, _>>().map_err(|_| wrong())?;
        let [seed, customers, events] = numbers[..] else { return Err(wrong()) };
        let size = |number: u64| usize::try_from(number).ok().filter(|size| (1..=MOST_EVENTS).contains(size));
        Ok(Self {
            seed,
            customers: size(customers).ok_or_else(wrong)?,
            events: size(events).ok_or_else(wrong)?,
        })
    }
}

/// Makes a day.
pub fn make_day(making: Making, zone: &TimeZone) -> Day {
    let start = DATE.to_zoned(zone.clone()).map_or(Timestamp::UNIX_EPOCH, |start| start.timestamp());
    let mut maker = Maker {
        random: Random::new(making.seed),
        zone: zone.clone(),
        start,
        customers: making.customers,
        looks_of_all: 0,
        looks_of_one: 0,
        orders: 0,
        day: Day::default(),
        events: 0,
    };
    maker.catalogue();
    while maker.events < making.events {
        if maker.one_in(PER_TALK) { maker.talk() } else { maker.visit() }
    }
    maker.day
}

/// Somebody who makes a day.
struct Maker {
    random: Random,
    zone: TimeZone,
    start: Timestamp,
    customers: usize,
    looks_of_all: usize,
    /// Of these, those of the customer with a fifth of all.
    looks_of_one: usize,
    orders: usize,
    day: Day,
    events: usize,
}

/// What an event is about.
#[derive(Debug, Clone, Default)]
struct About {
    product: Option<String>,
    order: Option<String>,
    conversation: Option<ConversationId>,
    detail: Map<String, Value>,
}

impl Maker {
    fn below(&mut self, end: u64) -> u64 {
        self.random.bits() % end.max(1)
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    fn moment(&mut self) -> Timestamp {
        let seconds = self.below(DAY_SECONDS);
        later(self.start, seconds)
    }

    fn is_today(&self, at: Timestamp) -> bool {
        at < later(self.start, DAY_SECONDS)
    }

    fn customer(number: usize) -> Option<Person> {
        CustomerId::new(format!("c{number}")).ok().map(Person::Customer)
    }

    fn anybody(&mut self) -> Option<Person> {
        if self.percent(15) {
            let number = self.below(self.customers as u64);
            return format!("{}made{number}", VisitorId::PREFIX).parse().ok().map(Person::Visitor);
        }
        let number = self.below(self.customers as u64);
        Self::customer(usize::try_from(number).unwrap_or_default())
    }

    /// An event happens. It may come late, twice, or be of a time long gone.
    fn happens(&mut self, kind: EventType, person: Option<&Person>, about: About, at: Timestamp) {
        self.events += 1;
        // An order of last year would have lapsed last year, which its record, made for today, does not say.
        let is_old = self.one_in(PER_OLD) && kind != EventType::OrderPlaced;
        let happened = if is_old { earlier(at, 365 * DAY_SECONDS) } else { at };
        let received = if self.one_in(PER_LATE) {
            let seconds = self.below(3 * 3600);
            later(at, seconds)
        } else {
            at
        };
        let event = ShopEvent {
            id: format!("e{}", self.events),
            kind,
            person: person.cloned(),
            product: about.product,
            order: about.order,
            conversation: about.conversation,
            detail: about.detail,
            at: happened,
        };
        if self.one_in(PER_DOUBLE) {
            self.events += 1;
            let seconds = self.below(600);
            let again =
                Arrival { at: later(received, seconds), what: Arrived::Event(Box::new(event.clone())) };
            self.day.arrivals.push(again);
        }
        self.day.arrivals.push(Arrival { at: received, what: Arrived::Event(Box::new(event)) });
    }

    /// A record reads so from a moment on.
    fn reads(&mut self, record: Value, at: Timestamp) {
        if let Ok(record) = Record::from_value(record) {
            self.day.arrivals.push(Arrival { at, what: Arrived::Record(Box::new(record)) });
        }
    }

    /// A time as the shop's systems write it.
    fn written(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S").to_string()
    }
}

impl About {
    fn product(id: &str) -> Self {
        Self { product: Some(id.to_owned()), ..Self::default() }
    }

    fn order(id: &str) -> Self {
        Self { order: Some(id.to_owned()), ..Self::default() }
    }
}

fn later(at: Timestamp, seconds: u64) -> Timestamp {
    shifted(at, i64::try_from(seconds).unwrap_or(i64::MAX))
}

fn earlier(at: Timestamp, seconds: u64) -> Timestamp {
    shifted(at, i64::try_from(seconds).map_or(i64::MIN, |seconds| -seconds))
}

fn shifted(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(at)
}
