//! Does a text cross a red line of the pack?

use regex::Regex;
use serde_json::Value as Json;

use crate::pack::types::{RedLine, RedLineLevel};
use crate::turn::types::{By, Draft, Goal, GuardReason, Stage};

use super::evidence::Evidence;
use super::fold::{is_han, tighten, without_space};
use super::{GuardContext, Sentence, Verdict, done};

/// Checks a whole draft. The text is looked at twice, as it stands and with everything taken out that can be put
/// between characters to hide a word.
pub(super) fn check(
    whole: &Sentence,
    draft: &Draft,
    evidence: &Evidence<'_>,
    context: &GuardContext<'_>,
) -> Verdict {
    let tight = tighten(&whole.folded);
    let upset = context.emotion.intensity >= 0.5
        || context.emotion.label.is_negative()
        || context.stage == Stage::AfterSale;
    for line in &context.grounds.pack.red_lines {
        if line.level == RedLineLevel::Style && !upset {
            continue;
        }
        for text in [&whole.folded, &tight] {
            for fragment in crossings(line, text) {
                let excused =
                    line.level == RedLineLevel::Backed && is_backed(&fragment, draft, evidence, context);
                if !excused {
                    return Err((
                        GuardReason::RedLine,
                        format!("{} {}: {}", line.id, line.name, fragment.text),
                    ));
                }
            }
        }
    }
    Ok(())
}

/// A piece of text that a red line matches.
struct Fragment {
    text: String,
    before: String,
}

/// What a red line matches outside the fragments it allows.
fn crossings(line: &RedLine, text: &str) -> Vec<Fragment> {
    if !line.matches.iter().any(|pattern| pattern.is_match(text)) {
        return Vec::new();
    }
    let masked = mask(text, &line.unless);
    line.matches
        .iter()
        .flat_map(|pattern| {
            pattern.find_iter(&masked).map(|found| Fragment {
                text: found.as_str().to_owned(),
                before: masked[..found.start()].to_owned(),
            })
        })
        .collect()
}

/// The text with the allowed fragments replaced by a mark, character by character.
fn mask(text: &str, unless: &[Regex]) -> String {
    unless.iter().fold(text.to_owned(), |text, pattern| {
        pattern
            .replace_all(&text, |found: &regex::Captures<'_>| "□".repeat(found[0].chars().count()))
            .into_owned()
    })
}

/// Whether code has worked out every amount of a fragment, for a policy that allows the matter or whose own words these
/// are. Where everything that may hide a word is taken out of a text, its decimal points are gone too.
fn is_worked_out(text: &str, draft: &Draft, evidence: &Evidence<'_>, context: &GuardContext<'_>) -> bool {
    let own_words = draft.wording.as_deref().map(|id| context.grounds.approved_by_policy(id));
    let own_words = own_words.is_some_and(|texts| !texts.is_empty());
    let worked_out: Vec<String> = evidence
        .facts
        .iter()
        .filter_map(|record| record.fact.fields.get("verdict"))
        .filter(|verdict| own_words || verdict.get("outcome").and_then(Json::as_str) == Some("allowed"))
        .filter_map(|verdict| verdict.get("values")?.as_object())
        .flat_map(|values| values.values())
        .filter_map(|value| Some(format!("{:.2}", value.get("money")?.as_f64()?)))
        .collect();
    let tightened = !super::fold::fold(&draft.text).contains(text);
    let said = |number: &str| {
        worked_out.iter().any(|amount| {
            let plain = amount.trim_end_matches('0').trim_end_matches('.');
            let written = |form: &str| form == number || tightened && form.replace('.', "") == number;
            written(amount) || written(plain)
        })
    };
    let mut numbers = text
        .split(|sign: char| !sign.is_ascii_digit() && sign != '.')
        .filter(|number| number.contains(|sign: char| sign.is_ascii_digit()))
        .peekable();
    numbers.peek().is_some() && numbers.all(said)
}

/// Whether a record stands behind a fragment that needs one: the action, the promise, the policy.
fn is_backed(
    fragment: &Fragment,
    draft: &Draft,
    evidence: &Evidence<'_>,
    context: &GuardContext<'_>,
) -> bool {
    if fragment.text.contains('已') {
        return done::is_recorded(&fragment.text, &fragment.before, evidence, context);
    }
    let folded = super::fold::fold(&draft.text);
    if context
        .backed
        .iter()
        .any(|value| !value.trim().is_empty() && folded.contains(super::fold::fold(value).trim()))
    {
        return true;
    }
    // A handoff or an action that has its record may be said with an approved wording.
    let recorded = draft.by == By::Wording
        && matches!(draft.goal, Goal::Commit | Goal::Act | Goal::Handoff)
        && !context.done.is_empty();
    if recorded || is_worked_out(&fragment.text, draft, evidence, context) {
        return true;
    }
    let core: String = without_space(&fragment.text)
        .chars()
        .take_while(|character| !character.is_ascii_digit())
        .filter(|character| is_han(*character) && !"您你我们会将就的了给为帮替".contains(*character))
        .collect();
    !core.is_empty() && evidence.authority().contains(&core)
}
