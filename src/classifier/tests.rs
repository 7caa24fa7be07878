use proptest::collection::vec;
use proptest::prelude::*;

use super::arithmetic::{exponential, logarithm};
use super::*;

/// Three classes that share most of their characters.
const TEXTS: [(&str, usize); 12] = [
    ("什么时候发货", 0),
    ("今天能发货吗", 0),
    ("还没发货呢", 0),
    ("付款了怎么不发货", 0),
    ("什么时候到", 1),
    ("快递到哪了", 1),
    ("包裹今天能到吗", 1),
    ("物流怎么不动", 1),
    ("什么时候退款", 2),
    ("钱退到哪了", 2),
    ("退款今天能到吗", 2),
    ("退款怎么没到", 2),
];

fn options() -> FeatureOptions {
    FeatureOptions { bits: 12, ..FeatureOptions::default() }
}

fn classes() -> Vec<String> {
    ["dispatch", "logistics", "refund"].map(str::to_owned).to_vec()
}

fn examples(features: FeatureOptions) -> Vec<Example> {
    TEXTS.iter().map(|(text, class)| Example::new(features.extract(text), *class)).collect()
}

fn trained(features: FeatureOptions, options: &TrainOptions) -> LinearModel {
    train(classes(), features, &examples(features), options).unwrap()
}

fn best(probabilities: &[f32]) -> usize {
    (0..probabilities.len()).max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b])).unwrap()
}

#[test]
fn functions_agree_with_the_systems_own() {
    for step in -600..600 {
        let x = f64::from(step) * 1.137;
        let expected = x.clamp(-700.0, 700.0).exp();
        assert!((exponential(x) - expected).abs() <= expected * 1e-12, "e^{x}");
        let y = expected.max(1e-290);
        assert!((logarithm(y) - y.ln()).abs() <= 1e-12 * y.ln().abs().max(1.0), "ln {y}");
    }
}

#[test]
fn learns_and_carries_over_to_new_texts() {
    let check = |features: FeatureOptions, training: TrainOptions| {
        let model = trained(features, &training);
        for (text, class) in TEXTS {
            assert_eq!(best(&model.read(text)), class, "{text} with {features:?} {training:?}");
        }
        for (text, class) in [("怎么还不发货", 0), ("快递什么时候能到", 1), ("我的退款呢", 2)]
        {
            assert_eq!(best(&model.read(text)), class, "{text} with {features:?} {training:?}");
            assert_eq!(best(&model.clone().quantised().read(text)), class, "{text}, quantised");
        }
    };
    check(options(), TrainOptions::default());
    check(
        FeatureOptions { boundaries: false, counting: Counting::Binary, ..options() },
        TrainOptions::default(),
    );
    check(FeatureOptions { signed: true, bits: 10, ..options() }, TrainOptions::default());
    check(options(), TrainOptions { rarity: false, balance: 1.0, ..TrainOptions::default() });
}

#[test]
fn a_steady_order_hangs_on_what_examples_say_and_not_on_where_they_stand() {
    let backwards = |steady: bool| {
        let training = TrainOptions { steady, ..TrainOptions::default() };
        let mut turned = examples(options());
        turned.reverse();
        let turned = train(classes(), options(), &turned, &training).unwrap();
        turned.to_bytes() == trained(options(), &training).to_bytes()
    };
    assert!(backwards(true), "the same examples teach the same");
    assert!(!backwards(false), "or this could not fail");
}

#[test]
fn weights_of_examples_and_classes_move_the_balance() {
    let features = options();
    let mut examples = examples(features);
    // The same text in two classes: only its weight decides.
    examples.push(Example { weight: 1.0, ..Example::new(features.extract("在吗"), 0) });
    examples.push(Example { weight: 5.0, ..Example::new(features.extract("在吗"), 1) });
    let model = train(classes(), features, &examples, &TrainOptions::default()).unwrap();
    assert_eq!(best(&model.read("在吗")), 1);
    let uneven: Vec<Example> = examples.iter().filter(|one| one.class != 2).cloned().collect();
    let mut uneven = uneven;
    uneven.push(Example::new(features.extract("退款"), 2));
    let share = |balance| {
        let training = TrainOptions { balance, ..TrainOptions::default() };
        train(classes(), features, &uneven, &training).unwrap().read("你好")[2]
    };
    assert!(share(1.0) > share(0.0));
}

#[test]
fn features_have_length_one_and_stand_in_order() {
    let check = |features: FeatureOptions, text: &str, expected: usize| {
        let read = features.extract(text);
        assert_eq!(read.entries().len(), expected, "{text:?}");
        assert!(read.entries().windows(2).all(|pair| pair[0].0 < pair[1].0), "{text:?}");
        let square: f32 = read.entries().iter().map(|(_, weight)| weight * weight).sum();
        assert!(expected == 0 || (square - 1.0).abs() < 1e-5, "{text:?}: {square}");
    };
    let wide = FeatureOptions { bits: 22, boundaries: false, ..FeatureOptions::default() };
    check(wide, "", 0);
    check(wide, "退", 1);
    check(wide, "退款", 3);
    check(wide, "退款吗", 6);
    check(wide, "退退退", 3);
    check(FeatureOptions { shortest: 2, longest: 2, ..wide }, "退款吗", 2);
    check(FeatureOptions { boundaries: true, ..wide }, "退", 4);
}

#[test]
fn familiarity_tells_known_texts_from_strange_ones() {
    let model = trained(options(), &TrainOptions::default());
    let known = model.familiarity(&model.features().extract("什么时候发货"));
    let strange = model.familiarity(&model.features().extract("αβγδεζηθ"));
    assert!(known > 0.99 && strange < 0.3, "{known} {strange}");
}

#[test]
fn the_temperature_makes_probabilities_honest() {
    // Right in three of four cases whatever the score: the probability has to become three quarters.
    let scores: Vec<Vec<f32>> = (0..40).map(|_| vec![6.0, 0.0]).collect();
    let gold: Vec<usize> = (0..40).map(|number| usize::from(number % 4 == 0)).collect();
    let temperature = fit_temperature(&scores, &gold);
    assert!((temperature - 6.0 / 3.0_f32.ln()).abs() < 0.01, "{temperature}");
    assert_eq!(fit_temperature(&[], &[]), 1.0);
    assert!(trained(options(), &TrainOptions::default()).with_temperature(0.0).is_err());
}

#[test]
fn left_out_examples_are_scored_by_models_without_them() {
    let features = options();
    let examples = examples(features);
    let folds: Vec<usize> = (0..examples.len()).map(|number| number % 4).collect();
    let training = TrainOptions::default();
    let scores = out_of_fold(&classes(), features, &examples, &training, &folds).unwrap();
    let rest: Vec<Example> =
        examples.iter().zip(&folds).filter(|(_, fold)| **fold != 1).map(|(one, _)| one.clone()).collect();
    let alone = train(classes(), features, &rest, &training).unwrap();
    assert_eq!(scores[5], alone.scores(&examples[5].features));
    assert!(out_of_fold(&classes(), features, &examples, &training, &[0]).is_err());
}

#[test]
fn bad_input_is_refused() {
    let features = options();
    let good = examples(features);
    let check = |classes: Vec<String>, features, examples: &[Example], training, expected: &str| {
        let error = train(classes, features, examples, &training).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let training = TrainOptions::default();
    check(vec!["one".into()], features, &good, training, "2 to 1000 classes");
    check(classes(), features, &[], training, "no examples");
    check(classes(), FeatureOptions { bits: 30, ..features }, &good, training, "bits must be");
    check(classes(), FeatureOptions { shortest: 0, ..features }, &good, training, "1 to 8 characters");
    check(classes(), FeatureOptions { bits: 8, ..features }, &good, training, "made with other options");
    check(classes(), features, &good, TrainOptions { rate: f32::NAN, ..training }, "rate must be");
    let stray = vec![Example::new(features.extract("在"), 3)];
    check(classes(), features, &stray, training, "example 0: its class");
    let heavy = vec![Example { weight: f32::INFINITY, ..Example::new(features.extract("在"), 0) }];
    check(classes(), features, &heavy, training, "example 0: its weight");
}

#[test]
fn broken_files_are_refused_with_a_reason() {
    let bytes = trained(options(), &TrainOptions::default()).to_bytes();
    assert_eq!(LinearModel::from_bytes(b""), Err(ClassifierError::NotAModel));
    assert_eq!(LinearModel::from_bytes(b"GGUF\0\0\0\0\0\0"), Err(ClassifierError::NotAModel));
    let mut newer = bytes.clone();
    newer[8] = 9;
    assert_eq!(LinearModel::from_bytes(&newer), Err(ClassifierError::Version { found: 9, known: 1 }));
    assert_eq!(LinearModel::from_bytes(&bytes[..bytes.len() - 1]), Err(ClassifierError::Checksum));
    // A checksum over nonsense is right, and the nonsense is still found.
    use sha2::{Digest, Sha256};
    let mut content = bytes[..40].to_vec();
    content.extend(Sha256::digest(&content));
    assert!(matches!(LinearModel::from_bytes(&content), Err(ClassifierError::Field { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_same_examples_give_the_same_bytes_which_read_back(
        texts in vec(("[a-d退款发货]{0,12}", 0..3_usize, 0.1..2.0_f32), 1..20),
        seed in any::<u64>(),
        signed in any::<bool>(),
    ) {
        let features = FeatureOptions { bits: 8, signed, ..FeatureOptions::default() };
        let examples: Vec<Example> = texts
            .iter()
            .map(|(text, class, weight)| Example { features: features.extract(text), class: *class, weight: *weight })
            .collect();
        let training = TrainOptions { epochs: 3, seed, ..TrainOptions::default() };
        let first = train(classes(), features, &examples, &training).unwrap();
        let second = train(classes(), features, &examples, &training).unwrap();
        prop_assert_eq!(first.to_bytes(), second.to_bytes());
        let back = LinearModel::from_bytes(&first.to_bytes()).unwrap();
        prop_assert_eq!(&back, &first.clone().quantised());
        prop_assert_eq!(back.to_bytes(), first.to_bytes());
        for (text, _, _) in &texts {
            let exact = first.read(text);
            prop_assert!((exact.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            for (exact, small) in exact.iter().zip(back.read(text)) {
                prop_assert!((exact - small).abs() < 0.06, "{} {}", exact, small);
            }
        }
    }

    #[test]
    fn any_text_has_probabilities(text in "\\PC{0,80}") {
        let model = trained(options(), &TrainOptions { epochs: 2, ..TrainOptions::default() });
        let read = model.read(&text);
        prop_assert!(read.iter().all(|one| (0.0..=1.0).contains(one)));
        prop_assert!((read.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }

    #[test]
    fn a_changed_byte_is_noticed(at in any::<prop::sample::Index>(), change in 1..=255_u8) {
        let mut bytes = trained(options(), &TrainOptions { epochs: 1, ..TrainOptions::default() }).to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        prop_assert!(LinearModel::from_bytes(&bytes).is_err());
    }
}
