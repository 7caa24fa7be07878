//! The words of a pack: scenarios, wording, handoff rules, red lines, promises, as they are in force.
//!
//! These are the checked types. How they are written in files is the business of `load`; whether they make sense
//! is the business of `check`.

use std::collections::BTreeMap;

use regex::Regex;

use super::actions::Actions;
use super::desk::{DeskTexts, Phrase};
use super::flows::Flows;
use super::proactive::Proactive;
use crate::pack::condition::Condition;
use crate::record::RecordKind;
use crate::turn::types::{EmotionFlag, EmotionLabel, Goal, HandoffMode, HandoffReason, Stage, Tier};

/// A shop's editable behaviour, complete and checked. It is immutable; a changed pack replaces it whole.
#[derive(Debug)]
pub struct Pack {
    /// `zh-CN` or `en`.
    pub language: String,
    /// A hash of all its files, for traces.
    pub version: String,
    /// How the shop and the assistant call themselves.
    pub voice: Voice,
    /// All scenarios by falling priority. One that several intents may lead to stands here once for each.
    pub scenarios: Vec<Scenario>,
    /// Intents: the examples and patterns of the scenarios, gathered by intent name.
    pub intents: Vec<Intent>,
    /// Approved wording.
    pub wording: WordingBook,
    /// Words that open a handoff, and the limits.
    pub handoff: HandoffRules,
    /// Red lines.
    pub red_lines: Vec<RedLine>,
    /// Words by which emotions are read.
    pub emotions: EmotionLexicon,
    /// Kinds of promise, by name.
    pub promises: BTreeMap<String, PromiseKind>,
    /// What can be done for a customer, and what may be said of it.
    pub actions: Actions,
    /// What takes several steps.
    pub flows: Flows,
    /// When the assistant speaks first, and what holds it back.
    pub proactive: Proactive,
    /// Prompt templates by name (`system.j2`, …), as source text.
    pub templates: BTreeMap<String, String>,
    /// Words the guard counts as harmless service language, and other word lists it reads.
    pub guard: GuardLexicon,
    /// What people at the desk read beside a conversation.
    pub desk: DeskTexts,
    /// Sentences that agents say often, in the order of the file.
    pub phrases: Vec<Phrase>,
}

/// How the shop and its assistant call themselves. Slots `{{ shop.name }}` and `{{ assistant.name }}` read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// The shop's name.
    pub shop: String,
    /// The assistant's name.
    pub assistant: String,
    /// How long-worded the model may be, in Chinese characters a reply.
    pub reply_characters: usize,
}

/// A named situation.
#[derive(Debug)]
pub struct Scenario {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its stage.
    pub stage: Stage,
    /// Its topic, one of [`TOPICS`].
    pub topic: String,
    /// The intent of the text that may lead here.
    pub intent: String,
    /// What its intent asks, in a customer's words: "尺码". By it the assistant asks whether that is meant.
    pub asks: Option<String>,
    /// What the facts must say.
    pub when: Option<Condition>,
    /// Within an intent the higher priority is tried first.
    pub priority: i32,
    /// The emotions to expect: a prior, never a conclusion.
    pub expect: Vec<EmotionLabel>,
    /// Where the intensity of the expected emotion starts when the text is negative but gives no strength.
    pub start: f32,
    /// Facts it cannot do without; missing ones are asked for, once.
    pub needs: Vec<RecordKind>,
    /// Facts it uses if they are there, beside those its goals name: what a price is worked out from.
    pub reads: Vec<RecordKind>,
    /// Its goals in order.
    pub goals: Vec<GoalPlan>,
    /// When a person takes over.
    pub handoff: ScenarioHandoff,
    /// Whether the facts themselves prove a breach of ours (overdue, stalled), which counts on the ladder.
    pub breach: bool,
}

/// The topics of a scenario; the names are part of the API.
pub const TOPICS: [&str; 22] = [
    "product",
    "size_fit",
    "stock",
    "price",
    "promotion",
    "payment",
    "order_change",
    "dispatch",
    "logistics",
    "delivery",
    "returns",
    "refund",
    "exchange",
    "quality",
    "warranty",
    "invoice",
    "membership",
    "gift",
    "complaint",
    "person_request",
    "smalltalk",
    "other",
];

/// One goal of a scenario.
#[derive(Debug)]
pub struct GoalPlan {
    /// What the sentence is for.
    pub goal: Goal,
    /// How it is met.
    pub by: GoalSource,
    /// Only if this holds.
    pub when: Option<Condition>,
    /// Whether the reply may go on without it when nothing can realise it. Otherwise its absence leads to a handoff.
    pub optional: bool,
}

/// How a goal is met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoalSource {
    /// Approved wording of this scenario, goal and tier.
    Wording,
    /// An extract of the best fitting fact of these kinds.
    Evidence {
        /// Which kinds of record.
        kinds: Vec<RecordKind>,
    },
    /// The model writes it from facts of these kinds.
    Model {
        /// Which kinds of record.
        kinds: Vec<RecordKind>,
    },
    /// The verdict of the policies about a matter, in the policy's own words (`says`).
    Verdict {
        /// `about` of the policies.
        about: String,
    },
    /// A promise, backed by a ticket with a due time or by an action; said by wording.
    Promise {
        /// A kind in [`Pack::promises`].
        kind: String,
        /// The action that is begun for it, of [`Pack::actions`].
        action: Option<String>,
    },
    /// A flow begins, and its first open question is said.
    Flow {
        /// A flow of [`Pack::flows`].
        flow: String,
        /// The promise that is made where the flow may not begin.
        promise: String,
    },
}

/// When a scenario goes to a person.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ScenarioHandoff {
    /// Always, with this reason and mode.
    pub always: Option<(HandoffReason, HandoffMode)>,
    /// After so many failed answers.
    pub after_failed: Option<u32>,
    /// A finer reason.
    pub detail: Option<String>,
}

/// What a text can ask for.
#[derive(Debug)]
pub struct Intent {
    /// Its name.
    pub name: String,
    /// How customers say it.
    pub examples: Vec<String>,
    /// Expressions that decide it by themselves.
    pub patterns: Vec<Regex>,
    /// What customers say for it in the middle of a conversation, and long posts.
    pub in_context: Vec<ExampleInContext>,
}

/// Something said in the middle of a conversation, with what came before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleInContext {
    /// What the customer said before.
    pub customer: Option<String>,
    /// What the shop said before.
    pub seller: Option<String>,
    /// What the customer says now.
    pub say: String,
}

/// All approved wording.
#[derive(Debug, Default)]
pub struct WordingBook {
    /// The language of the pack, by which times are written.
    pub language: String,
    /// By scenario id (or `common`, or `handoff.<reason>`, or another named place), goal and tier; the variants in
    /// the order in which they stand in the file.
    pub variants: BTreeMap<(String, Goal, Tier), Vec<Wording>>,
}

/// One approved wording.
#[derive(Debug)]
pub struct Wording {
    /// `scenario.goal.tier.number`, stable as long as the file's order is.
    pub id: String,
    /// The text with its slots, as in `{{ order.shipment.carrier }}`; see [`super::wording`].
    pub template: String,
    /// Only if this holds.
    pub when: Option<Condition>,
    /// Paths of all its slots, in order. A variant whose slot has no value is passed over.
    pub slots: Vec<String>,
}

/// Words and limits of handoff.
#[derive(Debug)]
pub struct HandoffRules {
    /// Unresolved turns before a person is offered.
    pub unresolved_turns: u32,
    /// Turns in a row that were not understood before a person takes over.
    pub not_understood: u32,
    /// Rules on the text, first match wins.
    pub rules: Vec<HandoffRule>,
}

/// One rule on the text.
#[derive(Debug)]
pub struct HandoffRule {
    /// Its id.
    pub id: String,
    /// Expressions of which one must match the normalised text.
    pub matches: Vec<Regex>,
    /// Fragments that are masked before matching: negation, quotation, other shops.
    pub unless: Vec<Regex>,
    /// The reason it gives.
    pub reason: HandoffReason,
    /// A finer reason.
    pub detail: Option<String>,
    /// How urgent.
    pub mode: HandoffMode,
}

/// Something that must not be said.
#[derive(Debug)]
pub struct RedLine {
    /// Its id, as in `R01`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How strict it is.
    pub level: RedLineLevel,
    /// Expressions of which one must match.
    pub matches: Vec<Regex>,
    /// Fragments that are masked before matching.
    pub unless: Vec<Regex>,
}

/// How strict a red line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedLineLevel {
    /// Never, whatever the source.
    Block,
    /// Only with a record behind it: an action, a promise, a verdict.
    Backed,
    /// Not to a customer who is upset.
    Style,
}

/// Words by which emotions are read.
#[derive(Debug, Default)]
pub struct EmotionLexicon {
    /// Words of each label with their strength from 0 to 1.
    pub words: Vec<(String, EmotionLabel, f32)>,
    /// Expressions of each flag.
    pub flags: Vec<(EmotionFlag, Vec<Regex>)>,
    /// Words that turn the word after them around: 不, 没, 别.
    pub negations: Vec<String>,
    /// Words that strengthen: 太, 非常, 真的.
    pub intensifiers: Vec<String>,
    /// Short answers that accept: 好的, 收到.
    pub affirmations: Vec<String>,
    /// Short answers that reject the answer before: 不是这个, 没用.
    pub rejections: Vec<String>,
}

/// A kind of promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromiseKind {
    /// Its name.
    pub name: String,
    /// Within how many business minutes it is kept; the due time is rounded up to a quarter of an hour.
    pub within_business_minutes: u32,
    /// What the person who owes it has to do, in words for the ticket.
    pub task: String,
}

/// Word lists the guard reads.
#[derive(Debug, Default)]
pub struct GuardLexicon {
    /// Harmless service language: greetings, connectives, polite forms. Content words outside it need evidence.
    pub harmless: Vec<String>,
    /// Names of carriers, so that a wrong one is noticed.
    pub carriers: Vec<String>,
    /// Ways to pay, so that a wrong one is noticed.
    pub payments: Vec<String>,
    /// Pairs of opposite statements: 支持/不支持, 可以/不可以, 有货/无货.
    pub polarity: Vec<(String, String)>,
    /// Expressions of a finished action: 已为您催, 已登记.
    pub done_claims: Vec<Regex>,
    /// The same, for sentences that the model wrote; people have read what approved wording says.
    pub written_claims: Vec<Regex>,
    /// Expressions of a promise: 会在…前, 尽快.
    pub promises: Vec<Regex>,
    /// Expressions by which something is given, allowed or let off: 给您便宜, 破例, 不用拍照. `what` names the part that a record
    /// must have in the very same words; without it that is all of it.
    pub grants: Vec<Regex>,
    /// Polite phrases that look like one of them and are none: 给您添麻烦, 帮您看一下.
    pub courtesies: Vec<Regex>,
    /// Expressions that tell of something to come: 预计, 将于. The time they come with must not have passed by.
    pub announces: Vec<Regex>,
    /// Expressions by which such a time is recalled instead: 原来预计, 还没到.
    pub recalls: Vec<Regex>,
}
