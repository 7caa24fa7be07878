//! What is said when it only turns out while speaking that a person is needed.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::desk::hours::BusinessHours;
use crate::pack::load::{PackFiles, load};
use crate::pack::types::{Pack, Wording};
use crate::time::Now;
use crate::turn::decide::{Situation, decide, late_handoff};
use crate::turn::types::{Decision, Facts, Goal, HandoffReason, Realisation, Tier, TurnInput};
use crate::turn::{Rules, retrieve, understand};

/// The shipped pack with lines of its own for questions that no record answers.
fn pack(lines: [&str; 2]) -> Pack {
    let mut pack = load(&PackFiles::embedded("zh-CN").unwrap()).unwrap().pack;
    let place = |tier| ("no_evidence".to_owned(), Goal::Handoff, tier);
    for tier in [Tier::Standard, Tier::Proactive, Tier::Soothing, Tier::Handoff] {
        pack.wording.variants.remove(&place(tier));
    }
    let line = |(number, template): (usize, &str)| Wording {
        id: format!("line {number}"),
        template: template.to_owned(),
        when: None,
        slots: vec!["shop.name".to_owned(), "assistant.name".to_owned()],
    };
    pack.wording.variants.insert(place(Tier::Standard), lines.into_iter().enumerate().map(line).collect());
    pack
}

fn input(text: &str) -> TurnInput {
    let now = Now::new("2026-11-20T02:12:00Z".parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap());
    TurnInput::first(text, now)
}

/// Texts of the approved lines that a decision says of its own.
fn lines(decision: &Decision) -> Vec<&str> {
    let handoffs = decision.goals.iter().filter(|planned| planned.goal == Goal::Handoff);
    handoffs
        .filter_map(|planned| match &planned.realisation {
            Realisation::Ready(draft) => Some(draft.text.as_str()),
            Realisation::Model(_) => None,
        })
        .collect()
}

#[test]
fn a_late_line_knows_the_names_and_repeats_nothing_of_the_turn() {
    let pack = pack([
        "{{ shop.name }}的同事会回您，{{ assistant.name }}记着。",
        "{{ assistant.name }}问过{{ shop.name }}的同事再回您。",
    ]);
    let names = (pack.voice.shop.clone(), pack.voice.assistant.clone());
    let rules = Rules::new(Arc::new(pack));
    let input = input("这个奶瓶是什么材质的");
    let reading = understand::read(&input, &rules.pack, &rules.reader);
    let facts = Facts::default();
    let hours = BusinessHours::daily(TimeZone::get("Asia/Shanghai").unwrap(), 9 * 60, 22 * 60);
    let situation =
        Situation { input: &input, reading: &reading, facts: &facts, pack: &rules.pack, hours: &hours };
    let (decision, mut words) = decide(situation, retrieve::variables(&facts, &input));
    let first = lines(&decision);
    assert_eq!(first.len(), 1, "no record answers it: {decision:?}");
    let stage = decision.scenario.stage;
    let (_, second) = late_handoff(HandoffReason::NoEvidence, stage, "a test", &mut words);
    let second = second.expect("the other line is left").text;
    for line in [first[0], &second] {
        assert!(line.contains(&names.0) && line.contains(&names.1), "{line}");
    }
    assert_ne!(first[0], second);
}
