//! What is read in a message, subject by subject.

mod conversation;
mod emotions;
mod entities;
mod evidence;
mod forms;
mod intents;
mod offered;
mod picking;

use std::collections::{BTreeMap, HashMap};

use jiff::tz::TimeZone;
use regex::Regex;
use serde::Deserialize;

use super::{Reader, read};
use crate::identity::MessageId;
use crate::pack::actions::Actions;
use crate::pack::types::{EmotionLexicon, GuardLexicon, HandoffRules, Intent, Pack, Voice, WordingBook};
use crate::time::Now;
use crate::turn::types::{Author, EmotionFlag, EmotionLabel, PastMessage, Reading, TurnInput};

/// The lexicon as it is written in a pack's file.
#[derive(Deserialize)]
struct LexiconFile {
    words: HashMap<EmotionLabel, BTreeMap<String, Vec<String>>>,
    flags: HashMap<EmotionFlag, Vec<String>>,
    negations: Vec<String>,
    intensifiers: Vec<String>,
    affirmations: Vec<String>,
    rejections: Vec<String>,
}

pub(crate) fn lexicon(language: &str) -> EmotionLexicon {
    let path = format!("{}/prompts/{language}/emotions.yaml", env!("CARGO_MANIFEST_DIR"));
    let file: LexiconFile = serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let words = file.words.into_iter().flat_map(|(label, by_strength)| {
        by_strength.into_iter().flat_map(move |(strength, words)| {
            let strength: f32 = strength.parse().unwrap();
            words.into_iter().map(move |word| (word, label, strength))
        })
    });
    let flags = file.flags.into_iter().map(|(flag, expressions)| {
        (flag, expressions.iter().map(|expression| Regex::new(expression).unwrap()).collect())
    });
    EmotionLexicon {
        words: words.collect(),
        flags: flags.collect(),
        negations: file.negations,
        intensifiers: file.intensifiers,
        affirmations: file.affirmations,
        rejections: file.rejections,
    }
}

/// Examples are written in one line with `|` between them.
fn intent(name: &str, examples: &str, patterns: &[&str]) -> Intent {
    Intent {
        name: name.into(),
        examples: examples.split('|').map(String::from).collect(),
        patterns: patterns.iter().map(|pattern| Regex::new(pattern).unwrap()).collect(),
        in_context: Vec::new(),
    }
}

/// Intents of a shop that sells little and answers much.
fn small_intents() -> Vec<Intent> {
    vec![
        intent(
            "where_is_parcel",
            "我的快递到哪了|物流三天没更新了|包裹什么时候能到|怎么还没到货|查一下我的物流|快递卡在中转站不动|还没收到货",
            &["(?:快递|物流|包裹).{0,6}(?:到哪|哪里|哪儿|信息)"],
        ),
        intent(
            "refund_where",
            "退款什么时候到账|钱退到哪里了|退款怎么还没到|我的退款呢|申请了退款几天能到|退的钱没收到",
            &["^退款[呢?]*$"],
        ),
        intent(
            "want_return",
            "我要退货|不想要了怎么退|能不能退|可以七天无理由退货吗|退货地址发我|这个能退吗",
            &["(?:我要|想|申请)退货"],
        ),
        intent(
            "price_query",
            "这个多少钱|什么价格|多少钱一件|到手价是多少|现在卖多少|价格怎么算",
            &["^(?:.{0,8})?多少钱"],
        ),
        intent(
            "stock_query",
            "还有货吗|粉色有现货吗|这个尺码有没有货|什么时候补货|L码还有吗|库存还有多少",
            &[],
        ),
        intent("shipping_fee", "包邮吗|运费多少|邮费谁出|寄到新疆要运费吗|多少钱包邮|运费怎么算", &[]),
        intent(
            "invoice_request",
            "能开发票吗|帮我开个发票|发票抬头怎么填|电子发票在哪下载|可以开专票吗",
            &["开.{0,4}发票"],
        ),
        intent(
            "person_request",
            "转人工|我要找人工客服|叫你们经理来|有没有真人|不要机器人",
            &["人工|真人|活人"],
        ),
        intent(
            "presence_check",
            "在吗|有人吗|人呢|你好在不在",
            &["^(?:在吗|在不在|有人吗|人呢|[?? ]+)[?!]*$"],
        ),
        intent("bot_identity", "你是机器人吗|你是真人还是机器人|是AI在回复吗", &[]),
    ]
}

/// A pack small enough to see through, with intents of its own and the shipped lexicon.
pub(crate) fn small_pack() -> Pack {
    Pack {
        language: "zh-CN".into(),
        version: "test".into(),
        voice: Voice { shop: "小店".into(), assistant: "小暖".into(), reply_characters: 120 },
        scenarios: Vec::new(),
        intents: small_intents(),
        wording: WordingBook::default(),
        handoff: HandoffRules { unresolved_turns: 5, not_understood: 2, rules: Vec::new() },
        red_lines: Vec::new(),
        emotions: lexicon("zh-CN"),
        promises: BTreeMap::new(),
        actions: Actions::default(),
        flows: std::collections::BTreeMap::new(),
        proactive: crate::pack::proactive::Proactive::default(),
        templates: BTreeMap::new(),
        guard: GuardLexicon::default(),
        desk: crate::pack::desk::DeskTexts::default(),
        phrases: Vec::new(),
    }
}

/// Friday, 20 November 2026, ten past two in the afternoon.
pub(crate) fn now() -> Now {
    Now::new("2026-11-20T06:10:00Z".parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap())
}

pub(crate) fn input(text: &str) -> TurnInput {
    TurnInput::first(text, now())
}

/// A message after one question and its answer.
pub(crate) fn after(question: &str, text: &str) -> TurnInput {
    let mut input = input(text);
    let at = input.now.timestamp();
    for (author, said) in [(Author::Customer, question), (Author::Assistant, "好的，这边帮您看一下。")]
    {
        input.history.push(PastMessage { id: MessageId::generate(), author, text: said.into(), at });
    }
    input.memory.question = Some(question.into());
    input
}

pub(super) fn reading(input: &TurnInput) -> Reading {
    let pack = small_pack();
    let reader = Reader::new(&pack);
    read(input, &pack, &reader)
}
