//! What does a person have to do, where the assistant would begin, promise or hand over something itself?

use serde::Serialize;
use serde_json::json;

use crate::flows::FlowState;
use crate::pack::desk::{DeskTexts, StepText};
use crate::pack::types::Pack;
use crate::pack::wording::render_template;
use crate::time::Now;
use crate::turn::decide::reason_name;
use crate::turn::types::{Decision, HandoffReason};

/// What kind of step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextStepKind {
    /// A person has to decide.
    Handoff,
    /// An action of the pack has to be begun.
    Action,
    /// A matter of several steps goes on.
    Flow,
    /// Somebody has to find it out and say so by a time.
    Promise,
}

/// The next step of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct NextStep {
    /// What to do, in the language of the pack.
    pub text: String,
    /// What kind of step it is.
    pub kind: NextStepKind,
    /// Which one: the action, the flow, the promise, or the reason of the handoff.
    pub name: String,
    /// How the customer hears of it in the draft of the first sentence.
    #[serde(skip)]
    pub say: String,
}

/// The step that a decision asks of a person: what a person has to decide before what has to be begun, and that before what
/// has to be promised. None where an answer is all there is to do, or where everything is on its way already.
pub fn for_decision(decision: &Decision, pack: &Pack, now: &Now) -> Option<NextStep> {
    if let Some(plan) = &decision.handoff {
        return for_handoff(plan.reason, pack, now);
    }
    action(decision, pack, now).or_else(|| flow(decision, pack, now)).or_else(|| promise(decision, pack, now))
}

/// The step where a person has to decide for a reason.
pub fn for_handoff(reason: HandoffReason, pack: &Pack, now: &Now) -> Option<NextStep> {
    let name = reason_name(reason);
    let texts = pack.desk.next_step.handoff.get(&name)?;
    step(NextStepKind::Handoff, name, texts, &json!({}), (pack, now))
}

/// How a first sentence goes on where nothing has to be done but to answer.
pub(super) fn answer(texts: &DeskTexts) -> String {
    texts.next_step.answer.say.clone()
}

fn action(decision: &Decision, pack: &Pack, now: &Now) -> Option<NextStep> {
    let planned = decision.actions.first()?;
    let kind = pack.actions.kinds.get(&planned.kind)?;
    let slots = json!({ "name": kind.name });
    step(NextStepKind::Action, kind.id.clone(), &pack.desk.next_step.action, &slots, (pack, now))
}

fn flow(decision: &Decision, pack: &Pack, now: &Now) -> Option<NextStep> {
    let moved = decision.flows.iter().find(|moved| moved.state == FlowState::Open)?;
    let kind = pack.flows.get(&moved.kind)?;
    let slots = json!({ "name": kind.name, "step": kind.step(&moved.step)?.name });
    step(NextStepKind::Flow, kind.id.clone(), &pack.desk.next_step.flow, &slots, (pack, now))
}

/// What a person would owe. What an open action brings is on its way.
fn promise(decision: &Decision, pack: &Pack, now: &Now) -> Option<NextStep> {
    let planned = decision.commitments.iter().find(|planned| planned.action.is_none())?;
    let kind = pack.promises.get(&planned.kind)?;
    let slots = json!({ "task": kind.task });
    step(NextStepKind::Promise, kind.name.clone(), &pack.desk.next_step.promise, &slots, (pack, now))
}

fn step(
    kind: NextStepKind,
    name: String,
    texts: &StepText,
    slots: &serde_json::Value,
    (pack, now): (&Pack, &Now),
) -> Option<NextStep> {
    let english = pack.language.starts_with("en");
    let (text, _) = render_template(&texts.text, slots, now, english)?;
    let (say, _) = render_template(&texts.say, slots, now, english)?;
    Some(NextStep { text, kind, name, say })
}
