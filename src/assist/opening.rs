//! How does a person begin who takes a conversation over? By saying the wish back and what they do first
//! (service practice §4.4), in approved words that pass the guard.

use serde_json::json;

use super::next_step::answer;
use super::suggest::{MOST_SUGGESTIONS, Suggestion};
use crate::pack::types::Pack;
use crate::pack::wording::render_template;
use crate::time::Now;
use crate::turn::guard::{self, GoalOrder, Grounds, GuardContext};
use crate::turn::trace::SentenceTrace;
use crate::turn::types::{By, Draft, Emotion, EmotionFlag, Facts, Goal, Refusal, Stage, Tier};
use crate::turn::understand::private::mask_past;

/// The longest wish that is said back in the customer's own words, in characters.
const LONGEST_WISH: usize = 40;

/// What a first sentence is made of.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// What the customer wants, word for word.
    pub wish: &'a str,
    /// What the matter is called, if it is known.
    pub matter: Option<&'a str>,
    /// What the person does first, in words for the customer; without it that the person checks it.
    pub step: Option<&'a str>,
    /// How the customer feels. Words of insult are not said back.
    pub emotion: &'a Emotion,
}

/// Drafts of the first sentence that passed the guard, at most as many as are suggested, and what did not pass.
pub fn openings(opening: &Opening<'_>, pack: &Pack, now: &Now) -> (Vec<Suggestion>, Vec<Refusal>) {
    let variables = variables(opening, pack);
    let english = pack.language.starts_with("en");
    let (mut passed, mut refused) = (Vec::new(), Vec::new());
    for (index, template) in pack.desk.opening.iter().enumerate() {
        let Some((text, slots)) = render_template(template, &variables, now, english) else { continue };
        let draft = Draft {
            text,
            goal: Goal::Acknowledge,
            by: By::Wording,
            evidence: Vec::new(),
            wording: Some(format!("desk.opening.{}", index + 1)),
            slots,
        };
        match vetted(&draft, opening, (pack, now)) {
            Ok(suggestion) => passed.extend(suggestion),
            Err(refusal) => refused.push(refusal),
        }
        if passed.len() == MOST_SUGGESTIONS {
            break;
        }
    }
    (passed, refused)
}

fn variables(opening: &Opening<'_>, pack: &Pack) -> serde_json::Value {
    let mut variables = json!({ "shop": { "name": pack.voice.shop } });
    let step = opening.step.map_or_else(|| answer(&pack.desk), str::to_owned);
    variables["step"] = step.into();
    if let Some(wish) = said_back(opening, pack) {
        variables["wish"] = wish.into();
    }
    if let Some(matter) = opening.matter {
        variables["matter"] = matter.into();
    }
    variables
}

/// The wish as it may be said back: short, on one line, without private data and insults.
fn said_back(opening: &Opening<'_>, pack: &Pack) -> Option<String> {
    let wish = opening.wish.split_whitespace().collect::<Vec<_>>().join(" ");
    let insulting = opening.emotion.flags.contains(&EmotionFlag::Abusive);
    let masked = mask_past(&wish, !pack.language.starts_with("en"));
    let fits = !wish.is_empty() && wish.chars().count() <= LONGEST_WISH;
    // It stands between quotation marks of the sentence.
    let plain = !wish.contains(['"', '“', '”', '{', '}']);
    (fits && plain && !insulting && masked == wish).then_some(wish)
}

/// A ticket stands behind a first sentence; nothing else does.
fn vetted(
    draft: &Draft,
    opening: &Opening<'_>,
    (pack, now): (&Pack, &Now),
) -> Result<Option<Suggestion>, Refusal> {
    let facts = Facts::default();
    let grounds = Grounds::new(pack, opening.wish, &facts, now);
    let done = ["ticket_opened".to_owned(), "handoff".to_owned()];
    let context = GuardContext {
        grounds: &grounds,
        emotion: opening.emotion,
        stage: Stage::Service,
        tier: Tier::Handoff,
        backed: &[],
        done: &done,
        order: GoalOrder::default(),
    };
    let vetted = guard::vet(draft, &context)?;
    Ok(Suggestion::of(vec![SentenceTrace {
        text: vetted.text().to_owned(),
        goal: vetted.goal(),
        by: vetted.by(),
        evidence: Vec::new(),
    }]))
}
