//! Does a sentence allow what the records refuse, or refuse what they allow?
//!
//! Three sources, the strongest first: the verdict that code reached, a policy that names the states of an order in
//! which something is possible, and the plain words of a policy about the same matter.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::features::{features, shared};
use super::records::KnownRecord;
use super::split::clauses;
use super::{Sentence, Verdict};

const NO: [&str; 19] = [
    "不与",
    "不同享",
    "不参与",
    "不参加",
    "不支持",
    "不可以",
    "不能",
    "不可",
    "无法",
    "没法",
    "没办法",
    "不行",
    "不允许",
    "不予",
    "不享受",
    "不适用",
    "不退",
    "不换",
    "不给",
];
const YES: [&str; 6] = ["可以", "支持", "允许", "能", "可", "没问题"];
/// Words that hold a short word of the lists above and mean something else.
const OTHER: [&str; 22] = [
    "能量",
    "能效",
    "功能",
    "性能",
    "节能",
    "能耗",
    "智能",
    "可能",
    "只能",
    "能源",
    "可是",
    "认可",
    "可爱",
    "可靠",
    "不可或缺",
    "少不了",
    "免不了",
    "不能不",
    "能不能",
    "可不可以",
    "支持不支持",
    "技能",
];
/// A clause with one of these states a condition or asks, and is no plain yes or no.
const OPEN: [&str; 13] =
    ["只", "仅", "前提", "如果", "若", "的话", "吗", "是否", "才", "除非", "能否", "可否", "哪些"];
/// Other reasons for a no than the state of the order.
const OTHER_REASONS: [&str; 8] = ["下架", "缺货", "无货", "没货", "售罄", "列表", "没有库存", "断货"];

static GATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:仅|只|限)(?:在|限|限于|支持|有)?(?P<states>[\p{Han}、,，/]{2,40}?)(?:的)?(?:状态|订单|时)(?:下|时|的)?(?:才)?(?:可以|可|能|支持)(?P<act>\p{Han}{2,6})")
        .expect("a fixed pattern")
});
static STATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:状态(?:为|是)?[:：]?|订单[0-9A-Za-z_-]*[:：])\s*(?P<state>[\p{Han}]{2,5}?)(?:[;；，。,、\s]|$)",
    )
    .expect("a fixed pattern")
});

/// What matters a verdict can be about, and the words that show that a clause speaks of it.
const MATTERS: &[(&str, &[&str])] = &[
    ("cancel", &["取消"]),
    ("exchange", &["换货", "换", "调换"]),
    ("return", &["退货", "退"]),
    ("refund", &["退款", "退"]),
    ("change_address", &["地址", "手机号", "改"]),
    ("price_protection", &["价保", "差价", "差额", "保价"]),
    ("card_payment", &["卡", "支付"]),
    ("urge", &["催", "加急"]),
    ("invoice", &["发票", "开票"]),
    ("warranty", &["保修", "质保", "维修"]),
];

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Yes,
    No,
}

/// Checks what each clause of a sentence allows or refuses.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    let gates: Vec<&Gate> = evidence
        .facts
        .iter()
        .filter(|record| record.has_authority())
        .flat_map(|record| record.gates())
        .collect();
    let states = states_of(evidence);
    let mut before = "";
    for clause in clauses(&sentence.folded) {
        let condition = std::mem::replace(&mut before, clause);
        let Some(said) = side(clause).filter(|_| !is_field(clause)) else { continue };
        if OPEN.iter().any(|word| clause.contains(word)) {
            continue;
        }
        let refused = |source: &str| Err((GuardReason::ContradictsEvidence, format!("{clause}: {source}")));
        match verdict_side(clause, evidence) {
            Some(allowed) if allowed != Some(said) => return refused("the verdict says otherwise"),
            Some(_) => continue,
            None => {}
        }
        let gate = gates.iter().find(|gate| gate.speaks_of(clause, sentence, evidence));
        if let Some(gate) = gate {
            let other_reason = OTHER_REASONS.iter().any(|word| sentence.folded.contains(word));
            match gate.side(&sentence.folded, &states) {
                Some(allowed) if allowed != said && !(said == Side::No && other_reason) => {
                    return refused("the policy says otherwise");
                }
                _ => continue,
            }
        }
        let conditional = ["如果", "的话", "若", "要是", "未"].iter().any(|word| condition.contains(word));
        let about = if conditional { format!("{condition}，{clause}") } else { clause.to_owned() };
        if plain_words(&about, evidence).is_some_and(|known| known != said) {
            return refused("the evidence says otherwise");
        }
    }
    Ok(())
}

/// 主机可水洗：否.
fn is_field(clause: &str) -> bool {
    clause.strip_suffix(['是', '否']).is_some_and(|label| label.ends_with([':', '：']))
}

/// Whether a clause says yes or no to something; `None` if it says neither or both.
pub(super) fn side(clause: &str) -> Option<Side> {
    if is_field(clause) {
        return Some(if clause.ends_with('是') { Side::Yes } else { Side::No });
    }
    let mut rest = clause.to_owned();
    for word in OTHER {
        rest = rest.replace(word, "□");
    }
    let mut no = false;
    for word in NO {
        no |= rest.contains(word);
        rest = rest.replace(word, "□");
    }
    // 改不了, 换不了: the verb is part of it.
    no |= rest.contains("不了");
    rest = rest.replace("不了", "□");
    let yes = YES.iter().any(|word| rest.contains(word));
    match (yes, no) {
        (true, false) => Some(Side::Yes),
        (false, true) => Some(Side::No),
        _ => None,
    }
}

/// What the verdict says about the matter of a clause: outer `None` without a verdict on it, inner `None` if a person
/// must decide.
pub(super) fn verdict_side(clause: &str, evidence: &Evidence<'_>) -> Option<Option<Side>> {
    evidence.facts.iter().find_map(|record| {
        let fields = &record.fact.fields;
        let verdict = fields.get("verdict").unwrap_or(fields);
        let about = verdict.get("about").and_then(Json::as_str)?;
        let outcome = verdict.get("outcome").and_then(Json::as_str)?;
        let words = MATTERS.iter().find(|(name, _)| *name == about).map(|(_, words)| *words)?;
        words.iter().any(|word| clause.contains(word)).then_some(match outcome {
            "allowed" => Some(Side::Yes),
            "refused" => Some(Side::No),
            _ => None,
        })
    })
}

/// A policy that names the states of an order in which something is possible.
#[derive(Debug)]
pub(super) struct Gate {
    states: Vec<String>,
    act: String,
}

impl Gate {
    /// Those of a record.
    pub(super) fn all(record: &KnownRecord<'_>) -> Vec<Self> {
        let read = |found: regex::Captures<'_>| Self {
            states: found["states"]
                .split(['、', ',', '，', '/', '或', '和', '及'])
                .map(str::to_owned)
                .collect(),
            act: found["act"].to_owned(),
        };
        GATE.captures_iter(record.folded()).map(read).collect()
    }

    /// Whether a clause is about what the policy is about. A bare 可以的 answers the question.
    fn speaks_of(&self, clause: &str, sentence: &Sentence, evidence: &Evidence<'_>) -> bool {
        let matter = self.matter();
        if clause.contains(&matter) {
            return true;
        }
        let bare = features(clause, &[]).len() <= 2;
        bare && (sentence.folded.contains(&matter) || evidence.question().contains(&matter))
    }

    /// The shortest word that still names the act: 修改 → 改, 换货 → 换; 取消 stays.
    fn matter(&self) -> String {
        let chars: Vec<char> = self.act.chars().take(2).collect();
        match chars.as_slice() {
            [first @ ('换' | '退'), ..] => first.to_string(),
            [_, second @ '改'] => second.to_string(),
            _ => chars.iter().collect(),
        }
    }

    /// What the policy says for the state that the sentence names, or else for the order's.
    fn side(&self, text: &str, states: &[String]) -> Option<Side> {
        let named: Vec<&String> = states.iter().filter(|state| text.contains(state.as_str())).collect();
        let state = match (named.as_slice(), states) {
            ([state], _) => state.as_str(),
            ([], [state]) => state.as_str(),
            _ => return None,
        };
        let allowed = self.states.iter().any(|known| known.contains(state) || state.contains(known.as_str()));
        Some(if allowed { Side::Yes } else { Side::No })
    }
}

/// The states of the orders in the evidence.
fn states_of(evidence: &Evidence<'_>) -> Vec<String> {
    let mut states: Vec<String> = Vec::new();
    for record in &evidence.facts {
        let fact = record.fact;
        if fact.kind != crate::record::RecordKind::Order {
            continue;
        }
        let named = fact.fields.get("status_text").and_then(Json::as_str).map(str::to_owned);
        let state = named.or_else(|| STATE.captures(record.folded()).map(|found| found["state"].to_owned()));
        states.extend(state.filter(|state| !states.contains(state)));
    }
    states
}

/// What the records say in plain words about the matter of a clause.
fn plain_words(clause: &str, evidence: &Evidence<'_>) -> Option<Side> {
    let wanted = features(&without_sides(clause), &[]);
    if wanted.is_empty() {
        return None;
    }
    let mut best: (usize, Vec<Side>) = (0, Vec::new());
    let denied = denies(clause);
    for known in evidence.clauses() {
        let common = shared(&wanted, &known.features);
        if common == 0 || 2 * common + 1 < best.0 {
            continue;
        }
        let Some(side) = known.side() else { continue };
        if OPEN.iter().any(|word| known.text.contains(word)) {
            continue;
        }
        // 未拆封的可以 says nothing about 拆封的: of two clauses as near, the one that denies alike is meant.
        let score = 2 * common + usize::from(denied == denies(&known.text));
        if score > best.0 {
            best = (score, vec![side]);
        } else if score == best.0 {
            best.1.push(side);
        }
    }
    let enough = best.0 >= 4 || best.0 / 2 == wanted.len();
    match (enough && best.0 > 0, best.1.as_slice()) {
        (true, [first, rest @ ..]) if rest.iter().all(|side| side == first) => Some(*first),
        (true, _) => None,
        (false, _) => under_heading(clause, evidence),
    }
}

/// Whether a clause speaks of what has not happened: 未拆封, 没拆.
fn denies(clause: &str) -> bool {
    let rest = ["没问题", "没法", "没办法", "没关系", "没事"]
        .iter()
        .fold(clause.to_owned(), |text, word| text.replace(word, "□"));
    rest.contains(['未', '没'])
}

/// A clause without what says yes or no.
pub(super) fn without_sides(clause: &str) -> String {
    NO.iter().chain(&YES).chain(&["不了"]).fold(clause.to_owned(), |text, word| text.replace(word, "□"))
}

/// What the record says whose heading (价保：…) the clause names.
fn under_heading(clause: &str, evidence: &Evidence<'_>) -> Option<Side> {
    evidence.facts.iter().filter(|record| record.has_authority()).find_map(|record| {
        let (heading, rest) = record.folded().split_once(['：', ':'])?;
        let short = (2..=8).contains(&heading.chars().count());
        if !short
            || !clause.contains(heading)
            || OPEN.iter().any(|word| rest.contains(word) && *word != "是否")
        {
            return None;
        }
        let sides: Vec<Side> = clauses(rest).into_iter().filter_map(side).collect();
        let first = sides.first().copied()?;
        sides.iter().all(|side| *side == first).then_some(first)
    })
}
