//! The kinds of evidence one by one: nearest examples, linear models, vectors, the conversation around.

use crate::classifier::FeatureOptions;
use crate::identity::MessageId;
use crate::turn::types::{Author, PastMessage};
use crate::turn::understand::around::Around;
use crate::turn::understand::dense::{DenseExamples, StoredVectors};
use crate::turn::understand::heads::{Heads, Labels, Said};
use crate::turn::understand::nearest::NearestExamples;

fn alone(text: &str) -> Said<'_> {
    Said { text, ..Said::default() }
}

fn best(shares: &[f32]) -> usize {
    (0..shares.len()).max_by(|left, right| shares[*left].total_cmp(&shares[*right])).unwrap()
}

#[test]
fn the_nearest_example_is_named() {
    let examples = [(0, "包裹到哪了"), (0, "快递怎么还没到"), (1, "可以开发票吗")];
    let index = NearestExamples::new(2, examples.map(|(intent, text)| (intent, text.to_owned())));
    let scores = index.scores("发票可以开吗");
    assert!(scores[1].score > scores[0].score);
    assert_eq!(index.example(scores[1]), Some("可以开发票吗"));
    let scores = index.scores("测不准原理");
    assert!(scores.iter().all(|score| score.score == 0.0 && index.example(*score).is_none()));
}

#[test]
fn what_was_said_before_decides_what_a_fragment_means() {
    let label = |intent, stage| Labels { intent, topic: intent, stage: Some(stage) };
    let after =
        |customer: &'static str, text: &'static str| Said { text, customer: Some(customer), seller: None };
    let examples = [
        (alone("退款几天到账"), label(0, 2)),
        (alone("我的退款到哪了"), label(0, 2)),
        (alone("现在拍几天能到"), label(1, 0)),
        (alone("发到北京要几天"), label(1, 0)),
        (after("我退的钱退了吗", "要多久"), label(0, 2)),
        (after("退款申请了没", "还要几天"), label(0, 2)),
        (after("拍下来发什么快递", "要多久"), label(1, 0)),
        (after("发到上海吗", "还要几天"), label(1, 0)),
    ];
    let heads = Heads::train(&examples, [2, 2, 4]);
    let check = |before: &'static str, intent: usize, stage: usize| {
        let read = heads.read(after(before, "大概要多久呢"));
        assert_eq!(
            (best(&read.intents), best(&read.topics), best(&read.stages)),
            (intent, intent, stage),
            "{before}"
        );
    };
    check("我的退款还没收到", 0, 2);
    check("能发到广州吗", 1, 0);
    assert!(heads.read(alone("退款")).familiarity > heads.read(alone("量子力学")).familiarity);
}

#[test]
fn a_pack_with_nothing_to_tell_apart_has_no_models() {
    let heads = Heads::train(&[], [0, 0, 4]);
    let read = heads.read(alone("在吗"));
    assert!(read.intents.is_empty() && read.topics.is_empty() && heads.stages("在吗").is_empty());
}

#[test]
fn vectors_survive_their_file() {
    let mut stored = StoredVectors::default();
    stored.insert("到哪了", &[0.6, -0.8, 0.0]);
    stored.insert("开发票", &[0.0, 0.1, 0.99]);
    stored.insert("短了", &[1.0]);
    let bytes = stored.to_bytes();
    let read = StoredVectors::from_bytes(&bytes).unwrap();
    assert_eq!(read.len(), 2);
    let near =
        |left: &[f32], right: &[f32]| left.iter().zip(right).all(|(left, right)| (left - right).abs() < 0.01);
    assert!(near(read.get("到哪了").unwrap(), &[0.6, -0.8, 0.0]));
    assert!(near(read.get("开发票").unwrap(), &[0.0, 0.1, 0.99]));
    assert!(read.get("别的").is_none());
    for broken in [&bytes[..bytes.len() - 1], b"", b"WDVECT01", b"WDVECT02\0\0\0\0\0\0\0\0"] {
        assert!(StoredVectors::from_bytes(broken).is_none());
    }
    let mut huge = b"WDVECT01".to_vec();
    huge.extend([0xff; 8]);
    assert!(StoredVectors::from_bytes(&huge).is_none());
}

#[test]
fn vectors_speak_for_the_intent_of_the_nearest() {
    let vectors: [(usize, &[f32]); 4] =
        [(0, &[1.0, 0.1, 0.0]), (0, &[0.9, 0.2, 0.0]), (1, &[0.1, 1.0, 0.0]), (1, &[0.0, 0.9, 0.1])];
    let dense = DenseExamples::new(&vectors).unwrap();
    let evidence = dense.evidence(&[0.95, 0.1, 0.05], 3);
    assert!(evidence[0] > evidence[1] && evidence[1] >= evidence[2]);
    assert_eq!(dense.evidence(&[1.0], 3), [0.0; 3]);
    assert!(DenseExamples::new(&[]).is_none());
    assert!(DenseExamples::new(&[(0, &[1.0, 0.0]), (1, &[1.0])]).is_none());
}

#[test]
fn the_conversation_around_a_message() {
    let message = |author: Author, text: &str| PastMessage {
        id: MessageId::generate(),
        author,
        text: text.into(),
        at: jiff::Timestamp::UNIX_EPOCH,
    };
    let history = [
        message(Author::Customer, "有粉色嗎"),
        message(Author::Assistant, "有的"),
        message(Author::Customer, "好"),
        message(Author::Staff, "拍下今天發"),
    ];
    let around = Around::of(&history);
    assert_eq!((around.customer(), around.seller()), (Some("好"), Some("拍下今天发")));
    assert_eq!(around.latest().count(), 4);
    assert!(Around::of(&[]).is_empty());
}

#[test]
fn parts_count_by_their_share() {
    let options = FeatureOptions::default();
    let (left, right) = (options.groups("包邮"), options.groups("退款"));
    let whole = options.weigh_parts(vec![(left.clone(), 1.0), (right, 0.0)]);
    let own = options.weigh(left);
    let square: f32 = whole.entries().iter().map(|(_, weight)| weight * weight).sum();
    assert!((square - 1.0).abs() < 1e-5);
    assert!(own.entries().iter().all(|entry| whole.entries().contains(entry)));
}
