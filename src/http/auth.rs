//! Who is calling: a key, signed-in staff, a browser's session, or nobody; and whether a customer is really that customer.
//!
//! A key says what staff may do, and so does the account of somebody who has signed in; its cookie counts only where a
//! request names nobody itself, and only for what staff do, so that it changes nothing of how customers are answered. It never says on whose behalf a turn reads facts: that is only ever proven by the
//! customer's signature, or by a session that was opened with one.

pub mod cookie;
pub mod member;

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use futures_util::StreamExt;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use self::cookie::Cookie;
use super::error::{ApiError, ErrorCode};
use super::ports::{Live, Reader, SESSION_PREFIX, Session};
use super::state::AppState;
use super::wire::CustomerProof;
use crate::identity::{CustomerId, KeyScope, Scope, StaffKey, StaffScope};

/// Carries a session token where `Authorization` already carries a key, as when staff try the widget.
pub const SESSION_HEADER: HeaderName = HeaderName::from_static("x-warmdesk-session");

/// How soon an open stream notices that the session of whoever listens is over.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Names the customer where the body has no room for it, percent-encoded; [`SIGNATURE_HEADER`] has the proof.
pub const CUSTOMER_HEADER: HeaderName = HeaderName::from_static("x-warmdesk-customer");

/// The signature of the customer's id, as `customer.signature` in a body.
pub const SIGNATURE_HEADER: HeaderName = HeaderName::from_static("x-warmdesk-signature");

/// Who is calling.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The key, if a valid one was given.
    pub key: Option<StaffKey>,
    /// The session, if a valid token was given.
    pub session: Option<Session>,
    /// What the cookie of signed-in staff says; absent if a key or a session was given.
    pub cookie: Cookie,
}

impl Caller {
    /// The staff scope, if the key or the role of the account has this scope.
    ///
    /// # Errors
    /// `key_required` without either, `missing_scope` if it lacks the scope, `signed_out` if the account's session is
    /// over, `wrong_csrf_token` if the request does not prove to come from the own page.
    pub fn require(&self, scope: KeyScope) -> Result<StaffScope, ApiError> {
        self.require_one_of(&[scope])
    }

    /// The staff scope, if the key or the role of the account has one of these scopes.
    ///
    /// # Errors
    /// As [`Self::require`].
    pub fn require_one_of(&self, scopes: &[KeyScope]) -> Result<StaffScope, ApiError> {
        let (who, staff, held) = match &self.key {
            Some(key) => (format!("key `{}`", key.name), key.staff_scope(), key.scopes.as_slice()),
            None => {
                let account = &self.cookie.session()?.account;
                (format!("account `{}`", account.name), account.scope(), account.role.scopes())
            }
        };
        if scopes.iter().any(|scope| held.contains(scope)) {
            return Ok(staff);
        }
        let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let message = format!("the {who} lacks the scope {}", names.join(" or "));
        Err(ApiError::new(ErrorCode::MissingScope, message))
    }

    /// A stream that ends when the session of whoever listens does. One that was opened with a key or by a customer
    /// goes on.
    pub fn while_signed_in<T: Send + 'static>(&self, state: &AppState, events: Live<T>) -> Live<T> {
        let Cookie::Valid(session) = &self.cookie else { return events };
        let (accounts, token) = (state.ports.accounts.clone(), session.token.clone());
        let over = async move {
            loop {
                tokio::time::sleep(LOOK_AGAIN).await;
                if matches!(accounts.stands(token.expose_secret()).await, Ok(false)) {
                    return;
                }
            }
        };
        Box::pin(events.take_until(Box::pin(over)))
    }

    /// Whether the whole answer is shown: evidence, refusals, timing.
    pub fn sees_everything(&self) -> bool {
        self.key.as_ref().is_some_and(|key| {
            [KeyScope::Chat, KeyScope::Desk, KeyScope::Admin].into_iter().any(|scope| key.has(scope))
        })
    }

    /// Whether limits do not apply.
    pub fn is_exempt(&self) -> bool {
        self.key.as_ref().is_some_and(StaffKey::has_all)
    }

    /// On whose behalf a conversation is read.
    ///
    /// # Errors
    /// `key_required` if there is neither a key nor a session, `missing_scope` if there is only a key that lacks
    /// the scope `desk`.
    pub fn reader(&self) -> Result<Reader, ApiError> {
        match (self.require_one_of(&[KeyScope::Desk, KeyScope::Admin]), &self.session) {
            (Ok(staff), _) => Ok(Reader::Staff(staff)),
            (Err(_), Some(session)) => Ok(Reader::Customer(session.scope.clone())),
            (Err(error), None) if error.code() != ErrorCode::KeyRequired => Err(error),
            (Err(error), None) => {
                Err(error
                    .hint("send a key, or the token of POST /api/v1/session, as `Authorization: Bearer …`"))
            }
        }
    }

    /// The customer or visitor who does something that only somebody in particular can do: send a picture, rate.
    ///
    /// # Errors
    /// As [`Self::scope`]; `key_required` if neither a proof nor a session says who it is.
    pub async fn customer_scope(
        &self,
        state: &AppState,
        proof: Option<&CustomerProof>,
    ) -> Result<Scope, ApiError> {
        let scope = self.scope(state, proof).await?;
        if scope.verified_customer().is_some() || scope.visitor().is_some() {
            return Ok(scope);
        }
        Err(ApiError::new(ErrorCode::KeyRequired, "this is for a customer, and nobody is named")
            .hint("send the token of POST /api/v1/session as `Authorization: Bearer …`, or the customer's signature"))
    }

    /// On whose behalf a turn reads facts: the customer proven by the request, else the session's, else nobody.
    ///
    /// # Errors
    /// `invalid_signature` if a signature is given and wrong, `invalid_id` if the id cannot be one.
    pub async fn scope(&self, state: &AppState, proof: Option<&CustomerProof>) -> Result<Scope, ApiError> {
        if let Some(customer) = prove(state, proof).await? {
            return Ok(Scope::customer(state.settings.shop.clone(), customer));
        }
        Ok(self
            .session
            .as_ref()
            .map_or_else(|| Scope::anonymous(state.settings.shop.clone()), |session| session.scope.clone()))
    }
}

/// The proof in the headers of a request whose body is something else than JSON.
///
/// # Errors
/// `invalid_id` if the customer's id cannot be read.
pub fn proof_in(headers: &HeaderMap) -> Result<Option<CustomerProof>, ApiError> {
    let Some(id) = headers.get(CUSTOMER_HEADER) else { return Ok(None) };
    let decoded = percent_encoding::percent_decode(id.as_bytes()).decode_utf8();
    let id = decoded.map_err(|_| {
        ApiError::new(ErrorCode::InvalidId, format!("{CUSTOMER_HEADER}: percent-encoded UTF-8 is expected"))
    })?;
    let signature = headers.get(SIGNATURE_HEADER).and_then(|value| value.to_str().ok());
    Ok(Some(CustomerProof { id: id.into_owned(), signature: signature.map(str::to_owned) }))
}

/// The customer a proof proves. Without a signature nobody is proven, which is no error.
async fn prove(state: &AppState, proof: Option<&CustomerProof>) -> Result<Option<CustomerId>, ApiError> {
    let Some(proof) = proof else { return Ok(None) };
    let customer = CustomerId::new(&proof.id)
        .map_err(|error| ApiError::new(ErrorCode::InvalidId, format!("customer.id: {error}")))?;
    let Some(signature) = &proof.signature else { return Ok(None) };
    let secret = state.ports.access.customer_secret(&state.settings.shop).await?;
    if verify_customer(&secret, &customer, signature) {
        return Ok(Some(customer));
    }
    Err(ApiError::new(ErrorCode::InvalidSignature, "the customer's signature is wrong")
        .hint("it is the hex HMAC-SHA256 of the UTF-8 id under the shop's secret"))
}

/// The signature of a customer's id: hex HMAC-SHA256 of the UTF-8 id under the shop's secret.
pub fn sign_customer(secret: &SecretString, customer: &CustomerId) -> String {
    sign(secret, customer.as_str())
}

/// Whether a signature is right, compared in constant time.
pub fn verify_customer(secret: &SecretString, customer: &CustomerId, signature: &str) -> bool {
    is_signed(secret, customer.as_str(), signature)
}

/// The hex HMAC-SHA256 of a text under a secret.
fn sign(secret: &SecretString, text: &str) -> String {
    let bytes = keyed(secret, text).finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a signature is right, compared in constant time.
fn is_signed(secret: &SecretString, text: &str, signature: &str) -> bool {
    let Some(bytes) = from_hex(signature) else { return false };
    keyed(secret, text).verify_slice(&bytes).is_ok()
}

fn keyed(secret: &SecretString, text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes keys of every length");
    mac.update(text.as_bytes());
    mac
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || digits.len() > 128 {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16);
    digits.chunks_exact(2).map(|pair| u8::try_from(value(pair[0])? * 16 + value(pair[1])?).ok()).collect()
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let mut caller = Self::default();
        if let Some(token) = bearer(&parts.headers)? {
            if token.starts_with(SESSION_PREFIX) {
                caller.session = Some(session(state, token).await?);
            } else {
                caller.key = Some(key(state, token).await?);
            }
        }
        if let Some(token) = parts.headers.get(SESSION_HEADER) {
            let token = token.to_str().map_err(|_| invalid_token())?;
            caller.session = Some(session(state, token).await?);
        }
        if caller.key.is_none() && caller.session.is_none() {
            caller.cookie = cookie::read(parts, state).await?;
        }
        Ok(caller)
    }
}

async fn key(state: &AppState, presented: &str) -> Result<StaffKey, ApiError> {
    let found = state.ports.access.key(presented).await?;
    found
        .filter(|key| key.shop == state.settings.shop)
        .ok_or_else(|| ApiError::new(ErrorCode::InvalidKey, "the key is not valid"))
}

async fn session(state: &AppState, token: &str) -> Result<Session, ApiError> {
    let found = state.ports.access.session(token).await?;
    found.filter(|session| session.scope.shop == state.settings.shop).ok_or_else(invalid_token)
}

fn invalid_token() -> ApiError {
    ApiError::new(ErrorCode::InvalidKey, "the session token is not valid")
        .hint("open a new session with POST /api/v1/session")
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let unreadable = || {
        ApiError::new(ErrorCode::InvalidKey, "the Authorization header cannot be read")
            .hint("it is `Authorization: Bearer <key>`")
    };
    let text = value.to_str().map_err(|_| unreadable())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(unreadable)?;
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(unreadable());
    }
    Ok(Some(token))
}

/// A name under which limits count a caller, if the caller has one.
pub fn limit_name(scope: &Scope) -> Option<String> {
    let customer = scope.verified_customer().map(|customer| format!("customer {customer}"));
    customer.or_else(|| scope.visitor().map(|visitor| format!("visitor {visitor}")))
}

#[cfg(test)]
mod tests;
