//! What do the policies about a matter come to in this case?

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::values::Worked;
use super::{Ask, Outcome, Policy, Saying};
use crate::pack::condition::{Answer, Case, ConditionError, Formula};
use crate::pack::wording::render_template;

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The place of the policy among those that were given.
    pub policy: usize,
    /// What it comes to.
    pub outcome: Outcome,
    /// Why: the condition that did not hold, or what is not known.
    pub reason: String,
    /// The place of a policy of the same rank that says otherwise.
    pub disagrees: Option<usize>,
    /// The amounts and times that come with it, by name; those that are not known are left out.
    pub values: BTreeMap<String, Worked>,
    /// Its own words, first choice first: the number of the saying, the text, and what stands in its slots.
    pub says: Vec<Said>,
}

/// A text that a policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its place among the sayings of the outcome, from 1.
    pub number: usize,
    /// As the policy wrote it, with its slots.
    pub template: String,
    /// The text.
    pub text: String,
    /// What was put into its slots, by path.
    pub slots: BTreeMap<String, String>,
}

/// Something has to be asked before it can be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The place of the policy among those that were given.
    pub policy: usize,
    /// What is asked for: the name of an `asks` entry, or `item` for which line of the order is meant.
    pub about: String,
    /// The amounts and times that are known already.
    pub values: BTreeMap<String, Worked>,
    /// How it is asked; empty for `item`, which the pack's own wording asks for.
    pub says: Vec<Said>,
}

/// What policies come to: a judgement, a question first, or nothing.
pub type Judged = Option<Result<Judgement, Question>>;

/// What is asked for when it is not clear which line of an order is meant.
pub const ITEM: &str = "item";

/// Judges the policies about one matter. `heard` is what the customer wrote, latest first; `may_ask` says whether
/// something may still be asked for.
pub fn judge(
    policies: &[&Policy],
    case: Case<'_>,
    heard: &[&str],
    may_ask: &dyn Fn(&str) -> bool,
    english: bool,
) -> Judged {
    let mut held: Vec<Found<'_>> = policies
        .iter()
        .enumerate()
        .filter(|(_, policy)| policy.scope.holds_for(case.variables.get("product")))
        .filter_map(|(place, policy)| Looked::at(policy, case, heard).found(place, may_ask))
        .collect();
    held.sort_by(|one, other| other.looked.policy.rank().cmp(&one.looked.policy.rank()));
    let first = held.first()?;
    let equals: Vec<&Found<'_>> =
        held.iter().filter(|found| found.looked.policy.rank() == first.looked.policy.rank()).collect();
    if let Some(asking) = equals.iter().find(|found| found.asks.is_some()) {
        return asking.question(case, english).map(Err);
    }
    let disagrees = equals.iter().find(|found| found.outcome != first.outcome);
    Some(Ok(match disagrees {
        None => first.judgement(case, english),
        Some(other) => Judgement {
            policy: first.place,
            outcome: Outcome::NeedsPerson,
            reason: "two policies of the same rank lead to different outcomes".to_owned(),
            disagrees: Some(other.place),
            values: BTreeMap::new(),
            says: Vec::new(),
        },
    }))
}

/// A policy looked at for a case.
struct Looked<'p> {
    policy: &'p Policy,
    /// The case's variables with the policy's own values and what was heard.
    variables: Value,
    values: BTreeMap<String, Worked>,
    holds: Result<Answer<bool>, ConditionError>,
    /// The condition that decided, or that nobody can decide.
    because: String,
    outer: Case<'p>,
}

/// A policy that has something to say.
struct Found<'p> {
    place: usize,
    looked: Looked<'p>,
    outcome: Outcome,
    /// What is asked for first.
    asks: Option<String>,
}

impl<'p> Looked<'p> {
    fn at(policy: &'p Policy, case: Case<'p>, heard: &[&str]) -> Self {
        let mut variables = case.variables.clone();
        variables["said"] = said(&policy.asks, heard);
        let mut values = BTreeMap::new();
        for (name, kind, formula) in &policy.values {
            // A value that cannot be worked out is as one that is not known: what needs it is not said.
            if let Ok(Some(worked)) = kind.work(formula, Case { variables: &variables, ..case }) {
                values.insert(name.clone(), worked);
            }
        }
        let for_conditions: Map<String, Value> =
            values.iter().map(|(name, worked)| (name.clone(), worked.for_conditions())).collect();
        variables["values"] = Value::Object(for_conditions);
        let (holds, because) = all_hold(policy, Case { variables: &variables, ..case });
        Self { policy, variables, values, holds, because, outer: case }
    }

    fn case(&self) -> Case<'_> {
        Case { variables: &self.variables, ..self.outer }
    }

    fn found(self, place: usize, may_ask: &dyn Fn(&str) -> bool) -> Option<Found<'p>> {
        let policy = self.policy;
        let lacks = self.lacks().filter(|about| may_ask(about));
        let (outcome, asks) = match &self.holds {
            Ok(Answer::Known(true)) => (Some(policy.then), lacks),
            Ok(Answer::Known(false)) => (policy.otherwise, None),
            // Code that does not know must not allow, and must not refuse either.
            Ok(Answer::Unknown) if lacks.is_some() => (Some(Outcome::NeedsPerson), lacks),
            Ok(Answer::Unknown) => (policy.otherwise.map(|_| Outcome::NeedsPerson), None),
            Err(_) => (Some(Outcome::NeedsPerson), None),
        };
        Some(Found { place, outcome: outcome?, asks, looked: self })
    }

    /// What the customer could say that would decide it, or that its values need: which item it is about, and what only
    /// they know.
    fn lacks(&self) -> Option<String> {
        if !matches!(self.holds, Ok(Answer::Known(true) | Answer::Unknown)) {
            return None;
        }
        let values = self.policy.values.iter().map(|(_, _, formula)| formula);
        let about_item = self.policy.conditions.iter().chain(values).any(Formula::is_about_item);
        if about_item && several_items(&self.variables) {
            return Some(ITEM.to_owned());
        }
        let case = self.case();
        let mut undecided =
            self.policy.conditions.iter().filter(|one| one.holds(case) == Ok(Answer::Unknown));
        undecided.find_map(|one| one.unknown_fields("said", &self.variables).next()).map(str::to_owned)
    }
}

/// Whether all conditions of a policy hold: one that does not decides, whatever is not known of the others.
fn all_hold(policy: &Policy, case: Case<'_>) -> (Result<Answer<bool>, ConditionError>, String) {
    let mut open = Ok(Answer::Known(true));
    let mut because = "all its conditions hold".to_owned();
    for condition in &policy.conditions {
        match condition.holds(case) {
            Ok(Answer::Known(true)) => {}
            Ok(Answer::Known(false)) => {
                return (Ok(Answer::Known(false)), format!("`{}` does not hold", condition.source()));
            }
            Ok(Answer::Unknown) if open.is_ok() => {
                open = Ok(Answer::Unknown);
                because = format!("nobody knows whether `{}` holds", condition.source());
            }
            Ok(Answer::Unknown) => {}
            Err(error) => {
                because = error.to_string();
                open = Err(error);
            }
        }
    }
    (open, because)
}

/// Whether the order has several lines that were paid for and it is not known which is meant.
fn several_items(variables: &Value) -> bool {
    let items = variables.pointer("/order/items").and_then(Value::as_array);
    let paid_for = |item: &&Value| item.get("gift").and_then(Value::as_bool) != Some(true);
    variables.get(ITEM).is_none() && items.is_some_and(|items| items.iter().filter(paid_for).count() > 1)
}

/// What the customer has said of each thing that may be asked for; the latest message that says it counts.
fn said(asks: &[Ask], heard: &[&str]) -> Value {
    let answer = |ask: &Ask| heard.iter().find_map(|text| answered(ask, &text.to_lowercase()));
    let known = asks.iter().filter_map(|ask| Some((ask.name.clone(), json!(answer(ask)?))));
    Value::Object(known.collect())
}

/// Whether a text answers what a policy asks under a name.
pub fn answers(policy: &Policy, name: &str, text: &str) -> bool {
    let asked = policy.asks.iter().find(|ask| ask.name == name);
    asked.is_some_and(|ask| answered(ask, &text.to_lowercase()).is_some())
}

/// What one message says: "没开封" says no although it holds "开封". One that says both says yes to a part.
fn answered(ask: &Ask, text: &str) -> Option<bool> {
    let mut rest = text.to_owned();
    for word in &ask.no {
        rest = rest.replace(word.as_str(), "□");
    }
    let yes = ask.yes.iter().any(|word| rest.contains(word.as_str()));
    let no = rest != text;
    (yes || no).then_some(yes)
}

impl Found<'_> {
    fn judgement(&self, case: Case<'_>, english: bool) -> Judgement {
        let sayings = self.looked.policy.says.iter().find(|(outcome, _)| *outcome == self.outcome);
        Judgement {
            policy: self.place,
            outcome: self.outcome,
            reason: self.looked.because.clone(),
            disagrees: None,
            values: self.looked.values.clone(),
            says: sayings.map(|(_, sayings)| self.spoken(sayings, case, english)).unwrap_or_default(),
        }
    }

    fn question(&self, case: Case<'_>, english: bool) -> Option<Question> {
        let about = self.asks.clone()?;
        let ask = self.looked.policy.asks.iter().find(|ask| ask.name == about);
        let says = ask.map(|ask| self.spoken(&ask.sayings, case, english)).unwrap_or_default();
        Some(Question { policy: self.place, about, values: self.looked.values.clone(), says })
    }

    /// The sayings that fit: their condition holds and all their slots have values.
    fn spoken(&self, sayings: &[Saying], case: Case<'_>, english: bool) -> Vec<Said> {
        let mut words = self.looked.variables.clone();
        let values = self.looked.values.iter();
        let for_words = values.map(|(name, worked)| (name.clone(), worked.for_words(case.now)));
        words["values"] = Value::Object(for_words.collect());
        let conditions = self.looked.case();
        let fits = |saying: &Saying| {
            saying.when.as_ref().is_none_or(|when| when.holds(conditions) == Ok(Answer::Known(true)))
        };
        let fitting = sayings.iter().enumerate().filter(|(_, saying)| fits(saying));
        fitting
            .filter_map(|(place, saying)| {
                let (text, slots) = render_template(&saying.template, &words, case.now, english)?;
                Some(Said { number: place + 1, template: saying.template.clone(), text, slots })
            })
            .collect()
    }
}
