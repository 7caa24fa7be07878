//! Flows as rows: begun and moved with the turn or the event that moves them, each move with its line in the audit.

mod going;

use serde_json::json;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::codec::{from_json, from_text, from_word, json as json_text, time, word};
use super::conversations::{Conversation, own_conversation, shop_conversation};
use super::events::{Event, append_event};
use super::tickets::{audit, program};
use super::{Store, StoreError, Transaction};
use crate::flows::{Flow, FlowMove, FlowState};
use crate::identity::{ActionId, ConversationId, CustomerId, FlowId, Scope, ShopId, StaffScope};
use crate::time::Now;

pub use going::{DueFlow, FlowLeft, FlowStep, FlowWent};

/// How many open flows a turn is told of.
const STANDING: u32 = 8;

impl Store {
    /// The open flows of a verified customer and of a conversation, the latest first.
    pub async fn open_flows(
        &self,
        scope: &Scope,
        conversation: &ConversationId,
    ) -> Result<Vec<Flow>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM flows WHERE conversation = ?1 AND shop = ?2 AND state = 'open' UNION \
             SELECT * FROM flows WHERE shop = ?2 AND customer = ?3 AND state = 'open' ORDER BY number DESC LIMIT ?4",
        )
        .bind(conversation.as_str())
        .bind(scope.shop.as_str())
        .bind(scope.verified_customer().map(CustomerId::as_str))
        .bind(STANDING)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read_flow).collect()
    }

    /// The flows of a conversation, oldest first, for people of the shop.
    pub async fn flows(
        &self,
        staff: &StaffScope,
        conversation: &ConversationId,
    ) -> Result<Vec<Flow>, StoreError> {
        self.conversation_for_staff(staff, conversation).await?;
        let rows = sqlx::query("SELECT * FROM flows WHERE shop = ?1 AND conversation = ?2 ORDER BY number")
            .bind(staff.shop.as_str())
            .bind(conversation.as_str())
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_flow).collect()
    }
}

fn read_flow(row: &SqliteRow) -> Result<Flow, StoreError> {
    let (customer, action): (Option<String>, Option<String>) =
        (row.try_get("customer")?, row.try_get("action")?);
    let answers: String = row.try_get("answers")?;
    let finished: Option<i64> = row.try_get("finished_at")?;
    Ok(Flow {
        id: from_text(row.try_get("id")?)?,
        shop: from_text(row.try_get("shop")?)?,
        conversation: from_text(row.try_get("conversation")?)?,
        customer: customer.map(from_text).transpose()?,
        kind: row.try_get("kind")?,
        scenario: row.try_get("scenario")?,
        order: row.try_get("of_order")?,
        identity: row.try_get("identity")?,
        state: from_word(row.try_get("state")?)?,
        step: row.try_get("step")?,
        answers: from_json(&answers)?,
        failures: row.try_get("failures")?,
        action: action.map(from_text).transpose()?,
        reminded: row.try_get("reminded")?,
        moves: row.try_get("moves")?,
        step_since: time(row.try_get("step_since")?)?,
        opened_at: time(row.try_get("opened_at")?)?,
        finished_at: finished.map(time).transpose()?,
    })
}

/// What a turn makes of flows, in the conversation of the turn.
pub(super) async fn move_in_turn(
    transaction: &mut Transaction,
    scope: &Scope,
    (conversation, moves): (&ConversationId, &[FlowMove]),
    now: &Now,
) -> Result<(), StoreError> {
    if moves.is_empty() {
        return Ok(());
    }
    let conversation = own_conversation(transaction, scope, conversation).await?;
    for moved in moves {
        move_flow(transaction, &program(&scope.shop), (&conversation, moved, false), now).await?;
    }
    Ok(())
}

/// Writes a move; whether the flow still stood as it was seen. `reminded` says that the customer is reminded with it.
async fn move_flow(
    transaction: &mut Transaction,
    actor: &StaffScope,
    (conversation, moved, reminded): (&Conversation, &FlowMove, bool),
    now: &Now,
) -> Result<bool, StoreError> {
    let action = match &moved.action {
        Some(identity) => open_action(transaction, &conversation.shop, identity).await?,
        None => None,
    };
    let id = match &moved.from {
        None => begin(transaction, (conversation, moved, action.as_ref()), now).await?,
        Some(seen) => {
            go_on(transaction, (conversation, moved, action.as_ref()), (seen, reminded), now).await?
        }
    };
    let Some(id) = id else { return Ok(false) };
    let name = match (&moved.from, moved.state) {
        (None, _) => "begin_flow",
        (_, FlowState::Open) => "move_flow",
        _ => "end_flow",
    };
    let detail = format!("{} {} {}", moved.kind, moved.step, word(&moved.state)?);
    audit(transaction, actor, (name, id.as_str(), &detail), now).await?;
    let mut conversation = shop_conversation(transaction, &conversation.shop, &conversation.id).await?;
    let body = json!({ "flow": id, "kind": moved.kind, "step": moved.step, "state": moved.state });
    append_event(transaction, &mut conversation, Event { kind: "flow", shown: false, body }, now).await?;
    Ok(true)
}

/// The same wish at the same moment from two conversations is one flow.
async fn begin(
    transaction: &mut Transaction,
    (conversation, moved, action): (&Conversation, &FlowMove, Option<&ActionId>),
    now: &Now,
) -> Result<Option<FlowId>, StoreError> {
    let id = FlowId::generate();
    let over = (moved.state != FlowState::Open).then(|| now.epoch_milliseconds());
    let done = sqlx::query(
        "INSERT INTO flows (id, shop, conversation, customer, kind, scenario, of_order, identity, state, step, answers, \
         failures, action, step_since, wake_at, opened_at, finished_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?14, ?16) ON CONFLICT DO NOTHING",
    )
    .bind(id.as_str())
    .bind(conversation.shop.as_str())
    .bind(conversation.id.as_str())
    .bind(conversation.customer.as_ref().map(CustomerId::as_str))
    .bind(&moved.kind)
    .bind(&moved.scenario)
    .bind(&moved.order)
    .bind(&moved.identity)
    .bind(word(&moved.state)?)
    .bind(&moved.step)
    .bind(json_text(&moved.answers)?)
    .bind(moved.failures)
    .bind(action.map(ActionId::as_str))
    .bind(now.epoch_milliseconds())
    .bind(moved.look_at.map(|at| at.as_millisecond()))
    .bind(over)
    .execute(&mut transaction.connection)
    .await?;
    Ok((done.rows_affected() > 0).then_some(id))
}

async fn go_on(
    transaction: &mut Transaction,
    (conversation, moved, action): (&Conversation, &FlowMove, Option<&ActionId>),
    ((id, seen), reminded): (&(FlowId, u32), bool),
    now: &Now,
) -> Result<Option<FlowId>, StoreError> {
    let over = (moved.state != FlowState::Open).then(|| now.epoch_milliseconds());
    let done = sqlx::query(
        "UPDATE flows SET conversation = ?1, state = ?2, step = ?3, answers = ?4, failures = ?5, \
         action = CASE WHEN ?6 THEN ?7 ELSE action END, reminded = CASE WHEN ?6 THEN 0 ELSE reminded OR ?8 END, \
         step_since = CASE WHEN ?6 THEN ?9 ELSE step_since END, \
         wake_at = CASE WHEN ?2 = 'open' THEN coalesce(?10, wake_at) END, \
         finished_at = ?11, moves = moves + 1 \
         WHERE id = ?12 AND moves = ?13 AND state = 'open'",
    )
    .bind(conversation.id.as_str())
    .bind(word(&moved.state)?)
    .bind(&moved.step)
    .bind(json_text(&moved.answers)?)
    .bind(moved.failures)
    .bind(moved.begins_step)
    .bind(action.map(ActionId::as_str))
    .bind(reminded)
    .bind(now.epoch_milliseconds())
    .bind(moved.look_at.map(|at| at.as_millisecond()))
    .bind(over)
    .bind(id.as_str())
    .bind(seen)
    .execute(&mut transaction.connection)
    .await?;
    Ok((done.rows_affected() > 0).then(|| id.clone()))
}

async fn open_action(
    transaction: &mut Transaction,
    shop: &ShopId,
    identity: &str,
) -> Result<Option<ActionId>, StoreError> {
    let id: Option<String> = sqlx::query_scalar(
        "SELECT id FROM actions WHERE shop = ?1 AND identity = ?2 ORDER BY number DESC LIMIT 1",
    )
    .bind(shop.as_str())
    .bind(identity)
    .fetch_optional(&mut transaction.connection)
    .await?;
    id.map(from_text).transpose()
}

/// The records of an order have changed: its flow may go on.
pub(super) async fn wake_of_order(
    transaction: &mut Transaction,
    shop: &ShopId,
    order: &str,
    now: &Now,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE flows SET wake_at = ?1 WHERE shop = ?2 AND of_order = ?3 AND state = 'open'")
        .bind(now.epoch_milliseconds())
        .bind(shop.as_str())
        .bind(order)
        .execute(&mut transaction.connection)
        .await?;
    Ok(())
}

/// An action has ended: the flow that waits for it goes on.
pub(super) async fn wake_of_action(
    transaction: &mut Transaction,
    action: &ActionId,
    now: &Now,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE flows SET wake_at = ?1 WHERE action = ?2 AND state = 'open'")
        .bind(now.epoch_milliseconds())
        .bind(action.as_str())
        .execute(&mut transaction.connection)
        .await?;
    Ok(())
}
