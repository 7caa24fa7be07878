//! What a recording holds, and what is counted over it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::model::{
    ChatModel, GenerationRequest, Prompt, PromptMessage, PromptPart, RecordingModel, Role, Sampling,
    ScriptedModel,
};

fn request(text: &str) -> GenerationRequest {
    let part = PromptPart::Trusted(text.to_owned());
    GenerationRequest {
        prompt: Prompt { messages: vec![PromptMessage { role: Role::User, parts: vec![part] }] },
        max_tokens: 200,
        sampling: Sampling::Greedy,
        deadline: Instant::now() + Duration::from_secs(20),
    }
}

#[test]
fn all_of_a_text_is_noted_though_nobody_listens_to_its_end() {
    let whole = "可以退。运费由我们承担。三天内到账。";
    let recorder = RecordingModel::new(Arc::new(ScriptedModel::new(move |_| whole.to_owned())));
    let mut generation = recorder.generate(request("能退吗")).expect("it is ready");
    let first = generation.blocking_next();
    assert!(first.is_some());
    drop(generation);

    let recorded = recorder.take();

    assert_eq!(recorded.len(), 1);
    let recording = Recording::of(&recorded[0]);
    assert_eq!(recording.text, whole);
    assert!(recording.prompt.contains("能退吗"));
    let sentences: Vec<&str> = recording.sentences.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(sentences, ["可以退。", "运费由我们承担。", "三天内到账。"]);
    assert!(recording.sentences.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert!(recorder.take().is_empty(), "what was taken is not there again");
}

#[test]
fn what_is_written_again_comes_in_the_same_order() {
    let recording = |text: &str| Recording {
        prompt: String::new(),
        text: text.to_owned(),
        milliseconds: 0.0,
        sentences: Vec::new(),
    };
    let drafts = Drafts {
        id: "q".into(),
        question: "？".into(),
        customer: None,
        everything: true,
        model: "scripted".into(),
        drafts: vec![recording("一"), recording("二")],
    };
    let model = drafts.as_model();
    let write = || model.generate(request("")).expect("it is ready").blocking_collect().0;
    assert_eq!([write(), write(), write()], ["一", "二", ""]);
}

fn fate(wrong: Option<&str>, passed: bool, reason: Option<GuardReason>) -> Fate {
    Fate {
        text: "句".into(),
        wrong: wrong.map(str::to_owned),
        passed,
        reason,
        detail: reason.map(|_| "5".to_owned()),
    }
}

fn said(sentences: Vec<Fate>, replaced: bool) -> Said {
    Said {
        id: "q".into(),
        question: "？".into(),
        reply: vec!["句".into()],
        sentences,
        replaced,
        handoff: replaced.then_some(HandoffReason::GuardRefused),
        without: 400.0,
        with: 200.0,
        guard: 0.5,
    }
}

#[test]
fn wrong_statements_are_counted_on_both_sides() {
    let number = Some(GuardReason::NumberNotInEvidence);
    let report = Report::of(&[
        // A wrong one is kept back, and what would have followed is never written.
        said(vec![fate(Some("invented"), false, number), fate(None, false, None)], true),
        // One right, one wrong that slips through.
        said(vec![fate(Some(""), true, None), fate(Some("condition left out"), true, None)], false),
        // A right one is kept back.
        said(vec![fate(Some(""), false, number)], true),
        // Nothing was written.
        said(Vec::new(), false),
    ]);
    assert_eq!((report.questions, report.drafted, report.sentences, report.read), (4, 3, 5, 4));
    assert_eq!((report.off.statements, report.off.wrong, report.off.wrong_answers), (5, 2, 2));
    assert_eq!((report.on.statements, report.on.wrong, report.on.wrong_answers), (2, 1, 1));
    assert_eq!((report.refused, report.wrongly_refused, report.right), (2, 1, 2));
    assert_eq!((report.never_written, report.replaced, report.handoffs), (1, 2, 2));
    assert_eq!(report.by_reason.get("number_not_in_evidence"), Some(&2));
    assert_eq!((report.off.latency_ms.p50, report.on.latency_ms.p50), (Some(400.0), Some(200.0)));
}
