//! Who is at the desk: who has it open, and when everybody was last heard of. Pure; what it knows is forgotten with the program,
//! so that when the doors open everybody counts as having been there just now.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::identity::{ShopId, StaffScope};

/// The people of the desk as the program has noticed them since its start.
#[derive(Debug)]
pub struct Presence {
    /// When the doors opened: nobody is missed for longer than since then.
    since: Timestamp,
    shops: HashMap<ShopId, HashMap<String, Seen>>,
}

/// What was noticed of one person.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// How often they have the desk open.
    streams: u32,
    /// When they were last heard of.
    at: Timestamp,
}

impl Presence {
    /// Nobody was seen yet.
    pub fn new(now: Timestamp) -> Self {
        Self { since: now, shops: HashMap::new() }
    }

    /// The doors open: who was there before the stop has had no way in until now.
    pub fn doors_open(&mut self, now: Timestamp) {
        self.since = now;
    }

    /// Somebody opens the desk.
    pub fn arrives(&mut self, who: &StaffScope, now: Timestamp) {
        let seen = self.seen(who, now);
        seen.streams += 1;
        seen.at = now;
    }

    /// Somebody closes the desk, or the connection to them breaks.
    pub fn leaves(&mut self, who: &StaffScope, now: Timestamp) {
        let seen = self.seen(who, now);
        seen.streams = seen.streams.saturating_sub(1);
        seen.at = now;
    }

    /// Somebody was heard of in another way.
    pub fn shows(&mut self, who: &StaffScope, now: Timestamp) {
        self.seen(who, now).at = now;
    }

    /// Whether somebody has the desk open.
    pub fn is_here(&self, who: &StaffScope) -> bool {
        let seen = self.shops.get(&who.shop).and_then(|people| people.get(&who.actor));
        seen.is_some_and(|seen| seen.streams > 0)
    }

    /// How many have the desk of a shop open.
    pub fn here(&self, shop: &ShopId) -> usize {
        let people = self.shops.get(shop).into_iter().flat_map(HashMap::values);
        people.filter(|seen| seen.streams > 0).count()
    }

    /// For how long nothing was heard of somebody; nothing while they have the desk open. Where the clock was set back the time
    /// begins anew, so that nobody is missed too early, and nobody is waited for until the clock has caught up.
    pub fn gone_for(&mut self, who: &StaffScope, now: Timestamp) -> SignedDuration {
        self.since = self.since.min(now);
        let since = self.since;
        let people = self.shops.get_mut(&who.shop);
        let Some(seen) = people.and_then(|people| people.get_mut(&who.actor)) else {
            return now.duration_since(since);
        };
        if seen.streams > 0 {
            return SignedDuration::ZERO;
        }
        seen.at = seen.at.min(now);
        now.duration_since(seen.at)
    }

    fn seen(&mut self, who: &StaffScope, now: Timestamp) -> &mut Seen {
        let people = self.shops.entry(who.shop.clone()).or_default();
        people.entry(who.actor.clone()).or_insert(Seen { streams: 0, at: now })
    }
}

#[cfg(test)]
mod tests;
