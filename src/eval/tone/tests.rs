use super::*;
use crate::classifier::recipes::read_labelled;
use crate::classifier::{emotion_model, polarity_model};
use crate::turn::understand::tests::lexicon;

fn read(label: &str, predicted: &str) -> Read {
    Read { id: "1".into(), label: label.into(), predicted: predicted.into(), confidence: 0.5 }
}

#[test]
fn scores_follow_their_definitions() {
    let each =
        [read("a", "a"), read("a", "a"), read("a", "b"), read("b", "b"), read("b", "a"), read("c", "a")];
    let report = score(&each);
    assert_eq!((report.n, report.accuracy), (6, 0.5));
    let a = report.by_label["a"];
    assert_eq!((a.n, a.precision, a.recall), (3, 0.5, 2.0 / 3.0));
    assert!((a.f1 - 4.0 / 7.0).abs() < 1e-12);
    assert_eq!(report.by_label["c"].f1, 0.0);
    assert!((report.macro_f1 - (4.0 / 7.0 + 0.5) / 3.0).abs() < 1e-12);
    assert_eq!(report.confusion["a"]["b"], 1);
    assert_eq!(score(&[]).macro_f1, 0.0);
}

#[test]
fn every_form_of_a_labelled_file_is_read() {
    let check = |content: &str, expected: &str| {
        let rows = read_labelled("file", content).unwrap();
        assert_eq!(format!("{} {} {}", rows[0].id, rows[0].text, rows[0].label), expected);
    };
    check(r#"{"id": "x", "text": "好", "label": "positive"}"#, "x 好 positive");
    check(r#"{"id": 7, "sentence": "好", "label": "Positive"}"#, "7 好 Positive");
    check(r#"{"category": "书", "label": 1, "text": "好"}"#, "1 好 1");
    check(r#"[{"id": 3, "content": "好", "label": "happy"}]"#, "3 好 happy");
    let error =
        read_labelled("file", "{\"text\": \"a\", \"label\": 1}\n\n{\"text\": 3, \"label\": 1}").unwrap_err();
    assert_eq!((error.file.as_str(), error.row), ("file", 3));
}

#[test]
fn plain_texts_are_read_and_strange_labels_refused() {
    let rows = |label_one: &str, label_two: &str| {
        [("很好用，非常满意，下次还来", label_one), ("太差了，用了两天就坏，再也不买了", label_two)]
            .map(|(text, label)| LabelledText { id: "1".into(), text: text.into(), label: label.into() })
    };
    let model = polarity_model().unwrap();
    let (report, each) = polarity(&rows("1", "0"), model, false).unwrap();
    assert_eq!(report.accuracy, 1.0, "{each:?}");
    assert!(each.iter().all(|read| read.confidence > 0.8), "{each:?}");
    let error = polarity(&rows("1", "meh"), model, false).unwrap_err().to_string();
    assert!(error.contains("row 2") && error.contains("meh"), "{error}");
    let reader = EmotionReader::new(&lexicon("zh-CN"));
    let by_emotion = |one: &str, two: &str| emotion(&rows(one, two), emotion_model().unwrap(), &reader);
    let six = by_emotion("happy", "angry").unwrap();
    assert!(six.1.iter().all(|read| EMOTIONS.contains(&read.predicted.as_str())), "{six:?}");
    let eight = by_emotion("pleased", "calm").unwrap();
    assert_eq!((eight.1[0].predicted.as_str(), eight.0.accuracy), ("pleased", 0.5));
    assert!(by_emotion("pleased", "happy").unwrap_err().to_string().contains("hesitant"));
}
