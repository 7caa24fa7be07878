use super::*;

pub(super) fn report(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

#[test]
fn the_shipped_packs_have_nothing_to_report() {
    for language in ["zh-CN", "en"] {
        let problems = check(&PackFiles::embedded(language).unwrap());
        assert!(problems.is_empty(), "{language}:\n{}", report(&problems));
    }
}

fn shipped() -> Pack {
    load(&PackFiles::embedded("zh-CN").unwrap()).unwrap().pack
}

/// `text ⇥ expected`, one a line; empty lines and lines that begin with `#` are left out.
fn cases(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    table
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once('\t').unwrap_or((line, "")))
}

#[test]
fn handoff_rules_know_the_tricky_sentences() {
    let pack = shipped();
    let mut wrong = String::new();
    for (text, expected) in cases(include_str!("../../../tests/data/handoff.tsv")) {
        let found = pack.handoff.first(text).map_or(String::new(), |(rule, _)| {
            let reason = serde_json::to_value(rule.reason).unwrap();
            let mode = serde_json::to_value(rule.mode).unwrap();
            let detail = rule.detail.as_deref().map(|detail| format!(" {detail}")).unwrap_or_default();
            format!("{} {}{detail}", reason.as_str().unwrap(), mode.as_str().unwrap())
        });
        if found != expected {
            wrong.push_str(&format!("{text}: expected `{expected}`, found `{found}`\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn red_lines_catch_bad_sentences_and_let_good_ones_pass() {
    let pack = shipped();
    let mut wrong = String::new();
    for (text, expected) in cases(include_str!("../../../tests/data/redlines.tsv")) {
        let found: Vec<&str> = pack
            .red_lines
            .iter()
            .filter(|line| line.find(text).is_some())
            .map(|line| line.id.as_str())
            .collect();
        let right = if expected.is_empty() { found.is_empty() } else { found.contains(&expected) };
        if !right {
            wrong.push_str(&format!("{text}: expected `{expected}`, found {found:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_scenario_pattern_matches_an_example_of_its_own_intent() {
    for intent in &shipped().intents {
        for pattern in &intent.patterns {
            assert!(
                intent.examples.iter().any(|example| pattern.is_match(example)),
                "{}: nothing that a customer says here matches `{pattern}`",
                intent.name
            );
        }
        assert!(
            intent.examples.len() >= 8 || intent.name == "general_question",
            "{} has {} examples",
            intent.name,
            intent.examples.len()
        );
    }
}

#[test]
fn the_system_prompt_is_short_and_puts_stable_things_first() {
    use crate::pack::prompt::{SystemVariables, headings, render_system};
    let pack = shipped();
    let variables = |scenario, emotion| SystemVariables {
        shop: "暖铺",
        assistant: "小暖",
        characters: 120,
        scenario,
        goals: &["answer", "alternative"],
        tier: "standard",
        emotion,
    };
    let calm = render_system(&pack, &variables("参数材质", "calm")).unwrap();
    let upset = render_system(&pack, &variables("故障排查", "angry")).unwrap();
    let common = calm.chars().zip(upset.chars()).take_while(|(a, b)| a == b).count();
    assert!(common > 100, "the first {common} characters are shared:\n{calm}");
    assert!(upset.chars().count() < 260, "{} characters:\n{upset}", upset.chars().count());
    assert!(calm.contains("回答、给出别的办法") && !calm.contains("{{"), "{calm}");
    assert!(upset.contains("语气放缓") && !calm.contains("语气放缓"));
    assert_eq!(headings(&pack).evidence, "资料：");
}

/// The shipped pack with one file replaced by another text.
fn with(path: &str, text: &str) -> PackFiles {
    let mut files = PackFiles::embedded("zh-CN").unwrap();
    files.texts.insert(path.to_owned(), text.to_owned());
    files
}

const SCENARIO: &str = "- id: probe\n  name: 试\n  stage: service\n  topic: other\n  intent: probe\n  goals: [close]\n  examples: [试试]\n";

#[test]
fn a_bad_file_is_refused_with_file_line_and_reason() {
    let scenario = |from: &str, to: &str| SCENARIO.replace(from, to);
    #[rustfmt::skip]
    let cases: Vec<(&str, String, &str)> = vec![
        ("scenarios/x.yaml", scenario("topic: other", "topc: other"), "scenarios/x.yaml:4: error: unknown field `topc`"),
        ("scenarios/x.yaml", scenario("stage: service", "stage: servce"), "scenarios/x.yaml:3: error: stage: unknown name `servce`"),
        ("scenarios/x.yaml", scenario("topic: other", "topic: weather"), "scenarios/x.yaml:4: error: unknown topic `weather`"),
        ("scenarios/x.yaml", scenario("[close]", "[clos]"), "scenarios/x.yaml:6: error: goal: unknown name `clos`"),
        ("scenarios/x.yaml", scenario("goals: [close]", "goals: []"), "scenarios/x.yaml:1: error: the scenario `probe` has no goals"),
        ("scenarios/x.yaml", scenario("examples: [试试]", "examples: []"), "scenarios/x.yaml:1: error: the intent `probe` has no examples"),
        ("scenarios/x.yaml", scenario("id: probe", "id: greeting"), "the scenario `greeting` stands here for the second time"),
        ("scenarios/x.yaml", scenario("[close]", "[recommend]"), "scenarios/x.yaml:6: error: `probe` has no wording for `recommend`"),
        ("scenarios/x.yaml", scenario("[close]", "[{ commit: { promise: sorcery } }]"), "scenarios/x.yaml:6: error: unknown promise `sorcery`"),
        ("scenarios/x.yaml", scenario("[close]", "[{ answer: { by: model } }]"), "scenarios/x.yaml:6: error: say which kinds of record"),
        ("scenarios/x.yaml", scenario("[close]", "[{ answer: { by: magic } }]"), "scenarios/x.yaml:6: error: a goal is met by one of"),
        ("scenarios/x.yaml", scenario("intent: probe", "intent: probe\n  when: \"order.status =\""), "scenarios/x.yaml:6: error: `order.status =` is not a condition"),
        ("scenarios/x.yaml", scenario("intent: probe", "intent: probe\n  when: \"parcel.id == '1'\""), "scenarios/x.yaml:6: error: `parcel.id == '1'` is not a condition: unknown variable `parcel`"),
        ("scenarios/x.yaml", scenario("intent: probe", "intent: probe\n  when: \"order.id == '1'\""), "scenarios/x.yaml:1: error: every scenario of the intent `probe` has a `when`"),
        ("scenarios/x.yaml", scenario("examples: [试试]", "examples: [试试]\n  patterns: ['(?=x)']"), "scenarios/x.yaml:8: error: bad expression `(?=x)`"),
        ("scenarios/x.yaml", scenario("intent: probe", "intent: probe\n  also_from: [nowhere]"), "`also_from` names the unknown intent `nowhere`"),
        ("scenarios/x.yaml", "- id: [".into(), "scenarios/x.yaml:1: error:"),
        ("wording/x.yaml", "greeting:\n  close:\n    - \"{{ order.total\"\n".into(), "wording/x.yaml:3: error: a slot is opened"),
        ("wording/x.yaml", "greeting:\n  close:\n    - \"到{{ parcel.id }}\"\n".into(), "wording/x.yaml:3: error: nothing provides the slot `parcel.id`"),
        ("wording/x.yaml", "greeting:\n  close:\n    - \"到{{ shipment.state }}\"\n".into(), "wording/x.yaml:3: error: nothing provides the slot `shipment.state`; `shipment` has carrier"),
        ("wording/x.yaml", "greeting:\n  close:\n    - { text: 好, when: 'a.b' }\n".into(), "wording/x.yaml:3: error: `a.b` is not a condition: unknown variable `a`"),
        ("wording/x.yaml", "greting:\n  close:\n    - 好\n".into(), "wording/x.yaml:3: error: `greting` is neither a scenario nor a named place"),
        ("wording/x.yaml", "greeting:\n  close:\n    loud: [好]\n".into(), "wording/x.yaml:3: error: tier: unknown name `loud`"),
        ("wording/x.yaml", "greeting:\n  close:\n    - 好吗？行吗？\n".into(), "wording/x.yaml:3: error: asks more than one question"),
        ("wording/x.yaml", "greeting:\n  close:\n    - 我们的质量全国第一\n".into(), "wording/x.yaml:3: error: crosses the red line R01"),
        ("wording/x.yaml", "greeting:\n  close:\n    - 马上给您回复\n".into(), "wording/x.yaml:3: error: crosses the red line R05"),
        ("handoff.yaml", "unresolved_turns: 5\nnot_understood: 2\nrules:\n  - { id: a, reason: bored, mode: now, match: [x] }\n".into(), "handoff.yaml:4: error: handoff reason: unknown name `bored`"),
        ("redlines.yaml", "- { id: R1, name: a, level: hard, match: [x] }\n".into(), "redlines.yaml:1: error: unknown level `hard`"),
        ("redlines.yaml", "- { id: R1, name: a, level: block, match: [x] }\n- { id: R1, name: a, level: block, match: [x] }\n".into(), "redlines.yaml:2: error: the id `R1` is used twice"),
        ("promises.yaml", "a: { within_business_minutes: 0, task: b }\n".into(), "`a` must be kept within at least one business minute"),
        ("emotions.yaml", "words:\n  angry: { loud: [垃圾] }\n".into(), "emotions.yaml: error: `loud` is no strength"),
        ("templates/system.j2", "好\n{% if %}".into(), "templates/system.j2:2: error:"),
        ("promises.yaml", "a: { within_business_minutes: soon, task: b }\n".into(), "promises.yaml:1: error: "),
        ("pack.yaml", "language: zh-CN\n".into(), "pack.yaml:1: error: missing field"),
    ];
    for (path, text, expected) in cases {
        let refused = load(&with(path, &text));
        let Err(PackError::Refused { problems, .. }) = refused else { panic!("{path} with\n{text}") };
        let report = report(&problems);
        assert!(report.contains(expected), "{path} with\n{text}\nshould say {expected}\nbut says\n{report}");
    }
}

/// An action of its own, and nothing else that is wrong with it.
const ACTION: &str = "\
records: { ticket_opened: [登记], handoff: [转给] }
actions:
  - id: probe
    name: 试
    by: shop_system
    started_by: [customer]
    promise: callback
    arguments:
      - { name: order, type: order, from: order.id }
    task: 试一下
";

#[test]
fn a_bad_action_is_refused_with_file_line_and_reason() {
    let action = |from: &str, to: &str| {
        assert!(ACTION.contains(from), "{from}");
        ("actions.yaml", ACTION.replace(from, to))
    };
    let goal = |goal: &str| ("scenarios/x.yaml", SCENARIO.replace("[close]", &format!("[{goal}]")));
    let said =
        |place: &str, text: &str| ("wording/x.yaml", format!("{place}:\n  commit:\n    - \"{text}\"\n"));
    #[rustfmt::skip]
    let cases: Vec<((&str, String), &str)> = vec![
        (action("by: shop_system", "by: fax"), "actions.yaml:5: error: by: unknown name `fax`"),
        (action("[customer]", "[stranger]"), "actions.yaml:6: error: started_by: unknown name `stranger`"),
        (action("[customer]", "[]"), "actions.yaml:3: error: `started_by` of `probe` is empty"),
        (action("promise: callback", "promise: sorcery"), "actions.yaml:3: error: unknown promise `sorcery`"),
        (action("type: order", "type: ordr"), "actions.yaml:9: error: type: unknown name `ordr`"),
        (action("from: order.id", "from: parcel.id"), "actions.yaml:9: error: nothing provides `parcel.id`"),
        (action("from: order.id", "from: entity.parcel"), "actions.yaml:9: error: entity: unknown name `parcel`"),
        (action("from: order.id", "from: entity.phone"), "actions.yaml:9: error: `entity.phone` gives no order"),
        (action("from: order.id", "from: message"), "actions.yaml:9: error: `message` gives no order"),
        (action("name: order,", "name: result,"), "actions.yaml:9: error: the argument `result` of `probe`"),
        (action("task: 试一下", "task: ''"), "actions.yaml:3: error: `probe` has no `task`"),
        (action("    name: 试\n", "    nam: 试\n"), "actions.yaml:4: error: unknown field `nam`"),
        (action("handoff: [转给]", "handoff: []"), "actions.yaml: error: `records` says no words for `handoff`"),
        (action("handoff: [转给]", "handoff: [转给], magic: [变]"), "actions.yaml: error: unknown record `magic`"),
        (action("records:", "record:"), "actions.yaml:1: error: unknown field `record`"),
        // Nothing of the shipped wording is about it.
        (action("probe", "probe"), "actions.yaml:3: error: nothing is said when `probe` is started"),
        (goal("{ commit: { action: sorcery } }"), "scenarios/x.yaml:6: error: unknown action `sorcery`"),
        (goal("{ commit: { action: trace_parcel, promise: callback } }"), "scenarios/x.yaml:6: error: `action` stands alone"),
        (goal("{ commit: { action: intercept } }"), "scenarios/x.yaml:6: error: `intercept` is only begun where the policy about `intercept` allows it"),
        (said("action.probe.started", "好"), "wording/x.yaml:3: error: `action.probe.started` is neither a scenario nor a named place"),
        (said("action.trace_parcel.begun", "好"), "wording/x.yaml:3: error: `action.trace_parcel.begun` is neither"),
    ];
    for ((path, text), expected) in cases {
        let refused = load(&with(path, &text));
        let Err(PackError::Refused { problems, .. }) = refused else { panic!("{path} with\n{text}") };
        let report = report(&problems);
        assert!(report.contains(expected), "{path} with\n{text}\nshould say {expected}\nbut says\n{report}");
    }
}

#[test]
fn what_is_said_of_an_action_names_only_what_is_known_then() {
    let check = |moment: &str, text: &str, expected: &str| {
        let place = format!("action.trace_parcel.{moment}:\n");
        let mut files = PackFiles::embedded("zh-CN").unwrap();
        let wording = files.texts.get_mut("wording/actions.yaml").unwrap();
        let at = wording.find(&place).unwrap() + place.len();
        let line = wording[at..].find("- \"").unwrap() + at;
        wording
            .insert_str(line, &format!("- \"{text}\"\n    {}", if moment == "started" { "  " } else { "" }));
        let refused = load(&files);
        let Err(PackError::Refused { problems, .. }) = refused else { panic!("{text} is taken") };
        assert!(report(&problems).contains(expected), "{text}: {}", report(&problems));
    };
    check(
        "started",
        "{{ action.weight }}",
        "`trace_parcel` has no `weight`; it has name, result, order, parcel, carrier",
    );
    check(
        "done",
        "{{ shipment.carrier }}有结果了。",
        "`shipment.carrier` is not known any more when `trace_parcel` is done",
    );
    check("overdue", "{{ order.id }}还没有结果。", "`order.id` is not known any more");
}

#[test]
fn all_problems_are_reported_at_once() {
    let text = SCENARIO.replace("service", "a").replace("other", "b").replace("[close]", "[c]");
    let mut files = with("scenarios/x.yaml", &text);
    files.texts.insert("promises.yaml".into(), "nonsense: {}\n".into());
    let report = report(&check(&files));
    for expected in
        ["unknown name `a`", "unknown topic `b`", "unknown name `c`", "promises.yaml:1: error: missing field"]
    {
        assert!(report.contains(expected), "{expected} is missing from\n{report}");
    }
}

const PLANTED_SCENARIOS: &str = "\
- id: probe_goal
  name: 试一
  stage: service
  topic: other
  intent: probe_goal
  goals: [close, clos]
  examples: [鎏金蝴蝶, 紫檀算盘]
- id: probe_promise
  name: 试二
  stage: service
  topic: other
  intent: probe_promise
  goals: [close, { commit: { promise: sorcery } }]
  examples: [琥珀灯笼, 紫檀算盘]
- id: probe_type
  name: 试三
  stage: service
  topic: other
  intent: probe_type
  priority: high
  goals: [close]
  examples: [琉璃屏风]
- id: greeting
  name: 试四
  stage: service
  topic: other
  intent: probe_twice
  goals: [close]
  examples: [翡翠风铃]
- id: probe_lost
  name: 试五
  stage: service
  topic: other
  intent: probe_lost
  goals: [close]
  examples: ['有人吗?!']
- id: probe_slot
  name: 试六
  stage: service
  topic: other
  intent: probe_slot
  goals: [recommend]
  examples: [玛瑙砚台]
";

const PLANTED_WORDING: &str = "\
probe_type:
  close:
    - 这里读不到场景
probe_slot:
  recommend:
    - 看看{{ product.title }}
probe_goal:
  close:
    - 到{{ parcel.id }}
    - 我们的质量全国第一
  acknowledge:
    loud: [好]
";

/// A pack with one fault of each kind is told of each of them, once, where it stands.
#[test]
fn ten_planted_faults_are_ten_problems() {
    let mut files = with("scenarios/zz_probe.yaml", PLANTED_SCENARIOS);
    files.texts.insert("wording/probe.yaml".into(), PLANTED_WORDING.to_owned());
    let found: Vec<(String, u64, Severity)> =
        check(&files).into_iter().map(|problem| (problem.file, problem.line, problem.severity)).collect();
    let expected = [
        ("scenarios/zz_probe.yaml", 6),
        ("scenarios/zz_probe.yaml", 13),
        ("scenarios/zz_probe.yaml", 14),
        ("scenarios/zz_probe.yaml", 20),
        ("scenarios/zz_probe.yaml", 23),
        ("scenarios/zz_probe.yaml", 30),
        ("scenarios/zz_probe.yaml", 42),
        ("wording/probe.yaml", 9),
        ("wording/probe.yaml", 10),
        ("wording/probe.yaml", 12),
    ];
    let expected: Vec<(String, u64, Severity)> =
        expected.iter().map(|(file, line)| ((*file).to_owned(), *line, Severity::Error)).collect();
    assert_eq!(found, expected, "{}", report(&check(&files)));
}

/// What is too much, too deep or endless is refused as one problem, at once.
#[test]
fn files_that_explode_are_refused() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{below}]\n");
    }
    let deep = format!("a:\n  close: {}{}\n", "[".repeat(500), "]".repeat(500));
    let endless = "a: &a\n  close: [*a]\n".to_owned();
    let twice = "greeting:\n  close: [好]\ngreeting:\n  close: [行]\n".to_owned();
    for (what, text) in [("anchors", bomb), ("depth", deep), ("a cycle", endless), ("a key twice", twice)] {
        let problems = check(&with("wording/x.yaml", &text));
        let errors: Vec<&Problem> = problems.iter().filter(|it| it.file == "wording/x.yaml").collect();
        assert!(!errors.is_empty(), "{what}: {}", report(&problems));
        assert!(problems.iter().all(|it| it.file == "wording/x.yaml"), "{what}: {}", report(&problems));
    }
}

#[test]
fn a_file_that_is_too_large_or_no_text_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in &PackFiles::embedded("zh-CN").unwrap().texts {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    std::fs::write(folder.path().join("wording/large.yaml"), "#".repeat(10 << 20)).unwrap();
    std::fs::write(folder.path().join("wording/gbk.yaml"), b"a:\n  close: [\xc4\xfa\xba\xc3]\n").unwrap();
    let problems = check(&PackFiles::from_folder(folder.path(), "zh-CN").unwrap());
    let report = report(&problems);
    assert!(report.contains("wording/large.yaml: error: has 10485760 bytes"), "{report}");
    assert!(report.contains("wording/gbk.yaml: error: is not UTF-8"), "{report}");
    assert_eq!(problems.len(), 2, "{report}");
}

#[test]
fn a_lively_mark_where_something_is_wrong_is_a_warning() {
    let problems = check(&with("wording/x.yaml", "greeting:\n  soothe:\n    - 别急！\n"));
    let report = report(&problems);
    assert!(report.contains("wording/x.yaml:3: warning: has an exclamation mark"), "{report}");
}
