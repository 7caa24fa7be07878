//! How soon a handoff has to be taken, by its reason.

use super::types::Priority;
use crate::turn::types::{HandoffMode, HandoffPlan, HandoffReason};

/// Finer reasons that a lead hears of at once.
const URGENT: [&str; 6] = ["health", "safety", "crisis", "privacy_fraud", "legal_media", "complaint"];

/// The priority of a handoff: danger and threats before everything, people who asked or were failed before what can
/// wait for its due time.
pub fn priority_of(plan: &HandoffPlan) -> Priority {
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
