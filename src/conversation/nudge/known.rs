//! What do the records say, at this moment, about an event and its person? Nothing that was read earlier is trusted.

use serde_json::Value;

use super::Conversations;
use crate::identity::Scope;
use crate::pack::proactive::Offer;
use crate::proactive::{Known, ShopEvent, customer_fact, ordered_products};
use crate::record::{Record, RecordKind, in_force, shipment_records};
use crate::store::StoreError;
use crate::time::Now;
use crate::turn::retrieve::Source;
use crate::turn::types::Fact;

/// What was read.
pub(super) struct Read {
    pub known: Known,
    /// Whether the customer's own records are kept in another system that does not answer now.
    pub unreadable: bool,
}

/// The records of a customer that rules read.
const OWN: [RecordKind; 3] = [RecordKind::Order, RecordKind::Aftersale, RecordKind::Customer];

impl Conversations {
    /// Reads what an event is about.
    pub(super) async fn known_of(
        &self,
        scope: &Scope,
        event: &ShopEvent,
        now: &Now,
    ) -> Result<Read, StoreError> {
        let source = &self.services().source;
        let mut known = Known::default();
        let mut unreadable = false;
        if scope.verified_customer().is_some() {
            let own = source.own(scope, &OWN).await?;
            unreadable = own.unreadable.is_some() && event.order.is_some();
            add_own(&mut known, &own.records, event, now);
        }
        let mut products: Vec<String> = event.product.iter().cloned().collect();
        products.extend(
            ordered_products(&known).into_iter().filter(|product| Some(product) != event.product.as_ref()),
        );
        let wanted: Vec<_> = products.iter().map(|id| (RecordKind::Product, id.clone())).collect();
        let records = source.records(scope, &wanted).await?;
        known.facts.extend(records.iter().map(|record| Fact::of(record, now)));
        if let Some(product) = products.first() {
            known.facts.extend(self.promotion(scope, product, now).await?);
        }
        let rules = self.services().rules.load();
        let offers = |offer| rules.pack.proactive.begun_by(event.kind).any(|rule| rule.offers == Some(offer));
        if offers(Offer::GoesWith) {
            known.goes_with = self.goes_with(scope, records.first(), now).await?;
        }
        if offers(Offer::NextStage) {
            known.next_stage = self.next_stage(scope, &known, now).await?;
        }
        Ok(Read { known, unreadable })
    }

    /// The promotion in force that names the product.
    async fn promotion(&self, scope: &Scope, product: &str, now: &Now) -> Result<Option<Fact>, StoreError> {
        let all = self.services().source.public(scope, &[RecordKind::Promotion]).await?;
        let names = |record: &&std::sync::Arc<Record>| {
            record.texts("products").contains(&product) && in_force(record, now)
        };
        Ok(all.iter().find(names).map(|record| Fact::of(record, now)))
    }

    /// The first of what the shop says goes with a product that can be bought now.
    async fn goes_with(
        &self,
        scope: &Scope,
        product: Option<&Record>,
        now: &Now,
    ) -> Result<Option<Fact>, StoreError> {
        let ids = product.map(|product| product.texts("goes_with")).unwrap_or_default();
        let wanted: Vec<_> = ids.into_iter().map(|id| (RecordKind::Product, id.to_owned())).collect();
        let records = self.services().source.records(scope, &wanted).await?;
        Ok(records.iter().map(|record| Fact::of(record, now)).find(can_be_recommended))
    }

    /// What is meant for the month of life that a child has just reached.
    async fn next_stage(&self, scope: &Scope, known: &Known, now: &Now) -> Result<Option<Fact>, StoreError> {
        let customer = known.first(RecordKind::Customer);
        let months =
            customer.and_then(|customer| customer.fields.get("child_months")).and_then(Value::as_i64);
        let Some(months) = months else { return Ok(None) };
        let all = self.services().source.public(scope, &[RecordKind::Product]).await?;
        let begins = |record: &&std::sync::Arc<Record>| {
            let stage = record.fields.get("life_stage").and_then(|stage| stage.get("from_month"));
            stage.and_then(Value::as_i64) == Some(months)
        };
        Ok(all.iter().filter(begins).map(|record| Fact::of(record, now)).find(can_be_recommended))
    }
}

/// The customer, the order of the event with its parcels and its newest case.
fn add_own(known: &mut Known, records: &[Record], event: &ShopEvent, now: &Now) {
    let customer = records.iter().find(|record| record.kind == RecordKind::Customer);
    known.facts.extend(customer.map(|record| customer_fact(record, now)));
    let Some(order) = event.order.as_deref() else { return };
    let of_event = |record: &&Record| record.kind == RecordKind::Order && record.id == order;
    if let Some(order) = records.iter().find(of_event) {
        known.facts.push(Fact::of(order, now));
        known.facts.extend(shipment_records(order, now).iter().map(|parcel| Fact::of(parcel, now)));
    }
    let case = records
        .iter()
        .find(|record| record.kind == RecordKind::Aftersale && record.text("order") == Some(order));
    known.facts.extend(case.map(|record| Fact::of(record, now)));
}

/// Whether a product may be recommended: it is for sale, it is there, and the shop has not excluded it, as it has to with
/// infant formula.
fn can_be_recommended(product: &Fact) -> bool {
    let field = |name: &str| product.fields.get(name);
    field("status").and_then(Value::as_str) == Some("on_sale")
        && field("stock").and_then(Value::as_i64).is_some_and(|stock| stock > 0)
        && field("recommend").and_then(Value::as_bool) != Some(false)
}
