//! Passwords: what one may look like, how it is kept, how one that is typed is compared.
//!
//! Hashing takes milliseconds of a whole core and 19 MiB on purpose. It happens beside the runtime, and only a few at a
//! time, so that a flood of tries neither stops replies nor fills the memory.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::StaffError;

/// The fewest characters of a password.
pub const SHORTEST_PASSWORD: usize = 10;
/// The most characters of a password.
pub const LONGEST_PASSWORD: usize = 256;

/// How many passwords are hashed at the same time.
const AT_A_TIME: usize = 2;

/// What is compared with where there is no account: it costs the same and nothing matches it. A test keeps its
/// parameters equal to those of new hashes.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                       AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static HASHING: Semaphore = Semaphore::const_new(AT_A_TIME);

/// A password that may be set. Its length is the only rule: what people can remember and machines cannot guess is
/// long, not colourful.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

impl Password {
    /// Checks a password that is to be set.
    ///
    /// # Errors
    /// [`StaffError::Password`] with its length.
    pub fn new(secret: SecretString) -> Result<Self, StaffError> {
        let characters = secret.expose_secret().chars().count();
        if !(SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&characters) {
            return Err(StaffError::Password(characters));
        }
        Ok(Self(secret))
    }
}

/// The hash under which a password is kept, as a PHC string with a salt of its own.
///
/// # Errors
/// [`StaffError::Hashing`] if the system gives no random bytes or no memory.
pub async fn hash(password: Password) -> Result<String, StaffError> {
    beside_the_runtime(move || {
        let secret = password.0.expose_secret().as_bytes();
        let hashed: PasswordHash = Argon2::default()
            .hash_password(secret)
            .map_err(|error| StaffError::Hashing(error.to_string()))?;
        Ok(hashed.to_string())
    })
    .await
}

/// Whether a typed password is the one that was kept. Without a kept one it takes as long and is false, so that the
/// time it takes does not tell who has an account.
///
/// # Errors
/// [`StaffError::Hashing`] if what was kept cannot be read.
pub async fn matches(kept: Option<String>, typed: SecretString) -> Result<bool, StaffError> {
    beside_the_runtime(move || {
        let hashed = PasswordHash::new(kept.as_deref().unwrap_or(NOBODYS))
            .map_err(|error| StaffError::Hashing(error.to_string()))?;
        let right = Argon2::default().verify_password(typed.expose_secret().as_bytes(), &hashed).is_ok();
        Ok(right && kept.is_some())
    })
    .await
}

async fn beside_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StaffError> + Send + 'static,
) -> Result<T, StaffError> {
    let failed = |error: &dyn std::fmt::Display| StaffError::Hashing(error.to_string());
    let turn = HASHING.acquire().await.map_err(|error| failed(&error))?;
    let done = tokio::task::spawn_blocking(move || {
        // Held by the work itself: a caller that leaves must not let another one in beside it.
        let _turn = turn;
        work()
    });
    done.await.map_err(|error| failed(&error))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[test]
    fn only_the_length_counts() {
        let check = |text: &str, expected: Result<(), StaffError>| {
            assert_eq!(Password::new(secret(text)).map(drop), expected, "{text}");
        };
        check("123456789", Err(StaffError::Password(9)));
        check("aaaaaaaaaa", Ok(()));
        check("一二三四五六七八九十", Ok(()));
        check("          ", Ok(()));
        check(&"长".repeat(256), Ok(()));
        check(&"长".repeat(257), Err(StaffError::Password(257)));
    }

    #[tokio::test]
    async fn a_hash_matches_its_password_and_no_other() {
        let kept = hash(Password::new(secret("correct horse 电池")).unwrap()).await.unwrap();
        let again = hash(Password::new(secret("correct horse 电池")).unwrap()).await.unwrap();
        assert_ne!(kept, again, "each has a salt of its own");
        let check = async |kept: Option<&str>, typed: &str, expected: bool| {
            let right = matches(kept.map(str::to_owned), secret(typed)).await.unwrap();
            assert_eq!(right, expected, "{typed}");
        };
        check(Some(&kept), "correct horse 电池", true).await;
        check(Some(&kept), "correct horse 电", false).await;
        check(Some(&kept), "", false).await;
        check(None, "correct horse 电池", false).await;
        check(None, "", false).await;
        assert!(matches(Some("no hash".into()), secret("x")).await.is_err());
    }

    #[tokio::test]
    async fn where_there_is_no_account_as_much_is_computed() {
        let kept = hash(Password::new(secret("0123456789")).unwrap()).await.unwrap();
        let shape = |phc: &str| {
            let parts: Vec<String> = phc.split('$').map(str::to_owned).collect();
            (parts[..4].to_vec(), parts[4].len(), parts[5].len())
        };
        assert_eq!(shape(NOBODYS), shape(&kept));
        assert!(kept.starts_with("$argon2id$"));
    }
}
