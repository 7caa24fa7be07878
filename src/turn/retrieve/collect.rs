//! Fills the facts of a turn, the most useful first, and never more than the bound.

use std::sync::Arc;

use serde_json::Value;

use super::focus::{OrderFocus, says_place};
use super::policies::{Fitting, fitting};
use super::product::{is_in_title, named_by_words, with_variant};
use super::{MOST_FACTS, Own, RELEVANT_SCORE, RetrieveError, Source, Wanted, measures, offer};
use crate::identity::Identity;
use crate::knowledge::{Among, Hit, Knowledge, Question, SearchQuery};
use crate::record::{Record, RecordKind, derived_fields, in_force, shipment_records};
use crate::turn::types::{Author, EntityKind, Fact, Facts, Pending, Reading, TurnInput};

/// How many of the other kinds that are fetched rather than found.
const MOST_PROMOTIONS: usize = 3;
const MOST_AFTERSALES: usize = 2;
const MOST_COUPONS: usize = 2;
const MOST_BATCHES: usize = 2;
const MOST_NOTICES: usize = 2;
const MOST_PRICES: usize = 4;
/// Why a product is taken to be meant where nothing says so.
const FIRST_ITEM: &str = "订单里的第一件商品";
/// Places kept free for what search finds.
const KEPT_FOR_SEARCH: usize = 3;
/// How many hits are looked at.
const HITS: usize = 24;
/// What fits less than this shares a common character with the question and nothing else.
pub(super) const WEAKEST_FIT: f32 = 0.15;
/// What search looks at; private records are fetched, not found.
const PUBLIC_KINDS: [RecordKind; 5] = [
    RecordKind::Product,
    RecordKind::Knowledge,
    RecordKind::Promotion,
    RecordKind::Notice,
    RecordKind::Policy,
];

/// What is searched in.
#[derive(Clone, Copy)]
pub(super) struct Searches<'a> {
    pub(super) knowledge: &'a Knowledge,
    /// The question, with private data masked.
    pub(super) question: &'a Question,
    /// The question as it stands, in which products are looked for: what stands for a telephone number is not the name of one.
    pub(super) unmasked: &'a Question,
}

/// The facts while they are gathered.
pub(super) struct Collector<'a, S> {
    source: &'a S,
    searches: Searches<'a>,
    reading: &'a Reading,
    input: &'a TurnInput,
    wanted: &'a Wanted,
    facts: Facts,
    order: Option<String>,
    product: Option<String>,
    choices: Vec<String>,
    /// The promotions of the shop and the customer's usable coupons, as far as they are wanted.
    promotions: Vec<Arc<Record>>,
    coupons: Vec<Record>,
    /// So many of the facts are kept in any case: the last of them is a policy that a verdict needs.
    needed: usize,
}

/// The item of an order that a message speaks of.
struct ItemInQuestion {
    /// Its product.
    product: String,
    /// Whether there is a sign that it is this one: its words in the message, or that the order has no other.
    sure: bool,
    /// Whether its words, and of no other item, stand in the message.
    is_said: bool,
    /// Whether words of several items stand in it: then none is meant alone.
    several: bool,
}

impl<'a, S: Source> Collector<'a, S> {
    pub(super) fn new(
        source: &'a S,
        searches: Searches<'a>,
        reading: &'a Reading,
        input: &'a TurnInput,
        wanted: &'a Wanted,
    ) -> Self {
        let facts = Facts::default();
        Self {
            source,
            searches,
            reading,
            input,
            wanted,
            facts,
            order: None,
            product: None,
            choices: Vec::new(),
            promotions: Vec::new(),
            coupons: Vec::new(),
            needed: 0,
        }
    }

    fn wants(&self, kind: RecordKind) -> bool {
        self.wanted.kinds.contains(&kind)
    }

    /// The focused order with its parcels, or the orders to choose from.
    pub(super) fn add_orders(&mut self, orders: &[Record], focus: &OrderFocus) {
        self.facts.order_unknown = focus.unknown;
        if let Some(index) = focus.order {
            let order = &orders[index];
            self.order = Some(order.fact_id());
            self.push(order, 1.0, focus.why);
            let mut parcels = shipment_records(order, &self.input.now);
            let text = self.reading.text.as_str();
            // The parcel that is named first, then those that trouble, then those on their way.
            parcels.sort_by_key(|parcel| (!text.contains(parcel.id.as_str()), trouble(parcel)));
            for parcel in &parcels {
                self.push(parcel, 1.0, "这个订单的包裹");
            }
        }
        for index in &focus.choices {
            self.choices.push(orders[*index].fact_id());
            self.push(&orders[*index], 1.0, "可能指的订单");
        }
    }

    /// The product that is meant: named, on the page, of the order, remembered.
    pub(super) async fn add_product(&mut self, order: Option<&Record>) -> Result<(), RetrieveError> {
        let by_words = named_by_words(self.searches.unmasked)?;
        let named = self.named_product()?.or_else(|| by_words.as_ref().map(|hit| hit.id.clone()));
        let item = order.and_then(|order| self.item_in_question(order));
        let about_order = self.wanted.kinds.iter().any(|kind| kind.is_private());
        // "吸奶器没吸力了" means the one that was ordered, whichever the words alone lead to.
        let ordered = about_order && item.as_ref().is_some_and(|item| item.is_said);
        let several = about_order && item.as_ref().is_some_and(|item| item.several);
        let named = named.filter(|_| !(ordered || several) || self.names_a_product());
        let (item, first) = match item {
            Some(ItemInQuestion { product, sure: true, .. }) => (Some(product), None),
            Some(ItemInQuestion { product, .. }) => (None, Some(product)),
            None => (None, None),
        };
        let page = self.input.page.product.clone();
        // Right after the assistant spoke first, a question is about what it spoke of.
        let spoken_of = match &self.input.memory.pending {
            Some(Pending::Nudge { product, .. }) => product.clone(),
            _ => None,
        };
        let remembered =
            self.input.memory.products.last().map(|id| id.strip_prefix("product:").unwrap_or(id).to_owned());
        let candidates = if about_order {
            [
                (named, "消息里说到的商品"),
                (spoken_of, "刚才主动说到的商品"),
                (item, "订单里的商品"),
                (page, "页面上的商品"),
                (remembered, "正在谈的商品"),
                (first, FIRST_ITEM),
            ]
        } else {
            [
                (named, "消息里说到的商品"),
                (spoken_of, "刚才主动说到的商品"),
                (page, "页面上的商品"),
                (remembered, "正在谈的商品"),
                (item, "订单里的商品"),
                (first, FIRST_ITEM),
            ]
        };
        let asked: Vec<(RecordKind, String)> =
            candidates.iter().filter_map(|(id, _)| Some((RecordKind::Product, id.clone()?))).collect();
        let records = self.fetch(&asked).await?;
        for (id, why) in candidates {
            let Some(record) = id.and_then(|id| records.iter().find(|record| record.id == id)) else {
                continue;
            };
            let guessed = by_words.as_ref().filter(|hit| hit.id == record.id);
            if guessed
                .is_some_and(|hit| !is_in_title(hit, &self.reading.question, record, self.searches.knowledge))
            {
                continue;
            }
            if self.product.is_none() {
                self.product = Some(record.id.clone());
                self.facts.product_is_guessed = why == FIRST_ITEM || several;
                self.push(record, 1.0, why);
            }
        }
        self.add_products_of_flows(order).await
    }

    /// The items that open flows of the order are about: an answer is read against them, whatever else is spoken of.
    async fn add_products_of_flows(&mut self, order: Option<&Record>) -> Result<(), RetrieveError> {
        let items: Vec<String> =
            order.map(Record::items).into_iter().flatten().filter_map(|item| item.product).collect();
        let answers = self.input.standing.flows.iter().flat_map(|flow| flow.answers.values());
        let meant: Vec<(RecordKind, String)> = answers
            .map(|answer| answer.value.clone())
            .filter(|value| items.contains(value) && self.product.as_ref() != Some(value))
            .map(|value| (RecordKind::Product, value))
            .collect();
        for record in &self.fetch(&meant).await? {
            self.push(record, 0.9, "正在办的商品");
        }
        Ok(())
    }

    /// The products that single clauses of the message name: "奶粉怎么还没发，另外2段多少钱".
    pub(super) async fn add_products_of_clauses(&mut self) -> Result<(), RetrieveError> {
        for clause in self.reading.by_clause.iter().map(|guess| guess.why.as_str()) {
            let asked = self.searches.knowledge.ask(&self.input.scope, clause, None)?;
            let Some(hit) = named_by_words(&asked)? else { continue };
            let records = self.fetch(&[(RecordKind::Product, hit.id.clone())]).await?;
            let named =
                records.iter().find(|record| is_in_title(&hit, clause, record, self.searches.knowledge));
            if let Some(record) = named {
                self.push(record, 0.95, "消息里另外说到的商品");
                self.facts.by_clause.push((clause.to_owned(), record.fact_id()));
            }
        }
        Ok(())
    }

    /// A product that the message names by id, model number or words.
    fn named_product(&self) -> Result<Option<String>, RetrieveError> {
        let names: Vec<&str> = self
            .reading
            .entities
            .iter()
            .filter(|entity| entity.kind == EntityKind::Product)
            .map(|entity| entity.text.as_str())
            .collect();
        if names.is_empty() {
            return Ok(None);
        }
        let query = SearchQuery {
            text: names.join(" "),
            kinds: vec![RecordKind::Product],
            limit: 2,
            product: self.input.page.product.clone(),
            vector: None,
        };
        let hits = self.searches.knowledge.search(&self.input.scope, &query)?;
        // Two products that fit equally well are not named by that word.
        Ok(match hits.as_slice() {
            [first, second] if second.raw_score >= first.raw_score * 0.98 => None,
            [first, ..] if first.score >= 0.6 => Some(first.id.clone()),
            _ => None,
        })
    }

    /// Whether the message names a product by its id or model number.
    fn names_a_product(&self) -> bool {
        self.reading.entities.iter().any(|entity| entity.kind == EntityKind::Product)
    }

    /// The item of the order the message speaks of. Without a sign it is the first that was paid for.
    fn item_in_question(&self, order: &Record) -> Option<ItemInQuestion> {
        let analyzer = self.searches.knowledge.analyzer();
        let terms = self.searches.unmasked.terms();
        let fit = |title: &str| {
            let title = analyzer.normalise(title);
            terms
                .words
                .iter()
                .filter(|(word, _)| word.chars().count() >= 2 && title.contains(word.as_str()))
                .count()
        };
        let items = order.items();
        let mut best: Option<(usize, &crate::record::Item)> = None;
        let paid_for: Vec<&crate::record::Item> =
            items.iter().filter(|item| !item.gift && item.product.is_some()).collect();
        if let Some(chosen) = self.chosen_place().and_then(|place| paid_for.get(place)) {
            return Some(ItemInQuestion {
                product: chosen.product.clone()?,
                sure: true,
                is_said: false,
                several: false,
            });
        }
        for item in &paid_for {
            let fit = fit(&item.title);
            if best.is_none_or(|(before, _)| fit > before) {
                best = Some((fit, item));
            }
        }
        let alike = |most: usize| paid_for.iter().filter(|item| fit(&item.title) == most).count();
        let (most, item) = best?;
        let sure = paid_for.len() == 1 || most > 0 && alike(most) == 1;
        let is_said = most > 0 && alike(most) == 1;
        let several = paid_for.iter().filter(|item| fit(&item.title) > 0).count() > 1;
        Some(ItemInQuestion { product: item.product.clone()?, sure, is_said, several })
    }

    /// The answer to "which of these items", by its number.
    fn chosen_place(&self) -> Option<usize> {
        let asked = self.input.memory.episode()?.asked.last()?;
        let text = self.reading.text.trim();
        asked.ends_with(".item").then(|| (0..5).find(|place| says_place(text, *place)))?
    }

    /// The youngest batches of the product, where dates are asked for.
    pub(super) async fn add_batches(&mut self) -> Result<(), RetrieveError> {
        let Some(product) = self.product.clone().filter(|_| self.wants(RecordKind::Batch)) else {
            return Ok(());
        };
        let batches = self.source.of_product(&self.input.scope, RecordKind::Batch, &product).await;
        let mut batches = batches.map_err(RetrieveError::source)?;
        let produced = |batch: &Record| batch.text("produced_at").and_then(|at| self.input.now.parse(at));
        batches.sort_by_key(|batch| std::cmp::Reverse(produced(batch)));
        for batch in batches.iter().take(MOST_BATCHES) {
            self.push(batch, 0.9, "这款商品的批次");
        }
        Ok(())
    }

    /// After-sale cases, coupons and what wording may know of the customer, and what of it cannot be read now.
    pub(super) fn add_own_records(&mut self, own: &Own) {
        self.facts.unreadable.clone_from(&own.unreadable);
        let customer = own.of(RecordKind::Customer).find(|customer| self.is_own(customer));
        self.facts.customer = customer.map(|customer| derived_fields(customer, &self.input.now));
        let order = self.order.clone();
        let order = order.as_deref().and_then(|id| id.strip_prefix("order:"));
        // Without an order every case may be meant; with one only its own.
        let in_question =
            |case: &&Record| order.is_none() || case.text("order").is_none() || case.text("order") == order;
        for case in own.of(RecordKind::Aftersale).filter(in_question).take(MOST_AFTERSALES) {
            self.push(case, 1.0, "本人的售后单");
        }
        let input = self.input;
        let usable = |coupon: &&Record| {
            in_force(coupon, &input.now)
                && !matches!(coupon.text("status"), Some("used" | "expired" | "void"))
        };
        let coupons = own.of(RecordKind::Coupon).filter(|coupon| usable(coupon) && self.is_own(coupon));
        self.coupons = coupons.cloned().collect();
    }

    /// Policies, promotions and announcements in force.
    pub(super) async fn add_rules(&mut self, order: Option<&Record>) -> Result<(), RetrieveError> {
        let rules = self.source.public(&self.input.scope, &self.rules_wanted()).await;
        let mut rules = rules.map_err(RetrieveError::source)?;
        rules.retain(|rule| in_force(rule, &self.input.now));
        let of = |kind| rules.iter().filter(move |rule| rule.kind == kind).cloned();
        let policies: Vec<Arc<Record>> = of(RecordKind::Policy).collect();
        if !policies.is_empty() {
            self.add_policies(&policies)?;
        }
        self.promotions = of(RecordKind::Promotion).collect();
        for coupon in self.coupons.clone().iter().take(MOST_COUPONS) {
            let coupon = offer::with_terms(coupon, &self.promotions);
            self.push(&coupon, 1.0, "本人的优惠券");
        }
        if self.wants(RecordKind::Promotion) {
            let product = self.product.clone();
            let fits = |promotion: &&Arc<Record>| self.promotion_fits(promotion, product.as_deref());
            let mut fitting: Vec<Arc<Record>> = self.promotions.iter().filter(fits).cloned().collect();
            // What lowers the price of this very product is told before what holds for the whole shop.
            fitting.sort_by_key(|promotion| product.is_none() || promotion.texts("products").is_empty());
            for promotion in fitting.iter().take(MOST_PROMOTIONS) {
                self.push(promotion, 0.9, "正在生效的活动");
            }
        }
        let notices: Vec<Arc<Record>> =
            of(RecordKind::Notice).filter(|notice| self.notice_fits(notice, order)).collect();
        for notice in notices.iter().take(MOST_NOTICES) {
            self.push(notice, 0.9, "正在生效的公告");
        }
        Ok(())
    }

    /// Which of the shop's rules a possible scenario reads. Coupons are told with the terms of their promotion.
    fn rules_wanted(&self) -> Vec<RecordKind> {
        let mut kinds = Vec::new();
        if self.wants(RecordKind::Policy) {
            kinds.push(RecordKind::Policy);
        }
        if self.wants(RecordKind::Promotion) || !self.coupons.is_empty() {
            kinds.push(RecordKind::Promotion);
        }
        if self.wants(RecordKind::Notice) || self.wants(RecordKind::Shipment) {
            kinds.push(RecordKind::Notice);
        }
        kinds
    }

    /// What the price of the product was lately.
    pub(super) async fn add_prices(&mut self) -> Result<(), RetrieveError> {
        let Some(product) = self.product.clone().filter(|_| self.wants(RecordKind::PriceHistory)) else {
            return Ok(());
        };
        let prices = self.source.of_product(&self.input.scope, RecordKind::PriceHistory, &product).await;
        let mut prices = prices.map_err(RetrieveError::source)?;
        let now = &self.input.now;
        prices.retain(|price| {
            price.text("from").and_then(|from| now.parse(from)).is_none_or(|from| from <= now.timestamp())
        });
        prices.sort_by_key(|price| std::cmp::Reverse(price.text("from").and_then(|from| now.parse(from))));
        for price in prices.iter().take(MOST_PRICES) {
            self.push(price, 0.9, "商品的价格记录");
        }
        Ok(())
    }

    /// Lays over the product what one piece costs this customer now.
    pub(super) fn lay_offer(&mut self) {
        let Some(id) = self.product.as_ref().map(|id| format!("product:{id}")) else { return };
        let Some(fact) = self.facts.found.iter_mut().find(|fact| fact.id == id) else { return };
        offer::lay(fact, &self.promotions, &self.coupons, &self.input.now);
    }

    /// The policies in force that belong to the question.
    fn add_policies(&mut self, policies: &[Arc<Record>]) -> Result<(), RetrieveError> {
        let among = Among { kinds: vec![RecordKind::Policy], limit: HITS, product: None };
        let hits = self.searches.question.find(&among)?;
        for Fitting { policy, score, needed } in fitting(policies, &hits, self.reading, self.wanted) {
            self.push(policy, score, "与问题有关的规则");
            if needed {
                self.needed = self.facts.found.len();
            }
        }
        Ok(())
    }

    fn promotion_fits(&self, promotion: &Record, product: Option<&str>) -> bool {
        if promotion.fields.get("public") == Some(&Value::Bool(false)) {
            return false;
        }
        let listed =
            promotion.fields.get("scope").and_then(|scope| scope.get("products")).and_then(Value::as_array);
        let listed: Vec<&str> = listed.into_iter().flatten().filter_map(Value::as_str).collect();
        let products = [promotion.texts("products"), listed].concat();
        products.is_empty() || product.is_some_and(|product| products.contains(&product))
    }

    fn notice_fits(&self, notice: &Record, order: Option<&Record>) -> bool {
        let list = |name: &str| -> Vec<&str> {
            let list = notice.fields.get("scope").and_then(|scope| scope.get(name)).and_then(Value::as_array);
            list.into_iter().flatten().filter_map(Value::as_str).collect()
        };
        let address = |field: &str| order.and_then(|order| order.fields.get("address")?.get(field)?.as_str());
        let regions = list("regions");
        let region_fits = regions.is_empty()
            || ["province", "city"]
                .into_iter()
                .filter_map(address)
                .any(|own| regions.iter().any(|region| own.starts_with(region) || region.starts_with(own)));
        let products = list("products");
        let product_fits =
            products.is_empty() || self.product.as_deref().is_some_and(|own| products.contains(&own));
        let carriers = list("carriers");
        let carrier_fits = carriers.is_empty()
            || order.is_some_and(|order| {
                order.shipments().iter().any(|parcel| {
                    parcel
                        .get("carrier")
                        .and_then(Value::as_str)
                        .is_some_and(|own| carriers.iter().any(|carrier| own.contains(carrier)))
                })
            });
        region_fits && product_fits && carrier_fits
    }

    /// What search finds. Bodies come from the source; what is expired or about another product is left out.
    pub(super) async fn add_found(&mut self) -> Result<(), RetrieveError> {
        let among = Among { kinds: PUBLIC_KINDS.to_vec(), limit: HITS, product: self.product.clone() };
        let hits = self.searches.question.find(&among)?;
        let asked: Vec<(RecordKind, String)> = hits.iter().map(|hit| (hit.kind, hit.id.clone())).collect();
        let records = self.fetch(&asked).await?;
        let mut found: Vec<(&Hit, &Record)> = hits
            .iter()
            .filter(|hit| hit.score >= WEAKEST_FIT)
            .filter_map(|hit| {
                records
                    .iter()
                    .find(|record| record.kind == hit.kind && record.id == hit.id)
                    .map(|record| (hit, record))
            })
            .filter(|(_, record)| self.is_in_question(record))
            .collect();
        found.sort_by(|one, other| self.usefulness(other).total_cmp(&self.usefulness(one)));
        self.facts.relevant = found.iter().any(|(hit, _)| hit.score >= RELEVANT_SCORE);
        let room = (MOST_FACTS - KEPT_FOR_SEARCH.min(found.len())).max(self.needed);
        self.facts.found.truncate(room);
        for (hit, record) in found {
            if self.facts.found.len() >= MOST_FACTS {
                break;
            }
            self.push(record, hit.score, &hit.why.join("、"));
        }
        Ok(())
    }

    /// The score, with kinds that a possible scenario reads before those that none reads.
    fn usefulness(&self, (hit, record): &(&Hit, &Record)) -> f32 {
        let own = self.product.is_some() && record.text("product") == self.product.as_deref();
        let wanted = self.wants(hit.kind) || self.wanted.kinds.is_empty();
        hit.score + if own { 0.3 } else { 0.0 } + if wanted { 0.2 } else { 0.0 }
    }

    fn is_in_question(&self, record: &Record) -> bool {
        if !in_force(record, &self.input.now) || record.fields.get("public") == Some(&Value::Bool(false)) {
            return false;
        }
        match (record.kind, record.text("product"), self.product.as_deref()) {
            (RecordKind::Knowledge, Some(its), Some(meant)) => its == meant,
            _ => true,
        }
    }

    async fn fetch(&self, asked: &[(RecordKind, String)]) -> Result<Vec<Record>, RetrieveError> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        self.source.records(&self.input.scope, asked).await.map_err(RetrieveError::source)
    }

    /// Whether a record belongs to whoever asks. The source has seen to that already; this is the second lock.
    fn is_own(&self, record: &Record) -> bool {
        match &self.input.scope.identity {
            Identity::Customer(customer) => record.customer() == Some(customer.as_str()),
            Identity::Holder(holder) => match record.kind {
                RecordKind::Order => holder.opens(&record.id),
                RecordKind::Shipment | RecordKind::Aftersale => {
                    record.text("order").is_some_and(|order| holder.opens(order))
                }
                _ => false,
            },
            Identity::Anonymous(_) => false,
        }
    }

    /// What the customer wrote, latest first.
    fn texts(&self) -> Vec<&str> {
        let by_customer =
            self.input.history.iter().rev().filter(|message| message.author == Author::Customer);
        std::iter::once(self.reading.text.as_str())
            .chain(by_customer.map(|message| message.text.as_str()))
            .collect()
    }

    /// Adds a record as a fact, once, if it is evidence now and belongs to nobody else.
    fn push(&mut self, record: &Record, score: f32, why: &str) {
        let id = record.fact_id();
        let foreign = record.kind.is_private() && !self.is_own(record);
        if foreign || record.kind == RecordKind::Customer || self.facts.get(&id).is_some() {
            return;
        }
        let mut fact = Fact { score, why: why.to_owned(), ..Fact::of(record, &self.input.now) };
        if fact.text.is_empty() {
            return;
        }
        if record.kind == RecordKind::Product {
            // What the message itself names comes before what the question it goes on with named.
            if !with_variant(&mut fact.fields, &self.reading.text) {
                with_variant(&mut fact.fields, &self.reading.question);
            }
            if let Some(advice) = measures::lay(&mut fact.fields, &self.texts()) {
                fact.text.push('\n');
                fact.text.push_str(&advice);
            }
        }
        self.facts.found.push(fact);
    }

    /// The facts, bounded, with the places of what is in focus.
    pub(super) fn finish(mut self) -> Facts {
        self.facts.found.truncate(MOST_FACTS.max(self.needed));
        let place = |id: &str| self.facts.found.iter().position(|fact| fact.id == id);
        let order = self.order.as_deref().and_then(place);
        let product = self.product.as_deref().and_then(|id| place(&format!("product:{id}")));
        let choices: Vec<usize> = self.choices.iter().filter_map(|id| place(id)).collect();
        self.facts.order = order;
        self.facts.product = product;
        self.facts.order_choices = choices;
        self.facts
    }
}

/// Parcels that need attention come first.
fn trouble(parcel: &Record) -> u8 {
    match parcel.text("status") {
        Some("stalled") => 0,
        Some("returned") => 1,
        Some("out_for_delivery") => 2,
        Some("moving") => 3,
        Some("no_pickup") => 4,
        _ => 5,
    }
}
