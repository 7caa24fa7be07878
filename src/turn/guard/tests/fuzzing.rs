//! Texts that nobody meant for the guard: it reads them without a panic, and never more than once.
//!
//! [`ten_minutes_and_more`] is the long run:
//! `WARMDESK_FUZZ_MINUTES=10 cargo test --release --lib guard::tests::fuzzing -- --ignored --nocapture`.

use std::time::{Duration, Instant, SystemTime};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::json;

use super::super::LONGEST;
use super::super::fold::fold;
use super::super::split::{SentenceSplitter, sentences};
use super::super::values::extract_all;
use super::{Turn, draft, fact, now};
use crate::record::RecordKind;
use crate::turn::types::By;

/// What texts are put together from: values and parts of them, marks that open and never close, signs that show nothing or
/// turn the text around, numerals that are pictures, other scripts, remains of templates.
const PIECES: [&str; 97] = [
    "七天",
    "7天",
    "一周",
    "￥1,299",
    "1299元",
    "一千二百九十九",
    "下午两点",
    "14:00",
    "2026-11-16",
    "11月16日",
    "三点五",
    "百分之三十",
    "12.5%",
    "六点四公斤",
    "54×44×19 厘米",
    "40–50℃",
    "JD1234567890",
    "P-MF1",
    "尾号9821",
    "第二",
    "半小时",
    "双倍",
    "八折",
    "满199减20",
    "3-5个工作日",
    "九亿亿亿",
    "亿",
    "万万",
    "零零零",
    "点点点",
    "年月日",
    "两",
    "十二斤八两",
    "块九",
    "元5角",
    "-",
    "–",
    "~",
    "至",
    "×",
    "x",
    ",",
    "，",
    ".",
    "。",
    "！",
    "？",
    ";",
    "；",
    "\n",
    "\t",
    "\0",
    " ",
    "\u{3000}",
    "“",
    "”",
    "「",
    "『",
    "（",
    "(",
    "【",
    "《",
    "\"",
    "'",
    "{{",
    "}}",
    "<|im_start|>",
    "{% if %}",
    "1️⃣",
    "🔟",
    "①",
    "㊿",
    "½",
    "٣",
    "９",
    "\u{202e}",
    "\u{200b}",
    "\u{200f}",
    "\u{feff}",
    "e\u{301}",
    "👨‍👩‍👧",
    "可以",
    "不能",
    "没有",
    "别",
    "已经帮您催了",
    "中通",
    "顺丰",
    "免费",
    "the parcel arrives",
    "العربية",
    "ไทย",
    "がいつ",
    "🎉",
    "加我微信",
    "最好",
    "13812345678",
];

/// Texts of pieces, of anything, and of one piece over and over.
fn texts(longest: usize) -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(&PIECES[..]);
    prop_oneof![
        proptest::collection::vec(piece.clone(), 0..longest).prop_map(|pieces| pieces.concat()),
        proptest::collection::vec(prop_oneof![piece.clone().prop_map(str::to_owned), any::<String>()], 0..24)
            .prop_map(|pieces| pieces.concat()),
        (piece, 1..longest * 8).prop_map(|(piece, times)| piece.repeat(times)),
        any::<String>(),
    ]
}

/// Vets a text as every author, with another text as evidence, and holds what must hold for each.
fn read_whole(text: &str, evidence: &str) -> Result<(), TestCaseError> {
    let turn = Turn::new(
        text,
        vec![
            fact(RecordKind::Policy, "p", evidence, json!({"x": evidence})),
            fact(RecordKind::Product, "a", text, json!({"price": 12.5})),
            fact(RecordKind::Product, "b", &format!("商品：{evidence}\n可机洗：否"), json!(null)),
        ],
    );
    for by in [By::Model, By::Evidence, By::Wording] {
        let vetted = turn.vet(&draft(by, text));
        if text.trim().chars().count() > LONGEST {
            prop_assert!(vetted.is_err(), "a text that is no bubble");
        }
        if let Ok(said) = vetted {
            prop_assert_eq!(said, text.trim());
        }
    }
    let found = sentences(text);
    prop_assert_eq!(found.concat(), text);
    let length = |sentence: &String| sentence.trim_end_matches(CLOSING).chars().count();
    prop_assert!(found.iter().all(|sentence| length(sentence) <= LONGEST_SENTENCE));
    // Each value begins where the one before has ended: a text is read once.
    let chars: Vec<char> = fold(text).chars().collect();
    let mut at = 0;
    for value in extract_all(&chars, &now()) {
        prop_assert!(
            value.start >= at || value.start + (value.end - value.start) == at,
            "{value:?} before {at}"
        );
        prop_assert!(value.start < value.end && value.end <= chars.len(), "{value:?}");
        at = value.end;
    }
    Ok(())
}

/// No sentence is longer, in characters, but for the closing marks that belong to it.
const LONGEST_SENTENCE: usize = 320;
const CLOSING: [char; 13] = ['。', '！', '？', '!', '?', '”', '’', '」', '』', '）', ')', '】', '\n'];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_text_is_read_without_a_panic(text in texts(40), evidence in texts(40)) {
        read_whole(&text, &evidence)?;
    }

    /// However the pieces come, the sentences are those of the whole.
    #[test]
    fn a_stream_is_cut_like_the_whole(text in texts(60), size in 1_usize..9) {
        let chars: Vec<char> = text.chars().collect();
        let mut splitter = SentenceSplitter::new();
        let mut found: Vec<String> = Vec::new();
        for piece in chars.chunks(size) {
            found.extend(splitter.push(&piece.iter().collect::<String>()));
        }
        found.extend(splitter.finish());
        prop_assert_eq!(found, sentences(&text));
    }
}

#[test]
fn a_draft_of_twenty_kilobytes_is_refused_unread() {
    for piece in PIECES {
        let text = piece.repeat(20_000 / piece.len());
        read_whole(&text, &text).unwrap();
    }
}

#[test]
#[ignore = "takes as many minutes as WARMDESK_FUZZ_MINUTES says"]
fn ten_minutes_and_more() {
    let minutes: u64 = std::env::var("WARMDESK_FUZZ_MINUTES").map_or(10, |text| text.parse().unwrap());
    let end = Instant::now() + Duration::from_secs(60 * minutes);
    let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() });
    let (mut texts_read, mut characters) = (0_u64, 0_u64);
    let strategy = (texts(200), texts(100));
    while Instant::now() < end {
        let (text, evidence) = strategy.new_tree(&mut runner).unwrap().current();
        if let Err(error) = read_whole(&text, &evidence) {
            panic!("seed {seed}: {error}: {text:?} beside {evidence:?}");
        }
        texts_read += 1;
        characters += (text.chars().count() + evidence.chars().count()) as u64;
    }
    println!("{texts_read} texts, {characters} characters, {minutes} minutes, seed {seed}");
}
