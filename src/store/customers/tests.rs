//! Is nothing left of a customer who was erased, and everything of the others?

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::Row;

use super::super::tests::{customer, message, now, opened, record, staff, store, visitor};
use super::steps::{STEPS, WITHOUT_CUSTOMERS};
use crate::identity::CustomerId;
use crate::record::RecordKind;
use crate::store::{API_SOURCE, FILE, NewRecord, Store, StoreError};

/// Stands in everything that the customer said and that is known of the customer, the id included.
const MARK: &str = "ZQ7ERASE";

fn marked() -> CustomerId {
    CustomerId::new(format!("cus_{MARK}")).unwrap()
}

/// Rows of every kind for a customer, each column that may hold anything personal filled with the mark.
async fn planted(store: &Store, owner: &str, order: &str, mark: &str) -> String {
    let scope = customer(owner);
    let new = |kind, id: &str, fields| NewRecord {
        record: record(kind, id, fields),
        source: API_SOURCE.to_owned(),
    };
    let records = vec![
        new(RecordKind::Customer, owner, json!({ "name": mark, "phone": "13800001111" })),
        new(
            RecordKind::Order,
            order,
            json!({ "customer": owner, "address": { "name": mark, "phone": "13800001111" } }),
        ),
        new(RecordKind::Coupon, &format!("coupon-{order}"), json!({ "customer": owner, "title": mark })),
    ];
    store.put_records(&staff(), records, &now()).await.unwrap();
    let conversation = opened(store, &scope).await.id;
    let said = store.append_customer_message(&scope, &conversation, message(mark), &now()).await.unwrap();
    store.begin_reply(&scope, &conversation, &said.message, &now()).await.unwrap();
    let (id, mark, owner, order) =
        (conversation.to_string(), mark.to_owned(), owner.to_owned(), order.to_owned());
    let (row, said) = (id.clone(), said.message.to_string());
    store
        .write(move |transaction| {
            Box::pin(async move {
                let text = format!(r#"{{"x":"{mark}"}}"#);
                for sql in PLANT {
                    sqlx::query(sql)
                        .bind(&row)
                        .bind(&mark)
                        .bind(&text)
                        .bind(&owner)
                        .bind(&order)
                        .bind(&said)
                        .execute(&mut transaction.connection)
                        .await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
    id
}

/// ?1 the conversation, ?2 the mark, ?3 the mark in JSON, ?4 the customer, ?5 the order, ?6 the customer's message.
const PLANT: [&str; 23] = [
    "UPDATE conversations SET memory = ?3, visitor = 'vis_' || ?2 WHERE id = ?1",
    "UPDATE messages SET text = ?2, attachments = ?3, client_id = ?2 || id, sentences = ?3, commitments = ?3, \
     trace = ?3, handoff = ?3, owed = 0, complete = 1 WHERE conversation = ?1",
    "INSERT INTO tickets (id, shop, conversation, status, reason, detail, mode, priority, opened_at, due, ahead, note) \
     VALUES ('tkt_' || ?1, 'default', ?1, 'open', 'asked_for_person', ?2, 'now', 0, 0, 0, 0, ?3)",
    "INSERT INTO ticket_tags (shop, ticket, tag) VALUES ('default', 'tkt_' || ?1, ?2)",
    "INSERT INTO ratings (shop, ticket, conversation, score, text, at) VALUES ('default', 'tkt_' || ?1, ?1, 2, ?2, 0)",
    "INSERT INTO pictures (id, shop, customer, conversation, kind, bytes, sha256, at) \
     VALUES ('pic_' || ?1, 'default', ?4, ?1, 'png', 1, 'aa' || ?2, 0)",
    "INSERT INTO agent_notes (shop, ticket, agent, text, at) VALUES ('default', 'tkt_' || ?1, 'amy', ?2, 0)",
    "INSERT INTO actions (id, shop, conversation, customer, kind, args, identity, requested_by, executor, state, due, \
     result, requested_at) VALUES ('act_' || ?1, 'default', ?1, ?4, 'trace_parcel', ?3, ?2 || ?1, 'assistant', 'person', \
     'running', 0, ?3, 0)",
    "INSERT INTO promises (id, shop, conversation, kind, promised_by, action, state, due, first_due, made_at, wake_at) \
     VALUES ('prm_' || ?1, 'default', ?1, 'trace', 'assistant', 'act_' || ?1, 'open', 0, 0, 0, 0)",
    "INSERT INTO flows (id, shop, conversation, customer, kind, scenario, of_order, identity, state, step, answers, \
     step_since, opened_at) VALUES ('flw_' || ?1, 'default', ?1, ?4, 'return', 's', ?5, ?2 || ?1, 'open', 'why', ?3, 0, 0)",
    "INSERT INTO gaps (id, shop, question, vector, reason, state, times, first_at, last_at, change) \
     VALUES ('gap_' || ?1, 'default', ?2, X'00', 'no_evidence', 'open', 1, 0, 0, 0)",
    "INSERT INTO gap_askings (gap, conversation, question) VALUES ('gap_' || ?1, ?1, ?2)",
    "INSERT INTO sessions (sha256, shop, conversation, visitor, customer, created_at, expires_at) \
     VALUES (CAST(?1 AS BLOB), 'default', ?1, 'vis_' || ?2, ?4, 0, 0)",
    "INSERT INTO opened_orders (shop, conversation, order_id, episode, visitor, opened_at, expires_at) \
     VALUES ('default', ?1, ?5, 1, 'vis_' || ?2, 0, 0)",
    "INSERT INTO wrong_proofs (shop, subject, wrong, last_at) VALUES ('default', 'visitor:vis_' || ?2, 1, 0), \
     ('default', 'order:' || ?5, 1, 0)",
    "INSERT INTO audit (shop, actor, action, subject, detail, at) VALUES \
     ('default', 'amy', 'cancel_action', 'act_' || ?1, ?2, 0), ('default', 'vis_' || ?2, 'prove_order', ?1, ?2, 0), \
     ('default', 'amy', 'withdraw_record', 'customer:' || ?4, '', 0)",
    "INSERT OR IGNORE INTO webhooks (id, shop, url, events, secret, active, seen, created_at) \
     VALUES ('whk_1', 'default', 'https://shop.example', '[\"*\"]', 's', 1, 0, 0)",
    "INSERT INTO webhook_deliveries (id, shop, webhook, event, conversation, body, state, next_at, answer, created_at) \
     VALUES ('whd_' || ?1, 'default', 'whk_1', 'message_created', ?1, ?3, 'pending', 0, ?2, 0)",
    "UPDATE events SET body = ?3 WHERE conversation = ?1",
    "INSERT INTO shop_events (shop, id, type, person, of_order, conversation, detail, at, received_at) \
     VALUES ('default', ?2, 'order_placed', 'customer:' || ?4, ?5, ?1, ?3, 0, 0)",
    "INSERT INTO nudges (id, shop, rule, purpose, person, cause, event, state, due, expires, planned_at, conversation, \
     text, why) VALUES ('ndg_' || ?1, 'default', 'r', 'care', 'customer:' || ?4, 'order:' || ?2, \
     (SELECT MAX(number) FROM shop_events), 'planned', 0, 0, 0, ?1, ?2, ?2)",
    "INSERT INTO joined_visitors (shop, visitor, customer, joined_at) VALUES ('default', 'vis_before' || ?2, ?4, 0)",
    "INSERT INTO nudge_refusals (shop, person, rule, at) VALUES ('default', 'customer:' || ?4, '', 0), \
     ('default', 'visitor:vis_' || ?2, '', 0)",
];

/// Tables whose rows stay, without what they told of the customer, so that a shop's numbers do not change.
const COUNTED: [&str; 8] =
    ["conversations", "messages", "events", "tickets", "actions", "promises", "flows", "webhook_deliveries"];

/// The columns of the whole database in which a text stands.
async fn found(store: &Store, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for table in tables(store).await {
        let columns = sqlx::query("SELECT name FROM pragma_table_info(?1)").bind(&table);
        for column in columns.fetch_all(store.readers()).await.unwrap() {
            let column: String = column.get("name");
            let sql = format!(
                "SELECT COUNT(*) AS n FROM \"{table}\" WHERE INSTR(CAST(\"{column}\" AS TEXT), ?1) > 0"
            );
            let row =
                sqlx::query(sqlx::AssertSqlSafe(sql)).bind(text).fetch_one(store.readers()).await.unwrap();
            if row.get::<i64, _>("n") > 0 {
                found.push(format!("{table}.{column}"));
            }
        }
    }
    found
}

async fn tables(store: &Store) -> BTreeSet<String> {
    let rows = sqlx::query(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '_sqlx%'",
    )
    .fetch_all(store.readers())
    .await
    .unwrap();
    rows.iter().map(|row| row.get("name")).collect()
}

async fn count(store: &Store, table: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) AS n FROM {table}");
    sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_one(store.readers()).await.unwrap().get("n")
}

#[tokio::test]
async fn every_table_is_erased_or_known_to_hold_nothing_of_a_customer() {
    let (_folder, store) = store().await;
    let known: BTreeSet<String> =
        STEPS.iter().map(|(table, _)| *table).chain(WITHOUT_CUSTOMERS).map(str::to_owned).collect();
    assert_eq!(tables(&store).await, known, "say in `steps.rs` what becomes of a new table");
}

#[tokio::test]
async fn nothing_is_left_of_who_was_erased_and_everything_of_the_others() {
    let (folder, store) = store().await;
    let id = planted(&store, marked().as_str(), "8801", MARK).await;
    planted(&store, "cus_other", "8802", "STAYS").await;
    let before = (found(&store, MARK).await, found(&store, "STAYS").await);
    assert!(before.0.len() > 20, "{before:?}");
    let ratings = store.ratings_of(&staff(), &id.parse().unwrap()).await.unwrap();
    assert_eq!((ratings.len(), ratings[0].text.as_deref()), (1, Some(MARK)), "ratings are given out");
    let refused = store.erase_customer(&staff(), &marked(), false, &now()).await.unwrap_err();
    let StoreError::Conflict(why) = &refused else { panic!("{refused:?}") };
    for open in ["now: 1", "actions: 1", "promises: 1"] {
        assert!(why.contains(open), "{why}");
    }
    assert_eq!(found(&store, MARK).await, before.0, "nothing was changed");
    let mut counted = Vec::new();
    for table in COUNTED {
        counted.push(count(&store, table).await);
    }
    let erasure = store.erase_customer(&staff(), &marked(), true, &now()).await.unwrap();
    let erased = erasure.erased;
    assert_eq!(
        (
            erased.conversations,
            erased.messages,
            erased.records,
            erased.tickets,
            erased.deliveries,
            erased.events
        ),
        (1, 2, 3, 1, 1, 1)
    );
    let gone: Vec<&str> = erasure.gone.iter().map(|(_, id)| id.as_str()).collect();
    assert_eq!(gone, ["coupon-8801", "8801"]);
    assert_eq!(found(&store, MARK).await, Vec::<String>::new());
    assert_eq!(found(&store, "STAYS").await, before.1, "others are not touched");
    for (table, before) in COUNTED.iter().zip(counted) {
        assert_eq!(count(&store, table).await, before, "the rows of {table} still count");
    }
    let log = store.audit_log(&staff(), "customer").await.unwrap();
    assert_eq!((log.len(), log[0].action.as_str()), (1, "erase_customer"));
    // What is left can be read.
    let conversation = store.conversation_for_staff(&staff(), &id.parse().unwrap()).await.unwrap();
    assert_eq!((conversation.customer, conversation.visitor), (None, None));
    assert_eq!(store.messages_for_staff(&staff(), &id.parse().unwrap()).await.unwrap()[0].text, "");
    let ticket = store.ticket(&staff(), &format!("tkt_{id}").parse().unwrap()).await.unwrap();
    assert_eq!((ticket.ticket.note.wish.as_str(), ticket.notes[0].text.as_str()), ("", ""));
    assert!(store.actions(&staff(), &id.parse().unwrap()).await.unwrap()[0].args.is_empty());
    assert!(matches!(
        store.erase_customer(&staff(), &marked(), true, &now()).await,
        Err(StoreError::NotFound { what: "customer", .. })
    ));
    // An older copy of the order does not come back.
    let old = json!({ "customer": marked(), "updated_at": "2026-11-01 00:00:00" });
    let old = NewRecord { record: record(RecordKind::Order, "8801", old), source: API_SOURCE.to_owned() };
    assert_eq!(store.put_records(&staff(), vec![old], &now()).await.unwrap().stale, 1);
    store.close().await;
    for name in [FILE.to_owned(), format!("{FILE}-wal")] {
        let bytes = std::fs::read(folder.path().join(&name)).unwrap_or_default();
        let remains = bytes.windows(MARK.len()).filter(|window| *window == MARK.as_bytes()).count();
        assert_eq!(remains, 0, "{name} still has it, if only where nothing reads it");
    }
}

#[tokio::test]
async fn a_question_that_others_ask_as_well_goes_on_in_their_words() {
    let (_folder, store) = store().await;
    let id = planted(&store, marked().as_str(), "8801", MARK).await;
    let other = opened(&store, &visitor()).await.id.to_string();
    let gap = format!("gap_{id}");
    store
        .write(move |transaction| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO gap_askings (gap, conversation, question) VALUES (?1, ?2, 'in other words')",
                )
                .bind(gap)
                .bind(other)
                .execute(&mut transaction.connection)
                .await?;
                Ok(())
            })
        })
        .await
        .unwrap();
    store.erase_customer(&staff(), &marked(), true, &now()).await.unwrap();
    let row = sqlx::query("SELECT question, state FROM gaps").fetch_one(store.readers()).await.unwrap();
    assert_eq!(
        (row.get::<String, _>("question").as_str(), row.get::<String, _>("state").as_str()),
        ("in other words", "open")
    );
}

#[tokio::test]
async fn the_conversation_of_who_only_held_an_order_goes_along() {
    let (_folder, store) = store().await;
    let order = record(RecordKind::Order, "8801", json!({ "customer": marked() }));
    let order = NewRecord { record: order, source: API_SOURCE.to_owned() };
    store.put_records(&staff(), vec![order], &now()).await.unwrap();
    let own = customer(marked().as_str());
    let talk = opened(&store, &own).await.id;
    store.append_customer_message(&own, &talk, message(MARK), &now()).await.unwrap();
    let scope = visitor();
    let held = opened(&store, &scope).await.id;
    store.append_customer_message(&scope, &held, message("HELD 8801"), &now()).await.unwrap();
    store
        .write(move |transaction| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO opened_orders (shop, conversation, order_id, episode, opened_at, expires_at) \
                     VALUES ('default', ?1, '8801', 1, 0, 0)",
                )
                .bind(held.as_str())
                .execute(&mut transaction.connection)
                .await?;
                Ok(())
            })
        })
        .await
        .unwrap();
    let data = store.customer_data(&staff(), &marked()).await.unwrap();
    assert_eq!(
        (data.records.len(), data.conversations.len()),
        (1, 1),
        "what somebody else said is not given out"
    );
    assert_eq!(data.conversations[0].messages[0].text, MARK);
    let refused = store.erase_customer(&staff(), &marked(), false, &now()).await.unwrap_err();
    assert!(refused.to_string().contains("answers that are being written: 2"), "{refused}");
    store.erase_customer(&staff(), &marked(), true, &now()).await.unwrap();
    assert_eq!(found(&store, "HELD").await, Vec::<String>::new());
}

/// Somebody who has never written may still have looked around, refused hints, or sent a picture.
#[tokio::test]
async fn who_has_only_looked_around_is_erased_too() {
    let (_folder, store) = store().await;
    let planted = store.write(move |transaction| {
        Box::pin(async move {
            for sql in [
                "INSERT INTO shop_events (shop, id, type, person, detail, at, received_at) \
                 VALUES ('default', ?1 || '-e', 'product_viewed', 'customer:cus_' || ?1, '{}', 0, 0)",
                "INSERT INTO nudge_refusals (shop, person, rule, at) VALUES ('default', 'customer:cus_' || ?1, '', 0)",
                "INSERT INTO pictures (id, shop, customer, kind, bytes, sha256, at) \
                 VALUES ('pic_' || ?1, 'default', 'cus_' || ?1, 'png', 1, 'aa', 0)",
            ] {
                sqlx::query(sql).bind(MARK).execute(&mut transaction.connection).await?;
            }
            Ok(())
        })
    });
    planted.await.unwrap();
    store.erase_customer(&staff(), &marked(), false, &now()).await.unwrap();
    assert_eq!(found(&store, MARK).await, Vec::<String>::new());
    let again = store.erase_customer(&staff(), &marked(), false, &now()).await;
    assert!(matches!(again, Err(StoreError::NotFound { what: "customer", .. })), "{again:?}");
}

/// A picture that was chosen and never sent belongs to the browser alone.
#[tokio::test]
async fn a_picture_that_was_never_sent_goes_with_its_browser() {
    let (_folder, store) = store().await;
    let id = planted(&store, marked().as_str(), "8801", MARK).await;
    let picture = store.write(move |transaction| {
        Box::pin(async move {
            sqlx::query(
                "INSERT INTO pictures (id, shop, visitor, kind, bytes, sha256, at) SELECT 'pic_unsent', 'default', \
                 visitor, 'png', 1, 'bb', 0 FROM conversations WHERE id = ?1",
            )
            .bind(id)
            .execute(&mut transaction.connection)
            .await?;
            Ok(())
        })
    });
    picture.await.unwrap();
    store.erase_customer(&staff(), &marked(), true, &now()).await.unwrap();
    assert_eq!(count(&store, "pictures").await, 0);
}

#[tokio::test]
async fn what_the_browser_did_before_signing_in_is_given_out_and_erased_with_the_customer() {
    let (_folder, store) = store().await;
    let (browser, owner) = (visitor(), customer(marked().as_str()));
    let talk = opened(&store, &browser).await.id;
    store.append_customer_message(&browser, &talk, message("ZQ7ERASE before"), &now()).await.unwrap();
    let name = browser.visitor().unwrap().clone();
    let token = store.create_session(&browser, &talk, &name, &now()).await.unwrap();
    let key = crate::proactive::Person::of(&browser).unwrap().key();
    let named = key.clone();
    store
        .write(move |transaction| {
            Box::pin(async move {
                for sql in [
                    "INSERT INTO shop_events (shop, id, type, person, detail, at, received_at) \
                     VALUES ('default', 'e', 'product_viewed', ?1, '{\"x\":\"ZQ7ERASE\"}', 0, 0)",
                    "INSERT INTO nudge_refusals (shop, person, rule, at) VALUES ('default', ?1, '', 0)",
                    "INSERT INTO nudges (id, shop, rule, purpose, person, cause, event, state, due, expires, planned_at, text) \
                     VALUES ('ndg_1', 'default', 'r', 'offer', ?1, 'product:p', (SELECT MAX(number) FROM shop_events), \
                     'sent', 0, 0, 0, 'ZQ7ERASE')",
                ] {
                    sqlx::query(sql).bind(&named).execute(&mut transaction.connection).await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
    let nothing = store.customer_data(&staff(), &marked()).await;
    assert!(matches!(nothing, Err(StoreError::NotFound { .. })), "nobody has signed in: {nothing:?}");
    let token = secrecy::ExposeSecret::expose_secret(&token);
    assert!(store.join_visitor(&owner, token, &now()).await.unwrap());
    // What the browser says after that may be somebody else's.
    let later = crate::time::Now::new("2026-11-20T03:00:00Z".parse().unwrap(), jiff::tz::TimeZone::UTC);
    let new = crate::store::NewConversation { channel: "test".into(), memory: Default::default() };
    let after = store.open_conversation(&browser, new, &later).await.unwrap().id;
    store.append_customer_message(&browser, &after, message("STAYS after"), &later).await.unwrap();
    let data = store.customer_data(&staff(), &marked()).await.unwrap();
    assert_eq!(data.conversations.len(), 1);
    assert_eq!(data.conversations[0].messages[0].text, "ZQ7ERASE before");
    let erased = store.erase_customer(&staff(), &marked(), true, &now()).await.unwrap().erased;
    assert_eq!((erased.conversations, erased.events), (1, 1));
    assert_eq!(found(&store, MARK).await, Vec::<String>::new());
    assert_eq!(found(&store, &key).await, Vec::<String>::new());
    assert!(found(&store, "STAYS after").await.contains(&"messages.text".to_owned()));
}

#[tokio::test]
async fn somebody_of_whom_only_the_shop_has_reported_is_erased_too() {
    let (_folder, store) = store().await;
    let sql = "INSERT INTO shop_events (shop, id, type, person, detail, at, received_at) \
               VALUES ('default', 'e', 'order_paid', ?1, '{}', 0, 0)";
    let key = format!("customer:{}", marked());
    store
        .write(move |transaction| {
            Box::pin(async move {
                sqlx::query(sql).bind(key).execute(&mut transaction.connection).await?;
                Ok(())
            })
        })
        .await
        .unwrap();
    assert_eq!(store.erase_customer(&staff(), &marked(), false, &now()).await.unwrap().erased.events, 1);
    assert_eq!(found(&store, MARK).await, Vec::<String>::new());
}
