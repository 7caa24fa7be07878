//! Does a sentence say the opposite of what the evidence says about the same thing?

use std::sync::LazyLock;

use regex::Regex;

use crate::pack::types::GuardLexicon;
use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::features::{features, shared};
use super::records::Clause;
use super::split::clauses;
use super::values::Value;
use super::{Sentence, Verdict};

const FREE: [&str; 12] = [
    "免费",
    "包邮",
    "不收钱",
    "不收费",
    "不要钱",
    "不用钱",
    "免运费",
    "免单",
    "免收",
    "不另收",
    "不花钱",
    "不额外收",
];

static YES_NO: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"是否(\p{Han}{2,6})[:：]\s*(是|否)").expect("a fixed pattern"));

/// Checks each clause of a sentence.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>, lexicon: &GuardLexicon) -> Verdict {
    for clause in clauses(&sentence.folded) {
        if clause.ends_with('吗') || clause.contains("是否") || clause.contains("是不是") {
            continue;
        }
        free(clause, sentence, evidence)?;
        yes_no(clause, evidence)?;
        for (one, other) in &lexicon.polarity {
            opposite(clause, (one, other), sentence, evidence)?;
            opposite(clause, (other, one), sentence, evidence)?;
        }
    }
    who_pays(sentence, evidence)?;
    happened_or_not(sentence, evidence)
}

/// 由本店承担 where the record says 由顾客承担. The whole sentence decides which record is meant, because the case often
/// stands in the clause before.
fn who_pays(sentence: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    let Some(said) = payer(&sentence.folded) else { return Ok(()) };
    let wanted = features(&sentence.folded, &[]);
    let best = evidence
        .clauses()
        .iter()
        .filter_map(|known| payer(&known.text).map(|payer| (shared(&wanted, &known.features), payer)))
        .max_by_key(|(score, payer)| (*score, *payer == said));
    // 都由我们承担, where the record says so of one case and the opposite of another.
    let both = ["都由", "都是", "全部由", "全由", "一律由"].iter().any(|word| sentence.folded.contains(word))
        && evidence.clauses().iter().any(|known| {
            payer(&known.text).is_some_and(|payer| payer != said) && shared(&wanted, &known.features) >= 2
        });
    match best {
        Some((score, payer)) if score >= 2 && payer != said || both && score > 0 => {
            Err((GuardReason::ContradictsEvidence, sentence.folded.clone()))
        }
        _ => Ok(()),
    }
}

/// Who bears a cost: the shop or the customer. `None` if the text names neither or both.
fn payer(text: &str) -> Option<bool> {
    static SHOP: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(本店|我们|我店|我方|店里|店铺|商家|卖家)(店|这边|方)?(来)?(统一|全部)?(承担|出|负担|负责运费)|(承担|出)方(是|为)(本店|商家|卖家)").expect("a fixed pattern")
    });
    static CUSTOMER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(您|顾客|客户|买家|自己|自行|个人)(这边|方|自己|自行)?(来)?(承担|出|负担|支付运费)|自理")
            .expect("a fixed pattern")
    });
    match (SHOP.is_match(text), CUSTOMER.is_match(text)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

/// The features of a clause without some words.
fn subject(clause: &str, without: &[&str], sentence: &Sentence) -> Vec<u64> {
    let rest = without.iter().fold(clause.to_owned(), |text, word| text.replace(word, "□"));
    let inside: Vec<_> = sentence
        .found
        .iter()
        .filter(|found| matches!(found.value, Value::Id(_) | Value::Measure(..)))
        .filter(|found| clause.contains(&sentence.slice(found.start, found.end)))
        .cloned()
        .collect();
    features(&rest, &inside)
}

/// 免费 must be what the record says about the very thing.
fn free(clause: &str, sentence: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    let Some(word) = FREE.iter().find(|word| clause.contains(*word)) else { return Ok(()) };
    let amounts = |known: &Clause| {
        evidence
            .known()
            .iter()
            .filter_map(|value| match value.value {
                Value::Money(amount)
                    if value.clause.is_some_and(|at| std::ptr::eq(evidence.clauses()[at], known)) =>
                {
                    Some(amount.0)
                }
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    let costs = |known: &Clause| amounts(known).iter().any(|amount| *amount > 0);
    let says_free = |known: &Clause| {
        FREE.iter().any(|word| known.text.contains(word))
            || amounts(known).contains(&0)
            || !costs(known) && ["含", "赠", "送"].iter().any(|word| known.text.contains(word))
    };
    let wanted = subject(clause, &FREE, sentence);
    let (score, best) = evidence.best_clauses(&wanted);
    if score >= 1 && best.iter().any(|known| says_free(known)) {
        return Ok(());
    }
    if score >= 2 && best.iter().any(|known| costs(known)) {
        return Err((GuardReason::ContradictsEvidence, clause.to_owned()));
    }
    if evidence.clauses().iter().any(|known| says_free(known)) && score < 2 {
        return Ok(());
    }
    Err((GuardReason::ClaimNotInEvidence, (*word).to_owned()))
}

/// 是否加急：是 — and the sentence says 没有加急.
fn yes_no(clause: &str, evidence: &Evidence<'_>) -> Verdict {
    for found in YES_NO.captures_iter(evidence.text()) {
        let (what, yes) = (&found[1], &found[2] == "是");
        let Some(at) = clause.find(what) else { continue };
        let before = &clause[..at];
        let denied = ["没有", "没", "未", "不是", "不", "无"].iter().any(|word| before.ends_with(word));
        let open = ["可以", "需要", "要不要", "如果", "能"].iter().any(|word| clause.contains(word));
        if !open && denied == yes {
            return Err((GuardReason::ContradictsEvidence, clause.to_owned()));
        }
    }
    Ok(())
}

/// One of two opposite words, where the record uses the other one for the same thing.
fn opposite(
    clause: &str,
    (said, other): (&str, &str),
    sentence: &Sentence,
    evidence: &Evidence<'_>,
) -> Verdict {
    let clause = clause.replace("已经", "已");
    if !holds(&clause, said, other) || holds(&clause, other, said) {
        return Ok(());
    }
    let wanted = subject(&clause, &[said, other], sentence);
    let (score, best) = evidence.best_clauses(&wanted);
    let enough = score >= 2 || score > 0 && score == wanted.len();
    // 仅在待付款、已付款状态: a list of states is no statement about one of them.
    let listed = |known: &Clause| ["仅", "只", "如果", "若"].iter().any(|word| known.text.contains(word));
    let best: Vec<&Clause> = best.into_iter().filter(|known| !listed(known)).collect();
    let same = best.iter().any(|known| holds(&known.text, said, other));
    let opposed = best.iter().any(|known| holds(&known.text, other, said));
    if enough && opposed && !same {
        return Err((GuardReason::ContradictsEvidence, clause));
    }
    Ok(())
}

/// Whether a text holds a word outside a longer word that means the opposite: 支持 outside 不支持.
fn holds(text: &str, word: &str, opposite: &str) -> bool {
    if opposite.contains(word) { text.replace(opposite, "□").contains(word) } else { text.contains(word) }
}

/// 没有退货 where the record says 已退货.
fn happened_or_not(sentence: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    static NOT_YET: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?:还没有?|没有?|尚未|未)(\p{Han}{2})").expect("a fixed pattern"));
    for found in NOT_YET.captures_iter(&sentence.folded) {
        let event = format!("已{}", &found[1]);
        let denied = [format!("未{}", &found[1]), format!("没有{}", &found[1]), format!("待{}", &found[1])];
        let before = &sentence.folded[..found.get(0).map_or(0, |all| all.start())];
        let asks = before.ends_with('有') || before.ends_with('是');
        if !asks
            && evidence.authority().contains(&event)
            && !denied.iter().any(|word| evidence.text().contains(word))
        {
            return Err((GuardReason::ContradictsEvidence, found[0].to_owned()));
        }
    }
    static HAPPENED: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"已经?(\p{Han}{2})").expect("a fixed pattern"));
    for found in HAPPENED.captures_iter(&sentence.folded) {
        let said = [format!("已{}", &found[1]), format!("已经{}", &found[1])];
        let denied = [format!("未{}", &found[1]), format!("没有{}", &found[1]), format!("待{}", &found[1])];
        if denied.iter().any(|word| evidence.authority().contains(word))
            && !said.iter().any(|word| evidence.text().contains(word))
        {
            return Err((GuardReason::ContradictsEvidence, found[0].to_owned()));
        }
    }
    Ok(())
}
