//! What to ask about a message that was not understood: which of the two best guesses is meant, in the customer's words.

use serde_json::json;

use super::Situation;
use super::goals::Spoken;
use super::words::Words;
use crate::turn::types::{Draft, Goal, Pending, Realisation};

/// The place of the question that names two guesses.
pub const GUESSES: &str = "unclear.guesses";

/// Asks which of two guesses is meant; nothing if there are no two that have a name.
pub fn which(words: &mut Words<'_>) -> Option<Draft> {
    let guesses = named(words.situation());
    let [(_, first), (_, second)] = guesses.as_slice() else { return None };
    words.set("guess", json!({ "first": first, "second": second }));
    words.own_draft(GUESSES, Goal::Collect)
}

/// What waits for an answer once it was asked what is meant.
pub fn pending(spoken: &Spoken, situation: Situation<'_>) -> Pending {
    let by_guesses = spoken.goals.iter().any(|planned| match &planned.realisation {
        Realisation::Ready(draft) => draft.wording.as_ref().is_some_and(|id| id.starts_with(GUESSES)),
        Realisation::Model(_) => false,
    });
    let guesses = if by_guesses { named(situation) } else { Vec::new() };
    Pending::Clarify {
        guesses: guesses.into_iter().map(|(intent, _)| intent.to_owned()).collect(),
        question: situation.reading.masked.clone(),
    }
}

/// The two likeliest intents that have a name in a customer's words, with it.
fn named(situation: Situation<'_>) -> Vec<(&str, &str)> {
    let guesses = situation.reading.guesses.iter();
    let named = guesses.filter_map(|intent| Some((intent.as_str(), situation.pack.asks(intent)?)));
    named.take(2).collect()
}
