//! Plays a past conversation again, by one pack or by two side by side.

use std::sync::Arc;

use anyhow::Context;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::past::{PastConversation, PastTurn};
use super::report::{Answered, Played};
use super::standing;
use crate::actions::Standing;
use crate::app::Trial;
use crate::identity::{ConversationId, CustomerId, MessageId, Scope, ShopId};
use crate::time::Now;
use crate::turn::decide::reason_name;
use crate::turn::types::{Author, Memory, PastMessage, TurnInput};
use crate::turn::{Outcome, Rules};

/// How many earlier messages a turn sees, as in a conversation.
const HISTORY: usize = 20;

/// Plays conversations over the records of one shop.
pub struct Player<'a> {
    /// The records, and what writes.
    pub trial: &'a Trial,
    /// The shop's zone.
    pub zone: &'a TimeZone,
    /// The changed pack.
    pub new: Arc<Rules>,
    /// The pack it is compared with; without it, with what was said in the past.
    pub old: Option<Arc<Rules>>,
}

/// One pack's view of a conversation.
#[derive(Default)]
struct Side {
    memory: Memory,
    standing: Standing,
}

impl Player<'_> {
    /// Plays a conversation from its first message to its last.
    ///
    /// # Errors
    /// If its ids make no sense, or the records cannot be read.
    pub async fn play(&self, past: &PastConversation) -> anyhow::Result<Vec<Played>> {
        let conversation = past
            .conversation
            .parse::<ConversationId>()
            .with_context(|| format!("the conversation `{}`", past.conversation))?;
        let scope = match &past.customer {
            Some(id) => Scope::customer(
                ShopId::default(),
                CustomerId::new(id).with_context(|| format!("the customer `{id}`"))?,
            ),
            None => Scope::anonymous(ShopId::default()),
        };
        let (mut new, mut old) = (Side::default(), Side::default());
        let mut history: Vec<PastMessage> = Vec::new();
        let mut played = Vec::new();
        for (number, turn) in past.turns.iter().enumerate() {
            let at: Timestamp = turn.at.parse().with_context(|| format!("{} is no time", turn.at))?;
            let kept = history.len().saturating_sub(HISTORY);
            let input = TurnInput {
                history: history[kept..].to_vec(),
                scope: scope.clone(),
                ..self.trial.input_at(&conversation, &turn.text, Now::new(at, self.zone.clone()))
            };
            if turn.answered {
                let before = match &self.old {
                    Some(rules) => self.say(rules, &input, &mut old).await?,
                    None => Answered::of_past(turn),
                };
                let after = self.say(&self.new, &input, &mut new).await?;
                played.push(Played {
                    conversation: past.conversation.clone(),
                    turn: number + 1,
                    text: turn.text.clone(),
                    old: before,
                    new: after,
                });
            }
            remember(&mut history, turn, at);
            if !turn.people.is_empty() {
                for side in [&mut new, &mut old] {
                    let closed = side.memory.closed_by_people + 1;
                    side.memory = std::mem::take(&mut side.memory).after_people(closed);
                }
            }
        }
        Ok(played)
    }

    async fn say(&self, rules: &Arc<Rules>, input: &TurnInput, side: &mut Side) -> anyhow::Result<Answered> {
        let input = TurnInput {
            memory: side.memory.clone().after_promises(&side.standing),
            standing: side.standing.clone(),
            ..input.clone()
        };
        let mut stands = side.standing.clone();
        let outcome = self
            .trial
            .run_changed(Arc::clone(rules), &input, |decision, _| {
                stands = standing::after(&stands, &decision, &input);
                decision
            })
            .await?;
        let answered = Answered::of(&outcome);
        *side = Side { memory: outcome.memory, standing: stands };
        Ok(answered)
    }
}

impl Answered {
    /// What a pack says now.
    fn of(outcome: &Outcome) -> Self {
        let trace = &outcome.trace;
        Self {
            reply: trace.sentences.iter().map(|sentence| sentence.text.clone()).collect(),
            scenario: trace.scenario.as_ref().map(|scenario| scenario.id.clone()),
            handoff: outcome.handoff.as_ref().map(|handoff| reason_name(handoff.reason)),
            refused: Some(trace.refused.iter().map(|refusal| refusal.reason).collect()),
            ms: Some(trace.timing.total_ms),
        }
    }

    /// What was said in the past.
    fn of_past(turn: &PastTurn) -> Self {
        Self {
            reply: turn.reply.lines().map(str::to_owned).collect(),
            scenario: turn.scenario.clone(),
            handoff: turn.handoff.clone(),
            refused: turn.refused.clone(),
            ms: turn.ms,
        }
    }
}

/// What was really said goes into the history of both sides.
fn remember(history: &mut Vec<PastMessage>, turn: &PastTurn, at: Timestamp) {
    let message =
        |author, text: &str| PastMessage { id: MessageId::generate(), author, text: text.to_owned(), at };
    history.push(message(Author::Customer, &turn.text));
    if !turn.reply.is_empty() {
        history.push(message(Author::Assistant, &turn.reply));
    }
    history.extend(turn.people.iter().map(|text| message(Author::Staff, text)));
}
