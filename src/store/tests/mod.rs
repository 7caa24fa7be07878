//! The store on temporary folders.

mod absence;
mod actions;
mod conversations;
mod crash;
mod desk;
mod flows;
mod gaps;
mod joined;
mod keys;
mod nudges;
mod opening;
mod pictures;
mod plans;
mod proofs;
mod ratings;
mod records;
mod staff;
mod tickets;
mod webhooks;
mod waits;
mod writing;

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::{Conversation, NewConversation, NewMessage, Store};
use crate::identity::{CustomerId, Identity, MessageId, Scope, ShopId, StaffScope, VisitorId};
use crate::record::{Record, RecordKind};
use crate::time::Now;
use crate::turn::trace::SentenceTrace;
use crate::turn::types::{By, Goal, Memory};

pub(in crate::store) async fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    (folder, store)
}

pub(in crate::store) fn now() -> Now {
    at("2026-11-20T02:12:00Z")
}

fn at(text: &str) -> Now {
    Now::new(text.parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap())
}

pub(in crate::store) fn staff() -> StaffScope {
    agent("system")
}

fn agent(name: &str) -> StaffScope {
    StaffScope { shop: ShopId::default(), actor: name.to_owned() }
}

pub(in crate::store) fn customer(id: &str) -> Scope {
    Scope::customer(ShopId::default(), CustomerId::new(id).unwrap())
}

fn nobody() -> Scope {
    Scope::anonymous(ShopId::default())
}

pub(in crate::store) fn visitor() -> Scope {
    Scope { shop: ShopId::default(), identity: Identity::Anonymous(Some(VisitorId::generate())) }
}

pub(in crate::store) fn record(kind: RecordKind, id: &str, fields: Value) -> Record {
    let Value::Object(mut all) = fields else { panic!("a record is an object") };
    let mut whole = Map::new();
    whole.insert("kind".into(), json!(kind.as_str()));
    whole.insert("id".into(), json!(id));
    whole.append(&mut all);
    Record { kind, id: id.to_owned(), fields: whole }
}

pub(in crate::store) async fn opened(store: &Store, scope: &Scope) -> Conversation {
    let new = NewConversation { channel: "test".into(), memory: Memory::default() };
    store.open_conversation(scope, new, &now()).await.unwrap()
}

pub(in crate::store) fn message(text: &str) -> NewMessage {
    NewMessage { client_id: None, text: text.to_owned(), attachments: Vec::new() }
}

fn named(client_id: &str, text: &str) -> NewMessage {
    NewMessage { client_id: Some(client_id.to_owned()), ..message(text) }
}

fn sentence(text: &str) -> SentenceTrace {
    SentenceTrace { text: text.to_owned(), goal: Goal::Answer, by: By::Wording, evidence: Vec::new() }
}

/// A customer's message with a begun reply.
async fn asked(
    store: &Store,
    scope: &Scope,
    conversation: &Conversation,
    text: &str,
) -> (MessageId, MessageId) {
    let appended =
        store.append_customer_message(scope, &conversation.id, message(text), &now()).await.unwrap();
    let reply = store.begin_reply(scope, &conversation.id, &appended.message, &now()).await.unwrap();
    (appended.message, reply)
}
