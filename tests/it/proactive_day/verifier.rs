//! Was anything said first on a day that should not have been? Written from what the documentation says of the brakes and of
//! the shipped rules, with nothing of the program's own judging: it knows what was said, what happened, what the customers
//! have agreed to and the numbers of the brakes, and counts for itself.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};
use serde_json::Value;
use warmdesk::eval::proactive::{Arrived, Day, NudgeLine};
use warmdesk::proactive::EventType::{self, *};
use warmdesk::proactive::{NudgeState, ShopEvent};
use warmdesk::record::RecordKind;

/// The numbers of the brakes, as `proactive.yaml` has them.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From which hour until which nobody is disturbed.
    pub quiet: (i8, i8),
    pub a_day: usize,
    pub a_week: usize,
    pub orders_a_day: usize,
    pub apart_minutes: i64,
    pub after_trouble_hours: i64,
    pub rule_an_hour: usize,
    pub shop_an_hour: usize,
    pub holdout_percent: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            quiet: (22, 9),
            a_day: 2,
            a_week: 4,
            orders_a_day: 6,
            apart_minutes: 10,
            after_trouble_hours: 72,
            rule_an_hour: 2_000,
            shop_an_hour: 10_000,
            holdout_percent: 0,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Purpose {
    Order,
    Offer,
    Care,
}

/// A shipped rule, as the documentation tells it.
struct Told {
    purpose: Purpose,
    /// Whether it is said at once.
    at_once: bool,
    /// So many hours after its event at the latest.
    latest_hours: f64,
    a_day: usize,
    cancelled_by: &'static [EventType],
}

fn told(rule: &str) -> Told {
    const BOUGHT: &[EventType] = &[OrderPlaced, OrderPaid];
    let told = |purpose, at_once, latest_hours, a_day, cancelled_by| Told {
        purpose,
        at_once,
        latest_hours,
        a_day,
        cancelled_by,
    };
    use Purpose::{Care, Offer, Order};
    match rule {
        "viewed_often" => told(Offer, true, 10.0 / 60.0, 1, &[]),
        "cart_left" => told(Offer, false, 12.5, 1, BOUGHT),
        // The orders of the made day lapse two hours after they were placed.
        "unpaid_order" => told(Offer, false, 2.0, 1, &[OrderPaid]),
        "order_paid" => told(Order, true, 12.0, 6, &[]),
        "order_shipped" | "order_delivered" => told(Order, true, 24.0, 6, &[]),
        "shipment_stalled" => told(Order, false, 97.0, 1, &[OrderDelivered]),
        "arrived_not_collected" => told(Order, false, 72.0, 1, &[OrderDelivered]),
        "review_invite" => told(Offer, false, 10.0 * 24.0, 1, &[ReviewLeft]),
        "after_sale_solved" => told(Order, false, 48.0, 1, &[]),
        "consulted_not_ordered" => told(Offer, false, 36.0, 1, BOUGHT),
        "price_dropped" | "restocked" => told(Offer, true, 24.0, 1, &[]),
        "repurchase" => told(Offer, false, 40.0 * 24.0, 1, &[]),
        "next_stage" | "child_birthday" => told(Care, true, 10.0, 1, &[]),
        other => panic!("`{other}` is not in the documentation; tell the verifier of it"),
    }
}

/// What is wrong, by brake.
pub type Violations = BTreeMap<&'static str, Vec<String>>;

struct Happened<'a> {
    arrived: Timestamp,
    event: &'a ShopEvent,
}

/// Somebody who looks at a day afterwards.
pub struct Verifier<'a> {
    limits: &'a Limits,
    zone: TimeZone,
    events: HashMap<&'a str, Timestamp>,
    of_person: HashMap<String, Vec<Happened<'a>>>,
    by_id: HashMap<&'a str, &'a ShopEvent>,
    customers: HashMap<String, &'a serde_json::Map<String, Value>>,
    found: Violations,
}

impl<'a> Verifier<'a> {
    pub fn of(day: &'a Day, limits: &'a Limits, zone: &TimeZone) -> Self {
        let mut verifier = Self {
            limits,
            zone: zone.clone(),
            events: HashMap::new(),
            of_person: HashMap::new(),
            by_id: HashMap::new(),
            customers: HashMap::new(),
            found: Violations::new(),
        };
        let customers = day.records.iter().filter(|record| record.kind == RecordKind::Customer);
        verifier.customers =
            customers.map(|record| (format!("customer:{}", record.id), &record.fields)).collect();
        let mut arrivals: Vec<(Timestamp, &ShopEvent)> = Vec::new();
        for arrival in &day.arrivals {
            if let Arrived::Event(event) = &arrival.what {
                arrivals.push((arrival.at, event));
            }
        }
        arrivals.sort_by_key(|(at, _)| *at);
        for (arrived, event) in arrivals {
            // What comes again has not happened again.
            if verifier.events.contains_key(event.id.as_str()) {
                continue;
            }
            verifier.events.insert(&event.id, arrived);
            verifier.by_id.insert(&event.id, event);
            if let Some(person) = &event.person {
                verifier.of_person.entry(person.key()).or_default().push(Happened { arrived, event });
            }
        }
        verifier
    }

    /// Everything that is wrong with what was said.
    pub fn verify(mut self, nudges: &[NudgeLine]) -> Violations {
        let mut causes = HashSet::new();
        for line in nudges {
            if !causes.insert((&line.rule, &line.person, &line.cause)) {
                self.wrong("twice", line);
            }
        }
        let mut sent: Vec<(Timestamp, &NudgeLine)> =
            nudges.iter().filter_map(|line| Some((line.sent_at?, line))).collect();
        sent.sort_by_key(|(at, _)| *at);
        for (at, line) in &sent {
            if line.state != NudgeState::Sent {
                self.wrong("state", line);
            }
            self.one(*at, line);
        }
        self.an_hour(&sent);
        let mut by_person: HashMap<&str, Vec<(Timestamp, &NudgeLine)>> = HashMap::new();
        for (at, line) in sent {
            by_person.entry(&line.person).or_default().push((at, line));
        }
        for lines in by_person.values() {
            self.caps(lines);
        }
        self.found
    }

    fn wrong(&mut self, brake: &'static str, line: &NudgeLine) {
        let said = format!("{} to {} for {} at {:?}", line.rule, line.person, line.cause, line.sent_at);
        self.found.entry(brake).or_default().push(said);
    }

    fn require(&mut self, holds: bool, brake: &'static str, line: &NudgeLine) {
        if !holds {
            self.wrong(brake, line);
        }
    }

    /// What holds for each word by itself.
    fn one(&mut self, at: Timestamp, line: &NudgeLine) {
        let rule = told(&line.rule);
        let event = self.by_id.get(line.event.as_str()).copied();
        // What the server notices by itself is in no file.
        let happened = event.map_or(line.event_at, |event| event.at);
        let own = event.is_none();
        self.require(
            !own || matches!(&*line.rule, "price_dropped" | "restocked" | "next_stage" | "child_birthday"),
            "made up",
            line,
        );
        self.require(self.has_agreed(&rule, line), "consents", line);
        let latest = SignedDuration::from_secs_f64(rule.latest_hours * 3600.0);
        self.require(at >= happened && at.duration_since(happened) < latest, "expired", line);
        let answers = rule.at_once && event.is_some_and(|event| self.was_just_done(event, at));
        self.require(answers || !self.is_quiet(at), "quiet hours", line);
        if let Some(event) = event {
            self.require(!self.is_cancelled(&rule, (event, line), at), "cancelled", line);
            if line.rule == "viewed_often" {
                self.require(self.looks(event, line, at) >= 4, "looks", line);
            }
        }
        self.require(!self.is_in_trouble(&rule, line, at), "trouble", line);
        let held_out = rule.purpose != Purpose::Order && self.is_held_out(&line.person);
        self.require(!held_out, "holdout", line);
    }

    fn consent(&self, person: &str, name: &str) -> Option<bool> {
        self.customers.get(person)?.get("consent")?.get(name)?.as_bool()
    }

    fn has_agreed(&self, rule: &Told, line: &NudgeLine) -> bool {
        let said = |name: &str| self.consent(&line.person, name);
        match rule.purpose {
            Purpose::Order => said("transactional") != Some(false),
            // What is shown at once on the page that is looked at may be shown to whoever has not refused.
            Purpose::Offer if line.rule == "viewed_often" => said("marketing") != Some(false),
            Purpose::Offer => said("marketing") == Some(true),
            Purpose::Care => {
                let child = self.customers.get(&line.person).and_then(|customer| customer.get("profile"));
                let birthday =
                    child.and_then(|profile| profile.get("child_birthday")).and_then(Value::as_str);
                let birthday = birthday.and_then(|text| text.parse::<civil::Date>().ok());
                let is_born = birthday.is_some_and(|birthday| birthday <= civil::date(2026, 11, 30));
                is_born && said("marketing") == Some(true) && said("child_profile") == Some(true)
            }
        }
    }

    fn is_quiet(&self, at: Timestamp) -> bool {
        let (from, until) = self.limits.quiet;
        let hour = at.to_zoned(self.zone.clone()).hour();
        if from < until { (from..until).contains(&hour) } else { hour >= from || hour < until }
    }

    /// Whether the customer has done it with their own hands, within the last half hour.
    fn was_just_done(&self, event: &ShopEvent, at: Timestamp) -> bool {
        let hands = [ProductViewed, Search, CartAdded, CartLeft, OrderPlaced, OrderPaid, ReviewLeft]
            .contains(&event.kind);
        hands && at.duration_since(event.at) <= SignedDuration::from_mins(30)
    }

    fn done_by(&self, person: &str) -> impl Iterator<Item = &Happened<'a>> {
        self.of_person.get(person).into_iter().flatten()
    }

    fn is_cancelled(&self, rule: &Told, (event, line): (&ShopEvent, &NudgeLine), at: Timestamp) -> bool {
        self.done_by(&line.person).any(|happened| {
            let other = happened.event;
            let same = event.order.is_none() || other.order.is_none() || event.order == other.order;
            happened.arrived < at && rule.cancelled_by.contains(&other.kind) && other.at > event.at && same
        })
    }

    /// How many looks at the product of an event were known when something was said: of the day before the event, those ten
    /// seconds or more after the one counted before.
    fn looks(&self, event: &ShopEvent, line: &NudgeLine, at: Timestamp) -> usize {
        let day = SignedDuration::from_hours(24);
        let mut times: Vec<Timestamp> = self
            .done_by(&line.person)
            .filter(|happened| happened.arrived <= at && happened.event.kind == ProductViewed)
            .filter(|happened| happened.event.product == event.product)
            .map(|happened| happened.event.at)
            .filter(|time| *time <= event.at && event.at.duration_since(*time) <= day)
            .collect();
        times.sort_unstable();
        let mut last: Option<Timestamp> = None;
        let mut looks = 0;
        for time in times {
            if last.is_none_or(|last| time.duration_since(last) >= SignedDuration::from_secs(10)) {
                looks += 1;
                last = Some(time);
            }
        }
        looks
    }

    /// After anger nothing is offered for a while, and no talk followed up; where health is at stake nothing at all is said.
    fn is_in_trouble(&self, rule: &Told, line: &NudgeLine, at: Timestamp) -> bool {
        let hours = SignedDuration::from_hours(self.limits.after_trouble_hours);
        let ended: Vec<&Happened<'_>> = self
            .done_by(&line.person)
            .filter(|happened| happened.event.kind == ConversationEnded && happened.arrived < at)
            .collect();
        let says =
            |happened: &Happened<'_>, name: &str| happened.event.detail.get(name) == Some(&Value::Bool(true));
        let danger = ended.last().is_some_and(|latest| says(latest, "danger"));
        let angry = ended
            .iter()
            .any(|happened| says(happened, "negative") && at.duration_since(happened.event.at) < hours);
        let asks_after_a_talk = line.rule == "after_sale_solved";
        danger || (angry && (rule.purpose != Purpose::Order || asks_after_a_talk))
    }

    /// The share is drawn by the FNV-1a hash of the person, of which the upper half is taken.
    fn is_held_out(&self, person: &str) -> bool {
        let mut hash = 14_695_981_039_346_656_037_u64;
        for byte in person.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211);
        }
        (hash >> 32) % 100 < self.limits.holdout_percent
    }

    /// What holds for all words to one person together.
    fn caps(&mut self, lines: &[(Timestamp, &NudgeLine)]) {
        let day = SignedDuration::from_hours(24);
        let apart = SignedDuration::from_mins(self.limits.apart_minutes);
        for (number, (at, line)) in lines.iter().enumerate() {
            let rule = told(&line.rule);
            let is_offer = rule.purpose != Purpose::Order;
            let earlier = &lines[..number];
            let within = |span: SignedDuration, holds: &dyn Fn(&NudgeLine) -> bool| {
                let counted = |(other, line): &&(Timestamp, &NudgeLine)| {
                    at.duration_since(*other) < span && holds(line)
                };
                1 + earlier.iter().filter(counted).count()
            };
            let alike = |line: &NudgeLine| (told(&line.rule).purpose != Purpose::Order) == is_offer;
            let of_rule = within(day, &|other| other.rule == line.rule);
            let (of_day, of_week) = (within(day, &alike), within(day * 7, &alike));
            let close = within(apart, &|_| true) > 1;
            let limits = self.limits;
            self.require(of_rule <= rule.a_day, "a day of the rule", line);
            if is_offer {
                self.require(of_day <= limits.a_day, "a day", line);
                self.require(of_week <= limits.a_week, "a week", line);
                self.require(!close, "apart", line);
            } else {
                self.require(of_day <= limits.orders_a_day, "orders a day", line);
            }
        }
    }

    /// What holds for the whole shop.
    fn an_hour(&mut self, sent: &[(Timestamp, &NudgeLine)]) {
        let hour = SignedDuration::from_hours(1);
        let mut of_rules: HashMap<&str, Vec<Timestamp>> = HashMap::new();
        let mut of_shop = Vec::new();
        for (at, line) in sent {
            let of_rule = of_rules.entry(&line.rule).or_default();
            // The one that stands so many places before must be an hour old.
            let full = |times: &[Timestamp], limit: usize| {
                times.len().checked_sub(limit).is_some_and(|place| at.duration_since(times[place]) < hour)
            };
            let (wild, loud) =
                (full(of_rule, self.limits.rule_an_hour), full(&of_shop, self.limits.shop_an_hour));
            of_rule.push(*at);
            of_shop.push(*at);
            self.require(!wild && !loud, "an hour", line);
        }
    }
}
