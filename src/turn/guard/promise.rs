//! Is what a sentence says will happen, or gives away, backed by a policy, a ticket or an action?
//!
//! A promise rests on a record that knows the same doing of the same matter. What is given, allowed or let off rests on a
//! record in the very same words: that some rule knows refunds does not mean that this customer gets one.

use regex::Regex;

use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::features::{features, shared};
use super::fold::{is_han, tighten, without_space};
use super::gate::{Side, verdict_side};
use super::numbers::says;
use super::split::clauses;
use super::values::Value;
use super::{GuardContext, Sentence, Verdict};

/// Verbs of our own doing, which no policy text backs by merely holding the word.
const OWN_DOING: [&str; 9] = ["处理", "安排", "联系", "跟进", "回复", "回电", "致电", "通知", "优先"];
/// What a clause speaks of that gives something. A time that is backed backs an answer by then, never this.
const GIVING: [&str; 23] = [
    "赔", "补", "退", "返", "免", "减", "送", "赠", "换", "折", "便宜", "优惠", "红包", "券", "钱", "款",
    "到账", "发货", "发出", "留一", "锁", "破例", "特批",
];
/// What is owed for the money that was paid: to send it is nothing given away.
const OWED_ANYWAY: [&str; 2] = ["发货", "发出"];
/// What may not even be offered without a record.
const GIFTS: [&str; 11] = ["赔", "补", "返", "免", "减", "送", "赠", "折", "便宜", "红包", "券"];
/// What every record speaks of.
const GENERIC: [&str; 4] = ["订单", "商品", "包裹", "收到货"];
/// What answers by a time that is backed.
const ANSWERING: [&str; 10] = ["回复", "答复", "回话", "回您", "告诉", "结果", "消息", "联系", "通知", "说"];

/// Checks every promise in a sentence, as it stands and with everything taken out that can be put between characters.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>, context: &GuardContext<'_>) -> Verdict {
    let lexicon = &context.grounds.pack.guard;
    let timed = is_timed(sentence, evidence, context);
    for text in [&sentence.folded, &tighten(&sentence.folded)] {
        let text = lexicon
            .courtesies
            .iter()
            .fold(text.clone(), |text, courtesy| courtesy.replace_all(&text, "□").into_owned());
        for clause in clauses(&text).into_iter().filter(|clause| !is_offer(clause)) {
            for (said, verb) in expressed(clause, &lexicon.promises) {
                let known = timed && !gives(clause)
                    || is_policy(said, verb, clause, evidence)
                    || is_timed_policy(verb, sentence, evidence, context);
                refuse_unless(known, said, clause)?;
            }
            for (said, _) in expressed(clause, &lexicon.grants) {
                let answers = timed && !gives(clause) && ANSWERING.iter().any(|word| clause.contains(word));
                let known = answers
                    || evidence.authority().contains(&without_space(said))
                    || !gives(clause) && is_recorded(said, context);
                refuse_unless(known, said, clause)?;
            }
        }
    }
    Ok(())
}

/// Whether a clause speaks of giving something.
pub(super) fn gives(clause: &str) -> bool {
    GIVING.iter().any(|word| clause.contains(word))
}

/// Whether a clause speaks of giving something that is not owed anyway.
pub(super) fn gives_away(clause: &str) -> bool {
    GIVING.iter().any(|word| clause.contains(word) && !OWED_ANYWAY.contains(word))
}

/// What a clause says by some patterns: the phrase, and the word of it that a policy must hold.
fn expressed<'c>(clause: &'c str, patterns: &[Regex]) -> Vec<(&'c str, &'c str)> {
    let found = patterns.iter().flat_map(|pattern| pattern.captures_iter(clause));
    found
        .filter_map(|found| {
            let said = found.name("what").or_else(|| found.get(0))?.as_str();
            Some((said, found.name("verb").map_or(said, |verb| verb.as_str())))
        })
        .collect()
}

fn refuse_unless(known: bool, said: &str, clause: &str) -> Verdict {
    let before = clause.split_once(said).map_or("", |(before, _)| before);
    match known || is_denied(before) || is_advice(before) {
        true => Ok(()),
        false => Err((GuardReason::PromiseNotBacked, said.to_owned())),
    }
}

/// Whether the sentence gives a time by which something is owed that has a ticket or an action.
fn is_timed(sentence: &Sentence, evidence: &Evidence<'_>, context: &GuardContext<'_>) -> bool {
    !evidence.backed().is_empty()
        && sentence.found.iter().any(|found| {
            evidence.backed().iter().any(|backed| says(&found.value, backed, false, context.grounds.now))
        })
}

/// Whether a ticket or an action of the conversation carries a word of it: 帮您转给同事 after a handoff.
fn is_recorded(said: &str, context: &GuardContext<'_>) -> bool {
    let actions = &context.grounds.pack.actions;
    context.done.iter().flat_map(|record| actions.carried_by(record)).any(|word| said.contains(word))
}

/// 需要我帮您安排吗: to ask whether it is wanted promises nothing, unless it offers what nobody may give.
fn is_offer(clause: &str) -> bool {
    let end = clause.trim_end_matches(|character: char| !is_han(character));
    let asks = end.ends_with(['吗', '么']) || end.ends_with("要不要") || end.contains("是否需要");
    asks && end.contains(['要', '想', '否']) && !GIFTS.iter().any(|word| end.contains(word))
}

/// 不一定, 无法保证.
fn is_denied(before: &str) -> bool {
    before.ends_with(['不', '没', '未', '无', '别'])
        || ["不能", "无法", "没法", "不敢", "不会", "没有"].iter().any(|word| before.ends_with(word))
        || ["不能", "无法", "没法", "不敢", "不会"]
            .iter()
            .any(|word| before.rfind(word).is_some_and(|at| before[at + word.len()..].chars().count() <= 3))
}

/// 请您尽快申请: the customer is to do it.
fn is_advice(before: &str) -> bool {
    ["您", "请", "建议", "记得", "麻烦", "您先", "需要", "需"]
        .iter()
        .any(|word| before.trim_end().ends_with(word))
}

/// Whether a record that carries policy says it.
fn is_policy(whole: &str, verb: &str, clause: &str, evidence: &Evidence<'_>) -> bool {
    if evidence.authority().contains(&without_space(whole)) {
        return true;
    }
    if verb == whole || OWN_DOING.contains(&verb) {
        return false;
    }
    if verb.starts_with(['退', '返']) {
        let allowed = !matches!(verdict_side(clause, evidence), Some(None | Some(Side::No)));
        let words = ["退款", "退回", "退还", "退给", "退到", "返还", "退差"];
        return allowed && words.iter().any(|word| is_carried(word, clause, evidence));
    }
    is_carried(verb, clause, evidence)
}

/// Whether a record that carries policy has a word, beside something else that the clause speaks of.
fn is_carried(word: &str, clause: &str, evidence: &Evidence<'_>) -> bool {
    // That both speak of an order says nothing.
    let rest = GENERIC.iter().fold(clause.replace(word, "□"), |text, word| text.replace(word, "□"));
    let wanted = features(&rest, &[]);
    let records = evidence.facts.iter().enumerate().filter(|(_, record)| record.has_authority());
    records.flat_map(|(index, _)| evidence.clauses_of(index)).any(|known| {
        known.text.contains(word) && shared(&wanted, &features(&known.text.replace(word, "□"), &[])) > 0
    })
}

/// Whether a record says that somebody does it, with a time that the sentence gives too.
fn is_timed_policy(
    verb: &str,
    sentence: &Sentence,
    evidence: &Evidence<'_>,
    context: &GuardContext<'_>,
) -> bool {
    let verb = verb.trim_end_matches(['您', '你']);
    evidence.known().iter().any(|known| {
        matches!(known.value, Value::Duration(..) | Value::Moment(_) | Value::Day(_))
            && known.clause.is_some_and(|clause| {
                let text = &evidence.clauses()[clause].text;
                text.contains(verb)
                    || !OWN_DOING.contains(&verb)
                        && verb.chars().next().is_some_and(|first| text.contains(first))
            })
            && sentence.found.iter().any(|found| says(&found.value, known.value, false, context.grounds.now))
    })
}
