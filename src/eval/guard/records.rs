//! Which true sentences does a shop's data hold, and what stands beside each when it is said?

use std::collections::BTreeSet;

use super::mutate::Dice;
use crate::record::{Record, RecordKind, evidence_title, shipment_records};
use crate::time::Now;
use crate::turn::types::{Fact, Facts};

/// So many records of the shop stand beside the one that is quoted: half of its own kind, where a neighbour's value is
/// most easily mistaken for its own.
const BESIDE: usize = 6;
/// A shorter piece of a record says nothing by itself, in characters.
const SHORTEST: usize = 5;
/// A name of a product is looked for if its Chinese part is at least so long.
const SHORTEST_NAME: usize = 3;

/// What one record says, and what is known beside it.
#[derive(Debug, Clone)]
pub struct Told {
    /// The record.
    pub id: String,
    /// A question that it answers.
    pub question: String,
    /// The record, what belongs to it, and others of the shop.
    pub facts: Facts,
    /// Its own sentences.
    pub sentences: Vec<String>,
}

/// What each record says at a moment. Customers say nothing, and neither does what is not in force.
pub fn told(records: &[Record], now: &Now, seed: u64) -> Vec<Told> {
    let public: Vec<Fact> = records
        .iter()
        .filter(|record| !record.kind.is_private())
        .filter_map(|record| fact(record, now))
        .collect();
    records
        .iter()
        .enumerate()
        .filter_map(|(index, record)| {
            let own = fact(record, now)?;
            let mut sentences = statements(record, &own);
            let mut found = vec![own];
            for parcel in shipment_records(record, now) {
                let parcel_fact = fact(&parcel, now)?;
                sentences.extend(statements(&parcel, &parcel_fact));
                found.push(parcel_fact);
            }
            let order = (record.kind == RecordKind::Aftersale).then(|| record.text("order")).flatten();
            let order = records
                .iter()
                .find(|other| other.kind == RecordKind::Order && Some(other.id.as_str()) == order);
            found.extend(order.and_then(|order| fact(order, now)));
            found.extend(beside(&found[0], &public, &mut Dice::new(seed.wrapping_add(index as u64))));
            let question = record
                .texts("questions")
                .first()
                .map_or_else(|| evidence_title(record), |first| (*first).to_owned());
            let facts = Facts { found, relevant: true, ..Facts::default() };
            Some(Told { id: record.fact_id(), question, facts, sentences })
        })
        .collect()
}

/// Other public records: half of the same kind, as far as there are so many.
fn beside(own: &Fact, public: &[Fact], dice: &mut Dice) -> Vec<Fact> {
    let others = public.iter().filter(|other| other.id != own.id);
    let (alike, unlike): (Vec<&Fact>, Vec<&Fact>) = others.partition(|other| other.kind == own.kind);
    let (alike, unlike) = (dice.shuffled(alike), dice.shuffled(unlike));
    let first = alike.into_iter().take(BESIDE / 2);
    let mut chosen: Vec<Fact> = first.cloned().collect();
    let rest = BESIDE - chosen.len();
    chosen.extend(unlike.into_iter().take(rest).cloned());
    chosen
}

/// A record as a turn has it; `None` if it is no evidence now.
fn fact(record: &Record, now: &Now) -> Option<Fact> {
    Some(Fact::of(record, now)).filter(|fact| !fact.text.is_empty())
}

/// What a record's text states, sentence by sentence. A line of a product is said with the product's name, because
/// nobody says 价格：258.00元 of nothing.
fn statements(record: &Record, fact: &Fact) -> Vec<String> {
    let name = record.short_title().filter(|_| record.kind == RecordKind::Product);
    fact.text
        .split(['；', '。', '\n', ';'])
        .map(str::trim)
        .filter(|part| part.chars().count() >= SHORTEST)
        .map(|part| match &name {
            Some(name) if part.contains('：') && !part.contains(name.as_str()) => {
                format!("{name}的{part}。")
            }
            _ => format!("{part}。"),
        })
        .collect()
}

/// What products are called: their short titles, and the Chinese part of each if it is most of it.
pub fn product_names(records: &[Record]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for record in records.iter().filter(|record| record.kind == RecordKind::Product) {
        let Some(title) = record.short_title() else { continue };
        let part = title
            .split(|character: char| !('\u{4e00}'..='\u{9fff}').contains(&character))
            .max_by_key(|part| part.chars().count())
            .unwrap_or_default();
        // A piece of a long title is no name that anybody says, and neither is 升热水器, cut from behind its number.
        let (length, whole) = (part.chars().count(), title.chars().count());
        let before = title.split(part).next().and_then(|before| before.chars().next_back());
        let cut = before.is_some_and(|before| before.is_ascii_digit());
        if length >= SHORTEST_NAME && 2 * length >= whole && !cut {
            names.insert(part.to_owned());
        }
        names.insert(title);
    }
    names
}
