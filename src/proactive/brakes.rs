//! May this be said first, now, to this person? The consents, the hours, the caps, what was closed, and whether people or
//! feelings are in the way. Pure; judged again inside the transaction that sends.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::Value;

use super::{EventType, Person, Reason, ShopEvent, Shown};
use crate::pack::proactive::{Brakes, Moment, NudgeRule, Purpose};
use crate::record::Record;
use crate::time::Now;

/// A day, and the days of the longer cap.
const DAY: SignedDuration = SignedDuration::from_hours(24);
const WEEK: SignedDuration = SignedDuration::from_hours(24 * 7);

/// So long after something somebody is held to be awake still, and on the page: an event that comes late is answered in the
/// morning, and what was looked at then is not what is shown now.
const AWAKE: SignedDuration = SignedDuration::from_mins(30);

/// What a customer has agreed to; unknown where nothing is on record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consents {
    /// To be spoken to first at all.
    pub proactive: Option<bool>,
    /// Messages about own orders.
    pub transactional: Option<bool>,
    /// Offers.
    pub marketing: Option<bool>,
    /// The use of the child's profile.
    pub child_profile: Option<bool>,
}

impl Consents {
    /// What a customer's record says.
    pub fn of(customer: Option<&Value>) -> Self {
        Self::said(customer.and_then(|customer| customer.get("consent")))
    }

    /// The same, of a record that was checked.
    pub fn of_record(customer: &Record) -> Self {
        Self::said(customer.fields.get("consent"))
    }

    fn said(consent: Option<&Value>) -> Self {
        let said = |name: &str| consent?.get(name)?.as_bool();
        Self {
            proactive: said("proactive"),
            transactional: said("transactional"),
            marketing: said("marketing"),
            child_profile: said("child_profile"),
        }
    }

    /// Whether the child's profile may be used at all.
    pub fn opens_profile(&self) -> bool {
        self.child_profile == Some(true)
    }
}

/// How things stand with a person at the moment of sending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// What the person has agreed to.
    pub consents: Consents,
    /// Whether the person asked to be left alone with everything that is no matter of their own orders.
    pub opted_out: bool,
    /// Rules of which the person wants nothing more.
    pub stopped: BTreeSet<String>,
    /// Rules of which the person closed one, with the latest time.
    pub dismissed: Vec<(String, Timestamp)>,
    /// What was said first within the last seven days.
    pub shown: Vec<Shown>,
    /// Whether people have, or are about to have, one of the person's conversations.
    pub with_people: bool,
    /// When there was last a complaint, a dispute or anger.
    pub trouble: Option<Timestamp>,
    /// Whether health or safety is at stake in an open matter.
    pub danger: bool,
    /// Words of the same rule within the last hour, in the whole shop.
    pub of_rule: u32,
    /// Words within the last hour, in the whole shop.
    pub of_shop: u32,
}

/// Why something is not said now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It may be said later; it is looked at again then.
    Until(Timestamp),
    /// It is never said.
    Dropped(Reason),
}

/// Whether a rule's word may be said now. Whether it is withheld is asked apart, see [`withheld`].
///
/// # Errors
/// What holds it back: until a time, or for good with a reason.
pub fn may_send(
    rule: &NudgeRule,
    event: &ShopEvent,
    standing: &Standing,
    brakes: &Brakes,
    now: &Now,
) -> Result<(), Held> {
    let judging = Judging { rule, event, standing, brakes, now };
    judging.switches()?;
    judging.wishes()?;
    judging.matters()?;
    judging.measure()?;
    judging.hours()
}

struct Judging<'a> {
    rule: &'a NudgeRule,
    event: &'a ShopEvent,
    standing: &'a Standing,
    brakes: &'a Brakes,
    now: &'a Now,
}

impl Judging<'_> {
    fn switches(&self) -> Result<(), Held> {
        if !self.brakes.enabled || !self.rule.enabled {
            return Err(Held::Dropped(Reason::RuleGone));
        }
        let wild = self.standing.of_rule >= self.brakes.rule_an_hour
            || self.standing.of_shop >= self.brakes.shop_an_hour;
        drop_if(wild, Reason::GoneWild)
    }

    /// What the customer has agreed to and what was refused.
    fn wishes(&self) -> Result<(), Held> {
        let Consents { proactive, transactional, marketing, child_profile } = self.standing.consents;
        let at_once =
            self.rule.moment == Moment::Now && self.event.kind.is_of_browser() && self.has_just_happened();
        let agreed = match self.rule.purpose {
            Purpose::Order => transactional != Some(false),
            Purpose::Offer if at_once => marketing != Some(false),
            Purpose::Offer => marketing == Some(true),
            Purpose::Care => marketing == Some(true) && child_profile == Some(true),
        };
        drop_if(!agreed || proactive == Some(false), Reason::NoConsent)?;
        let is_offer = self.rule.purpose != Purpose::Order;
        let stopped = self.standing.stopped.contains(&self.rule.id);
        drop_if(stopped || (is_offer && self.standing.opted_out), Reason::OptedOut)?;
        let closed = self.standing.dismissed.iter().filter(|(rule, _)| *rule == self.rule.id);
        let pause = SignedDuration::from_hours(24 * i64::from(self.brakes.after_dismissal_days));
        let mut lately = closed.filter(|(_, at)| self.now.timestamp().duration_since(*at) < pause);
        drop_if(lately.next().is_some(), Reason::Dismissed)
    }

    /// People and feelings go before everything that is said first.
    fn matters(&self) -> Result<(), Held> {
        drop_if(self.standing.with_people, Reason::PersonHasIt)?;
        drop_if(self.standing.danger, Reason::Trouble)?;
        let lately = |at: Timestamp| self.now.timestamp().duration_since(at) < self.brakes.after_trouble;
        let troubled = self.standing.trouble.is_some_and(lately);
        // What happens to an order is told all the same; how a talk went is not asked of somebody who is angry.
        let may_be_told =
            self.rule.purpose == Purpose::Order && self.event.kind != EventType::ConversationEnded;
        drop_if(troubled && !may_be_told, Reason::Trouble)
    }

    /// How much the person has been told already.
    fn measure(&self) -> Result<(), Held> {
        let (offers_a_day, offers_a_week) = (self.brakes.a_day, self.brakes.a_week);
        let within = |time: SignedDuration| {
            let recent = move |shown: &&Shown| self.now.timestamp().duration_since(shown.at) < time;
            self.standing.shown.iter().filter(recent)
        };
        let of_rule = within(DAY).filter(|shown| shown.rule == self.rule.id);
        drop_if(count(of_rule) >= self.rule.a_day, Reason::DayFull)?;
        if self.rule.purpose == Purpose::Order {
            let orders = within(DAY).filter(|shown| shown.purpose == Purpose::Order);
            return drop_if(count(orders) >= self.brakes.orders_a_day, Reason::DayFull);
        }
        let is_offer = |shown: &&Shown| shown.purpose != Purpose::Order;
        drop_if(count(within(DAY).filter(is_offer)) >= offers_a_day, Reason::DayFull)?;
        drop_if(count(within(WEEK).filter(is_offer)) >= offers_a_week, Reason::WeekFull)?;
        let latest = self.standing.shown.iter().map(|shown| shown.at).max();
        let free = latest.and_then(|latest| latest.checked_add(self.brakes.apart).ok());
        match free.filter(|free| *free > self.now.timestamp()) {
            Some(free) => Err(Held::Until(free)),
            None => Ok(()),
        }
    }

    fn has_just_happened(&self) -> bool {
        self.now.timestamp().duration_since(self.event.at) <= AWAKE
    }

    /// Nobody is disturbed at night, but whoever has just done something is awake.
    fn hours(&self) -> Result<(), Held> {
        let answers = self.has_just_happened()
            && self.rule.moment == Moment::Now
            && self.event.kind.is_done_by_customer();
        match quiet_until(self.brakes, self.now).filter(|_| !answers) {
            Some(until) => Err(Held::Until(until)),
            None => Ok(()),
        }
    }
}

/// Why a word that could be said now is not said all the same: its person is held out, or nothing is sent. Asked last, when it
/// is known to be true: what is compared with the words that were said are those that would have been.
pub fn withheld(rule: &NudgeRule, person: &Person, brakes: &Brakes) -> Option<Reason> {
    if rule.purpose != Purpose::Order && is_held_out(person, brakes.holdout_percent) {
        return Some(Reason::HeldOut);
    }
    brakes.dry_run.then_some(Reason::DryRun)
}

/// The end of the quiet hours, if they last at a moment.
pub fn quiet_until(brakes: &Brakes, now: &Now) -> Option<Timestamp> {
    if !brakes.is_quiet(now.zoned().time()) {
        return None;
    }
    let end = now.zoned().with().time(brakes.quiet_until).build().ok()?;
    let end = if end <= *now.zoned() { end.checked_add(1.day()).ok()? } else { end };
    Some(end.timestamp())
}

/// Whether a person belongs to those who are sent no offers, which stays so for as long as the share does.
fn is_held_out(person: &Person, percent: u32) -> bool {
    // FNV-1a: the same on every machine and in every version, which the standard hasher does not promise.
    let hash = person.key().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash >> 32) % 100 < u64::from(percent)
}

fn count<'a>(shown: impl Iterator<Item = &'a Shown>) -> u32 {
    u32::try_from(shown.count()).unwrap_or(u32::MAX)
}

fn drop_if(condition: bool, reason: Reason) -> Result<(), Held> {
    if condition { Err(Held::Dropped(reason)) } else { Ok(()) }
}
