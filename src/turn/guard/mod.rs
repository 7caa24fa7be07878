//! The exit gate: the only place that can build [`Vetted`] text. Pure.
//!
//! [`vet`] reads top to bottom: what must never be said by anybody, then the values, then what only a written
//! sentence can get wrong.

mod announced;
mod bare;
mod bounds;
mod by_person;
mod clause;
mod conditions;
mod conflict;
mod done;
mod echo;
mod evidence;
mod extract;
mod features;
mod fold;
mod foreign;
mod gate;
mod goal_order;
mod names;
mod negation;
mod neighbour;
mod numbers;
mod polarity;
mod private;
mod promise;
mod prompt_leak;
mod records;
mod redlines;
mod said_of;
mod split;
mod stated;
mod subject;
mod sums;
mod support;
mod values;

#[cfg(test)]
pub(crate) mod tests;

use std::cell::OnceCell;

use serde::Serialize;

use super::types::{By, Draft, Emotion, Goal, GuardReason, Refusal, Stage, Tier};

use evidence::Evidence;
use values::{Found, Value};

pub use by_person::{Doubt, DoubtKind, doubts};
pub use evidence::Grounds;
pub use goal_order::GoalOrder;
pub use split::{SentenceSplitter, sentences};

/// The longest text that is looked at, in characters; a longer one is no bubble and is refused.
const LONGEST: usize = 2_000;

/// A text that may reach a customer. Its fields are private: nothing outside this module can make one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vetted {
    text: String,
    goal: Goal,
    by: By,
    evidence: Vec<String>,
}

impl Vetted {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it is for.
    pub fn goal(&self) -> Goal {
        self.goal
    }

    /// Where it comes from.
    pub fn by(&self) -> By {
        self.by
    }

    /// Ids of the facts it rests on.
    pub fn evidence(&self) -> &[String] {
        &self.evidence
    }
}

/// What a draft is checked against.
#[derive(Debug, Clone, Copy)]
pub struct GuardContext<'a> {
    /// The rules in force, the question and the records, read once for all drafts of the turn.
    pub grounds: &'a Grounds<'a>,
    /// The customer's emotion; some style rules depend on it.
    pub emotion: &'a Emotion,
    /// The stage of the scenario.
    pub stage: Stage,
    /// The tier.
    pub tier: Tier,
    /// Values that are true without being facts: due times of promises that have a ticket, queue position, wait,
    /// the desk's opening time, each as it is written in text.
    pub backed: &'a [String],
    /// Records of this conversation: `ticket_opened`, `handoff`, `started:KIND` and `done:KIND` of actions. Which words of a
    /// finished action each carries is said by the pack.
    pub done: &'a [String],
    /// Where in its reply the draft stands.
    pub order: GoalOrder<'a>,
}

/// What a check comes to: nothing to object, or a reason with the word, value or rule that decided it.
type Verdict = Result<(), (GuardReason, String)>;

/// One drafted sentence, read once for all checks.
struct Sentence {
    /// With compatibility forms folded.
    folded: String,
    /// The folded characters.
    chars: Vec<char>,
    /// Its values.
    found: Vec<Found>,
    /// Small counts in words that mostly count nothing.
    idle: Vec<Found>,
    /// Whether it says what will be done.
    is_promise: bool,
    /// Whether the model wrote it. Code puts the right value into a slot; the model may take the neighbour's.
    is_written: bool,
    /// The numbers of the products that it names.
    named: OnceCell<Vec<usize>>,
}

impl Sentence {
    fn read(raw: &str, by: By, context: &GuardContext<'_>) -> Self {
        let folded = fold::fold(raw);
        let chars: Vec<char> = folded.chars().collect();
        let (idle, found) =
            values::extract_all(&chars, context.grounds.now).into_iter().partition(|found| found.idle);
        let is_promise = context.grounds.pack.guard.promises.iter().any(|pattern| pattern.is_match(&folded));
        let named = OnceCell::new();
        Self { folded, chars, found, idle, is_promise, is_written: by == By::Model, named }
    }

    /// The numbers of the products that it names, if there are several in sight to tell apart.
    fn named(&self, evidence: &Evidence<'_>) -> &[usize] {
        self.named.get_or_init(|| subject::named(&self.folded, evidence))
    }

    /// The folded text between two places.
    fn slice(&self, start: usize, end: usize) -> String {
        self.chars[start.min(self.chars.len())..end.min(self.chars.len())].iter().collect()
    }

    /// The places where the clause around a character begins and ends. Commas inside values do not count.
    fn clause_around(&self, at: usize) -> (usize, usize) {
        // A list stays together unless its items have numbers of their own, as in `split::clauses`.
        let list =
            self.folded.split('、').all(|item| item.contains(|character: char| character.is_ascii_digit()));
        let cuts = |place: usize| {
            (list && self.chars[place] == '、'
                || matches!(
                    self.chars[place],
                    '，' | ',' | ';' | '；' | '。' | '！' | '!' | '？' | '?' | '\n'
                ))
                && !self.found.iter().any(|found| found.start < place && place < found.end)
        };
        let start = (0..at).rev().find(|place| cuts(*place)).map_or(0, |place| place + 1);
        let end = (at..self.chars.len()).find(|place| cuts(*place)).unwrap_or(self.chars.len());
        (start, end)
    }
}

/// Checks a draft, all its sentences. The text may come back trimmed, never otherwise changed.
///
/// # Errors
/// The first refusal, with its reason and the value or rule that decided it.
pub fn vet(draft: &Draft, context: &GuardContext<'_>) -> Result<Vetted, Refusal> {
    let text = draft.text.trim();
    match examine(text, draft, context) {
        Ok(()) => Ok(Vetted {
            text: text.to_owned(),
            goal: draft.goal,
            by: draft.by,
            evidence: draft.evidence.clone(),
        }),
        Err((reason, detail)) => Err(Refusal { draft: draft.text.clone(), reason, detail }),
    }
}

fn examine(text: &str, draft: &Draft, context: &GuardContext<'_>) -> Verdict {
    if !text.chars().any(char::is_alphanumeric) {
        return Err((GuardReason::ClaimNotInEvidence, "says nothing".to_owned()));
    }
    if text.chars().count() > LONGEST {
        return Err((GuardReason::ClaimNotInEvidence, format!("longer than {LONGEST} characters")));
    }
    goal_order::check(draft, &context.order)?;
    let folded = fold::fold(text);
    let evidence = Evidence::gather(draft, &folded, context);
    let approved = approved_values(draft, context);
    let whole = Sentence::read(text, draft.by, context);
    redlines::check(&whole, draft, &evidence, context)?;
    private::check(&whole, draft, &evidence)?;
    if draft.by == By::Evidence {
        extract::check(&whole, &evidence)?;
    }
    if draft.by == By::Wording {
        check_slots(draft, &evidence, context)?;
    }
    for part in sentences(text) {
        let sentence = Sentence::read(&part, draft.by, context);
        numbers::check(&sentence, &evidence, &approved, context.grounds.now)?;
        if draft.by != By::Evidence {
            done::check(&sentence, &evidence, context)?;
            announced::check(&sentence, &context.grounds.pack.guard, context.grounds.now)?;
        }
        if draft.by == By::Model {
            check_written(&sentence, &evidence, context)?;
        }
    }
    Ok(())
}

/// What only a sentence of the model can get wrong: approved wording and extracts were read by people.
fn check_written(sentence: &Sentence, evidence: &Evidence<'_>, context: &GuardContext<'_>) -> Verdict {
    if echo::is_echo(&sentence.folded, context.grounds.asked) {
        return Err((GuardReason::NotAnswered, "says the question back".to_owned()));
    }
    bare::check(sentence, evidence)?;
    prompt_leak::check(sentence, evidence)?;
    promise::check(sentence, evidence, context)?;
    names::check(sentence, evidence, &context.grounds.pack.guard)?;
    neighbour::check_idle(sentence, evidence)?;
    conflict::check(sentence, evidence, context.grounds.now)?;
    bounds::check(sentence, evidence, context.grounds.now)?;
    gate::check(sentence, evidence)?;
    stated::check(sentence, evidence)?;
    negation::check(sentence, evidence)?;
    foreign::check(sentence, evidence, &context.grounds.pack.guard)?;
    polarity::check(sentence, evidence, &context.grounds.pack.guard)?;
    conditions::check(sentence, evidence)?;
    said_of::check(sentence, evidence)?;
    support::check(sentence, evidence, context.grounds.pack)?;
    // Last, because whatever else is wrong with such a sentence says more.
    match echo::is_talk(sentence, evidence) {
        true => Err((GuardReason::NotAnswered, "speaks of nothing that is known".to_owned())),
        false => Ok(()),
    }
}

/// The values in an approved wording's own text. Only a wording that stands in the pack, or in the policy that was
/// judged, counts as approved.
fn approved_values(draft: &Draft, context: &GuardContext<'_>) -> Vec<Value> {
    if draft.by != By::Wording {
        return Vec::new();
    }
    let Some(id) = &draft.wording else { return Vec::new() };
    let wording = context.grounds.pack.wording.variants.values().flatten().find(|wording| wording.id == *id);
    let templates = match wording {
        Some(wording) => vec![wording.template.as_str()],
        None => context.grounds.approved_by_policy(id),
    };
    let read = |template: &str| {
        let chars: Vec<char> = fold::fold(&without_slots(template)).chars().collect();
        values::extract(&chars, context.grounds.now)
    };
    templates.into_iter().flat_map(read).map(|found| found.value).collect()
}

/// A template's own text, with a mark where slots and tags were.
fn without_slots(template: &str) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        text.push_str(&rest[..open]);
        let (close, is_tag) = match rest.as_bytes().get(open + 1) {
            Some(b'{') => ("}}", true),
            Some(b'%') => ("%}", true),
            Some(b'#') => ("#}", true),
            _ => ("", false),
        };
        if !is_tag {
            text.push('{');
            rest = &rest[open + 1..];
            continue;
        }
        text.push('□');
        rest = match rest[open..].find(close) {
            Some(end) => &rest[open + end + 2..],
            None => "",
        };
    }
    text.push_str(rest);
    text
}

/// What was put into the slots of a wording must stand in the evidence, whatever the wording itself says.
fn check_slots(draft: &Draft, evidence: &Evidence<'_>, context: &GuardContext<'_>) -> Verdict {
    for (path, value) in &draft.slots {
        if path.starts_with("shop.") || path.starts_with("assistant.") {
            continue;
        }
        numbers::check(&Sentence::read(value, draft.by, context), evidence, &[], context.grounds.now)?;
    }
    Ok(())
}
