//! Does an agent give the customer a word? "下午四点前给您答复" is owed like what the assistant promises.
//!
//! The pack says by which words (`desk.yaml`, `words`); `moment.rs` says by when. What the assistant itself may say is another
//! matter, and the guard's.

mod moment;
#[cfg(test)]
pub(crate) mod tests;

use jiff::Timestamp;
use regex::Regex;
use unicode_normalization::UnicodeNormalization;

use self::moment::{Named, named};
use super::hours::BusinessHours;
use crate::pack::desk::GivenWords;
use crate::pack::types::Pack;
use crate::time::Now;
use crate::turn::understand::clauses::clauses;

/// The kind of promise that an agent gives in a message.
pub const AGENT_WORD: &str = "agent_word";

/// What gives a word, and when: the pack, the opening hours and the moment of the message.
#[derive(Debug, Clone, Copy)]
pub struct WordGrounds<'a> {
    /// By which words.
    pub pack: &'a Pack,
    /// Which days are working days.
    pub hours: &'a BusinessHours,
    /// When it was written.
    pub now: &'a Now,
}

/// Within which time a word is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owed {
    /// By this moment.
    By(Timestamp),
    /// Within the time of an answer.
    Soon,
}

/// By when an agent's message says that the customer hears something; none if it says no such thing. A word without a time
/// ("尽快回复您") is owed within `minutes` business minutes, one for a day by its end. Of several words the first counts.
pub fn promised(text: &str, grounds: &WordGrounds<'_>, minutes: u32) -> Option<Timestamp> {
    let sentences = text.split_inclusive(['。', '！', '？', '；', '\n', '!', '?', ';']);
    let given = sentences.flat_map(|sentence| words_of(sentence, grounds));
    given
        .map(|owed| match owed {
            Owed::By(moment) => moment,
            Owed::Soon => grounds.hours.due_in_business_minutes(grounds.now, minutes),
        })
        .filter(|due| *due > grounds.now.timestamp())
        .min()
}

/// Whether a sentence says that the customer will be told or given something. A question does not, nor does what waits for
/// the customer, what others do, what is done, or what the shop's rules say.
pub fn gives_word(sentence: &str, grounds: &WordGrounds<'_>) -> bool {
    !words_of(sentence, grounds).is_empty()
}

/// The words that a sentence gives, as it stands between marks that end one; a full stop ends one too, if a space follows.
fn words_of(sentence: &str, grounds: &WordGrounds<'_>) -> Vec<Owed> {
    let folded = sentence.nfkc().collect::<String>().replace('’', "'").to_lowercase();
    folded.split(". ").flat_map(|sentence| words_of_one(sentence, grounds)).collect()
}

fn words_of_one(folded: &str, grounds: &WordGrounds<'_>) -> Vec<Owed> {
    let forms = &grounds.pack.desk.words;
    let parts = clauses(folded);
    if folded.contains('?')
        || parts.iter().any(|part| is_one(part, &forms.questions) || is_one(part, &forms.conditions))
    {
        return Vec::new();
    }
    let times: Vec<Named> = parts.iter().map(|part| named(part, grounds.hours, grounds.now)).collect();
    let mut words: Vec<Owed> = (0..parts.len()).filter_map(|at| word_of(at, &parts, &times, forms)).collect();
    // What a sentence says beside its time is said of the same thing.
    if words.iter().any(|word| *word != Owed::Soon) {
        words.retain(|word| *word != Owed::Soon);
    }
    words
}

/// The word that one clause gives. A clause without a time has that of the nearest one that says nothing but a time.
fn word_of(at: usize, parts: &[&str], times: &[Named], forms: &GivenWords) -> Option<Owed> {
    let part = parts[at];
    if is_one(part, &forms.never) {
        return None;
    }
    let own = times[at].due;
    let beside = || {
        let before = times[..at].iter().rev();
        before.chain(&times[at + 1..]).find(|time| time.is_all).and_then(|time| time.due)
    };
    if let Some(due) = own.or_else(beside)
        && (is_one(part, &forms.timed) || is_one(part, &forms.owed))
    {
        return Some(Owed::By(due));
    }
    is_one(part, &forms.owed).then_some(Owed::Soon)
}

fn is_one(clause: &str, forms: &[Regex]) -> bool {
    forms.iter().any(|form| form.is_match(clause))
}
