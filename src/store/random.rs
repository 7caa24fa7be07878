//! Secrets: where their random bytes come from and how they are written and hashed.

use std::fmt::Write;

use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::error::StoreError;

/// Thirty-two bytes nobody can guess, as 64 hexadecimal digits.
pub(super) fn secret_hex() -> Result<String, StoreError> {
    let mut bytes = [0_u8; 32];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| StoreError::Other("the system gives no random bytes".into()))?;
    Ok(hex(&bytes))
}

/// A secret that nobody else has, for something that is set up now.
///
/// # Errors
/// If the system gives no random bytes.
pub fn fresh_secret() -> Result<SecretString, StoreError> {
    secret_hex().map(SecretString::from)
}

/// The hash under which a secret is kept, and by which the bytes of a picture are told apart.
pub(super) fn sha256(secret: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(secret.as_ref()).into()
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
