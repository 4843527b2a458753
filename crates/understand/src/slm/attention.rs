//! Causal attention over the cache, with rotary positions and grouped key heads.

use rayon::prelude::*;

use super::gguf::Dimensions;

/// Cosines and sines of every position a cache can hold.
pub(super) struct Rotary {
    pairs: usize,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Rotary {
    /// Angles of the `capacity` first positions: position * base^(-2i / width) for the i-th pair.
    pub(super) fn new(dimensions: &Dimensions, capacity: usize) -> Self {
        let pairs = dimensions.head / 2;
        let frequencies: Vec<f32> = (0..pairs)
            .map(|i| dimensions.rope_base.powf(2.0 * i as f32 / dimensions.head as f32).recip())
            .collect();
        let angles =
            || (0..capacity).flat_map(|position| frequencies.iter().map(move |f| position as f32 * f));
        Self { pairs, cos: angles().map(f32::cos).collect(), sin: angles().map(f32::sin).collect() }
    }

    /// Turns the pairs of neighbours (Llama's order in GGUF) of all heads in `row` to `position`.
    pub(super) fn turn(&self, row: &mut [f32], position: usize) {
        let at = position * self.pairs;
        let (cos, sin) = (&self.cos[at..][..self.pairs], &self.sin[at..][..self.pairs]);
        for head in row.chunks_exact_mut(2 * self.pairs) {
            for (pair, (cos, sin)) in head.as_chunks_mut::<2>().0.iter_mut().zip(cos.iter().zip(sin)) {
                *pair = [pair[0] * cos - pair[1] * sin, pair[0] * sin + pair[1] * cos];
            }
        }
    }
}

/// Attention of `queries` (`[tokens, heads * head]`, rotated), the last of which stands at the end of
/// `keys` and `values` (`[positions, kv_heads * head]`). Returns `[tokens, heads * head]`.
pub(super) fn attend(
    d: &Dimensions,
    queries: &[f32],
    keys: &[f32],
    values: &[f32],
    before: usize,
) -> Vec<f32> {
    let group = d.heads / d.kv_heads;
    let scale = (d.head as f32).sqrt().recip();
    let mut out = vec![0.0; queries.len()];
    let one = |(index, out): (usize, &mut [f32])| {
        let query = &queries[index * d.head..][..d.head];
        let offset = index % d.heads / group * d.head;
        let visible = before + index / d.heads + 1;
        let mut weights: Vec<f32> = (0..visible)
            .map(|position| scale * inner(query, &keys[position * d.kv() + offset..][..d.head]))
            .collect();
        softmax(&mut weights);
        for (position, weight) in weights.iter().enumerate() {
            let value = &values[position * d.kv() + offset..][..d.head];
            out.iter_mut().zip(value).for_each(|(out, value)| *out += weight * value);
        }
    };
    out.par_chunks_mut(d.head).enumerate().with_min_len(HEADS_PER_TASK).for_each(one);
    out
}

/// Heads a thread takes at a time; fewer would cost more to hand over than to compute.
const HEADS_PER_TASK: usize = 8;

/// Inner product in eight independent sums, which the compiler turns into vector code.
fn inner(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

fn softmax(weights: &mut [f32]) {
    let largest = weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for weight in weights.iter_mut() {
        *weight = (*weight - largest).exp();
        sum += *weight;
    }
    weights.iter_mut().for_each(|weight| *weight /= sum);
}
