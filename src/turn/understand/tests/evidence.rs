//! The kinds of evidence one by one: nearest examples, linear models, vectors, the conversation around.

use crate::classifier::{DenseHeads, Example, FeatureOptions, TrainOptions, centred, dense_features, train};
use crate::identity::MessageId;
use crate::turn::types::{Author, PastMessage, Stage};
use crate::turn::understand::around::Around;
use crate::turn::understand::heads::{Heads, Labels, Said};
use crate::turn::understand::meant::Meant;
use crate::turn::understand::nearest::NearestExamples;
use crate::turn::understand::sense::Sense;

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
        assert_eq!((best(&read.intents), best(&read.stages)), (intent, stage), "{before}");
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
fn a_vector_speaks_for_topics_and_stages() {
    let features = dense_features(3);
    let head = |names: &[&str], near: [usize; 3]| {
        let example = |place: usize| {
            let mut vector = [0.0; 3];
            vector[place] = 1.0;
            Example::new(centred(&vector, &[0.0; 3]), near[place])
        };
        let examples: Vec<Example> = (0..30).map(|number| example(number % 3)).collect();
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        train(names, features, &examples, &TrainOptions::default()).unwrap()
    };
    let stages = Stage::ALL.map(Stage::as_str);
    let heads =
        DenseHeads::new(vec![0.0; 3], vec![head(&["price", "refund"], [0, 1, 1]), head(&stages, [0, 2, 2])]);
    let heads = DenseHeads::from_bytes(&heads.unwrap().to_bytes()).unwrap();
    let meant = Meant::of(&[0.9, 0.1, 0.0], &heads).unwrap();
    assert!(meant.topic(Some("price")) > meant.topic(Some("refund")));
    assert!(meant.topic(Some("unknown")) < meant.topic(Some("refund")) && meant.topic(None) < -6.0);
    assert_eq!(best(meant.stages()), 0);
    assert_eq!(best(Meant::of(&[0.0, 0.1, 0.9], &heads).unwrap().stages()), 2);
    assert_eq!(Meant::of(&[1.0], &heads), None, "another embedder's vector");
    let one = DenseHeads::new(vec![0.0; 3], vec![head(&["price", "refund"], [0, 1, 1])]).unwrap();
    assert_eq!(Meant::of(&[1.0, 0.0, 0.0], &one), None, "a head is missing");
}

#[test]
fn mere_sounds_and_keys_have_no_sense() {
    let sense = Sense::new(["包裹到哪了", "哦哦", "我的快递还没收到"].into_iter());
    let check = |text: &str, language: bool| assert_eq!(sense.of(text) > 0.5, language, "{text}");
    for text in ["我的包裹到哪里了", "哦哦", "退", "where is my order", "iphone15", "123", "", "?", "ok"]
    {
        check(text, true);
    }
    for text in ["阿斯蒂芬", "哦哦咯咯", "asdfgh", "qwer", "lkjh", "sdfkjh dfgkjh"] {
        check(text, false);
    }
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
