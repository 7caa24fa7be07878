//! Does a whole conversation go as it should? Each file of `tests/dialogues` is one, told as data.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use warmdesk::model::ScriptedModel;

use crate::app::{RunningShop, message, repository, sentences};

/// A conversation: when, who, and what is said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dialogue {
    /// What it shows.
    about: String,
    /// The moment at which it begins.
    clock: String,
    /// The signed customer, if there is one.
    #[serde(default)]
    customer: Option<String>,
    /// What the model writes where the key stands in its prompt; without any it has nothing to say.
    #[serde(default)]
    model: Vec<Answer>,
    turns: Vec<Exchange>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    when: String,
    says: String,
}

/// One message of the customer and what is asked of the answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    say: String,
    /// The clock is put here first.
    #[serde(default)]
    clock: Option<String>,
    #[serde(default)]
    product: Option<String>,
    #[serde(default)]
    scenario: Option<String>,
    #[serde(default)]
    tier: Option<String>,
    /// The reason of the handoff; `none` if there must not be one.
    #[serde(default)]
    handoff: Option<String>,
    /// Where every sentence has to come from.
    #[serde(default)]
    by: Option<String>,
    /// The goals in their order.
    #[serde(default)]
    goals: Option<Vec<String>>,
    /// Kinds of promise that stand behind a ticket.
    #[serde(default)]
    promises: Option<Vec<String>>,
    /// Each has to be said; `a|b` means one of the two.
    #[serde(default)]
    must: Vec<String>,
    /// None may be said.
    #[serde(default)]
    must_not: Vec<String>,
    /// The answer may say a thing again that was said before.
    #[serde(default)]
    repeats: bool,
    /// At most so many sentences.
    #[serde(default)]
    at_most: Option<usize>,
}

/// What is wrong with an answer.
fn faults(turn: &Exchange, reply: &Value, before: &[String]) -> Vec<String> {
    let said = reply["reply"].as_str().unwrap_or_default();
    let mut faults = Vec::new();
    let mut expect = |what: &str, expected: &Option<String>, found: &Value| {
        if let Some(expected) = expected
            && found.as_str().unwrap_or("none") != expected
        {
            faults.push(format!("{what} is {found}, not {expected}"));
        }
    };
    expect("the scenario", &turn.scenario, &reply["scenario"]["id"]);
    expect("the tier", &turn.tier, &reply["tier"]);
    expect("the handoff", &turn.handoff, &reply["handoff"]["reason"]);
    let spoken = reply["sentences"].as_array().cloned().unwrap_or_default();
    if let Some(by) = &turn.by {
        let others = spoken.iter().filter(|sentence| sentence["by"] != json!(by));
        faults.extend(others.map(|sentence| format!("not by {by}: {sentence}")));
    }
    if let Some(goals) = &turn.goals {
        let found: Vec<&str> = spoken.iter().filter_map(|sentence| sentence["goal"].as_str()).collect();
        if found != goals.iter().map(String::as_str).collect::<Vec<_>>() {
            faults.push(format!("the goals are {found:?}, not {goals:?}"));
        }
    }
    if let Some(promises) = &turn.promises {
        let found: Vec<&Value> =
            reply["commitments"].as_array().unwrap().iter().map(|one| &one["kind"]).collect();
        if json!(found) != json!(promises) {
            faults.push(format!("promised is {found:?}, not {promises:?}"));
        }
    }
    let must = turn.must.iter().filter(|must| !must.split('|').any(|way| said.contains(way)));
    faults.extend(must.map(|must| format!("`{must}` is missing")));
    let must_not = turn.must_not.iter().filter(|must_not| said.contains(must_not.as_str()));
    faults.extend(must_not.map(|must_not| format!("`{must_not}` is said")));
    if turn.at_most.is_some_and(|most| spoken.len() > most) {
        faults.push(format!("{} sentences", spoken.len()));
    }
    if said.is_empty() && reply["handoff"].is_null() {
        faults.push("silence without a handoff".to_owned());
    }
    let again = sentences(reply).into_iter().filter(|line| !turn.repeats && before.contains(line));
    faults.extend(again.map(|line| format!("said before: {line}")));
    faults
}

/// Holds the conversation of a file.
async fn check(name: &str) {
    let path = repository("tests/dialogues").join(name).with_extension("yaml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let dialogue: Dialogue = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let answers: Vec<(String, String)> = dialogue.model.into_iter().map(|one| (one.when, one.says)).collect();
    let shop = RunningShop::start(Arc::new(ScriptedModel::by_substring(answers, ""))).await;
    shop.at(&dialogue.clock);
    let customer = dialogue.customer.as_deref();
    let mut conversation: Option<String> = None;
    let mut said: Vec<String> = Vec::new();
    let mut wrong = Vec::new();
    for turn in &dialogue.turns {
        if let Some(clock) = &turn.clock {
            shop.at(clock);
        }
        let mut body = message(customer, conversation.as_deref(), &turn.say);
        if let Some(product) = &turn.product {
            body["context"] = json!({ "product": product });
        }
        let reply = shop.staff_post("/api/v1/chat", body).await.good();
        conversation = reply["conversation"].as_str().map(str::to_owned);
        let found = faults(turn, &reply, &said);
        if !found.is_empty() {
            let (scenario, tier) = (&reply["scenario"]["id"], &reply["tier"]);
            let handoff = &reply["handoff"]["reason"];
            let (spoken, refused) = (&reply["reply"], &reply["guard"]["refused"]);
            wrong.push(format!(
                "{}: {found:#?}\n  {scenario} {tier} {handoff}: {spoken}, refused {refused}",
                turn.say
            ));
        }
        said.extend(sentences(&reply));
    }
    assert!(wrong.is_empty(), "{name}, {}:\n{}", dialogue.about, wrong.join("\n"));
    shop.stop().await;
}

macro_rules! dialogues {
    ($($name:ident),+ $(,)?) => {
        /// Every file of the folder has its test.
        #[test]
        fn no_dialogue_is_forgotten() {
            let mut files: Vec<String> = std::fs::read_dir(repository("tests/dialogues"))
                .unwrap()
                .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
                .collect();
            files.sort();
            assert_eq!(files, [$(stringify!($name)),+]);
        }

        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                check(stringify!($name)).await;
            }
        )+
    };
}

dialogues![
    choose_order,
    greeting_identity,
    night_size_question,
    opened_formula,
    price_and_stock,
    sign_in,
    stalled_parcel,
    unclear_twice,
    waiting_at_night,
];
