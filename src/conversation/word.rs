//! What is said while no message is answered: approved wording that goes through the guard, not twice where there is another.

use serde_json::Value;

use crate::pack::types::Pack;
use crate::pack::wording::{RenderedWording, WordingRequest};
use crate::time::Now;
use crate::turn::generate::speak::backed_by_the_desk;
use crate::turn::guard::{self, GoalOrder, Grounds, GuardContext, Vetted};
use crate::turn::trace::{SentenceTrace, Trace};
use crate::turn::types::{Author, By, Draft, Emotion, Fact, Facts, Goal, PastMessage, Refusal, Stage, Tier};

/// How many earlier messages are looked at, so that nothing is said twice and the ticket tells what happened.
pub(super) const HISTORY: u32 = 20;

/// What is said, with what was refused before it.
pub(super) struct Word {
    pub vetted: Vetted,
    pub refused: Vec<Refusal>,
}

/// One kind of word: where its wording stands, and what it is for.
pub(super) struct Kind {
    /// Places in the order in which they are tried.
    pub places: Vec<String>,
    pub goal: Goal,
}

/// What a word is made from.
pub(super) struct Speech<'a> {
    pub pack: &'a Pack,
    /// The latest messages of the conversation.
    pub history: &'a [PastMessage],
    pub now: &'a Now,
    /// Decides which of the variants that say as much is taken.
    pub seed: u64,
    /// What slots and conditions read.
    pub variables: Value,
    /// What the word may rest on.
    pub facts: Vec<Fact>,
    /// The records by which a finished action may be told.
    pub done: Vec<String>,
}

impl Speech<'_> {
    /// The first wording of a kind that the guard lets out: one that was not said lately, or else any.
    pub fn say(&self, kind: &Kind, refused: &mut Vec<Refusal>) -> Option<Word> {
        let facts = Facts { found: self.facts.clone(), ..Facts::default() };
        for again in [false, true] {
            let mut tried = Vec::new();
            while let Some(rendered) = self.pick(kind, &tried) {
                tried.push(rendered.id.clone());
                if !again && self.was_heard(&rendered.text) {
                    continue;
                }
                match self.vet(rendered, kind.goal, &facts) {
                    Ok(vetted) => return Some(Word { vetted, refused: refused.clone() }),
                    Err(refusal) => refused.push(refusal),
                }
            }
        }
        None
    }

    fn pick(&self, kind: &Kind, tried: &[String]) -> Option<RenderedWording> {
        kind.places.iter().find_map(|place| {
            self.pack.wording.pick_own(&WordingRequest {
                place,
                goal: kind.goal,
                tier: Tier::Standard,
                variables: &self.variables,
                said: tried,
                now: self.now,
                seed: self.seed,
            })
        })
    }

    fn was_heard(&self, text: &str) -> bool {
        let mut ours = self.history.iter().filter(|message| message.author == Author::Assistant);
        ours.any(|message| message.text.contains(text))
    }

    fn vet(&self, rendered: RenderedWording, goal: Goal, facts: &Facts) -> Result<Vetted, Refusal> {
        let draft = Draft {
            text: rendered.text,
            goal,
            by: By::Wording,
            evidence: facts.found.iter().map(|fact| fact.id.clone()).collect(),
            wording: Some(rendered.id),
            slots: rendered.slots,
        };
        let grounds = Grounds::new(self.pack, "", facts, self.now);
        let backed = backed_by_the_desk(&draft);
        let context = GuardContext {
            grounds: &grounds,
            emotion: &Emotion::default(),
            stage: Stage::AfterSale,
            tier: Tier::Standard,
            backed: &backed,
            done: &self.done,
            order: GoalOrder::default(),
        };
        guard::vet(&draft, &context)
    }
}

impl Word {
    /// The sentence as it is stored, with why it was said.
    pub fn told(self, why: String) -> (SentenceTrace, Trace) {
        let sentence = SentenceTrace {
            text: self.vetted.text().to_owned(),
            goal: self.vetted.goal(),
            by: self.vetted.by(),
            evidence: self.vetted.evidence().to_vec(),
        };
        let trace = Trace {
            sentences: vec![sentence.clone()],
            refused: self.refused,
            notes: vec![why],
            ..Trace::default()
        };
        (sentence, trace)
    }
}

#[cfg(test)]
mod tests;
