//! Whether something is allowed: the policies among the facts, judged by code. The model never decides this.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Situation;
use super::words::Words;
use crate::pack::condition::Case;
use crate::pack::types::{GoalSource, Scenario};
pub use crate::policy::Outcome;
use crate::policy::{Judgement, Policy, Question, Said, Worked, judge};
use crate::record::RecordKind;
use crate::time::Now;
use crate::turn::types::{Author, By, Draft, Episode, Fact, Goal, JudgedPolicy};

/// The verdict of the policies about one matter.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The matter.
    pub about: String,
    /// What it comes to.
    pub outcome: Outcome,
    /// The policy's own words for this outcome, first choice first.
    pub says: Vec<Said>,
    /// Fact id of the policy.
    pub policy: String,
    /// Its title.
    pub title: String,
    /// Its clause in plain words.
    pub clause: String,
    /// Why it came to this.
    pub reason: String,
    values: BTreeMap<String, Worked>,
}

/// What has to be asked before a matter can be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Asking {
    /// Fact id of the policy that asks.
    pub policy: String,
    /// The matter.
    about: String,
    /// What is asked for.
    pub question: Question,
}

/// Everything the policies of a turn came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdicts {
    given: Vec<Verdict>,
    /// The matter that the scenario turns on.
    main: Option<String>,
    /// What has to be asked first.
    pub asking: Option<Asking>,
}

impl Verdicts {
    /// The verdict that the scenario turns on.
    pub fn main(&self) -> Option<&Verdict> {
        self.about(self.main.as_deref()?)
    }

    /// The verdict on a matter.
    pub fn about(&self, about: &str) -> Option<&Verdict> {
        self.given.iter().find(|verdict| verdict.about == about)
    }

    /// For the decision: what the guard may rest on.
    pub fn judged(&self, now: &Now) -> Vec<JudgedPolicy> {
        let asking = self.asking.as_ref().map(|asking| JudgedPolicy {
            policy: asking.policy.clone(),
            about: asking.about.clone(),
            outcome: "open",
            reason: format!("it is not known: {}", asking.question.about),
            values: as_evidence(&asking.question.values, now),
            says: asking.question.says.iter().map(|said| said.template.clone()).collect(),
        });
        self.given.iter().map(|verdict| verdict.judged(now)).chain(asking).collect()
    }
}

impl Verdict {
    /// The `verdict` variable of conditions and slots.
    pub fn as_variable(&self, now: &Now) -> Value {
        let values: Map<String, Value> =
            self.values.iter().map(|(name, worked)| (name.clone(), worked.for_words(now))).collect();
        json!({
            "about": self.about,
            "outcome": self.outcome.as_str(),
            "says": self.says.first().map(|said| &said.text),
            "title": self.title,
            "clause": self.clause,
            "reason": self.reason,
            "values": values,
        })
    }

    fn judged(&self, now: &Now) -> JudgedPolicy {
        JudgedPolicy {
            policy: self.policy.clone(),
            about: self.about.clone(),
            outcome: self.outcome.as_str(),
            reason: self.reason.clone(),
            values: as_evidence(&self.values, now),
            says: self.says.iter().map(|said| said.template.clone()).collect(),
        }
    }

    /// The first of its own words that was not said in this conversation.
    pub fn draft(&self, goal: Goal, words: &Words<'_>) -> Option<Draft> {
        let drafts = self.says.iter().map(|said| {
            let wording = format!("{}.{}.{}", self.policy, self.outcome.as_str(), said.number);
            draft(&self.policy, wording, said, goal, words)
        });
        drafts.into_iter().find(|draft| is_new(draft, words))
    }
}

fn as_evidence(values: &BTreeMap<String, Worked>, now: &Now) -> Value {
    Value::Object(values.iter().map(|(name, worked)| (name.clone(), worked.as_evidence(now))).collect())
}

impl Asking {
    /// The question in the policy's own words.
    pub fn draft(&self, words: &Words<'_>) -> Option<Draft> {
        let drafts = self.question.says.iter().map(|said| {
            let wording = format!("{}.{}.{}", self.policy, self.question.about, said.number);
            draft(&self.policy, wording, said, Goal::Collect, words)
        });
        drafts.into_iter().find(|draft| is_new(draft, words))
    }

    /// The name under which an episode remembers that it was asked.
    pub fn place(&self) -> String {
        place(&self.policy, &self.question.about)
    }
}

fn place(policy: &str, about: &str) -> String {
    format!("{policy}.{about}")
}

fn is_new(draft: &Draft, words: &Words<'_>) -> bool {
    let said = draft.wording.as_deref().is_some_and(|wording| words.was_said(wording));
    !said && !words.was_heard(&draft.text)
}

/// The policy's own words, which the shop wrote and approved. They rest on the policy and on the records it was judged by.
fn draft(policy: &str, wording: String, said: &Said, goal: Goal, words: &Words<'_>) -> Draft {
    let facts = words.situation().facts;
    let behind = |kind| facts.of_kind(kind).map(|fact| &fact.id);
    let order = facts.order().map(|fact| fact.id.clone());
    let product = facts.product().map(|fact| fact.id.clone());
    let mut evidence: Vec<String> = std::iter::once(policy.to_owned()).chain(order).chain(product).collect();
    for kind in [RecordKind::Shipment, RecordKind::PriceHistory, RecordKind::Promotion, RecordKind::Coupon] {
        evidence.extend(behind(kind).cloned());
    }
    Draft {
        text: said.text.clone(),
        goal,
        by: By::Wording,
        evidence,
        wording: Some(wording),
        slots: said.slots.clone(),
    }
}

/// The verdicts the scenario asks for, as far as policies answer. What the customer has just `agreed` to is judged too, whether
/// or not a goal asks for it: the rules may have changed since it was offered.
pub fn of(
    scenario: &Scenario,
    situation: Situation<'_>,
    variables: &Value,
    episode: &Episode,
    agreed: Option<&str>,
) -> Verdicts {
    let now = &situation.input.now;
    let mut verdicts = Verdicts::default();
    let heard = heard(situation, episode);
    for plan in &scenario.goals {
        let GoalSource::Verdict { about } = &plan.by else { continue };
        let asked = plan.when.as_ref().is_none_or(|when| when.holds(variables, now).unwrap_or(false));
        if !asked || verdicts.about(about).is_some() {
            continue;
        }
        let turns_on_it = plan.goal.matters() && verdicts.main.is_none();
        match on(about, (situation, variables), &heard, episode) {
            Some(Ok(verdict)) => verdicts.given.push(verdict),
            Some(Err(asking)) if turns_on_it => verdicts.asking = Some(asking),
            Some(Err(_)) | None => {}
        }
        if turns_on_it {
            verdicts.main = Some(about.clone());
        }
    }
    if let Some(about) = agreed.filter(|about| verdicts.about(about).is_none()) {
        verdicts.given.extend(on(about, (situation, variables), &heard, episode).and_then(Result::ok));
        verdicts.main.get_or_insert_with(|| about.to_owned());
    }
    verdicts
}

/// What the customer wrote about this matter, latest first.
fn heard<'a>(situation: Situation<'a>, episode: &Episode) -> Vec<&'a str> {
    let by_customer =
        situation.input.history.iter().rev().filter(|message| message.author == Author::Customer);
    let before = by_customer.filter(|message| message.at >= episode.opened_at);
    std::iter::once(situation.reading.text.as_str())
        .chain(before.map(|message| message.text.as_str()))
        .collect()
}

fn on(
    about: &str,
    (situation, variables): (Situation<'_>, &Value),
    heard: &[&str],
    episode: &Episode,
) -> Option<Result<Verdict, Asking>> {
    let facts: Vec<(&Fact, Policy)> = situation
        .facts
        .of_kind(RecordKind::Policy)
        .filter(|fact| fact.fields.get("about").and_then(Value::as_str) == Some(about))
        // What was kept under older rules and makes no sense to these is as if it were not there.
        .filter_map(|fact| Some((fact, Policy::read(fact.fields.as_object()?).ok()?)))
        .collect();
    let policies: Vec<&Policy> = facts.iter().map(|(_, policy)| policy).collect();
    let case = Case { variables, now: &situation.input.now, hours: situation.hours };
    let asked = |name: &str| {
        let mut policies = facts.iter().map(|(fact, _)| place(&fact.id, name));
        policies.any(|place| episode.asked.contains(&place))
    };
    let english = situation.pack.language.starts_with("en");
    match judge(&policies, case, heard, &|name| !asked(name), english)? {
        Ok(judgement) => Some(Ok(verdict(about, &facts, judgement))),
        Err(question) => {
            let policy = facts.get(question.policy)?.0.id.clone();
            Some(Err(Asking { policy, about: about.to_owned(), question }))
        }
    }
}

fn verdict(about: &str, facts: &[(&Fact, Policy)], judgement: Judgement) -> Verdict {
    let fact = facts[judgement.policy].0;
    let other = judgement.disagrees.map(|place| facts[place].0.id.as_str());
    let reason = match other {
        Some(other) => format!("{}: {} and {other}", judgement.reason, fact.id),
        None => judgement.reason,
    };
    Verdict {
        about: about.to_owned(),
        outcome: judgement.outcome,
        says: judgement.says,
        policy: fact.id.clone(),
        title: fact.title.clone(),
        clause: fact.fields.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(),
        reason,
        values: judgement.values,
    }
}
