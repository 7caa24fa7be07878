//! Was a condition left out that limits what a record says?

use std::sync::LazyLock;

use regex::Regex;

use crate::turn::types::GuardReason;

use super::clause::Clause;
use super::evidence::Evidence;
use super::features::{features, shared};
use super::fold::{is_han, without_space};
use super::numbers::says;
use super::split::clauses;
use super::values::{Found, extract};
use super::{Sentence, Verdict};

/// How limits are written: a threshold, a period, a region, an exception.
static LIMIT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"满[0-9.]+元?|补差价|仅限[^，。；()（）]{1,10}|限[^，。；()（）]{2,8}(使用|地区|用户|会员)|非人为[^，。；]{0,4}",
        r"|(一线|二线|三线|部分|偏远|主要|省会|城市|城区|市区)(城市|地区|区域)|(城市|城区|偏远)地区",
        r"|[0-9一二两三四五六七八九十百]{1,4}(个工作日|天|日|小时|个月|年)(之内|以内|内)",
    ))
    .expect("a fixed pattern")
});

/// A sentence of so few characters says one thing and leaves no room for its limit.
const SHORT: usize = 4;

/// A clause that repeats a record's clause must repeat its limit too, anywhere in the sentence.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    let clauses = clauses(&sentence.folded);
    if let [clause] = clauses.as_slice() {
        bare(sentence, clause, evidence)?;
    }
    for clause in clauses {
        let wanted = features(clause, &[]);
        if wanted.len() < 3 || clause.ends_with('吗') {
            continue;
        }
        let (score, best) = evidence.best_clauses(&wanted);
        if score * 10 < wanted.len() * 7 {
            continue;
        }
        let said = features(&sentence.folded, &[]);
        let dropped = best.iter().filter_map(|known| {
            LIMIT
                .find_iter(&known.text)
                .map(|limit| limit.as_str())
                .find(|limit| !repeats(sentence, &said, limit, evidence))
        });
        let dropped: Vec<&str> = dropped.collect();
        // Another record may say the same without a limit.
        if dropped.len() == best.len()
            && let Some(limit) = dropped.first()
        {
            return Err((GuardReason::ConditionDropped, (*limit).to_owned()));
        }
    }
    Ok(())
}

/// 包邮: a sentence that is nothing but what records only say with a limit.
fn bare(sentence: &Sentence, clause: &str, evidence: &Evidence<'_>) -> Verdict {
    let said = without_space(clause);
    let said =
        said.trim_start_matches(['可', '以', '能', '是', '都']).trim_end_matches(['的', '哦', '呢', '啊']);
    let length = said.chars().count();
    if !(2..=SHORT).contains(&length) || !said.chars().all(is_han) {
        return Ok(());
    }
    let said_before = features(&sentence.folded, &[]);
    let denied = |known: &&&Clause| {
        known.text.find(said).is_some_and(|at| known.text[..at].ends_with(['不', '未', '无', '没']))
    };
    let mut holding = evidence.clauses().iter().filter(|known| known.text.contains(said)).peekable();
    if holding.peek().is_none() || evidence.clauses().iter().any(|known| known.text == said) {
        return Ok(());
    }
    let mut dropped = None;
    for known in holding.filter(|known| !denied(known)) {
        let limit = LIMIT.find_iter(&known.text).map(|limit| limit.as_str());
        match limit.into_iter().find(|limit| !repeats(sentence, &said_before, limit, evidence)) {
            Some(limit) => dropped = Some(limit.to_owned()),
            None => return Ok(()),
        }
    }
    dropped.map_or(Ok(()), |limit| Err((GuardReason::ConditionDropped, limit)))
}

/// Whether the sentence has a limit, in these or similar words.
fn repeats(sentence: &Sentence, said: &[u64], limit: &str, evidence: &Evidence<'_>) -> bool {
    let wanted = features(limit, &[]);
    if shared(&wanted, said) > 0 {
        return true;
    }
    // 7天内 may be said as 七天.
    let chars: Vec<char> = limit.chars().collect();
    let now = evidence.now();
    let is_said =
        |limit: &Found| sentence.found.iter().any(|found| says(&found.value, &limit.value, found.about, now));
    if extract(&chars, now).iter().any(is_said) {
        return true;
    }
    // 满300.00元 is said as 满300.
    let digits: String =
        limit.chars().skip_while(|sign| !sign.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    !digits.is_empty() && sentence.folded.contains(&digits)
}
