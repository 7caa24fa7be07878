//! The JSON that goes over the wire where it differs from the inner types: times are shown in the shop's zone, ids
//! are text, and what only staff may see is emptied in a customer's copy.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::actions::{ActionView, PromiseView};
use super::clocks::ClocksView;
use super::flows::FlowView;
use super::ports::{ConversationHistory, TicketView};
use super::ratings::RatingView;
use crate::conversation::types::{Attachment, ChatReply, EmotionSummary, GuardSummary, StoredMessage};
use crate::desk::types::{
    AgentNote, ConversationState, DeskTicket, Escalation, HandoffNote, NoteFact, Priority, QueuePlace,
    TicketStatus,
};
use crate::turn::trace::{FactTrace, SentenceTrace, Timing, Trace};
use crate::turn::types::{
    Author, Choice, Commitment, EmotionLabel, Handoff, HandoffMode, HandoffReason, Refusal, ScenarioMatch,
    Tier, Trend,
};

/// A time as it is shown outside: RFC 3339 with the shop's offset.
pub fn shown(moment: Timestamp, zone: &TimeZone) -> String {
    moment.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Who the customer is, with the proof.
#[derive(Debug, Clone, Deserialize, Serialize, utoipa::ToSchema)]
pub struct CustomerProof {
    /// The customer's id in the shop's system.
    pub id: String,
    /// The hex HMAC-SHA256 of the UTF-8 id under the shop's secret. Without it the customer is anonymous.
    #[serde(default)]
    pub signature: Option<String>,
}

// ---------------------------------------------------------------------------------------------------- chat

/// How an answer is copied for whom.
#[derive(Debug, Clone)]
pub struct Copy {
    /// Whether evidence, emotion, tier, refusals and timing are shown.
    pub everything: bool,
    /// The zone in which times are shown.
    pub zone: TimeZone,
}

/// A whole answer. Absent things are null or empty lists, never missing.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ChatView {
    /// The conversation.
    pub conversation: String,
    /// The reply's message id; empty if nothing was said.
    pub message: String,
    /// All sentences, each on its own line.
    pub reply: String,
    /// The sentences, in the order in which they were said.
    pub sentences: Vec<SentenceTrace>,
    /// The scenario.
    pub scenario: Option<ScenarioMatch>,
    /// The customer's emotion. Staff only.
    pub emotion: Option<EmotionSummary>,
    /// The tier of the wording. Staff only.
    pub tier: Option<Tier>,
    /// The facts of the turn. Staff only.
    pub evidence: Vec<FactTrace>,
    /// The handoff that was decided now, or the ticket that people already have.
    pub handoff: Option<HandoffView>,
    /// What was promised.
    pub commitments: Vec<CommitmentView>,
    /// What its question offers to choose from, in the order of the text; a card says its `say` as the customer's message.
    pub choices: Vec<Choice>,
    /// Drafts that were not let out. Staff only.
    pub guard: Option<GuardSummary>,
    /// The message that took this one over, if it was part of a burst.
    pub superseded_by: Option<String>,
    /// Times and tokens. Staff only.
    pub timing: Option<Timing>,
}

/// A handoff.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HandoffView {
    /// Its reason code.
    pub reason: HandoffReason,
    /// A finer reason.
    pub detail: Option<String>,
    /// How urgent.
    pub mode: HandoffMode,
    /// The ticket.
    pub ticket: String,
}

/// A promise with its due time.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CommitmentView {
    /// Its kind in the pack.
    pub kind: String,
    /// By when, in the shop's zone.
    #[schema(format = DateTime)]
    pub due: String,
    /// The ticket or the action that backs it.
    pub backed_by: String,
}

impl From<Handoff> for HandoffView {
    fn from(handoff: Handoff) -> Self {
        Self {
            reason: handoff.reason,
            detail: handoff.detail,
            mode: handoff.mode,
            ticket: handoff.ticket.into(),
        }
    }
}

impl CommitmentView {
    fn new(commitment: Commitment, zone: &TimeZone) -> Self {
        Self {
            kind: commitment.kind,
            due: shown(commitment.due, zone),
            backed_by: commitment.backed_by.to_string(),
        }
    }
}

impl ChatView {
    /// Copies an answer for staff or for a customer.
    pub fn new(reply: ChatReply, copy: &Copy) -> Self {
        let staff = copy.everything;
        Self {
            conversation: reply.conversation,
            message: reply.message,
            reply: reply.reply,
            sentences: reply.sentences,
            scenario: reply.scenario,
            emotion: reply.emotion.filter(|_| staff),
            tier: reply.tier.filter(|_| staff),
            evidence: if staff { reply.evidence } else { Vec::new() },
            handoff: reply.handoff.map(HandoffView::from),
            commitments: reply
                .commitments
                .into_iter()
                .map(|commitment| CommitmentView::new(commitment, &copy.zone))
                .collect(),
            choices: reply.choices,
            guard: reply.guard.filter(|_| staff),
            superseded_by: reply.superseded_by,
            timing: reply.timing.filter(|_| staff),
        }
    }
}

// -------------------------------------------------------------------------------------------- conversation

/// A message of a conversation.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MessageView {
    /// Its id.
    pub id: String,
    /// Who wrote it.
    pub author: Author,
    /// The person's name, for messages of staff.
    pub name: Option<String>,
    /// What was said.
    pub text: String,
    /// Pictures and files.
    pub attachments: Vec<Attachment>,
    /// What the message's question offers to choose from.
    pub choices: Vec<Choice>,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// Why the assistant said it. Staff only.
    pub trace: Option<Trace>,
}

impl MessageView {
    /// Copies a message for staff or for a customer.
    pub fn new(message: StoredMessage, copy: &Copy) -> Self {
        Self {
            id: message.id.into(),
            author: message.author,
            name: message.name,
            text: message.text,
            attachments: message.attachments,
            choices: message.choices,
            at: shown(message.at, &copy.zone),
            trace: message.trace.filter(|_| copy.everything),
        }
    }
}

/// A conversation.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ConversationView {
    /// Its id.
    pub id: String,
    /// Who has it.
    pub state: ConversationState,
    /// The open ticket.
    pub ticket: Option<String>,
    /// The verified customer's id.
    pub customer: Option<String>,
    /// When it began.
    #[schema(format = DateTime)]
    pub opened_at: String,
    /// Its messages, oldest first.
    pub messages: Vec<MessageView>,
}

impl ConversationView {
    /// Copies a conversation for staff or for its customer.
    pub fn new(history: ConversationHistory, copy: &Copy) -> Self {
        Self {
            id: history.id.into(),
            state: if copy.everything { history.state } else { history.state.for_customer() },
            ticket: history.ticket.map(String::from),
            customer: history.customer,
            opened_at: shown(history.opened_at, &copy.zone),
            messages: messages(history.messages, copy),
        }
    }
}

fn messages(messages: Vec<StoredMessage>, copy: &Copy) -> Vec<MessageView> {
    messages.into_iter().map(|message| MessageView::new(message, copy)).collect()
}

// ---------------------------------------------------------------------------------------------------- desk

/// A ticket as the queue shows it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TicketSummary {
    /// Its id.
    pub id: String,
    /// The conversation it came from.
    pub conversation: String,
    /// Where it stands.
    pub status: TicketStatus,
    /// Why it was opened.
    pub reason: HandoffReason,
    /// A finer reason.
    pub detail: Option<String>,
    /// How urgent the handoff was.
    pub mode: HandoffMode,
    /// The agent who has it.
    pub agent: Option<String>,
    /// How soon it has to be taken.
    pub priority: Priority,
    /// When it was opened.
    #[schema(format = DateTime)]
    pub opened_at: String,
    /// By when it has to be answered.
    #[schema(format = DateTime)]
    pub due: String,
    /// What the customer wants, in the customer's words.
    pub wish: String,
    /// `verified` with the customer's id, or `anonymous`.
    pub identity: String,
    /// Who should take it, whoever has it.
    pub assignee: Option<String>,
    /// What people sort it by, in alphabetical order.
    pub tags: Vec<String>,
    /// When it comes back by itself, if it is snoozed.
    #[schema(format = DateTime)]
    pub snoozed_until: Option<String>,
    /// The resolved ticket whose matter it takes up again.
    pub reopens: Option<String>,
    /// Who was told that nobody takes it.
    pub escalation: Escalation,
    /// Whether it comes before the others of its priority, because whoever had it is gone.
    pub goes_first: bool,
    /// Since when the customer waits for a word of a person; null while nobody waits.
    #[schema(format = DateTime)]
    pub waiting_since: Option<String>,
    /// Its clocks, in business time.
    pub clocks: ClocksView,
    /// Its place in the queue, for a handoff for now that nobody has.
    pub wait: Option<QueuePlace>,
    /// The customer's mood at the last message that was read; null while none was.
    pub mood: Option<MoodView>,
}

/// A customer's mood now.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MoodView {
    /// Its label.
    pub label: EmotionLabel,
    /// From 0 to 1.
    pub intensity: f32,
    /// How it changed since the message before.
    pub trend: Trend,
}

impl MoodView {
    /// A change smaller than this is none.
    const STEADY: f32 = 0.1;

    fn of(points: &[crate::desk::types::EmotionPoint]) -> Option<Self> {
        let (now, earlier) = points.split_last()?;
        let change = earlier.last().map_or(0.0, |before| heat(now) - heat(before));
        let trend = if change > Self::STEADY {
            Trend::Rising
        } else if change < -Self::STEADY {
            Trend::Falling
        } else {
            Trend::Steady
        };
        Some(Self { label: now.label, intensity: now.intensity, trend })
    }
}

/// How far from calm a point is, so that a little anger stands above great calm.
fn heat(point: &crate::desk::types::EmotionPoint) -> f32 {
    match point.label {
        EmotionLabel::Calm | EmotionLabel::Pleased | EmotionLabel::Hesitant => 0.0,
        _ => point.intensity,
    }
}

impl TicketSummary {
    /// Copies a ticket without its note.
    pub fn new(ticket: DeskTicket, zone: &TimeZone) -> Self {
        let DeskTicket { ticket, clocks, wait } = ticket;
        let moment = |at: Option<Timestamp>| at.map(|at| shown(at, zone));
        let mood = MoodView::of(&ticket.note.emotion);
        Self {
            id: ticket.id.into(),
            conversation: ticket.conversation.into(),
            status: ticket.status,
            reason: ticket.reason,
            detail: ticket.detail,
            mode: ticket.mode,
            agent: ticket.agent,
            priority: ticket.priority,
            opened_at: shown(ticket.opened_at, zone),
            due: shown(ticket.due, zone),
            wish: ticket.note.wish,
            identity: ticket.note.identity,
            assignee: ticket.assignee,
            tags: ticket.tags,
            snoozed_until: moment(ticket.snoozed_until),
            reopens: ticket.reopens.map(String::from),
            escalation: ticket.escalation,
            goes_first: ticket.goes_first,
            waiting_since: moment(ticket.waiting_since),
            clocks: ClocksView::new(clocks, zone),
            wait,
            mood,
        }
    }
}

/// A ticket with everything a person needs, so that the customer never repeats anything.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TicketDetail {
    /// What the queue shows.
    #[serde(flatten)]
    pub ticket: TicketSummary,
    /// Who has the conversation.
    pub state: ConversationState,
    /// What happened, each line with the messages it comes from.
    pub summary: Vec<SummaryLineView>,
    /// The emotion of each customer message.
    pub emotion: Vec<EmotionPointView>,
    /// Orders involved.
    pub orders: Vec<NoteFact>,
    /// Products involved.
    pub products: Vec<NoteFact>,
    /// What the assistant already tried.
    pub tried: Vec<String>,
    /// Facts that were used.
    pub evidence: Vec<NoteFact>,
    /// Drafts the guard did not let out.
    pub blocked: Vec<Refusal>,
    /// Sentences of the assistant that came after a person had taken over and were not sent.
    pub late: Vec<String>,
    /// What is done for the customer, oldest first.
    pub actions: Vec<ActionView>,
    /// What was promised, oldest first.
    pub promises: Vec<PromiseView>,
    /// Matters of several steps, oldest first.
    pub flows: Vec<FlowView>,
    /// The whole conversation, oldest first.
    pub history: Vec<MessageView>,
    /// Replies the agent may send, vetted: two while people have to see to it. The first one of whoever takes it says the
    /// wish back and carries the next step.
    pub suggestions: Vec<String>,
    /// What the agent has to do; null if answering is all.
    pub next_step: Option<String>,
    /// What agents noted, oldest first.
    pub notes: Vec<NoteView>,
    /// What the customer thought of it, once it was resolved.
    pub rating: Option<RatingView>,
}

/// One line of a summary.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SummaryLineView {
    /// The line.
    pub text: String,
    /// The messages it comes from.
    pub messages: Vec<String>,
}

/// The emotion of one message.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EmotionPointView {
    /// The message.
    pub message: String,
    /// The label.
    pub label: EmotionLabel,
    /// From 0 to 1.
    pub intensity: f32,
}

/// A note only staff see.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct NoteView {
    /// Who wrote it.
    pub agent: String,
    /// What.
    pub text: String,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
}

impl NoteView {
    /// Copies a note.
    pub fn new(note: AgentNote, zone: &TimeZone) -> Self {
        Self { agent: note.agent, text: note.text, at: shown(note.at, zone) }
    }
}

impl TicketDetail {
    /// Copies a ticket with its conversation.
    pub fn new(view: TicketView, copy: &Copy) -> Self {
        let zone = &copy.zone;
        let mut ticket = view.ticket;
        let note: HandoffNote = std::mem::take(&mut ticket.ticket.note);
        let summary_line = |line: crate::desk::types::SummaryLine| SummaryLineView {
            text: line.text,
            messages: line.messages.into_iter().map(String::from).collect(),
        };
        let emotion_point = |point: crate::desk::types::EmotionPoint| EmotionPointView {
            message: point.message.into(),
            label: point.label,
            intensity: point.intensity,
        };
        ticket.ticket.note.wish = note.wish;
        ticket.ticket.note.identity = note.identity;
        ticket.ticket.note.emotion = note.emotion.clone();
        Self {
            ticket: TicketSummary::new(ticket, zone),
            state: view.state,
            summary: note.summary.into_iter().map(summary_line).collect(),
            emotion: note.emotion.into_iter().map(emotion_point).collect(),
            orders: note.orders,
            products: note.products,
            tried: note.tried,
            evidence: note.evidence,
            blocked: note.blocked,
            late: note.late,
            actions: view.actions.into_iter().map(|action| ActionView::new(action, zone)).collect(),
            promises: view.promises.into_iter().map(|promise| PromiseView::new(promise, zone)).collect(),
            flows: view.flows.into_iter().map(|flow| FlowView::new(flow, zone)).collect(),
            history: messages(view.history, copy),
            suggestions: if view.help.suggestions.is_empty() {
                note.suggestions
            } else {
                view.help.suggestions
            },
            next_step: view.help.next_step,
            notes: view.notes.into_iter().map(|note| NoteView::new(note, zone)).collect(),
            rating: view.rating.map(|rating| RatingView::new(rating, zone)),
        }
    }
}
