//! Does a message say several things? The surest intent of each of its clauses.

use super::Reader;
use super::around::Around;
use super::clauses::clauses;
use crate::turn::types::IntentMatch;

/// A clause says something of its own from this confidence on.
const SURE: f32 = 0.55;
/// At most so many clauses are read; a story has more, and one matter.
const CLAUSES: usize = 4;

/// One intent for each clause that is sure of one, in the order of the text, each with its clause as the reason; empty if
/// the message has only one clause, or is a story.
pub fn by_clause(text: &str, reader: &Reader) -> Vec<IntentMatch> {
    let clauses = clauses(text);
    if !(2..=CLAUSES).contains(&clauses.len()) {
        return Vec::new();
    }
    let mut found: Vec<IntentMatch> = Vec::new();
    for clause in clauses {
        let read = reader.intents.read(clause, &Around::default(), None);
        let Some(surest) = read.intents.into_iter().next() else { continue };
        if surest.confidence >= SURE && !found.iter().any(|known| known.intent == surest.intent) {
            found.push(IntentMatch { why: clause.to_owned(), ..surest });
        }
    }
    found
}
