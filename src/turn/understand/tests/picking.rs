//! Which of two named guesses an answer picks, and what a vector adds to the words.

use std::sync::Arc;

use super::*;
use crate::classifier::{DenseHeads, Example, TrainOptions, centred, dense_features, train};
use crate::model::Vector;
use crate::pack::load::{PackFiles, load};
use crate::pack::types::TOPICS;
use crate::turn::types::{Pending, Stage};
use crate::turn::understand::pick::picked;

fn shipped(language: &str) -> Pack {
    load(&PackFiles::embedded(language).unwrap()).unwrap().pack
}

fn asked(text: &str, guesses: [&str; 2]) -> TurnInput {
    let mut input = input(text);
    let guesses = guesses.map(str::to_owned).to_vec();
    input.memory.pending = Some(Pending::Clarify { guesses, question: "那个黑的怎么说".into() });
    input
}

#[test]
fn a_short_answer_picks_a_guess() {
    let pack = shipped("zh-CN");
    let check = |text: &str, intent: Option<&str>| {
        let input = asked(text, ["size_recommend", "dispatch_when"]);
        let picked = picked(&text.to_lowercase(), &input, &pack);
        let found = picked.as_ref().map(|picked| picked.understood.intents[0].intent.as_str());
        assert_eq!(found, intent, "{text}");
        if let Some(picked) = picked {
            assert!(picked.question.starts_with("那个黑的怎么说,"), "{}", picked.question);
            assert!(picked.understood.matter.is_some());
        }
    };
    for text in ["选什么码", "什么码", "第一个", "1", "一", "①", "前者", "前面那个吧", "是第1个"]
    {
        check(text, Some("size_recommend"));
    }
    for text in ["发货", "问发货时间", "第二个", "2", "后者", "就后面那个"] {
        check(text, Some("dispatch_when"));
    }
    for text in ["都不是", "3", "第三个", "好的", "有没有优惠券可以领我想买两件", "", "？"]
    {
        check(text, None);
    }
}

#[test]
fn english_answers_pick_too() {
    let pack = shipped("en");
    let check = |text: &str, intent: Option<&str>| {
        let picked = picked(&text.to_lowercase(), &asked(text, ["shipping_fee", "want_return"]), &pack);
        assert_eq!(
            picked.map(|picked| picked.understood.intents[0].intent.clone()).as_deref(),
            intent,
            "{text}"
        );
    };
    check("shipping cost", Some("shipping_fee"));
    check("the second one", Some("want_return"));
    check("First", Some("shipping_fee"));
    check("a return", Some("want_return"));
    check("neither", None);
}

#[test]
fn nothing_is_picked_where_nothing_was_asked() {
    let pack = shipped("zh-CN");
    assert!(picked("第一个", &input("第一个"), &pack).is_none());
    let gone = asked("第一个", ["an_intent_of_an_older_pack", "dispatch_when"]);
    assert!(picked("第一个", &gone, &pack).is_none());
}

/// Heads that take the first place of a vector for a refund after the sale, and the second for a price before it.
fn heads() -> Arc<DenseHeads> {
    let example = |place: usize, class: usize| {
        let mut vector = [0.0; 4];
        vector[place] = 1.0;
        Example::new(centred(&vector, &[0.0; 4]), class)
    };
    let head = |names: Vec<String>, classes: [usize; 2]| {
        let examples: Vec<Example> = (0..40).map(|number| example(number % 2, classes[number % 2])).collect();
        train(names, dense_features(4), &examples, &TrainOptions::default()).unwrap()
    };
    let topic = |name: &str| TOPICS.iter().position(|known| *known == name).unwrap();
    let topics = head(TOPICS.map(str::to_owned).to_vec(), [topic("refund"), topic("price")]);
    let stages = head(Stage::ALL.map(|stage| stage.as_str().to_owned()).to_vec(), [2, 0]);
    Arc::new(DenseHeads::new(vec![0.0; 4], vec![topics, stages]).unwrap())
}

#[test]
fn a_vector_decides_what_words_leave_open() {
    let pack = shipped("zh-CN");
    let reader = Reader::new(&pack).with_heads(heads());
    let read_with = |vector: Option<Vec<f32>>| {
        let input = TurnInput { vector: vector.map(Vector::normalised), ..input("多少") };
        assert_eq!(
            serde_json::to_value(read(&input, &pack, &reader)).unwrap(),
            serde_json::to_value(read(&input, &pack, &reader)).unwrap(),
            "reading is pure"
        );
        read(&input, &pack, &reader).matter.unwrap()
    };
    let (refund, price) =
        (read_with(Some(vec![1.0, 0.0, 0.0, 0.0])), read_with(Some(vec![0.0, 1.0, 0.0, 0.0])));
    assert_eq!((price.topic.as_str(), price.stage), ("price", Stage::PreSale));
    assert!(refund.topic == "refund" || refund.confidence < price.confidence);
    assert_eq!(read_with(None), read_with(Some(vec![1.0, 0.0])), "another embedder's vector says nothing");
}
