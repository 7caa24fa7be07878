//! Parcels, which other systems report than the one that knows the order: put into their order, and kept there.

use serde_json::{Map, Value};

use super::PutOutcome;
use super::order::{Stamp, Standing};
use super::write::{Existing, NewRow, existing, write_rows};
use crate::identity::StaffScope;
use crate::record::{Record, RecordKind};
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;

impl Store {
    /// Puts a parcel into its order: in place of the parcel with the same tracking number, or beside the others if
    /// the order has several. An order that comes later without parcels keeps it.
    pub async fn put_shipment(
        &self,
        staff: &StaffScope,
        order: &str,
        shipment: Map<String, Value>,
        now: &Now,
    ) -> Result<PutOutcome, StoreError> {
        let (staff, now, order) = (staff.clone(), now.clone(), order.to_owned());
        self.write(move |transaction| {
            Box::pin(async move { put_shipment(transaction, &staff, &order, shipment, &now).await })
        })
        .await
    }
}

/// Carries over parcels that were reported by themselves into an order that says nothing of parcels.
pub(super) fn keep_parcels(record: &mut Record, there: &Existing) -> bool {
    let says = |name: &str| record.fields.get(name).is_some_and(|value| !value.is_null());
    if !there.parcels_kept || says("shipment") || says("shipments") {
        return false;
    }
    for name in ["shipment", "shipments"] {
        if let Some(value) = there.body.get(name) {
            record.fields.insert(name.to_owned(), value.clone());
        }
    }
    true
}

async fn put_shipment(
    transaction: &mut Transaction,
    staff: &StaffScope,
    order: &str,
    shipment: Map<String, Value>,
    now: &Now,
) -> Result<PutOutcome, StoreError> {
    let there = existing(&mut transaction.connection, staff, &[(RecordKind::Order, order)])
        .await?
        .into_values()
        .next();
    let Some(there) = there.filter(|there| there.standing == Standing::Live) else {
        return Err(StoreError::not_found("order", order));
    };
    let Some(fields) = with_parcel(&there.body, shipment, now) else {
        return Ok(PutOutcome { stale: 1, ..PutOutcome::default() });
    };
    if fields == there.body {
        return Ok(PutOutcome { unchanged: 1, ..PutOutcome::default() });
    }
    let record = Record { kind: RecordKind::Order, id: order.to_owned(), fields };
    let row = NewRow::of(&record, there.stamp, (&there.source, true), now)?;
    write_rows(transaction, staff, &[row], now).await?;
    Ok(PutOutcome { accepted: 1, ..PutOutcome::default() })
}

/// The order with the parcel in it; `None` if what it has of this parcel is newer.
fn with_parcel(
    order: &Map<String, Value>,
    parcel: Map<String, Value>,
    now: &Now,
) -> Option<Map<String, Value>> {
    let mut fields = order.clone();
    let stale = |there: &Value| {
        there
            .as_object()
            .is_some_and(|there| Stamp::of(&parcel, now).is_stale(Stamp::of(there, now), Standing::Live))
    };
    let same = |there: &Value| {
        parcel.get("tracking").is_some_and(|tracking| there.get("tracking") == Some(tracking))
    };
    if let Some(Value::Array(several)) = fields.get_mut("shipments") {
        match several.iter_mut().find(|there| same(there)) {
            Some(there) if stale(there) => return None,
            Some(there) => *there = Value::Object(parcel.clone()),
            None => several.push(Value::Object(parcel.clone())),
        }
        if !fields.get("shipment").is_some_and(same) {
            return Some(fields);
        }
    } else if fields.get("shipment").is_some_and(|there| same(there) && stale(there)) {
        return None;
    }
    fields.insert("shipment".to_owned(), Value::Object(parcel));
    Some(fields)
}
