//! Pictures that customers have sent: whose they are, how many they may be, and where their bytes lie.
//!
//! The file is on the disk before its row is written, so that a picture that is known is there. A file without a row is
//! what a crash in between leaves; it is swept out at the next start.

mod files;

use std::collections::HashSet;
use std::sync::Arc;

use sqlx::Row;
use sqlx::sqlite::{SqliteExecutor, SqliteRow};

use super::codec::{from_text, from_word, time, word};
use super::conversations::{Conversation, own_conversation};
use super::random::{hex, sha256};
use super::{Store, StoreError, Transaction};
use crate::conversation::types::Attachment;
use crate::identity::{ConversationId, CustomerId, PictureId, Scope, StaffScope, VisitorId};
use crate::pictures::{NewPicture, Picture, PictureKind, PictureLimits, named_by};
use crate::time::Now;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// What became of a picture that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keeping {
    /// It is kept.
    Kept(Picture),
    /// There were too many; nothing was kept.
    TooMany {
        /// After so many seconds the oldest of them counts no longer.
        retry_after_seconds: u64,
    },
}

impl Store {
    /// Keeps a picture of whoever the scope names.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the scope names nobody; trouble with the disk.
    pub async fn keep_picture(
        &self,
        scope: &Scope,
        new: NewPicture,
        limits: PictureLimits,
        now: &Now,
    ) -> Result<Keeping, StoreError> {
        let owner = Owner::of(scope)?;
        let picture = Picture {
            id: PictureId::generate(),
            kind: new.kind,
            bytes: new.bytes.len() as u64,
            sha256: hex(&sha256(&new.bytes)),
            at: now.timestamp(),
        };
        // The disk is not troubled with what is refused anyway; the row is what decides.
        if let Some(refused) = owner.refused(self.readers(), (picture.bytes, limits), now).await? {
            return Ok(refused);
        }
        self.write_picture(&picture, new.bytes).await?;
        let kept = self.write_row(scope, (picture.clone(), new.conversation), limits, now).await?;
        if matches!(kept, Keeping::TooMany { .. }) {
            self.remove_picture(picture).await;
        }
        Ok(kept)
    }

    /// A picture of whoever asks; anybody else's is [`StoreError::NotFound`], as one that never was.
    ///
    /// Who has signed in since has the pictures of the conversation that became theirs by it.
    pub async fn picture(&self, scope: &Scope, id: &PictureId) -> Result<Picture, StoreError> {
        let row = sqlx::query(
            "SELECT p.* FROM pictures AS p LEFT JOIN conversations AS c ON c.id = p.conversation \
             WHERE p.shop = ?1 AND p.id = ?2 AND (p.customer = ?3 OR c.customer = ?3 OR p.visitor = ?4)",
        )
        .bind(scope.shop.as_str())
        .bind(id.as_str())
        .bind(scope.verified_customer().map(CustomerId::as_str))
        .bind(scope.visitor().map(VisitorId::as_str))
        .fetch_optional(self.readers())
        .await?;
        found(row.as_ref(), id)
    }

    /// A picture, for people of the shop.
    pub async fn picture_for_staff(&self, staff: &StaffScope, id: &PictureId) -> Result<Picture, StoreError> {
        let row = sqlx::query("SELECT * FROM pictures WHERE shop = ?1 AND id = ?2")
            .bind(staff.shop.as_str())
            .bind(id.as_str())
            .fetch_optional(self.readers())
            .await?;
        found(row.as_ref(), id)
    }

    /// The bytes of a picture that was found before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if its file is gone, as after a restore of the database alone.
    pub async fn picture_bytes(&self, picture: &Picture) -> Result<Vec<u8>, StoreError> {
        let path = files::place(self.folder(), picture);
        match tokio::fs::read(&path).await {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                tracing::warn!(picture = %picture.id, "the file of a picture is gone");
                Err(StoreError::not_found("picture", picture.id.as_str()))
            }
            Err(error) => Err(StoreError::from_io(&error, &path)),
        }
    }

    /// Removes the files that belong to no picture. Only while nobody sends any: before the doors are open.
    ///
    /// # Errors
    /// Trouble with the disk. How many were removed otherwise.
    pub async fn sweep_pictures(&self, staff: &StaffScope) -> Result<usize, StoreError> {
        // The files of all shops lie in one folder, so that those of every shop are known here.
        let rows = sqlx::query("SELECT id, kind FROM pictures").fetch_all(self.readers()).await?;
        let known = rows
            .iter()
            .map(|row| {
                let kind: PictureKind = from_word(row.try_get("kind")?)?;
                Ok(files::name(row.try_get("id")?, kind))
            })
            .collect::<Result<HashSet<String>, StoreError>>()?;
        let removed = self.on_disk(move |data| files::sweep(data, &known)).await?;
        if removed > 0 {
            tracing::info!(shop = %staff.shop, removed, "files of pictures that were never finished are removed");
        }
        Ok(removed)
    }

    async fn write_picture(&self, picture: &Picture, bytes: Vec<u8>) -> Result<(), StoreError> {
        let picture = picture.clone();
        self.on_disk(move |data| files::write(data, &picture, &bytes)).await
    }

    pub(super) async fn remove_picture(&self, picture: Picture) {
        // If it cannot be removed now, the next start does.
        let removed = self.on_disk(move |data| std::fs::remove_file(files::place(data, &picture))).await;
        if let Err(error) = removed {
            tracing::warn!(%error, "the file of a refused picture stays until the next start");
        }
    }

    /// Does something with the data folder beside the runtime.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&std::path::Path) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || {
            work(&store.folder).map_err(|error| StoreError::from_io(&error, &store.folder))
        })
        .await
        .map_err(|error| StoreError::Other(format!("the disk could not be asked: {error}")))?
    }

    async fn write_row(
        &self,
        scope: &Scope,
        (picture, conversation): (Picture, Option<ConversationId>),
        limits: PictureLimits,
        now: &Now,
    ) -> Result<Keeping, StoreError> {
        let (scope, now) = (scope.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                let owner = Owner::of(&scope)?;
                let size = (picture.bytes, limits);
                if let Some(refused) = owner.refused(&mut transaction.connection, size, &now).await? {
                    return Ok(refused);
                }
                let conversation = match conversation {
                    Some(id) => own_conversation(transaction, &scope, &id).await.ok().map(|own| own.id),
                    None => None,
                };
                insert(transaction, &owner, (&picture, conversation), &now).await?;
                Ok(Keeping::Kept(picture))
            })
        })
        .await
    }
}

/// Writes down in which conversation pictures were sent. Whoever sends them has been found to own them.
pub(super) async fn sent_in(
    transaction: &mut Transaction,
    conversation: &Conversation,
    attachments: &[Attachment],
) -> Result<(), StoreError> {
    for picture in attachments.iter().filter_map(|attachment| named_by(&attachment.url)) {
        sqlx::query("UPDATE pictures SET conversation = ?1 WHERE shop = ?2 AND id = ?3")
            .bind(conversation.id.as_str())
            .bind(conversation.shop.as_str())
            .bind(picture.as_str())
            .execute(&mut transaction.connection)
            .await?;
    }
    Ok(())
}

async fn insert(
    transaction: &mut Transaction,
    owner: &Owner<'_>,
    (picture, conversation): (&Picture, Option<ConversationId>),
    now: &Now,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO pictures (id, shop, customer, visitor, conversation, kind, bytes, sha256, at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )
    .bind(picture.id.as_str())
    .bind(owner.shop)
    .bind(owner.customer)
    .bind(owner.visitor)
    .bind(conversation.as_ref().map(ConversationId::as_str))
    .bind(word(&picture.kind)?)
    .bind(i64::try_from(picture.bytes).unwrap_or(i64::MAX))
    .bind(&picture.sha256)
    .bind(now.epoch_milliseconds())
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}

/// Who sends a picture: a customer or a visitor, never both.
struct Owner<'a> {
    shop: &'a str,
    customer: Option<&'a str>,
    visitor: Option<&'a str>,
}

impl<'a> Owner<'a> {
    fn of(scope: &'a Scope) -> Result<Self, StoreError> {
        let customer = scope.verified_customer().map(CustomerId::as_str);
        let visitor = scope.visitor().map(VisitorId::as_str);
        if customer.is_none() && visitor.is_none() {
            return Err(StoreError::Conflict("a picture belongs to a customer or a visitor".into()));
        }
        Ok(Self { shop: scope.shop.as_str(), customer, visitor })
    }

    /// The answer to one picture too many; none if there is room for it.
    async fn refused<'e>(
        &self,
        executor: impl SqliteExecutor<'e>,
        (bytes, limits): (u64, PictureLimits),
        now: &Now,
    ) -> Result<Option<Keeping>, StoreError> {
        let moment = now.epoch_milliseconds();
        let row = sqlx::query(
            "SELECT COALESCE(SUM(own AND at > ?4), 0) AS recent, COALESCE(SUM(bytes * own), 0) AS bytes, \
             COALESCE(SUM(bytes), 0) AS all_bytes, MIN(CASE WHEN own AND at > ?4 THEN at END) AS oldest_recent, \
             MIN(CASE WHEN own THEN at END) AS oldest, MIN(at) AS oldest_of_all FROM \
             (SELECT bytes, at, customer IS ?2 AND visitor IS ?3 AS own FROM pictures WHERE shop = ?1 AND at > ?5)",
        )
        .bind(self.shop)
        .bind(self.customer)
        .bind(self.visitor)
        .bind(moment - HOUR)
        .bind(moment - DAY)
        .fetch_one(executor)
        .await?;
        let number =
            |column: &str| row.try_get::<i64, _>(column).map(|number| u64::try_from(number).unwrap_or(0));
        let full = [
            (number("recent")? >= u64::from(limits.per_person_an_hour), "oldest_recent", HOUR),
            (number("bytes")? + bytes > limits.bytes_per_person_a_day, "oldest", DAY),
            (number("all_bytes")? + bytes > limits.bytes_a_day, "oldest_of_all", DAY),
        ];
        let Some((_, oldest, period)) = full.into_iter().rev().find(|(full, _, _)| *full) else {
            return Ok(None);
        };
        let oldest: Option<i64> = row.try_get(oldest)?;
        let wait = oldest.map_or(period, |oldest| (oldest + period - moment).clamp(1_000, period));
        Ok(Some(Keeping::TooMany { retry_after_seconds: u64::try_from(wait / 1_000).unwrap_or(1) }))
    }
}

fn found(row: Option<&SqliteRow>, id: &PictureId) -> Result<Picture, StoreError> {
    read_picture(row.ok_or_else(|| StoreError::not_found("picture", id.as_str()))?)
}

pub(super) fn read_picture(row: &SqliteRow) -> Result<Picture, StoreError> {
    let bytes: i64 = row.try_get("bytes")?;
    Ok(Picture {
        id: from_text(row.try_get("id")?)?,
        kind: from_word(row.try_get("kind")?)?,
        bytes: u64::try_from(bytes).unwrap_or(0),
        sha256: row.try_get("sha256")?,
        at: time(row.try_get("at")?)?,
    })
}
