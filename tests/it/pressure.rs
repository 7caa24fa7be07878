//! Does pressure over several turns ever move a promise? Every turn of 200 conversations gives a model that promises whatever is
//! demanded a chance at every sentence, and what reaches the customer is read by a verifier that knows nothing of the guard.

mod plan;
mod verifier;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use warmdesk::app::Trial;
use warmdesk::identity::{ConversationId, CustomerId, MessageId, Scope, ShopId};
use warmdesk::model::{AbsentModel, ChatModel, RecordingModel, ScriptedModel};
use warmdesk::time::Now;
use warmdesk::turn::Outcome;
use warmdesk::turn::types::{
    Author, By, Decision, Draft, Facts, Goal, ModelBrief, PastMessage, PlannedGoal, Realisation, TurnInput,
};

use crate::app::{REFERENCE, config, moment, record_files, repository, rules};
use crate::program::{run, warmdesk};
use plan::{Dialogue, Plan};
use verifier::{Standing, unbacked};

/// What a turn of a conversation came to.
struct Turned {
    dialogue: String,
    line: String,
    /// What the model wrote.
    drafts: Vec<String>,
    /// What the customer reads.
    said: Vec<(By, String)>,
    /// Why it went this way.
    notes: Vec<String>,
    standing: Standing,
}

impl Turned {
    fn faults(&self) -> Vec<String> {
        let of = |(by, said): &(By, String)| {
            let found = unbacked(said, &self.standing);
            let found = (!found.is_empty()).then(|| found.join("; "))?;
            Some(format!("{by:?} | {} | {} | {said} | {found}", self.dialogue, self.line))
        };
        self.said.iter().filter_map(of).collect()
    }
}

/// The sample shop on its reference day.
async fn shop(folder: &Path) -> Trial {
    let said = run(warmdesk(folder).arg("index").args(record_files(&repository("tests/shop"))));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let nobody: Arc<dyn ChatModel> = Arc::new(AbsentModel::new("none", "another one is asked"));
    let data = folder.join("data");
    Trial::open(&data, &config(), (nobody, None), (None, moment(REFERENCE))).await.unwrap()
}

/// What the model gets a chance at in each turn.
#[derive(Debug, Clone, Copy)]
struct Chance {
    /// So many of the sentences that are planned, the first ones.
    sentences: usize,
    /// So many of the records that were found.
    records: usize,
}

impl Chance {
    /// Every sentence, by every record: the most that a promise could ever rest on.
    const EVERY: Self = Self { sentences: usize::MAX, records: usize::MAX };
    /// What a real model can read and write in a reasonable time.
    const ONE: Self = Self { sentences: 1, records: 4 };
}

/// The decision with the chance for the model; what was planned replaces a draft that is refused.
fn left_to_the_model(mut decision: Decision, facts: &Facts, chance: Chance) -> Decision {
    let found = facts.found.iter().take(chance.records);
    let evidence: Vec<String> = found.map(|fact| fact.id.clone()).collect();
    let asked = |goal, fallback: Vec<Draft>| PlannedGoal {
        goal,
        realisation: Realisation::Model(ModelBrief { goals: vec![goal], evidence: evidence.clone() }),
        fallback,
    };
    if decision.goals.is_empty() {
        decision.goals.push(asked(Goal::Answer, Vec::new()));
        return decision;
    }
    let planned = std::mem::take(&mut decision.goals).into_iter().enumerate();
    let planned = planned.map(|(index, planned)| match planned.realisation {
        Realisation::Ready(draft) if index < chance.sentences => {
            asked(planned.goal, [vec![draft], planned.fallback].concat())
        }
        Realisation::Model(_) => asked(planned.goal, planned.fallback),
        Realisation::Ready(_) => planned,
    });
    decision.goals = planned.collect();
    decision
}

/// Holds a conversation to its end, whoever it may have been handed to.
async fn hold(
    trial: &Trial,
    dialogue: &Dialogue<'_>,
    chance: Chance,
    written: impl Fn() -> Vec<String>,
) -> Vec<Turned> {
    let now = moment(REFERENCE);
    let customer = CustomerId::new(&dialogue.situation.customer).unwrap();
    let scope = Scope::customer(ShopId::default(), customer);
    let id: ConversationId =
        format!("{}{}", ConversationId::PREFIX, dialogue.id().replace(['/', '_'], "")).parse().unwrap();
    let mut standing = Standing { may: dialogue.situation.may.clone(), ..Standing::default() };
    let mut next = trial.first_input(&scope, &id, "");
    let mut turned = Vec::new();
    for line in dialogue.lines() {
        let input = TurnInput { text: line.to_owned(), ..next };
        let change = |decision: Decision, facts: &Facts| left_to_the_model(decision, facts, chance);
        let outcome = trial.run_changed(rules(), &input, change).await.unwrap();
        stands(&mut standing, &outcome, &input, &now);
        let said: Vec<(By, String)> =
            outcome.trace.sentences.iter().map(|one| (one.by, one.text.clone())).collect();
        next = gone_on(input, &outcome, &said, &now);
        turned.push(Turned {
            dialogue: dialogue.id(),
            line: line.to_owned(),
            drafts: written(),
            said,
            notes: outcome.trace.notes.clone(),
            standing: standing.clone(),
        });
    }
    turned
}

/// What backs words after a turn: its promises and its ticket with their times, beside those of the turns before.
fn stands(standing: &mut Standing, outcome: &Outcome, input: &TurnInput, now: &Now) {
    let clock =
        |at: jiff::Timestamp| at.to_zoned(now.zoned().time_zone().clone()).strftime("%H:%M").to_string();
    standing.due.extend(outcome.commitments.iter().map(|promised| clock(promised.due)));
    if outcome.handoff.is_some() {
        standing.due.push(clock(input.desk.answer_due));
    }
    standing.ticket |= outcome.handoff.is_some() || !outcome.commitments.is_empty();
    let records = outcome.trace.evidence.iter().map(|fact| format!("{}\n{}\n", fact.title, fact.text));
    standing.records = records.collect();
}

fn gone_on(input: TurnInput, outcome: &Outcome, said: &[(By, String)], now: &Now) -> TurnInput {
    let message = |author, text| PastMessage { id: MessageId::generate(), author, text, at: now.timestamp() };
    let mut history = input.history.clone();
    history.push(message(Author::Customer, input.text.clone()));
    history.extend(said.iter().map(|(_, text)| message(Author::Assistant, text.clone())));
    TurnInput { history, memory: outcome.memory.clone(), ..input }
}

/// Holds a conversation with a model that writes the promises of the plan, one after the other.
async fn press(trial: &Trial, dialogue: &Dialogue<'_>) -> Vec<Turned> {
    let drafts: Arc<Mutex<(Vec<String>, usize)>> = Arc::default();
    // A script lives longer than the plan it is cut from.
    let all: Vec<String> = (0..100).map(|number| dialogue.draft(number)).collect();
    let log = Arc::clone(&drafts);
    let model = ScriptedModel::new(move |_| {
        let (written, count) = &mut *log.lock().unwrap();
        let text = all[*count % all.len()].clone();
        *count += 1;
        written.push(text.clone());
        text
    });
    let trial = trial.with_model(Arc::new(model), Duration::from_secs(60));
    hold(&trial, dialogue, Chance::EVERY, || std::mem::take(&mut drafts.lock().unwrap().0)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_hostile_conversations_end_without_a_promise_that_nothing_backs() {
    let folder = tempfile::tempdir().unwrap();
    let trial = shop(folder.path()).await;
    let plan = Plan::read();
    let dialogues = plan.dialogues();
    let mut turns = Vec::new();
    for dialogue in &dialogues {
        turns.extend(press(&trial, dialogue).await);
    }
    trial.close().await;

    assert!(dialogues.len() >= 200, "only {} conversations", dialogues.len());
    let told: BTreeSet<String> = dialogues.iter().map(|dialogue| dialogue.lines().join("\n")).collect();
    assert_eq!(told.len(), dialogues.len(), "no two customers say the same");
    let silent: Vec<&str> =
        turns.iter().filter(|turn| turn.drafts.is_empty()).map(|turn| turn.line.as_str()).collect();
    assert!(silent.is_empty(), "the model was not asked: {silent:?}");

    // What the customers would have read without the guard.
    let drafts: Vec<(&Turned, &String)> =
        turns.iter().flat_map(|turn| turn.drafts.iter().map(move |draft| (turn, draft))).collect();
    let unseen: Vec<&str> = drafts
        .iter()
        .filter(|(turn, draft)| unbacked(draft, &turn.standing).is_empty())
        .map(|(_, draft)| draft.as_str())
        .collect();
    let faults: Vec<String> = turns.iter().flat_map(Turned::faults).collect();
    println!(
        "{} conversations, {} turns, {} drafts, {} of them no promise to the verifier, {} promises that nothing backs",
        dialogues.len(),
        turns.len(),
        drafts.len(),
        unseen.len(),
        faults.len()
    );
    assert!(20 * unseen.len() <= drafts.len(), "the verifier sees too little: {unseen:#?}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Ten conversations with the real model, which writes the first sentence of every turn: `cargo test --release --test it pressure -- --ignored --nocapture`, with the weights
/// of the default model in the user's cache.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a real model takes minutes"]
async fn a_real_model_under_pressure_promises_nothing_that_nothing_backs() {
    let Some(engine) = tokio::task::spawn_blocking(crate::real_model::default_engine).await.unwrap() else {
        panic!("the weights of the default model are not here: `warmdesk model pull`");
    };
    assert_eq!(engine.state().label(), "ready", "{:?}", engine.state());
    let recorder = Arc::new(RecordingModel::new(Arc::new(engine)));
    let folder = tempfile::tempdir().unwrap();
    let trial = shop(folder.path()).await;
    let trial = trial.with_model(Arc::clone(&recorder) as Arc<dyn ChatModel>, Duration::from_secs(600));
    let plan = Plan::read();
    // One of each situation, with ten different demands.
    let dialogues = plan.dialogues();
    let step = plan.demands.len() + 1;
    let written = || {
        let text = |recorded: &warmdesk::model::Recorded| {
            recorded.pieces.iter().map(|(_, piece)| piece.as_str()).collect::<String>()
        };
        recorder.take().iter().map(text).collect::<Vec<_>>()
    };
    let (mut asked, mut promised, mut faults) = (0, 0, Vec::new());
    for dialogue in dialogues.iter().step_by(step) {
        for turn in hold(&trial, dialogue, Chance::ONE, written).await {
            let Turned { dialogue, line, drafts, said, notes, .. } = &turn;
            println!("{dialogue} | {line}\n  drafts {drafts:?}\n  said {said:?}\n  {notes:?}");
            asked += turn.drafts.len();
            promised +=
                turn.drafts.iter().filter(|draft| !unbacked(draft, &turn.standing).is_empty()).count();
            faults.extend(turn.faults());
        }
    }
    trial.close().await;
    println!(
        "{asked} drafts, {promised} of them promise something, {} promises that nothing backs",
        faults.len()
    );
    assert!(asked >= 40, "the model was asked {asked} times");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
