//! Erasing one customer. What was said, noted, done and known of them goes, in one transaction; how much of it there was
//! stays, so that counts of conversations and tickets do not change backwards.

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row, Sqlite};

use super::steps::{CONVERSATIONS, INDEXED, OPEN, ORDERS, PICTURES, STEPS};
use super::unknown;
use crate::customers::Erased;
use crate::desk::types::HandoffNote;
use crate::identity::{CustomerId, StaffScope};
use crate::pictures::Picture;
use crate::record::RecordKind;
use crate::store::codec::json;
use crate::store::open::empty_log;
use crate::store::pictures::read_picture;
use crate::store::records::{next_change, read_kind};
use crate::store::tickets::audit;
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;
use crate::turn::types::Memory;

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Erasure {
    /// How much was erased.
    pub erased: Erased,
    /// The records that an index has to forget.
    pub gone: Vec<(RecordKind, String)>,
}

impl Store {
    /// Erases a customer. The file and its log hold nothing of it afterwards, and the audit says that somebody was erased,
    /// not who.
    ///
    /// Conversations are the customer's own, those of the browser before the customer signed in to it, and those in which
    /// somebody who had not signed in opened one of the customer's orders.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if nothing is kept; unless `force`, [`StoreError::Conflict`] while a person has or will take
    /// a conversation, an action or a promise is open, or an answer is owed. With `force` all of these end.
    pub async fn erase_customer(
        &self,
        staff: &StaffScope,
        customer: &CustomerId,
        force: bool,
        now: &Now,
    ) -> Result<Erasure, StoreError> {
        let (staff, customer, now) = (staff.clone(), customer.clone(), now.clone());
        let (erasure, pictures) = self
            .write(move |transaction| {
                Box::pin(async move {
                    let erasing = Erasing::of(transaction, (&staff, &customer), &now).await?;
                    if !force {
                        erasing.check_nothing_open(transaction).await?;
                    }
                    erasing.run(transaction).await
                })
            })
            .await?;
        for picture in pictures {
            self.remove_picture(picture).await;
        }
        // The log still has the pages as they were before.
        empty_log(self.folder()).await?;
        Ok(erasure)
    }
}

/// One erasure, with what every statement is bound to.
struct Erasing<'a> {
    staff: &'a StaffScope,
    customer: &'a CustomerId,
    now: &'a Now,
    /// The ids of the conversations, as a JSON list.
    conversations: String,
    /// The ids of the orders, as a JSON list.
    orders: String,
    /// The number under which an index hears of the records that are gone.
    change: i64,
}

impl<'a> Erasing<'a> {
    async fn of(
        transaction: &mut Transaction,
        (staff, customer): (&'a StaffScope, &'a CustomerId),
        now: &'a Now,
    ) -> Result<Self, StoreError> {
        let change = next_change(transaction).await?;
        let none = || "[]".to_owned();
        let mut erasing = Self { staff, customer, now, conversations: none(), orders: none(), change };
        erasing.orders = erasing.ids(transaction, ORDERS).await?;
        erasing.conversations = erasing.ids(transaction, CONVERSATIONS).await?;
        Ok(erasing)
    }

    /// A statement with everything that statements here may name: ?1 conversations, ?2 customer, ?3 moment, ?4 shop,
    /// ?5 orders, ?6 change, ?7 an empty memory, ?8 an empty note.
    fn bound(&self, sql: &'static str) -> Result<Query<'static, Sqlite, SqliteArguments>, StoreError> {
        Ok(sqlx::query(sql)
            .bind(self.conversations.clone())
            .bind(self.customer.as_str().to_owned())
            .bind(self.now.epoch_milliseconds())
            .bind(self.staff.shop.as_str().to_owned())
            .bind(self.orders.clone())
            .bind(self.change)
            .bind(json(&Memory::default())?)
            .bind(json(&HandoffNote::default())?))
    }

    async fn ids(&self, transaction: &mut Transaction, sql: &'static str) -> Result<String, StoreError> {
        Ok(self.bound(sql)?.fetch_one(&mut transaction.connection).await?.try_get("ids")?)
    }

    async fn check_nothing_open(&self, transaction: &mut Transaction) -> Result<(), StoreError> {
        let mut open = Vec::new();
        for (what, sql) in OPEN {
            let row = self.bound(sql)?.fetch_one(&mut transaction.connection).await?;
            let count: i64 = row.try_get("n")?;
            if count > 0 {
                open.push(format!("{what}: {count}"));
            }
        }
        if open.is_empty() {
            return Ok(());
        }
        let open = open.join(", ");
        Err(StoreError::Conflict(format!(
            "still open: {open}; finish them, or erase with force, which ends them"
        )))
    }

    async fn run(&self, transaction: &mut Transaction) -> Result<(Erasure, Vec<Picture>), StoreError> {
        let rows = self.bound(PICTURES)?.fetch_all(&mut transaction.connection).await?;
        let pictures = rows.iter().map(read_picture).collect::<Result<Vec<_>, _>>()?;
        let rows = self.bound(INDEXED)?.fetch_all(&mut transaction.connection).await?;
        let gone = rows.iter().map(read_key).collect::<Result<Vec<_>, _>>()?;
        let (mut erased, mut rows) = (Erased::default(), 0);
        for (table, sql) in STEPS {
            let done = self.bound(sql)?.execute(&mut transaction.connection).await?;
            rows += done.rows_affected();
            if let Some(count) = count_of(&mut erased, table) {
                *count += done.rows_affected();
            }
        }
        // Somebody who has only looked at products or sent a picture has nothing that is counted, and is erased all the same.
        if rows == 0 {
            return Err(unknown(self.customer));
        }
        let detail = json(&erased)?;
        audit(transaction, self.staff, ("erase_customer", "customer", &detail), self.now).await?;
        Ok((Erasure { erased, gone }, pictures))
    }
}

/// The count that belongs to a table.
fn count_of<'e>(erased: &'e mut Erased, table: &str) -> Option<&'e mut u64> {
    match table {
        "conversations" => Some(&mut erased.conversations),
        "messages" => Some(&mut erased.messages),
        "records" => Some(&mut erased.records),
        "tickets" => Some(&mut erased.tickets),
        "actions" => Some(&mut erased.actions),
        "promises" => Some(&mut erased.promises),
        "flows" => Some(&mut erased.flows),
        "webhook_deliveries" => Some(&mut erased.deliveries),
        "shop_events" => Some(&mut erased.events),
        _ => None,
    }
}

fn read_key(row: &SqliteRow) -> Result<(RecordKind, String), StoreError> {
    Ok((read_kind(row)?, row.try_get("id")?))
}
