//! What is done to each table when a customer is erased. Every statement may name ?1 the conversations and ?5 the orders as
//! JSON lists, ?2 the customer, ?3 the moment, ?4 the shop, ?6 a change's number, ?7 an empty memory, ?8 an empty note.

/// The customer's orders.
pub(super) const ORDERS: &str = "SELECT json_group_array(id) AS ids FROM records \
    WHERE shop = ?4 AND customer = ?2 AND kind = 'order'";

/// The customer's conversations, those from before the customer signed in to the same browser, and those in which somebody
/// who had not signed in opened one of the orders.
pub(super) const CONVERSATIONS: &str = "SELECT json_group_array(id) AS ids FROM conversations \
    WHERE shop = ?4 AND (customer = ?2 OR (customer IS NULL AND (id IN (SELECT conversation FROM opened_orders \
    WHERE order_id IN (SELECT value FROM json_each(?5))) OR EXISTS (SELECT 1 FROM joined_visitors AS joined \
    WHERE joined.shop = ?4 AND joined.visitor = conversations.visitor AND joined.customer = ?2 \
    AND opened_at <= joined_at))))";

/// What an index may know of the customer.
pub(super) const INDEXED: &str = "SELECT kind, id FROM records WHERE shop = ?4 AND customer = ?2 \
    AND withdrawn IS NULL AND kind NOT IN ('customer', 'shipment') ORDER BY kind, id";

/// What is still open, by its name.
pub(super) const OPEN: [(&str, &str); 4] = [
    (
        "tickets that people have or will take now",
        "SELECT COUNT(*) AS n FROM tickets WHERE conversation IN (SELECT value FROM json_each(?1)) AND mode = 'now' \
         AND status NOT IN ('resolved', 'returned')",
    ),
    (
        "actions",
        "SELECT COUNT(*) AS n FROM actions WHERE finished_at IS NULL \
         AND (conversation IN (SELECT value FROM json_each(?1)) OR (shop = ?4 AND customer = ?2))",
    ),
    (
        "promises",
        "SELECT COUNT(*) AS n FROM promises WHERE conversation IN (SELECT value FROM json_each(?1)) \
         AND settled_at IS NULL",
    ),
    (
        "answers that are being written",
        "SELECT COUNT(*) AS n FROM messages WHERE conversation IN (SELECT value FROM json_each(?1)) \
         AND (owed = 1 OR complete = 0)",
    ),
];

/// Tables that hold nothing of a customer. A table that is neither here nor in [`STEPS`] fails a test, so that nothing new is
/// forgotten.
#[cfg(test)]
pub(super) const WITHOUT_CUSTOMERS: [&str; 6] =
    ["api_keys", "product_watch", "settings", "staff", "staff_sessions", "webhooks"];

/// Which pictures are the customer's: sent in a conversation, or by the customer or the browser and never sent on.
macro_rules! pictures {
    ($what:literal) => {
        concat!(
            $what,
            " FROM pictures WHERE conversation IN (SELECT value FROM json_each(?1)) \
             OR (shop = ?4 AND customer = ?2) OR (shop = ?4 AND conversation IS NULL AND visitor IN \
             (SELECT visitor FROM conversations WHERE id IN (SELECT value FROM json_each(?1))))"
        )
    };
}

/// The customer's pictures, whose files go once the rows are gone.
pub(super) const PICTURES: &str = pictures!("SELECT *");

/// What is done to each table, in this order: what says whose something was goes last.
pub(super) const STEPS: [(&str, &str); 27] = [
    // Who did what stays; with what words, to whose order, and from which browser does not.
    (
        "audit",
        "UPDATE audit SET detail = '', actor = IIF(SUBSTR(actor, 1, 4) = 'vis_', 'anonymous', actor) WHERE shop = ?4 \
         AND subject IN (SELECT value FROM json_each(?1) \
         UNION SELECT id FROM tickets WHERE conversation IN (SELECT value FROM json_each(?1)) \
         UNION SELECT id FROM promises WHERE conversation IN (SELECT value FROM json_each(?1)) \
         UNION SELECT id FROM actions WHERE conversation IN (SELECT value FROM json_each(?1)) \
         OR (shop = ?4 AND customer = ?2) \
         UNION SELECT id FROM flows WHERE conversation IN (SELECT value FROM json_each(?1)) \
         OR (shop = ?4 AND customer = ?2))",
    ),
    (
        "audit",
        "UPDATE audit SET detail = '', subject = 'record:erased' WHERE shop = ?4 \
         AND subject IN (SELECT 'customer:' || ?2 UNION SELECT kind || ':' || id FROM records \
         WHERE shop = ?4 AND customer = ?2)",
    ),
    (
        "wrong_proofs",
        "DELETE FROM wrong_proofs WHERE shop = ?4 AND subject IN (SELECT 'order:' || value FROM json_each(?5) \
         UNION SELECT 'conversation:' || value FROM json_each(?1) \
         UNION SELECT 'visitor:' || visitor FROM conversations WHERE id IN (SELECT value FROM json_each(?1)))",
    ),
    (
        "opened_orders",
        "DELETE FROM opened_orders WHERE conversation IN (SELECT value FROM json_each(?1)) \
         OR (shop = ?4 AND order_id IN (SELECT value FROM json_each(?5)))",
    ),
    (
        "sessions",
        "DELETE FROM sessions WHERE (shop = ?4 AND customer = ?2) \
         OR conversation IN (SELECT value FROM json_each(?1))",
    ),
    // A question that others have asked as well goes on in their words.
    (
        "gaps",
        "UPDATE gaps SET vector = NULL, question = (SELECT question FROM gap_askings WHERE gap = gaps.id \
         AND conversation NOT IN (SELECT value FROM json_each(?1)) ORDER BY number LIMIT 1) \
         WHERE shop = ?4 AND id IN (SELECT gap FROM gap_askings WHERE question = gaps.question \
         AND conversation IN (SELECT value FROM json_each(?1))) AND id IN (SELECT gap FROM gap_askings \
         WHERE conversation NOT IN (SELECT value FROM json_each(?1)))",
    ),
    (
        "gaps",
        "UPDATE gaps SET vector = NULL, question = '', state = 'dismissed' WHERE shop = ?4 \
         AND id IN (SELECT gap FROM gap_askings WHERE conversation IN (SELECT value FROM json_each(?1))) \
         AND id NOT IN (SELECT gap FROM gap_askings WHERE conversation NOT IN (SELECT value FROM json_each(?1)))",
    ),
    ("gap_askings", "DELETE FROM gap_askings WHERE conversation IN (SELECT value FROM json_each(?1))"),
    (
        "webhook_deliveries",
        "UPDATE webhook_deliveries SET body = '', answer = NULL, state = IIF(next_at IS NULL, state, 'dead'), \
         last_at = COALESCE(last_at, ?3), next_at = NULL WHERE conversation IN (SELECT value FROM json_each(?1))",
    ),
    (
        "events",
        "UPDATE events SET type = 'erased', shown = 0, body = '{}' \
         WHERE conversation IN (SELECT value FROM json_each(?1))",
    ),
    (
        "messages",
        "UPDATE messages SET text = '', attachments = '[]', client_id = NULL, owed = 0, complete = 1, \
         sentences = '[]', handoff = NULL, commitments = '[]', trace = NULL \
         WHERE conversation IN (SELECT value FROM json_each(?1))",
    ),
    (
        "agent_notes",
        "UPDATE agent_notes SET text = '' WHERE ticket IN \
         (SELECT id FROM tickets WHERE conversation IN (SELECT value FROM json_each(?1)))",
    ),
    // Tags are words of people about the matter.
    (
        "ticket_tags",
        "DELETE FROM ticket_tags WHERE ticket IN \
         (SELECT id FROM tickets WHERE conversation IN (SELECT value FROM json_each(?1)))",
    ),
    ("waits", "DELETE FROM waits WHERE conversation IN (SELECT value FROM json_each(?1))"),
    ("ratings", "UPDATE ratings SET text = NULL WHERE conversation IN (SELECT value FROM json_each(?1))"),
    ("pictures", pictures!("DELETE")),
    (
        "tickets",
        "UPDATE tickets SET snoozed_until = NULL, waiting_since = NULL, note = ?8, detail = NULL, closed_at = COALESCE(closed_at, ?3), \
         status = IIF(status = 'returned', status, 'resolved') \
         WHERE conversation IN (SELECT value FROM json_each(?1))",
    ),
    (
        "promises",
        "UPDATE promises SET state = IIF(settled_at IS NULL, 'broken', state), \
         settled_at = COALESCE(settled_at, ?3), with_person = 0, wake_at = NULL \
         WHERE conversation IN (SELECT value FROM json_each(?1))",
    ),
    (
        "actions",
        "UPDATE actions SET customer = NULL, args = '{}', result = NULL, identity = id, \
         state = IIF(finished_at IS NULL, 'cancelled', state), finished_at = COALESCE(finished_at, ?3), \
         next_attempt_at = NULL, leased_until = NULL \
         WHERE conversation IN (SELECT value FROM json_each(?1)) OR (shop = ?4 AND customer = ?2)",
    ),
    (
        "flows",
        "UPDATE flows SET customer = NULL, of_order = NULL, answers = '{}', identity = id, \
         state = IIF(state = 'open', 'cancelled', state), finished_at = COALESCE(finished_at, ?3), \
         moves = moves + 1, wake_at = NULL \
         WHERE conversation IN (SELECT value FROM json_each(?1)) OR (shop = ?4 AND customer = ?2)",
    ),
    (
        "nudges",
        "UPDATE nudges SET person = 'erased:' || id, cause = id, product = NULL, text = NULL, why = NULL, \
         message = NULL, settled_at = COALESCE(settled_at, ?3), \
         reason = IIF(state = 'planned', 'cause_gone', reason), state = IIF(state = 'planned', 'dropped', state) \
         WHERE shop = ?4 AND (conversation IN (SELECT value FROM json_each(?1)) OR person IN (SELECT 'customer:' || ?2 \
         UNION SELECT 'visitor:' || visitor FROM joined_visitors WHERE shop = ?4 AND customer = ?2 \
         UNION SELECT 'visitor:' || visitor FROM conversations WHERE id IN (SELECT value FROM json_each(?1)) \
         AND visitor IS NOT NULL))",
    ),
    (
        "nudge_refusals",
        "DELETE FROM nudge_refusals WHERE shop = ?4 AND person IN (SELECT 'customer:' || ?2 \
         UNION SELECT 'visitor:' || visitor FROM joined_visitors WHERE shop = ?4 AND customer = ?2 \
         UNION SELECT 'visitor:' || visitor FROM conversations WHERE id IN (SELECT value FROM json_each(?1)) \
         AND visitor IS NOT NULL)",
    ),
    // Nudges point at them, so that the rows stay.
    (
        "shop_events",
        "UPDATE shop_events SET id = 'erased:' || number, person = NULL, of_order = NULL, conversation = NULL, \
         detail = '{}', fresh = 0 WHERE shop = ?4 AND (conversation IN (SELECT value FROM json_each(?1)) \
         OR of_order IN (SELECT value FROM json_each(?5)) OR person IN (SELECT 'customer:' || ?2 \
         UNION SELECT 'visitor:' || visitor FROM joined_visitors WHERE shop = ?4 AND customer = ?2 \
         UNION SELECT 'visitor:' || visitor FROM conversations WHERE id IN (SELECT value FROM json_each(?1)) \
         AND visitor IS NOT NULL))",
    ),
    // Now nothing is left of whom it names.
    ("joined_visitors", "DELETE FROM joined_visitors WHERE shop = ?4 AND customer = ?2"),
    // No index ever had these, so that they go wholly.
    (
        "records",
        "DELETE FROM records WHERE shop = ?4 AND ((kind = 'customer' AND id = ?2) \
         OR (customer = ?2 AND kind IN ('customer', 'shipment')))",
    ),
    // The number of an order stays, without anything else: an index that was built before has to hear that it is gone, and an
    // older copy of the order must not bring it back.
    (
        "records",
        "UPDATE records SET customer = NULL, body = '{}', happened_at = NULL, parcels_kept = 0, source = 'api', \
         withdrawn = 'asked', updated_at = MAX(COALESCE(updated_at, 0), ?3), changed_at = ?3, change = ?6 \
         WHERE shop = ?4 AND customer = ?2",
    ),
    (
        "conversations",
        "UPDATE conversations SET customer = NULL, visitor = NULL, state = 'resolved', memory = ?7 \
         WHERE id IN (SELECT value FROM json_each(?1))",
    ),
];
