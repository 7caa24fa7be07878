//! How are states multiplied with weights of four bits? On one thread, in whole numbers, block by block.
//!
//! A question is short, so what counts is how soon its vector is there while others ask too. Candle's product of the same
//! weights shares every one of the network's seventy-two products among all processors and waits for the slowest;
//! this one reads the weights once, and two questions are two threads.

use std::array;

use half::f16;
use wide::{f32x8, i8x16, i16x16};

/// Numbers that share a scale.
pub(super) const BLOCK: usize = 32;
/// Bytes of such a block in a file, `Q4_0`: a half-precision scale, and two numbers of four bits in each byte.
pub(super) const BLOCK_BYTES: usize = 18;
/// So many tokens are multiplied with a row of weights while it is in the registers.
const TOGETHER: usize = 4;
/// So many tokens go through all rows of weights before the next: they stay in the processor's nearest memory.
const NEAR: usize = 16;

/// Weights, `[outputs, inputs]`, in blocks along the inputs.
pub(super) struct Matrix {
    /// Blocks in a row.
    blocks: usize,
    /// The numbers, from -8 to 7.
    numbers: Vec<[i8; BLOCK]>,
    scales: Vec<f32>,
}

/// Rows of which single ones are read, such as the table of words; they stay as they are in the file.
pub(super) struct Table {
    width: usize,
    bytes: Vec<u8>,
}

/// States of several tokens, `[tokens, inputs]`, in whole numbers of sixteen bits with a scale for each token. A product
/// with a block of weights cannot overflow: eight times the largest number, four times in each sum.
pub(super) struct Inputs {
    blocks: usize,
    numbers: Vec<[i16; BLOCK]>,
    scales: Vec<f32>,
}

impl Matrix {
    /// Unpacks the bytes of a file, whole blocks in whole rows of `inputs` numbers.
    pub(super) fn unpack(bytes: &[u8], inputs: usize) -> Self {
        let (numbers, scales) = bytes.as_chunks::<BLOCK_BYTES>().0.iter().map(unpack).unzip();
        Self { blocks: inputs / BLOCK, numbers, scales }
    }

    /// `inputs · weightsᵀ + bias`, `[tokens, outputs]`.
    pub(super) fn multiply(&self, inputs: &Inputs, bias: &[f32]) -> Vec<f32> {
        let outputs = bias.len();
        let mut product = vec![0.0; inputs.scales.len() * outputs];
        let near = product.chunks_mut(NEAR * outputs).zip((0..).step_by(NEAR));
        for (product, first) in near {
            let rows = self.numbers.chunks_exact(self.blocks).zip(self.scales.chunks_exact(self.blocks));
            for (output, row) in rows.enumerate() {
                let tokens = product.len() / outputs;
                let mut put = |token: usize, sum: f32| product[token * outputs + output] = sum + bias[output];
                let mut token = 0;
                while token + TOGETHER <= tokens {
                    let sums = products::<TOGETHER>(row, inputs, first + token);
                    (token..).zip(sums).for_each(|(token, sum)| put(token, sum));
                    token += TOGETHER;
                }
                for token in token..tokens {
                    let [sum] = products::<1>(row, inputs, first + token);
                    put(token, sum);
                }
            }
        }
        product
    }
}

impl Table {
    /// Keeps the bytes of a file, whole blocks in whole rows of `width` numbers.
    pub(super) fn new(bytes: &[u8], width: usize) -> Self {
        Self { width, bytes: bytes.to_vec() }
    }

    /// One row.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = f32> + '_ {
        let length = self.width / BLOCK * BLOCK_BYTES;
        let blocks = self.bytes[row * length..(row + 1) * length].as_chunks::<BLOCK_BYTES>().0;
        blocks.iter().map(unpack).flat_map(|(numbers, scale)| numbers.map(|number| f32::from(number) * scale))
    }
}

impl Inputs {
    /// Rounds states of `width` numbers a token.
    pub(super) fn round(states: &[f32], width: usize) -> Self {
        let mut numbers = Vec::with_capacity(states.len() / BLOCK);
        let scales = states.chunks_exact(width).map(|state| round(state, &mut numbers)).collect();
        Self { blocks: width / BLOCK, numbers, scales }
    }

    fn token(&self, token: usize) -> &[[i16; BLOCK]] {
        &self.numbers[token * self.blocks..(token + 1) * self.blocks]
    }
}

/// A row of weights times some tokens, from `first` on.
fn products<const TOKENS: usize>(
    (numbers, scales): (&[[i8; BLOCK]], &[f32]),
    inputs: &Inputs,
    first: usize,
) -> [f32; TOKENS] {
    // Of the same length as the row, so that no place need be checked below.
    let tokens: [_; TOKENS] = array::from_fn(|place| &inputs.token(first + place)[..numbers.len()]);
    let mut sums = [f32x8::ZERO; TOKENS];
    for (block, (weights, scale)) in numbers.iter().zip(scales).enumerate() {
        let [low, high] = halves(weights).map(|half: [i8; 16]| i16x16::from_i8x16(i8x16::from(half)));
        let scale = f32x8::splat(*scale);
        for (sum, token) in sums.iter_mut().zip(&tokens) {
            let [first, second] = halves(&token[block]).map(|half: [i16; 16]| i16x16::from(half));
            *sum = f32x8::from_i32x8(low.dot(first) + high.dot(second)).mul_add(scale, *sum);
        }
    }
    array::from_fn(|place| sums[place].reduce_add() * inputs.scales[first + place])
}

fn halves<T: Copy>(block: &[T; BLOCK]) -> [[T; 16]; 2] {
    [array::from_fn(|place| block[place]), array::from_fn(|place| block[16 + place])]
}

/// The numbers of a block of the file with their scale: the first half stands in the low bits.
fn unpack(block: &[u8; BLOCK_BYTES]) -> ([i8; BLOCK], f32) {
    let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
    let number = |place: usize| {
        let byte = block[2 + place % 16];
        let bits = if place < 16 { byte & 0x0f } else { byte >> 4 };
        bits as i8 - 8
    };
    (array::from_fn(number), scale)
}

/// Adds a token's numbers, and gives the scale that brings the largest to the most that sixteen bits hold.
fn round(state: &[f32], numbers: &mut Vec<[i16; BLOCK]>) -> f32 {
    let largest = state.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
    let scale = largest / f32::from(i16::MAX);
    let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    let blocks = state.as_chunks::<BLOCK>().0;
    numbers
        .extend(blocks.iter().map(|block| block.map(|number| (number * inverse).round_ties_even() as i16)));
    scale
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of rows whose numbers differ from place to place.
    fn packed(blocks: usize) -> Vec<u8> {
        let block = |block: usize| {
            let scale = f16::from_f32(0.01 * (1 + block % 5) as f32).to_le_bytes();
            let numbers = (0..16).map(move |place| (block * 31 + place * 77) as u8);
            scale.into_iter().chain(numbers)
        };
        (0..blocks).flat_map(block).collect()
    }

    #[test]
    fn a_product_is_that_of_the_plain_numbers() {
        let (inputs, outputs) = (2 * BLOCK, 3);
        let bytes = packed(outputs * 2);
        let (matrix, table) = (Matrix::unpack(&bytes, inputs), Table::new(&bytes, inputs));
        let bias = [0.5, -0.5, 0.0];
        for tokens in [1, 3, 4, 6] {
            let states: Vec<f32> =
                (0..tokens * inputs).map(|place| ((place * 37 % 101) as f32 - 50.0) / 25.0).collect();
            let product = matrix.multiply(&Inputs::round(&states, inputs), &bias);
            for (place, found) in product.iter().enumerate() {
                let (token, output) = (place / outputs, place % outputs);
                let own = &states[token * inputs..(token + 1) * inputs];
                let sum: f32 = table.row(output).zip(own).map(|(weight, state)| weight * state).sum();
                let expected = sum + bias[output];
                assert!(
                    (found - expected).abs() < 0.02,
                    "{tokens} tokens at {place}: {found}, not {expected}"
                );
            }
        }
    }

    #[test]
    fn nothing_times_anything_is_the_bias() {
        let matrix = Matrix::unpack(&packed(1), BLOCK);
        assert_eq!(matrix.multiply(&Inputs::round(&[0.0; BLOCK], BLOCK), &[2.0]), [2.0]);
    }
}
