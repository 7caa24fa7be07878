//! What does one record state, read once a turn and asked by every draft?
//!
//! Reading is lazy: a draft that holds no value asks for none, and the first sentence is not kept waiting for it.

use std::borrow::Cow;
use std::sync::OnceLock;

use serde_json::Value as Json;

use crate::record::{Record, RecordKind, in_force};
use crate::time::Now;
use crate::turn::types::Fact;

use super::bounds::Bound;
use super::clause::Clause;
use super::features::features;
use super::fold::{fold, is_han, without_space};
use super::gate::Gate;
use super::split::clauses;
use super::stated::Answer;
use super::subject::{marks, name_of};
use super::values::{self, Day, Found, Moment, Value};
use crate::turn::numerals::Amount;

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
const LABELS: [&str; 14] = [
    "单价",
    "售价",
    "价格",
    "下单价",
    "每件",
    "数量",
    "库存",
    "无货",
    "有货",
    "不满",
    "未满",
    "不足",
    "不够",
    "否则",
];
/// Fields that are nested deeper than this are not read.
const DEEPEST: usize = 6;
/// So many items of a list are read.
const LONGEST_LIST: usize = 60;
/// A field that is longer, in characters, is part of the record's text already.
const LONGEST_FIELD: usize = 80;

/// A longer text before a colon is no heading, in characters.
const LONGEST_HEADING: usize = 40;

/// The last second of a day.
const LAST_SECOND: &str = "23:59:59";

/// A record of the turn with what was read from it so far.
#[derive(Debug)]
pub(super) struct KnownRecord<'a> {
    pub(super) fact: &'a Fact,
    folded: OnceLock<String>,
    people: OnceLock<Vec<String>>,
    stated: OnceLock<Stated>,
    heading: OnceLock<Vec<u64>>,
    called: OnceLock<Vec<String>>,
    name: OnceLock<String>,
    capitals: OnceLock<String>,
    gates: OnceLock<Vec<Gate>>,
    answers: OnceLock<Vec<Answer>>,
}

impl<'a> KnownRecord<'a> {
    pub(super) fn new(fact: &'a Fact) -> Self {
        Self {
            fact,
            folded: OnceLock::new(),
            people: OnceLock::new(),
            stated: OnceLock::new(),
            heading: OnceLock::new(),
            called: OnceLock::new(),
            name: OnceLock::new(),
            capitals: OnceLock::new(),
            gates: OnceLock::new(),
            answers: OnceLock::new(),
        }
    }

    /// Its text with compatibility forms folded.
    pub(super) fn folded(&self) -> &str {
        self.folded.get_or_init(|| fold(&self.fact.text))
    }

    /// Whether it announces something that has ended, or has not begun. What a turn found a moment ago, or was told by
    /// somebody else, may be so.
    pub(super) fn is_out_of_date(&self, now: &Now) -> bool {
        let announces = matches!(
            self.fact.kind,
            RecordKind::Promotion | RecordKind::Knowledge | RecordKind::Policy | RecordKind::Notice
        );
        let Some(fields) = self.fact.fields.as_object().filter(|_| announces) else { return false };
        let dated = ["valid_from", "valid_until", "valid_text", "expires_at"];
        dated.iter().any(|field| fields.contains_key(*field))
            && !in_force(&Record { kind: self.fact.kind, id: String::new(), fields: fields.clone() }, now)
    }

    /// Names of people in its fields, if it is private; they must not be said.
    pub(super) fn people(&self) -> &[String] {
        self.people.get_or_init(|| {
            let mut people = Vec::new();
            if self.fact.kind.is_private() {
                each_field(&self.fact.fields, "", 0, &mut |name, field| {
                    if let Json::String(text) = field
                        && is_named(name, &PEOPLE_FIELDS)
                        && text.chars().all(is_han)
                        && (2..=4).contains(&text.chars().count())
                    {
                        people.push(text.clone());
                    }
                });
            }
            people
        })
    }

    /// What stands before the first colon of its text, if that is a heading and no field.
    pub(super) fn heading(&self) -> &[u64] {
        self.heading.get_or_init(|| {
            let heading = self.folded().split_once(['：', ':']).map_or("", |(heading, _)| heading);
            if heading.chars().count() <= LONGEST_HEADING { features(heading, &[]) } else { Vec::new() }
        })
    }

    /// What its product can be known by, if it is one.
    pub(super) fn called(&self) -> &[String] {
        self.called.get_or_init(|| match self.fact.kind {
            RecordKind::Product => marks(&name_of(self)),
            _ => Vec::new(),
        })
    }

    /// Its title and the first line of its text, in capitals, without white space.
    pub(super) fn name(&self) -> &str {
        self.name.get_or_init(|| {
            let first = self.folded().lines().next().unwrap_or_default();
            without_space(&format!("{}{first}", fold(&self.fact.title))).to_uppercase()
        })
    }

    /// Its title and its text in capitals, without white space.
    pub(super) fn capitals(&self) -> &str {
        self.capitals.get_or_init(|| {
            without_space(&format!("{}{}", fold(&self.fact.title), self.folded())).to_uppercase()
        })
    }

    /// The states of an order in which it lets something be done.
    pub(super) fn gates(&self) -> &[Gate] {
        self.gates.get_or_init(|| Gate::all(self))
    }

    /// Its fields that are yes or no.
    pub(super) fn answers(&self) -> &[Answer] {
        self.answers.get_or_init(|| Answer::all(self.folded()))
    }

    /// Its values and clauses.
    pub(super) fn stated(&self, now: &Now) -> &Stated {
        self.stated.get_or_init(|| Stated::read(self.fact, self.folded(), now))
    }

    /// Whether the shop lets statements about what is allowed rest on it.
    pub(super) fn has_authority(&self) -> bool {
        self.fact.policy
            || matches!(
                self.fact.kind,
                RecordKind::Policy
                    | RecordKind::Promotion
                    | RecordKind::Coupon
                    | RecordKind::Order
                    | RecordKind::Shipment
                    | RecordKind::Aftersale
                    | RecordKind::Notice
            )
    }
}

/// What a record states.
#[derive(Debug, Default)]
pub(super) struct Stated {
    /// Its values.
    pub(super) values: Vec<Held>,
    /// Small counts in words, each with the number of its clause.
    pub(super) idle: Vec<(Value, usize)>,
    pub(super) clauses: Vec<Clause>,
    /// Days and times that stand together.
    pub(super) moments: Vec<(Day, Moment)>,
    /// Times without a day.
    pub(super) lone_moments: Vec<Moment>,
    /// Text, title and short fields, folded, without white space, one a line.
    pub(super) text: String,
    /// The same in capitals.
    pub(super) capitals: String,
    /// The text alone, folded, without white space.
    pub(super) own_text: String,
}

/// A value of a record.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) value: Value,
    /// The number of its clause; values of typed fields have none.
    pub(super) clause: Option<usize>,
    /// Whether it may be said as money.
    pub(super) sayable_money: bool,
    /// Whether it is a limit, and of which side.
    pub(super) bound: Option<Bound>,
}

impl Stated {
    fn read(fact: &Fact, folded: &str, now: &Now) -> Self {
        let mut stated = Self { own_text: without_space(folded), ..Self::default() };
        let money = money_in_text(fact);
        let titled = fold(&fact.title);
        for part in clauses(folded) {
            stated.add_clause(part, money, now);
        }
        stated.add_clause(&titled, false, now);
        stated.text.push_str(&stated.own_text);
        stated.text.push('\n');
        stated.text.push_str(&without_space(&titled));
        stated.text.push('\n');
        if let Some((_, id)) = fact.id.split_once(':') {
            let id = fold(id).to_uppercase();
            if id.contains(|character: char| character.is_ascii_digit()) {
                stated.hold(Value::Id(id), false);
            }
        }
        each_field(&fact.fields, "", 0, &mut |name, field| stated.add_field(name, field, now));
        stated.capitals = stated.text.to_uppercase();
        stated
    }

    fn add_clause(&mut self, part: &str, money: bool, now: &Now) {
        let chars: Vec<char> = part.chars().collect();
        let (idle, found): (Vec<Found>, Vec<Found>) =
            values::extract_all(&chars, now).into_iter().partition(|found| found.idle);
        let clause = self.clauses.len();
        self.idle.extend(idle.into_iter().map(|found| (found.value, clause)));
        let mut features = features(part, &found);
        if LABELS.iter().any(|label| part.starts_with(label))
            && let Some(before) = self.clauses.last()
        {
            // 围嘴×1，单价25.00元: the price is that of the thing before it.
            features.extend(&before.features);
            features.sort_unstable();
            features.dedup();
        }
        let text = without_space(&with_stock(part, &found));
        self.clauses.push(Clause::new(text, features));
        self.add_moments(&found);
        let about_money = MONEY_WORDS.iter().any(|word| part.contains(word));
        for Found { value, start, end, .. } in found {
            let bound = Bound::of(&chars, start, end);
            let held = |value| Held { value, clause: Some(clause), sayable_money: money, bound };
            if let Value::Plain(amount) = value
                && about_money
            {
                self.values.push(held(Value::Money(amount)));
            }
            self.values.push(held(value));
        }
    }

    /// A value of a typed field.
    fn hold(&mut self, value: Value, sayable_money: bool) {
        self.values.push(Held { value, clause: None, sayable_money, bound: None });
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

    /// A typed field: numbers count as they are, amounts of money by the name of their field.
    fn add_field(&mut self, name: &str, field: &Json, now: &Now) {
        match field {
            Json::Number(number) => {
                if let Some(amount) = Amount::parse(&number.to_string()) {
                    self.add_amount(amount, name);
                }
            }
            Json::String(text) if !is_named(name, &PEOPLE_FIELDS) => self.add_field_text(text, name, now),
            _ => {}
        }
    }

    fn add_amount(&mut self, amount: Amount, name: &str) {
        self.hold(Value::Plain(amount), false);
        if is_named(name, &MONEY_FIELDS) {
            self.hold(Value::Money(amount), true);
        }
    }

    fn add_field_text(&mut self, text: &str, name: &str, now: &Now) {
        if is_named(name, &MONEY_FIELDS)
            && let Some(amount) = Amount::parse(text)
        {
            self.add_amount(amount, name);
            return;
        }
        if text.chars().count() > LONGEST_FIELD {
            return;
        }
        let mut folded = fold(text);
        if let Some(day) = folded.strip_suffix(LAST_SECOND) {
            // Systems write the end of a day so; people say 24:00.
            folded = format!("{folded}，{day}24:00");
        }
        let chars: Vec<char> = folded.chars().collect();
        let found = values::extract(&chars, now);
        self.add_moments(&found);
        found.into_iter().for_each(|Found { value, .. }| self.hold(value, false));
        self.text.push_str(&without_space(&folded));
        self.text.push('\n');
    }
}

/// A clause that counts what is in stock says that there is some.
fn with_stock<'a>(part: &'a str, found: &[Found]) -> Cow<'a, str> {
    let counted =
        part.starts_with("库存") && found.iter().any(|found| found.value.amount() > Some(Amount(0)));
    if counted { Cow::Owned(format!("{part}(有货)")) } else { Cow::Borrowed(part) }
}

/// Visits every number and text of a record's fields with the name of its field.
fn each_field(field: &Json, name: &str, depth: usize, visit: &mut impl FnMut(&str, &Json)) {
    if depth > DEEPEST {
        return;
    }
    match field {
        Json::Object(map) => map.iter().for_each(|(key, value)| each_field(value, key, depth + 1, visit)),
        Json::Array(list) => {
            list.iter().take(LONGEST_LIST).for_each(|value| each_field(value, name, depth + 1, visit));
        }
        Json::Number(_) | Json::String(_) => visit(name, field),
        Json::Null | Json::Bool(_) => {}
    }
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

/// Whether a field has one of these names, alone or as the last part of a longer one.
fn is_named(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| {
        name == *known
            || name.strip_suffix(known).is_some_and(|before| before.ends_with('_'))
            || name.strip_prefix(known).is_some_and(|after| after.starts_with('_'))
    })
}
