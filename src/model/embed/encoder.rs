//! What does the network compute? BERT's encoder over several texts at once, each reading only itself.

use candle_core::quantized::QMatMul;
use candle_core::{D, Module, Result, Tensor};
use candle_nn::ops::{layer_norm, softmax_last_dim};

use super::file::{E5File, Sizes};

/// The weights, ready to compute.
pub(super) struct Encoder {
    sizes: Sizes,
    words: QMatMul,
    /// Rows by place in the text, with what belongs to the one kind of text added.
    places: Tensor,
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
    weights: QMatMul,
    bias: Tensor,
}

struct Norm {
    scale: Tensor,
    shift: Tensor,
    epsilon: f32,
}

impl Encoder {
    pub(super) fn new(file: &E5File<'_>) -> std::result::Result<Self, String> {
        let sizes = file.sizes;
        let Sizes { width, inner, .. } = sizes;
        let norm = |name: &str| {
            let [scale, shift] = ["w", "b"].map(|part| file.plain(&format!("{name}.{part}"), &[width]));
            Ok::<_, String>(Norm { scale: scale?, shift: shift?, epsilon: sizes.epsilon })
        };
        let linear = |name: String, shape: [usize; 2]| {
            let weights = file.quantized(&format!("{name}.w"), &shape)?;
            Ok::<_, String>(Linear { weights, bias: file.plain(&format!("{name}.b"), &[shape[0]])? })
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
        let places = file.plain("emb.pos", &[sizes.positions, width])?;
        let kinds = file.plain("emb.type", &[2, width])?;
        let places = kinds.narrow(0, 0, 1).and_then(|kind| places.broadcast_add(&kind));
        Ok(Self {
            sizes,
            words: file.quantized("emb.word", &[sizes.words, width])?,
            places: places.map_err(|error| error.to_string())?,
            first: norm("emb.ln")?,
            layers,
        })
    }

    /// How many tokens one text may have.
    pub(super) fn positions(&self) -> usize {
        self.sizes.positions
    }

    pub(super) fn width(&self) -> usize {
        self.sizes.width
    }

    /// For each text, given as its tokens with begin and end, the mean of its tokens' states. No text may be empty or
    /// longer than [`Encoder::positions`].
    pub(super) fn means(&self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>> {
        let device = self.places.device();
        let tokens: Vec<u32> = texts.concat();
        let count = tokens.len();
        let places: Vec<u32> =
            texts.iter().flat_map(|text| (0..).zip(*text).map(|(place, _)| place)).collect();
        let words = self.words.embedding(&Tensor::from_vec(tokens, count, device)?)?;
        let places = self.places.index_select(&Tensor::from_vec(places, count, device)?, 0)?;
        let mut states = self.first.forward(&(words + places)?)?;
        let lengths: Vec<usize> = texts.iter().map(|text| text.len()).collect();
        for layer in &self.layers {
            states = self.through(layer, &states, &lengths)?;
        }
        let mut means = Vec::with_capacity(texts.len());
        let mut start = 0;
        for length in lengths {
            means.push(states.narrow(0, start, length)?.mean(0)?.to_vec1()?);
            start += length;
        }
        Ok(means)
    }

    fn through(&self, layer: &Layer, states: &Tensor, lengths: &[usize]) -> Result<Tensor> {
        let query = layer.query.forward(states)?;
        let key = layer.key.forward(states)?;
        let value = layer.value.forward(states)?;
        let mut read = Vec::with_capacity(lengths.len());
        let mut start = 0;
        for length in lengths {
            let own = |all: &Tensor| {
                all.narrow(0, start, *length)?
                    .reshape((*length, self.sizes.heads, ()))?
                    .transpose(0, 1)?
                    .contiguous()
            };
            read.push(attend(&own(&query)?, &own(&key)?, &own(&value)?)?);
            start += length;
        }
        let mixed = layer.mixed.forward(&Tensor::cat(&read, 0)?)?;
        let states = layer.after_attention.forward(&(states + mixed)?)?;
        let inner = gelu(&layer.widen.forward(&states)?)?;
        let narrowed = layer.narrow.forward(&inner)?;
        layer.after.forward(&(states + narrowed)?)
    }
}

/// Attention of one text, `[heads, tokens, width of a head]` each, to `[tokens, width]`.
fn attend(query: &Tensor, key: &Tensor, value: &Tensor) -> Result<Tensor> {
    let (heads, tokens, width) = query.dims3()?;
    let scale = 1.0 / (width as f64).sqrt();
    let weights = (query.matmul(&key.t()?)? * scale)?;
    let read = softmax_last_dim(&weights)?.matmul(value)?;
    read.transpose(0, 1)?.reshape((tokens, heads * width))
}

impl Linear {
    fn forward(&self, states: &Tensor) -> Result<Tensor> {
        self.weights.forward(states)?.broadcast_add(&self.bias)
    }
}

impl Norm {
    fn forward(&self, states: &Tensor) -> Result<Tensor> {
        layer_norm(states, &self.scale, &self.shift, self.epsilon)
    }
}

/// The activation of the feed-forward part, `x · Φ(x)`.
///
/// Candle's own takes the error function in double precision, number by number, which would be half of the time of a
/// short text; this one is vectorised.
fn gelu(states: &Tensor) -> Result<Tensor> {
    let width = states.dim(D::Minus1)?;
    let mut numbers: Vec<f32> = states.flatten_all()?.to_vec1()?;
    for number in &mut numbers {
        *number *= 0.5 * (1.0 + error_function(*number * std::f32::consts::FRAC_1_SQRT_2));
    }
    Tensor::from_vec(numbers, ((), width), states.device())
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
