//! Runs the turns behind suggestions and warnings: over the real records, heard by nobody, stored nowhere.

mod input;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Trial;
use crate::assist::{
    MOST_SUGGESTIONS, NextStep, Opening, Suggested, SuggestedHandoff, Suggestion, Warned, differs,
    for_decision, for_handoff, for_person, openings, polite_last, sayable_by_person, warnings,
};
use crate::conversation::Conversations;
use crate::conversation::types::{EmotionSummary, StoredMessage};
use crate::desk::types::Ticket;
use crate::http::ports::{SuggestRequest, TicketHelp};
use crate::identity::{MessageId, StaffScope, TicketId};
use crate::store::TicketDetail;
use crate::turn::types::{Author, Emotion, Facts, HandoffPlan, Refusal, TurnInput};
use crate::turn::understand;
use crate::turn::{Outcome, Rules};

/// So long suggestions of a ticket are shown again while nobody writes: records change meanwhile.
const FRESH: Duration = Duration::from_secs(60);

/// So many tickets have suggestions kept.
const KEPT: usize = 512;

/// Suggests replies and looks at what people write.
pub struct Suggester {
    conversations: Conversations,
    kept: Mutex<HashMap<TicketId, Kept>>,
}

/// Suggestions of a ticket as they were made.
#[derive(Clone)]
struct Kept {
    /// The newest message and the pack.
    of: (MessageId, String),
    at: Instant,
    help: TicketHelp,
}

/// A turn that nobody heard.
struct Thought {
    outcome: Outcome,
    plan: Option<HandoffPlan>,
    next_step: Option<NextStep>,
}

impl Suggester {
    /// Suggests with the services of the conversations.
    pub fn new(conversations: Conversations) -> Self {
        Self { conversations, kept: Mutex::default() }
    }

    /// What a person may answer to a message of another platform. The second reply is made without the model, which would
    /// write the first one again.
    ///
    /// # Errors
    /// If the records cannot be read.
    pub async fn suggest(&self, staff: &StaffScope, request: SuggestRequest) -> anyhow::Result<Suggested> {
        let services = self.conversations.services();
        let rules = services.rules.load_full();
        let input = input::of_request(services, staff, request, &rules).await?;
        let trial = Trial::over(services);
        let writing = trial.with_model(Arc::clone(&services.model), services.limits.deadline);
        let first = think(&writing, &rules, &input).await?;
        let (mut suggestions, mut refused) = (Vec::new(), first.outcome.trace.refused.clone());
        suggestions.extend(reply(&first, &rules));
        if let Some(known) = suggestions.first() {
            let second = think(&trial, &rules, &otherwise(&input, &first)?).await?;
            let other = reply(&second, &rules).filter(|_| !changes_course(&first, &second));
            refused.extend(second.outcome.trace.refused.clone());
            let other = other.filter(|other| differs(other, known));
            suggestions.extend(other);
        }
        Ok(suggested(first, polite_last(suggestions), refused))
    }

    /// What a person who takes a ticket may say and has to do. Kept until somebody writes, or for a minute.
    pub async fn help(&self, detail: &TicketDetail) -> TicketHelp {
        let rules = self.conversations.services().rules.load_full();
        let owed = detail.ticket.status.is_owed();
        let Some(newest) = detail.history.last().filter(|_| owed) else { return TicketHelp::default() };
        let of = (newest.id.clone(), rules.pack.version.clone());
        if let Some(help) = self.kept_of(&detail.ticket.id, &of) {
            return help;
        }
        match self.help_now(detail, &rules).await {
            Ok(help) => {
                self.keep(detail.ticket.id.clone(), Kept { of, at: Instant::now(), help: help.clone() });
                help
            }
            Err(error) => {
                tracing::warn!(ticket.id = %detail.ticket.id, %error, "nothing can be suggested");
                TicketHelp::default()
            }
        }
    }

    fn kept_of(&self, ticket: &TicketId, of: &(MessageId, String)) -> Option<TicketHelp> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(ticket)
            .filter(|kept| kept.of == *of && kept.at.elapsed() < FRESH)
            .map(|kept| kept.help.clone())
    }

    fn keep(&self, ticket: TicketId, help: Kept) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.retain(|_, kept| kept.at.elapsed() < FRESH);
        }
        if kept.len() < KEPT {
            kept.insert(ticket, help);
        }
    }

    async fn help_now(&self, detail: &TicketDetail, rules: &Arc<Rules>) -> anyhow::Result<TicketHelp> {
        let services = self.conversations.services();
        let Some(input) = input::of_ticket(self.conversations.services(), detail).await? else {
            return Ok(TicketHelp::default());
        };
        let trial = Trial::over(services);
        let first = think(&trial, rules, &input).await?;
        let mut suggestions: Vec<Suggestion> = Vec::new();
        if !has_answered(&detail.ticket, &detail.history) {
            suggestions.extend(first_sentences(&input, &first, rules));
        }
        if suggestions.len() < MOST_SUGGESTIONS || first.plan.is_none() {
            let mut replies = polite_last(self.replies(&trial, (rules, &input), &first).await?);
            // The draft of the first sentence leads and is polite enough; what may be answered comes before its second
            // variant.
            if !suggestions.is_empty() {
                replies.retain(|reply| !reply.is_only_polite());
            }
            let at = suggestions.len().min(1);
            suggestions.splice(at..at, replies);
        }
        let said: Vec<&str> = said_by_staff(&detail.history).collect();
        let suggestions =
            suggestions.into_iter().map(|one| one.text).filter(|text| !said.contains(&text.as_str()));
        Ok(TicketHelp {
            suggestions: suggestions.take(MOST_SUGGESTIONS).collect(),
            next_step: first.next_step.map(|step| step.text),
        })
    }

    /// The reply of a turn and another one.
    async fn replies(
        &self,
        trial: &Trial,
        (rules, input): (&Arc<Rules>, &TurnInput),
        first: &Thought,
    ) -> anyhow::Result<Vec<Suggestion>> {
        let Some(known) = reply(first, rules) else { return Ok(Vec::new()) };
        let second = think(trial, rules, &otherwise(input, first)?).await?;
        let other =
            reply(&second, rules).filter(|other| !changes_course(first, &second) && differs(other, &known));
        Ok(std::iter::once(known).chain(other).collect())
    }

    /// What a person is warned of who has written into a ticket. What cannot be read is not warned of.
    pub async fn warnings(&self, detail: &TicketDetail, text: &str) -> Vec<String> {
        let services = self.conversations.services();
        let rules = services.rules.load_full();
        let now = services.clock.now();
        let (facts, done) = self.grounds(detail, text, &rules).await.unwrap_or_else(|error| {
            tracing::warn!(ticket.id = %detail.ticket.id, %error, "a message is looked at without its records");
            (Facts::default(), Vec::new())
        });
        let said: Vec<&str> = detail.history.iter().map(|message| message.text.as_str()).collect();
        let suggested: Vec<String> = {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let texts = kept.get(&detail.ticket.id).map(|kept| kept.help.suggestions.clone());
            texts.unwrap_or_default().iter().flat_map(|text| text.lines().map(str::to_owned)).collect()
        };
        let warned = Warned {
            text,
            said_before: &said.join("\n"),
            suggested: &suggested,
            facts: &facts,
            done: &done,
            hours: &services.hours,
        };
        warnings(&warned, &rules.pack, &now)
    }

    /// What the records say of the matter, with the verdicts of its policies, and of what the message itself names.
    async fn grounds(
        &self,
        detail: &TicketDetail,
        text: &str,
        rules: &Arc<Rules>,
    ) -> anyhow::Result<(Facts, Vec<String>)> {
        let trial = Trial::over(self.conversations.services());
        let Some(input) = input::of_ticket(self.conversations.services(), detail).await? else {
            return Ok((Facts::default(), Vec::new()));
        };
        let mut facts = facts_of(&trial, rules, &input).await?;
        let of_text = TurnInput { text: text.to_owned(), ..input.clone() };
        let more = facts_of(&trial, rules, &of_text).await?;
        for fact in more.found {
            if facts.get(&fact.id).is_none() {
                facts.found.push(fact);
            }
        }
        let tickets = ["ticket_opened".to_owned(), "handoff".to_owned()];
        let done = tickets.into_iter().chain(input.standing.records(&input.conversation)).collect();
        Ok((facts, done))
    }
}

/// Runs a turn and keeps of its decision what a person may say.
async fn think(trial: &Trial, rules: &Arc<Rules>, input: &TurnInput) -> anyhow::Result<Thought> {
    let (mut plan, mut next_step): (Option<HandoffPlan>, Option<NextStep>) = (None, None);
    let outcome = trial
        .run_changed(Arc::clone(rules), input, |decision, _| {
            next_step = for_decision(&decision, &rules.pack, &input.now);
            plan.clone_from(&decision.handoff);
            for_person(decision, &rules.pack)
        })
        .await?;
    if let Some(late) = outcome.handoff.as_ref().filter(|_| plan.is_none()) {
        next_step = for_handoff(late.reason, &rules.pack, &input.now);
    }
    Ok(Thought { outcome, plan, next_step })
}

/// The facts of a turn, with the verdicts of its policies; nothing is said.
async fn facts_of(trial: &Trial, rules: &Arc<Rules>, input: &TurnInput) -> anyhow::Result<Facts> {
    let mut known = Facts::default();
    trial
        .run_changed(Arc::clone(rules), input, |mut decision, facts| {
            known = facts.clone();
            decision.goals.clear();
            for_person(decision, &rules.pack)
        })
        .await?;
    Ok(known)
}

fn reply(thought: &Thought, rules: &Rules) -> Option<Suggestion> {
    Suggestion::of(sayable_by_person(thought.outcome.trace.sentences.clone(), &rules.pack))
}

/// The same turn after the first reply was said, in a conversation that chooses other variants.
fn otherwise(input: &TurnInput, first: &Thought) -> anyhow::Result<TurnInput> {
    let mut memory = input.memory.clone();
    memory.said.clone_from(&first.outcome.memory.said);
    let conversation = format!("{}_other", input.conversation.as_str()).parse()?;
    Ok(TurnInput { memory, conversation, ..input.clone() })
}

/// Whether a second thought only found that nothing is left to say, or came to something else than the first.
fn changes_course(first: &Thought, second: &Thought) -> bool {
    let late = |thought: &Thought| thought.plan.is_none() && thought.outcome.handoff.is_some();
    first.plan != second.plan || late(first) != late(second)
}

fn suggested(first: Thought, suggestions: Vec<Suggestion>, refused: Vec<Refusal>) -> Suggested {
    let Outcome { trace, emotion, handoff: late, .. } = first.outcome;
    let planned = first.plan.map(|plan| (plan.reason, plan.detail, plan.mode));
    let handoff = planned.or_else(|| late.map(|late| (late.reason, late.detail, late.mode)));
    Suggested {
        suggestions,
        next_step: first.next_step,
        scenario: trace.scenario,
        emotion: Some(EmotionSummary {
            label: emotion.label,
            intensity: emotion.intensity,
            trend: emotion.trend,
            also: emotion.also,
        }),
        handoff: handoff.map(|(reason, detail, mode)| SuggestedHandoff { reason, detail, mode }),
        refused,
        evidence: trace.evidence,
    }
}

/// Drafts of the first sentence of whoever takes the ticket.
fn first_sentences(input: &TurnInput, thought: &Thought, rules: &Rules) -> Vec<Suggestion> {
    let pack = &rules.pack;
    let reading = understand::read(input, pack, &rules.reader);
    let intent = reading.intents.first().map(|found| found.intent.as_str());
    let scenario = thought.outcome.trace.scenario.as_ref();
    let matter = intent.and_then(|intent| pack.asks(intent)).filter(|_| scenario.is_some());
    let emotion: &Emotion = &thought.outcome.emotion;
    let opening = Opening {
        wish: &input.text,
        matter,
        step: thought.next_step.as_ref().map(|step| step.say.as_str()),
        emotion,
    };
    openings(&opening, pack, &input.now).0
}

/// Whether a person has written since the ticket was opened.
fn has_answered(ticket: &Ticket, history: &[StoredMessage]) -> bool {
    let since = |message: &StoredMessage| message.author == Author::Staff && message.at >= ticket.opened_at;
    history.iter().any(since)
}

fn said_by_staff(history: &[StoredMessage]) -> impl Iterator<Item = &str> {
    history.iter().filter(|message| message.author == Author::Staff).map(|message| message.text.as_str())
}

/// What was said up to a moment.
pub(super) fn until(detail: TicketDetail, moment: Timestamp, except: &MessageId) -> TicketDetail {
    let mut detail = detail;
    detail.history.retain(|message| message.at <= moment && message.id != *except);
    detail
}
