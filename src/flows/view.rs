//! How does a flow stand, for the people of the shop: its steps with their names, who is waited for, until when?

use jiff::Timestamp;
use serde::Serialize;

use super::{Flow, FlowState};
use crate::pack::flows::{FlowKind, Party, StepKind};

/// A flow with the names of its pack.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowProgress {
    /// The flow.
    pub flow: Flow,
    /// Its name; its kind where the pack knows it no more.
    pub name: String,
    /// What it waits for now.
    pub at: String,
    /// Who is waited for, while it is open.
    pub waits_for: Option<Waited>,
    /// Until when the present step has time.
    pub until: Option<Timestamp>,
    /// All steps in order.
    pub steps: Vec<StepProgress>,
}

/// Who is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Waited {
    /// The customer.
    Customer,
    /// The shop: its warehouse, its accounts, or who executes the action.
    Shop,
    /// A carrier.
    Carrier,
}

/// One step of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct StepProgress {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is over. One that was left out is over as well.
    pub passed: bool,
    /// What the customer answered, as it may be shown.
    pub answer: Option<String>,
}

impl FlowProgress {
    /// How a flow stands. Without its kind only what it keeps by itself is known.
    pub fn of(flow: Flow, kind: Option<&FlowKind>) -> Self {
        let open = flow.state == FlowState::Open;
        let step = kind.and_then(|kind| kind.step(&flow.step));
        let waits_for = step.filter(|_| open).map(|step| match step.kind {
            StepKind::Asks(_) | StepKind::WaitsFor(Party::Customer) => Waited::Customer,
            StepKind::Does(_) | StepKind::WaitsFor(Party::Shop) => Waited::Shop,
            StepKind::WaitsFor(Party::Carrier) => Waited::Carrier,
        });
        let present = kind.and_then(|kind| kind.steps.iter().position(|step| step.id == flow.step));
        let all_over = flow.state == FlowState::Done;
        let steps = kind.into_iter().flat_map(|kind| &kind.steps).enumerate();
        let steps = steps.map(|(place, step)| StepProgress {
            id: step.id.clone(),
            name: step.name.clone(),
            passed: all_over || present.is_some_and(|present| place < present),
            answer: flow.answers.get(&step.id).map(|answer| answer.shown.clone()),
        });
        Self {
            name: kind.map_or_else(|| flow.kind.clone(), |kind| kind.name.clone()),
            at: step.map_or_else(|| flow.step.clone(), |step| step.name.clone()),
            waits_for,
            until: kind.filter(|_| open).and_then(|kind| flow.until(kind)),
            steps: steps.collect(),
            flow,
        }
    }
}
