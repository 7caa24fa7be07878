use serde_json::json;

use super::{Prediction, Row, Stage, Understanding, evaluate, score};
use crate::turn::types::{EmotionLabel, HandoffReason};
use crate::turn::understand::Reader;
use crate::turn::understand::tests::{now, small_pack};

fn rows() -> Vec<Row> {
    let row = |id: &str, labels: serde_json::Value| {
        let mut row = json!({"id": id, "source": "invented", "context": [], "text": "我的快递到哪了", "stage": "after_sale"});
        row.as_object_mut().unwrap().extend(labels.as_object().unwrap().clone());
        serde_json::from_value(row).unwrap()
    };
    vec![
        row("1", json!({"topic": "logistics", "emotion": "anxious", "negative": true, "handoff": null})),
        row(
            "2",
            json!({"topic": "returns", "topic_also": "refund", "emotion": "angry", "emotion_also": "dissatisfied", "negative": true, "handoff": "strong_words"}),
        ),
        row(
            "3",
            json!({"topic": "price", "emotion": "calm", "negative": false, "handoff": "asked_for_person"}),
        ),
        row("4", json!({"topic": "stock", "emotion": "calm", "negative": false, "handoff": null})),
    ]
}

fn prediction(id: &str, topic: Option<&str>, emotion: EmotionLabel, confidence: f32) -> Prediction {
    Prediction {
        id: id.into(),
        topic: topic.map(Into::into),
        stage: topic.map(|_| Stage::AfterSale),
        emotion,
        negative: emotion.is_negative(),
        handoff: None,
        confidence,
        abstained: topic.is_none(),
    }
}

#[test]
fn scores_are_counted_by_hand() {
    let mut predictions = vec![
        prediction("1", Some("logistics"), EmotionLabel::Anxious, 0.9),
        prediction("2", Some("refund"), EmotionLabel::Dissatisfied, 0.8),
        prediction("3", Some("stock"), EmotionLabel::Angry, 0.4),
        prediction("4", None, EmotionLabel::Calm, 0.0),
    ];
    predictions[1].handoff = Some(HandoffReason::ComplexAfterSale);
    predictions[3].handoff = Some(HandoffReason::StrongWords);
    let report = score(&rows(), &predictions);
    let close = |got: f64, expected: f64| assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
    close(report.abstained, 0.25);
    close(report.topic.accuracy, 0.25);
    close(report.topic.lenient, 0.5);
    close(report.topic.answered, 2.0 / 3.0);
    close(report.stage.accuracy, 0.75);
    close(report.stage.answered, 1.0);
    close(report.emotion.accuracy, 0.5);
    close(report.emotion.lenient, 0.75);
    // anxious 1, angry 0 (one found, none right), calm 2/3: one of two found.
    close(report.emotion.macro_f1, (1.0 + 0.0 + 2.0 / 3.0) / 3.0);
    close(report.negative.precision, 2.0 / 3.0);
    close(report.negative.recall, 1.0);
    close(report.handoff.precision, 0.5);
    close(report.handoff.recall, 0.5);
    close(report.handoff.right_reason, 0.0);
    // Bins 0.9 (right), 0.8 (right) and 0.4 (wrong), one row each.
    close(report.calibration_error, (0.1 + 0.2 + 0.4) / 3.0);
    assert_eq!(report.confusions.len(), 2);
}

#[test]
fn nothing_to_score_gives_no_share_of_nothing() {
    let report = score(&[], &[]);
    assert_eq!((report.n, report.topic.accuracy, report.calibration_error), (0, 0.0, 0.0));
}

#[test]
fn rows_are_read_as_turns() {
    let pack = small_pack();
    let reader = Reader::new(&pack);
    let (report, predictions) =
        evaluate(&rows(), &Understanding { pack: &pack, reader: &reader, now: &now(), embedder: None });
    assert_eq!(report.n, 4);
    // The small pack has intents and no scenarios, so a reading has a confidence and no topic.
    assert!(predictions.iter().all(|prediction| prediction.topic.is_none() && !prediction.abstained));
}
