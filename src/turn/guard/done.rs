//! Is an action that a sentence claims to be finished on record?

use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::fold::{is_han, without_space};
use super::{GuardContext, Sentence, Verdict};

/// Checks every claim of a finished action in a sentence.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>, context: &GuardContext<'_>) -> Verdict {
    for pattern in &context.grounds.pack.guard.done_claims {
        for claim in pattern.find_iter(&sentence.folded) {
            if !is_recorded(claim.as_str(), &sentence.folded[..claim.start()], evidence, context) {
                return Err((GuardReason::ActionNotDone, claim.as_str().to_owned()));
            }
        }
    }
    Ok(())
}

/// Whether a claim points to a record, or claims nothing.
pub(super) fn is_recorded(
    claim: &str,
    before: &str,
    evidence: &Evidence<'_>,
    context: &GuardContext<'_>,
) -> bool {
    if before.ends_with(['没', '未', '不', '无', '若', '果', '如'])
        || before.ends_with("没有")
        || looks_up(claim)
    {
        return true;
    }
    let actions = &context.grounds.pack.actions;
    let lower = claim.to_lowercase();
    let carried =
        context.done.iter().flat_map(|record| actions.carried_by(record)).any(|word| lower.contains(word));
    if carried || evidence.backed_text().contains(&without_space(claim)) {
        return true;
    }
    // 已退款 may be what the record says. 已为您退款 claims our own doing and needs a record of it.
    let ours = ["为您", "帮您", "给您", "替您", "为你", "帮你", "给你", "替你", "我"]
        .iter()
        .any(|word| claim.contains(word));
    let event: String =
        without_space(claim).chars().filter(|c| is_han(*c) && !"经刚才了".contains(*c)).collect();
    !ours
        && event.chars().count() >= 2
        && (evidence.authority().contains(&event) || evidence.authority().contains(&without_space(claim)))
}

/// 帮您查到了, 给您看了一下: looking something up is what the answer itself does.
fn looks_up(claim: &str) -> bool {
    ["查到", "查询", "查看", "查了", "查过", "看到", "看了", "看过", "找到", "核对"]
        .iter()
        .any(|verb| claim.contains(verb))
        && !claim.contains("查件")
}
