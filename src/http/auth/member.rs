//! Somebody at the desk: which role they have, and doors that only some roles may pass.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Caller;
use crate::http::error::{ApiError, ErrorCode};
use crate::http::state::AppState;
use crate::identity::StaffScope;
use crate::staff::Role;

/// Somebody at the desk: an account, or a key that stands for one.
#[derive(Debug, Clone)]
pub struct Member {
    /// The scope they act in.
    pub staff: StaffScope,
    /// How customers and colleagues read them.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// What their requests send as `x-csrf-token`; none for a key, which needs none.
    pub csrf: Option<String>,
}

/// A lead or an admin.
#[derive(Debug, Clone)]
pub struct AsLead(pub StaffScope);

/// An admin.
#[derive(Debug, Clone)]
pub struct AsAdmin(pub StaffScope);

impl Caller {
    /// Who this is at the desk.
    ///
    /// # Errors
    /// As [`Caller::require`].
    pub fn member(&self) -> Result<Member, ApiError> {
        let Some(key) = &self.key else {
            let session = self.cookie.session()?;
            let account = &session.account;
            return Ok(Member {
                staff: account.scope(),
                display_name: account.display_name.clone(),
                role: account.role,
                csrf: Some(session.csrf()),
            });
        };
        let role = Role::of_key(key).ok_or_else(|| {
            let message = format!("the key `{}` lacks the scope desk or admin", key.name);
            ApiError::new(ErrorCode::MissingScope, message)
        })?;
        Ok(Member { staff: key.staff_scope(), display_name: key.name.clone(), role, csrf: None })
    }

    /// The staff scope, if this is somebody with at least this role.
    ///
    /// # Errors
    /// As [`Caller::require`].
    pub fn require_role(&self, role: Role) -> Result<StaffScope, ApiError> {
        let member = self.member()?;
        if member.role >= role {
            return Ok(member.staff);
        }
        let message = format!("`{}` has the role {}, this needs {role}", member.staff.actor, member.role);
        Err(ApiError::new(ErrorCode::MissingScope, message))
    }
}

impl FromRequestParts<AppState> for Member {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        Caller::from_request_parts(parts, state).await?.member()
    }
}

impl FromRequestParts<AppState> for AsLead {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        Caller::from_request_parts(parts, state).await?.require_role(Role::Lead).map(Self)
    }
}

impl FromRequestParts<AppState> for AsAdmin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        Caller::from_request_parts(parts, state).await?.require_role(Role::Admin).map(Self)
    }
}
