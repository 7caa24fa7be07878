//! Keys of staff and of the shop's systems, and the secret under which customers are signed. Keys are kept as hashes
//! and shown once.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use subtle::ConstantTimeEq;

use super::codec::{from_json, from_text, json, time};
use super::random::{hex, secret_hex, sha256};
use super::tickets::audit;
use super::{Store, StoreError, Transaction};
use crate::identity::{KeyScope, ShopId, StaffKey, StaffScope};
use crate::time::Now;

/// How often at most the last use of a key is written down.
const LAST_USE_MILLISECONDS: i64 = 60_000;

/// What begins every key made here, so that leaked ones are recognised.
const KEY_PREFIX: &str = "wdk_";

/// A key that was just made. Nobody can read it again.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Its name.
    pub name: String,
    /// The key itself.
    pub key: SecretString,
}

/// What may be shown of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyInfo {
    /// Its name.
    pub name: String,
    /// How it begins; empty if it was given from outside.
    pub prefix: String,
    /// What it opens.
    pub scopes: Vec<KeyScope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// The secret under which the shop signs its customers' ids.
#[derive(Debug, Clone)]
pub struct ShopSecret {
    /// The secret.
    pub secret: SecretString,
    /// Whether it was made just now and has to be shown.
    pub is_new: bool,
}

impl Store {
    /// Sees to it that the shop has a key with all scopes. On an empty data folder that is the given one, or one that
    /// is made here and returned to be shown once; later the given one changes nothing.
    pub async fn ensure_admin_key(
        &self,
        shop: &ShopId,
        given: Option<&str>,
        now: &Now,
    ) -> Result<Option<NewKey>, StoreError> {
        let staff = StaffScope { shop: shop.clone(), actor: "admin".to_owned() };
        let (given, now) =
            (given.map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                let any = sqlx::query("SELECT 1 FROM api_keys WHERE shop = ?1 LIMIT 1")
                    .bind(staff.shop.as_str())
                    .fetch_optional(&mut transaction.connection)
                    .await?;
                if any.is_some() {
                    return Ok(None);
                }
                let (key, prefix) = match &given {
                    Some(key) => (key.clone(), String::new()),
                    None => make_key()?,
                };
                insert_key(transaction, &staff, (&key, &prefix, "admin"), &KeyScope::ALL, &now).await?;
                let made = NewKey { name: "admin".to_owned(), key: key.into() };
                Ok(given.is_none().then_some(made))
            })
        })
        .await
    }

    /// Makes a key. Names are unique among keys that are not revoked and accounts of staff: both act under them.
    pub async fn create_key(
        &self,
        staff: &StaffScope,
        name: &str,
        scopes: &[KeyScope],
        now: &Now,
    ) -> Result<NewKey, StoreError> {
        let (staff, name, scopes, now) = (staff.clone(), name.to_owned(), scopes.to_vec(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                let taken = sqlx::query(
                    "SELECT 'a key' AS what FROM api_keys WHERE shop = ?1 AND name = ?2 AND revoked_at IS NULL \
                     UNION ALL SELECT 'an account' FROM staff WHERE shop = ?1 AND lookup = ?3 LIMIT 1",
                )
                .bind(staff.shop.as_str())
                .bind(&name)
                .bind(name.to_lowercase())
                .fetch_optional(&mut transaction.connection)
                .await?;
                if let Some(taken) = taken {
                    let what: String = taken.try_get("what")?;
                    return Err(StoreError::Conflict(format!("there is {what} called `{name}` already")));
                }
                let (key, prefix) = make_key()?;
                insert_key(transaction, &staff, (&key, &prefix, &name), &scopes, &now).await?;
                audit(transaction, &staff, ("create_key", &name, &json(&scopes)?), &now).await?;
                Ok(NewKey { name, key: key.into() })
            })
        })
        .await
    }

    /// Makes a key invalid at once.
    pub async fn revoke_key(&self, staff: &StaffScope, name: &str, now: &Now) -> Result<(), StoreError> {
        let (staff, name, now) = (staff.clone(), name.to_owned(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE api_keys SET revoked_at = ?1 WHERE shop = ?2 AND name = ?3 AND revoked_at IS NULL",
                )
                .bind(now.epoch_milliseconds())
                .bind(staff.shop.as_str())
                .bind(&name)
                .execute(&mut transaction.connection)
                .await?;
                if done.rows_affected() == 0 {
                    return Err(StoreError::not_found("key", name));
                }
                audit(transaction, &staff, ("revoke_key", &name, ""), &now).await
            })
        })
        .await
    }

    /// What may be shown of the shop's keys, oldest first.
    pub async fn keys(&self, staff: &StaffScope) -> Result<Vec<KeyInfo>, StoreError> {
        let rows = sqlx::query("SELECT * FROM api_keys WHERE shop = ?1 ORDER BY number")
            .bind(staff.shop.as_str())
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_key).collect()
    }

    /// Whose key this is; `None` if it is unknown or revoked.
    pub async fn check_key(&self, presented: &str, now: &Now) -> Result<Option<StaffKey>, StoreError> {
        let hash = sha256(presented);
        let rows = sqlx::query(
            "SELECT number, shop, name, scopes, sha256, last_used FROM api_keys \
             WHERE lookup = ?1 AND revoked_at IS NULL",
        )
        .bind(lookup(&hash))
        .fetch_all(self.readers())
        .await?;
        for row in &rows {
            let stored: Vec<u8> = row.try_get("sha256")?;
            if !bool::from(stored.as_slice().ct_eq(&hash)) {
                continue;
            }
            self.note_use(row, now.epoch_milliseconds())?;
            let scopes: String = row.try_get("scopes")?;
            return Ok(Some(StaffKey {
                shop: from_text(row.try_get("shop")?)?,
                name: row.try_get("name")?,
                scopes: from_json(&scopes)?,
            }));
        }
        Ok(None)
    }

    /// Writes the use down beside the request, at most once a minute.
    fn note_use(&self, row: &SqliteRow, moment: i64) -> Result<(), StoreError> {
        let last_used: Option<i64> = row.try_get("last_used")?;
        if last_used.is_some_and(|last| moment - last < LAST_USE_MILLISECONDS) {
            return Ok(());
        }
        let (store, number) = (self.clone(), row.try_get::<i64, _>("number")?);
        tokio::spawn(async move {
            let written = store
                .write_in_background(move |transaction| {
                    Box::pin(async move {
                        sqlx::query("UPDATE api_keys SET last_used = ?1 WHERE number = ?2")
                            .bind(moment)
                            .bind(number)
                            .execute(&mut transaction.connection)
                            .await?;
                        Ok(())
                    })
                })
                .await;
            if let Err(error) = written {
                tracing::debug!(%error, "the last use of a key was not written down");
            }
        });
        Ok(())
    }

    /// The secret under which the shop signs its customers. Made once and kept; a given one wins only on an empty
    /// data folder, because changing it would lock every signed customer out.
    pub async fn shop_secret(
        &self,
        shop: &ShopId,
        given: Option<SecretString>,
        now: &Now,
    ) -> Result<ShopSecret, StoreError> {
        let (shop, moment) = (shop.clone(), now.epoch_milliseconds());
        let given = given.filter(|secret| !secret.expose_secret().trim().is_empty());
        self.write(move |transaction| {
            Box::pin(async move {
                let kept =
                    sqlx::query("SELECT value FROM settings WHERE shop = ?1 AND name = 'customer_secret'")
                        .bind(shop.as_str())
                        .fetch_optional(&mut transaction.connection)
                        .await?;
                if let Some(kept) = kept {
                    let secret: String = kept.try_get("value")?;
                    return Ok(ShopSecret { secret: secret.into(), is_new: false });
                }
                let is_new = given.is_none();
                let secret = match given {
                    Some(secret) => secret.expose_secret().trim().to_owned(),
                    None => secret_hex()?,
                };
                sqlx::query(
                    "INSERT INTO settings (shop, name, value, at) VALUES (?1, 'customer_secret', ?2, ?3)",
                )
                .bind(shop.as_str())
                .bind(&secret)
                .bind(moment)
                .execute(&mut transaction.connection)
                .await?;
                Ok(ShopSecret { secret: secret.into(), is_new })
            })
        })
        .await
    }
}

/// A new key and the beginning by which people recognise it.
fn make_key() -> Result<(String, String), StoreError> {
    let key = format!("{KEY_PREFIX}{}", secret_hex()?);
    let prefix = key.chars().take(KEY_PREFIX.len() + 6).collect();
    Ok((key, prefix))
}

fn lookup(hash: &[u8; 32]) -> String {
    hex(&hash[..8])
}

async fn insert_key(
    transaction: &mut Transaction,
    staff: &StaffScope,
    (key, prefix, name): (&str, &str, &str),
    scopes: &[KeyScope],
    now: &Now,
) -> Result<(), StoreError> {
    let hash = sha256(key);
    sqlx::query(
        "INSERT INTO api_keys (shop, name, prefix, lookup, sha256, scopes, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(staff.shop.as_str())
    .bind(name)
    .bind(prefix)
    .bind(lookup(&hash))
    .bind(&hash[..])
    .bind(json(&scopes)?)
    .bind(now.epoch_milliseconds())
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}

fn read_key(row: &SqliteRow) -> Result<KeyInfo, StoreError> {
    let scopes: String = row.try_get("scopes")?;
    Ok(KeyInfo {
        name: row.try_get("name")?,
        prefix: row.try_get("prefix")?,
        scopes: from_json(&scopes)?,
        created_at: time(row.try_get("created_at")?)?,
        last_used: row.try_get::<Option<i64>, _>("last_used")?.map(time).transpose()?,
        revoked_at: row.try_get::<Option<i64>, _>("revoked_at")?.map(time).transpose()?,
    })
}
