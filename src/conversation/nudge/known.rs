//! What do the records say, at this moment, about an event and its person? Nothing that was read earlier is trusted.

use super::Conversations;
use crate::identity::Scope;
use crate::pack::proactive::Offer;
use crate::proactive::{
    Known, ShopEvent, begins_at, can_be_recommended, ordered_products, own_facts, promotes,
};
use crate::record::{Record, RecordKind};
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
            // Where orders are kept elsewhere, that system is not asked for them over every look at a product.
            let kinds = if event.order.is_some() { &OWN[..] } else { &[RecordKind::Customer] };
            let own = source.own(scope, kinds).await?;
            unreadable = own.unreadable.is_some() && event.order.is_some();
            known.facts = own_facts(own.records.iter(), event, now);
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
        let fits = all.iter().find(|record| promotes(record, product, now));
        Ok(fits.map(|record| Fact::of(record, now)))
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
        let Some(months) = known.child_months() else { return Ok(None) };
        let all = self.services().source.public(scope, &[RecordKind::Product]).await?;
        let begins = all.iter().filter(|record| begins_at(record, months));
        Ok(begins.map(|record| Fact::of(record, now)).find(can_be_recommended))
    }
}
