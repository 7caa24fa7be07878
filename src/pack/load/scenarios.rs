//! What do the scenario files say? Turns them into scenarios and gathers the intents.

use std::collections::BTreeMap;

use super::files::PackFiles;
use super::problem::{At, Problems};
use super::raw::{RawGoal, RawScenario, Text};
use crate::pack::condition::Condition;
use crate::pack::types::{GoalPlan, GoalSource, Intent, Scenario, ScenarioHandoff, TOPICS};

/// A scenario with the place where it stands.
pub(super) struct Located {
    pub scenario: Scenario,
    pub file: String,
    pub line: u64,
    /// The line of what its intent asks, if it says so.
    pub asks_line: Option<u64>,
    /// The line of each goal.
    pub goal_lines: Vec<u64>,
    /// What customers say for it.
    pub examples: Vec<String>,
    /// Whether it only repeats a scenario under a further intent.
    pub copy: bool,
}

impl Located {
    pub fn at(&self) -> At<'_> {
        At { file: &self.file, line: self.line }
    }
}

/// All scenario files.
#[derive(Default)]
pub(super) struct Scenarios {
    pub scenarios: Vec<Located>,
    pub intents: Vec<Intent>,
}

/// Reads `scenarios/*.yaml` and the further examples of `examples/*.yaml`.
pub(super) fn read(files: &PackFiles, problems: &mut Problems) -> Scenarios {
    let mut scenarios = Vec::new();
    let mut intents: BTreeMap<String, Intent> = BTreeMap::new();
    let mut examples: BTreeMap<String, String> = BTreeMap::new();
    for (path, text) in files.in_folder("scenarios") {
        for raw in super::yaml::items::<RawScenario>(path, text, problems) {
            let intent = intents.entry(raw.intent.value.clone()).or_insert_with(|| Intent {
                name: raw.intent.value.clone(),
                examples: Vec::new(),
                patterns: Vec::new(),
                in_context: Vec::new(),
            });
            intent.patterns.extend(problems.expressions(path, &raw.patterns));
            for example in &raw.examples {
                claim(&mut examples, &intent.name, At::text(path, example), &example.value, problems);
                intent.examples.push(example.value.clone());
            }
            scenarios.extend(copies(path, &raw));
            scenarios.extend(scenario(path, raw, problems));
        }
    }
    super::examples::read(files, &scenarios, &mut intents, problems);
    if scenarios.is_empty() && !problems.is_unreadable("scenarios/") {
        problems
            .error(At::file("scenarios"), "there is no scenario; write at least one file scenarios/*.yaml");
    }
    Scenarios { scenarios, intents: intents.into_values().collect() }
}

/// An example stands for one intent: of two that claim it, chance would decide.
fn claim(
    examples: &mut BTreeMap<String, String>,
    intent: &str,
    at: At<'_>,
    example: &str,
    problems: &mut Problems,
) {
    match examples.insert(example.to_owned(), intent.to_owned()) {
        Some(other) if other != intent => {
            let message = format!("the example `{example}` of `{intent}` already stands for `{other}`");
            problems.error(at, message);
        }
        Some(_) => problems.warn(at, format!("the example `{example}` stands twice for `{intent}`")),
        None => {}
    }
}

/// The same scenario under each further intent. Its problems are reported once, for the original.
fn copies(path: &str, raw: &RawScenario) -> Vec<Located> {
    let mut silent = Problems::default();
    raw.also_from
        .iter()
        .filter_map(|intent| {
            scenario(path, RawScenario { intent: intent.clone(), asks: None, ..raw.clone() }, &mut silent)
        })
        .map(|located| Located { copy: true, ..located })
        .collect()
}

fn scenario(path: &str, raw: RawScenario, problems: &mut Problems) -> Option<Located> {
    let stage = problems.named(path, &raw.stage, "stage");
    if !TOPICS.contains(&raw.topic.value.as_str()) {
        problems.error(
            At::text(path, &raw.topic),
            format!("unknown topic `{}`; known are {}", raw.topic.value, TOPICS.join(", ")),
        );
    }
    let always = raw.handoff.always.and_then(|always| {
        let reason = problems.named(path, &always.reason, "handoff reason");
        let mode = problems.named(path, &always.mode, "handoff mode");
        Some((reason?, mode?))
    });
    let line = raw.id.referenced.line();
    let examples = raw.examples.into_iter().map(|example| example.value).collect();
    let asks_line = raw.asks.as_ref().map(|asks| asks.referenced.line());
    let goal_lines = raw.goals.iter().map(|goal| goal.goal.referenced.line()).collect();
    let scenario = Scenario {
        when: raw.when.as_ref().and_then(|when| condition(path, when, problems)),
        expect: raw
            .emotion
            .expect
            .iter()
            .filter_map(|label| problems.named(path, label, "emotion"))
            .collect(),
        needs: raw.needs.iter().filter_map(|kind| problems.named(path, kind, "kind of record")).collect(),
        reads: raw.reads.iter().filter_map(|kind| problems.named(path, kind, "kind of record")).collect(),
        goals: raw.goals.into_iter().filter_map(|raw| goal(path, raw, problems)).collect(),
        id: raw.id.value,
        name: raw.name,
        stage: stage?,
        topic: raw.topic.value,
        intent: raw.intent.value,
        asks: raw.asks.map(|asks| asks.value.trim().to_owned()),
        priority: raw.priority,
        start: raw.emotion.start,
        handoff: ScenarioHandoff {
            always,
            after_failed: raw.handoff.after_failed,
            detail: raw.handoff.detail,
        },
        breach: raw.breach,
    };
    Some(Located { scenario, file: path.to_owned(), line, asks_line, goal_lines, examples, copy: false })
}

fn goal(path: &str, raw: RawGoal, problems: &mut Problems) -> Option<GoalPlan> {
    let goal = problems.named(path, &raw.goal, "goal");
    let at = At::text(path, &raw.goal);
    let body = raw.body;
    let kinds = body
        .evidence
        .iter()
        .filter_map(|kind| problems.named(path, kind, "kind of record"))
        .collect::<Vec<_>>();
    let when = body.when.as_ref().and_then(|when| condition(path, when, problems));
    if let (Some(flow), Some(promise)) = (&body.flow, &body.promise) {
        let by = GoalSource::Flow { flow: flow.value.clone(), promise: promise.value.clone() };
        return Some(GoalPlan { goal: goal?, by, when, optional: body.optional });
    }
    if let Some(flow) = &body.flow {
        let message = "a flow needs the `promise` that is made where it may not begin: `commit: { flow: …, promise: … }`";
        problems.error(At::text(path, flow), message);
        return None;
    }
    if let Some(action) = body.action {
        if body.by.is_some() || body.about.is_some() || body.promise.is_some() || !kinds.is_empty() {
            problems.error(
                At::text(path, &action),
                "`action` stands alone; its promise is named in actions.yaml",
            );
        }
        // The kind of its promise is filled in once actions.yaml is read.
        let by = GoalSource::Promise { kind: String::new(), action: Some(action.value) };
        return Some(GoalPlan { goal: goal?, by, when, optional: body.optional });
    }
    let by = match (body.by.as_ref().map(|by| by.value.as_str()), body.about, body.promise) {
        (None | Some("wording"), None, None) => GoalSource::Wording,
        (None | Some("promise"), None, Some(kind)) => GoalSource::Promise { kind: kind.value, action: None },
        (None | Some("verdict"), Some(about), None) => GoalSource::Verdict { about },
        (Some("evidence"), None, None) if !kinds.is_empty() => GoalSource::Evidence { kinds },
        (Some("model"), None, None) if !kinds.is_empty() => GoalSource::Model { kinds },
        (Some("evidence" | "model"), None, None) => {
            problems.error(at, "say which kinds of record it may use: `evidence: [knowledge, product]`");
            return None;
        }
        _ => {
            problems.error(
                at,
                "a goal is met by one of `by: wording`, `by: evidence` or `by: model` with `evidence: […]`, `about: …` for the verdict of a policy, `promise: …` or `action: …`",
            );
            return None;
        }
    };
    Some(GoalPlan { goal: goal?, by, when, optional: body.optional })
}

pub(super) fn condition(path: &str, source: &Text, problems: &mut Problems) -> Option<Condition> {
    match Condition::parse(&source.value) {
        Ok(condition) => Some(condition),
        Err(error) => {
            problems.error(At::text(path, source), error.to_string());
            None
        }
    }
}
