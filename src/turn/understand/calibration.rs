//! How often is a reading with this score right? Learned from the pack's own examples, each read as if it were new.
//!
//! Two things tell a good reading from a lucky one: its score, and its lead over the next intent. A logistic curve over
//! both is fitted to the left-out examples; a prior keeps small packs from drawing strong conclusions from few of them.
//! Real customers are less tidy than examples, so the curve is held below certainty.

/// One example that was left out and read.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// The score of the best intent.
    pub score: f32,
    /// Its lead over the second.
    pub margin: f32,
    /// Whether it was the right one.
    pub right: bool,
}

/// The curve from score and lead to confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    score: f32,
    margin: f32,
    base: f32,
}

/// No reading by examples alone is surer than this.
const CEILING: f32 = 0.95;
/// How many imagined samples the prior is worth.
const PRIOR_WEIGHT: f32 = 12.0;
const ROUNDS: usize = 400;

impl Default for Calibration {
    fn default() -> Self {
        Self { score: 7.0, margin: 6.0, base: -3.0 }
    }
}

impl Calibration {
    /// Fits the curve.
    pub fn learn(samples: &[Sample]) -> Self {
        let prior = Self::default();
        let mut curve = prior;
        if samples.is_empty() {
            return curve;
        }
        let count = samples.len() as f32;
        let pull = PRIOR_WEIGHT / (PRIOR_WEIGHT + count) * 0.05;
        for _ in 0..ROUNDS {
            let (mut by_score, mut by_margin, mut by_base) = (0.0, 0.0, 0.0);
            for sample in samples {
                let error = curve.raw(sample.score, sample.margin) - if sample.right { 1.0 } else { 0.0 };
                by_score += error * sample.score;
                by_margin += error * sample.margin;
                by_base += error;
            }
            curve.score -= 4.0 * (by_score / count + pull * (curve.score - prior.score));
            curve.margin -= 8.0 * (by_margin / count + pull * (curve.margin - prior.margin));
            curve.base -= 2.0 * (by_base / count + pull * (curve.base - prior.base));
        }
        // More score and more lead never mean less confidence.
        curve.score = curve.score.clamp(0.5, 30.0);
        curve.margin = curve.margin.clamp(0.0, 40.0);
        curve.base = curve.base.clamp(-12.0, 2.0);
        curve
    }

    fn raw(&self, score: f32, margin: f32) -> f32 {
        1.0 / (1.0 + (-(self.score * score + self.margin * margin + self.base)).exp())
    }

    /// How sure a reading is, from 0 to 1.
    pub fn confidence(&self, score: f32, margin: f32) -> f32 {
        self.raw(score, margin).min(CEILING)
    }
}
