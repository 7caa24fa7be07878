//! What is a message about, by its vector? The topic and the stage, by the heads that come with the program.

use crate::classifier::DenseHeads;
use crate::turn::types::Stage;

/// The least share of a topic: no vector rules one out.
const LEAST: f32 = 1e-3;

/// What a message's vector tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Meant {
    /// Each topic with its evidence, a logarithm.
    topics: Vec<(String, f32)>,
    /// The share of each stage.
    stages: [f32; Stage::ALL.len()],
}

impl Meant {
    /// Reads a vector; nothing if the heads know no vectors of its length, or not both topics and stages.
    pub fn of(vector: &[f32], heads: &DenseHeads) -> Option<Self> {
        let read = heads.read(vector)?;
        let ([topics, by_stage], [topic_head, stage_head]) = (read.as_slice(), heads.heads()) else {
            return None;
        };
        let evidence = topics.iter().map(|share| (share + LEAST).ln());
        let mut stages = [0.0; Stage::ALL.len()];
        for (name, share) in stage_head.classes().iter().zip(by_stage) {
            let at = Stage::ALL.iter().position(|stage| stage.as_str() == name)?;
            stages[at] = *share;
        }
        Some(Self { topics: topic_head.classes().iter().cloned().zip(evidence).collect(), stages })
    }

    /// How much it speaks for a topic, as a logarithm; of one it does not know it says as much as of an unlikely one.
    pub fn topic(&self, name: Option<&str>) -> f32 {
        let known = name.and_then(|name| self.topics.iter().find(|(known, _)| known == name));
        known.map_or(LEAST.ln(), |(_, evidence)| *evidence)
    }

    /// The share of each stage, in the order of [`Stage::ALL`].
    pub fn stages(&self) -> &[f32] {
        &self.stages
    }
}
