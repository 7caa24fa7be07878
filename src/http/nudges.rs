//! What the assistant said first: what customers did with it, and what came of the rules.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::auth::Caller;
use super::error::{ApiError, ErrorCode};
use super::extract::{JsonBody, PathOf, QueryOf};
use super::openapi::Failures;
use super::ports::RuleReport;
use super::state::AppState;
use super::wire::shown;
use crate::identity::KeyScope;
use crate::proactive::{NudgeState, Person, Reason};
use crate::store::{NudgeLine, NudgeOutcome, NudgeSaid};
use crate::turn::types::Choice;

/// Reports look back so far by default, and at most.
const DAYS: u32 = 7;
const MOST_DAYS: u32 = 90;

/// Something the assistant says first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct NudgeView {
    /// Its id.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// Its message in the conversation.
    pub message: String,
    /// What is said.
    pub text: String,
    /// Why the customer reads it.
    pub why: String,
    /// Buttons, with what is said by pressing one.
    pub choices: Vec<Choice>,
    /// The product it is about.
    pub product: Option<String>,
    /// The order it is about.
    pub order: Option<String>,
    /// When it was said.
    pub at: String,
}

impl NudgeView {
    /// As the API shows it.
    pub fn new(said: NudgeSaid, zone: &TimeZone) -> Self {
        Self {
            id: said.nudge.into(),
            rule: said.rule,
            message: said.message.into(),
            text: said.text,
            why: said.why,
            choices: said.choices,
            product: said.product,
            order: said.order,
            at: shown(said.at, zone),
        }
    }
}

/// What a customer did with it.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct OutcomeBody {
    /// What.
    pub outcome: NudgeOutcome,
}

/// Reports what a customer did with something that was said first. What was closed does not come back.
#[utoipa::path(
    post, path = "/api/v1/nudges/{id}", tag = "events", params(("id" = String, Path,)),
    request_body = OutcomeBody,
    responses((status = 204), Failures),
    security(("session" = [])),
)]
pub async fn outcome(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<OutcomeBody>,
) -> Result<StatusCode, ApiError> {
    let Some(session) = &caller.session else {
        return Err(ApiError::new(ErrorCode::KeyRequired, "this needs the token of a session")
            .hint("open one with POST /api/v1/session"));
    };
    state.limits.admit_event(&caller, &session.scope)?;
    let unknown = || ApiError::new(ErrorCode::NotFound, "there is no such nudge");
    let nudge = id.parse().map_err(|_| unknown())?;
    let person = Person::of(&session.scope).unwrap_or(Person::Visitor(session.visitor.clone()));
    state.ports.proactive.outcome(session.scope.clone(), person, nudge, body.outcome).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How far a report looks back.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// Days; 7 by default, at most 90.
    #[serde(default)]
    pub days: Option<u32>,
}

/// A share of customers who are not sent any, to measure what the others' words bring.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HoldoutView {
    /// Words that were held out.
    pub held_out: u64,
    /// Of these, how often the customer ordered within seven days all the same.
    pub ordered: u64,
    /// By how much the share of orders is higher where the words were said; null while either side is empty.
    pub lift: Option<f64>,
}

/// What came of a rule.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RuleView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is in force.
    pub on: bool,
    /// Words that wait for their moment.
    pub planned: u64,
    /// Words that were said.
    pub sent: u64,
    /// Words that were not said, by reason.
    pub suppressed: BTreeMap<Reason, u64>,
    /// Said words that came to a screen.
    pub shown: u64,
    /// Said words from which the conversation was opened.
    pub opened: u64,
    /// Said words that were answered.
    pub answered: u64,
    /// Said words that were closed.
    pub dismissed: u64,
    /// Said words after which the customer ordered within seven days.
    pub ordered: u64,
    /// Customers who want nothing more of it.
    pub opted_out: u64,
    /// The comparison with those who were not sent any; null while nobody is held out.
    pub holdout: Option<HoldoutView>,
}

/// One word in the list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct NudgeLineView {
    /// Its id.
    pub id: String,
    /// Its rule.
    pub rule: String,
    /// To whom: `customer:…` or `visitor:…`.
    pub person: String,
    /// Where it stands.
    pub state: NudgeState,
    /// Why it was not said.
    pub reason: Option<Reason>,
    /// What was said.
    pub text: Option<String>,
    /// When it was said or dropped, or is to be said.
    pub at: String,
}

/// What is said first in the shop, and what comes of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProactiveView {
    /// The rules of the pack, the most important first.
    pub rules: Vec<RuleView>,
    /// The latest words, newest first.
    pub recent: Vec<NudgeLineView>,
    /// Events that were not looked at yet for what they begin: how far behind the server is.
    pub waiting_events: u64,
}

/// Shows the rules by which the assistant speaks first, with what came of them. Needs the scope desk or admin.
#[utoipa::path(
    get, path = "/api/v1/proactive", tag = "events", params(ReportQuery),
    responses((status = 200, body = ProactiveView), Failures),
    security(("key" = [])),
)]
pub async fn report(
    State(state): State<AppState>,
    caller: Caller,
    QueryOf(query): QueryOf<ReportQuery>,
) -> Result<Json<ProactiveView>, ApiError> {
    let staff = caller.require_one_of(&[KeyScope::Desk, KeyScope::Admin])?;
    let days = query.days.unwrap_or(DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        let message = format!("days: 1 to {MOST_DAYS} are accepted");
        return Err(ApiError::new(ErrorCode::InvalidParameter, message));
    }
    let back = SignedDuration::from_hours(24 * i64::from(days));
    let since = state.ports.proactive.now().checked_sub(back).unwrap_or_default();
    let report = state.ports.proactive.report(staff, since).await?;
    let zone = &state.settings.zone;
    Ok(Json(ProactiveView {
        rules: report.rules.into_iter().map(RuleView::new).collect(),
        recent: report.recent.into_iter().map(|line| NudgeLineView::new(line, zone)).collect(),
        waiting_events: report.waiting_events,
    }))
}

impl RuleView {
    fn new(report: RuleReport) -> Self {
        let counts = report.counts;
        let held_out = counts.suppressed.get(&Reason::HeldOut).copied().unwrap_or_default();
        let holdout = (held_out > 0).then(|| HoldoutView {
            held_out,
            ordered: counts.held_out_ordered,
            lift: lift((counts.ordered, counts.sent), (counts.held_out_ordered, held_out)),
        });
        Self {
            id: report.id,
            name: report.name,
            on: report.enabled,
            planned: counts.planned,
            sent: counts.sent,
            suppressed: counts.suppressed,
            shown: counts.shown,
            opened: counts.opened,
            answered: counts.answered,
            dismissed: counts.dismissed,
            ordered: counts.ordered,
            opted_out: counts.opted_out,
            holdout,
        }
    }
}

/// The difference of two shares.
fn lift((ordered, sent): (u64, u64), (without, held_out): (u64, u64)) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts of words fit a double exactly")]
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    Some(share(ordered, sent)? - share(without, held_out)?)
}

impl NudgeLineView {
    fn new(line: NudgeLine, zone: &TimeZone) -> Self {
        Self {
            id: line.id.into(),
            rule: line.rule,
            person: line.person,
            state: line.state,
            reason: line.reason,
            text: line.text,
            at: shown(line.at, zone),
        }
    }
}
