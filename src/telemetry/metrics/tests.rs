use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::conversation::types::GuardSummary;
use crate::turn::trace::{ModelTiming, SentenceTrace, Timing};
use crate::turn::types::{By, Goal, Refusal};

fn reply() -> ChatReply {
    ChatReply {
        sentences: vec![SentenceTrace {
            text: "您好".into(),
            goal: Goal::Greet,
            by: By::Wording,
            evidence: Vec::new(),
        }],
        guard: Some(GuardSummary {
            refused: vec![Refusal {
                draft: "七天".into(),
                reason: GuardReason::NumberNotInEvidence,
                detail: "七".into(),
            }],
        }),
        timing: Some(Timing {
            first_sentence_ms: Some(3.0),
            total_ms: 2000.0,
            stages: BTreeMap::from([("understand".to_owned(), 0.4)]),
            model: Some(ModelTiming { prompt_tokens: 212, generated_tokens: 41, ..ModelTiming::default() }),
        }),
        ..ChatReply::default()
    }
}

/// Everything that can be counted, counted once.
fn count_everything() {
    describe();
    request("GET", "/health", 200, Duration::from_millis(1));
    rate_limited("person");
    let _open = open_stream("desk");
    handoff(HandoffReason::AskedForPerson);
    turn(&reply());
    lookup("read", Some(Duration::from_millis(80)));
    lookup_dropped("foreign");
    lookup_breaker(BreakerState::Open);
    action_attempt("result");
    webhook_attempt(DeliveryState::Delivered);
    promise(PromiseState::Kept);
    rating(5);
    nudge("viewed_often");
}

fn rendered() -> String {
    let recorder = builder().unwrap().build_recorder();
    metrics::with_local_recorder(&recorder, count_everything);
    recorder.handle().render()
}

#[test]
fn the_table_names_what_is_counted() {
    let text = rendered();
    let counted: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let listed: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(counted, listed);
}

#[test]
fn the_table_names_the_labels() {
    let text = rendered();
    for metric in METRICS {
        let sample = text.lines().find(|line| line.starts_with(metric.name)).expect(metric.name);
        let labels: BTreeSet<&str> = sample
            .split_once('{')
            .map(|(_, rest)| rest.split('}').next().unwrap_or_default())
            .unwrap_or_default()
            .split(',')
            .filter_map(|pair| pair.split_once('=').map(|(label, _)| label))
            .filter(|label| *label != "le")
            .collect();
        assert_eq!(labels, metric.labels.iter().copied().collect(), "{sample}");
    }
}

#[test]
fn a_turn_is_counted_with_its_tokens_and_refusals() {
    let text = rendered();
    for line in [
        "warmdesk_model_tokens_total{kind=\"prompt\"} 212",
        "warmdesk_model_tokens_total{kind=\"generated\"} 41",
        "warmdesk_guard_refusals_total{reason=\"number_not_in_evidence\"} 1",
        "warmdesk_handoffs_total{reason=\"asked_for_person\"} 1",
        "warmdesk_turns_total{outcome=\"answered\"} 1",
        "warmdesk_turn_first_sentence_seconds_bucket{le=\"0.005\"} 1",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}
