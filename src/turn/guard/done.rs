//! Is an action that a sentence claims to be finished on record?

use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::fold::{is_han, without_space};
use super::{GuardContext, Sentence, Verdict};

/// What may be said once an action is on record: the name of the record, and the verbs it carries.
const CARRIED: &[(&str, &[&str])] = &[
    (
        "ticket",
        &[
            "登记", "记录", "记下", "提交", "反馈", "上报", "转接", "转给", "转交", "通知", "建单", "留言",
            "备注", "转达",
        ],
    ),
    ("handoff", &["转接", "转给", "转交", "通知"]),
    ("trace", &["查件", "发起", "提交", "反馈", "催", "核实"]),
    ("urge", &["催", "反馈", "通知", "提醒"]),
    ("intercept", &["拦截"]),
    ("reserve", &["预留", "锁定", "留"]),
    ("refund", &["退款", "退"]),
    ("cancel", &["取消"]),
    ("address", &["修改", "改"]),
    ("invoice", &["开票", "开具", "申请"]),
    ("reissue", &["补发"]),
    ("exchange", &["换货", "申请"]),
    ("return", &["退货", "申请"]),
];

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
    let carried = context.done.iter().any(|record| {
        let verbs =
            CARRIED.iter().filter(|(name, _)| record.contains(name)).flat_map(|(_, verbs)| verbs.iter());
        claim.contains(record.as_str()) || verbs.into_iter().any(|verb| claim.contains(verb))
    });
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
