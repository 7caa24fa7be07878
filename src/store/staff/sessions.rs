//! Browsers in which staff have signed in. A session is known by the hash of its token; it ends when it is not used for
//! half a day, after a week in any case, and at once when it is closed or its account changes hands.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Kept, read_account, subject};
use crate::identity::{ShopId, StaffScope};
use crate::staff::{self, SignIn, SignedIn, StaffAccount, StaffName, UNPROVEN};
use crate::store::random::{secret_hex, sha256};
use crate::store::tickets::audit;
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;

/// How long a session lasts without being used.
const IDLE_MILLISECONDS: i64 = 12 * 3_600_000;

/// How long a session lasts at most.
const LONGEST_MILLISECONDS: i64 = 7 * 86_400_000;

/// How often at most the use of a session is written down.
const SEEN_MILLISECONDS: i64 = 60_000;

impl Store {
    /// Opens a session for whoever knows the password of an account in use. `None` for everybody else: an unknown name,
    /// a wrong password and an account out of use look the same and take as long.
    pub async fn sign_in(
        &self,
        shop: &ShopId,
        attempt: SignIn,
        now: &Now,
    ) -> Result<Option<SignedIn>, StoreError> {
        let kept = self.account_named(shop, &attempt.name).await?;
        let password = kept.as_ref().map(|kept| kept.password.clone());
        let right = staff::matches(password, attempt.password).await?;
        let (shop, now) = (shop.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                if let Some(kept) = kept.as_ref().filter(|_| right)
                    && is_unchanged(transaction, kept).await?
                {
                    return open(transaction, kept, attempt.address, &now).await.map(Some);
                }
                refuse(transaction, &shop, (kept.as_ref(), attempt.address), &now).await?;
                Ok(None)
            })
        })
        .await
    }

    /// Whose session a token opens, and writes down that it was used; `None` if it is unknown, over or revoked.
    pub async fn staff_session(&self, token: &str, now: &Now) -> Result<Option<StaffAccount>, StoreError> {
        let Some(row) = self.session_row(token, now).await? else { return Ok(None) };
        self.note_seen(token, &row, now.epoch_milliseconds())?;
        read_account(&row).map(Some)
    }

    /// Whether a token still opens a session, without using it.
    pub async fn staff_session_stands(&self, token: &str, now: &Now) -> Result<bool, StoreError> {
        Ok(self.session_row(token, now).await?.is_some())
    }

    /// Closes the account's own session.
    pub async fn sign_out(&self, staff: &StaffScope, token: &str, now: &Now) -> Result<(), StoreError> {
        let (staff, hash, now) = (staff.clone(), sha256(token), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                let done = sqlx::query(
                    "DELETE FROM staff_sessions WHERE sha256 = ?1 \
                     AND staff = (SELECT number FROM staff WHERE shop = ?2 AND name = ?3)",
                )
                .bind(&hash[..])
                .bind(staff.shop.as_str())
                .bind(&staff.actor)
                .execute(&mut transaction.connection)
                .await?;
                if done.rows_affected() == 0 {
                    return Ok(());
                }
                audit(transaction, &staff, ("logout", &subject(&staff.actor), ""), &now).await
            })
        })
        .await
    }

    /// The account with a name as it was typed. What cannot be a name is nobody's.
    pub(super) async fn account_named(&self, shop: &ShopId, typed: &str) -> Result<Option<Kept>, StoreError> {
        let lookup = StaffName::new(typed).map(|name| name.lookup()).unwrap_or_default();
        let row = sqlx::query("SELECT * FROM staff WHERE shop = ?1 AND lookup = ?2")
            .bind(shop.as_str())
            .bind(lookup)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(Kept::read).transpose()
    }

    async fn session_row(&self, token: &str, now: &Now) -> Result<Option<SqliteRow>, StoreError> {
        // The row is found by the hash of the token: how long that takes says nothing about a token nobody knows.
        let row = sqlx::query(
            "SELECT staff.*, session.seen_at FROM staff_sessions AS session \
             JOIN staff ON staff.number = session.staff \
             WHERE session.sha256 = ?1 AND session.ends_at > ?2 AND session.seen_at > ?3 AND staff.active = 1",
        )
        .bind(&sha256(token)[..])
        .bind(now.epoch_milliseconds())
        .bind(now.epoch_milliseconds() - IDLE_MILLISECONDS)
        .fetch_optional(self.readers())
        .await?;
        Ok(row)
    }

    /// Writes the use down beside the request, at most once a minute.
    fn note_seen(&self, token: &str, row: &SqliteRow, moment: i64) -> Result<(), StoreError> {
        if moment - row.try_get::<i64, _>("seen_at")? < SEEN_MILLISECONDS {
            return Ok(());
        }
        let (store, hash) = (self.clone(), sha256(token));
        tokio::spawn(async move {
            let written = store
                .write_in_background(move |transaction| {
                    Box::pin(async move {
                        sqlx::query("UPDATE staff_sessions SET seen_at = MAX(seen_at, ?1) WHERE sha256 = ?2")
                            .bind(moment)
                            .bind(&hash[..])
                            .execute(&mut transaction.connection)
                            .await?;
                        Ok(())
                    })
                })
                .await;
            if let Err(error) = written {
                tracing::debug!(%error, "the use of a session was not written down");
            }
        });
        Ok(())
    }
}

/// Ends every session of an account.
pub(super) async fn end_all(transaction: &mut Transaction, account: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM staff_sessions WHERE staff = ?1")
        .bind(account)
        .execute(&mut transaction.connection)
        .await?;
    Ok(())
}

/// Ends every session of an account but the one of a token.
pub(super) async fn end_others(
    transaction: &mut Transaction,
    account: i64,
    token: &SecretString,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM staff_sessions WHERE staff = ?1 AND sha256 <> ?2")
        .bind(account)
        .bind(&sha256(token.expose_secret())[..])
        .execute(&mut transaction.connection)
        .await?;
    Ok(())
}

/// Whether the account is still in use and has the password that was compared: it may have changed meanwhile.
pub(super) async fn is_unchanged(transaction: &mut Transaction, kept: &Kept) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT 1 FROM staff WHERE number = ?1 AND active = 1 AND password = ?2")
        .bind(kept.number)
        .bind(&kept.password)
        .fetch_optional(&mut transaction.connection)
        .await?;
    Ok(row.is_some())
}

async fn open(
    transaction: &mut Transaction,
    kept: &Kept,
    address: Option<IpAddr>,
    now: &Now,
) -> Result<SignedIn, StoreError> {
    let moment = now.epoch_milliseconds();
    sqlx::query("DELETE FROM staff_sessions WHERE ends_at <= ?1 OR seen_at <= ?2")
        .bind(moment)
        .bind(moment - IDLE_MILLISECONDS)
        .execute(&mut transaction.connection)
        .await?;
    let token = secret_hex()?;
    sqlx::query(
        "INSERT INTO staff_sessions (sha256, staff, created_at, seen_at, ends_at) VALUES (?1, ?2, ?3, ?3, ?4)",
    )
    .bind(&sha256(&token)[..])
    .bind(kept.number)
    .bind(moment)
    .bind(moment + LONGEST_MILLISECONDS)
    .execute(&mut transaction.connection)
    .await?;
    sqlx::query("UPDATE staff SET last_login_at = ?1 WHERE number = ?2")
        .bind(moment)
        .bind(kept.number)
        .execute(&mut transaction.connection)
        .await?;
    let account = StaffAccount { last_login_at: Some(now.timestamp()), ..kept.account.clone() };
    let entry = ("login", subject(&account.name), shown(address));
    audit(transaction, &account.scope(), (entry.0, &entry.1, &entry.2), now).await?;
    Ok(SignedIn { token: SecretString::from(token), account })
}

/// Writes down a try that failed: for which account, if there is one, and from where. What was typed is not kept, because
/// people type passwords into the wrong field.
async fn refuse(
    transaction: &mut Transaction,
    shop: &ShopId,
    (kept, address): (Option<&Kept>, Option<IpAddr>),
    now: &Now,
) -> Result<(), StoreError> {
    let nobody = StaffScope { shop: shop.clone(), actor: UNPROVEN.to_owned() };
    let subject = subject(kept.map_or("", |kept| &kept.account.name));
    audit(transaction, &nobody, ("login_failed", &subject, &shown(address)), now).await
}

pub(super) fn shown(address: Option<IpAddr>) -> String {
    address.map_or_else(String::new, |address| address.to_string())
}
