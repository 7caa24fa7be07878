//! What a pack says to the people who answer: quick phrases, the next step, the draft of their first sentence, what they are
//! warned of, and which of their own words are owed.

use std::collections::BTreeMap;

use regex::Regex;

/// What a quick phrase may leave to the page: who the customer is, the order's number, the agent, the time of the promise.
pub const PHRASE_SLOTS: [&str; 4] = ["customer", "order", "agent", "due"];

/// A sentence that agents say often, found by its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// What an agent types behind a slash.
    pub code: String,
    /// What it is for.
    pub title: String,
    /// The sentence; its slots stand in it as `{{customer}}`, one of [`PHRASE_SLOTS`].
    pub text: String,
    /// By what it is found besides.
    pub tags: Vec<String>,
}

/// What stands on the desk beside a conversation.
#[derive(Debug, Default)]
pub struct DeskTexts {
    /// What a person has to do next, by its kind.
    pub next_step: NextStepTexts,
    /// Drafts of a person's first sentence, tried in order; templates with `wish`, `matter`, `step` and `shop.name`.
    pub opening: Vec<String>,
    /// What a person's own message is warned of; templates with `found`.
    pub warnings: WarningTexts,
    /// Expressions by which a sentence says that a machine speaks. People do not send it under their names.
    pub machine: Vec<Regex>,
    /// By which of an agent's words the customer is owed something.
    pub words: GivenWords,
}

/// By which of an agent's words the customer is owed something. Each list holds expressions for one clause, in lower case.
#[derive(Debug, Default)]
pub struct GivenWords {
    /// A word whatever the time; without one it is owed within the time of an answer.
    pub owed: Vec<Regex>,
    /// A word only with a time that is still to come.
    pub timed: Vec<Regex>,
    /// No word, whatever else the clause says: what is done, what others do, what the shop's rules say, what is denied.
    pub never: Vec<Regex>,
    /// The whole sentence waits for something that the customer does.
    pub conditions: Vec<Regex>,
    /// The whole sentence asks or proposes.
    pub questions: Vec<Regex>,
    /// What sounds like something given away and is none: news of a refund, a delivery.
    pub no_gifts: Vec<Regex>,
}

/// A step, as the person reads it and as the customer hears of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepText {
    /// What the person reads.
    pub text: String,
    /// What follows `I first …` in the draft of the first sentence.
    pub say: String,
}

/// What a person has to do next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NextStepTexts {
    /// An action of the pack; slot `name`.
    pub action: StepText,
    /// A matter of several steps; slots `name` and `step`.
    pub flow: StepText,
    /// What only a person can find out; slot `task`.
    pub promise: StepText,
    /// Where nothing has to be done but to answer.
    pub answer: StepText,
    /// A handoff, by the name of its reason.
    pub handoff: BTreeMap<String, StepText>,
}

/// What a person's own message is warned of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WarningTexts {
    /// A red line; slot `found` names it with the words that cross it.
    pub red_line: String,
    /// Money that stands in no record.
    pub money: String,
    /// A time that stands in no record.
    pub time: String,
    /// A finished action without a record.
    pub done: String,
    /// Something given away that no policy gives.
    pub promise: String,
}
