//! How a turn's handoff, actions and promises come about: all of them in one transaction, before a word rests on them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::{move_action, read_action};
use crate::actions::{Action, ActionMove, ActionState, BackedBy, Executor};
use crate::desk::types::Ticket;
use crate::flows::FlowMove;
use crate::identity::{ActionId, ConversationId, CustomerId, Scope, StaffScope};
use crate::store::codec::{json, word};
use crate::store::conversations::own_conversation;
use crate::store::flows::move_in_turn;
use crate::store::promises::{Given, give};
use crate::store::tickets::{NewTicket, audit, open_in, program};
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;
use crate::turn::types::Commitment;

/// What a turn takes upon itself.
#[derive(Debug, Clone)]
pub struct Undertaking {
    /// The conversation.
    pub conversation: ConversationId,
    /// The ticket of its handoff.
    pub handoff: Option<NewTicket>,
    /// What is promised.
    pub promises: Vec<NewPromise>,
    /// What becomes of the flows whose actions are begun.
    pub flows: Vec<FlowMove>,
    /// So long before its time whoever owes a promise is reminded.
    pub remind_before: SignedDuration,
}

/// A promise that is given.
#[derive(Debug, Clone)]
pub struct NewPromise {
    /// Its kind in the pack.
    pub kind: String,
    /// By when.
    pub due: Timestamp,
    /// What brings its result.
    pub brought: Brought,
    /// The ticket, if a person owes it and has none for it yet.
    pub task: NewTicket,
}

/// What brings the result of a promise.
#[derive(Debug, Clone)]
pub enum Brought {
    /// A person.
    ByPerson,
    /// An action that is begun with it.
    ByNew(NewAction),
    /// An action that was begun before, by its identity.
    ByOpen(String),
}

/// An action that is begun.
#[derive(Debug, Clone)]
pub struct NewAction {
    /// Its kind in the pack.
    pub kind: String,
    /// What it is done with.
    pub args: Map<String, Value>,
    /// What tells it from others.
    pub identity: String,
    /// Whether the customer has said yes to it.
    pub confirmed: bool,
    /// Who executes it.
    pub by: Executor,
    /// By when the customer is to hear of it.
    pub due: Timestamp,
}

/// What was taken on and is stored.
#[derive(Debug, Clone, Default)]
pub struct Undertaken {
    /// The ticket of the handoff.
    pub handoff: Option<Ticket>,
    /// The promises with what stands behind them.
    pub commitments: Vec<Commitment>,
    /// The actions, those that were open before too.
    pub actions: Vec<Action>,
}

impl Store {
    /// Stores everything that a turn takes upon itself, or nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if a person has taken the conversation over.
    pub async fn undertake(
        &self,
        scope: &Scope,
        undertaking: Undertaking,
        now: &Now,
    ) -> Result<Undertaken, StoreError> {
        let (scope, now) = (scope.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move { undertake(transaction, &scope, undertaking, &now).await })
        })
        .await
    }
}

async fn undertake(
    transaction: &mut Transaction,
    scope: &Scope,
    undertaking: Undertaking,
    now: &Now,
) -> Result<Undertaken, StoreError> {
    let mut undertaken = Undertaken::default();
    if let Some(new) = undertaking.handoff {
        undertaken.handoff = Some(open_in(transaction, scope, new, now).await?.ticket);
    }
    for promise in undertaking.promises {
        let NewPromise { kind, due, brought, task } = promise;
        let mut action = bring(transaction, scope, (&undertaking.conversation, brought), now).await?;
        let ticket =
            owed_by(transaction, scope, (action.as_mut(), undertaken.handoff.as_ref(), task), now).await?;
        let backed_by = match (&ticket, &action) {
            (Some(ticket), _) => BackedBy::Ticket(ticket.id.clone()),
            (None, Some(action)) => BackedBy::Action(action.id.clone()),
            (None, None) => return Err(StoreError::Other("a promise has nothing behind it".into())),
        };
        let given = Given {
            kind: kind.clone(),
            due,
            action: action.as_ref().map(|action| action.id.clone()),
            ticket: ticket.map(|ticket| ticket.id),
            remind_before: undertaking.remind_before,
        };
        let due = give(transaction, scope, (&undertaking.conversation, given), now).await?;
        undertaken.commitments.push(Commitment { kind, due, backed_by });
        undertaken.actions.extend(action);
    }
    move_in_turn(transaction, scope, (&undertaking.conversation, &undertaking.flows), now).await?;
    Ok(undertaken)
}

/// The ticket of the person who owes a promise; none while the shop's own system is at it.
async fn owed_by(
    transaction: &mut Transaction,
    scope: &Scope,
    (action, handoff, task): (Option<&mut Action>, Option<&Ticket>, NewTicket),
    now: &Now,
) -> Result<Option<Ticket>, StoreError> {
    if action.as_ref().is_some_and(|action| action.by == Executor::ShopSystem) {
        return Ok(None);
    }
    let ticket = match handoff {
        Some(ticket) => ticket.clone(),
        None => open_in(transaction, scope, task, now).await?.ticket,
    };
    if let Some(action) = action.filter(|action| action.ticket.is_none()) {
        sqlx::query("UPDATE actions SET ticket = ?1 WHERE id = ?2")
            .bind(ticket.id.as_str())
            .bind(action.id.as_str())
            .execute(&mut transaction.connection)
            .await?;
        action.ticket = Some(ticket.id.clone());
    }
    Ok(Some(ticket))
}

async fn bring(
    transaction: &mut Transaction,
    scope: &Scope,
    (conversation, brought): (&ConversationId, Brought),
    now: &Now,
) -> Result<Option<Action>, StoreError> {
    match brought {
        Brought::ByPerson => Ok(None),
        Brought::ByOpen(identity) => open_one(transaction, scope, &identity).await,
        // The same wish from two conversations at once is one action.
        Brought::ByNew(new) => match open_one(transaction, scope, &new.identity).await? {
            Some(open) => Ok(Some(open)),
            None => begin(transaction, scope, (conversation, new), now).await.map(Some),
        },
    }
}

async fn open_one(
    transaction: &mut Transaction,
    scope: &Scope,
    identity: &str,
) -> Result<Option<Action>, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM actions WHERE shop = ?1 AND identity = ?2 \
         AND state IN ('requested', 'confirmed', 'running', 'overdue')",
    )
    .bind(scope.shop.as_str())
    .bind(identity)
    .fetch_optional(&mut transaction.connection)
    .await?;
    row.as_ref().map(read_action).transpose()
}

async fn begin(
    transaction: &mut Transaction,
    scope: &Scope,
    (conversation, new): (&ConversationId, NewAction),
    now: &Now,
) -> Result<Action, StoreError> {
    let conversation = own_conversation(transaction, scope, conversation).await?;
    let staff: StaffScope = program(&scope.shop);
    let id = ActionId::generate();
    let at_once = (new.by == Executor::ShopSystem).then(|| now.epoch_milliseconds());
    let row = sqlx::query(
        "INSERT INTO actions (id, shop, conversation, customer, kind, args, identity, requested_by, executor, state, \
         due, next_attempt_at, requested_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) RETURNING *",
    )
    .bind(id.as_str())
    .bind(scope.shop.as_str())
    .bind(conversation.id.as_str())
    .bind(conversation.customer.as_ref().map(CustomerId::as_str))
    .bind(&new.kind)
    .bind(json(&new.args)?)
    .bind(&new.identity)
    .bind(&staff.actor)
    .bind(word(&new.by)?)
    .bind(word(&ActionState::Requested)?)
    .bind(new.due.as_millisecond())
    .bind(at_once)
    .bind(now.epoch_milliseconds())
    .fetch_one(&mut transaction.connection)
    .await?;
    let mut action = read_action(&row)?;
    audit(transaction, &staff, ("request_action", id.as_str(), &action.kind), now).await?;
    if new.confirmed {
        let step = (ActionMove::Confirm, "the customer has said yes");
        move_action(transaction, &staff, &mut action, step, now).await?;
        return Ok(action);
    }
    super::tell_desk_of(transaction, &action, now).await?;
    Ok(action)
}
