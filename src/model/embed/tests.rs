//! A small made-up network for the format and the arithmetic; the real one, if its weights are here, against what
//! another program computes with the same file.

use std::fs;

use serde::Deserialize;

use super::encoder::error_function;
use super::file::E5File;
use super::pieces::Pieces;
use super::{Embedder, LocalEmbedder, Purpose, ScriptedEmbedder, Vector, open_card};
use crate::model::{CacheEnvironment, embedder_card};

const PIECES: [(&str, f32); 12] = [
    ("<s>", 0.0),
    ("<pad>", 0.0),
    ("</s>", 0.0),
    ("<unk>", 0.0),
    ("\u{2581}", -2.0),
    ("a", -3.0),
    ("b", -3.5),
    ("ab", -4.0),
    ("\u{2581}ab", -7.0),
    ("奶粉", -5.0),
    ("奶", -6.0),
    ("<mask>", 0.0),
];

/// A whole file: width 32, one layer, two heads.
fn tiny() -> Vec<u8> {
    let mut file = b"E5S1".to_vec();
    for size in [1_u32, 32, 1, 2, 64, 16, 16, 2] {
        file.extend(size.to_le_bytes());
    }
    file.extend(1e-12_f32.to_le_bytes());
    file.extend(32_u32.to_le_bytes());
    for number in [12_u32, 0, 2, 1, 3] {
        file.extend(number.to_le_bytes());
    }
    let bytes: String = PIECES.iter().map(|(piece, _)| *piece).collect();
    file.extend((bytes.len() as u64).to_le_bytes());
    let mut start = 0_u32;
    for length in std::iter::once(0).chain(PIECES.iter().map(|(piece, _)| piece.len())) {
        start += u32::try_from(length).unwrap();
        file.extend(start.to_le_bytes());
    }
    PIECES.iter().for_each(|(_, score)| file.extend(score.to_le_bytes()));
    file.extend(bytes.as_bytes());
    let mut map = Vec::new();
    for (from, to) in [('\t', " "), ('½', "ab"), ('Ａ', "a")] {
        map.extend(u32::from(from).to_le_bytes());
        map.push(u8::try_from(to.chars().count()).unwrap());
        to.chars().for_each(|one| map.extend(u32::from(one).to_le_bytes()));
    }
    file.extend(3_u32.to_le_bytes());
    file.extend(u32::try_from(map.len()).unwrap().to_le_bytes());
    file.extend(map);
    with_tensors(file)
}

fn with_tensors(mut file: Vec<u8>) -> Vec<u8> {
    let mut tensors: Vec<(String, u8, usize)> = vec![
        ("emb.word".into(), 1, 16 * 32),
        ("emb.pos".into(), 0, 16 * 32),
        ("emb.type".into(), 0, 2 * 32),
        ("emb.ln.w".into(), 0, 32),
        ("emb.ln.b".into(), 0, 32),
    ];
    for (part, rows, columns) in
        [("q", 32, 32), ("k", 32, 32), ("v", 32, 32), ("ao", 32, 32), ("fi", 64, 32), ("fo", 32, 64)]
    {
        tensors.push((format!("l0.{part}.w"), 1, rows * columns));
        tensors.push((format!("l0.{part}.b"), 0, rows));
    }
    for norm in ["aln", "oln"] {
        tensors.push((format!("l0.{norm}.w"), 0, 32));
        tensors.push((format!("l0.{norm}.b"), 0, 32));
    }
    let length = |kind: u8, count: usize| if kind == 1 { count / 32 * 18 } else { count * 4 };
    let directory: usize = tensors.iter().map(|(name, ..)| 2 + name.len() + 1 + 4 + 8 + 8).sum();
    let mut start = file.len() + 4 + directory;
    file.extend(u32::try_from(tensors.len()).unwrap().to_le_bytes());
    for (name, kind, count) in &tensors {
        file.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        file.extend(name.as_bytes());
        file.push(*kind);
        file.extend(u32::try_from(*count).unwrap().to_le_bytes());
        file.extend((start as u64).to_le_bytes());
        file.extend((length(*kind, *count) as u64).to_le_bytes());
        start += length(*kind, *count);
    }
    // Any numbers will do, as long as they differ from place to place.
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    for (_, kind, count) in &tensors {
        if *kind == 1 {
            for _ in 0..count / 32 {
                file.extend([0x00, 0x2c]); // 1/16 in half precision
                (0..16).for_each(|_| file.push(next()));
            }
        } else {
            (0..*count).for_each(|_| file.extend((f32::from(next()) / 256.0).to_le_bytes()));
        }
    }
    file
}

fn tiny_embedder() -> LocalEmbedder {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.bin");
    fs::write(&path, tiny()).unwrap();
    LocalEmbedder::open(&path, "tiny").unwrap()
}

#[test]
fn a_text_is_cut_into_its_most_likely_pieces() {
    let file = tiny();
    let pieces = Pieces::new(E5File::parse(&file).unwrap().vocabulary);
    let check = |text: &str, expected: &[&str]| {
        let cut: Vec<&str> = pieces.cut(text).iter().map(|id| PIECES[*id as usize].0).collect();
        assert_eq!(cut, expected, "{text:?}");
    };
    check("ab", &["\u{2581}", "ab"]);
    check("a b", &["\u{2581}", "a", "\u{2581}", "b"]);
    check("  a\t b ", &["\u{2581}", "a", "\u{2581}", "b", "\u{2581}"]);
    check("Ａb½", &["\u{2581}", "ab", "ab"]);
    check("奶粉", &["\u{2581}", "奶粉"]);
    check("奶奶粉", &["\u{2581}", "奶", "奶粉"]);
    check("粉a", &["\u{2581}", "<unk>", "a"]);
    check("", &["\u{2581}"]);
    // A mark that somebody types is no mark.
    let typed = pieces.cut("</s>");
    assert!(!typed.contains(&2) && !pieces.cut("<mask>").contains(&11), "{typed:?}");
}

#[test]
fn texts_do_not_read_each_other() {
    let embedder = tiny_embedder();
    let texts = ["ab", "奶粉 a b ab", "", "a b b b b a a a ab ab ab 奶粉奶粉 a b a b a b ab"];
    let together = embedder.embed(&texts, Purpose::Query).unwrap();
    for (text, vector) in texts.iter().zip(&together) {
        let alone = &embedder.embed(&[text], Purpose::Query).unwrap()[0];
        assert!(alone.cosine(vector) > 0.9999, "{text:?}");
        assert!((vector.cosine(vector) - 1.0).abs() < 1e-4, "{text:?}");
    }
    assert!(together[0].cosine(&together[1]) < 0.9999);
    assert_eq!(embedder.dimensions(), 32);
    assert!(embedder.embed(&[], Purpose::Query).unwrap().is_empty());
}

#[test]
fn a_damaged_file_is_refused_wherever_it_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.bin");
    let whole = tiny();
    let check = |content: &[u8], part: &str| {
        fs::write(&path, content).unwrap();
        let message = LocalEmbedder::open(&path, "tiny").unwrap_err().to_string();
        assert!(message.contains(part), "{message} should mention {part}");
    };
    for end in (0..whole.len()).step_by(97) {
        check(&whole[..end], "tiny.bin: ");
    }
    check(b"GGUF", "E5S1");
    check(&[b"E5S1", [9, 0, 0, 0].as_slice()].concat(), "version 9");
    let mut other = whole.clone();
    other[8] = 64;
    check(&other, "the tensor");
    let name = whole.windows(8).position(|eight| eight == b"emb.word").unwrap();
    other = whole.clone();
    other[name] = b'x';
    check(&other, "emb.word is missing");
}

#[test]
fn the_error_function_is_exact_enough() {
    // Values of erf as tables have them.
    for (x, expected) in [
        (0.0, 0.0),
        (0.1, 0.112_462_9),
        (0.5, 0.520_499_9),
        (1.0, 0.842_700_8),
        (2.0, 0.995_322_3),
        (5.0, 1.0),
    ] {
        assert!((error_function(x) - expected).abs() < 1e-6, "{x}: {}", error_function(x));
        assert!((error_function(-x) + expected).abs() < 1e-6, "-{x}");
    }
}

#[test]
fn the_scripted_embedder_knows_what_it_was_told() {
    let embedder = ScriptedEmbedder::new().with_same("鞋子", "球鞋");
    let of = |text: &str| embedder.embed(&[text], Purpose::Query).unwrap().remove(0);
    assert!((of("鞋子").cosine(&of("球鞋")) - 1.0).abs() < 1e-6);
    assert!(of("买球鞋").cosine(&of("球鞋")) > of("退款").cosine(&of("球鞋")));
    assert!(embedder.clone().broken().embed(&["a"], Purpose::Query).is_err());
    assert_eq!(Vector::normalised(vec![3.0, 4.0]).as_slice(), [0.6, 0.8]);
}

#[derive(Deserialize)]
struct Golden {
    text: String,
    purpose: String,
    tokens: Vec<u32>,
    every_24th: Vec<f32>,
}

#[test]
fn the_real_embedder_gives_the_tokens_and_vectors_of_its_package() {
    let environment = CacheEnvironment::from_lookup(|name| std::env::var(name).ok());
    let Some(embedder) = open_card(&embedder_card().unwrap(), &environment).unwrap() else {
        eprintln!("skipped: the embedder's weights are not here; run `warmdesk model pull`");
        return;
    };
    let golden =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/embedder.jsonl")).unwrap();
    let golden: Vec<Golden> = golden.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (name, purpose) in [("query", Purpose::Query), ("passage", Purpose::Passage)] {
        let golden: Vec<&Golden> = golden.iter().filter(|one| one.purpose == name).collect();
        assert!(golden.len() > 10, "{name}");
        let texts: Vec<&str> = golden.iter().map(|one| one.text.as_str()).collect();
        for (golden, vector) in golden.iter().zip(embedder.embed(&texts, purpose).unwrap()) {
            assert_eq!(embedder.tokens(&golden.text, purpose), golden.tokens, "{}", golden.text);
            let ours: Vec<f32> = vector.as_slice().iter().copied().step_by(24).collect();
            // Where the cosine is 0.999, numbers around 0.05 differ by 0.0023 on average.
            let squares: f32 =
                ours.iter().zip(&golden.every_24th).map(|(one, two)| (one - two).powi(2)).sum();
            let difference = (squares / ours.len() as f32).sqrt();
            assert!(difference < 0.0023, "{}: {difference}", golden.text);
        }
    }
}
