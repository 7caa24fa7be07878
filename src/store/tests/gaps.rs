//! Questions that nothing answered: counted, grouped, settled, and open again when the answer did not help.

use super::*;
use crate::gaps::likeness::Asked;
use crate::gaps::{GapReason, GapState, MOST_CONVERSATIONS, MOST_WAYS};
use crate::identity::{ConversationId, GapId};
use crate::model::Vector;
use crate::store::{API_SOURCE, GapFilter, NewRecord, Settlement, StoreError, Unanswered};

const ALL: GapFilter = GapFilter { state: None, limit: 100, offset: 0 };

fn unanswered(question: &str, conversation: &ConversationId) -> Unanswered {
    Unanswered {
        asked: Asked { text: question.into(), vector: None, product: Some("P-1".into()) },
        reason: GapReason::NoEvidence,
        scenario: Some("product_attribute".into()),
        topic: Some("product".into()),
        conversation: conversation.clone(),
    }
}

async fn note(store: &Store, question: &str, joins: Option<&GapId>, now: &Now) -> GapId {
    let conversation = opened(store, &nobody()).await.id;
    store.note_gap(&staff(), unanswered(question, &conversation), joins.cloned(), now).await.unwrap()
}

async fn settle(store: &Store, id: &GapId, state: GapState, record: Option<&str>) -> Result<(), StoreError> {
    let settlement = Settlement { state, answered_by: record.map(str::to_owned) };
    store.settle_gap(&agent("小林"), id, settlement, &now()).await
}

#[tokio::test]
async fn a_gap_counts_and_keeps_a_few_of_its_askings() {
    let (_folder, store) = store().await;
    let id = note(&store, "能放洗衣机吗", None, &now()).await;
    for number in 0..60 {
        let way = format!("第{}种问法", number % 12);
        assert_eq!(note(&store, &way, Some(&id), &at("2026-11-21T02:12:00Z")).await, id);
    }
    let other = note(&store, "有实体店吗", None, &now()).await;
    let gap = store.gap(&staff(), &id).await.unwrap();
    assert_eq!((gap.times, gap.question.as_str()), (61, "能放洗衣机吗"));
    assert_eq!((gap.ways.len(), gap.conversations.len()), (MOST_WAYS, MOST_CONVERSATIONS));
    assert_eq!((gap.first_at, gap.last_at), (now().timestamp(), at("2026-11-21T02:12:00Z").timestamp()));
    let (gaps, total) = store.gaps(&staff(), ALL).await.unwrap();
    assert_eq!((gaps.iter().map(|gap| &gap.id).collect::<Vec<_>>(), total), (vec![&id, &other], 2));
    let (second, total) = store.gaps(&staff(), GapFilter { limit: 1, offset: 1, ..ALL }).await.unwrap();
    assert_eq!((second[0].id.clone(), total), (other, 2));
    let elsewhere = StaffScope { shop: ShopId::new("another").unwrap(), actor: "x".into() };
    assert_eq!(store.gaps(&elsewhere, ALL).await.unwrap().1, 0);
    assert!(matches!(store.gap(&elsewhere, &id).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn settling_holds_until_it_is_asked_in_vain_again() {
    let (_folder, store) = store().await;
    let check = async |state: GapState, again: GapState| {
        let id = note(&store, "有实体店吗", None, &now()).await;
        let record = (state == GapState::Answered).then_some("knowledge:k1");
        settle(&store, &id, state, record).await.unwrap();
        let gap = store.gap(&staff(), &id).await.unwrap();
        assert_eq!((gap.state, gap.answered_by.as_deref()), (state, record));
        assert_eq!(gap.settled_by.as_deref(), (state != GapState::Open).then_some("小林"));
        assert!(store.audit_log(&staff(), id.as_str()).await.unwrap()[0].action == "settle_gap");
        note(&store, "有实体店吗", Some(&id), &now()).await;
        let gap = store.gap(&staff(), &id).await.unwrap();
        assert_eq!((gap.state, gap.times), (again, 2), "{state:?}");
        assert_eq!(gap.answered_by, None);
    };
    check(GapState::Open, GapState::Open).await;
    check(GapState::Answered, GapState::Open).await;
    check(GapState::Dismissed, GapState::Dismissed).await;
    let unknown = settle(&store, &GapId::generate(), GapState::Dismissed, None).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { what: "gap", .. })), "{unknown:?}");
}

#[tokio::test]
async fn what_is_compared_comes_back_as_it_was() {
    let (_folder, store) = store().await;
    let conversation = opened(&store, &nobody()).await.id;
    let vector = Vector::normalised(vec![0.25, -0.5, 0.75]);
    let mut with_vector = unanswered("有实体店吗", &conversation);
    with_vector.asked.vector = Some(vector.clone());
    let id = store.note_gap(&staff(), with_vector, None, &now()).await.unwrap();
    let known = store.asked_before(&staff()).await.unwrap();
    assert_eq!((known[0].0.clone(), known[0].1.text.as_str()), (id, "有实体店吗"));
    assert!(known[0].1.vector.as_ref().unwrap().cosine(&vector) > 0.9999);
    // What changed before the question cannot answer it.
    let fact = record(RecordKind::Knowledge, "k1", json!({ "text": "有。" }));
    let new = vec![NewRecord { record: fact, source: API_SOURCE.into() }];
    store.put_records(&staff(), new, &now()).await.unwrap();
    let later = note(&store, "能开专票吗", None, &now()).await;
    let open = store.open_gaps(&staff()).await.unwrap();
    let change = |id: &GapId| open.iter().find(|(one, ..)| one == id).unwrap().2;
    assert!(change(&later) > change(&open[0].0));
    settle(&store, &later, GapState::Dismissed, None).await.unwrap();
    assert_eq!(store.open_gaps(&staff()).await.unwrap().len(), 1);
}
