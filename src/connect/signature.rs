//! How does another system know that a request is Warmdesk's and was not changed on the way? By a signature as Standard
//! Webhooks describes it: HMAC-SHA256 over id, time and body, so that any library for it can check ours.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::Sha256;

/// Begins a secret that is written in base64, as Standard Webhooks writes secrets.
const ENCODED: &str = "whsec_";

/// A key shorter than this is guessed too easily, in bytes.
const SHORTEST_KEY: usize = 16;

/// The name of the header with the message's id.
pub(super) const ID: &str = "webhook-id";
/// The name of the header with the time of sending, in seconds since 1970.
pub(super) const TIMESTAMP: &str = "webhook-timestamp";
/// The name of the header with the signature.
pub(super) const SIGNATURE: &str = "webhook-signature";

/// A secret that cannot be signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It says that it is base64 and is not.
    #[error("a signing secret that begins with `{ENCODED}` must go on in base64")]
    NotBase64,
    /// It is too short.
    #[error("a signing secret must have at least {SHORTEST_KEY} bytes, this one has {0}")]
    TooShort(usize),
}

/// Signs what is sent under one secret.
#[derive(Debug, Clone)]
pub struct Signer {
    key: SecretSlice<u8>,
}

impl Signer {
    /// Writes a key as Standard Webhooks writes secrets.
    pub fn written(key: &[u8]) -> SecretString {
        format!("{ENCODED}{}", BASE64.encode(key)).into()
    }

    /// A signer for a secret: `whsec_` and base64, or any other text, whose bytes are the key.
    ///
    /// # Errors
    /// If the secret cannot be a key.
    pub fn new(secret: &SecretString) -> Result<Self, SignatureError> {
        let text = secret.expose_secret().trim();
        let key = match text.strip_prefix(ENCODED) {
            Some(encoded) => BASE64.decode(encoded).map_err(|_| SignatureError::NotBase64)?,
            None => text.as_bytes().to_vec(),
        };
        if key.len() < SHORTEST_KEY {
            return Err(SignatureError::TooShort(key.len()));
        }
        Ok(Self { key: key.into() })
    }

    /// The value of the signature's header for a body: `v1,` and the signature in base64. `timestamp` is in seconds
    /// since 1970.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose_secret())
            .expect("HMAC takes keys of every length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests;
