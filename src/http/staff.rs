//! People from outside: signing in and out, accounts, and who did what.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::auth::Caller;
use super::auth::cookie::{self, Cookie, DeskSession};
use super::auth::member::{AsAdmin, AsLead, Member};
use super::error::{ApiError, ErrorCode, no_content};
use super::extract::{JsonBody, PathOf, QueryOf};
use super::limits::Address;
use super::openapi::Failures;
use super::state::AppState;
use super::wire::shown;
use crate::staff::{
    AuditEntry, AuditFilter, DisplayName, NewStaff, OwnPassword, Password, Role, SignIn, StaffAccount,
    StaffChange, StaffError, StaffName,
};
use jiff::tz::TimeZone;

/// Who signs in.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct LoginBody {
    /// The name of the account.
    pub name: String,
    /// Its password.
    #[schema(value_type = String, format = Password)]
    pub password: SecretString,
}

/// Who is signed in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MeView {
    /// The name under which they act.
    pub name: String,
    /// How customers and colleagues read them.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// What every request that changes something sends as `x-csrf-token`; null for a key, which needs none.
    pub csrf: Option<String>,
}

impl From<Member> for MeView {
    fn from(member: Member) -> Self {
        Self {
            name: member.staff.actor,
            display_name: member.display_name,
            role: member.role,
            csrf: member.csrf,
        }
    }
}

/// An account.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AccountView {
    /// Its name.
    pub name: String,
    /// How customers and colleagues read it.
    pub display_name: String,
    /// What it may do.
    pub role: Role,
    /// Whether it may sign in.
    pub active: bool,
    /// When somebody last signed in with it.
    #[schema(format = DateTime)]
    pub last_login_at: Option<String>,
}

impl AccountView {
    fn new(account: StaffAccount, zone: &TimeZone) -> Self {
        Self {
            name: account.name,
            display_name: account.display_name,
            role: account.role,
            active: account.active,
            last_login_at: account.last_login_at.map(|at| shown(at, zone)),
        }
    }
}

/// All accounts.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AccountList {
    /// By name.
    pub staff: Vec<AccountView>,
}

/// Somebody who works at the desk, as colleagues see them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ColleagueView {
    /// The name by which tickets are assigned and claimed.
    pub name: String,
    /// How customers and colleagues read them.
    pub display_name: String,
    /// Whether they may sign in.
    pub active: bool,
}

/// Everybody who works at the desk.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ColleagueList {
    /// By name; those out of use too, because older tickets name them.
    pub colleagues: Vec<ColleagueView>,
}

/// An account to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountBody {
    /// Its name: 1 to 64 letters and digits, also with `.`, `_`, `-` and `@`; nobody else has it in whatever case.
    pub name: String,
    /// How customers and colleagues read it; default the name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// What it may do.
    pub role: Role,
    /// Its password, 10 to 256 characters.
    #[schema(value_type = String, format = Password)]
    pub password: SecretString,
}

/// What is changed of an account; what is not named stays.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountChange {
    /// How customers and colleagues read it.
    #[serde(default)]
    pub display_name: Option<String>,
    /// What it may do, from its next request on.
    #[serde(default)]
    pub role: Option<Role>,
    /// Whether it may sign in; false ends its sessions at once and puts its tickets back into the queue.
    #[serde(default)]
    pub active: Option<bool>,
    /// Its password; a new one ends its sessions at once.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    pub password: Option<SecretString>,
}

/// A change of the own password.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnPasswordBody {
    /// The password until now.
    #[schema(value_type = String, format = Password)]
    pub current: SecretString,
    /// The password from now on, 10 to 256 characters and another one.
    #[schema(value_type = String, format = Password)]
    pub password: SecretString,
}

/// Which entries of the audit.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only what was done to this: a ticket, `kind:id` of a record, `staff:NAME`.
    #[serde(default)]
    pub subject: Option<String>,
    /// Only what this account, key or part of the program did.
    #[serde(default)]
    pub actor: Option<String>,
    /// At most so many, from 1 to 500; default 100.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Who did what.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AuditView {
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub subject: String,
    /// More of it.
    pub detail: String,
}

impl AuditView {
    fn new(entry: AuditEntry, zone: &TimeZone) -> Self {
        let AuditEntry { actor, action, subject, detail, at } = entry;
        Self { at: shown(at, zone), actor, action, subject, detail }
    }
}

/// A part of the audit.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AuditList {
    /// The newest first.
    pub entries: Vec<AuditView>,
}

/// Signs in with an account. The answer sets the cookie `warmdesk_staff` and has the token for `x-csrf-token`.
///
/// An unknown name, a wrong password and an account out of use are answered alike.
#[utoipa::path(
    post, path = "/api/v1/staff/login", tag = "staff", request_body = LoginBody,
    responses((status = 200, body = MeView), Failures),
    security(()),
)]
pub async fn login(
    State(state): State<AppState>,
    address: Address,
    headers: HeaderMap,
    JsonBody(body): JsonBody<LoginBody>,
) -> Result<Response, ApiError> {
    refuse_foreign_page(&headers)?;
    state.limits.sign_in.admit(&body.name, address.0)?;
    let attempt = SignIn { name: body.name, password: body.password, address: address.0 };
    let found = state.ports.accounts.sign_in(state.settings.shop.clone(), attempt).await?;
    let signed_in = found.ok_or_else(|| {
        ApiError::new(ErrorCode::WrongCredentials, "the name or the password is wrong")
            .hint("whoever looks after the accounts can set a new password")
    })?;
    state.limits.sign_in.signed_in(&signed_in.account.name, address.0);
    let kept = cookie::keep(&signed_in.token, &headers, &state.settings);
    let session = DeskSession { account: signed_in.account, token: signed_in.token };
    let caller = Caller { cookie: Cookie::Valid(Box::new(session)), ..Caller::default() };
    let me = MeView::from(caller.member()?);
    Ok((AppendHeaders([(header::SET_COOKIE, kept)]), Json(me)).into_response())
}

/// Browsers say where a request comes from. Another page must not sign its visitors in here as somebody else.
fn refuse_foreign_page(headers: &HeaderMap) -> Result<(), ApiError> {
    match headers.get("sec-fetch-site").map(|site| site.as_bytes()) {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err(ApiError::new(ErrorCode::WrongCsrfToken, "another page may not sign in here")),
    }
}

/// Says who is signed in, or for whom a key stands.
#[utoipa::path(
    get, path = "/api/v1/staff/me", tag = "staff",
    responses((status = 200, body = MeView), Failures),
    security(("key" = [])),
)]
pub async fn me(member: Member) -> Json<MeView> {
    Json(member.into())
}

/// Signs out: closes this browser's session. For a session that is over already, and for a key, it does nothing.
#[utoipa::path(
    post, path = "/api/v1/staff/logout", tag = "staff",
    responses((status = 204), Failures),
    security(("key" = [])),
)]
pub async fn logout(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let is_over = matches!(caller.cookie, Cookie::Over);
    if caller.key.is_none() && !is_over {
        let session = caller.cookie.session()?;
        state.ports.accounts.sign_out(session.account.scope(), session.token.expose_secret()).await?;
    }
    let forgotten = cookie::forget(&headers, &state.settings);
    Ok((AppendHeaders([(header::SET_COOKIE, forgotten)]), no_content()).into_response())
}

/// Changes the own password. For whoever has signed in with an account; a key has none.
///
/// The account's other sessions end at once, this one goes on. Wrong tries count like tries to sign in.
#[utoipa::path(
    post, path = "/api/v1/staff/me/password", tag = "staff", request_body = OwnPasswordBody,
    responses((status = 204), Failures),
    security(("key" = [])),
)]
pub async fn change_own_password(
    State(state): State<AppState>,
    address: Address,
    caller: Caller,
    JsonBody(body): JsonBody<OwnPasswordBody>,
) -> Result<Response, ApiError> {
    if let Some(key) = &caller.key {
        let message = format!("the key `{}` has no password; sign in with an account", key.name);
        return Err(ApiError::new(ErrorCode::MissingScope, message));
    }
    let session = caller.cookie.session()?;
    let account = &session.account;
    if body.current.expose_secret() == body.password.expose_secret() {
        let message = "password: this is the password until now; choose another";
        return Err(ApiError::new(ErrorCode::InvalidField, message));
    }
    let password = Password::new(body.password).map_err(|error| wrong("password", &error))?;
    // Whoever has a session has signed in from here, also before a restart, and is not kept out by those who guess elsewhere.
    state.limits.sign_in.signed_in(&account.name, address.0);
    state.limits.sign_in.admit(&account.name, address.0)?;
    let (token, current) = (session.token.clone(), body.current);
    let change = OwnPassword { token, current, password, address: address.0 };
    let changed = state.ports.accounts.change_own_password(account.scope(), change).await?;
    changed.then(no_content).ok_or_else(|| {
        ApiError::new(ErrorCode::WrongCredentials, "current: this is not the password of the account")
            .hint("whoever looks after the accounts can set a new password")
    })
}

/// Lists all accounts. Needs the role admin.
#[utoipa::path(
    get, path = "/api/v1/staff", tag = "staff",
    responses((status = 200, body = AccountList), Failures),
    security(("key" = [])),
)]
pub async fn list(
    State(state): State<AppState>,
    AsAdmin(staff): AsAdmin,
) -> Result<Json<AccountList>, ApiError> {
    let accounts = state.ports.accounts.list(staff).await?;
    let zone = &state.settings.zone;
    let staff = accounts.into_iter().map(|account| AccountView::new(account, zone)).collect();
    Ok(Json(AccountList { staff }))
}

/// Lists who works at the desk, by name and display name. For everybody at the desk.
#[utoipa::path(
    get, path = "/api/v1/colleagues", tag = "staff",
    responses((status = 200, body = ColleagueList), Failures),
    security(("key" = [])),
)]
pub async fn colleagues(
    State(state): State<AppState>,
    member: Member,
) -> Result<Json<ColleagueList>, ApiError> {
    let accounts = state.ports.accounts.list(member.staff).await?;
    let seen = |StaffAccount { name, display_name, active, .. }| ColleagueView { name, display_name, active };
    Ok(Json(ColleagueList { colleagues: accounts.into_iter().map(seen).collect() }))
}

/// Makes an account. Needs the role admin.
#[utoipa::path(
    post, path = "/api/v1/staff", tag = "staff", request_body = AccountBody,
    responses((status = 200, body = AccountView), Failures),
    security(("key" = [])),
)]
pub async fn create(
    State(state): State<AppState>,
    AsAdmin(staff): AsAdmin,
    JsonBody(body): JsonBody<AccountBody>,
) -> Result<Json<AccountView>, ApiError> {
    let name = StaffName::new(&body.name).map_err(|error| wrong("name", &error))?;
    let display_name = display_name(body.display_name)?.unwrap_or_else(|| name.clone().into());
    let password = Password::new(body.password).map_err(|error| wrong("password", &error))?;
    let new = NewStaff { name, display_name, role: body.role, password };
    let account = state.ports.accounts.create(staff, new).await?;
    Ok(Json(AccountView::new(account, &state.settings.zone)))
}

/// Changes an account. Needs the role admin.
#[utoipa::path(
    patch, path = "/api/v1/staff/{name}", tag = "staff", params(("name" = String, Path,)),
    request_body = AccountChange,
    responses((status = 200, body = AccountView), Failures),
    security(("key" = [])),
)]
pub async fn change(
    State(state): State<AppState>,
    AsAdmin(staff): AsAdmin,
    PathOf(name): PathOf<String>,
    JsonBody(body): JsonBody<AccountChange>,
) -> Result<Json<AccountView>, ApiError> {
    let unknown = |_| ApiError::new(ErrorCode::NotFound, "there is no such account");
    let name = StaffName::new(&name).map_err(unknown)?;
    let password = body.password.map(Password::new).transpose().map_err(|error| wrong("password", &error))?;
    let change = StaffChange {
        display_name: display_name(body.display_name)?,
        role: body.role,
        active: body.active,
        password,
    };
    let account = state.ports.accounts.change(staff, name, change).await?;
    Ok(Json(AccountView::new(account, &state.settings.zone)))
}

/// Shows who did what, newest first. Needs the role lead or admin.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "staff", params(AuditQuery),
    responses((status = 200, body = AuditList), Failures),
    security(("key" = [])),
)]
pub async fn audit(
    State(state): State<AppState>,
    AsLead(staff): AsLead,
    QueryOf(query): QueryOf<AuditQuery>,
) -> Result<Json<AuditList>, ApiError> {
    let limit = query.limit.unwrap_or(100);
    if !(1..=500).contains(&limit) {
        let message = "limit: a number from 1 to 500 is expected";
        return Err(ApiError::new(ErrorCode::InvalidParameter, message));
    }
    let filter = AuditFilter { subject: query.subject, actor: query.actor, limit };
    let entries = state.ports.accounts.audit(staff, filter).await?;
    let zone = &state.settings.zone;
    Ok(Json(AuditList { entries: entries.into_iter().map(|entry| AuditView::new(entry, zone)).collect() }))
}

fn display_name(given: Option<String>) -> Result<Option<DisplayName>, ApiError> {
    let checked = given.map(|text| DisplayName::new(&text)).transpose();
    checked.map_err(|error| wrong("display_name", &error))
}

fn wrong(field: &str, error: &StaffError) -> ApiError {
    ApiError::new(ErrorCode::InvalidField, format!("{field}: {error}"))
}
