//! Which parts of a turn may a person say under their own name, without anything being begun or promised by it?

use serde::Serialize;

use crate::conversation::types::EmotionSummary;
use crate::pack::types::Pack;
use crate::turn::trace::{FactTrace, SentenceTrace};
use crate::turn::types::{
    Decision, Draft, Goal, HandoffMode, HandoffReason, PlannedGoal, Realisation, Refusal, ScenarioMatch,
};

use super::NextStep;

/// How many replies are suggested at most: nobody reads a third one.
pub const MOST_SUGGESTIONS: usize = 2;

/// A reply that passed the guard and that a person may send as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Suggestion {
    /// All sentences, each on its own line.
    pub text: String,
    /// The sentences, with what each rests on.
    pub sentences: Vec<SentenceTrace>,
}

impl Suggestion {
    /// The reply of these sentences; none of no sentence.
    pub fn of(sentences: Vec<SentenceTrace>) -> Option<Self> {
        let lines: Vec<&str> = sentences.iter().map(|sentence| sentence.text.as_str()).collect();
        let text = lines.join("\n");
        (!sentences.is_empty()).then_some(Self { text, sentences })
    }

    /// Whether it only greets, comforts, apologises or takes leave: no record stands in it, and nothing goes on by it.
    pub fn is_only_polite(&self) -> bool {
        let is_polite = |sentence: &SentenceTrace| {
            (!sentence.goal.is_step() || sentence.goal == Goal::Close) && sentence.evidence.is_empty()
        };
        self.sentences.iter().all(is_polite)
    }
}

/// Replies in their order, but those that are only polite behind the others.
pub fn polite_last(mut replies: Vec<Suggestion>) -> Vec<Suggestion> {
    replies.sort_by_key(Suggestion::is_only_polite);
    replies
}

/// That a person has to decide, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SuggestedHandoff {
    /// Its reason code.
    pub reason: HandoffReason,
    /// A finer reason.
    pub detail: Option<String>,
    /// How urgent.
    pub mode: HandoffMode,
}

/// What a turn comes to for a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Suggested {
    /// Up to [`MOST_SUGGESTIONS`] different replies, the better one first; one that is only polite comes last.
    pub suggestions: Vec<Suggestion>,
    /// What the person has to do.
    pub next_step: Option<NextStep>,
    /// The scenario.
    pub scenario: Option<ScenarioMatch>,
    /// The customer's emotion.
    pub emotion: Option<EmotionSummary>,
    /// That a person has to decide, and why.
    pub handoff: Option<SuggestedHandoff>,
    /// Drafts that were not let out.
    pub refused: Vec<Refusal>,
    /// The facts of the turn.
    pub evidence: Vec<FactTrace>,
}

/// A decision without what a person does not say or does not get by a suggestion: words of a handoff, the machine's name
/// for itself, and promises and actions that do not stand yet, with the sentences that speak of them.
pub fn for_person(mut decision: Decision, pack: &Pack) -> Decision {
    let promised: Vec<Goal> = decision.commitments.iter().map(|planned| planned.goal).collect();
    let fits = |draft: &Draft| is_for_person(draft, pack) && !promised.contains(&draft.goal);
    decision.goals = decision.goals.into_iter().filter_map(|planned| without_bot(planned, &fits)).collect();
    decision.handoff = None;
    decision.commitments.clear();
    decision.actions.clear();
    decision.flows.clear();
    decision.choices.clear();
    decision
}

/// A goal with the drafts that fit; none if none is left.
fn without_bot(planned: PlannedGoal, fits: &impl Fn(&Draft) -> bool) -> Option<PlannedGoal> {
    let PlannedGoal { goal, realisation, fallback } = planned;
    if matches!(goal, Goal::Handoff | Goal::Greet) {
        return None;
    }
    let mut fallback: Vec<Draft> = fallback.into_iter().filter(fits).collect();
    let realisation = match realisation {
        Realisation::Ready(draft) if fits(&draft) => Realisation::Ready(draft),
        Realisation::Ready(_) if fallback.is_empty() => return None,
        Realisation::Ready(_) => Realisation::Ready(fallback.remove(0)),
        model @ Realisation::Model(_) => model,
    };
    Some(PlannedGoal { goal, realisation, fallback })
}

/// Whether a draft is nothing that only the assistant says of itself.
fn is_for_person(draft: &Draft, pack: &Pack) -> bool {
    draft.goal != Goal::Handoff
        && !draft.slots.keys().any(|path| path.starts_with("assistant."))
        && !pack.desk.machine.iter().any(|machine| machine.is_match(&draft.text))
}

/// The sentences of a turn that a person may say. A line that only turned out to be needed while speaking tells of a
/// ticket that was not opened, and a model may have called itself what it is.
pub fn sayable_by_person(sentences: Vec<SentenceTrace>, pack: &Pack) -> Vec<SentenceTrace> {
    let sayable = |sentence: &SentenceTrace| {
        sentence.goal != Goal::Handoff
            && !pack.desk.machine.iter().any(|machine| machine.is_match(&sentence.text))
    };
    sentences.into_iter().filter(sayable).collect()
}

/// Whether a reply says something that another does not say in the same words.
pub fn differs(reply: &Suggestion, from: &Suggestion) -> bool {
    let known = |text: &str| from.sentences.iter().any(|sentence| sentence.text == text);
    reply.sentences.iter().any(|sentence| !known(&sentence.text))
}
