//! Who works at the desk: accounts, what each role may do, what is written down of it.
//!
//! The roles stand in one order, and each has every right of the one below it. A right is a [`KeyScope`], so that a door
//! asks a signed-in account for the same thing as a key.

mod password;

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

pub use password::{LONGEST_PASSWORD, Password, SHORTEST_PASSWORD, hash, matches};

use crate::identity::{KeyScope, ShopId, StaffKey, StaffScope};

/// The longest name and the longest display name, in characters.
pub const LONGEST_NAME: usize = 64;

/// Names under which the program itself acts, and customers as the audit names them. A person with one of them could not be
/// told from them there.
const RESERVED: [&str; 12] = [
    "admin",
    "anonymous",
    "assistant",
    "bench",
    "customer",
    "demo",
    "gaps",
    "index",
    "replay",
    "staff",
    "terminal",
    UNPROVEN,
];

/// Who stands in the audit where somebody could not prove who they are.
pub const UNPROVEN: &str = "unknown";

/// What somebody at the desk may do, from the least to the most.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works tickets: reads conversations and facts, answers customers.
    Agent,
    /// And reads who did what.
    Lead,
    /// And looks after accounts, facts and the installation.
    Admin,
}

impl Role {
    /// Every role, from the least to the most.
    pub const ALL: [Self; 3] = [Self::Agent, Self::Lead, Self::Admin];

    /// What it opens; doors that only a lead or an admin may pass ask for the role itself.
    pub fn scopes(self) -> &'static [KeyScope] {
        match self {
            Self::Agent | Self::Lead => &[KeyScope::Desk],
            Self::Admin => &KeyScope::ALL,
        }
    }

    /// Whether it opens what a scope opens.
    pub fn has(self, scope: KeyScope) -> bool {
        self.scopes().contains(&scope)
    }

    /// The role a key stands for at the desk; none for a key that has no business there.
    pub fn of_key(key: &StaffKey) -> Option<Self> {
        let role_by = |scope, role| key.has(scope).then_some(role);
        role_by(KeyScope::Admin, Self::Admin).or_else(|| role_by(KeyScope::Desk, Self::Agent))
    }

    /// Its name, as accounts are made and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Lead => "lead",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Something about an account was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StaffError {
    /// The name is empty, too long or has characters that a name may not have.
    #[error("1 to {LONGEST_NAME} letters and digits are expected, also with `.`, `_`, `-` and `@`")]
    Name,
    /// The program itself acts under this name.
    #[error("`{0}` is a name of the program itself; choose another")]
    Reserved(String),
    /// The display name is empty, too long or has control characters.
    #[error("1 to {LONGEST_NAME} characters without control characters are expected")]
    DisplayName,
    /// The password is too short or too long.
    #[error("{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters are expected, this one has {0}")]
    Password(usize),
    /// Hashing failed.
    #[error("the password could not be hashed: {0}")]
    Hashing(String),
}

/// The name of an account: by it people sign in, claim tickets and stand in the audit. Customers and colleagues read the
/// [`DisplayName`] instead.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StaffName(String);

impl StaffName {
    /// Checks a name that came from outside. Full-width letters are taken for ordinary ones.
    ///
    /// # Errors
    /// [`StaffError::Name`], [`StaffError::Reserved`].
    pub fn new(text: &str) -> Result<Self, StaffError> {
        let name: String = text.trim().nfkc().take(LONGEST_NAME + 1).collect();
        let allowed = |character: char| character.is_alphanumeric() || ".-_@".contains(character);
        if name.is_empty() || name.chars().count() > LONGEST_NAME || !name.chars().all(allowed) {
            return Err(StaffError::Name);
        }
        let name = Self(name);
        if RESERVED.contains(&name.lookup().as_str()) {
            return Err(StaffError::Reserved(name.0));
        }
        Ok(name)
    }

    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it is compared: in lower case, so that `Lin` and `lin` are one person.
    pub fn lookup(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for StaffName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// How customers and colleagues read somebody. It is text and nothing else: pages show it, they never interpret it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// Checks a display name that came from outside.
    ///
    /// # Errors
    /// [`StaffError::DisplayName`].
    pub fn new(text: &str) -> Result<Self, StaffError> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > LONGEST_NAME || text.chars().any(char::is_control) {
            return Err(StaffError::DisplayName);
        }
        Ok(Self(text.to_owned()))
    }

    /// The display name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<StaffName> for DisplayName {
    fn from(name: StaffName) -> Self {
        Self(name.0)
    }
}

/// An account as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffAccount {
    /// The shop it belongs to.
    pub shop: ShopId,
    /// Its name.
    pub name: String,
    /// How customers and colleagues read it.
    pub display_name: String,
    /// What it may do.
    pub role: Role,
    /// Whether it may sign in.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When somebody last signed in with it.
    pub last_login_at: Option<Timestamp>,
}

impl StaffAccount {
    /// The scope it acts in.
    pub fn scope(&self) -> StaffScope {
        StaffScope { shop: self.shop.clone(), actor: self.name.clone() }
    }
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewStaff {
    /// Its name.
    pub name: StaffName,
    /// How customers and colleagues read it.
    pub display_name: DisplayName,
    /// What it may do.
    pub role: Role,
    /// Its password.
    pub password: Password,
}

/// What is changed of an account; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct StaffChange {
    /// How customers and colleagues read it.
    pub display_name: Option<DisplayName>,
    /// What it may do.
    pub role: Option<Role>,
    /// Whether it may sign in. Taking that away ends its sessions and puts its tickets back into the queue.
    pub active: Option<bool>,
    /// Its password. A new one ends its sessions.
    pub password: Option<Password>,
}

/// A try to sign in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The name as it was typed.
    pub name: String,
    /// The password as it was typed.
    pub password: SecretString,
    /// Where it came from, for the audit.
    pub address: Option<IpAddr>,
}

/// Somebody's change of the own password.
#[derive(Debug, Clone)]
pub struct OwnPassword {
    /// What the browser shows in which it is changed; every other session of the account ends.
    pub token: SecretString,
    /// The password until now, as it was typed.
    pub current: SecretString,
    /// The password from now on.
    pub password: Password,
    /// Where it came from, for the audit.
    pub address: Option<IpAddr>,
}

/// A session that was just opened.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// What its browser shows from now on. Nobody can read it again.
    pub token: SecretString,
    /// Who signed in.
    pub account: StaffAccount,
}

/// Who did what, when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who.
    pub actor: String,
    /// What: `open_ticket`, `claim`, `withdraw_record`, …
    pub action: String,
    /// To what: a ticket id, `kind:id`, …
    pub subject: String,
    /// More of it.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// Which entries of the audit; all conditions hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// To what something was done.
    pub subject: Option<String>,
    /// Who did it.
    pub actor: Option<String>,
    /// At most so many, the newest first.
    pub limit: u32,
}

#[cfg(test)]
mod tests;
