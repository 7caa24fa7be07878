//! How does a day go? The clock goes from one arrival, one due word and one beginning of a day to the next; each is judged
//! at its moment, as the server does it.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap, HashSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::people::{LastHour, People, Place};
use super::report::{NudgeLine, RuleCounts, RuleReport, SimulationReport};
use super::shelf::Shelf;
use super::{Arrival, Arrived, Simulated};
use crate::pack::proactive::{NudgeRule, Proactive};
use crate::proactive::{
    Begun, EventType, Held, NudgeState, Person, Planned, Reason, ShopEvent, Shown, changes_of, day_of,
    may_send, plan, quiet_until, seen_of, untrue, variables, withheld,
};
use crate::record::Record;
use crate::time::Now;

/// A word that is planned, said or dropped.
struct Waiting {
    rule: usize,
    person: Place,
    event: ShopEvent,
    expires: Timestamp,
    /// How often it was looked at or changed; who saw it otherwise comes too late.
    looks: u32,
    line: NudgeLine,
}

/// When a nudge is looked at: the earliest first, of these the most important first, then the one planned first.
type Look = Reverse<(Timestamp, Reverse<i32>, usize, u32)>;

/// A day that is going on.
pub(super) struct Run<'a> {
    rules: &'a Proactive,
    zone: &'a TimeZone,
    shelf: Shelf,
    people: People,
    last_hour: LastHour,
    nudges: Vec<Waiting>,
    /// The nudge of a rule, a person and a cause: there is one at most.
    by_cause: HashMap<(usize, Place, String), usize>,
    queue: BinaryHeap<Look>,
    /// Ids of events that were taken.
    taken: HashSet<String>,
    /// When the next day may begin for the customers; never, if no rule asks for it.
    next_day: Timestamp,
    duplicates: u64,
    events: u64,
    changes: u64,
}

impl<'a> Run<'a> {
    /// A day that begins at a moment, with nothing known and nobody there.
    pub fn new(rules: &'a Proactive, zone: &'a TimeZone, start: Timestamp) -> Self {
        let mut run = Self {
            rules,
            zone,
            shelf: Shelf::default(),
            people: People::default(),
            last_hour: LastHour::default(),
            nudges: Vec::new(),
            by_cause: HashMap::new(),
            queue: BinaryHeap::new(),
            taken: HashSet::new(),
            next_day: Timestamp::MAX,
            duplicates: 0,
            events: 0,
            changes: 0,
        };
        if rules.is_begun_by(EventType::DayBegun) {
            run.next_day = start;
        }
        run
    }

    /// A record is known before anything arrives.
    pub fn know(&mut self, record: Record, at: Timestamp) {
        self.shelf.put(record, &Now::new(at, self.zone.clone()));
    }

    /// Everything that is due until a moment, this moment included, is done at its own time.
    pub fn go_to(&mut self, moment: Timestamp) {
        loop {
            let due = self.queue.peek().map_or(Timestamp::MAX, |Reverse((at, ..))| *at);
            if self.next_day <= due && self.next_day <= moment {
                self.begin_day();
            } else if due <= moment
                && let Some(Reverse((at, _, nudge, looks))) = self.queue.pop()
            {
                self.look_at(nudge, looks, at);
            } else {
                return;
            }
        }
    }

    /// Something arrives, and what it begins at once is said at once.
    pub fn receive(&mut self, arrival: Arrival) {
        let now = Now::new(arrival.at, self.zone.clone());
        match arrival.what {
            Arrived::Record(record) => self.change(*record, &now),
            Arrived::Event(event) => {
                // A known id changes nothing, however the event reads this time.
                if self.taken.insert(event.id.clone()) {
                    self.events += 1;
                    self.happen(*event, &now);
                } else {
                    self.duplicates += 1;
                }
            }
        }
        self.go_to(arrival.at);
    }

    /// A record reads otherwise now, which for a product may be an event.
    fn change(&mut self, record: Record, now: &Now) {
        self.changes += 1;
        let id = record.id.clone();
        let Some(before) = self.shelf.put(record, now) else { return };
        let Some(after) = self.shelf.product(&id) else { return };
        for (kind, detail) in changes_of(after, seen_of(&before, now), now) {
            let event = ShopEvent {
                id: format!("{}:{}:{id}", kind.as_str(), self.changes),
                kind,
                person: None,
                product: Some(id.clone()),
                order: None,
                conversation: None,
                detail,
                at: now.timestamp(),
            };
            self.happen(event, now);
        }
    }

    /// What concerns a product alone concerns everybody who has looked at it.
    fn happen(&mut self, event: ShopEvent, now: &Now) {
        let of_product = matches!(event.kind, EventType::PriceDropped | EventType::Restocked);
        if let Some(person) = event.person.clone() {
            self.begin(&event, &person, now);
        } else if let Some(product) =
            event.product.as_ref().filter(|_| of_product && self.rules.is_begun_by(event.kind))
        {
            for person in self.people.viewers(product, now.timestamp()) {
                self.begin(&event.of_viewer(&person), &person, now);
            }
        }
    }

    /// What an event begins is planned.
    fn begin(&mut self, event: &ShopEvent, person: &Person, now: &Now) {
        let place = self.people.take(person, event, now.timestamp());
        if !self.rules.is_begun_by(event.kind) {
            return;
        }
        let known = self.shelf.known((event, person), self.rules, now);
        let history = &self.people.at(place).history;
        for planned in plan(self.rules, Begun { event, history, known: &known, now }) {
            self.keep(planned, (event, place), now.timestamp());
        }
    }

    /// One word for one cause: what was said or dropped is never planned again, what is planned still may be put off.
    fn keep(&mut self, planned: Planned, (event, person): (&ShopEvent, Place), now: Timestamp) {
        let Some(rule) = self.rules.rules.iter().position(|rule| rule.id == planned.rule) else { return };
        let mut event = event.clone();
        event.product = planned.product.or(event.product);
        let number = match self.by_cause.entry((rule, person, planned.cause.clone())) {
            Entry::Vacant(free) => {
                free.insert(self.nudges.len());
                let line = NudgeLine {
                    rule: planned.rule,
                    person: self.people.at(person).person.key(),
                    cause: planned.cause,
                    event: event.id.clone(),
                    event_at: event.at,
                    due: planned.due,
                    state: NudgeState::Planned,
                    reason: None,
                    sent_at: None,
                    held: 0,
                };
                self.nudges.push(Waiting { rule, person, event, expires: planned.expires, looks: 0, line });
                self.nudges.len() - 1
            }
            Entry::Occupied(known) => {
                let waiting = &mut self.nudges[*known.get()];
                let is_planned = waiting.line.state == NudgeState::Planned;
                if !planned.renews || !is_planned || planned.due <= waiting.line.due {
                    return;
                }
                (waiting.line.due, waiting.expires) = (planned.due, planned.expires);
                (waiting.line.event, waiting.line.event_at) = (event.id.clone(), event.at);
                waiting.event = event;
                waiting.looks += 1;
                *known.get()
            }
        };
        self.look_later(number, self.nudges[number].line.due.max(now));
    }

    fn look_later(&mut self, number: usize, at: Timestamp) {
        let waiting = &self.nudges[number];
        let priority = self.rules.rules[waiting.rule].priority;
        self.queue.push(Reverse((at, Reverse(priority), number, waiting.looks)));
    }

    /// A word is due: it is said, put off or dropped.
    fn look_at(&mut self, number: usize, looks: u32, at: Timestamp) {
        let waiting = &self.nudges[number];
        if waiting.looks != looks || waiting.line.state != NudgeState::Planned {
            return;
        }
        let now = Now::new(at, self.zone.clone());
        let (rule, person, expires) = (waiting.rule, waiting.person, waiting.expires);
        let judged = self.judge(number, &now);
        let waiting = &mut self.nudges[number];
        waiting.looks += 1;
        match judged {
            Ok(()) => {
                waiting.line.state = NudgeState::Sent;
                waiting.line.sent_at = Some(at);
                self.last_hour.add(rule, at);
                let NudgeRule { id, purpose, .. } = &self.rules.rules[rule];
                self.people.tell(person, Shown { rule: id.clone(), purpose: *purpose, at });
            }
            Err(Held::Until(time)) if time < expires => {
                waiting.line.held += 1;
                waiting.line.due = time;
                self.look_later(number, time);
            }
            Err(held) => {
                waiting.line.state = NudgeState::Dropped;
                waiting.line.reason = Some(match held {
                    Held::Until(_) => Reason::Expired,
                    Held::Dropped(reason) => reason,
                });
            }
        }
    }

    fn judge(&mut self, number: usize, now: &Now) -> Result<(), Held> {
        let Waiting { rule: place, person, event, expires, .. } = &self.nudges[number];
        let rule = &self.rules.rules[*place];
        if now.timestamp() >= *expires {
            return Err(Held::Dropped(Reason::Expired));
        }
        let someone = self.people.at(*person);
        let consents = self.shelf.consents(&someone.person);
        let counts = self.last_hour.counts(*place, now.timestamp());
        let standing = someone.standing(consents, counts, now.timestamp());
        may_send(rule, event, &standing, &self.rules.brakes, now)?;
        let known = self.shelf.known((event, &someone.person), self.rules, now);
        let about = (&someone.history, event.product.as_deref());
        let variables = variables(event, about, (&known, rule.offers), now);
        if let Some(reason) = untrue(rule, (event, &someone.history), &variables, now) {
            return Err(Held::Dropped(reason));
        }
        let withheld = withheld(rule, &someone.person, &self.rules.brakes);
        withheld.map_or(Ok(()), |reason| Err(Held::Dropped(reason)))
    }

    /// A day begins for the customers, after the quiet hours.
    fn begin_day(&mut self) {
        let now = Now::new(self.next_day, self.zone.clone());
        if let Some(end) = quiet_until(&self.rules.brakes, &now) {
            self.next_day = end;
            return;
        }
        let today = now.zoned().date();
        let tomorrow = today.tomorrow().ok().and_then(|day| day.to_zoned(self.zone.clone()).ok());
        self.next_day = tomorrow.map_or(Timestamp::MAX, |tomorrow| tomorrow.timestamp());
        let today = today.to_string();
        let events: Vec<ShopEvent> =
            self.shelf.customers().filter_map(|customer| day_of(customer, &today, &now)).collect();
        for event in events {
            self.happen(event, &now);
        }
    }

    /// The clock stands still.
    pub fn end(self, (from, until): (Timestamp, Timestamp)) -> Simulated {
        let mut counts = vec![RuleCounts::default(); self.rules.rules.len()];
        for waiting in &self.nudges {
            counts[waiting.rule].add(&waiting.line);
        }
        let mut total = RuleCounts::default();
        counts.iter().for_each(|counts| total += counts);
        let rules = self.rules.rules.iter().zip(counts).map(|(rule, counts)| RuleReport {
            rule: rule.id.clone(),
            name: rule.name.clone(),
            enabled: rule.enabled && self.rules.brakes.enabled,
            counts,
        });
        let report = SimulationReport {
            from,
            until,
            events: self.events,
            duplicates: self.duplicates,
            changes: self.changes,
            people: self.people.len(),
            rules: rules.collect(),
            total,
        };
        Simulated { report, nudges: self.nudges.into_iter().map(|waiting| waiting.line).collect() }
    }
}
