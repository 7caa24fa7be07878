//! What the guard lets out and what it keeps in, by example and by property.

mod announced;
mod conflict;
mod examples;
mod foreign;
mod fuzzing;
mod given;
mod properties;
mod reading;
mod said_of;
mod splitting;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::tz::TimeZone;
use regex::Regex;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{GoalOrder, Grounds, GuardContext, vet};
use crate::pack::actions::Actions;
use crate::pack::load::{PackFiles, load};
use crate::pack::types::{
    EmotionLexicon, GuardLexicon, HandoffRules, Pack, RedLine, RedLineLevel, Voice, Wording, WordingBook,
};
use crate::record::RecordKind;
use crate::time::Now;
use crate::turn::types::{By, Draft, Emotion, Fact, Facts, Goal, GuardReason, Stage, Tier};

/// The file of the default pack, as it stands on disk.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LexiconFile {
    harmless: Vec<String>,
    carriers: Vec<String>,
    payments: Vec<String>,
    polarity: Vec<(String, String)>,
    done_claims: Vec<String>,
    promises: Vec<String>,
    grants: Vec<String>,
    courtesies: Vec<String>,
    announces: Vec<String>,
    recalls: Vec<String>,
    #[serde(default)]
    written_claims: Vec<String>,
}

fn compile(sources: &[&str]) -> Vec<Regex> {
    sources.iter().map(|source| Regex::new(source).unwrap()).collect()
}

pub(super) fn lexicon(language: &str) -> GuardLexicon {
    let path = format!("{}/prompts/{language}/guard.yaml", env!("CARGO_MANIFEST_DIR"));
    let file: LexiconFile = serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let patterns = |sources: &[String]| sources.iter().map(|source| Regex::new(source).unwrap()).collect();
    GuardLexicon {
        done_claims: patterns(&file.done_claims),
        promises: patterns(&file.promises),
        grants: patterns(&file.grants),
        courtesies: patterns(&file.courtesies),
        announces: patterns(&file.announces),
        recalls: patterns(&file.recalls),
        written_claims: patterns(&file.written_claims),
        harmless: file.harmless,
        carriers: file.carriers,
        payments: file.payments,
        polarity: file.polarity,
    }
}

/// The words that records carry in the default pack.
fn actions() -> Actions {
    static SHIPPED: LazyLock<Actions> =
        LazyLock::new(|| load(&PackFiles::embedded("zh-CN").unwrap()).unwrap().pack.actions);
    SHIPPED.clone()
}

fn red_line(id: &str, level: RedLineLevel, matches: &[&str], unless: &[&str]) -> RedLine {
    RedLine { id: id.into(), name: id.into(), level, matches: compile(matches), unless: compile(unless) }
}

/// A pack with the default word lists, a few red lines of each level, and one approved wording.
pub(crate) fn pack() -> Pack {
    let wording = Wording {
        id: "trace.commit.standard.1".into(),
        template: "{{ commitment.due }}前在这里回您，最晚不超过24小时。".into(),
        when: None,
        slots: vec!["commitment.due".into()],
    };
    let mut variants = BTreeMap::new();
    variants.insert(("trace".to_owned(), Goal::Commit, Tier::Standard), vec![wording]);
    Pack {
        language: "zh-CN".into(),
        version: "test".into(),
        voice: Voice { shop: "小象母婴".into(), assistant: "小象".into(), reply_characters: 120 },
        scenarios: Vec::new(),
        intents: Vec::new(),
        wording: WordingBook { variants, ..WordingBook::default() },
        handoff: HandoffRules { unresolved_turns: 5, not_understood: 2, rules: Vec::new() },
        red_lines: vec![
            red_line(
                "absolute",
                RedLineLevel::Block,
                &["最(好|佳|优|强|便宜)", "100%|绝对|顶级"],
                &["100%(棉|羊毛)"],
            ),
            red_line("soon", RedLineLevel::Backed, &["尽快|马上|稍后"], &["尽快(就|去)医"]),
            red_line(
                "off_platform",
                RedLineLevel::Block,
                &["加(我|一下|您)?(的)?(微信|薇信|QQ|vx)", "我的微信"],
                &["微信支付"],
            ),
            red_line("phrases", RedLineLevel::Style, &["耐心等待", "(^|[。！])亲[，~！]"], &[]),
        ],
        emotions: EmotionLexicon::default(),
        promises: BTreeMap::new(),
        actions: actions(),
        flows: std::collections::BTreeMap::new(),
        proactive: crate::pack::proactive::Proactive::default(),
        templates: BTreeMap::from([(
            "system.j2".to_owned(),
            "你是{{ shop.name }}的客服助手，只能使用下面资料里写明的内容回答顾客的问题。".to_owned(),
        )]),
        guard: lexicon("zh-CN"),
        desk: crate::pack::desk::DeskTexts::default(),
        phrases: Vec::new(),
    }
}

pub(super) fn fact(kind: RecordKind, id: &str, text: &str, fields: Json) -> Fact {
    Fact {
        id: format!("{kind}:{id}"),
        kind,
        title: String::new(),
        text: text.into(),
        fields,
        score: 1.0,
        why: String::new(),
        policy: kind == RecordKind::Policy,
    }
}

/// Friday, 20 November 2026, ten in the morning.
pub(super) fn now() -> Now {
    Now::new("2026-11-20T02:00:00Z".parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap())
}

/// One turn to vet drafts in.
pub(super) struct Turn {
    pub(super) pack: Pack,
    pub(super) question: String,
    pub(super) facts: Facts,
    pub(super) emotion: Emotion,
    pub(super) stage: Stage,
    pub(super) backed: Vec<String>,
    pub(super) done: Vec<String>,
    pub(super) now: Now,
}

impl Turn {
    pub(super) fn new(question: &str, found: Vec<Fact>) -> Self {
        Self {
            pack: pack(),
            question: question.into(),
            facts: Facts { found, relevant: true, ..Facts::default() },
            emotion: Emotion::default(),
            stage: Stage::Service,
            backed: Vec::new(),
            done: Vec::new(),
            now: now(),
        }
    }

    pub(super) fn vet(&self, draft: &Draft) -> Result<String, (GuardReason, String)> {
        let grounds = Grounds::new(&self.pack, &self.question, &self.facts, &self.now);
        let context = GuardContext {
            grounds: &grounds,
            emotion: &self.emotion,
            stage: self.stage,
            tier: Tier::Standard,
            backed: &self.backed,
            done: &self.done,
            order: GoalOrder::default(),
        };
        vet(draft, &context)
            .map(|vetted| vetted.text().to_owned())
            .map_err(|refusal| (refusal.reason, refusal.detail))
    }

    #[track_caller]
    pub(super) fn passes(&self, by: By, text: &str) {
        assert_eq!(self.vet(&draft(by, text)), Ok(text.trim().to_owned()), "{text}");
    }

    #[track_caller]
    pub(super) fn refuses(&self, by: By, text: &str, reason: GuardReason) {
        let found = self.vet(&draft(by, text)).map_err(|(reason, _)| reason);
        assert_eq!(found, Err(reason), "{text}: {:?}", self.vet(&draft(by, text)));
    }
}

pub(super) fn draft(by: By, text: &str) -> Draft {
    Draft {
        text: text.into(),
        goal: Goal::Answer,
        by,
        evidence: Vec::new(),
        wording: None,
        slots: BTreeMap::new(),
    }
}
