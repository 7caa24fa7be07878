//! How much is said in one turn: at most three bubbles and one question.

use super::goals::Spoken;
use crate::turn::types::{By, Draft, Goal, LeftOut, PlannedGoal, Realisation};

/// At most so many bubbles a turn.
pub const MOST_BUBBLES: usize = 3;

/// A bubble's length that a reader takes in at once, in letters and characters: Chinese, and where letters spell words.
const BUBBLE: usize = 60;
const BUBBLE_LATIN: usize = 180;

/// What is given up first when there is too much to say, from the least to the most important.
const IMPORTANCE: [Goal; 17] = [
    Goal::Recommend,
    Goal::Close,
    Goal::Explain,
    Goal::Greet,
    Goal::Alternative,
    Goal::Volunteer,
    Goal::Acknowledge,
    Goal::Soothe,
    Goal::Apologize,
    Goal::Verify,
    Goal::Confirm,
    Goal::Collect,
    Goal::Act,
    Goal::Answer,
    Goal::Verdict,
    Goal::Commit,
    Goal::Handoff,
];

/// Whether a text asks something.
pub fn asks(text: &str) -> bool {
    text.contains(['?', '？'])
}

/// Cuts a reply down to its measure. `introduced` says whether the first goal is the assistant's introduction, which is
/// joined with what follows it if both fit into one bubble.
pub fn fit(spoken: &mut Spoken, introduced: bool) {
    if introduced {
        join_introduction(&mut spoken.goals);
    }
    ask_once(spoken);
    while spoken.goals.len() > MOST_BUBBLES {
        let first = usize::from(introduced && is_introduction(&spoken.goals[0]));
        let least = (first..spoken.goals.len()).min_by_key(|index| rank(&spoken.goals[*index]));
        // With an introduction and two more there is always one to give up.
        let Some(least) = least else { return };
        drop_goal(spoken, least, "there is too much to say for one turn");
    }
}

fn rank(planned: &PlannedGoal) -> usize {
    IMPORTANCE.iter().position(|goal| *goal == planned.goal).unwrap_or(0)
}

/// Keeps the most important question and gives up the others: first by the variant that does not ask.
fn ask_once(spoken: &mut Spoken) {
    loop {
        let asking: Vec<usize> =
            (0..spoken.goals.len()).filter(|index| is_question(&spoken.goals[*index])).collect();
        if asking.len() <= 1 {
            return;
        }
        // Of two alike the first stays.
        let Some(least) =
            asking.iter().copied().min_by_key(|index| (rank(&spoken.goals[*index]), usize::MAX - index))
        else {
            return;
        };
        let planned = &mut spoken.goals[least];
        match planned.fallback.iter().position(|draft| !asks(&draft.text)) {
            Some(quiet) => {
                planned.realisation = Realisation::Ready(planned.fallback.swap_remove(quiet));
                planned.fallback.clear();
            }
            None => drop_goal(spoken, least, "one question a turn"),
        }
    }
}

fn is_question(planned: &PlannedGoal) -> bool {
    matches!(&planned.realisation, Realisation::Ready(draft) if asks(&draft.text))
}

fn drop_goal(spoken: &mut Spoken, index: usize, why: &str) {
    let dropped = spoken.goals.remove(index);
    // What is not said is neither promised nor begun.
    let goal = dropped.goal;
    spoken.commitments.retain(|planned| planned.goal != goal);
    spoken.repeated.retain(|(of, _)| *of != goal);
    let promised = &spoken.commitments;
    let goes_on =
        |identity: &String| promised.iter().any(|planned| planned.action.as_ref() == Some(identity));
    spoken.actions.retain(|planned| goes_on(&planned.identity));
    spoken.left_out.push(LeftOut { goal: dropped.goal, why: why.to_owned() });
}

fn is_introduction(planned: &PlannedGoal) -> bool {
    matches!(&planned.realisation, Realisation::Ready(draft) if draft.goal == Goal::Greet)
}

fn join_introduction(goals: &mut Vec<PlannedGoal>) {
    let joined = match goals.as_slice() {
        [first, second, ..] => join(first, second),
        _ => None,
    };
    if let Some(joined) = joined {
        goals.splice(0..2, [joined]);
    }
}

/// Both in one bubble, with the second one's goal; `None` if that is too long or not both are approved wording.
fn join(first: &PlannedGoal, second: &PlannedGoal) -> Option<PlannedGoal> {
    let (Realisation::Ready(introduction), Realisation::Ready(next)) =
        (&first.realisation, &second.realisation)
    else {
        return None;
    };
    let length = |draft: &Draft| draft.text.chars().filter(|one| one.is_alphanumeric()).count();
    let most = if introduction.text.is_ascii() { BUBBLE_LATIN } else { BUBBLE };
    if next.by != By::Wording || length(introduction) + length(next) > most {
        return None;
    }
    let with_introduction = |draft: &Draft| {
        let mut slots = introduction.slots.clone();
        slots.extend(draft.slots.clone());
        let space = if introduction.text.is_ascii() { " " } else { "" };
        Draft { text: format!("{}{space}{}", introduction.text, draft.text), slots, ..draft.clone() }
    };
    Some(PlannedGoal {
        goal: second.goal,
        realisation: Realisation::Ready(with_introduction(next)),
        fallback: second.fallback.iter().map(with_introduction).collect(),
    })
}
