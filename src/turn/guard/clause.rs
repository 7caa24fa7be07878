//! What does one clause of a record say?
//!
//! What a check asks for is read when it first asks, and at most once a turn: most clauses are never compared with anything
//! but their features.

use std::sync::OnceLock;

use super::features::features;
use super::gate::{Side, side, without_sides};
use super::negation::{statement, without_denial};
use super::polarity::payer;

/// A clause of a record.
#[derive(Debug)]
pub(super) struct Clause {
    /// Folded, without white space.
    pub(super) text: String,
    /// Its character pairs and ids.
    pub(super) features: Vec<u64>,
    bare: OnceLock<String>,
    about: OnceLock<Vec<u64>>,
    side: OnceLock<Option<Side>>,
    payer: OnceLock<Option<bool>>,
}

impl Clause {
    pub(super) fn new(text: String, features: Vec<u64>) -> Self {
        Self {
            text,
            features,
            bare: OnceLock::new(),
            about: OnceLock::new(),
            side: OnceLock::new(),
            payer: OnceLock::new(),
        }
    }

    /// Whether it states `bare` when what denies or allows it is left out, as [`without_denial`] does.
    pub(super) fn states(&self, bare: &str) -> bool {
        // What is left of a text stands in it.
        let may = self.text.len() >= bare.len()
            && bare.chars().next().is_none_or(|first| self.text.contains(first))
            && bare.chars().next_back().is_none_or(|last| self.text.contains(last));
        may && self.bare.get_or_init(|| without_denial(statement(&self.text))) == bare
    }

    /// What it speaks of, without yes and no. Of these features its own list has all but one at most, the 有货 that follows
    /// from a count.
    pub(super) fn about(&self) -> &[u64] {
        self.about.get_or_init(|| features(&without_sides(&self.text), &[]))
    }

    /// Whether it says yes or no.
    pub(super) fn side(&self) -> Option<Side> {
        *self.side.get_or_init(|| side(&self.text))
    }

    /// Who bears a cost by it: the shop or the customer.
    pub(super) fn payer(&self) -> Option<bool> {
        *self.payer.get_or_init(|| payer(&self.text))
    }
}
