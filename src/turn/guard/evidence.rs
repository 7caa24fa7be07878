//! What is known in this turn, prepared so that a drafted sentence can be checked against it?

use serde_json::Value as Json;

use crate::record::RecordKind;
use crate::turn::types::{Draft, Fact};

use super::GuardContext;
use super::fold::{fold, is_han, without_space};
use super::numerals::Amount;
use super::split::clauses;
use super::values::{self, Day, Found, Moment, Value};

/// Words beside a number that make it an amount of money.
const MONEY_WORDS: [&str; 8] = ["价", "金额", "费", "付", "款", "定金", "尾款", "余额"];
/// Field names that hold amounts of money.
const MONEY_FIELDS: [&str; 14] = [
    "price",
    "total",
    "amount",
    "fee",
    "deposit",
    "balance",
    "paid",
    "reduce",
    "threshold",
    "refund",
    "discount",
    "value_yuan",
    "difference",
    "money",
];
/// Field names whose text is about people and never evidence.
const PEOPLE_FIELDS: [&str; 12] = [
    "name",
    "receiver",
    "recipient",
    "consignee",
    "contact",
    "phone",
    "mobile",
    "telephone",
    "address",
    "email",
    "customer",
    "signed_by",
];

/// Clauses that begin so speak of what the clause before names.
const LABELS: [&str; 6] = ["单价", "售价", "价格", "下单价", "每件", "数量"];

/// A value that stands in a record.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) value: Value,
    /// The clause it stands in; values of typed fields have none.
    pub(super) clause: Option<usize>,
    /// Whether it may be said as money.
    pub(super) sayable_money: bool,
}

/// A clause of a record.
#[derive(Debug)]
pub(super) struct Clause {
    /// Folded, without white space.
    pub(super) text: String,
    /// Its character pairs and ids.
    pub(super) features: Vec<u64>,
}

/// The evidence in force for one draft.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    pub(super) facts: Vec<&'a Fact>,
    pub(super) known: Vec<Known>,
    pub(super) clauses: Vec<Clause>,
    /// Days and times that stand together in a record.
    pub(super) moments: Vec<(Day, Moment)>,
    /// Times that stand in a record without a day.
    pub(super) lone_moments: Vec<Moment>,
    /// All record text, folded, without white space.
    pub(super) text: String,
    /// The same in capitals, for ids and Latin names.
    pub(super) capitals: String,
    /// The text of records that carry policy, of orders and parcels.
    pub(super) authority: String,
    /// Values that are backed without being facts.
    pub(super) backed: Vec<Value>,
    /// Their text.
    pub(super) backed_text: String,
    /// Values of the customer's question.
    pub(super) asked: Vec<Value>,
    /// The question, folded, without white space.
    pub(super) question: String,
    /// Carriers and ways to pay of the pack, in capitals.
    pub(super) names: Vec<String>,
    /// Names of people in the fields of private records, which must not be said.
    pub(super) people: Vec<String>,
}

/// Whether the shop lets statements about what is allowed rest on a fact.
pub(super) fn has_authority(fact: &Fact) -> bool {
    fact.policy
        || matches!(
            fact.kind,
            RecordKind::Policy
                | RecordKind::Promotion
                | RecordKind::Coupon
                | RecordKind::Order
                | RecordKind::Shipment
                | RecordKind::Aftersale
                | RecordKind::Notice
        )
}

/// Whether amounts in the running text of a fact may be said. A product's description is not a price list, unless
/// the product is nothing but text.
fn money_in_text(fact: &Fact) -> bool {
    match fact.kind {
        RecordKind::Product => !fact.fields.is_object(),
        RecordKind::Knowledge | RecordKind::Shipment | RecordKind::Notice | RecordKind::Batch => fact.policy,
        RecordKind::Customer => false,
        RecordKind::Policy
        | RecordKind::Promotion
        | RecordKind::Coupon
        | RecordKind::PriceHistory
        | RecordKind::Order
        | RecordKind::Aftersale => true,
    }
}

impl<'a> Evidence<'a> {
    /// Gathers what a draft may rest on.
    pub(super) fn gather(draft: &Draft, folded: &str, context: &GuardContext<'a>) -> Self {
        let question = fold(context.question);
        let backed_text = context.backed.iter().map(|text| fold(text)).collect::<Vec<_>>().join("\n");
        let read = |text: &str| -> Vec<Value> {
            let chars: Vec<char> = text.chars().collect();
            values::extract(&chars, context.now).into_iter().map(|found| found.value).collect()
        };
        let mut evidence = Self {
            facts: in_force(draft, folded, context),
            known: Vec::new(),
            clauses: Vec::new(),
            moments: Vec::new(),
            lone_moments: Vec::new(),
            text: String::new(),
            capitals: String::new(),
            authority: String::new(),
            backed: read(&backed_text),
            backed_text: without_space(&backed_text),
            asked: read(&question),
            question: without_space(&question),
            names: context
                .pack
                .guard
                .carriers
                .iter()
                .chain(&context.pack.guard.payments)
                .map(|name| name.to_uppercase())
                .collect(),
            people: Vec::new(),
        };
        for fact in evidence.facts.clone() {
            evidence.add(fact, context);
        }
        evidence.capitals = evidence.text.to_uppercase();
        evidence
    }

    fn add(&mut self, fact: &Fact, context: &GuardContext<'_>) {
        let text = fold(&fact.text);
        let money = money_in_text(fact);
        let authority = has_authority(fact);
        let titled = fold(&fact.title);
        for part in clauses(&text) {
            self.add_clause(part, money, context);
        }
        self.add_clause(&titled, false, context);
        self.text.push_str(&without_space(&text));
        self.text.push('\n');
        self.text.push_str(&without_space(&titled));
        self.text.push('\n');
        if let Some((_, id)) = fact.id.split_once(':') {
            let id = fold(id).to_uppercase();
            if id.contains(|character: char| character.is_ascii_digit()) {
                self.known.push(Known { value: Value::Id(id), clause: None, sayable_money: false });
            }
        }
        if authority {
            self.authority.push_str(&without_space(&text));
            self.authority.push('\n');
        }
        self.add_fields(&fact.fields, "", fact, (context, 0));
    }

    fn add_clause(&mut self, part: &str, money: bool, context: &GuardContext<'_>) {
        let chars: Vec<char> = part.chars().collect();
        let found = values::extract(&chars, context.now);
        let clause = self.clauses.len();
        let mut features = features(part, &found);
        if LABELS.iter().any(|label| part.starts_with(label))
            && let Some(before) = self.clauses.last()
        {
            // 围嘴×1，单价25.00元: the price is that of the thing before it.
            features.extend(&before.features);
            features.sort_unstable();
            features.dedup();
        }
        self.clauses.push(Clause { text: without_space(part), features });
        self.add_moments(&found);
        let about_money = MONEY_WORDS.iter().any(|word| part.contains(word));
        for Found { value, .. } in found {
            if let Value::Plain(amount) = value
                && about_money
            {
                self.known.push(Known {
                    value: Value::Money(amount),
                    clause: Some(clause),
                    sayable_money: money,
                });
            }
            self.known.push(Known { value, clause: Some(clause), sayable_money: money });
        }
    }

    fn add_moments(&mut self, found: &[Found]) {
        for (index, one) in found.iter().enumerate() {
            let Value::Moment(moment) = one.value else { continue };
            match index.checked_sub(1).map(|before| &found[before]) {
                Some(Found { value: Value::Day(day), end, .. }) if one.start - end <= 4 => {
                    self.moments.push((*day, moment));
                }
                _ => self.lone_moments.push(moment),
            }
        }
    }

    /// Typed fields: numbers count as they are, amounts of money by the name of their field.
    fn add_fields(
        &mut self,
        fields: &Json,
        name: &str,
        fact: &Fact,
        (context, depth): (&GuardContext<'_>, usize),
    ) {
        if depth > 6 {
            return;
        }
        match fields {
            Json::Object(map) => {
                for (key, value) in map {
                    self.add_fields(value, key, fact, (context, depth + 1));
                }
            }
            Json::Array(list) => {
                for value in list.iter().take(60) {
                    self.add_fields(value, name, fact, (context, depth + 1));
                }
            }
            Json::Number(number) => {
                let Some(amount) = Amount::parse(&number.to_string()) else { return };
                self.add_amount(amount, name);
            }
            Json::String(text) => self.add_field_text(text, name, fact, context),
            Json::Null | Json::Bool(_) => {}
        }
    }

    fn add_amount(&mut self, amount: Amount, name: &str) {
        self.known.push(Known { value: Value::Plain(amount), clause: None, sayable_money: false });
        if is_named(name, &MONEY_FIELDS) {
            self.known.push(Known { value: Value::Money(amount), clause: None, sayable_money: true });
        }
    }

    fn add_field_text(&mut self, text: &str, name: &str, fact: &Fact, context: &GuardContext<'_>) {
        if is_named(name, &PEOPLE_FIELDS) {
            let is_name =
                fact.kind.is_private() && text.chars().all(is_han) && (2..=4).contains(&text.chars().count());
            if is_name {
                self.people.push(text.to_owned());
            }
            return;
        }
        if is_named(name, &MONEY_FIELDS)
            && let Some(amount) = Amount::parse(text)
        {
            self.add_amount(amount, name);
            return;
        }
        if text.chars().count() > 80 {
            // Long fields are part of the evidence text already.
            return;
        }
        let folded = fold(text);
        let chars: Vec<char> = folded.chars().collect();
        let found = values::extract(&chars, context.now);
        self.add_moments(&found);
        for Found { value, .. } in found {
            self.known.push(Known { value, clause: None, sayable_money: false });
        }
        self.text.push_str(&without_space(&folded));
        self.text.push('\n');
    }

    /// The clause that speaks most of what `wanted` speaks of, with how many features they share.
    pub(super) fn best_clauses(&self, wanted: &[u64]) -> (usize, Vec<&Clause>) {
        let mut best = (0, Vec::new());
        for clause in &self.clauses {
            let score = shared(wanted, &clause.features);
            if score > best.0 {
                best = (score, vec![clause]);
            } else if score == best.0 && score > 0 {
                best.1.push(clause);
            }
        }
        best
    }
}

/// Whether a field has one of these names, alone or as the last part of a longer one.
fn is_named(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| {
        name == *known
            || name.strip_suffix(known).is_some_and(|before| before.ends_with('_'))
            || name.strip_prefix(known).is_some_and(|after| after.starts_with('_'))
    })
}

/// The facts a draft names, or all of them; of private records only those of the order that the text names.
fn in_force<'a>(draft: &Draft, folded: &str, context: &GuardContext<'a>) -> Vec<&'a Fact> {
    let mut facts: Vec<&Fact> =
        context.facts.found.iter().filter(|fact| draft.evidence.contains(&fact.id)).collect();
    if facts.is_empty() {
        facts = context.facts.found.iter().collect();
    }
    let named = named_orders(folded, context);
    let speaks_of = |fact: &&Fact| {
        let text = fold(&fact.text);
        named.iter().any(|id| text.contains(id.as_str()) || fact.id.ends_with(id.as_str()))
    };
    let private =
        |fact: &&Fact| matches!(fact.kind, RecordKind::Order | RecordKind::Shipment | RecordKind::Aftersale);
    if facts.iter().any(|fact| private(fact) && speaks_of(fact)) {
        facts.retain(|fact| !private(fact) || speaks_of(fact));
    }
    facts
}

/// The order numbers a text names as such.
fn named_orders(folded: &str, context: &GuardContext<'_>) -> Vec<String> {
    let chars: Vec<char> = folded.chars().collect();
    values::extract(&chars, context.now)
        .into_iter()
        .filter_map(|found| match found.value {
            Value::Id(id) if id.len() >= 6 => {
                let before: String = chars[found.start.saturating_sub(5)..found.start].iter().collect();
                (before.contains("订单") && !before.contains("物流")).then_some(id)
            }
            _ => None,
        })
        .collect()
}

/// Characters that carry no matter of their own.
const IDLE: &str = "的了是在有和与或也都就还呢哦啊呀吧吗嘛您你我们这那个请亲给为把被从到对要将可以能";

/// Character pairs of Chinese text without idle characters, and the ids and measures in it, as sorted numbers.
pub(super) fn features(folded: &str, found: &[Found]) -> Vec<u64> {
    let mut pairs = Vec::new();
    let mut previous: Option<char> = None;
    for character in folded.chars() {
        let counts = is_han(character) && !IDLE.contains(character);
        if counts && let Some(before) = previous {
            pairs.push(u64::from(u32::from(before)) << 32 | u64::from(u32::from(character)));
        }
        if !character.is_whitespace() {
            previous = counts.then_some(character);
        }
    }
    for one in found {
        match &one.value {
            Value::Id(id) => pairs.push(hash(id)),
            Value::Measure(amount, measure) => pairs.push(hash(&format!("{}{measure:?}", amount.0))),
            _ => {}
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// FNV-1a, with a bit set that no character pair has.
fn hash(text: &str) -> u64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash | 1 << 63
}

/// How many features two sorted lists share.
pub(super) fn shared(one: &[u64], other: &[u64]) -> usize {
    let (mut left, mut right, mut count) = (0, 0, 0);
    while left < one.len() && right < other.len() {
        match one[left].cmp(&other[right]) {
            std::cmp::Ordering::Less => left += 1,
            std::cmp::Ordering::Greater => right += 1,
            std::cmp::Ordering::Equal => {
                count += 1;
                left += 1;
                right += 1;
            }
        }
    }
    count
}
