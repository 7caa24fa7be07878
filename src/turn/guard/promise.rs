//! Is what a sentence says will happen backed by a policy, a ticket or an action?

use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::fold::{is_han, without_space};
use super::numbers::says;
use super::values::Value;
use super::{GuardContext, Sentence, Verdict};

/// Verbs of our own doing, which no policy text backs by merely holding the word.
const OWN_DOING: [&str; 9] = ["处理", "安排", "联系", "跟进", "回复", "回电", "致电", "通知", "优先"];

/// Checks every promise in a sentence.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>, context: &GuardContext<'_>) -> Verdict {
    if is_offer(&sentence.folded) {
        return Ok(());
    }
    let timed = !evidence.backed().is_empty()
        && sentence.found.iter().any(|found| {
            evidence.backed().iter().any(|backed| says(&found.value, backed, false, context.grounds.now))
        });
    if timed {
        return Ok(());
    }
    for pattern in &context.grounds.pack.guard.promises {
        for found in pattern.captures_iter(&sentence.folded) {
            let Some(whole) = found.get(0) else { continue };
            let verb = found.name("verb").map_or(whole.as_str(), |verb| verb.as_str());
            let before = &sentence.folded[..whole.start()];
            let known = is_policy(whole.as_str(), verb, evidence)
                || is_timed_policy(verb, sentence, evidence, context);
            if !is_denied(before) && !is_advice(before) && !known {
                return Err((GuardReason::PromiseNotBacked, whole.as_str().to_owned()));
            }
        }
    }
    Ok(())
}

/// 需要我帮您安排吗: a question promises nothing.
fn is_offer(folded: &str) -> bool {
    let end = folded.trim_end_matches(|character: char| !is_han(character));
    end.ends_with('吗') || end.ends_with("可以么") || (end.ends_with("要不要") || end.contains("是否需要"))
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
    let clause = before.rsplit(['，', ',', '。', '；', ';', '！', '!']).next().unwrap_or(before);
    ["您", "请", "建议", "记得", "麻烦", "您先", "需要", "需"]
        .iter()
        .any(|word| clause.trim_end().ends_with(word))
}

/// Whether a record that carries policy says it.
fn is_policy(whole: &str, verb: &str, evidence: &Evidence<'_>) -> bool {
    let whole = without_space(whole);
    if evidence.authority().contains(&whole) {
        return true;
    }
    if verb.starts_with(['退', '返']) && verb != whole {
        return ["退款", "退回", "退还", "退给", "退到", "返还"]
            .iter()
            .any(|word| evidence.authority().contains(word));
    }
    verb != whole && !OWN_DOING.contains(&verb) && evidence.authority().contains(verb)
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
