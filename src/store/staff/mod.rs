//! Accounts of staff as rows: made, changed, listed; everything that is done to them is in the audit.

mod own_password;
mod sessions;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::codec::{from_text, from_word, time, word};
use super::tickets::{audit, release_all};
use super::{Store, StoreError, Transaction};
use crate::identity::StaffScope;
use crate::staff::{self, NewStaff, StaffAccount, StaffChange, StaffError, StaffName};
use crate::time::Now;

/// What the subject of an audit entry about an account begins with.
const SUBJECT: &str = "staff:";

/// The display name of an account.
const DISPLAY_NAME: &str = "SELECT display_name FROM staff WHERE shop = ?1 AND lookup = ?2";

impl Store {
    /// Makes an account. Its name is nobody else's: neither another account's, in whatever case, nor that of a key in
    /// force, because both act under their names.
    pub async fn create_staff(
        &self,
        staff: &StaffScope,
        new: NewStaff,
        now: &Now,
    ) -> Result<StaffAccount, StoreError> {
        let password = staff::hash(new.password.clone()).await?;
        let (staff, now) = (staff.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                refuse_taken(transaction, &staff, &new.name).await?;
                insert(transaction, &staff, (&new, &password), &now).await?;
                let detail = serde_json::json!({ "role": new.role }).to_string();
                audit(transaction, &staff, ("create_staff", &subject(new.name.as_str()), &detail), &now)
                    .await?;
                Ok(find(transaction, &staff, &new.name).await?.account)
            })
        })
        .await
    }

    /// Changes an account. A new password and taking the account out of use end all its sessions; out of use, it leaves its
    /// tickets to the others, because customers would write to nobody.
    pub async fn change_staff(
        &self,
        staff: &StaffScope,
        name: &StaffName,
        change: StaffChange,
        now: &Now,
    ) -> Result<StaffAccount, StoreError> {
        let password = match change.password.clone() {
            Some(password) => Some(staff::hash(password).await?),
            None => None,
        };
        let (staff, name, now) = (staff.clone(), name.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                let there = find(transaction, &staff, &name).await?;
                let detail = change_in_words(&change);
                if detail.is_empty() {
                    return Ok(there.account);
                }
                update(transaction, there.number, (&change, password.as_deref())).await?;
                if password.is_some() || change.active == Some(false) {
                    sessions::end_all(transaction, there.number).await?;
                }
                if change.active == Some(false) {
                    release_all(transaction, &staff, &there.account.name, &now).await?;
                }
                let detail = serde_json::Value::Object(detail).to_string();
                let subject = subject(&there.account.name);
                audit(transaction, &staff, ("change_staff", &subject, &detail), &now).await?;
                Ok(find(transaction, &staff, &name).await?.account)
            })
        })
        .await
    }

    /// How customers and colleagues read whoever acts under a name: by the display name of the account. A key has none and
    /// is read by its name.
    pub async fn shown_name(&self, staff: &StaffScope, name: &str) -> Result<String, StoreError> {
        let found = sqlx::query(DISPLAY_NAME)
            .bind(staff.shop.as_str())
            .bind(name.to_lowercase())
            .fetch_optional(self.readers())
            .await?;
        display_name(found.as_ref(), name)
    }

    /// All accounts of the shop, by name.
    pub async fn staff_accounts(&self, staff: &StaffScope) -> Result<Vec<StaffAccount>, StoreError> {
        let rows = sqlx::query("SELECT * FROM staff WHERE shop = ?1 ORDER BY lookup")
            .bind(staff.shop.as_str())
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_account).collect()
    }
}

/// How whoever acts is read, as in [`Store::shown_name`].
pub(super) async fn shown_actor(
    transaction: &mut Transaction,
    staff: &StaffScope,
) -> Result<String, StoreError> {
    let found = sqlx::query(DISPLAY_NAME)
        .bind(staff.shop.as_str())
        .bind(staff.actor.to_lowercase())
        .fetch_optional(&mut transaction.connection)
        .await?;
    display_name(found.as_ref(), &staff.actor)
}

fn display_name(found: Option<&SqliteRow>, name: &str) -> Result<String, StoreError> {
    found.map_or_else(|| Ok(name.to_owned()), |row| Ok(row.try_get("display_name")?))
}

/// An account with what nobody outside the store sees of it.
struct Kept {
    number: i64,
    password: String,
    account: StaffAccount,
}

impl Kept {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            number: row.try_get("number")?,
            password: row.try_get("password")?,
            account: read_account(row)?,
        })
    }
}

async fn find(
    transaction: &mut Transaction,
    staff: &StaffScope,
    name: &StaffName,
) -> Result<Kept, StoreError> {
    let row = sqlx::query("SELECT * FROM staff WHERE shop = ?1 AND lookup = ?2")
        .bind(staff.shop.as_str())
        .bind(name.lookup())
        .fetch_optional(&mut transaction.connection)
        .await?;
    row.as_ref().map(Kept::read).transpose()?.ok_or_else(|| StoreError::not_found("account", name.as_str()))
}

async fn refuse_taken(
    transaction: &mut Transaction,
    staff: &StaffScope,
    name: &StaffName,
) -> Result<(), StoreError> {
    let taken = sqlx::query(
        "SELECT 'an account' AS what FROM staff WHERE shop = ?1 AND lookup = ?2 UNION ALL \
         SELECT 'a key' FROM api_keys WHERE shop = ?1 AND name IN (?2, ?3) AND revoked_at IS NULL LIMIT 1",
    )
    .bind(staff.shop.as_str())
    .bind(name.lookup())
    .bind(name.as_str())
    .fetch_optional(&mut transaction.connection)
    .await?;
    let Some(taken) = taken else { return Ok(()) };
    let what: String = taken.try_get("what")?;
    Err(StoreError::Conflict(format!("there is {what} called `{name}` already; choose another name")))
}

async fn insert(
    transaction: &mut Transaction,
    staff: &StaffScope,
    (new, password): (&NewStaff, &str),
    now: &Now,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO staff (shop, name, lookup, display_name, role, password, active, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7)",
    )
    .bind(staff.shop.as_str())
    .bind(new.name.as_str())
    .bind(new.name.lookup())
    .bind(new.display_name.as_str())
    .bind(word(&new.role)?)
    .bind(password)
    .bind(now.epoch_milliseconds())
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}

async fn update(
    transaction: &mut Transaction,
    number: i64,
    (change, password): (&StaffChange, Option<&str>),
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE staff SET display_name = COALESCE(?2, display_name), role = COALESCE(?3, role), \
         active = COALESCE(?4, active), password = COALESCE(?5, password) WHERE number = ?1",
    )
    .bind(number)
    .bind(change.display_name.as_ref().map(|name| name.as_str()))
    .bind(change.role.as_ref().map(word).transpose()?)
    .bind(change.active)
    .bind(password)
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}

/// What was changed, for the audit; of a password only that it was.
fn change_in_words(change: &StaffChange) -> serde_json::Map<String, serde_json::Value> {
    let mut words = serde_json::Map::new();
    if let Some(name) = &change.display_name {
        words.insert("display_name".into(), name.as_str().into());
    }
    if let Some(role) = change.role {
        words.insert("role".into(), role.as_str().into());
    }
    if let Some(active) = change.active {
        words.insert("active".into(), active.into());
    }
    if change.password.is_some() {
        words.insert("password".into(), "changed".into());
    }
    words
}

fn subject(name: &str) -> String {
    format!("{SUBJECT}{name}")
}

fn read_account(row: &SqliteRow) -> Result<StaffAccount, StoreError> {
    Ok(StaffAccount {
        shop: from_text(row.try_get("shop")?)?,
        name: row.try_get("name")?,
        display_name: row.try_get("display_name")?,
        role: from_word(row.try_get("role")?)?,
        active: row.try_get("active")?,
        created_at: time(row.try_get("created_at")?)?,
        last_login_at: row.try_get::<Option<i64>, _>("last_login_at")?.map(time).transpose()?,
    })
}

impl From<StaffError> for StoreError {
    fn from(error: StaffError) -> Self {
        Self::Other(error.to_string())
    }
}
