//! Matrices of 8-bit weights and their product with a few tokens at a time.
//!
//! The format is GGML's Q8_0: each row is cut into blocks of 32 values that share one scale. Activations
//! are quantised the same way, once per product, and the sum over a block is exact integer arithmetic.
//!
//! Sixteen rows are interleaved four values at a time, so that one vector register holds the same four
//! columns of several rows and its lanes add up to as many outputs without a horizontal sum. Each group of
//! rows is read from memory once for all tokens: candle's kernel reads every row once per token,
//! which makes a prompt of eight tokens cost eight times one.

use candle_core::{Device, Result, Tensor, bail};
use half::f16;
use rayon::prelude::*;

use super::model::with_slice;

mod activations;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod vnni;

#[cfg(target_arch = "aarch64")]
use activations::Inputs;
use activations::Lanes;
pub(super) use activations::{Activations, Block, Outputs};

/// Values that share one scale.
pub(super) const BLOCK: usize = 32;

/// Rows that are interleaved: the 32-bit lanes of a 512-bit register.
const GROUP: usize = 16;

/// Neighbouring columns of a row that stay together: the bytes that one instruction adds up in a lane.
const QUAD: usize = 4;

/// Quads of a block.
const QUADS: usize = BLOCK / QUAD;

/// Most tokens that one pass over a group serves: with AVX-512, eight integer and eight float sums leave
/// registers for the weights and the temporaries. Smaller register files go over it in parts.
const TILE: usize = 8;

/// Fewest groups worth handing to another thread: about 2 µs of work.
const LEAST_GROUPS: usize = 4;

/// Four neighbouring columns of sixteen rows, row by row.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Quads([[i8; QUAD]; GROUP]);

/// The scales of one block of sixteen rows.
type Scales = [f16; GROUP];

/// A matrix of `rows` x `cols` weights in Q8_0.
pub struct Q8Matrix {
    rows: usize,
    cols: usize,
    /// Group by group, column by column. The last group is filled up with rows of zeros.
    quads: Vec<Quads>,
    /// Group by group, block by block.
    scales: Vec<Scales>,
}

/// Sixteen rows of a matrix.
#[derive(Clone, Copy)]
struct Group<'a> {
    quads: &'a [[Quads; QUADS]],
    scales: &'a [Scales],
}

impl Q8Matrix {
    /// A matrix whose rows `fill` writes, in any order and on the rayon pool of the caller. It is given a
    /// row's number and its blocks, which hold what another row left.
    ///
    /// # Errors
    /// When a row is not a whole number of blocks.
    pub(super) fn build(rows: usize, cols: usize, fill: impl Fn(usize, &mut [Block]) + Sync) -> Result<Self> {
        if cols == 0 || !cols.is_multiple_of(BLOCK) {
            bail!("rows of {cols} weights cannot be cut into blocks of {BLOCK}");
        }
        let (groups, blocks) = (rows.div_ceil(GROUP), cols / BLOCK);
        let mut matrix = Self {
            rows,
            cols,
            quads: vec![Quads([[0; QUAD]; GROUP]); groups * blocks * QUADS],
            scales: vec![[f16::ZERO; GROUP]; groups * blocks],
        };
        let quads = matrix.quads.par_chunks_mut(blocks * QUADS);
        let groups = quads.zip(matrix.scales.par_chunks_mut(blocks)).enumerate();
        groups.for_each_init(
            || vec![Block::ZERO; blocks],
            |row, (group, (quads, scales))| {
                let first = group * GROUP;
                for lane in 0..GROUP.min(rows - first) {
                    fill(first + lane, row);
                    for ((block, quads), scales) in
                        row.iter().zip(quads.as_chunks_mut::<QUADS>().0).zip(scales.iter_mut())
                    {
                        scales[lane] = block.scale;
                        for (quad, values) in quads.iter_mut().zip(block.values.as_chunks::<QUAD>().0) {
                            quad.0[lane] = *values;
                        }
                    }
                }
            },
        );
        Ok(matrix)
    }

    /// Outputs of a product.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Gives `read` the bits of all scales, part by part: what tells one matrix from another.
    pub(super) fn scale_bytes(&self, mut read: impl FnMut(&[u8])) {
        for scales in &self.scales {
            read(scales.map(|scale| scale.to_bits().to_le_bytes()).as_flattened());
        }
    }

    /// The rows of these numbers as `f32`, one after the other: an embedding look-up.
    ///
    /// # Errors
    /// When there is no such row.
    pub fn gather(&self, rows: &[u32]) -> Result<Vec<f32>> {
        let mut out = Vec::with_capacity(rows.len() * self.cols);
        for &row in rows {
            let (group, lane) = self.locate(row)?;
            for (quads, scales) in group.quads.iter().zip(group.scales) {
                let scale = scales[lane].to_f32();
                out.extend(quads.iter().flat_map(|quad| quad.0[lane]).map(|value| f32::from(value) * scale));
            }
        }
        Ok(out)
    }

    /// `x` (`[tokens, cols]`, `f32`) times the transposed matrix: `[tokens, rows]`. Runs on the rayon
    /// pool of the caller.
    ///
    /// # Errors
    /// When the widths differ.
    pub fn product(&self, x: &Tensor) -> Result<Tensor> {
        let (tokens, width) = x.dims2()?;
        if width != self.cols {
            bail!("{width} activations for a matrix of width {}", self.cols);
        }
        let mut inputs = Activations::default();
        with_slice(x, |x| inputs.quantise(x, width))?;
        let mut outputs = Outputs::default();
        self.multiply(&inputs, &mut outputs);
        let mut out = vec![0.0; tokens * self.rows];
        for (token, out) in out.chunks_exact_mut(self.rows).enumerate() {
            outputs.copy_row(token, out);
        }
        Tensor::from_vec(out, (tokens, self.rows), &Device::Cpu)
    }

    /// Like [`Q8Matrix::product`] for one token and the chosen rows only.
    ///
    /// # Errors
    /// When the width differs or there is no such row.
    pub fn product_rows(&self, x: &[f32], rows: &[u32]) -> Result<Vec<f32>> {
        if x.len() != self.cols {
            bail!("{} activations for a matrix of width {}", x.len(), self.cols);
        }
        let mut inputs = Activations::default();
        inputs.quantise(x, self.cols);
        let mut lanes = [[0.0; GROUP]];
        let mut known = None;
        let one = |&row: &u32| {
            let (group, lane) = self.locate(row)?;
            // Tokens that begin alike often stand together.
            if known.replace(row as usize / GROUP) != Some(row as usize / GROUP) {
                dot(group, &inputs, 0, &mut lanes);
            }
            Ok(lanes[0][lane])
        };
        rows.iter().map(one).collect()
    }

    /// The product for inputs of the matrix's width.
    pub(super) fn multiply(&self, x: &Activations, out: &mut Outputs) {
        let lanes = out.reset(x.tokens(), self.rows.div_ceil(GROUP));
        let tasks = lanes.par_chunks_mut(x.tokens()).enumerate().with_min_len(LEAST_GROUPS);
        tasks.for_each(|(group, out)| {
            for (tile, out) in out.chunks_mut(TILE).enumerate() {
                dot(self.group(group), x, tile * TILE, out);
            }
        });
    }

    /// The product of a matrix whose groups are in turn of a gate and of what it lets through (see
    /// [`Q8Matrix::alternating`]): `activation` of the first, times the second.
    pub(super) fn multiply_gated(
        &self,
        x: &Activations,
        activation: impl Fn(f32) -> f32 + Sync,
        out: &mut Outputs,
    ) {
        let lanes = out.reset(x.tokens(), self.rows / (2 * GROUP));
        let tasks = lanes.par_chunks_mut(x.tokens()).enumerate().with_min_len(LEAST_GROUPS / 2);
        tasks.for_each(|(pair, out)| {
            let mut gates = [[0.0; GROUP]; TILE];
            for (tile, out) in out.chunks_mut(TILE).enumerate() {
                let gates = &mut gates[..out.len()];
                dot(self.group(2 * pair), x, tile * TILE, gates);
                dot(self.group(2 * pair + 1), x, tile * TILE, out);
                for (out, gate) in out.as_flattened_mut().iter_mut().zip(gates.as_flattened()) {
                    *out *= activation(*gate);
                }
            }
        });
    }

    /// For a row of a matrix for [`Q8Matrix::multiply_gated`], whether it is of the gate and which of its rows.
    pub(super) fn alternating(row: usize) -> (bool, usize) {
        let (group, lane) = (row / GROUP, row % GROUP);
        (group.is_multiple_of(2), group / 2 * GROUP + lane)
    }

    /// The group of a row and its place in it.
    fn locate(&self, row: u32) -> Result<(Group<'_>, usize)> {
        let row = row as usize;
        if row >= self.rows {
            bail!("row {row} of a matrix of {} rows", self.rows);
        }
        Ok((self.group(row / GROUP), row % GROUP))
    }

    fn group(&self, group: usize) -> Group<'_> {
        let blocks = self.cols / BLOCK;
        Group {
            quads: &self.quads.as_chunks::<QUADS>().0[group * blocks..][..blocks],
            scales: &self.scales[group * blocks..][..blocks],
        }
    }
}

/// The outputs of a group for the tokens `first..first + out.len()`, at most [`TILE`].
fn dot(group: Group<'_>, x: &Activations, first: usize, out: &mut [Lanes]) {
    #[cfg(target_arch = "x86_64")]
    {
        if vnni::available() {
            // SAFETY: the processor has the instructions.
            unsafe { vnni::dot(group, x, first, out) };
            return;
        }
        if avx2::available() {
            // SAFETY: the processor has the instructions.
            unsafe { avx2::dot(group, x, first, out) };
            return;
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        if neon::dot_product::available() {
            // SAFETY: the processor has the instructions.
            unsafe { neon::dot_product::dot(group, x, first, out) };
        } else {
            neon::dot(group, x, first, out);
        }
    }
    #[cfg(not(target_arch = "aarch64"))]
    portable::dot(group, x, first, out);
}
