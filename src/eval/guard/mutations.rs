//! How many falsified sentences are caught, by what was changed?

use std::collections::BTreeMap;

use serde::Serialize;

use super::mutate::{Dice, Ground, Kind, mutants};
use super::{Each, Place, Vetting};

/// What became of falsified sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Mutations {
    /// By what was changed.
    #[serde(flatten)]
    pub by_kind: BTreeMap<Kind, Tally>,
}

/// How many were made and caught.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Falsified sentences.
    pub made: usize,
    /// How many of them were refused.
    pub caught: usize,
}

impl Tally {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self { made: self.made + other.made, caught: self.caught + other.caught }
    }

    /// The part that was caught; 1 if there was nothing to catch.
    pub fn share(self) -> f64 {
        if self.made == 0 { 1.0 } else { self.caught as f64 / self.made as f64 }
    }
}

impl Mutations {
    /// Falsifies a true sentence in every way and has each vetted.
    pub(super) fn count(&mut self, text: &str, place: &Place<'_>, by: &Vetting<'_>) -> Vec<Each> {
        let found = place.facts.found.iter();
        // What a record is called may stand in its title alone.
        let records: Vec<String> = found.map(|fact| format!("{}\n{}", fact.title, fact.text)).collect();
        let mut evidence: Vec<&str> = records.iter().map(String::as_str).collect();
        evidence.push(place.question);
        let ground = Ground { evidence: &evidence, carriers: &by.pack.guard.carriers, products: by.products };
        let mut dice = Dice::new(by.mutate.unwrap_or_default() ^ seed_of(place.id, text));
        let mut each = Vec::new();
        for mutant in mutants(text, &ground, &mut dice) {
            let why = format!("{}: {}→{}", mutant.kind.as_str(), mutant.from, mutant.to);
            let one = place.vet(&mutant.text, Some(&why));
            let tally = self.by_kind.entry(mutant.kind).or_default();
            tally.made += 1;
            tally.caught += usize::from(!one.passed);
            each.push(one);
        }
        each
    }
}

/// Each sentence has dice of its own, so that another row more changes nothing in the others.
fn seed_of(id: &str, text: &str) -> u64 {
    id.bytes()
        .chain(text.bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
