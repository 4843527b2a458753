//! Causal attention over the cache, with grouped key heads and, in some layers, a window.

use std::ops::Range;

use rayon::prelude::*;

use super::cache::LayerCache;
use super::dimensions::Dimensions;
use super::functions::softmax;

/// Products of a query with a key, or of a weight with a value, worth handing to another thread: about 5 µs.
const LEAST_PRODUCTS: usize = 1 << 15;

/// Rows of keys or values that are added in one go, which saves reading and writing the sums for each.
const ROWS: usize = 4;

/// The queries of some tokens, in rows of `stride` values that begin with all heads, rotated. The first
/// stands at position `before`.
pub(super) struct Queries<'a> {
    pub(super) rows: &'a [f32],
    pub(super) stride: usize,
    pub(super) before: usize,
}

/// Attention of `queries` to a layer's keys and values, their own included. `window` is how many of the latest
/// tokens each sees, if not all. Writes `[tokens, heads * head]`, on the rayon pool of the caller.
pub(super) fn attend(
    d: &Dimensions,
    queries: &Queries<'_>,
    cache: &LayerCache,
    capacity: usize,
    window: Option<usize>,
    out: &mut Vec<f32>,
) {
    let tokens = queries.rows.len() / queries.stride;
    out.clear();
    out.resize(tokens * d.queries(), 0.0);
    let one = |weights: &mut Vec<f32>, (index, out): (usize, &mut [f32])| {
        let (token, head) = (index / d.heads, index % d.heads);
        let query = &queries.rows[token * queries.stride + head * d.head..][..d.head];
        let end = queries.before + token + 1;
        let seen = end - window.map_or(end, |window| window.min(end))..end;
        let kv = head / (d.heads / d.kv_heads) * d.head * capacity;
        weights.clear();
        weights.resize(seen.len(), 0.0);
        add_products(query, &cache.keys[kv..][..d.head * capacity], capacity, seen.clone(), weights);
        weights.iter_mut().for_each(|weight| *weight *= d.attention_scale);
        softmax(weights);
        add_values(weights, &cache.values[kv + seen.start * d.head..][..seen.len() * d.head], out);
    };
    let least = LEAST_PRODUCTS / (d.head * (queries.before + tokens)) + 1;
    out.par_chunks_mut(d.head).enumerate().with_min_len(least).for_each_init(Vec::new, one);
}

/// Adds to `out` the inner products of `query` with the keys at the `seen` positions.
fn add_products(query: &[f32], keys: &[f32], capacity: usize, seen: Range<usize>, out: &mut [f32]) {
    for (query, keys) in query.as_chunks::<ROWS>().0.iter().zip(keys.chunks_exact(ROWS * capacity)) {
        let [a, b, c, d] = std::array::from_fn(|row| &keys[row * capacity..][seen.clone()]);
        let keys = a.iter().zip(b).zip(c.iter().zip(d));
        for (out, ((a, b), (c, d))) in out.iter_mut().zip(keys) {
            *out += (query[0] * a + query[1] * b) + (query[2] * c + query[3] * d);
        }
    }
}

/// Adds to `out` the rows of `values`, each times its weight.
fn add_values(weights: &[f32], values: &[f32], out: &mut [f32]) {
    let width = out.len();
    let (four, rest) = weights.as_chunks::<ROWS>();
    let (rows, rest_rows) = values.split_at(four.len() * ROWS * width);
    for (weights, rows) in four.iter().zip(rows.chunks_exact(ROWS * width)) {
        let [a, b, c, d] = std::array::from_fn(|row| &rows[row * width..][..width]);
        let values = a.iter().zip(b).zip(c.iter().zip(d));
        for (out, ((a, b), (c, d))) in out.iter_mut().zip(values) {
            *out += (weights[0] * a + weights[1] * b) + (weights[2] * c + weights[3] * d);
        }
    }
    for (weight, row) in rest.iter().zip(rest_rows.chunks_exact(width)) {
        out.iter_mut().zip(row).for_each(|(out, value)| *out += weight * value);
    }
}
