//! Is an action that a sentence claims to be finished on record?

use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::fold::{is_han, tighten, without_space};
use super::promise::gives;
use super::{GuardContext, Sentence, Verdict};

/// Checks every claim of a finished action in a sentence.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>, context: &GuardContext<'_>) -> Verdict {
    // Approved wording hides nothing.
    let tight = if sentence.is_written { tighten(&sentence.folded) } else { String::new() };
    let lexicon = &context.grounds.pack.guard;
    let written: &[regex::Regex] = if sentence.is_written { &lexicon.written_claims } else { &[] };
    for text in [&sentence.folded, &tight] {
        for pattern in lexicon.done_claims.iter().chain(written) {
            for claim in pattern.find_iter(text) {
                let said = claim.as_str();
                // That a wish was noted in a ticket gives the customer nothing: 赔付已登记 sounds as if it did.
                let given = sentence.is_written && gives(clause_of(text, claim.start()));
                if !is_recorded(said, &text[..claim.start()], evidence, context)
                    || given && is_recorded_only_by_ticket(said, context)
                {
                    return Err((GuardReason::ActionNotDone, said.to_owned()));
                }
            }
        }
    }
    Ok(())
}

/// The clause in which a place stands.
fn clause_of(text: &str, at: usize) -> &str {
    let marks = ['，', ',', '。', '；', ';', '！', '!', '？', '?'];
    let start = text[..at].rfind(marks).map_or(0, |place| place + 1);
    let start = (start..=at).find(|place| text.is_char_boundary(*place)).unwrap_or(at);
    let end = text[at..].find(marks).map_or(text.len(), |place| at + place);
    &text[start..end]
}

/// Whether a claim is carried by a ticket or a handoff and by no action.
fn is_recorded_only_by_ticket(claim: &str, context: &GuardContext<'_>) -> bool {
    let carries = |record: &String| {
        context.grounds.pack.actions.carried_by(record).iter().any(|word| claim.contains(word))
    };
    let (actions, tickets): (Vec<&String>, Vec<&String>) =
        context.done.iter().partition(|record| record.contains(':'));
    tickets.into_iter().any(carries) && !actions.into_iter().any(carries)
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
