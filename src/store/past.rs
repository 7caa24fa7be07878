//! What was said in the past and how it was answered, for playing it again; and a copy of the file to do so beside it.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;
use sqlx::Row;

use super::codec::{from_json, from_text, from_word, time};
use super::conversations::{Conversation, read_conversation};
use super::open::FILE;
use super::{Store, StoreError};
use crate::identity::{ConversationId, MessageId, StaffScope};
use crate::turn::trace::Trace;
use crate::turn::types::{Author, Handoff};

/// How often a file is copied again that was written meanwhile.
const ATTEMPTS: usize = 5;

/// Something that was said.
#[derive(Debug, Clone)]
pub struct PastWord {
    /// Its id.
    pub id: MessageId,
    /// Who said it. What the assistant said as an answer stands in `answer` of the customer's message.
    pub author: Author,
    /// The text.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// Whether a later message of a burst took it over.
    pub superseded: bool,
    /// How it was answered.
    pub answer: Option<PastAnswer>,
}

/// How a customer's message was answered.
#[derive(Debug, Clone)]
pub struct PastAnswer {
    /// What was said.
    pub text: String,
    /// Why.
    pub trace: Option<Trace>,
    /// The handoff that was decided.
    pub handoff: Option<Handoff>,
}

impl Store {
    /// The shop's conversations, the latest first, at most `limit`.
    pub async fn conversations(
        &self,
        staff: &StaffScope,
        limit: u32,
    ) -> Result<Vec<Conversation>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM conversations WHERE shop = ?1 ORDER BY opened_at DESC, id DESC LIMIT ?2",
        )
        .bind(staff.shop.as_str())
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read_conversation).collect()
    }

    /// What was said in a conversation, oldest first, the answers beside what they answer.
    pub async fn past_words(
        &self,
        staff: &StaffScope,
        conversation: &ConversationId,
    ) -> Result<Vec<PastWord>, StoreError> {
        let rows = sqlx::query(
            "SELECT said.id, said.author, said.text, said.at, said.superseded_by IS NOT NULL AS superseded, \
             reply.text AS reply, reply.trace, reply.handoff \
             FROM messages AS said LEFT JOIN messages AS reply ON reply.reply_to = said.id \
             WHERE said.shop = ?1 AND said.conversation = ?2 AND said.reply_to IS NULL ORDER BY said.number",
        )
        .bind(staff.shop.as_str())
        .bind(conversation.as_str())
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                let reply: Option<String> = row.try_get("reply")?;
                let trace: Option<String> = row.try_get("trace")?;
                let handoff: Option<String> = row.try_get("handoff")?;
                let answer = match reply {
                    Some(text) => Some(PastAnswer {
                        text,
                        trace: trace.as_deref().map(from_json).transpose()?,
                        handoff: handoff.as_deref().map(from_json).transpose()?,
                    }),
                    None => None,
                };
                Ok(PastWord {
                    id: from_text(row.try_get("id")?)?,
                    author: from_word(row.try_get("author")?)?,
                    text: row.try_get("text")?,
                    at: time(row.try_get("at")?)?,
                    superseded: row.try_get("superseded")?,
                    answer,
                })
            })
            .collect()
    }
}

/// Copies the database of a data folder into another folder, reading only. A server may be running on it.
///
/// # Errors
/// [`StoreError::Other`] if there is none or it cannot be copied, [`StoreError::Busy`] if it is written all the time.
pub fn copy_database(from: &Path, to: &Path) -> Result<(), StoreError> {
    let files = [FILE.to_owned(), format!("{FILE}-wal")];
    let main = from.join(FILE);
    if !main.is_file() {
        let reason = format!("there is no database in {}; name a data folder with --data", from.display());
        return Err(StoreError::Other(reason));
    }
    for _ in 0..ATTEMPTS {
        let before = files.clone().map(|name| stamp(&from.join(name)));
        for name in &files {
            copy_if_there(&from.join(name), &to.join(name))?;
        }
        let after = files.clone().map(|name| stamp(&from.join(name)));
        if before == after {
            return Ok(());
        }
    }
    Err(StoreError::Busy(format!(
        "{} is written all the time; try again when fewer people write, or stop the server meanwhile",
        main.display()
    )))
}

/// When a file was written last and how long it is.
fn stamp(path: &Path) -> Option<(u64, SystemTime)> {
    let metadata: Metadata = fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

fn copy_if_there(from: &Path, to: &Path) -> Result<(), StoreError> {
    if !from.is_file() {
        // A checkpoint may have taken it away since the last attempt.
        return match fs::remove_file(to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::from_io(&error, to))
            }
            _ => Ok(()),
        };
    }
    fs::copy(from, to).map(drop).map_err(|error| StoreError::from_io(&error, from))
}
