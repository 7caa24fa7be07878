//! Does what is said first reach whoever it is for: the visitor who signs in, and the customer who comes back after days?

use reqwest::Method;
use serde_json::{Value, json};

use super::{Browser, happened, said_by, suppressed};
use crate::app::{RunningShop, mute, proof, read};

impl<'a> Browser<'a> {
    /// A browser by what it says when it opens its session.
    async fn opened(shop: &'a RunningShop, request: Value) -> Self {
        let opened = shop.post("/api/v1/session", request).await.good();
        let text = |field: &str| opened[field].as_str().unwrap().to_owned();
        let (token, conversation) = (text("token"), text("conversation"));
        Self { shop, token, conversation, count: std::cell::Cell::new(0) }
    }

    /// The same browser after somebody has signed in to it.
    async fn signed_in(&self, customer: &str) -> Self {
        let request = json!({ "customer": proof(customer), "visitor_token": self.token });
        Self::opened(self.shop, request).await
    }

    /// What was said last in its conversation.
    async fn last(&self) -> Option<String> {
        let path = format!("/api/v1/conversations/{}", self.conversation);
        let history = self.shop.request(Method::GET, &path).bearer_auth(&self.token).send().await.unwrap();
        let history = read(history).await.good();
        let last = history["messages"].as_array().unwrap().last()?;
        Some(last["text"].as_str().unwrap().to_owned())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_looks_of_a_visitor_count_on_for_who_signs_in_and_for_nobody_else() {
    let shop = RunningShop::start(mute()).await;
    let visitor = Browser::opened(&shop, json!({})).await;
    assert_eq!(visitor.look("P-DJ26", 3, "2026-11-20T10:20:00+08:00").await, Vec::<Value>::new());
    // A token that proves nothing opens a session all the same, and joins nobody.
    let unproven = json!({ "customer": proof("cus_1004"), "visitor_token": "sess_0123" });
    let stranger = Browser::opened(&shop, unproven).await;
    assert_eq!(stranger.look("P-DJ26", 1, "2026-11-20T10:23:00+08:00").await, Vec::<Value>::new());

    let owner = visitor.signed_in("cus_1002").await;
    let said = owner.look("P-DJ26", 1, "2026-11-20T10:24:00+08:00").await;
    let [nudge] = said.as_slice() else { panic!("it was the fourth look: {said:?}") };
    assert_eq!(nudge["rule"], "viewed_often");
    // Another customer at the same browser is somebody else.
    let other = visitor.signed_in("cus_1005").await;
    assert_eq!(other.look("P-DJ26", 1, "2026-11-20T10:25:00+08:00").await, Vec::<Value>::new());
    let said = said_by(&shop, "viewed_often").await;
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["person"], "customer:cus_1002");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_visitor_closed_stays_closed_and_whose_consent_is_missing_is_told_nothing() {
    let shop = RunningShop::start(mute()).await;
    let visitor = Browser::opened(&shop, json!({})).await;
    let said = visitor.look("P-DJ26", 4, "2026-11-20T10:20:00+08:00").await;
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(visitor.outcome(&said[0], "dismissed").await.status, 204);
    let owner = visitor.signed_in("cus_1002").await;
    for (product, from) in [("P-DJ26", "2026-11-20T11:40:00+08:00"), ("P-CUT", "2026-11-21T11:40:00+08:00")] {
        let said = owner.look(product, 5, from).await;
        assert!(said.iter().all(|nudge| nudge["rule"] != "viewed_often"), "{product}: {said:?}");
    }
    assert_eq!(suppressed(&shop, "viewed_often", "dismissed").await, 1);
    // Whoever has refused offers is shown none, whatever was done before signing in.
    shop.at("2026-11-22T10:19:00+08:00");
    let visitor = Browser::opened(&shop, json!({})).await;
    visitor.look("P-DJ26", 3, "2026-11-22T10:20:00+08:00").await;
    let refused = visitor.signed_in("cus_1003").await;
    assert_eq!(refused.look("P-DJ26", 2, "2026-11-22T10:23:00+08:00").await, Vec::<Value>::new());
    assert_eq!(suppressed(&shop, "viewed_often", "no_consent").await, 1);
    shop.stop().await;
}

/// A paid order of a customer is reported. What was said first then.
async fn paid(shop: &RunningShop, number: &str, customer: &str) -> String {
    let at = shop.clock().now().timestamp();
    let order = json!({ "id": number, "customer": customer, "status": "paid", "status_text": "待发货",
        "total": 359, "paid_amount": 359, "placed_at": at.to_string(), "paid_at": at.to_string(),
        "items": [{ "product": "P-DJ26", "title": "儿童轻暖羽绒服", "price": 359, "quantity": 1 }] });
    shop.staff_put(&format!("/api/v1/orders/{number}"), order).await.good();
    let event = json!({ "id": format!("paid {number}"), "type": "order_paid", "customer": customer, "order": number });
    let taken = happened(shop, event).await;
    taken["nudges"][0]["text"].as_str().unwrap_or_else(|| panic!("{taken}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_first_is_where_the_next_visit_looks() {
    let shop = RunningShop::start(mute()).await;
    shop.at("2026-11-20T10:00:00+08:00");
    let first = Browser::of(&shop, "cus_1003").await;
    // While the talk goes on, it is said there.
    shop.at("2026-11-22T10:00:00+08:00");
    let said = paid(&shop, "77101", "cus_1003").await;
    shop.at("2026-11-22T10:05:00+08:00");
    let visit = Browser::of(&shop, "cus_1003").await;
    assert_eq!((&visit.conversation, visit.last().await), (&first.conversation, Some(said)));
    // What is over is not taken up again: the next visit would not show it.
    shop.at("2026-11-26T10:00:00+08:00");
    let said = paid(&shop, "77102", "cus_1003").await;
    // It is kept for a visit that comes later than conversations are gone on with.
    shop.at("2026-12-01T10:00:00+08:00");
    let visit = Browser::of(&shop, "cus_1003").await;
    assert_ne!(visit.conversation, first.conversation);
    assert_eq!(visit.last().await, Some(said));
    // That visit has shown it, so that a later one begins anew.
    shop.at("2026-12-05T10:00:00+08:00");
    let later = Browser::of(&shop, "cus_1003").await;
    assert_ne!(later.conversation, visit.conversation);
    assert_eq!(later.last().await, None);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_page_shows_it_even_where_its_matter_is_settled() {
    let shop = RunningShop::start(mute()).await;
    shop.at("2026-11-20T10:00:00+08:00");
    let page = Browser::of(&shop, "cus_1003").await;
    let ask = crate::app::message(Some("cus_1003"), Some(&page.conversation), "转人工");
    shop.staff_post("/api/v1/chat", ask).await.good();
    shop.resolve_all().await;
    let mut stream = page.listen().await;
    shop.at("2026-11-20T11:00:00+08:00");
    let said = paid(&shop, "77103", "cus_1003").await;
    assert_eq!(stream.next_named("nudge").await.data["text"], json!(said));
    assert_eq!(page.last().await, Some(said));
    // A page that comes back before it was read finds it too.
    let again = Browser::of(&shop, "cus_1003").await;
    assert_eq!(again.conversation, page.conversation);
    shop.stop().await;
}
