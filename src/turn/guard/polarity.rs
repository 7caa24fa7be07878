//! Does a sentence say the opposite of what the evidence says about the same thing?

use std::sync::LazyLock;

use regex::Regex;

use crate::pack::types::GuardLexicon;
use crate::record::RecordKind;
use crate::turn::types::GuardReason;

use super::clause::Clause;
use super::evidence::Evidence;
use super::features::{features, shared};
use super::fold::{is_han, without_space};
use super::numbers::says;
use super::records::KnownRecord;
use super::split::clauses;
use super::values::Value;
use super::{Sentence, Verdict};

const FREE: [&str; 13] = [
    "不用付",
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

/// Checks each clause of a sentence.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>, lexicon: &GuardLexicon) -> Verdict {
    let mut before = "";
    for clause in clauses(&sentence.folded) {
        let previous = std::mem::replace(&mut before, clause);
        if clause.ends_with('吗') || clause.contains("是否") || clause.contains("是不是") {
            continue;
        }
        free(clause, sentence, evidence)?;
        // 雾粉 130码，有货: what has nothing else to say speaks of what was named before.
        let whole = if features(clause, &[]).len() <= 1 {
            format!("{previous}，{clause}")
        } else {
            clause.to_owned()
        };
        let whole = whole.replace("已经", "已");
        for (one, other) in &lexicon.polarity {
            opposite(&whole, (one, other), sentence, evidence, lexicon)?;
            opposite(&whole, (other, one), sentence, evidence, lexicon)?;
        }
    }
    who_pays(sentence, evidence)?;
    happened_or_not(sentence, evidence)
}

/// 由本店承担 where the record says 由顾客承担. The whole sentence decides which record is meant, because the case often
/// stands in the clause before.
fn who_pays(sentence: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    for clause in clauses(&sentence.folded) {
        let Some(said) = payer(clause) else { continue };
        let bare = without_space(&without_payer(clause));
        let mut same = evidence
            .clauses()
            .iter()
            .filter(|known| known.payer().is_some() && without_payer(&known.text) == bare)
            .filter_map(|known| known.payer())
            .peekable();
        if same.peek().is_some() && same.all(|payer| payer != said) {
            return Err((GuardReason::ContradictsEvidence, clause.to_owned()));
        }
    }
    let Some(said) = payer(&sentence.folded) else { return Ok(()) };
    let wanted = features(&sentence.folded, &[]);
    // 运费我们出: where a clause names nothing but the cost, the cost is enough.
    let score = |known: &Clause| {
        let common = shared(&wanted, &known.features);
        if common == 1 && features(&without_payer(&known.text), &[]).len() == 1 { 2 } else { common }
    };
    let best = evidence
        .clauses()
        .iter()
        .filter_map(|known| known.payer().map(|payer| (score(known), payer)))
        .max_by_key(|(score, payer)| (*score, *payer == said));
    // 都由我们承担, where the record says so of one case and the opposite of another.
    let both = ["都由", "都是", "全部由", "全由", "一律由"].iter().any(|word| sentence.folded.contains(word))
        && evidence.clauses().iter().any(|known| {
            known.payer().is_some_and(|payer| payer != said) && shared(&wanted, &known.features) >= 2
        });
    match best {
        Some((score, payer)) if score >= 2 && payer != said || both && score > 0 => {
            Err((GuardReason::ContradictsEvidence, sentence.folded.clone()))
        }
        _ => Ok(()),
    }
}

static SHOP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(本店|我们|我店|我方|店里|店铺|商家|卖家)(店|这边|方)?(来)?(统一|全部)?(承担|出|负担|负责运费)|(承担|出)方(是|为)(本店|商家|卖家)").expect("a fixed pattern")
});
static CUSTOMER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(您|顾客|客户|买家|自己|自行|个人)(这边|方|自己|自行)?(来)?(承担|出|负担|支付运费)|自理")
        .expect("a fixed pattern")
});

fn without_payer(text: &str) -> String {
    CUSTOMER.replace_all(&SHOP.replace_all(text, "□"), "□").into_owned()
}

/// Who bears a cost: the shop or the customer. `None` if the text names neither or both.
pub(super) fn payer(text: &str) -> Option<bool> {
    // Every form of both holds one of these.
    if !text.contains(['担', '出', '费', '理']) {
        return None;
    }
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
    // What stands right beside the word says what is free; the rest may be a long name.
    let beside = beside(clause, word);
    let most = |speaks: &dyn Fn(&Clause) -> bool| best_of(&beside, evidence, speaks).0;
    let free = most(&says_free);
    if free > 0 && free >= most(&costs) {
        return Ok(());
    }
    let wanted = subject(clause, &FREE, sentence);
    let (score, best) = best_of(&wanted, evidence, |known| says_free(known) || costs(known));
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

/// What stands within a few characters of a word.
fn beside(clause: &str, word: &str) -> Vec<u64> {
    const CLOSE: usize = 6;
    let Some((before, after)) = clause.split_once(word) else { return Vec::new() };
    let skipped = before.chars().count().saturating_sub(CLOSE);
    let before: String = before.chars().skip(skipped).collect();
    let after: String = after.chars().take(CLOSE).collect();
    features(&format!("{before}□{after}"), &[])
}

/// One of two opposite words, where the record uses the other one for the same thing.
fn opposite(
    clause: &str,
    (said, other): (&str, &str),
    sentence: &Sentence,
    evidence: &Evidence<'_>,
    lexicon: &GuardLexicon,
) -> Verdict {
    if !clause.contains(said) {
        return Ok(());
    }
    let contradicted = || Err((GuardReason::ContradictsEvidence, clause.to_owned()));
    if turned_round(clause, (said, other), evidence) {
        return contradicted();
    }
    if !holds(clause, said, other) || holds(clause, other, said) {
        return Ok(());
    }
    let wanted = subject(clause, &[said, other], sentence);
    let meant = sentence.named(evidence);
    // 没货 and 无货 say the same, because both are the opposite of 有货.
    let alike: Vec<&str> =
        lexicon
            .polarity
            .iter()
            .filter_map(|(one, two)| {
                if two == other { Some(one.as_str()) } else { (one == other).then_some(two.as_str()) }
            })
            .collect();
    let speaks =
        |known: &Clause| known.text.contains(other) || alike.iter().any(|word| known.text.contains(word));
    let (score, best) = best_of(&wanted, evidence, speaks);
    // 满五十九块就不包邮: the clause that holds the value is the one that is meant.
    let valued = holding_values(clause, sentence, evidence, speaks);
    let by_value = !valued.is_empty();
    let best = if by_value { valued } else { best };
    let best: Vec<&Clause> = best.into_iter().filter(|known| is_of(known, meant, evidence)).collect();
    // 状态:在售: where a record's clause names nothing else, that is enough.
    let whole = |known: &&Clause| {
        shared(&wanted, &features(&known.text.replace(other, "□"), &[])) > 0
            && features(&known.text.replace(other, "□"), &[]).len() == 1
    };
    let words = features(&clause.replace(said, "□"), &[]);
    let covers = |known: &&Clause| !words.is_empty() && shared(&words, &known.features) == words.len();
    let enough = by_value
        || score >= 2
        || score > 0 && (score == wanted.len() || best.iter().all(whole) || best.iter().all(covers));
    // 仅在待付款、已付款状态: a list of states is no statement about one of them.
    let listed = |known: &Clause| ["仅", "只", "如果", "若"].iter().any(|word| known.text.contains(word));
    let best: Vec<&Clause> = best.into_iter().filter(|known| !listed(known)).collect();
    let same = best.iter().any(|known| alike.iter().any(|word| holds(&known.text, word, other)));
    let opposed = best.iter().any(|known| holds(&known.text, other, said));
    if enough && opposed && !same { contradicted() } else { Ok(()) }
}

/// 收费移机, where the record has 免费移机 and nowhere the other: the words that follow are the same.
fn turned_round(clause: &str, (said, other): (&str, &str), evidence: &Evidence<'_>) -> bool {
    clause.match_indices(said).any(|(at, _)| {
        let next: String =
            clause[at + said.len()..].chars().take(2).take_while(|next| is_han(*next)).collect();
        next.chars().count() == 2
            && !said.contains(other)
            && !clause[..at].ends_with(['不', '没', '未', '无'])
            && evidence.text().contains(&format!("{other}{next}"))
            && !evidence.text().contains(&format!("{said}{next}"))
    })
}

/// The clauses that hold a value of a clause, among those that speak of a matter.
fn holding_values<'a>(
    clause: &str,
    sentence: &Sentence,
    evidence: &Evidence<'a>,
    speaks: impl Fn(&Clause) -> bool,
) -> Vec<&'a Clause> {
    let values = sentence.found.iter().filter(|found| {
        !matches!(found.value, Value::Plain(_) | Value::Count(..))
            && clause.contains(&sentence.slice(found.start, found.end))
    });
    let clauses = values.flat_map(|found| {
        evidence
            .known()
            .iter()
            .filter(|known| says(&found.value, known.value, found.about, evidence.now()))
            .filter_map(|known| known.clause)
    });
    clauses.map(|clause| evidence.clauses()[clause]).filter(|known| speaks(known)).collect()
}

/// The clauses, among those that speak of a matter, that speak most of what is wanted.
fn best_of<'a>(
    wanted: &[u64],
    evidence: &Evidence<'a>,
    speaks: impl Fn(&Clause) -> bool,
) -> (usize, Vec<&'a Clause>) {
    let mut best = (0, Vec::new());
    for known in evidence.clauses() {
        let score = shared(wanted, &known.features);
        if score == 0 || score < best.0 || !speaks(known) {
            continue;
        }
        if score > best.0 {
            best = (score, vec![*known]);
        } else {
            best.1.push(known);
        }
    }
    best
}

/// Whether a clause may speak of the products that are meant: it stands in no record of another one.
fn is_of(clause: &Clause, meant: &[usize], evidence: &Evidence<'_>) -> bool {
    let stands_in =
        |record: usize| evidence.clauses_of(record).iter().any(|known| std::ptr::eq(known, clause));
    let other = |(record, known): (usize, &&KnownRecord<'_>)| {
        known.fact.kind == RecordKind::Product && !meant.contains(&record) && stands_in(record)
    };
    meant.is_empty() || !evidence.facts.iter().enumerate().any(other)
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
        // 没拆封的 names a case.
        let end = found.get(0).map_or(0, |all| all.end());
        if sentence.folded[end..].starts_with('的') {
            continue;
        }
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
        let denied = ["未", "没", "没有", "待"].map(|not| format!("{not}{}", &found[1]));
        if denied.iter().any(|word| evidence.authority().contains(word))
            && !said.iter().any(|word| evidence.text().contains(word))
        {
            return Err((GuardReason::ContradictsEvidence, found[0].to_owned()));
        }
    }
    Ok(())
}
