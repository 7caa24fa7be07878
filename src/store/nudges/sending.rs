//! How a word that is said first is sent: judged once more, stored as a message, and announced, in one transaction. That is
//! what makes it come exactly once, however often the program is stopped.

use super::settle_dropped;
use super::standing::standing;
use crate::desk::types::ConversationState;
use crate::identity::{ConversationId, MessageId, NudgeId, Scope};
use crate::proactive::{Held, Nudge, Remembered, Standing};
use crate::store::codec::json;
use crate::store::conversations::own_conversation;
use crate::store::messages::{Said, Speaks, insert_said};
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;
use crate::turn::trace::{SentenceTrace, Trace};
use crate::turn::types::Commitment;

/// A word that is ready to be said first.
#[derive(Debug, Clone)]
pub struct NudgeWord {
    /// Where it is said.
    pub conversation: ConversationId,
    /// What is said.
    pub sentences: Vec<SentenceTrace>,
    /// Why the customer reads it.
    pub why: String,
    /// What led to it, for staff; its choices are shown as buttons.
    pub trace: Trace,
    /// Whether the customer's consents allow to pass it on outside the shop's pages.
    pub outside: bool,
    /// What is promised with it.
    pub commitments: Vec<Commitment>,
    /// What the conversation remembers of it, so that an answer is understood.
    pub remembers: Remembered,
}

/// A word that was said first, as the customer's page gets it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct NudgeSaid {
    /// Its id.
    pub nudge: NudgeId,
    /// The rule.
    pub rule: String,
    /// The message.
    pub message: MessageId,
    /// What is said.
    pub text: String,
    /// Why the customer reads it.
    pub why: String,
    /// Its buttons.
    pub choices: Vec<crate::turn::types::Choice>,
    /// Whether the customer's consents allow to pass it on outside the shop's pages.
    #[serde(default)]
    pub outside: bool,
    /// The product it is about.
    pub product: Option<String>,
    /// The order it is about.
    pub order: Option<String>,
    /// When.
    pub at: jiff::Timestamp,
}

/// What became of a word.
#[derive(Debug, Clone, PartialEq)]
pub enum NudgeSent {
    /// It was said.
    Said(Box<NudgeSaid>),
    /// It is held back, as things stand now.
    Held(Held),
    /// People have the conversation, or the customer waits for an answer in it: it may be said later.
    Busy,
    /// It stands otherwise meanwhile.
    Gone,
}

impl Store {
    /// Says a word first, if the judgement still allows it as things stand inside the transaction.
    ///
    /// # Errors
    /// If the store does not answer; then nothing has happened.
    pub async fn send_nudge(
        &self,
        scope: &Scope,
        (nudge, word): (Nudge, NudgeWord),
        may_send: impl FnOnce(&Standing) -> Result<(), Held> + Send + 'static,
        now: &Now,
    ) -> Result<NudgeSent, StoreError> {
        let (scope, now) = (scope.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                let (person, rule) = (&nudge.person, nudge.rule.as_str());
                let standing =
                    standing(&mut transaction.connection, &scope.shop, (person, rule), &now).await?;
                if let Err(held) = may_send(&standing) {
                    if let Held::Dropped(reason) = held {
                        let moment = now.epoch_milliseconds();
                        settle_dropped(transaction, (&nudge.id, nudge.looks), reason, moment).await?;
                    }
                    return Ok(NudgeSent::Held(held));
                }
                send(transaction, &scope, (&nudge, word), &now).await
            })
        })
        .await
    }
}

async fn send(
    transaction: &mut Transaction,
    scope: &Scope,
    (nudge, word): (&Nudge, NudgeWord),
    now: &Now,
) -> Result<NudgeSent, StoreError> {
    let mut conversation = own_conversation(transaction, scope, &word.conversation).await?;
    if conversation.state == ConversationState::Waiting
        || conversation.state.is_with_person()
        || is_owed_an_answer(transaction, &conversation.id).await?
    {
        return Ok(NudgeSent::Busy);
    }
    let texts: Vec<&str> = word.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
    let text = texts.join("\n");
    let settled = sqlx::query(
        "UPDATE nudges SET state = 'sent', settled_at = ?1, looks = looks + 1, conversation = ?2, text = ?3, why = ?4 \
         WHERE id = ?5 AND looks = ?6 AND state = 'planned'",
    )
    .bind(now.epoch_milliseconds())
    .bind(conversation.id.as_str())
    .bind(&text)
    .bind(&word.why)
    .bind(nudge.id.as_str())
    .bind(nudge.looks)
    .execute(&mut transaction.connection)
    .await?;
    if settled.rows_affected() == 0 {
        return Ok(NudgeSent::Gone);
    }
    let mut said = NudgeSaid {
        nudge: nudge.id.clone(),
        rule: nudge.rule.clone(),
        message: MessageId::generate(),
        text,
        why: word.why,
        choices: word.trace.choices.clone(),
        outside: word.outside,
        product: nudge.event.product.clone(),
        order: nudge.event.order.clone(),
        at: now.timestamp(),
    };
    let message = Said {
        sentences: word.sentences,
        trace: word.trace,
        commitments: word.commitments,
        speaks: Speaks::First(Box::new(said.clone())),
    };
    said.message = insert_said(transaction, &mut conversation, message, now).await?;
    sqlx::query("UPDATE nudges SET message = ?1 WHERE id = ?2")
        .bind(said.message.as_str())
        .bind(nudge.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    let mut memory = conversation.memory;
    word.remembers.put_into(&mut memory);
    sqlx::query("UPDATE conversations SET memory = ?1 WHERE id = ?2")
        .bind(json(&memory)?)
        .bind(conversation.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    Ok(NudgeSent::Said(Box::new(said)))
}

/// Whether the customer has written and was not answered yet: nothing is said in between.
async fn is_owed_an_answer(
    transaction: &mut Transaction,
    conversation: &ConversationId,
) -> Result<bool, StoreError> {
    let owed =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM messages WHERE conversation = ?1 AND owed = 1)")
            .bind(conversation.as_str())
            .fetch_one(&mut transaction.connection)
            .await?;
    Ok(owed)
}
