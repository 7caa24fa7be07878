//! Has a rule something to say, and is it true wherever it is said? The wording of rules: its places, the names it uses,
//! and the words that may only be said of little stock.

use std::sync::LazyLock;

use regex::Regex;

use super::Read;
use super::names::{Names, ROOTS, reads_child};
use crate::pack::load::check::Whole;
use crate::pack::load::problem::{At, Problems};
use crate::pack::load::wording::name_of;
use crate::pack::proactive::{GOALS, Moment, NudgeRule, OFFERS, Purpose, place_of, why_place_of};
use crate::pack::types::Wording;
use crate::turn::types::Goal;

/// The goal under which it is said why somebody reads a word.
const WHY: Goal = Goal::Explain;

/// Words that say that little is left.
static SCARCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        "仅剩|只剩|就剩|仅有|所剩不多|库存(紧张|不多|告急)|快(卖完|没货)|即将(售罄|断货)|最后[^，。；！？]{0,4}[件个罐双套份盒包台只瓶]",
        r"|(?i)\bonly\b[^.,;!?]{0,12}\bleft\b|\blast (few|one|piece|pieces|ones)\b|\bfew (are )?left\b|\b(low|limited) stock\b|\balmost sold out\b|\brunning (low|out)\b",
    ))
    .expect("a fixed pattern")
});

/// A bound from above on what is in stock.
static BOUND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(product|offer)\.stock\s*<=?\s*\d|\d\s*>=?\s*(product|offer)\.stock")
        .expect("a fixed pattern")
});

/// Whether wording may stand at a place: `proactive.viewed_often`, `proactive.viewed_often.why`.
pub(in crate::pack::load) fn is_place(read: Option<&Read>, place: &str) -> bool {
    let Some(rest) = place.strip_prefix("proactive.") else { return false };
    let Some(read) = read else { return true };
    let rules = &read.proactive.rules;
    rules.iter().any(|rule| place == place_of(&rule.id) || place == why_place_of(&rule.id))
        // A rule that could not be read is reported once.
        || read.lines.contains_key(rest.strip_suffix(".why").unwrap_or(rest))
}

/// Adds what is wrong with what rules say.
pub(super) fn check(read: &Read, whole: &Whole<'_>, problems: &mut Problems) {
    for rule in &read.proactive.rules {
        check_rule(rule, whole, read.at(&rule.id), problems);
        check_why(rule, whole, read.at(&rule.id), problems);
    }
}

/// The wording of a place, with the goal of each.
fn variants<'a>(whole: &'a Whole<'_>, place: &'a str) -> impl Iterator<Item = (Goal, &'a Wording)> {
    let lists = whole.wording.book.variants.iter().filter(move |((known, ..), _)| known == place);
    lists.flat_map(|((_, goal, _), variants)| variants.iter().map(|wording| (*goal, wording)))
}

fn check_rule(rule: &NudgeRule, whole: &Whole<'_>, at: At<'_>, problems: &mut Problems) {
    let place = place_of(&rule.id);
    let said: Vec<(Goal, &Wording)> = variants(whole, &place).collect();
    for (goal, wording) in &said {
        let at = whole.wording.at(&wording.id);
        if !GOALS.contains(goal) {
            let known: Vec<String> = GOALS.iter().map(|goal| name_of(*goal)).collect();
            let message =
                format!("`{place}` has no goal `{}`; known are {}", name_of(*goal), known.join(", "));
            problems.error(at, message);
        }
        check_names(rule, wording, at, problems);
        check_scarce(wording, at, problems);
    }
    if problems.may_have_wording(&place) {
        return;
    }
    let counts = |goal: &Goal| !OFFERS.contains(goal) || needs_marketing(rule);
    let mut sure = said.iter().filter(|(goal, _)| GOALS.contains(goal) && counts(goal)).peekable();
    if sure.peek().is_none() {
        let message = format!(
            "`{}` has nothing to say; write `{place}` in wording/*.yaml, not for `recommend` alone, which needs the consent to offers",
            rule.id
        );
        problems.error(at, message);
    } else if !sure.any(|(_, wording)| wording.when.is_none()) {
        let message = format!("every wording of `{place}` has a `when`; where none holds nothing is said");
        problems.warn(at, message);
    }
    let told = said.iter().any(|(goal, wording)| {
        *goal == Goal::Commit && wording.slots.iter().any(|slot| slot == "commitment.due")
    });
    if rule.does.is_some() && !told {
        let message = format!(
            "`{}` begins an action and does not say until when; write a `commit` with `{{{{ commitment.due | moment }}}}` at `{place}`",
            rule.id
        );
        problems.error(at, message);
    }
}

/// Whether nobody is told of a rule without having agreed to offers.
fn needs_marketing(rule: &NudgeRule) -> bool {
    let at_once = rule.moment == Moment::Now && rule.on.iter().any(|kind| kind.is_of_browser());
    match rule.purpose {
        Purpose::Order => false,
        Purpose::Offer => !at_once,
        Purpose::Care => true,
    }
}

/// A customer may always ask why.
fn check_why(rule: &NudgeRule, whole: &Whole<'_>, at: At<'_>, problems: &mut Problems) {
    let place = why_place_of(&rule.id);
    if problems.may_have_wording(&place) {
        return;
    }
    let named = |slot: &String| matches!(slot.as_str(), "shop.name" | "assistant.name");
    let mut sayable = false;
    for (goal, wording) in variants(whole, &place) {
        let at = whole.wording.at(&wording.id);
        if goal != WHY {
            let message = format!("`{place}` is said for `{}`, not for `{}`", name_of(WHY), name_of(goal));
            problems.error(at, message);
        }
        if let Some(slot) = wording.slots.iter().find(|slot| !named(slot)) {
            problems.error(at, format!("`{slot}` is not known any more when a customer asks why"));
        }
        sayable |= goal == WHY && wording.when.is_none() && wording.slots.iter().all(named);
    }
    if !sayable {
        let message = format!(
            "nothing says why a customer reads `{}`; write `{place}` for `explain` in wording/*.yaml, without facts and `when`",
            rule.id
        );
        problems.error(at, message);
    }
}

/// Slots and conditions name what is known when the rule speaks, and never what it knows of the child.
fn check_names(rule: &NudgeRule, wording: &Wording, at: At<'_>, problems: &mut Problems) {
    let names = Names { on: &rule.on, does: rule.does.is_some() };
    for slot in &wording.slots {
        let root = slot.split('.').next().unwrap_or_default();
        if !ROOTS.contains(&root) {
            problems.error(at, format!("`{slot}` is not known to a rule; known are {}", ROOTS.join(", ")));
        } else if slot == "commitment.new_due" || root == "commitment" && rule.does.is_none() {
            problems.error(
                at,
                format!("`{slot}` is known only where the rule `does` something, as `commitment.due`"),
            );
        } else if root == "offer" && rule.offers.is_none() {
            problems.error(at, format!("`{slot}` is known only where the rule `offers` something"));
        } else if reads_child(slot) {
            problems.error(at, format!("`{slot}` is never said; it only decides what is said"));
        }
        names.check_event(slot, at, problems);
    }
    let Some(when) = &wording.when else { return };
    if names.check(when.source(), at, problems).is_some()
        && rule.purpose != Purpose::Care
        && when.paths().any(|path| reads_child(&path))
    {
        let message =
            format!("this `when` reads the child's profile, so `{}` has to be `purpose: care`", rule.id);
        problems.error(at, message);
    }
}

fn check_scarce(wording: &Wording, at: At<'_>, problems: &mut Problems) {
    let bounded = wording.when.as_ref().is_some_and(|when| BOUND.is_match(when.source()));
    if let Some(found) = SCARCE.find(&wording.template).filter(|_| !bounded) {
        let message = format!(
            "`{}` says that little is left; give the variant a bound such as `when: \"product.stock <= 10\"`",
            found.as_str()
        );
        problems.error(at, message);
    }
}
