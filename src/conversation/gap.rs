//! A turn that nothing answered leaves its question to the people who write the shop's knowledge, out of the reply's way.

use std::sync::Arc;

use super::{Inner, reply};
use crate::gaps::GapReason;
use crate::gaps::likeness::{Asked, same_question};
use crate::store::{Conversation, StoreError, Unanswered};
use crate::time::Now;
use crate::turn::Outcome;
use crate::turn::decide::UNCLEAR;
use crate::turn::types::{HandoffReason, TurnInput};

/// A question of fewer letters asks nothing that could be answered.
const FEWEST_LETTERS: usize = 4;

/// The question of a turn, if nothing answered it.
pub(super) fn of(outcome: &Outcome, input: &TurnInput) -> Option<Unanswered> {
    let trace = &outcome.trace;
    let scenario = trace.scenario.as_ref();
    let handoff = outcome.handoff.as_ref().map(|handoff| handoff.reason);
    let reason = if handoff == Some(HandoffReason::NoEvidence) {
        GapReason::NoEvidence
    } else if scenario.is_some_and(|scenario| scenario.id == UNCLEAR) {
        GapReason::NotUnderstood
    } else {
        return None;
    };
    if trace.question.chars().filter(|one| one.is_alphanumeric()).count() < FEWEST_LETTERS {
        return None;
    }
    Some(Unanswered {
        asked: Asked { text: trace.question.clone(), vector: None, product: product_in_view(outcome, input) },
        reason,
        scenario: scenario.map(|scenario| scenario.id.clone()),
        topic: scenario.map(|scenario| scenario.topic.clone()),
        conversation: input.conversation.clone(),
    })
}

/// The product on the page, or the one this turn was about.
fn product_in_view(outcome: &Outcome, input: &TurnInput) -> Option<String> {
    let talked_about = || {
        let last = outcome.memory.products.last()?;
        outcome.trace.evidence.iter().any(|fact| fact.id == *last).then(|| last.clone())
    };
    let product = input.page.product.clone().or_else(talked_about)?;
    Some(product.strip_prefix("product:").unwrap_or(&product).to_owned())
}

/// Notes a question with those that ask the same. What fails here is logged; the customer has the reply already.
pub(super) async fn note(inner: Arc<Inner>, unanswered: Unanswered, conversation: Conversation, now: Now) {
    if let Err(error) = grouped(&inner, unanswered, &conversation, &now).await {
        tracing::warn!(%error, "a question without an answer was not noted");
    }
}

async fn grouped(
    inner: &Inner,
    mut unanswered: Unanswered,
    conversation: &Conversation,
    now: &Now,
) -> Result<(), StoreError> {
    let services = &inner.services;
    if services.knowledge.embedder().is_some() {
        let (knowledge, text) = (Arc::clone(&services.knowledge), unanswered.asked.text.clone());
        let made = tokio::task::spawn_blocking(move || knowledge.question_vector(&text)).await;
        unanswered.asked.vector = made.ok().flatten();
    }
    // One after the other, so that two who ask the same at once do not begin two gaps.
    let _noting = inner.noting.lock().await;
    let staff = reply::on_behalf_of(conversation);
    let (mut ids, known): (Vec<_>, Vec<_>) = services.store.asked_before(&staff).await?.into_iter().unzip();
    let joins = same_question(&unanswered.asked, &known).map(|place| ids.swap_remove(place));
    services.store.note_gap(&staff, unanswered, joins, now).await?;
    Ok(())
}
