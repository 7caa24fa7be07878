//! How do things stand with everybody of a day? What they did, what they were told, what is wrong between them and the shop.

use std::collections::{BTreeSet, HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::proactive::{Consents, EventType, History, LOOK_BACK, Person, ShopEvent, Shown, Standing};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const WEEK: SignedDuration = SignedDuration::from_hours(24 * 7);

/// Somebody, by the place in which they stand among the others.
pub(super) type Place = usize;

/// One person.
#[derive(Debug)]
pub(super) struct Someone {
    pub person: Person,
    pub history: History,
    shown: Vec<Shown>,
    trouble: Option<Timestamp>,
    danger: bool,
}

/// Everybody.
#[derive(Debug, Default)]
pub(super) struct People {
    all: Vec<Someone>,
    places: HashMap<Person, Place>,
    /// Who looked at a product, and when last.
    viewers: HashMap<String, HashMap<Place, Timestamp>>,
}

impl People {
    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn at(&self, place: Place) -> &Someone {
        &self.all[place]
    }

    /// Somebody does something.
    pub fn take(&mut self, person: &Person, event: &ShopEvent, now: Timestamp) -> Place {
        let place = self.place(person);
        let someone = &mut self.all[place];
        someone.history.take(event);
        someone.history.forget_before(now.checked_sub(LOOK_BACK).unwrap_or(Timestamp::MIN));
        match event.kind {
            EventType::ConversationEnded => someone.felt(event),
            EventType::ProductViewed => self.looked(place, event),
            _ => {}
        }
        place
    }

    /// Everybody who has looked at a product within the time that is looked back at.
    pub fn viewers(&self, product: &str, now: Timestamp) -> Vec<Person> {
        let since = now.checked_sub(LOOK_BACK).unwrap_or(Timestamp::MIN);
        let looked = self.viewers.get(product).into_iter().flatten();
        let lately: BTreeSet<Place> =
            looked.filter(|(_, last)| **last >= since).map(|(place, _)| *place).collect();
        lately.into_iter().map(|place| self.all[place].person.clone()).collect()
    }

    /// Something was said first.
    pub fn tell(&mut self, place: Place, shown: Shown) {
        let since = shown.at.checked_sub(WEEK).unwrap_or(Timestamp::MIN);
        let told = &mut self.all[place].shown;
        told.retain(|known| known.at > since);
        told.push(shown);
    }

    fn place(&mut self, person: &Person) -> Place {
        if let Some(place) = self.places.get(person) {
            return *place;
        }
        let place = self.all.len();
        self.places.insert(person.clone(), place);
        self.all.push(Someone {
            person: person.clone(),
            history: History::default(),
            shown: Vec::new(),
            trouble: None,
            danger: false,
        });
        place
    }

    fn looked(&mut self, place: Place, event: &ShopEvent) {
        let Some(product) = &event.product else { return };
        let last = self.viewers.entry(product.clone()).or_default().entry(place).or_insert(event.at);
        *last = event.at.max(*last);
    }
}

impl Someone {
    /// How things stand with them.
    pub fn standing(&self, consents: Consents, (of_rule, of_shop): (u32, u32), now: Timestamp) -> Standing {
        let since = now.checked_sub(WEEK).unwrap_or(Timestamp::MIN);
        Standing {
            consents,
            shown: self.shown.iter().filter(|shown| shown.at > since).cloned().collect(),
            trouble: self.trouble,
            danger: self.danger,
            of_rule,
            of_shop,
            ..Standing::default()
        }
    }

    /// What the end of a conversation says of feelings.
    fn felt(&mut self, ended: &ShopEvent) {
        let says = |name: &str| ended.detail.get(name).and_then(Value::as_bool).unwrap_or(false);
        self.danger = says("danger");
        if says("negative") || says("danger") {
            self.trouble = self.trouble.max(Some(ended.at));
        }
    }
}

/// How much was said in the whole shop within the last hour.
#[derive(Debug, Default)]
pub(super) struct LastHour {
    of_shop: VecDeque<Timestamp>,
    of_rules: HashMap<usize, VecDeque<Timestamp>>,
}

impl LastHour {
    /// Words of a rule, and of all.
    pub fn counts(&mut self, rule: usize, now: Timestamp) -> (u32, u32) {
        (count(self.of_rules.entry(rule).or_default(), now), count(&mut self.of_shop, now))
    }

    /// A word of a rule was said.
    pub fn add(&mut self, rule: usize, now: Timestamp) {
        self.of_rules.entry(rule).or_default().push_back(now);
        self.of_shop.push_back(now);
    }
}

fn count(times: &mut VecDeque<Timestamp>, now: Timestamp) -> u32 {
    while times.front().is_some_and(|at| now.duration_since(*at) >= HOUR) {
        times.pop_front();
    }
    u32::try_from(times.len()).unwrap_or(u32::MAX)
}
