//! Do a scenario's own examples lead to it? Reads each as a customer's first message, by the pack itself.
//!
//! This is asked by `warmdesk check` and before a pack is published, not at every start: it takes as long as reading
//! every example.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::problem::{At, Problems};
use super::scenarios::Located;
use crate::pack::types::{Intent, Pack};
use crate::time::Now;
use crate::turn::types::TurnInput;
use crate::turn::{Rules, understand};

/// The examples of one scenario and where it stands.
pub(super) struct OwnExamples {
    scenario: String,
    intents: Vec<String>,
    file: String,
    line: u64,
    texts: Vec<String>,
}

impl OwnExamples {
    /// What is asked about each scenario that has examples. A copy under a further intent belongs to its original.
    pub fn of(scenarios: &[Located]) -> Vec<Self> {
        let originals = scenarios.iter().filter(|located| !located.copy && !located.examples.is_empty());
        originals
            .map(|located| Self {
                scenario: located.scenario.id.clone(),
                intents: scenarios
                    .iter()
                    .filter(|other| other.scenario.id == located.scenario.id)
                    .map(|other| other.scenario.intent.clone())
                    .collect(),
                file: located.file.clone(),
                line: located.line,
                texts: located.examples.clone(),
            })
            .collect()
    }

    /// Its examples that are not among those of the other half.
    fn left_out<'a>(&'a self, intents: &'a [Intent], half: usize) -> impl Iterator<Item = &'a String> {
        self.texts.iter().filter(move |text| {
            let own = intents.iter().find(|intent| self.intents.first() == Some(&intent.name));
            let place = own.and_then(|intent| intent.examples.iter().position(|known| known == *text));
            place.is_some_and(|place| place % 2 == half)
        })
    }
}

/// Reports every scenario whose examples are all read as something else. An example is read by a pack that does not
/// have it: with it, it would only be recognised again, and customers say it in other words.
pub(super) fn check(mut pack: Pack, examples: &[OwnExamples], problems: &mut Problems) {
    let intents = std::mem::take(&mut pack.intents);
    let mut stray: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for half in [0, 1] {
        pack.intents = intents.iter().map(|intent| without_half(intent, half)).collect();
        let Rules { pack: rules, reader } = Rules::new(Arc::new(pack));
        for own in examples {
            for text in own.left_out(&intents, half) {
                let reading = understand::read(&first_message(text), &rules, &reader);
                let found = reading.intents.first();
                let other = found.filter(|found| !own.intents.contains(&found.intent));
                let said = other.map(|other| format!("`{text}` is read as `{}`", other.intent));
                stray.entry(&own.scenario).or_default().extend(said);
            }
        }
        let Some(whole) = Arc::into_inner(rules) else { return };
        pack = whole;
    }
    for own in examples {
        let stray = stray.remove(own.scenario.as_str()).unwrap_or_default();
        if let Some(first) = stray.first()
            && stray.len() == own.texts.len()
        {
            let message = format!("no example of the scenario `{}` leads to it: {first}", own.scenario);
            problems.error(At { file: &own.file, line: own.line }, message);
        }
    }
}

/// An intent without every other example.
fn without_half(intent: &Intent, half: usize) -> Intent {
    let kept = intent.examples.iter().enumerate().filter(|(index, _)| index % 2 != half);
    Intent {
        name: intent.name.clone(),
        examples: kept.map(|(_, example)| example.clone()).collect(),
        patterns: intent.patterns.clone(),
        in_context: intent.in_context.clone(),
    }
}

fn first_message(text: &str) -> TurnInput {
    TurnInput::first(text, Now::new(Timestamp::UNIX_EPOCH, TimeZone::UTC))
}
