//! The words of a turn: what each stage hands to the next.
//!
//! Everything here is plain data. [`Vetted`](super::guard::Vetted), the only type a channel can send, lives in
//! `guard`, because only the guard may build it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use super::memory::{A_DAY, Concern, Episode, EpisodeState, Memory, Position, Promised};
use crate::actions::{BackedBy, Executor, Standing};
use crate::flows::FlowMove;
use crate::identity::{ConversationId, MessageId, Scope, ShopId, TicketId};
use crate::model::Vector;
use crate::record::{Record, RecordKind, derived_fields, evidence_text, evidence_title};
use crate::time::Now;

/// What one turn is given. Nothing else reaches the stages.
#[derive(Debug, Clone)]
pub struct TurnInput {
    /// On whose behalf facts are read.
    pub scope: Scope,
    /// The conversation the message belongs to.
    pub conversation: ConversationId,
    /// The stored message that is answered.
    pub message: MessageId,
    /// The message as the customer typed it; several of a burst are joined by line feeds.
    pub text: String,
    /// Earlier messages, oldest first, at most the last twenty.
    pub history: Vec<PastMessage>,
    /// What the conversation remembers between turns.
    pub memory: Memory,
    /// What the shop's page says the customer is looking at. Untrusted.
    pub page: PageContext,
    /// Pictures and files that came with the message; stored, never interpreted.
    pub attachments: usize,
    /// Whether people are there, and how long the queue is.
    pub desk: DeskStatus,
    /// The moment of the turn.
    pub now: Now,
    /// What `text` means, as a question's vector; none without an embedder.
    pub vector: Option<Vector>,
    /// Whether an order may be opened without signing in, and what came of it with this message.
    pub proof: OrderProof,
    /// What was begun for the customer and promised in the conversation.
    pub standing: Standing,
}

impl TurnInput {
    /// The first message of somebody nobody knows, while people are at the desk: what is read outside a real conversation
    /// begins with this.
    pub fn first(text: &str, now: Now) -> Self {
        Self {
            scope: Scope::anonymous(ShopId::default()),
            conversation: ConversationId::generate(),
            message: MessageId::generate(),
            text: text.to_owned(),
            history: Vec::new(),
            memory: Memory::default(),
            page: PageContext::default(),
            attachments: 0,
            desk: DeskStatus {
                open: true,
                opens_at: None,
                ahead: 0,
                wait_minutes: None,
                crowded: false,
                answer_due: now.timestamp(),
            },
            now,
            vector: None,
            proof: OrderProof::default(),
            standing: Standing::default(),
        }
    }
}

/// Whether somebody who has not signed in may open an order by its number and the end of its phone, and what came of
/// trying it with the message that is answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OrderProof {
    /// This shop shows orders only to those who sign in.
    Off,
    /// It may be tried, and was not.
    #[default]
    Untried,
    /// It was tried.
    Tried {
        /// What came of it.
        outcome: ProofOutcome,
        /// Whether the message says nothing else.
        bare: bool,
    },
}

/// What came of telling an order's number and the end of its phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofOutcome {
    /// One of the two is missing; the order's number as it was told, if it was.
    Half(Option<String>),
    /// They are right: the order is open in this conversation.
    Opened,
    /// They are wrong, or there is no such order: the two are not told apart.
    Refused,
    /// There were too many wrong ones; for a while nothing is compared.
    Locked,
}

impl OrderProof {
    /// What came of trying it with this message.
    pub fn outcome(&self) -> Option<&ProofOutcome> {
        match self {
            Self::Tried { outcome, .. } => Some(outcome),
            Self::Off | Self::Untried => None,
        }
    }

    /// Whether the message only tells the numbers.
    pub fn is_bare(&self) -> bool {
        matches!(self, Self::Tried { bare: true, .. })
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The customer.
    Customer,
    /// Warmdesk itself.
    Assistant,
    /// A person of the shop.
    Staff,
}

/// One earlier message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PastMessage {
    /// Its id, so that summaries can point to it.
    pub id: MessageId,
    /// Who wrote it.
    pub author: Author,
    /// What was said.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// What the page around the widget says of itself. It may name a product or an order, and proves nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PageContext {
    /// The product being looked at.
    pub product: Option<String>,
    /// The order being looked at; only used if it is the verified customer's own.
    pub order: Option<String>,
    /// The address or name of the page.
    pub page: Option<String>,
}

/// Whether people are at the desk, as the handoff wording needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeskStatus {
    /// Whether the desk is within its business hours.
    pub open: bool,
    /// When it opens next, if it is closed.
    pub opens_at: Option<Timestamp>,
    /// How many conversations wait before this one.
    pub ahead: u32,
    /// An honest estimate of the wait, if there is one.
    pub wait_minutes: Option<u32>,
    /// Whether more wait than the people who are there can take.
    pub crowded: bool,
    /// By when a message left now is answered at the latest; always in business hours.
    pub answer_due: Timestamp,
}

/// What the assistant asked the customer and has no answer to yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Pending {
    /// Which of these orders is meant (fact ids, in the order in which they were offered).
    ChooseOrder {
        /// The offered orders.
        orders: Vec<String>,
    },
    /// Which order it is about, and the end of its phone, from somebody who has not signed in.
    ProveOrder {
        /// The order's number, if it was told already.
        order: Option<String>,
    },
    /// Whether a person should take over.
    OfferHandoff,
    /// What was meant at all.
    Clarify {
        /// The intents that were named as guesses, in the order in which they were named; empty if none were.
        #[serde(default)]
        guesses: Vec<String>,
        /// The question that was not understood, with private data masked.
        #[serde(default)]
        question: String,
    },
    /// What a step of a flow asks.
    Flow {
        /// What tells the flow from others.
        identity: String,
        /// The scenario that began it.
        scenario: String,
        /// Whether it was only recalled after the answer to something else.
        #[serde(default)]
        recalled: bool,
    },
    /// Nothing: the assistant spoke first, and offered these.
    Nudge {
        /// What was offered.
        #[serde(default)]
        choices: Vec<Choice>,
        /// What a plain yes says. None where a yes takes nothing: "好的" to a notice is only an acknowledgement.
        #[serde(default)]
        yes: Option<String>,
        /// The id of the product that was spoken of.
        #[serde(default)]
        product: Option<String>,
    },
    /// Something about the matter that is talked about.
    Answer,
    /// Nothing: the customer comes back to an earlier matter, whose question is asked again.
    Recalled,
}

/// One thing of several that a question offers. Channels with cards show it as one; the text of the question names it too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = OfferedChoice)]
pub struct Choice {
    /// How it is named in the text: "① 婴儿恒温睡袋（11月14日）".
    pub label: String,
    /// What the customer says by choosing it: "①".
    pub say: String,
}

// ---------------------------------------------------------------------------------------------- understand

/// What `understand` read in the message: text only, no facts.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Reading {
    /// The message, normalised: NFKC, simplified, repeated characters shortened. Private data is still in it.
    pub text: String,
    /// The whole question, resolved against the conversation ("b产品呢" → what was asked, of product b). The same
    /// as `text` if nothing was left out.
    pub question: String,
    /// `question` with private data masked: what is logged, searched and shown to the model.
    pub masked: String,
    /// Intents by falling confidence; empty if nothing was understood.
    pub intents: Vec<IntentMatch>,
    /// The likeliest topic and stage, even where no intent is sure enough to act upon.
    pub matter: Option<Matter>,
    /// The likeliest intents of the likeliest topics, however unsure: what may be asked about where none is sure enough.
    /// Empty if the text has no sense at all.
    pub guesses: Vec<String>,
    /// The surest intent of each clause, where a message says several things.
    pub by_clause: Vec<IntentMatch>,
    /// The customer's emotion.
    pub emotion: Emotion,
    /// What the message names.
    pub entities: Vec<Entity>,
    /// How the message answers what was said before.
    pub feedback: Feedback,
    /// What `question` means, as a question's vector; none without an embedder. Not of `understand`'s making.
    #[serde(skip)]
    pub vector: Option<Vector>,
}

/// One intent the message may have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntentMatch {
    /// Its name in the pack.
    pub intent: String,
    /// From 0 to 1: how often such a reading is right.
    pub confidence: f32,
    /// The pattern or example that speaks for it.
    pub why: String,
}

/// What a message is about, and where in a purchase the customer is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Matter {
    /// The likeliest topic, one of the names of the API.
    pub topic: String,
    /// The likeliest stage by the message and the conversation before it. Small talk and complaints take the
    /// conversation's.
    pub stage: Stage,
    /// How sure the topic is, from 0 to 1.
    pub confidence: f32,
}

/// The eight emotion labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmotionLabel {
    /// 平静
    #[default]
    Calm,
    /// 犹豫
    Hesitant,
    /// 焦虑
    Anxious,
    /// 不满
    Dissatisfied,
    /// 愤怒
    Angry,
    /// 失望
    Disappointed,
    /// 急
    Urgent,
    /// 愉快
    Pleased,
}

impl EmotionLabel {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Calm,
        Self::Hesitant,
        Self::Anxious,
        Self::Dissatisfied,
        Self::Angry,
        Self::Disappointed,
        Self::Urgent,
        Self::Pleased,
    ];

    /// Whether the feeling is directed against the shop and counts on the ladder.
    pub fn is_negative(self) -> bool {
        matches!(self, Self::Anxious | Self::Dissatisfied | Self::Angry | Self::Disappointed)
    }
}

/// Where the emotion is going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// Getting worse.
    Rising,
    /// No change.
    #[default]
    Steady,
    /// Calming down.
    Falling,
}

/// Something about the tone that is not a label of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmotionFlag {
    /// Needs it soon.
    Urgent,
    /// Insults.
    Abusive,
    /// Says the opposite of what is meant.
    Sarcastic,
    /// Does not follow.
    Confused,
    /// Suspects a trick or a fake.
    Distrust,
    /// Health or safety is at stake; overrides every scenario.
    Safety,
}

/// The customer's emotion in this message and its trend over the conversation.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Emotion {
    /// The main label.
    pub label: EmotionLabel,
    /// A second one, as in 焦虑+不满.
    pub also: Option<EmotionLabel>,
    /// From 0 to 1.
    pub intensity: f32,
    /// Against the turns before.
    pub trend: Trend,
    /// Tone flags.
    pub flags: Vec<EmotionFlag>,
    /// The words and signs that decided it.
    pub why: Vec<String>,
}

/// What an entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// An order id.
    Order,
    /// A tracking number.
    Tracking,
    /// A telephone number.
    Phone,
    /// A product name, model number or id.
    Product,
    /// An amount of money.
    Amount,
    /// A date or time.
    Date,
    /// A number of things.
    Quantity,
    /// A size: "XL", "90码", "120*60cm".
    Size,
    /// An identity card number or another thing that is nobody's business.
    Private,
}

/// Something the message names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entity {
    /// What it is.
    pub kind: EntityKind,
    /// As it stands in the normalised text.
    pub text: String,
    /// Normalised: digits only, ISO date, plain number.
    pub value: String,
}

/// How the message answers what was said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feedback {
    /// It does not.
    #[default]
    None,
    /// "好的", "收到": it helped, or is accepted.
    Affirmed,
    /// "不是这个", "没用": the answer before failed.
    Negated,
    /// The same question again.
    Repeated,
    /// Only punctuation: "？？？".
    Prodded,
}

// ------------------------------------------------------------------------------------------------ retrieve

/// Something that may be said because it stands in a record.
#[derive(Debug, Clone, Serialize)]
pub struct Fact {
    /// `kind:id`, as in `order:20261118001`.
    pub id: String,
    /// Which kind of record it is.
    pub kind: RecordKind,
    /// A short name for people.
    pub title: String,
    /// What it says in plain sentences or `field：value` lines; what prompts, extracts and checks read.
    pub text: String,
    /// The record's fields together with those derived by code (`shipment.status`, `shipment.last_event_at`);
    /// what conditions and wording slots read.
    pub fields: Value,
    /// How well it fits the question, from 0 to 1. Facts that were fetched by id have 1.
    pub score: f32,
    /// Why it is here: the words that matched, or "the customer's order".
    pub why: String,
    /// Whether the shop lets promises and policy statements rest on it.
    pub policy: bool,
}

impl Fact {
    /// What a record says at a moment, as if it had been fetched by its id.
    pub fn of(record: &Record, now: &Now) -> Self {
        Self {
            id: record.fact_id(),
            kind: record.kind,
            title: evidence_title(record),
            text: evidence_text(record, now),
            fields: derived_fields(record, now),
            score: 1.0,
            why: String::new(),
            policy: record.kind == RecordKind::Policy
                || record.fields.get("policy").and_then(Value::as_bool).unwrap_or(false),
        }
    }
}

/// All facts of a turn.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Facts {
    /// By falling usefulness.
    pub found: Vec<Fact>,
    /// Index in `found` of the order being talked about.
    pub order: Option<usize>,
    /// Index in `found` of the product being talked about.
    pub product: Option<usize>,
    /// Whether nothing says that it is this product: it is only the first of an order of several.
    pub product_is_guessed: bool,
    /// Clauses of the message that name a product of their own, with its id.
    pub by_clause: Vec<(String, String)>,
    /// Indexes in `found` of the orders to choose from, if it is not clear which one is meant.
    pub order_choices: Vec<usize>,
    /// Whether the message names an order by a number that none of the customer's own has.
    pub order_unknown: bool,
    /// Whether anything found by search is good enough to answer from.
    pub relevant: bool,
    /// What wording may know of the verified customer: `member_level`, `consent`, `tags`. Never evidence.
    pub customer: Option<Value>,
    /// What of the customer's own records cannot be read now. That they are not among the facts means nothing then.
    pub unreadable: Option<Unreadable>,
}

/// Kinds of record that are kept in another system which does not answer now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// The kinds.
    pub kinds: Vec<RecordKind>,
    /// Why, for staff.
    pub why: String,
}

impl Facts {
    /// The order being talked about.
    pub fn order(&self) -> Option<&Fact> {
        self.order.and_then(|index| self.found.get(index))
    }

    /// The product being talked about.
    pub fn product(&self) -> Option<&Fact> {
        self.product.and_then(|index| self.found.get(index))
    }

    /// The product that a clause of the message names.
    pub fn product_of(&self, clause: &str) -> Option<&Fact> {
        let (_, id) = self.by_clause.iter().find(|(known, _)| known == clause)?;
        self.get(id)
    }

    /// The same facts as evidence: the verdict that code reached stands in its policy, with the amounts and times that
    /// were worked out, and the conditions and expressions of policies, whose numbers say nothing, are left out.
    #[must_use]
    pub fn with_verdicts(&self, verdicts: &[JudgedPolicy]) -> Self {
        const RULES: [&str; 8] = ["when", "then", "else", "values", "says", "asks", "scope", "authority"];
        let mut facts = self.clone();
        for fact in facts.found.iter_mut().filter(|fact| fact.kind == RecordKind::Policy) {
            let Value::Object(fields) = &mut fact.fields else { continue };
            RULES.iter().for_each(|rule| drop(fields.shift_remove(*rule)));
            if let Some(judged) = verdicts.iter().find(|judged| judged.policy == fact.id) {
                fields.insert("verdict".to_owned(), judged.as_evidence());
            }
        }
        facts
    }

    /// Why records of a kind cannot be read now, if they cannot. Parcels stand in their orders.
    pub fn why_unreadable(&self, kind: RecordKind) -> Option<&str> {
        let kind = if kind == RecordKind::Shipment { RecordKind::Order } else { kind };
        let unreadable = self.unreadable.as_ref().filter(|unreadable| unreadable.kinds.contains(&kind))?;
        Some(&unreadable.why)
    }

    /// The fact with an id.
    pub fn get(&self, id: &str) -> Option<&Fact> {
        self.found.iter().find(|fact| fact.id == id)
    }

    /// All facts of a kind, by falling usefulness.
    pub fn of_kind(&self, kind: RecordKind) -> impl Iterator<Item = &Fact> {
        self.found.iter().filter(move |fact| fact.kind == kind)
    }
}

// -------------------------------------------------------------------------------------------------- decide

/// The four stages of a purchase by which scenarios are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Before ordering.
    PreSale,
    /// Ordered, or about to pay, until dispatch.
    InSale,
    /// After dispatch or receipt.
    AfterSale,
    /// Not about one purchase.
    Service,
}

impl Stage {
    /// All of them, in the order in which models know them.
    pub const ALL: [Self; 4] = [Self::PreSale, Self::InSale, Self::AfterSale, Self::Service];

    /// Its name in the API and in packs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreSale => "pre_sale",
            Self::InSale => "in_sale",
            Self::AfterSale => "after_sale",
            Self::Service => "service",
        }
    }
}

/// What a sentence is for; the vocabulary of service practice.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// 招呼
    Greet,
    /// 认: repeat what the record says happened.
    Acknowledge,
    /// 抚: comfort.
    Soothe,
    /// 歉: apologise, only where the record proves our breach.
    Apologize,
    /// 答: answer, conclusion first.
    Answer,
    /// 核: verify.
    Verify,
    /// 收: ask for what is needed, once.
    Collect,
    /// 判: the verdict of a policy, with reason and condition.
    Verdict,
    /// 解: explain.
    Explain,
    /// 替: an alternative.
    Alternative,
    /// 办: an action.
    Act,
    /// 诺: a promise with a due time.
    Commit,
    /// 顺: one true and useful thing nobody asked for.
    Volunteer,
    /// 荐: recommend.
    Recommend,
    /// 确: confirm before what cannot be undone.
    Confirm,
    /// 转: hand over to a person.
    Handoff,
    /// 结: close.
    Close,
}

impl Goal {
    /// Whether it tells or does something, beyond greeting and comfort.
    pub fn is_step(self) -> bool {
        !matches!(self, Self::Greet | Self::Soothe | Self::Acknowledge | Self::Apologize)
    }

    /// Whether a reply without it is no reply. The others are left out where nothing true or new can be said for them.
    pub fn matters(self) -> bool {
        !matches!(
            self,
            Self::Greet
                | Self::Soothe
                | Self::Acknowledge
                | Self::Apologize
                | Self::Explain
                | Self::Alternative
                | Self::Volunteer
                | Self::Recommend
                | Self::Close
        )
    }
}

/// How far the impatience ladder is climbed.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Answer directly.
    #[default]
    Standard,
    /// Act first, name the time.
    Proactive,
    /// Name the situation, offer another way and a person.
    Soothing,
    /// A person.
    Handoff,
}

/// Why a person takes over. The names are part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandoffReason {
    /// The customer asked for a person.
    AskedForPerson,
    /// Complaint, report, exposure, bad review.
    StrongWords,
    /// Too many turns without a solution.
    UnresolvedTurns,
    /// Refund dispute, compensation, or another matter a person must decide.
    ComplexAfterSale,
    /// Nothing in the records answers it.
    NoEvidence,
    /// Not understood twice.
    NotUnderstood,
    /// The guard refused the draft and nothing approved could replace it.
    GuardRefused,
    /// The model, a connector or the store is down and nothing approved answers.
    Unavailable,
}

/// How urgent a handoff is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandoffMode {
    /// At once; the bot stops.
    Now,
    /// Offered; the customer may decline.
    Offer,
    /// Left as a message with a due time; the bot goes on.
    Async,
}

/// A handoff that was decided, before a ticket exists for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandoffPlan {
    /// Its reason code.
    pub reason: HandoffReason,
    /// A finer reason: `policy_needs_person`, `health`, `repeat_contact`, …
    pub detail: Option<String>,
    /// How urgent.
    pub mode: HandoffMode,
    /// The rule or word that decided it.
    pub why: String,
}

/// The scenario of a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScenarioMatch {
    /// Its id in the pack.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its stage.
    pub stage: Stage,
    /// Its topic.
    pub topic: String,
    /// From 0 to 1: the confidence of the intent that led to it.
    pub confidence: f32,
}

/// What `decide` came to.
#[derive(Debug, Clone, Serialize)]
pub struct Decision {
    /// The scenario, if one was found.
    pub scenario: ScenarioMatch,
    /// The tier, with the points that led to it.
    pub tier: Tier,
    /// Why this tier: one line a point.
    pub tier_why: Vec<String>,
    /// The policies that were judged.
    pub verdicts: Vec<JudgedPolicy>,
    /// A handoff, if one is due.
    pub handoff: Option<HandoffPlan>,
    /// Which order its goals have to keep.
    pub class: ReplyClass,
    /// Whether the records prove a breach of ours in this matter.
    pub breach: bool,
    /// What to say, in order.
    pub goals: Vec<PlannedGoal>,
    /// Goals of the scenario that are not met in this turn, and why.
    pub left_out: Vec<LeftOut>,
    /// What is begun. Each goes with a promise.
    pub actions: Vec<ActionPlan>,
    /// What is promised, each with its due time. Tickets and actions back them.
    pub commitments: Vec<CommitmentPlan>,
    /// What becomes of matters of several steps.
    #[serde(skip)]
    pub flows: Vec<FlowMove>,
    /// What its question offers to choose from, in the order of the text.
    pub choices: Vec<Choice>,
    /// What the conversation remembers after this turn.
    pub memory: Memory,
}

/// A policy that code has judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgedPolicy {
    /// Its fact id.
    pub policy: String,
    /// The matter.
    pub about: String,
    /// The outcome as policies write it; `open` if something has to be asked first.
    pub outcome: &'static str,
    /// Why it came to this.
    pub reason: String,
    /// The amounts and times that were worked out, by name, each under the name of its kind.
    pub values: Value,
    /// What the policy says for it, as it was written and approved.
    pub says: Vec<String>,
}

impl JudgedPolicy {
    fn as_evidence(&self) -> Value {
        serde_json::json!({
            "about": self.about, "outcome": self.outcome, "values": self.values, "approved": self.says,
        })
    }
}

/// The classes of reply; each has its own order of goals (service practice §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplyClass {
    /// A question that a field answers: the answer, and nothing before it.
    #[default]
    Field,
    /// Somebody who hesitates: acknowledged, answered, never pressed.
    Hesitant,
    /// Our breach, proven by the records: amends before reasons.
    Breach,
    /// Something is wrong and nobody knows yet why.
    Trouble,
    /// The rules say no: verdict with its reason, then another way.
    Refusal,
    /// A dispute or a claim: comfort, the demand in the customer's words, a person.
    Dispute,
    /// Health or safety: comfort, what to do, a person, and nothing else.
    Danger,
}

/// A goal of the scenario that this reply does not serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LeftOut {
    /// The goal.
    pub goal: Goal,
    /// Why not.
    pub why: String,
}

/// One goal of the reply, and how it is met.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedGoal {
    /// What the sentence is for.
    pub goal: Goal,
    /// How it is met.
    pub realisation: Realisation,
    /// What is said instead if the guard refuses or the model does not answer in time; tried in order.
    pub fallback: Vec<Draft>,
}

/// How a goal is met.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Realisation {
    /// Approved wording or an approved extract, ready to be vetted.
    Ready(Draft),
    /// To be written by the model.
    Model(ModelBrief),
}

/// What the model is asked to write.
#[derive(Debug, Clone, Serialize)]
pub struct ModelBrief {
    /// The goals it has to meet, in order.
    pub goals: Vec<Goal>,
    /// Ids of the facts it may use, most useful first.
    pub evidence: Vec<String>,
}

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Approved wording, slots filled from facts.
    Wording,
    /// An extract of a record.
    Evidence,
    /// Written by the model.
    Model,
}

/// A text on its way to the guard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Draft {
    /// The text: one bubble, one or a few sentences.
    pub text: String,
    /// What it is for.
    pub goal: Goal,
    /// Where it comes from.
    pub by: By,
    /// Ids of the facts it rests on.
    pub evidence: Vec<String>,
    /// For wording: its id in the pack, so that it is not said twice.
    pub wording: Option<String>,
    /// For wording: the values that were put into its slots, which must stand in the evidence or the desk's state.
    pub slots: BTreeMap<String, String>,
}

/// Something promised with a due time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommitmentPlan {
    /// Its kind in the pack, as in `trace_reply`.
    pub kind: String,
    /// By when, in business hours, rounded up to a quarter of an hour.
    pub due: Timestamp,
    /// The action that is to bring the result, by its identity.
    pub action: Option<String>,
    /// The goal that says it.
    pub goal: Goal,
}

/// Something that is begun for the customer, before it is stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActionPlan {
    /// Its kind in the pack.
    pub kind: String,
    /// What it is done with.
    pub args: serde_json::Map<String, Value>,
    /// What tells it from others.
    pub identity: String,
    /// Whether the customer has said yes to it.
    pub confirmed: bool,
    /// Who executes it.
    pub by: Executor,
    /// By when the customer is to hear of it.
    pub due: Timestamp,
}

/// A promise that is backed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    /// Its kind in the pack.
    pub kind: String,
    /// By when.
    pub due: Timestamp,
    /// The ticket or the action that backs it.
    pub backed_by: BackedBy,
}

/// A handoff that has its ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    /// Its reason code.
    pub reason: HandoffReason,
    /// A finer reason.
    #[serde(default)]
    pub detail: Option<String>,
    /// How urgent.
    pub mode: HandoffMode,
    /// The ticket.
    pub ticket: TicketId,
}

// --------------------------------------------------------------------------------------------------- guard

/// Why the guard refused a draft. The names are part of the API.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum GuardReason {
    /// A number, date, duration or id that stands in no evidence.
    NumberNotInEvidence,
    /// Money that comes from no price, promotion, order or policy.
    MoneySource,
    /// A finished action without a record of it.
    ActionNotDone,
    /// A statement the evidence does not carry.
    ClaimNotInEvidence,
    /// The opposite of what the evidence says.
    ContradictsEvidence,
    /// A condition that limits the statement was left out.
    ConditionDropped,
    /// Something else than what was asked.
    NotAnswered,
    /// A promise without policy, ticket or action.
    PromiseNotBacked,
    /// A red line of the pack.
    RedLine,
    /// Telephone numbers, addresses, ids of people.
    PrivateData,
    /// Words of the prompt.
    PromptLeak,
    /// Said before what has to come first.
    GoalOrder,
}

/// A draft that was not let out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Refusal {
    /// The text.
    pub draft: String,
    /// The reason code.
    pub reason: GuardReason,
    /// The word, value or rule that decided it.
    pub detail: String,
}
