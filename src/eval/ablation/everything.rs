//! What if the model wrote all that rests on records? The shop's usual turn lets it write only what no field, verdict or
//! extract answers, which is little; how good a guard is shows where there is much to keep back.

use crate::turn::types::{Decision, Draft, Facts, Goal, ModelBrief, PlannedGoal, Realisation};

/// How many facts the model is given.
const FACTS: usize = 4;

/// The same decision with every answer that rests on records left to the model; what was planned is what replaces a draft.
pub fn left_to_the_model(mut decision: Decision, facts: &Facts) -> Decision {
    for planned in &mut decision.goals {
        if let Realisation::Ready(draft) = &planned.realisation
            && may_be_written(planned, draft)
        {
            let brief = ModelBrief { goals: vec![planned.goal], evidence: evidence(draft, facts) };
            let Realisation::Ready(draft) =
                std::mem::replace(&mut planned.realisation, Realisation::Model(brief))
            else {
                continue;
            };
            planned.fallback.insert(0, draft);
        }
    }
    decision
}

/// What tells something of the records. Comfort, promises, questions and handoffs stay wording.
fn may_be_written(planned: &PlannedGoal, draft: &Draft) -> bool {
    let tells = matches!(
        planned.goal,
        Goal::Answer | Goal::Verdict | Goal::Explain | Goal::Alternative | Goal::Recommend | Goal::Volunteer
    );
    tells && !draft.evidence.is_empty()
}

/// What the draft rests on, and what else was found, best first.
fn evidence(draft: &Draft, facts: &Facts) -> Vec<String> {
    let mut ids = draft.evidence.clone();
    for fact in &facts.found {
        if ids.len() >= FACTS {
            break;
        }
        if !ids.contains(&fact.id) {
            ids.push(fact.id.clone());
        }
    }
    ids
}
