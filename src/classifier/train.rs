//! How does a model learn? Multinomial logistic regression, one example after the other in a seeded order, with
//! steps that shrink for numbers that were seen often (Adagrad, one rate a row).

use super::ClassifierError;
use super::arithmetic::{logarithm, softmax};
use super::features::{FeatureOptions, Features};
use super::linear::{LinearModel, Rows, Weights};

/// Added to the sum of squares a step is divided by, so that the very first steps are not all of the same size.
const SMOOTHING: f32 = 1e-3;

/// One text whose class is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The text.
    pub features: Features,
    /// Its class: a place in the list of classes.
    pub class: usize,
    /// How much it counts; 1 as a rule.
    pub weight: f32,
}

impl Example {
    /// An example that counts once.
    pub fn new(features: Features, class: usize) -> Self {
        Self { features, class, weight: 1.0 }
    }
}

/// How a model learns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainOptions {
    /// How often all examples are gone through.
    pub epochs: u16,
    /// The size of the first steps.
    pub rate: f32,
    /// How strongly weights are held near zero: half of it times the sum of their squares is added to the sum of the
    /// examples' losses (scikit-learn's 1 / C).
    pub hold: f32,
    /// Whether features count the more the rarer they are among the examples (inverse document frequency).
    pub rarity: bool,
    /// How far rare classes are weighed up: 0 not at all, 1 until all classes count the same.
    pub balance: f32,
    /// Features in fewer examples than this are left out.
    pub at_least: u32,
    /// What the order of the examples is drawn from.
    pub seed: u64,
    /// Whether each example has a place of its own in that order, drawn from what it says: then one more changes nothing
    /// about the order of the others, and hardly anything of what is learned. For examples that people add to day by day.
    pub steady: bool,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            epochs: 12,
            rate: 0.5,
            hold: 0.1,
            rarity: true,
            balance: 0.0,
            at_least: 1,
            seed: 1,
            steady: false,
        }
    }
}

/// Trains a model. The same examples in the same order with the same options give the same model, bit for bit.
pub fn train(
    classes: Vec<String>,
    features: FeatureOptions,
    examples: &[Example],
    options: &TrainOptions,
) -> Result<LinearModel, ClassifierError> {
    check(classes.len(), &features, examples, options)?;
    let (rows, seen) = count(&features, examples, options.at_least);
    let mut training = Training {
        classes: classes.len(),
        weights: vec![0.0; rows.len() * classes.len()],
        squares: vec![SMOOTHING; rows.len()],
        base: vec![0.0; classes.len()],
        base_squares: SMOOTHING,
        rarity: rarities(&seen, examples.len(), options.rarity),
        pull: seen.iter().map(|seen| options.hold / *seen as f32).collect(),
        rate: options.rate,
        rows,
    };
    let class_weights = class_weights(classes.len(), examples, options.balance);
    let mut order = Order::new(examples, options);
    for _ in 0..options.epochs {
        for number in order.next() {
            let example = &examples[number];
            training.learn(example, class_weights[example.class]);
        }
    }
    Ok(training.finish(classes, features))
}

fn check(
    classes: usize,
    features: &FeatureOptions,
    examples: &[Example],
    options: &TrainOptions,
) -> Result<(), ClassifierError> {
    features.check()?;
    if !(2..=1000).contains(&classes) {
        return Err(ClassifierError::Classes(classes));
    }
    if examples.is_empty() {
        return Err(ClassifierError::NoExamples);
    }
    let positive = |value: f32| value.is_finite() && value >= 0.0;
    if !positive(options.hold) || !positive(options.balance) || !positive(options.rate) || options.rate == 0.0
    {
        return Err(ClassifierError::Training("rate must be above 0, hold and balance at least 0"));
    }
    for (number, example) in examples.iter().enumerate() {
        let problem = match example {
            Example { class, .. } if *class >= classes => "its class is not in the list",
            Example { weight, .. } if !positive(*weight) => "its weight is not a number from 0 on",
            Example { features: own, .. }
                if own.entries().last().is_some_and(|(number, _)| *number as usize >= features.numbers()) =>
            {
                "its features were made with other options"
            }
            _ => continue,
        };
        return Err(ClassifierError::Example { number, problem });
    }
    Ok(())
}

/// Which numbers get a row, and in how many examples each row's number stands.
fn count(features: &FeatureOptions, examples: &[Example], at_least: u32) -> (Rows, Vec<u32>) {
    let mut seen = vec![0_u32; features.numbers()];
    for example in examples {
        for (number, _) in example.features.entries() {
            seen[*number as usize] += 1;
        }
    }
    let at_least = at_least.max(1);
    let mut present = vec![0_u64; seen.len().div_ceil(64)];
    for (number, _) in seen.iter().enumerate().filter(|(_, seen)| **seen >= at_least) {
        present[number / 64] |= 1 << (number % 64);
    }
    seen.retain(|seen| *seen >= at_least);
    (Rows::new(present), seen)
}

fn rarities(seen: &[u32], examples: usize, wanted: bool) -> Vec<f32> {
    let all = 1.0 + examples as f64;
    let rarity = |seen: &u32| (logarithm(all / (1.0 + f64::from(*seen))) + 1.0) as f32;
    seen.iter().map(|seen| if wanted { rarity(seen) } else { 1.0 }).collect()
}

fn class_weights(classes: usize, examples: &[Example], balance: f32) -> Vec<f32> {
    let mut sums = vec![0.0_f64; classes];
    for example in examples {
        sums[example.class] += f64::from(example.weight);
    }
    let all: f64 = sums.iter().sum();
    let weight = |sum: &f64| {
        if *sum <= 0.0 || balance == 0.0 {
            return 1.0;
        }
        let ratio = all / (classes as f64 * sum);
        super::arithmetic::exponential(logarithm(ratio) * f64::from(balance)) as f32
    };
    sums.iter().map(weight).collect()
}

/// In which order the examples are gone through, one time after the other.
enum Order {
    /// Fisher and Yates, each time from where the last one ended.
    Shuffled { places: Vec<usize>, random: u64 },
    /// By a number that is drawn from what each example says.
    Steady { keys: Vec<u64>, random: u64 },
}

impl Order {
    fn new(examples: &[Example], options: &TrainOptions) -> Self {
        match options.steady {
            true => Self::Steady { keys: examples.iter().map(key).collect(), random: options.seed },
            false => Self::Shuffled { places: (0..examples.len()).collect(), random: options.seed },
        }
    }

    fn next(&mut self) -> Vec<usize> {
        match self {
            Self::Shuffled { places, random } => {
                for last in (1..places.len()).rev() {
                    places.swap(last, (drawn(random) % (last as u64 + 1)) as usize);
                }
                places.clone()
            }
            Self::Steady { keys, random } => {
                let turn = drawn(random);
                let mut places: Vec<usize> = (0..keys.len()).collect();
                places.sort_by_cached_key(|place| mixed(keys[*place] ^ turn));
                places
            }
        }
    }
}

/// A number for what an example says.
fn key(example: &Example) -> u64 {
    let entries = example.features.entries().iter();
    entries.fold(example.class as u64, |key, (number, weight)| {
        mixed(key ^ (u64::from(*number) << 32 | u64::from(weight.to_bits())))
    })
}

/// The next number of SplitMix64.
fn drawn(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed(*state)
}

/// What SplitMix64 makes of a state.
fn mixed(state: u64) -> u64 {
    let mut drawn = state;
    drawn = (drawn ^ drawn >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    drawn = (drawn ^ drawn >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    drawn ^ drawn >> 31
}

/// A model on its way.
struct Training {
    classes: usize,
    rows: Rows,
    weights: Vec<f32>,
    /// For each row the squares of all steps so far.
    squares: Vec<f32>,
    base: Vec<f32>,
    base_squares: f32,
    rarity: Vec<f32>,
    /// What holds each row near zero whenever it is touched. A row is touched as often as its number is seen, so that
    /// over all examples every row is held equally.
    pull: Vec<f32>,
    rate: f32,
}

impl Training {
    fn learn(&mut self, example: &Example, class_weight: f32) {
        let rows: Vec<(usize, f32)> = example
            .features
            .entries()
            .iter()
            .filter_map(|(number, weight)| {
                let row = self.rows.row(*number)?;
                Some((row, weight * self.rarity[row]))
            })
            .collect();
        let mut errors = self.base.clone();
        for (row, weight) in &rows {
            let own = &self.weights[row * self.classes..(row + 1) * self.classes];
            for (score, own) in errors.iter_mut().zip(own) {
                *score += weight * own;
            }
        }
        softmax(&mut errors);
        errors[example.class] -= 1.0;
        let counts = class_weight * example.weight;
        errors.iter_mut().for_each(|error| *error *= counts);
        let size: f32 = errors.iter().map(|error| error * error).sum();
        self.base_squares += size;
        let step = self.rate / self.base_squares.sqrt();
        for (base, error) in self.base.iter_mut().zip(&errors) {
            *base -= step * error;
        }
        for (row, weight) in rows {
            self.squares[row] += size * weight * weight;
            let step = self.rate / self.squares[row].sqrt();
            // More than all of it would turn the weight round.
            let kept = 1.0 - (step * self.pull[row]).min(1.0);
            let step = step * weight;
            let own = &mut self.weights[row * self.classes..(row + 1) * self.classes];
            for (own, error) in own.iter_mut().zip(&errors) {
                *own = *own * kept - step * error;
            }
        }
    }

    /// Rarity goes into the weights, so that nobody has to know it who reads.
    fn finish(mut self, classes: Vec<String>, features: FeatureOptions) -> LinearModel {
        for (row, rarity) in self.weights.chunks_exact_mut(self.classes).zip(&self.rarity) {
            row.iter_mut().for_each(|weight| *weight *= rarity);
        }
        LinearModel {
            classes,
            features,
            rows: self.rows,
            weights: Weights::Exact(self.weights),
            base: self.base,
            temperature: 1.0,
        }
    }
}
