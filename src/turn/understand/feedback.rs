//! How does the message answer what was said before: accepted, rejected, asked again, or only prodded?

use std::collections::HashSet;

use super::clauses::{clauses, strip_politeness};
use super::lists::WordList;
use crate::pack::types::EmotionLexicon;
use crate::turn::types::{Author, Feedback, TurnInput};

/// From this similarity on, a question is the same question again.
const SAME_QUESTION: f32 = 0.72;

/// Words that may stand beside a rejection without making it something else: "这个还是没用啊".
const BESIDE_REJECTION: [&str; 38] = [
    "有点",
    "有些",
    "真的是",
    "实在",
    "还是",
    "这个",
    "那个",
    "都",
    "也",
    "说",
    "了",
    "啊",
    "呀",
    "吧",
    "呢",
    "的",
    "我",
    "你",
    "您",
    "这",
    "那",
    "就",
    "根本",
    "完全",
    "一点",
    "真的",
    "完了",
    "试过",
    "好像",
    "但",
    "但是",
    "可是",
    "又",
    "是",
    "啦",
    "嘛",
    "哦",
    "不好意思",
];
/// How an answer is challenged: "凭什么不能退".
const CHALLENGES: [&str; 4] = ["凭什么", "凭啥", "哪有这种", "哪有这样"];
/// Words that may stand beside an acceptance: "好的亲", "嗯那行吧".
const BESIDE_AFFIRMATION: [&str; 30] = [
    "亲",
    "亲亲",
    "的",
    "了",
    "哦",
    "噢",
    "啊",
    "呀",
    "吧",
    "呢",
    "啦",
    "嘛",
    "那",
    "就",
    "我",
    "你",
    "您",
    "先",
    "这样",
    "哈",
    "哈哈",
    "咯",
    "呗",
    "嘞",
    "滴",
    "就这样",
    "也",
    "麻烦",
    "辛苦",
    "客服",
];

/// The short answers of a pack, ready to be looked for.
#[derive(Debug)]
pub struct FeedbackWords {
    affirmations: WordList,
    rejections: WordList,
    beside_affirmation: WordList,
    beside_rejection: WordList,
}

impl FeedbackWords {
    /// Prepares the lists of a pack.
    pub fn new(lexicon: &EmotionLexicon) -> Self {
        Self {
            affirmations: WordList::new(lexicon.affirmations.iter().map(String::as_str)),
            rejections: WordList::new(lexicon.rejections.iter().map(String::as_str)),
            beside_affirmation: WordList::new(BESIDE_AFFIRMATION),
            beside_rejection: WordList::new(BESIDE_REJECTION),
        }
    }

    /// Reads how a folded text answers what was said before.
    pub fn read(&self, folded: &str, input: &TurnInput) -> Feedback {
        if !folded.is_empty() && !folded.chars().any(char::is_alphanumeric) {
            return if asks(folded) { Feedback::Prodded } else { Feedback::None };
        }
        let answered = input.history.iter().any(|message| message.author != Author::Customer)
            || input.memory.question.is_some();
        let challenged = CHALLENGES.iter().any(|challenge| strip_politeness(folded).starts_with(challenge));
        if answered && (challenged || self.rejects(folded)) {
            return Feedback::Negated;
        }
        if self.affirms(folded) {
            return Feedback::Affirmed;
        }
        if repeats(folded, input) { Feedback::Repeated } else { Feedback::None }
    }

    /// Whether a clause is a rejection and nothing else. The whole message need not be one: "不是这个，我问的是运费".
    pub fn rejects(&self, folded: &str) -> bool {
        clauses(folded).first().is_some_and(|clause| self.is_rejection(clause))
    }

    /// Whether one clause is nothing but a rejection.
    pub fn is_rejection(&self, clause: &str) -> bool {
        let rest = self.rejections.without(clause);
        rest.len() < clause.len()
            && self.beside_rejection.without(&rest).chars().filter(|c| c.is_alphanumeric()).count() == 0
    }

    /// What a folded text says after its first clause, if that is nothing but an acceptance: "好，我想想" says "我想想".
    pub fn after_acceptance<'t>(&self, folded: &'t str) -> Option<&'t str> {
        let first = *clauses(folded).first()?;
        let rest = &folded[folded.find(first)? + first.len()..];
        let rest = rest.trim_start_matches(|one: char| !one.is_alphanumeric());
        (self.affirms(first) && rest.chars().filter(|one| one.is_alphanumeric()).count() >= 2).then_some(rest)
    }

    /// Whether the whole message is an acceptance.
    pub fn affirms(&self, folded: &str) -> bool {
        if folded.contains(['?']) || folded.chars().count() > 24 {
            return false;
        }
        let plain: String = folded.chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect();
        let rest = self.affirmations.without(&plain);
        rest.len() < plain.len()
            && self.beside_affirmation.without(&rest).chars().filter(|c| c.is_alphanumeric()).count() == 0
    }
}

/// Punctuation that wants an answer; "..." and "~" may be anything.
fn asks(text: &str) -> bool {
    text.contains(['?', '!']) || text.contains("..") || text.contains("。。")
}

/// Whether one of the customer's last messages asked the same.
fn repeats(folded: &str, input: &TurnInput) -> bool {
    let own = strip_politeness(folded);
    if own.chars().filter(|c| c.is_alphanumeric()).count() < 2 {
        return false;
    }
    let before = input
        .history
        .iter()
        .rev()
        .filter(|message| message.author == Author::Customer)
        .take(4)
        .map(|message| super::normalise::folded(&message.text));
    let question = input.memory.question.iter().map(|question| super::normalise::folded(question));
    before.chain(question).any(|earlier| similarity(own, strip_politeness(&earlier)) >= SAME_QUESTION)
}

/// How alike two texts are, from 0 to 1: shared character pairs over all (Dice).
pub fn similarity(left: &str, right: &str) -> f32 {
    let (left, right) = (pairs(left), pairs(right));
    if left.is_empty() || right.is_empty() {
        return 0.0;
    }
    let shared = left.intersection(&right).count() as f32;
    2.0 * shared / (left.len() + right.len()) as f32
}

fn pairs(text: &str) -> HashSet<(char, char)> {
    let characters: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).take(300).collect();
    let mut pairs: HashSet<(char, char)> = characters.windows(2).map(|pair| (pair[0], pair[1])).collect();
    // A first sign makes very short texts comparable.
    if let Some(first) = characters.first() {
        pairs.insert(('\n', *first));
    }
    pairs
}
