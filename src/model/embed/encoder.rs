//! What does the network compute? BERT's encoder over several texts at once, each reading only itself.

use super::file::{E5File, Sizes};
use super::matrix::{Inputs, Matrix, Table};

/// The weights, ready to compute. States of tokens are rows of `width` numbers, one after the other.
pub(super) struct Encoder {
    sizes: Sizes,
    words: Table,
    /// Rows by place in the text, with what belongs to the one kind of text added.
    places: Vec<f32>,
    first: Norm,
    layers: Vec<Layer>,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    mixed: Linear,
    after_attention: Norm,
    widen: Linear,
    narrow: Linear,
    after: Norm,
}

struct Linear {
    weights: Matrix,
    bias: Vec<f32>,
}

struct Norm {
    scale: Vec<f32>,
    shift: Vec<f32>,
    epsilon: f32,
}

impl Encoder {
    pub(super) fn new(file: &E5File<'_>) -> Result<Self, String> {
        let sizes = file.sizes;
        let Sizes { width, inner, .. } = sizes;
        let norm = |name: &str| {
            let [scale, shift] = ["w", "b"].map(|part| file.plain(&format!("{name}.{part}"), width));
            Ok::<_, String>(Norm { scale: scale?, shift: shift?, epsilon: sizes.epsilon })
        };
        let linear = |name: String, [outputs, inputs]: [usize; 2]| {
            let weights = Matrix::unpack(file.quantized(&format!("{name}.w"), [outputs, inputs])?, inputs);
            Ok::<_, String>(Linear { weights, bias: file.plain(&format!("{name}.b"), outputs)? })
        };
        let mut layers = Vec::with_capacity(sizes.layers);
        for layer in 0..sizes.layers {
            layers.push(Layer {
                query: linear(format!("l{layer}.q"), [width, width])?,
                key: linear(format!("l{layer}.k"), [width, width])?,
                value: linear(format!("l{layer}.v"), [width, width])?,
                mixed: linear(format!("l{layer}.ao"), [width, width])?,
                after_attention: norm(&format!("l{layer}.aln"))?,
                widen: linear(format!("l{layer}.fi"), [inner, width])?,
                narrow: linear(format!("l{layer}.fo"), [width, inner])?,
                after: norm(&format!("l{layer}.oln"))?,
            });
        }
        let mut places = file.plain("emb.pos", sizes.positions * width)?;
        let kinds = file.plain("emb.type", 2 * width)?;
        places.chunks_exact_mut(width).for_each(|place| add(place, &kinds[..width]));
        let words = Table::new(file.quantized("emb.word", [sizes.words, width])?, width);
        Ok(Self { sizes, words, places, first: norm("emb.ln")?, layers })
    }

    /// How many tokens one text may have.
    pub(super) fn positions(&self) -> usize {
        self.sizes.positions
    }

    pub(super) fn width(&self) -> usize {
        self.sizes.width
    }

    /// For each text, given as its tokens with begin and end, the mean of its tokens' states. No text may be empty or
    /// longer than [`Encoder::positions`], no token beyond the table of words.
    pub(super) fn means(&self, texts: &[&[u32]]) -> Vec<Vec<f32>> {
        let width = self.sizes.width;
        let mut states = Vec::with_capacity(texts.iter().map(|text| text.len()).sum::<usize>() * width);
        for text in texts {
            for (token, place) in text.iter().zip(self.places.chunks_exact(width)) {
                states.extend(self.words.row(*token as usize).zip(place).map(|(word, place)| word + place));
            }
        }
        self.first.apply(&mut states);
        let lengths: Vec<usize> = texts.iter().map(|text| text.len()).collect();
        for layer in &self.layers {
            self.through(layer, &mut states, &lengths);
        }
        let mut rest = states.as_slice();
        let mut mean = |length: usize| {
            let (own, later) = rest.split_at(length * width);
            rest = later;
            let mut mean = vec![0.0; width];
            own.chunks_exact(width).for_each(|state| add(&mut mean, state));
            mean.iter_mut().for_each(|number| *number /= length as f32);
            mean
        };
        lengths.into_iter().map(&mut mean).collect()
    }

    fn through(&self, layer: &Layer, states: &mut [f32], lengths: &[usize]) {
        let width = self.sizes.width;
        let inputs = Inputs::round(states, width);
        let [query, key, value] = [&layer.query, &layer.key, &layer.value].map(|one| one.apply(&inputs));
        let mut read = vec![0.0; states.len()];
        let mut start = 0;
        for length in lengths {
            let own = start * width..(start + length) * width;
            let [query, key, value] = [&query, &key, &value].map(|all| &all[own.clone()]);
            self.attend([query, key, value], &mut read[own]);
            start += length;
        }
        add(states, &layer.mixed.apply(&Inputs::round(&read, width)));
        layer.after_attention.apply(states);
        let mut inner = layer.widen.apply(&Inputs::round(states, width));
        inner.iter_mut().for_each(|number| *number = gelu(*number));
        add(states, &layer.narrow.apply(&Inputs::round(&inner, self.sizes.inner)));
        layer.after.apply(states);
    }

    /// Attention of one text: each head of each token reads the same head of all tokens.
    fn attend(&self, [query, key, value]: [&[f32]; 3], read: &mut [f32]) {
        let Sizes { width, heads, .. } = self.sizes;
        let of_head = width / heads;
        let scale = 1.0 / (of_head as f32).sqrt();
        let mut weights = vec![0.0; key.len() / width];
        for (query, read) in query.chunks_exact(width).zip(read.chunks_exact_mut(width)) {
            for head in (0..width).step_by(of_head) {
                let head = head..head + of_head;
                let query = &query[head.clone()];
                for (weight, key) in weights.iter_mut().zip(key.chunks_exact(width)) {
                    *weight = dot(query, &key[head.clone()]) * scale;
                }
                soften(&mut weights);
                let read = &mut read[head.clone()];
                for (weight, value) in weights.iter().zip(value.chunks_exact(width)) {
                    let value = &value[head.clone()];
                    read.iter_mut().zip(value).for_each(|(read, value)| *read += weight * value);
                }
            }
        }
    }
}

impl Linear {
    fn apply(&self, inputs: &Inputs) -> Vec<f32> {
        self.weights.multiply(inputs, &self.bias)
    }
}

impl Norm {
    /// Brings every state to mean 0 and variance 1, then to the learned scale and shift.
    fn apply(&self, states: &mut [f32]) {
        let width = self.scale.len();
        for state in states.chunks_exact_mut(width) {
            let mean = state.iter().sum::<f32>() / width as f32;
            state.iter_mut().for_each(|number| *number -= mean);
            let variance = dot(state, state) / width as f32;
            let factor = 1.0 / (variance + self.epsilon).sqrt();
            for ((number, scale), shift) in state.iter_mut().zip(&self.scale).zip(&self.shift) {
                *number = *number * factor * scale + shift;
            }
        }
    }
}

fn add(to: &mut [f32], more: &[f32]) {
    to.iter_mut().zip(more).for_each(|(to, more)| *to += more);
}

/// The sum of products, in eight sums side by side so that it can be computed so.
fn dot(one: &[f32], other: &[f32]) -> f32 {
    let (one, one_rest) = one.as_chunks::<8>();
    let (other, other_rest) = other.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for (one, other) in one.iter().zip(other) {
        for (sum, (one, other)) in sums.iter_mut().zip(one.iter().zip(other)) {
            *sum += one * other;
        }
    }
    let rest: f32 = one_rest.iter().zip(other_rest).map(|(one, other)| one * other).sum();
    sums.iter().sum::<f32>() + rest
}

/// Shares that add up to 1.
fn soften(weights: &mut [f32]) {
    let largest = weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    weights.iter_mut().for_each(|weight| *weight = (*weight - largest).exp());
    let sum: f32 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
}

/// The activation of the feed-forward part, `x · Φ(x)`.
fn gelu(x: f32) -> f32 {
    x * 0.5 * (1.0 + error_function(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The error function as a quotient of two polynomials, exact to about the last bit of single precision. The
/// coefficients are those that Eigen and XLA use.
pub(super) fn error_function(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let mut over = -2.726_142_3e-10_f32;
    for coefficient in
        [2.770_681_4e-8, -2.101_024_e-6, -5.692_506_4e-5, -7.349_906_3e-4, -2.954_6e-3, -1.609_603_3e-2]
    {
        over = over * square + coefficient;
    }
    let mut under = -1.456_607_2e-5_f32;
    for coefficient in [-2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2] {
        under = under * square + coefficient;
    }
    x * over / under
}
