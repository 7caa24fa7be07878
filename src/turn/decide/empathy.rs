//! May this reply comfort or apologise? A calm question that a field answers is answered; comfort is said once a tier
//! in an episode and apology once, and only where the records prove a breach.

use super::class::Course;
use super::words::Words;
use crate::record::RecordKind;
use crate::turn::types::{Draft, Episode, EpisodeState, Goal, ReplyClass, Tier};

/// The place of the comfort that names what the customer needs it for.
pub const SITUATION: &str = "situation";

/// A feeling of at least this intensity is answered as one.
const UPSET: f32 = 0.3;

/// Whether a goal fits the tone of this reply.
///
/// # Errors
/// Why it does not.
pub fn fits(goal: Goal, course: &Course<'_>, words: &Words<'_>) -> Result<(), &'static str> {
    let episode = &course.placed.episode;
    match goal {
        Goal::Soothe if was_comforted(course, words) => Err("comfort was said in this matter already"),
        Goal::Soothe if !(is_upset(words) || names_trouble(course)) => {
            Err("the customer is calm and the records show nothing wrong")
        }
        Goal::Apologize if !course.breach => Err("no record proves a breach of ours"),
        Goal::Apologize if episode.apologised => Err("an apology was said in this matter already"),
        Goal::Volunteer | Goal::Recommend | Goal::Alternative if course.class == ReplyClass::Danger => {
            Err("health or safety comes before anything else")
        }
        Goal::Recommend if is_upset(words) => Err("nothing is sold to somebody who is upset"),
        _ => Ok(()),
    }
}

/// Comfort is said once a tier, and never again after the soothing one; but what the customer needs it for is named when
/// they say it, and what a dispute or a danger begins with is said once by its own wording.
fn was_comforted(course: &Course<'_>, words: &Words<'_>) -> bool {
    let tier = words.tier().min(Tier::Soothing);
    let before = course.placed.episode.comforted.is_some_and(|comforted| tier <= comforted);
    let apart = matches!(course.class, ReplyClass::Dispute | ReplyClass::Danger) || course.placed.names_need;
    before && !apart
}

/// Whether a draft advertises: it rests on promotions or coupons. Nobody hears that while something is wrong.
pub fn advertises(draft: &Draft, words: &Words<'_>) -> bool {
    let facts = words.situation().facts;
    draft
        .evidence
        .iter()
        .filter_map(|id| facts.get(id))
        .any(|fact| matches!(fact.kind, RecordKind::Promotion | RecordKind::Coupon))
}

/// Whether something is wrong in this conversation: the customer is upset, or a matter of theirs is in trouble.
pub fn is_troubled(words: &Words<'_>) -> bool {
    let episodes = &words.situation().input.memory.episodes;
    let troubled = |episode: &Episode| {
        episode.position.points > 0 || episode.position.danger || episode.state == EpisodeState::WithPeople
    };
    is_upset(words) || episodes.iter().any(troubled)
}

/// Where the facts themselves show that something is wrong, the comforting line is also the one that names them, and
/// everybody hears it.
fn names_trouble(course: &Course<'_>) -> bool {
    matches!(course.class, ReplyClass::Breach | ReplyClass::Dispute | ReplyClass::Danger)
}

/// Whether the customer is upset enough to be comforted.
pub fn is_upset(words: &Words<'_>) -> bool {
    let emotion = &words.situation().reading.emotion;
    emotion.label.is_negative() && emotion.intensity >= UPSET
}

/// What the customer needs it for, where the message says so and no comfort of the scenario will name it.
pub fn need(course: &Course<'_>, words: &mut Words<'_>) -> Option<Draft> {
    let comforts = course.scenario.goals.iter().any(|plan| plan.goal == Goal::Soothe);
    if comforts || !course.placed.names_need || course.class == ReplyClass::Danger {
        return None;
    }
    let draft = words.own_draft(SITUATION, Goal::Soothe)?;
    Some(Draft { goal: Goal::Acknowledge, ..draft })
}

/// The comfort of a reply: of what the customer needs it for if they said so, else the scenario's own, which names a
/// fact; the common one only to somebody who was not comforted yet.
pub fn comfort(course: &Course<'_>, words: &mut Words<'_>) -> Option<Draft> {
    let needed = course.placed.episode.need.is_some() && course.class != ReplyClass::Danger;
    let named = if needed && is_upset(words) { words.own_draft(SITUATION, Goal::Soothe) } else { None };
    let own = named.or_else(|| words.own_draft(&course.scenario.id, Goal::Soothe));
    let first = course.placed.episode.comforted.is_none() && is_upset(words);
    own.or_else(|| if first { words.draft(&course.scenario.id, Goal::Soothe) } else { None })
}
