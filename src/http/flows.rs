//! Which matters of several steps run in a conversation, and where do they stand?

use axum::Json;
use axum::extract::State;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::actions::{OfConversation, conversation, reader};
use super::auth::Caller;
use super::error::ApiError;
use super::extract::QueryOf;
use super::openapi::Failures;
use super::state::AppState;
use super::wire::shown;
use crate::flows::{FlowProgress, FlowState, StepProgress, Waited};

/// A matter of several steps.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FlowView {
    /// Its id.
    pub id: String,
    /// Its kind in the pack.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: FlowState,
    /// The step at which it stands.
    pub step: String,
    /// The name of that step.
    pub at: String,
    /// Who is waited for, while it is open.
    pub waits_for: Option<Waited>,
    /// Until when the step has time.
    #[schema(format = DateTime)]
    pub until: Option<String>,
    /// The number of its order.
    pub order: Option<String>,
    /// All steps in order, with what the customer answered, masked.
    pub steps: Vec<StepProgress>,
    /// The conversation in which it is spoken of.
    pub conversation: String,
    /// When the present step began.
    #[schema(format = DateTime)]
    pub step_since: String,
    /// When it began.
    #[schema(format = DateTime)]
    pub opened_at: String,
    /// When it ended.
    #[schema(format = DateTime)]
    pub finished_at: Option<String>,
}

/// The flows of a conversation.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FlowList {
    /// The oldest first.
    pub flows: Vec<FlowView>,
}

impl FlowView {
    /// Copies how a flow stands.
    pub fn new(progress: FlowProgress, zone: &TimeZone) -> Self {
        let FlowProgress { flow, name, at, waits_for, until, steps } = progress;
        Self {
            id: flow.id.into(),
            kind: flow.kind,
            name,
            state: flow.state,
            step: flow.step,
            at,
            waits_for,
            until: until.map(|at| shown(at, zone)),
            order: flow.order,
            steps,
            conversation: flow.conversation.into(),
            step_since: shown(flow.step_since, zone),
            opened_at: shown(flow.opened_at, zone),
            finished_at: flow.finished_at.map(|at| shown(at, zone)),
        }
    }
}

/// Lists the flows of a conversation: returns, exchanges and other matters of several steps. Needs the scope desk or facts.
#[utoipa::path(
    get, path = "/api/v1/flows", tag = "actions", params(OfConversation),
    responses((status = 200, body = FlowList), Failures),
    security(("key" = [])),
)]
pub async fn list(
    State(state): State<AppState>,
    caller: Caller,
    QueryOf(query): QueryOf<OfConversation>,
) -> Result<Json<FlowList>, ApiError> {
    let staff = reader(&caller)?;
    let flows = state.ports.actions.flows(staff, conversation(&query)?).await?;
    let zone = &state.settings.zone;
    Ok(Json(FlowList { flows: flows.into_iter().map(|flow| FlowView::new(flow, zone)).collect() }))
}
