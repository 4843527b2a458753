//! Matrices of 8-bit weights and their product with a few tokens at a time.
//!
//! The format is GGML's Q8_0: each row is cut into blocks of 32 values that share one scale. Values
//! and scales are kept apart here, so that a row's bytes are contiguous. Activations are quantised the
//! same way, once per product, and the sum over a block is exact integer arithmetic.
//!
//! Each weight row is read once for up to [`TILE`] tokens: candle's own kernel reads it once per
//! token, which makes a prompt of eight tokens cost eight times one.

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor, bail};
use half::f16;
use rayon::prelude::*;

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;

/// Values that share one scale.
pub(crate) const BLOCK: usize = 32;

/// Most tokens that one pass over a weight row serves. Eight accumulators leave AVX2's sixteen registers
/// room for the weights and the temporaries.
pub(crate) const TILE: usize = 8;

/// Bytes of a Q8_0 block in a file: a 16-bit scale and the values.
const FILE_BLOCK: usize = 2 + BLOCK;

/// Rows given to a thread at a time: enough work (about 20 µs) to be worth handing over.
const ROWS_PER_TASK: usize = 64;

/// A matrix of `rows` x `cols` weights in Q8_0.
pub struct Q8Matrix {
    rows: usize,
    cols: usize,
    values: Vec<i8>,
    scales: Vec<f32>,
}

impl std::fmt::Debug for Q8Matrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Q8Matrix({} x {})", self.rows, self.cols)
    }
}

impl Q8Matrix {
    /// Takes a two-dimensional tensor of a GGUF file. Q8_0 is taken as it is, every other type is
    /// quantised anew.
    ///
    /// # Errors
    /// When the tensor is not a matrix or its rows are not a multiple of 32 values.
    pub fn from_tensor(tensor: &QTensor) -> Result<Self> {
        if tensor.dtype() != GgmlDType::Q8_0 {
            return Self::from_weights(&tensor.dequantize(&Device::Cpu)?);
        }
        let (rows, cols) = tensor.shape().dims2()?;
        check_columns(cols)?;
        let data = tensor.data()?;
        let (blocks, rest) = data.as_chunks::<FILE_BLOCK>();
        if blocks.len() * BLOCK != rows * cols || !rest.is_empty() {
            bail!("{} bytes do not hold {rows} x {cols} weights", data.len());
        }
        let mut values = Vec::with_capacity(rows * cols);
        let mut scales = Vec::with_capacity(blocks.len());
        for [low, high, block @ ..] in blocks {
            scales.push(f16::from_le_bytes([*low, *high]).to_f32());
            values.extend(block.iter().map(|byte| byte.cast_signed()));
        }
        Ok(Self { rows, cols, values, scales })
    }

    /// Quantises a matrix of `f32` weights.
    ///
    /// # Errors
    /// As [`Q8Matrix::from_tensor`].
    pub fn from_weights(weights: &Tensor) -> Result<Self> {
        check_columns(weights.dims2()?.1)?;
        Self::from_tensor(&QTensor::quantize(weights, GgmlDType::Q8_0)?)
    }

    /// The rows of all `parts`, one below the other: projections of the same input in one product.
    ///
    /// # Errors
    /// When the parts differ in width or there is none.
    pub fn stack(parts: Vec<Self>) -> Result<Self> {
        let mut parts = parts.into_iter();
        let Some(mut all) = parts.next() else { bail!("no matrix to stack") };
        for part in parts {
            if part.cols != all.cols {
                bail!("cannot stack widths {} and {}", all.cols, part.cols);
            }
            all.rows += part.rows;
            all.values.extend(part.values);
            all.scales.extend(part.scales);
        }
        Ok(all)
    }

    /// Outputs of a product.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs of a product.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The rows of these numbers as `f32`, `[rows, cols]`: an embedding look-up.
    ///
    /// # Errors
    /// When there is no such row.
    pub fn gather(&self, rows: &[u32]) -> Result<Tensor> {
        let mut out = Vec::with_capacity(rows.len() * self.cols);
        for &row in rows {
            let (values, scales) = self.row(row as usize)?;
            for (block, scale) in values.chunks_exact(BLOCK).zip(scales) {
                out.extend(block.iter().map(|&value| f32::from(value) * scale));
            }
        }
        Tensor::from_vec(out, (rows.len(), self.cols), &Device::Cpu)
    }

    /// `x` (`[tokens, cols]`, `f32`) times the transposed matrix: `[tokens, rows]`. Runs on the rayon
    /// pool of the caller.
    ///
    /// # Errors
    /// When the widths differ.
    pub fn product(&self, x: &Tensor) -> Result<Tensor> {
        x.apply_op1_no_bwd(&Product(self))
    }

    /// Like [`Q8Matrix::product`] for one token and the chosen rows only.
    ///
    /// # Errors
    /// When the width differs or there is no such row.
    pub fn product_rows(&self, x: &[f32], rows: &[u32]) -> Result<Vec<f32>> {
        if x.len() != self.cols {
            bail!("{} activations for a matrix of width {}", x.len(), self.cols);
        }
        let x = Activations::new(x, self.cols);
        let mut out = vec![0.0; rows.len()];
        for (row, out) in rows.iter().zip(&mut out) {
            let (values, scales) = self.row(*row as usize)?;
            dot(values, scales, &x, 0, std::slice::from_mut(out));
        }
        Ok(out)
    }

    fn row(&self, row: usize) -> Result<(&[i8], &[f32])> {
        if row >= self.rows {
            bail!("row {row} of a matrix of {} rows", self.rows);
        }
        let blocks = self.cols / BLOCK;
        Ok((&self.values[row * self.cols..][..self.cols], &self.scales[row * blocks..][..blocks]))
    }

    /// All outputs for all tokens, `out[row * tokens + token]`.
    fn fill(&self, x: &Activations, out: &mut [f32]) {
        let blocks = self.cols / BLOCK;
        let task = |(index, out): (usize, &mut [f32])| {
            let first = index * ROWS_PER_TASK;
            for (row, out) in out.chunks_exact_mut(x.tokens).enumerate().map(|(i, out)| (first + i, out)) {
                let values = &self.values[row * self.cols..][..self.cols];
                let scales = &self.scales[row * blocks..][..blocks];
                for (tile, out) in out.chunks_mut(TILE).enumerate() {
                    dot(values, scales, x, tile * TILE, out);
                }
            }
        };
        out.par_chunks_mut(ROWS_PER_TASK * x.tokens).enumerate().for_each(task);
    }
}

fn check_columns(cols: usize) -> Result<()> {
    if cols == 0 || !cols.is_multiple_of(BLOCK) {
        bail!("rows of {cols} weights cannot be cut into blocks of {BLOCK}");
    }
    Ok(())
}

/// Quantised inputs of a product.
struct Activations {
    tokens: usize,
    cols: usize,
    values: Vec<i8>,
    scales: Vec<f32>,
}

impl Activations {
    /// Quantises `x`, whose length is a multiple of `cols`.
    fn new(x: &[f32], cols: usize) -> Self {
        let mut values = Vec::with_capacity(x.len());
        let mut scales = Vec::with_capacity(x.len() / BLOCK);
        for block in x.chunks_exact(BLOCK) {
            let largest = block.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
            let scale = largest / 127.0;
            let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            scales.push(scale);
            values.extend(block.iter().map(|value| (value * inverse).round_ties_even() as i8));
        }
        Self { tokens: x.len() / cols, cols, values, scales }
    }

    fn token(&self, token: usize) -> (&[i8], &[f32]) {
        let blocks = self.cols / BLOCK;
        (&self.values[token * self.cols..][..self.cols], &self.scales[token * blocks..][..blocks])
    }
}

/// One weight row times the tokens `first..first + out.len()`, at most [`TILE`].
fn dot(values: &[i8], scales: &[f32], x: &Activations, first: usize, out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if avx2::available() {
        // SAFETY: the processor has the instructions.
        unsafe { avx2::dot(values, scales, x, first, out) };
        return;
    }
    portable::dot(values, scales, x, first, out);
}

/// The product as an operation on candle tensors.
struct Product<'a>(&'a Q8Matrix);

impl CustomOp1 for Product<'_> {
    fn name(&self) -> &'static str {
        "q8-product"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (tokens, cols) = layout.shape().dims2()?;
        if cols != self.0.cols {
            bail!("{cols} activations for a matrix of width {}", self.0.cols);
        }
        let Some((start, end)) = layout.contiguous_offsets() else { bail!("activations must be contiguous") };
        let x = Activations::new(&storage.as_slice::<f32>()?[start..end], cols);
        let rows = self.0.rows;
        let mut by_row = vec![0.0; rows * tokens];
        self.0.fill(&x, &mut by_row);
        let out = if tokens == 1 { by_row } else { transpose(&by_row, rows, tokens) };
        Ok((CpuStorage::F32(out), Shape::from((tokens, rows))))
    }
}

/// `[rows, tokens]` to `[tokens, rows]`.
fn transpose(by_row: &[f32], rows: usize, tokens: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(by_row.len());
    for token in 0..tokens {
        out.extend(by_row.iter().skip(token).step_by(tokens));
    }
    debug_assert_eq!(out.len(), rows * tokens);
    out
}
