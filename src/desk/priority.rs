//! How soon a handoff has to be taken, by its reason and by how the customer feels. What the order is worth, that the matter
//! comes back and how long nobody takes it raise it later.

use super::types::{EmotionPoint, HandoffNote, Priority};
use crate::turn::types::{EmotionLabel, HandoffMode, HandoffPlan, HandoffReason};

/// From this intensity on an angry customer is not kept waiting behind calm ones.
const FURIOUS: f32 = 0.75;

/// Finer reasons that a lead hears of at once.
const URGENT: [&str; 6] = ["health", "safety", "crisis", "privacy_fraud", "legal_media", "complaint"];

/// The priority of a handoff: danger and threats before everything, people who asked or were failed before what can
/// wait for its due time. Whoever is beside themselves comes before whoever is calm.
pub fn priority_of(plan: &HandoffPlan, note: &HandoffNote) -> Priority {
    let furious = plan.mode == HandoffMode::Now && note.emotion.last().is_some_and(is_furious);
    by_reason(plan).max(if furious { Priority::High } else { Priority::Normal })
}

fn is_furious(point: &EmotionPoint) -> bool {
    point.label == EmotionLabel::Angry && point.intensity >= FURIOUS
}

fn by_reason(plan: &HandoffPlan) -> Priority {
    let detail = plan.detail.as_deref().unwrap_or_default();
    if URGENT.contains(&detail) || plan.reason == HandoffReason::StrongWords {
        return Priority::Urgent;
    }
    let failed = matches!(
        plan.reason,
        HandoffReason::ComplexAfterSale | HandoffReason::UnresolvedTurns | HandoffReason::Unavailable
    );
    if plan.mode == HandoffMode::Now && failed { Priority::High } else { Priority::Normal }
}
