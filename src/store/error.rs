//! What can go wrong in the store, by cause, so that a door can tell "not there" from "try again".

use std::io;
use std::path::Path;

/// Something the store could not do. Cloned when one failed commit answers several writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It is not there, or it is somebody else's, which is the same to the one who asks.
    #[error("{what} `{id}` is unknown")]
    NotFound {
        /// What was asked for: `conversation`, `ticket`, …
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// It contradicts what has happened meanwhile: another agent has the ticket, a person has the conversation.
    #[error("{0}")]
    Conflict(String),
    /// The data folder or its file cannot be written.
    #[error("{0}")]
    ReadOnly(String),
    /// Another process holds what is needed.
    #[error("{0}")]
    Busy(String),
    /// The file is damaged, or is no database, or holds a value this program never writes.
    #[error("{0}")]
    Corrupt(String),
    /// The file was written by a newer Warmdesk.
    #[error(
        "the database has schema {found} and this warmdesk knows schemas up to {known}; use the newer version \
         that wrote it, or a copy of the data folder from before the update"
    )]
    NewerSchema {
        /// The newest migration in the file.
        found: i64,
        /// The newest migration of this program.
        known: i64,
    },
    /// Anything else: a full disk, a program error.
    #[error("{0}")]
    Other(String),
}

impl StoreError {
    /// A thing that is not there.
    pub(super) fn not_found(what: &'static str, id: impl Into<String>) -> Self {
        Self::NotFound { what, id: id.into() }
    }

    /// A file operation in the data folder failed.
    pub(super) fn from_io(error: &io::Error, path: &Path) -> Self {
        let path = path.display();
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(format!(
                "the data folder {path} cannot be written ({error}); give it to this user or choose another with --data"
            )),
            io::ErrorKind::StorageFull => Self::Other(format!("no space is left for {path}: {error}")),
            _ => Self::Other(format!("cannot use {path} as data folder: {error}")),
        }
    }
}

/// The primary result codes of SQLite that have a meaning of their own here.
mod code {
    pub const BUSY: i32 = 5;
    pub const LOCKED: i32 = 6;
    pub const READONLY: i32 = 8;
    pub const CORRUPT: i32 = 11;
    pub const FULL: i32 = 13;
    pub const CANNOT_OPEN: i32 = 14;
    pub const NOT_A_DATABASE: i32 = 26;
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => {
                let extended: i32 = database.code().and_then(|text| text.parse().ok()).unwrap_or(0);
                from_code(extended & 0xff, database.message())
            }
            sqlx::Error::RowNotFound => Self::not_found("row", ""),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Corrupt(format!("the database holds a value that cannot be read: {error}"))
            }
            sqlx::Error::PoolTimedOut => Self::Busy("all readers of the database are busy; try again".into()),
            _ => Self::Other(format!("database: {error}")),
        }
    }
}

fn from_code(primary: i32, message: &str) -> StoreError {
    match primary {
        code::BUSY | code::LOCKED => StoreError::Busy(format!(
            "another process is writing to the database ({message}); try again in a moment"
        )),
        code::READONLY => StoreError::ReadOnly(format!("the database cannot be written: {message}")),
        code::CORRUPT | code::NOT_A_DATABASE => StoreError::Corrupt(format!(
            "the database file is damaged or is no database ({message}); put a backup in its place or choose another \
             data folder"
        )),
        code::FULL => StoreError::Other(format!("no space is left for the database: {message}")),
        code::CANNOT_OPEN => StoreError::Other(format!("the database cannot be opened: {message}")),
        _ => StoreError::Other(format!("database: {message}")),
    }
}
