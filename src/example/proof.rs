//! Is it Warmdesk that asks? The token, and the signature as Standard Webhooks describes it, over exactly what came.

use axum::http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use subtle::ConstantTimeEq;

use crate::connect::Signer;

/// A request that is further away than this is an old one that somebody sends again, in seconds.
const WINDOW_SECONDS: i64 = 300;

/// What a system knows Warmdesk by.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// What requests are signed with.
    pub secret: SecretString,
    /// The bearer token.
    pub token: SecretString,
}

/// A request that is Warmdesk's.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// The id under which it was sent; the same in every attempt.
    pub id: String,
    /// When it was sent, in seconds since 1970.
    pub sent_at: i64,
    /// What it says.
    pub body: Value,
}

/// Checks token and signature.
///
/// # Errors
/// Why it is not Warmdesk's.
pub fn check(headers: &HeaderMap, body: &[u8], credentials: &Credentials) -> Result<Received, String> {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned).ok_or_else(|| format!("{name} is missing"))
    };
    if !has_token(headers, &credentials.token) {
        return Err("another token".to_owned());
    }
    let (id, sent_at) = (text("webhook-id")?, text("webhook-timestamp")?);
    let sent_at: i64 = sent_at.parse().map_err(|_| "webhook-timestamp is no time".to_owned())?;
    let signer = Signer::new(&credentials.secret).map_err(|error| error.to_string())?;
    if !same(&text("webhook-signature")?, &signer.sign(&id, sent_at, body)) {
        return Err("another signature".to_owned());
    }
    let body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(Received { id, sent_at, body })
}

/// Whether a request was sent about now; both in seconds since 1970.
pub fn is_recent(sent_at: i64, now: i64) -> bool {
    (sent_at - now).abs() <= WINDOW_SECONDS
}

/// Whether the bearer token is the one that is wanted.
pub(super) fn has_token(headers: &HeaderMap, token: &SecretString) -> bool {
    let given = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    same(given, &format!("Bearer {}", token.expose_secret()))
}

/// Compares without telling by the time it takes how much was right.
fn same(given: &str, wanted: &str) -> bool {
    given.as_bytes().ct_eq(wanted.as_bytes()).into()
}
