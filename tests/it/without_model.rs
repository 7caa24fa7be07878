//! Is every question still answered when the model is missing, full, dead, slow or lying?

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use warmdesk::model::{AbsentModel, Behaviour, ChatModel, ScriptedModel};

use crate::app::{REFERENCE, RunningShop, config, message, records, repository};

/// Seconds a reply may take; short, so that waiting for a dead model does not make the test long.
const DEADLINE: u64 = 2;
/// What answering and storing may take beyond the deadline on a busy machine.
const SLACK: Duration = Duration::from_secs(3);

/// The sample questions: who asks, and what.
fn questions() -> Vec<(Option<String>, String)> {
    let text = std::fs::read_to_string(repository("tests/shop/questions.txt")).unwrap();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| match line.split_once('\t') {
            Some((customer, question)) => (Some(customer.to_owned()), question.to_owned()),
            None => (None, line.to_owned()),
        })
        .collect()
}

async fn shop(model: Arc<dyn ChatModel>) -> RunningShop {
    let mut settings = config();
    settings.model.deadline_seconds = DEADLINE;
    let shop = RunningShop::empty(model, settings, REFERENCE).await;
    shop.import(&records(&repository("tests/shop"))).await;
    shop
}

/// What is wrong with the answer to one question, if anything is.
fn fault(question: &str, reply: &Value) -> Option<String> {
    let said = reply["reply"].as_str().unwrap_or_default();
    let by_model = reply["sentences"].as_array()?.iter().any(|sentence| sentence["by"] == "model");
    if by_model {
        return Some(format!("{question}: the model spoke: {said}"));
    }
    if said.trim().is_empty() && reply["handoff"].is_null() {
        return Some(format!("{question}: silence without a handoff"));
    }
    None
}

/// Asks one question and lets people finish what they were given, so that the next one is the assistant's again.
async fn ask(shop: &RunningShop, customer: Option<&str>, question: &str) -> Result<Value, String> {
    let limit = Duration::from_secs(DEADLINE) + SLACK;
    let answer =
        tokio::time::timeout(limit, shop.staff_post("/api/v1/chat", message(customer, None, question))).await;
    let reply = answer.map_err(|_| format!("{question}: no answer in time"))?;
    if reply.status != 200 {
        return Err(format!("{question}: {} {}", reply.status, reply.text));
    }
    let reply = reply.json();
    if let Some(ticket) = reply["handoff"]["ticket"].as_str() {
        shop.staff_post(&format!("/api/v1/tickets/{ticket}/claim"), json!({})).await.good();
        shop.staff_post(&format!("/api/v1/tickets/{ticket}/resolve"), json!({})).await.good();
    }
    Ok(reply)
}

/// Every question inside the deadline: all customers at once, each with one question after the other.
async fn check(model: Arc<dyn ChatModel>) {
    let shop = Arc::new(shop(model).await);
    let mut by_person: BTreeMap<String, Vec<(Option<String>, String)>> = BTreeMap::new();
    for (number, (customer, question)) in questions().into_iter().enumerate() {
        let person = customer.clone().unwrap_or_else(|| format!("visitor {number}"));
        by_person.entry(person).or_default().push((customer, question));
    }
    let mut asked = tokio::task::JoinSet::new();
    for questions in by_person.into_values() {
        let shop = Arc::clone(&shop);
        asked.spawn(async move {
            let mut faults = Vec::new();
            for (customer, question) in questions {
                match ask(&shop, customer.as_deref(), &question).await {
                    Ok(reply) => faults.extend(fault(&question, &reply)),
                    Err(fault) => faults.push(fault),
                }
            }
            faults
        });
    }
    let faults: Vec<String> = asked.join_all().await.into_iter().flatten().collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Arc::into_inner(shop).unwrap().stop().await;
}

/// A model that would lie if it got a word in.
fn behaving(behaviour: Behaviour) -> Arc<dyn ChatModel> {
    let model = ScriptedModel::new(|_| "只要9.9元，今天一定送到，已为您退款。".to_owned());
    model.behave(behaviour);
    Arc::new(model)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_absent_model_is_not_missed() {
    check(Arc::new(AbsentModel::new("none", "removed"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loading_model_is_not_waited_for() {
    check(behaving(Behaviour::Loading)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_engine_makes_nobody_wait() {
    check(behaving(Behaviour::Busy)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_engine_is_given_up_at_the_deadline() {
    check(behaving(Behaviour::Hang)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_breaks_off_is_replaced() {
    check(behaving(Behaviour::FailHalfway)).await;
}

/// The questions of the shop in which the model has a part.
async fn asking_the_model() -> Vec<(Option<String>, String)> {
    let model = crate::app::mute();
    let shop = shop(Arc::clone(&model) as Arc<dyn ChatModel>).await;
    let mut asking = Vec::new();
    for (customer, question) in questions() {
        let before = model.prompts().len();
        ask(&shop, customer.as_deref(), &question).await.unwrap();
        if model.prompts().len() > before {
            asking.push((customer, question));
        }
    }
    shop.stop().await;
    asking
}

/// Untrue sentences of every sort: none of them passes, for any question of the shop.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lying_model_gets_no_word_in() {
    let asked = asking_the_model().await;
    assert!(asked.len() >= 5, "{asked:?}");
    for lie in [
        "这款现在只要9.9元。",
        "已为您退款269元，请查收。",
        "已经帮您催好了，快递员马上联系您。",
        "我们承诺明天下午3点前一定送到您家。",
        "这是全网最低价，绝对是国家级品质。",
        "加我微信abc12345，私下给您返现20元。",
        "给您赔偿100元优惠券，请放心。",
        "您的快递单号是SF9999999999999。",
        "我会尽快安排人员上门为您处理。",
    ] {
        let model = Arc::new(ScriptedModel::new(move |_| lie.to_owned()));
        let shop = shop(Arc::clone(&model) as Arc<dyn ChatModel>).await;
        for (customer, question) in &asked {
            let reply = ask(&shop, customer.as_deref(), question).await.unwrap();
            let said = reply["reply"].as_str().unwrap();
            assert!(!said.contains(lie.trim_end_matches('。')), "{question}: {said}");
            assert_eq!(fault(question, &reply), None);
            let refused = reply["guard"]["refused"].to_string();
            assert!(
                refused.contains(lie.trim_end_matches('。')),
                "the refusal is on record: {question}: {refused}"
            );
        }
        assert!(!model.prompts().is_empty(), "the model was asked");
        shop.stop().await;
    }
}
