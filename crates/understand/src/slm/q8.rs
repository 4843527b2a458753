//! Matrices of 8-bit weights and their product with a few tokens at a time.
//!
//! The format is GGML's Q8_0: each row is cut into blocks of 32 values that share one scale. Activations
//! are quantised the same way, once per product, and the sum over a block is exact integer arithmetic.
//!
//! Eight rows are interleaved four values at a time, so that one vector register holds the same four
//! columns of eight rows and its lanes add up to eight outputs without a horizontal sum. Each group of
//! rows is read from memory once for all tokens: candle's kernel reads every row once per token,
//! which makes a prompt of eight tokens cost eight times one.

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor, bail};
use half::f16;
use rayon::prelude::*;

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;

/// Values that share one scale.
const BLOCK: usize = 32;

/// Rows that are interleaved: the 32-bit lanes of a 256-bit register.
const GROUP: usize = 8;

/// Neighbouring columns of a row that stay together: the bytes that one instruction adds up in a lane.
const QUAD: usize = 4;

/// Most tokens that one pass over a group serves. Four integer and four float sums leave AVX2's sixteen
/// registers room for the weights and the temporaries.
const TILE: usize = 4;

/// Bytes of a Q8_0 block in a file: a 16-bit scale and the values.
const FILE_BLOCK: usize = 2 + BLOCK;

/// Groups given to a thread at a time: enough work (about 10 µs) to be worth handing over.
const GROUPS_PER_TASK: usize = 8;

/// Four neighbouring columns of eight rows, row by row.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Quads([[i8; QUAD]; GROUP]);

/// The scales of one block of eight rows.
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

/// Eight rows of a matrix.
#[derive(Clone, Copy)]
struct Group<'a> {
    quads: &'a [Quads],
    scales: &'a [Scales],
}

impl Q8Matrix {
    /// Takes a two-dimensional tensor of a GGUF file. Q8_0 is taken as it is, every other type is
    /// quantised anew.
    ///
    /// # Errors
    /// When the tensor is not a matrix or its rows are not a multiple of 32 values.
    pub fn from_tensor(tensor: &QTensor) -> Result<Self> {
        Self::stack(&[tensor])
    }

    /// Quantises a matrix of `f32` weights.
    ///
    /// # Errors
    /// As [`Q8Matrix::from_tensor`].
    pub fn from_weights(weights: &Tensor) -> Result<Self> {
        Self::from_tensor(&QTensor::quantize(weights, GgmlDType::Q8_0)?)
    }

    /// The rows of all `parts`, one below the other: projections of the same input in one product.
    ///
    /// # Errors
    /// As [`Q8Matrix::from_tensor`], or when the parts differ in width.
    pub fn stack(parts: &[&QTensor]) -> Result<Self> {
        let shapes: Vec<(usize, usize)> =
            parts.iter().map(|part| part.shape().dims2()).collect::<Result<_>>()?;
        let rows: usize = shapes.iter().map(|(rows, _)| rows).sum();
        let cols = shapes.first().map_or(0, |(_, cols)| *cols);
        if cols == 0 || !cols.is_multiple_of(BLOCK) || shapes.iter().any(|shape| shape.1 != cols) {
            bail!("rows of {shapes:?} cannot be cut into blocks of {BLOCK} and stacked");
        }
        let (groups, blocks) = (rows.div_ceil(GROUP), cols / BLOCK);
        let mut matrix = Self {
            rows,
            cols,
            quads: vec![Quads([[0; QUAD]; GROUP]); groups * cols / QUAD],
            scales: vec![[f16::ZERO; GROUP]; groups * blocks],
        };
        let mut first = 0;
        for (part, (rows, _)) in parts.iter().zip(&shapes) {
            match part.dtype() {
                GgmlDType::Q8_0 => matrix.put(first, &part.data()?)?,
                _ => {
                    let weights = part.dequantize(&Device::Cpu)?;
                    matrix.put(first, &QTensor::quantize(&weights, GgmlDType::Q8_0)?.data()?)?;
                }
            }
            first += rows;
        }
        Ok(matrix)
    }

    /// Interleaves the rows in `data`, from row `first` on.
    fn put(&mut self, first: usize, data: &[u8]) -> Result<()> {
        let blocks = self.cols / BLOCK;
        let (data, rest) = data.as_chunks::<FILE_BLOCK>();
        if !rest.is_empty() || !data.len().is_multiple_of(blocks) || first + data.len() / blocks > self.rows {
            bail!("the data is not {} rows of {} weights", self.rows - first, self.cols);
        }
        for (index, [low, high, values @ ..]) in data.iter().enumerate() {
            let (row, block) = (first + index / blocks, index % blocks);
            let (group, lane) = (row / GROUP, row % GROUP);
            self.scales[group * blocks + block][lane] = f16::from_le_bytes([*low, *high]);
            let quads = &mut self.quads[(group * blocks + block) * (BLOCK / QUAD)..];
            for (quad, values) in quads.iter_mut().zip(values.as_chunks::<QUAD>().0) {
                quad.0[lane] = values.map(u8::cast_signed);
            }
        }
        Ok(())
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
            let (group, lane) = self.locate(row)?;
            for (quads, scales) in group.quads.chunks_exact(BLOCK / QUAD).zip(group.scales) {
                let scale = scales[lane].to_f32();
                out.extend(quads.iter().flat_map(|quad| quad.0[lane]).map(|value| f32::from(value) * scale));
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
        let mut outputs = [[0.0; GROUP]];
        let one = |row: &u32| {
            let (group, lane) = self.locate(*row)?;
            dot(group, &x, 0, &mut outputs);
            Ok(outputs[0][lane])
        };
        rows.iter().map(one).collect()
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
        let (quads, blocks) = (self.cols / QUAD, self.cols / BLOCK);
        Group {
            quads: &self.quads[group * quads..][..quads],
            scales: &self.scales[group * blocks..][..blocks],
        }
    }

    /// All outputs for all tokens: `out[token][row]` for the rows of each task, one task after the other.
    fn fill(&self, x: &Activations, out: &mut [[f32; GROUP]]) {
        let groups = self.rows.div_ceil(GROUP);
        out.par_chunks_mut(GROUPS_PER_TASK * x.tokens).enumerate().for_each(|(task, out)| {
            let first = task * GROUPS_PER_TASK;
            let width = GROUPS_PER_TASK.min(groups - first);
            let mut outputs = [[0.0; GROUP]; TILE];
            for index in 0..width {
                let group = self.group(first + index);
                for token in (0..x.tokens).step_by(TILE) {
                    let outputs = &mut outputs[..TILE.min(x.tokens - token)];
                    dot(group, x, token, outputs);
                    for (offset, output) in outputs.iter().enumerate() {
                        out[(token + offset) * width + index] = *output;
                    }
                }
            }
        });
    }
}

/// Quantised inputs of a product.
struct Activations {
    tokens: usize,
    /// Token by token, column by column.
    quads: Vec<[i8; QUAD]>,
    /// Token by token, block by block.
    scales: Vec<f32>,
}

impl Activations {
    /// Quantises `x`, whose length is a multiple of `cols`.
    fn new(x: &[f32], cols: usize) -> Self {
        let mut quads = Vec::with_capacity(x.len() / QUAD);
        let mut scales = Vec::with_capacity(x.len() / BLOCK);
        for block in x.as_chunks::<BLOCK>().0 {
            let largest = block.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
            let scale = largest / 127.0;
            let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            scales.push(scale);
            let values = block.map(|value| (value * inverse).round_ties_even() as i8);
            quads.extend_from_slice(values.as_chunks::<QUAD>().0);
        }
        Self { tokens: x.len() / cols, quads, scales }
    }

    /// The values and scales of a token, given how many blocks each has.
    fn token(&self, token: usize, blocks: usize) -> (&[[i8; QUAD]], &[f32]) {
        let quads = blocks * (BLOCK / QUAD);
        (&self.quads[token * quads..][..quads], &self.scales[token * blocks..][..blocks])
    }
}

/// The outputs of a group for the tokens `first..first + out.len()`, at most [`TILE`].
fn dot(group: Group<'_>, x: &Activations, first: usize, out: &mut [[f32; GROUP]]) {
    #[cfg(target_arch = "x86_64")]
    if avx2::available() {
        // SAFETY: the processor has the instructions.
        unsafe { avx2::dot(group, x, first, out) };
        return;
    }
    portable::dot(group, x, first, out);
}

/// The product as an operation on candle tensors.
struct Product<'a>(&'a Q8Matrix);

impl CustomOp1 for Product<'_> {
    fn name(&self) -> &'static str {
        "q8-product"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let Q8Matrix { rows, cols, .. } = *self.0;
        let (tokens, width) = layout.shape().dims2()?;
        if width != cols {
            bail!("{width} activations for a matrix of width {cols}");
        }
        let Some((start, end)) = layout.contiguous_offsets() else { bail!("activations must be contiguous") };
        let x = Activations::new(&storage.as_slice::<f32>()?[start..end], cols);
        let groups = rows.div_ceil(GROUP);
        let mut by_task = vec![[0.0; GROUP]; groups * tokens];
        self.0.fill(&x, &mut by_task);
        let mut out = Vec::with_capacity(groups * GROUP * tokens);
        for token in 0..tokens {
            for task in by_task.chunks(GROUPS_PER_TASK * tokens) {
                let width = task.len() / tokens;
                out.extend_from_slice(task[token * width..][..width].as_flattened());
            }
            out.truncate((token + 1) * rows);
        }
        Ok((CpuStorage::F32(out), Shape::from((tokens, rows))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reproducible numbers in -1.0..1.0.
    fn noise(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0).collect()
    }

    fn matrix(rows: usize, cols: usize) -> (Q8Matrix, Vec<f32>) {
        let weights = Tensor::from_vec(noise(rows * cols, 1), (rows, cols), &Device::Cpu).unwrap();
        let tensor = QTensor::quantize(&weights, GgmlDType::Q8_0).unwrap();
        let exact = tensor.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        (Q8Matrix::from_tensor(&tensor).unwrap(), exact)
    }

    #[test]
    fn products_are_those_of_the_weights_for_any_number_of_rows_and_tokens() {
        for (rows, cols, tokens) in [(1, 32, 1), (8, 64, 4), (13, 96, 5), (131, 576, 9)] {
            let (matrix, weights) = matrix(rows, cols);
            let inputs = noise(tokens * cols, 2);
            let x = Tensor::from_vec(inputs.clone(), (tokens, cols), &Device::Cpu).unwrap();
            let out: Vec<Vec<f32>> = matrix.product(&x).unwrap().to_vec2().unwrap();
            for (token, out) in out.iter().enumerate() {
                assert_eq!(out.len(), rows);
                for (row, out) in out.iter().enumerate() {
                    let pairs = weights[row * cols..][..cols].iter().zip(&inputs[token * cols..]);
                    let exact: f32 = pairs.map(|(a, b)| a * b).sum();
                    assert!((out - exact).abs() < 0.01 * (cols as f32).sqrt(), "{rows} {cols} {token} {row}");
                }
            }
        }
    }

    #[test]
    fn every_kernel_gives_the_same() {
        let (matrix, _) = matrix(8, 576);
        let x = Activations::new(&noise(4 * 576, 3), 576);
        let run = |kernel: &dyn Fn(Group<'_>, &mut [[f32; GROUP]])| {
            (1..=TILE)
                .map(|tokens| {
                    let mut out = vec![[0.0; GROUP]; tokens];
                    kernel(matrix.group(0), &mut out);
                    out
                })
                .collect::<Vec<_>>()
        };
        let expected = run(&|group, out| portable::dot(group, &x, 0, out));
        let check = |other: Vec<Vec<[f32; GROUP]>>| {
            for (a, b) in other.iter().flatten().flatten().zip(expected.iter().flatten().flatten()) {
                assert!((a - b).abs() < 1e-4, "{a} instead of {b}");
            }
        };
        #[cfg(target_arch = "x86_64")]
        if avx2::available() {
            // SAFETY: the processor has the instructions.
            check(run(&|group, out| unsafe { avx2::dot(group, &x, 0, out) }));
        }
        check(run(&|group, out| dot(group, &x, 0, out)));
    }

    #[test]
    fn rows_can_be_looked_up_and_multiplied_alone() {
        let (matrix, weights) = matrix(20, 64);
        let rows: Vec<Vec<f32>> = matrix.gather(&[19, 0]).unwrap().to_vec2().unwrap();
        assert_eq!(rows, [&weights[19 * 64..], &weights[..64]]);
        assert!(matrix.gather(&[20]).is_err());
        let x = noise(64, 4);
        let tensor = Tensor::from_vec(x.clone(), (1, 64), &Device::Cpu).unwrap();
        let whole: Vec<Vec<f32>> = matrix.product(&tensor).unwrap().to_vec2().unwrap();
        assert_eq!(matrix.product_rows(&x, &[19, 3]).unwrap(), [whole[0][19], whole[0][3]]);
        assert!(matrix.product_rows(&x[1..], &[0]).is_err());
    }

    #[test]
    fn odd_shapes_are_refused() {
        let zeros = |rows, cols| Tensor::zeros((rows, cols), candle_core::DType::F32, &Device::Cpu).unwrap();
        assert!(Q8Matrix::from_weights(&zeros(2, 33)).is_err());
        let part = |cols| QTensor::quantize(&zeros(2, cols), GgmlDType::Q8_0).unwrap();
        assert!(Q8Matrix::stack(&[&part(32), &part(64)]).is_err());
        assert!(Q8Matrix::stack(&[]).is_err());
        assert!(matrix(2, 32).0.product(&zeros(1, 64)).is_err());
    }
}
