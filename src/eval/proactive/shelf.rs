//! What do the records say at a moment of the day? All of them in memory, read as the server reads its own.

use std::collections::{BTreeMap, HashMap};

use crate::pack::proactive::{Offer, Proactive};
use crate::proactive::{
    Consents, Known, Person, ShopEvent, begins_at, can_be_recommended, ordered_products, own_facts, promotes,
};
use crate::record::{Record, RecordKind, newest_first};
use crate::time::Now;
use crate::turn::types::Fact;

/// The records of a shop.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    products: Vec<Product>,
    places: HashMap<String, usize>,
    promotions: Vec<Record>,
    customers: BTreeMap<String, Record>,
    orders: HashMap<String, Record>,
    /// By order, the newest first.
    cases: HashMap<String, Vec<Record>>,
}

/// A product with what rules read of it, which does not change with the time and is read half a million times.
#[derive(Debug)]
struct Product {
    record: Record,
    fact: Fact,
}

impl Shelf {
    /// A record reads so from now on. What it was before, if it is a product.
    pub fn put(&mut self, record: Record, now: &Now) -> Option<Record> {
        match record.kind {
            RecordKind::Product => return self.put_product(record, now),
            RecordKind::Promotion => {
                self.promotions.retain(|known| known.id != record.id);
                self.promotions.push(record);
            }
            RecordKind::Customer => drop(self.customers.insert(record.id.clone(), record)),
            RecordKind::Order => drop(self.orders.insert(record.id.clone(), record)),
            RecordKind::Aftersale => self.put_case(record, now),
            _ => {}
        }
        None
    }

    fn put_product(&mut self, record: Record, now: &Now) -> Option<Record> {
        let product = Product { fact: Fact::of(&record, now), record };
        match self.places.get(&product.record.id) {
            Some(place) => Some(std::mem::replace(&mut self.products[*place], product).record),
            None => {
                self.places.insert(product.record.id.clone(), self.products.len());
                self.products.push(product);
                None
            }
        }
    }

    fn put_case(&mut self, record: Record, now: &Now) {
        let Some(order) = record.text("order").map(str::to_owned) else { return };
        let cases = self.cases.entry(order).or_default();
        cases.retain(|known| known.id != record.id);
        cases.push(record);
        newest_first(cases, now);
    }

    /// The customers, by id.
    pub fn customers(&self) -> impl Iterator<Item = &Record> {
        self.customers.values()
    }

    /// What a person has agreed to.
    pub fn consents(&self, person: &Person) -> Consents {
        let customer = person.customer().and_then(|customer| self.customers.get(customer.as_str()));
        customer.map_or_else(Consents::default, Consents::of_record)
    }

    /// A product as it is now.
    pub fn product(&self, id: &str) -> Option<&Record> {
        self.places.get(id).map(|place| &self.products[*place].record)
    }

    /// What the records say about an event, and what the rules that it begins could offer.
    pub fn known(&self, (event, person): (&ShopEvent, &Person), rules: &Proactive, now: &Now) -> Known {
        let mut known = Known { facts: own_facts(self.own(event, person), event, now), ..Known::default() };
        let mut products: Vec<String> = event.product.iter().cloned().collect();
        let ordered = ordered_products(&known);
        products.extend(ordered.into_iter().filter(|product| Some(product) != event.product.as_ref()));
        known.facts.extend(products.iter().filter_map(|id| self.fact(id)).cloned());
        if let Some(product) = products.first() {
            let fits = self.promotions.iter().find(|promotion| promotes(promotion, product, now));
            known.facts.extend(fits.map(|promotion| Fact::of(promotion, now)));
        }
        let offers = |offer| rules.begun_by(event.kind).any(|rule| rule.offers == Some(offer));
        if offers(Offer::GoesWith) {
            known.goes_with =
                products.iter().find_map(|id| self.product(id)).and_then(|first| self.goes_with(first));
        }
        if offers(Offer::NextStage) {
            known.next_stage = known.child_months().and_then(|months| self.next_stage(months));
        }
        known
    }

    /// The customer, the order of the event if it is the customer's, and the cases about it.
    fn own<'a>(
        &'a self,
        event: &'a ShopEvent,
        person: &'a Person,
    ) -> impl Iterator<Item = &'a Record> + Clone {
        let customer = person.customer().map(|customer| customer.as_str());
        let order = event.order.as_deref().filter(|_| customer.is_some());
        let is_own = move |record: &&Record| record.customer() == customer;
        let record = customer.and_then(|customer| self.customers.get(customer));
        let orders = order.and_then(|order| self.orders.get(order)).filter(is_own);
        let cases = order.and_then(|order| self.cases.get(order)).into_iter().flatten().filter(is_own);
        record.into_iter().chain(orders).chain(cases)
    }

    fn fact(&self, product: &str) -> Option<&Fact> {
        self.places.get(product).map(|place| &self.products[*place].fact)
    }

    fn goes_with(&self, product: &Record) -> Option<Fact> {
        let ids = product.texts("goes_with");
        ids.into_iter().filter_map(|id| self.fact(id)).find(|fact| can_be_recommended(fact)).cloned()
    }

    fn next_stage(&self, months: i64) -> Option<Fact> {
        let begins = self.products.iter().filter(|product| begins_at(&product.record, months));
        begins.map(|product| &product.fact).find(|fact| can_be_recommended(fact)).cloned()
    }
}
