//! How flows go on by themselves: which have to be looked at now, and the word that goes with a move, in one transaction.

use jiff::{SignedDuration, Timestamp};

use super::{move_flow, read_flow};
use crate::actions::ActionState;
use crate::flows::{Flow, FlowMove};
use crate::identity::{FlowId, MessageId, StaffScope};
use crate::store::conversations::{Conversation, shop_conversation};
use crate::store::messages::{Said, Speaks, insert_said};
use crate::store::promises::{Given, give};
use crate::store::tickets::{NewTicket, open_in};
use crate::store::{Store, StoreError};
use crate::time::Now;
use crate::turn::trace::{SentenceTrace, Trace};
use crate::turn::types::Commitment;

/// A flow that has to be looked at, with what it stands by.
#[derive(Debug, Clone)]
pub struct DueFlow {
    /// The flow.
    pub flow: Flow,
    /// Its conversation.
    pub conversation: Conversation,
    /// How the action of its step stands.
    pub action: Option<ActionState>,
    /// Whether the customer is still owed a word about that action.
    pub word_owed: bool,
}

/// A move of a flow with what is said of it.
#[derive(Debug, Clone)]
pub struct FlowStep {
    /// The move.
    pub moved: FlowMove,
    /// Whether the customer is reminded with it.
    pub reminds: bool,
    /// What is said; nothing where the customer knows already.
    pub said: Option<(SentenceTrace, Trace)>,
    /// A person goes on with it.
    pub left: Option<FlowLeft>,
}

/// What is left to a person, and by when the customer hears of it.
#[derive(Debug, Clone)]
pub struct FlowLeft {
    /// The ticket.
    pub ticket: Box<NewTicket>,
    /// The promise that goes with it.
    pub promise: String,
    /// By when.
    pub due: Timestamp,
    /// So long before its time whoever owes it is reminded.
    pub remind_before: SignedDuration,
}

/// What became of a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlowWent {
    /// It was made, and this was said.
    Said(MessageId),
    /// It was made, and nothing was said: nothing had to be, or a person has the conversation.
    Silently,
    /// It stands otherwise meanwhile.
    Gone,
}

impl Store {
    /// The flows that have to be looked at now, the longest waiting first.
    pub async fn due_flows(
        &self,
        staff: &StaffScope,
        limit: u32,
        now: &Now,
    ) -> Result<Vec<DueFlow>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM flows WHERE wake_at <= ?1 AND shop = ?2 ORDER BY wake_at LIMIT ?3")
                .bind(now.epoch_milliseconds())
                .bind(staff.shop.as_str())
                .bind(limit)
                .fetch_all(self.readers())
                .await?;
        let mut due = Vec::new();
        for row in &rows {
            let flow = read_flow(row)?;
            let conversation = self.conversation_for_staff(staff, &flow.conversation).await?;
            let (action, word_owed) = match &flow.action {
                Some(id) => {
                    (Some(self.action(staff, id).await?.state), self.owes_word_of(id.as_str()).await?)
                }
                None => (None, false),
            };
            due.push(DueFlow { flow, conversation, action, word_owed });
        }
        Ok(due)
    }

    async fn owes_word_of(&self, action: &str) -> Result<bool, StoreError> {
        let owed: i64 =
            sqlx::query_scalar("SELECT count(*) FROM promises WHERE action = ?1 AND settled_at IS NULL")
                .bind(action)
                .fetch_one(self.readers())
                .await?;
        Ok(owed > 0)
    }

    /// Nothing has happened; the flow is looked at again at a moment, or when it is woken.
    pub async fn look_again(
        &self,
        id: &FlowId,
        moves: u32,
        at: Option<Timestamp>,
        now: &Now,
    ) -> Result<(), StoreError> {
        let (id, seen_at) = (id.clone(), now.epoch_milliseconds());
        self.write_in_background(move |transaction| {
            Box::pin(async move {
                // Whoever woke it after it was looked at is not overheard.
                sqlx::query("UPDATE flows SET wake_at = ?1 WHERE id = ?2 AND moves = ?3 AND wake_at <= ?4")
                    .bind(at.map(|at| at.as_millisecond()))
                    .bind(id.as_str())
                    .bind(moves)
                    .bind(seen_at)
                    .execute(&mut transaction.connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// Makes a move and says what goes with it, both or neither. Where a person has the conversation the move is made and
    /// nothing is said.
    pub async fn go_on(
        &self,
        staff: &StaffScope,
        (flow, step): (&Flow, FlowStep),
        now: &Now,
    ) -> Result<FlowWent, StoreError> {
        let (staff, now) = (staff.clone(), now.clone());
        let conversation = flow.conversation.clone();
        self.write_in_background(move |transaction| {
            Box::pin(async move {
                let mut conversation = shop_conversation(transaction, &staff.shop, &conversation).await?;
                let moved = (&conversation, &step.moved, step.reminds);
                if !move_flow(transaction, &staff, moved, &now).await? {
                    return Ok(FlowWent::Gone);
                }
                let mut commitments = Vec::new();
                if let Some(left) = step.left {
                    let scope = conversation.owner_scope();
                    let ticket = open_in(transaction, &scope, *left.ticket, &now).await?.ticket;
                    let given = Given {
                        kind: left.promise.clone(),
                        due: left.due,
                        action: None,
                        ticket: Some(ticket.id.clone()),
                        remind_before: left.remind_before,
                    };
                    let due = give(transaction, &scope, (&conversation.id, given), &now).await?;
                    commitments.push(Commitment { kind: left.promise, due, backed_by: ticket.id.into() });
                    conversation = shop_conversation(transaction, &staff.shop, &conversation.id).await?;
                }
                let with_person = conversation.state.is_with_person();
                let Some((sentence, trace)) = step.said.filter(|_| !with_person) else {
                    return Ok(FlowWent::Silently);
                };
                let said = Said { sentences: vec![sentence], trace, commitments, speaks: Speaks::Owing };
                let message = insert_said(transaction, &mut conversation, said, &now).await?;
                Ok(FlowWent::Said(message))
            })
        })
        .await
    }
}
