//! Which of the two guesses that were named does the customer mean? "尺码", "第二个", "1".

use std::sync::LazyLock;

use regex::Regex;

use super::intents::Understood;
use crate::pack::types::Pack;
use crate::turn::types::{IntentMatch, Matter, Pending, TurnInput};

/// How sure a picked guess is.
const PICKED: f32 = 0.9;
/// A longer answer says something of its own, in characters.
const LONGEST: usize = 14;
/// So many characters in a row must be those of a guess's name.
const SHARED: usize = 2;

static FIRST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:是|问|选|就|要|我)*(?:第?[一1]个?|①|前者|前面?(?:那|一)?个|上面(?:那|一)?个|(?:the )?(?:first|former)(?: one)?)(?:吧|的|呢|哦|啊|啦)*[.。!,]*$").expect("a fixed expression")
});
static SECOND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:是|问|选|就|要|我)*(?:第?[二2两]个?|②|后者|后面?(?:那|一)?个|下面(?:那|一)?个|(?:the )?(?:second|latter|last)(?: one)?)(?:吧|的|呢|哦|啊|啦)*[.。!,]*$").expect("a fixed expression")
});

/// A guess the customer has taken.
pub(super) struct Picked {
    pub understood: Understood,
    /// What was not understood, made whole by what was picked.
    pub question: String,
}

/// The guess that a folded answer picks, if one was asked about.
pub(super) fn picked(folded: &str, input: &TurnInput, pack: &Pack) -> Option<Picked> {
    let Some(Pending::Clarify { guesses, question }) = &input.memory.pending else { return None };
    let names: Vec<&str> = guesses.iter().filter_map(|guess| pack.asks(guess)).collect();
    if names.len() != guesses.len() {
        return None;
    }
    let at = by_place(folded, guesses.len()).or_else(|| by_name(folded, &names))?;
    let scenario = pack.default_scenario(&guesses[at])?;
    let why = format!("picked {}", names[at]);
    let question =
        if question.is_empty() { names[at].to_owned() } else { format!("{question},{}", names[at]) };
    let understood = Understood {
        intents: vec![IntentMatch { intent: guesses[at].clone(), confidence: PICKED, why }],
        matter: Some(Matter { topic: scenario.topic.clone(), stage: scenario.stage, confidence: PICKED }),
        guesses: Vec::new(),
    };
    Some(Picked { understood, question })
}

fn by_place(folded: &str, count: usize) -> Option<usize> {
    let folded = folded.trim();
    let at = if FIRST.is_match(folded) {
        0
    } else if SECOND.is_match(folded) {
        1
    } else {
        return None;
    };
    (at < count).then_some(at)
}

/// The guess whose name shares the most with a short answer; none if two share as much.
fn by_name(folded: &str, names: &[&str]) -> Option<usize> {
    if folded.chars().count() > LONGEST.max(names.iter().map(|name| name.chars().count()).max()? + 4) {
        return None;
    }
    let shared: Vec<usize> = names.iter().map(|name| longest_shared(folded, &name.to_lowercase())).collect();
    let best = (0..names.len()).max_by_key(|at| shared[*at])?;
    let alone = shared.iter().enumerate().all(|(at, length)| at == best || *length < shared[best]);
    let enough = if folded.is_ascii() { 2 * SHARED } else { SHARED };
    (alone && shared[best] >= enough).then_some(best)
}

/// The length of the longest run of characters that stands in both.
fn longest_shared(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut longest = 0;
    let mut before = vec![0_usize; right.len() + 1];
    for one in &left {
        let mut now = vec![0_usize; right.len() + 1];
        for (at, other) in right.iter().enumerate() {
            if one == other && one.is_alphanumeric() {
                now[at + 1] = before[at] + 1;
                longest = longest.max(now[at + 1]);
            }
        }
        before = now;
    }
    longest
}

/// Compiles the fixed expressions of this module.
pub(super) fn prepare() {
    LazyLock::force(&FIRST);
    LazyLock::force(&SECOND);
}
