//! What is known in this turn, prepared so that a drafted sentence can be checked against it?
//!
//! [`Grounds`] is made once a turn and reads each record once; [`Evidence`] is the part of it that is in force for
//! one draft.

use std::cell::OnceCell;
use std::sync::OnceLock;

use crate::pack::types::Pack;
use crate::record::RecordKind;
use crate::time::Now;
use crate::turn::types::{By, Draft, Facts};

use super::GuardContext;
use super::bounds::Bound;
use super::clause::Clause;
use super::features::{features, shared};
use super::fold::{fold, without_space};
use super::foreign;
use super::records::KnownRecord;
use super::subject::{self, Named};
use super::values::{self, Day, Moment, Value};

/// What every draft of a turn is checked against: the rules, the question and the records, each read at most once.
#[derive(Debug)]
pub struct Grounds<'a> {
    pub(super) pack: &'a Pack,
    pub(super) now: &'a Now,
    /// The resolved question as it was asked.
    pub(super) asked: &'a str,
    records: Vec<KnownRecord<'a>>,
    question: OnceLock<Question>,
    names: OnceLock<Vec<String>>,
    prompts: OnceLock<Vec<String>>,
}

/// The question, read.
#[derive(Debug)]
struct Question {
    /// Folded, without white space.
    text: String,
    values: Vec<Value>,
    /// What it speaks of.
    features: Vec<u64>,
}

impl<'a> Grounds<'a> {
    /// Grounds for the drafts of one turn: the pack in force, the resolved question, the facts and the moment.
    pub fn new(pack: &'a Pack, question: &'a str, facts: &'a Facts, now: &'a Now) -> Self {
        Self {
            pack,
            now,
            asked: question,
            records: facts.found.iter().map(KnownRecord::new).collect(),
            question: OnceLock::new(),
            names: OnceLock::new(),
            prompts: OnceLock::new(),
        }
    }

    fn question(&self) -> &Question {
        self.question.get_or_init(|| {
            let folded = fold(self.asked);
            let text = without_space(&folded);
            Question { values: values_of(&folded, self.now), features: features(&text, &[]), text }
        })
    }

    /// What the policy said to have this wording says, as it was written; nothing if it was not judged in this turn.
    pub(super) fn approved_by_policy(&self, wording: &str) -> Vec<&'a str> {
        let of_policy = |record: &&KnownRecord<'a>| {
            record.fact.kind == RecordKind::Policy
                && wording.strip_prefix(record.fact.id.as_str()).is_some_and(|rest| rest.starts_with('.'))
        };
        let texts = self
            .records
            .iter()
            .find(of_policy)
            .and_then(|record| record.fact.fields.get("verdict")?.get("approved")?.as_array());
        texts.into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
    }

    /// What the model is told by the pack, folded, without white space.
    fn prompts(&self) -> &[String] {
        self.prompts.get_or_init(|| {
            self.pack.templates.values().map(|template| without_space(&fold(template))).collect()
        })
    }

    /// Carriers and ways to pay of the pack, in capitals.
    fn names(&self) -> &[String] {
        let lexicon = &self.pack.guard;
        self.names.get_or_init(|| {
            lexicon.carriers.iter().chain(&lexicon.payments).map(|name| name.to_uppercase()).collect()
        })
    }
}

fn values_of(folded: &str, now: &Now) -> Vec<Value> {
    let chars: Vec<char> = folded.chars().collect();
    values::extract(&chars, now).into_iter().map(|found| found.value).collect()
}

/// A value that stands in a record.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub(super) value: &'a Value,
    /// The clause it stands in; values of typed fields have none.
    pub(super) clause: Option<usize>,
    /// Whether it may be said as money.
    pub(super) sayable_money: bool,
    /// Whether it is a limit, and of which side.
    pub(super) bound: Option<Bound>,
    /// The number of its record among those in force.
    pub(super) record: usize,
}

/// The evidence in force for one draft. What a check does not ask for is not gathered.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    pub(super) facts: Vec<&'a KnownRecord<'a>>,
    grounds: &'a Grounds<'a>,
    backing: &'a [String],
    gathered: OnceCell<Gathered<'a>>,
    products: OnceCell<Vec<Named<'a>>>,
    asked_products: OnceCell<Vec<usize>>,
    foreign: OnceCell<Vec<usize>>,
    backed: OnceCell<(String, Vec<Value>)>,
}

/// What the records in force state together.
#[derive(Debug, Default)]
struct Gathered<'a> {
    known: Vec<Known<'a>>,
    idle: Vec<(&'a Value, usize)>,
    clauses: Vec<&'a Clause>,
    moments: Vec<(Day, Moment)>,
    lone_moments: Vec<Moment>,
    text: String,
    capitals: String,
    authority: String,
}

impl<'a> Evidence<'a> {
    /// Gathers what a draft may rest on.
    pub(super) fn gather(draft: &Draft, folded: &str, context: &GuardContext<'a>) -> Self {
        Self {
            facts: in_force(draft, folded, context.grounds),
            grounds: context.grounds,
            backing: context.backed,
            gathered: OnceCell::new(),
            products: OnceCell::new(),
            asked_products: OnceCell::new(),
            foreign: OnceCell::new(),
            backed: OnceCell::new(),
        }
    }

    fn gathered(&self) -> &Gathered<'a> {
        self.gathered.get_or_init(|| {
            let mut all = Gathered::default();
            for (index, record) in self.facts.iter().enumerate() {
                all.add(index, record, self.grounds.now);
            }
            all
        })
    }

    /// The products among the records.
    pub(super) fn products(&self) -> &[Named<'a>] {
        self.products.get_or_init(|| Named::all(&self.facts))
    }

    /// The numbers of the products that the question names, if there are several to tell apart.
    pub(super) fn asked_products(&self) -> &[usize] {
        self.asked_products.get_or_init(|| subject::named(self.question(), self))
    }

    /// The numbers of the records that are about something else than the question.
    pub(super) fn foreign(&self) -> &[usize] {
        self.foreign.get_or_init(|| foreign::foreign(self))
    }

    /// The moment of the turn.
    pub(super) fn now(&self) -> &'a Now {
        self.grounds.now
    }

    /// The values that stand in the records.
    pub(super) fn known(&self) -> &[Known<'a>] {
        &self.gathered().known
    }

    /// Small counts in words, each with its clause.
    pub(super) fn idle(&self) -> &[(&'a Value, usize)] {
        &self.gathered().idle
    }

    /// The clauses of the records.
    pub(super) fn clauses(&self) -> &[&'a Clause] {
        &self.gathered().clauses
    }

    /// The clauses of one of the records in force.
    pub(super) fn clauses_of(&self, record: usize) -> &'a [Clause] {
        self.facts.get(record).map_or(&[], |known| &known.stated(self.grounds.now).clauses)
    }

    /// Days and times that stand together in a record.
    pub(super) fn moments(&self) -> &[(Day, Moment)] {
        &self.gathered().moments
    }

    /// Times that stand in a record without a day.
    pub(super) fn lone_moments(&self) -> &[Moment] {
        &self.gathered().lone_moments
    }

    /// All record text, folded, without white space.
    pub(super) fn text(&self) -> &str {
        &self.gathered().text
    }

    /// The same in capitals, for ids and Latin names.
    pub(super) fn capitals(&self) -> &str {
        &self.gathered().capitals
    }

    /// The text of records that carry policy, of orders and parcels.
    pub(super) fn authority(&self) -> &str {
        &self.gathered().authority
    }

    /// Names of people in the fields of private records, which must not be said.
    pub(super) fn people(&self) -> impl Iterator<Item = &str> {
        self.facts.iter().flat_map(|record| record.people()).map(String::as_str)
    }

    /// Values that are backed without being facts.
    pub(super) fn backed(&self) -> &[Value] {
        &self.read_backing().1
    }

    /// Their text.
    pub(super) fn backed_text(&self) -> &str {
        &self.read_backing().0
    }

    fn read_backing(&self) -> &(String, Vec<Value>) {
        self.backed.get_or_init(|| {
            let folded = self.backing.iter().map(|text| fold(text)).collect::<Vec<_>>().join("\n");
            (without_space(&folded), values_of(&folded, self.grounds.now))
        })
    }

    /// Values of the customer's question.
    pub(super) fn asked(&self) -> &'a [Value] {
        &self.grounds.question().values
    }

    /// The question, folded, without white space.
    pub(super) fn question(&self) -> &'a str {
        &self.grounds.question().text
    }

    /// What the question speaks of.
    pub(super) fn question_features(&self) -> &'a [u64] {
        &self.grounds.question().features
    }

    /// What the model is told by the pack, folded, without white space.
    pub(super) fn prompts(&self) -> &'a [String] {
        self.grounds.prompts()
    }

    /// Carriers and ways to pay of the pack, in capitals.
    pub(super) fn names(&self) -> &'a [String] {
        self.grounds.names()
    }

    /// The clause that speaks most of what `wanted` speaks of, with how many features they share.
    pub(super) fn best_clauses(&self, wanted: &[u64]) -> (usize, Vec<&'a Clause>) {
        let mut best = (0, Vec::new());
        for clause in self.clauses() {
            let score = shared(wanted, &clause.features);
            if score > best.0 {
                best = (score, vec![*clause]);
            } else if score == best.0 && score > 0 {
                best.1.push(clause);
            }
        }
        best
    }
}

impl<'a> Gathered<'a> {
    fn add(&mut self, index: usize, record: &'a KnownRecord<'a>, now: &Now) {
        let stated = record.stated(now);
        let first = self.clauses.len();
        self.known.extend(stated.values.iter().map(|held| Known {
            value: &held.value,
            clause: held.clause.map(|clause| first + clause),
            sayable_money: held.sayable_money,
            bound: held.bound,
            record: index,
        }));
        self.idle.extend(stated.idle.iter().map(|(value, clause)| (value, first + clause)));
        self.clauses.extend(&stated.clauses);
        self.moments.extend(&stated.moments);
        self.lone_moments.extend(&stated.lone_moments);
        self.text.push_str(&stated.text);
        self.capitals.push_str(&stated.capitals);
        if record.has_authority() {
            self.authority.push_str(&stated.own_text);
            self.authority.push('\n');
        }
    }
}

/// The facts a draft names, or all of them, as far as they are in force now, and what was judged; of private records only those of the order that the text names.
fn in_force<'a>(draft: &Draft, folded: &str, grounds: &'a Grounds<'a>) -> Vec<&'a KnownRecord<'a>> {
    let current = || grounds.records.iter().filter(|record| !record.is_out_of_date(grounds.now));
    // What a policy came to for this customer holds for every draft, whatever it names.
    let is_judged = |record: &KnownRecord<'_>| record.fact.fields.get("verdict").is_some();
    let is_named = |record: &KnownRecord<'_>| draft.evidence.contains(&record.fact.id);
    let is_wanted =
        |record: &&KnownRecord<'_>| is_named(record) || draft.by == By::Model && is_judged(record);
    let mut facts: Vec<&KnownRecord<'_>> = current().filter(is_wanted).collect();
    if !facts.iter().any(|record| is_named(record)) {
        facts = current().collect();
    }
    let named = named_orders(folded, grounds.now);
    let speaks_of = |record: &&KnownRecord<'_>| {
        named.iter().any(|id| record.folded().contains(id.as_str()) || record.fact.id.ends_with(id.as_str()))
    };
    let private = |record: &&KnownRecord<'_>| {
        matches!(record.fact.kind, RecordKind::Order | RecordKind::Shipment | RecordKind::Aftersale)
    };
    if facts.iter().any(|record| private(record) && speaks_of(record)) {
        facts.retain(|record| !private(record) || speaks_of(record));
    }
    facts
}

/// The order numbers a text names as such.
fn named_orders(folded: &str, now: &Now) -> Vec<String> {
    if !folded.contains("订单") {
        return Vec::new();
    }
    let chars: Vec<char> = folded.chars().collect();
    values::extract(&chars, now)
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
