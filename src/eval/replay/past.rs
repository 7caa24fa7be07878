//! Past conversations: read from a store, or from a file with one conversation a line.

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::mask::{Masks, pseudonym};
use crate::identity::{ConversationId, StaffScope};
use crate::record::RecordKind;
use crate::store::{PastAnswer, PastWord, Store};
use crate::turn::decide::reason_name;
use crate::turn::types::{Author, GuardReason};

/// The note of a trace that was no turn: somebody waited for a person.
const WAITS: &str = "the conversation waits for a person";

/// A past conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastConversation {
    /// Its id; also decides which variant of a wording is said.
    pub conversation: String,
    /// The customer whose records are read; none for somebody who has not signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Its messages of the customer, oldest first.
    pub turns: Vec<PastTurn>,
}

/// A message of a customer and what was answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastTurn {
    /// When, as in `2026-11-20T10:12:00+08:00`.
    pub at: String,
    /// What the customer said.
    pub text: String,
    /// What the assistant answered, each sentence on its own line; empty if people had the conversation.
    #[serde(default)]
    pub reply: String,
    /// The scenario.
    #[serde(default)]
    pub scenario: Option<String>,
    /// The reason of the handoff.
    #[serde(default)]
    pub handoff: Option<String>,
    /// Reasons of drafts that were not let out, if they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Vec<GuardReason>>,
    /// Milliseconds to the end of the reply, if they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<f64>,
    /// What people of the shop wrote before the customer's next message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// Whether the assistant answered it in a turn: not where people had the conversation, or the customer waited for one.
    #[serde(default = "yes")]
    pub answered: bool,
}

fn yes() -> bool {
    true
}

/// Reads a file of conversations.
///
/// # Errors
/// With the line that is none.
pub fn parse(name: &str, text: &str) -> anyhow::Result<Vec<PastConversation>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = lines.map(|(index, line)| {
        let place = || format!("{name}: line {}", index + 1);
        let past: PastConversation = serde_json::from_str(line).with_context(place)?;
        for (number, turn) in past.turns.iter().enumerate() {
            turn.at
                .parse::<jiff::Timestamp>()
                .with_context(|| format!("{}: turns[{number}].at: `{}` is no time", place(), turn.at))?;
        }
        Ok(past)
    });
    read.collect()
}

/// Conversations of a store, the latest first, without private data of people. `shown_elsewhere` takes out the numbers of
/// orders and the ids too; `customers` keeps the customers' ids all the same.
///
/// # Errors
/// If the store cannot be read.
pub async fn of_store(
    store: &Store,
    staff: &StaffScope,
    limit: u32,
    (chinese, shown_elsewhere, customers): (bool, bool, bool),
) -> anyhow::Result<Vec<PastConversation>> {
    let mut all = Vec::new();
    for conversation in store.conversations(staff, limit).await? {
        let kinds = [RecordKind::Customer, RecordKind::Order];
        let records = store.own(&conversation.owner_scope(), &kinds).await?;
        let masks = Masks::new(chinese, &records);
        let mask = |text: &str| if shown_elsewhere { masks.everything(text) } else { masks.people(text) };
        let turns = turns(store.past_words(staff, &conversation.id).await?, mask);
        if turns.is_empty() {
            continue;
        }
        let customer = conversation.customer.map(String::from);
        all.push(PastConversation {
            conversation: match shown_elsewhere {
                true => pseudonym(ConversationId::PREFIX, conversation.id.as_str()),
                false => conversation.id.into(),
            },
            customer: match shown_elsewhere && !customers {
                true => customer.map(|customer| pseudonym("customer_", &customer)),
                false => customer,
            },
            turns,
        });
    }
    Ok(all)
}

/// The messages of the customer, those of a burst as one, with what was answered.
fn turns(words: Vec<PastWord>, mask: impl Fn(&str) -> String) -> Vec<PastTurn> {
    let mut turns: Vec<PastTurn> = Vec::new();
    let mut burst = String::new();
    for word in words {
        match word.author {
            Author::Customer if word.superseded => {
                burst.push_str(&word.text);
                burst.push('\n');
            }
            Author::Customer => {
                let text = std::mem::take(&mut burst) + &word.text;
                turns.push(turn(word.at.to_string(), mask(&text), word.answer, &mask));
            }
            Author::Staff => {
                if let Some(last) = turns.last_mut() {
                    last.people.push(mask(&word.text));
                }
            }
            // Said by itself, between the turns.
            Author::Assistant => {}
        }
    }
    turns
}

fn turn(at: String, text: String, answer: Option<PastAnswer>, mask: impl Fn(&str) -> String) -> PastTurn {
    let turn = PastTurn { at, text, answered: false, ..PastTurn::default() };
    let Some(PastAnswer { text: reply, trace, handoff }) = answer else { return turn };
    let Some(trace) = trace else { return turn };
    PastTurn {
        reply: mask(&reply),
        answered: !reply.is_empty() && !trace.notes.iter().any(|note| note == WAITS),
        scenario: trace.scenario.map(|scenario| scenario.id),
        handoff: handoff.map(|handoff| reason_name(handoff.reason)),
        refused: Some(trace.refused.iter().map(|refusal| refusal.reason).collect()),
        ms: Some(trace.timing.total_ms),
        ..turn
    }
}
