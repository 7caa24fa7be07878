use super::*;
use crate::classifier::{DenseHeads, emotion_model, polarity_model, understanding_heads};
use crate::pack::types::TOPICS;
use crate::turn::types::Stage;
use crate::turn::understand::LabelledExample;

/// A small set of its own kind: words that tell and words that do not, in every combination of them.
fn rows(telling: &[(&str, &[&str])], shape: fn(&str, &str) -> String) -> Vec<String> {
    let filling = ["东西", "快递", "包装", "颜色", "客服", "大小", "味道", "价格", "做工", "屏幕"];
    let mut rows = Vec::new();
    for (label, words) in telling {
        for word in *words {
            rows.extend(filling.iter().map(|filling| shape(&format!("{filling}{word}"), label)));
        }
    }
    rows
}

fn files(recipe: Recipe) -> Vec<DataFile> {
    let content = |number: usize| match recipe {
        Recipe::Polarity => rows(
            &[("0", &["太差", "不好", "坏了", "难用"]), ("1", &["很好", "喜欢", "不错", "满意"])],
            if number == 0 {
                |text, label| format!("{{\"text\": \"{text}\", \"label\": {label}}}")
            } else {
                |text, label| format!("{{\"sentence\": \"这个{text}\", \"label\": \"{label}\"}}")
            },
        )
        .join("\n"),
        Recipe::Emotion => {
            let list = rows(
                &[
                    ("angry", &["气死了", "滚"]),
                    ("fear", &["好怕", "担心"]),
                    ("happy", &["真开心", "哈哈"]),
                    ("neutral", &["如图", "见附件"]),
                    ("sad", &["难过", "想哭"]),
                    ("surprise", &["居然", "没想到"]),
                ],
                |text, label| format!("{{\"content\": \"{text}\", \"label\": \"{label}\"}}"),
            );
            format!("[{}]", list.join(","))
        }
    };
    recipe
        .files()
        .iter()
        .enumerate()
        .map(|(number, name)| DataFile { name, content: content(number) })
        .collect()
}

#[test]
fn the_same_data_give_the_same_bytes_and_a_model_that_works() {
    let check = |recipe: Recipe, text: &str, expected: &str| {
        let trained = recipe.train(&files(recipe)).unwrap();
        assert_eq!(trained, recipe.train(&files(recipe)).unwrap(), "{recipe:?} is not reproducible");
        assert_eq!(trained.card.size, trained.bytes.len());
        assert!(trained.card.scores.accuracy > 0.8, "{:?}", trained.card);
        let model = LinearModel::from_bytes(&trained.bytes).unwrap();
        assert_eq!(model.classes()[best(&model.read(&spelling(text)))], expected, "{text}");
    };
    check(Recipe::Polarity, "鞋子很好我喜欢", "positive");
    check(Recipe::Emotion, "居然没想到", "surprise");
}

#[test]
fn no_text_is_trained_with_twice_and_a_tenth_never() {
    let mut files = files(Recipe::Polarity);
    let card = Recipe::Polarity.train(&files).unwrap().card;
    let all = files[0].content.lines().count();
    assert_eq!(card.data[0].rows, all);
    assert_eq!(
        card.data[0].trained + card.scores.n,
        all,
        "the held-out tenth is measured with, the rest learned"
    );
    // The second and the third file hold the same texts: they stay in the one that is only measured with.
    assert_eq!((card.data[1].trained, card.data[2].trained), (0, 0));
    let doubled = files[0].content.replace("\"text\": \"", "\"text\": \"  ") + "\n" + &files[0].content;
    files[0].content = doubled;
    let again = Recipe::Polarity.train(&files).unwrap();
    assert_eq!(again.card.data[0].trained, card.data[0].trained);
}

#[test]
fn bad_data_are_refused_with_file_and_row() {
    let check = |recipe: Recipe, content: &str, expected: &str| {
        let mut files = files(recipe);
        files[0].content = content.to_owned();
        let error = recipe.train(&files).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(Recipe::Polarity, "{\"text\": \"a\"}", "shopping_reviews.jsonl: row 1");
    check(Recipe::Polarity, "", "at least 20");
    check(
        Recipe::Emotion,
        r#"[{"content": "a", "label": "joy"}]"#,
        "usual_eval_labeled.json: row 1: there is no emotion",
    );
    check(Recipe::Emotion, "[{]", "usual_eval_labeled.json: row 1");
}

#[test]
fn what_comes_with_the_program_is_what_its_cards_say() {
    let check = |recipe: Recipe, model: Option<&LinearModel>, bytes: &[u8], card: &str| {
        let card: Card = toml::from_str(card).unwrap();
        let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(card.sha256, digest, "{}", recipe.name());
        let model = model.expect("the classifier inside the program reads");
        assert_eq!(card.classes, model.classes());
        assert_eq!((card.name.as_str(), card.kind.as_str()), (recipe.name(), "classifier"));
        assert!(card.data.iter().map(|source| source.file.as_str()).eq(recipe.files().iter().copied()));
        bytes.len()
    };
    let polarity = check(
        Recipe::Polarity,
        polarity_model(),
        include_bytes!("../../../models/polarity.bin"),
        include_str!("../../../models/polarity.toml"),
    );
    let emotion = check(
        Recipe::Emotion,
        emotion_model(),
        include_bytes!("../../../models/emotion.bin"),
        include_str!("../../../models/emotion.toml"),
    );
    assert!(polarity + emotion <= 3 << 20, "{polarity} + {emotion} bytes");
}

/// Examples of two topics, each near a direction of its own.
fn embedded_pack() -> EmbeddedPack {
    let example = |number: usize| {
        let refund = number.is_multiple_of(2);
        let (topic, stage) = if refund { ("refund", Stage::AfterSale) } else { ("price", Stage::PreSale) };
        let mut vector = vec![0.5, 0.5, 0.01 * (number % 7) as f32];
        vector[usize::from(!refund)] += 0.4;
        let text = format!("{topic} {number}");
        (LabelledExample { text, topic: topic.to_owned(), stage: Some(stage) }, vector)
    };
    EmbeddedPack { folder: "prompts/zh-CN".to_owned(), examples: (0..60).map(example).collect() }
}

#[test]
fn heads_over_vectors_are_reproducible_and_work() {
    let packs = [embedded_pack()];
    let trained = train_understanding(&packs, "an embedder").unwrap();
    assert_eq!(trained, train_understanding(&packs, "an embedder").unwrap());
    assert!(trained.card.scores.accuracy > 0.9, "{:?}", trained.card);
    let heads = DenseHeads::from_bytes(&trained.bytes).unwrap();
    let read = heads.read(&[0.9, 0.5, 0.0]).unwrap();
    let [topics, stages] = heads.heads() else { panic!("{HEADS:?}") };
    assert_eq!(topics.classes()[best(&read[0])], "refund");
    assert_eq!(stages.classes()[best(&read[1])], "after_sale");
    let few = EmbeddedPack { examples: packs[0].examples[..5].to_vec(), ..embedded_pack() };
    let error = train_understanding(&[few], "an embedder").unwrap_err().to_string();
    assert!(error.contains("at least 20"), "{error}");
    let mut mixed = embedded_pack();
    mixed.examples[3].1.push(1.0);
    assert!(train_understanding(&[mixed], "two embedders").is_err());
}

#[test]
fn a_damaged_file_of_heads_is_refused() {
    let bytes = train_understanding(&[embedded_pack()], "an embedder").unwrap().bytes;
    let check = |bytes: &[u8], expected: &str| {
        let error = DenseHeads::from_bytes(bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(b"WARMLIN\0", "not a classifier");
    check(&bytes[..bytes.len() - 1], "checksum");
    let mut changed = bytes.clone();
    changed[20] ^= 1;
    check(&changed, "checksum");
    let mut newer = bytes[..bytes.len() - 32].to_vec();
    newer[8] = 9;
    newer.extend(Sha256::digest(newer.clone()));
    check(&newer, "format 9");
    let mut short = bytes[..40].to_vec();
    short.extend(Sha256::digest(short.clone()));
    assert!(DenseHeads::from_bytes(&short).is_err());
}

#[test]
fn the_heads_inside_the_program_are_what_their_card_says() {
    let bytes = include_bytes!("../../../models/understanding.bin");
    let card: Card = toml::from_str(include_str!("../../../models/understanding.toml")).unwrap();
    let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((card.sha256.as_str(), card.name.as_str()), (digest.as_str(), UNDERSTANDING));
    let heads = understanding_heads().expect("the heads inside the program read");
    let classes: Vec<&str> =
        heads.heads().iter().flat_map(|head| head.classes()).map(String::as_str).collect();
    assert_eq!(card.classes, classes);
    assert!(TOPICS.iter().chain(&Stage::ALL.map(Stage::as_str)).eq(&classes));
    assert!(bytes.len() <= 1 << 20, "{} bytes", bytes.len());
}
