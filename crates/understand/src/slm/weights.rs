//! Weights of a model file, with what an adapter adds, on their way into the form that is computed with.

use candle_core::Device;
use candle_core::quantized::GgmlDType;
use carvoice_core::engine::EngineError;

use super::adapter::{Adapter, LowRank};
use super::dimensions::Dimensions;
use super::gguf::{Gguf, Source, broken};
use super::q8::{BLOCK, Block, Q8Matrix};

/// A projection as it is in the file, with its adapter.
struct Projection {
    rows: usize,
    cols: usize,
    base: Base,
    adapter: Option<LowRank>,
}

enum Base {
    /// Blocks of Q8_0.
    Blocks(Vec<u8>),
    /// Any other format, as numbers.
    Values(Vec<f32>),
}

impl Projection {
    fn load<S: Source>(gguf: &Gguf<S>, adapter: Option<&Adapter>, name: &str) -> Result<Self, EngineError> {
        let Some(&[rows, cols]) = gguf.metadata().tensor_shape(name) else {
            return Err(broken(format!("tensor {name} is not a matrix")));
        };
        let base = match gguf.format(name)? {
            GgmlDType::Q8_0 => Base::Blocks(gguf.data(name)?),
            _ => Base::Values(values(gguf, name)?),
        };
        let adapter = adapter.map_or(Ok(None), |adapter| adapter.low_rank(name))?;
        Ok(Self { rows, cols, base, adapter })
    }

    /// Writes a row. What the adapter changes is quantised once, after the sum.
    fn fill(&self, row: usize, out: &mut [Block]) {
        let blocks = self.cols / BLOCK;
        match (&self.base, &self.adapter) {
            (Base::Blocks(data), None) => {
                out.iter_mut().zip(read_blocks(data, row, blocks)).for_each(|(out, block)| *out = block);
            }
            (Base::Values(values), None) => {
                Block::quantise_row(&values[row * self.cols..][..self.cols], out);
            }
            (base, Some(adapter)) => {
                let mut values = match base {
                    Base::Blocks(data) => {
                        read_blocks(data, row, blocks).flat_map(|block| block.values()).collect()
                    }
                    Base::Values(values) => values[row * self.cols..][..self.cols].to_vec(),
                };
                adapter.add_row(row, &mut values);
                Block::quantise_row(&values, out);
            }
        }
    }
}

/// The blocks of a row among rows of so many.
fn read_blocks(data: &[u8], row: usize, blocks: usize) -> impl Iterator<Item = Block> {
    data.as_chunks::<{ Block::BYTES }>().0[row * blocks..][..blocks].iter().map(Block::read)
}

/// The projections of these names of `layer`, one below the other, in one matrix.
///
/// # Errors
/// [`EngineError::Model`] when a tensor cannot be read or the shapes do not fit.
pub(super) fn stacked<S: Source>(
    gguf: &Gguf<S>,
    adapter: Option<&Adapter>,
    layer: usize,
    names: &[&str],
) -> Result<Q8Matrix, EngineError> {
    let parts = projections(gguf, adapter, layer, names)?;
    let cols = parts.first().map_or(0, |part| part.cols);
    let rows = parts.iter().map(|part| part.rows).sum();
    let matrix = Q8Matrix::build(rows, cols, |mut row, out| {
        for part in &parts {
            if row < part.rows {
                return part.fill(row, out);
            }
            row -= part.rows;
        }
    });
    matrix.map_err(broken)
}

/// Gate and up projection of `layer`, for [`Q8Matrix::multiply_gated`].
///
/// # Errors
/// As [`stacked`].
pub(super) fn gated<S: Source>(
    gguf: &Gguf<S>,
    adapter: Option<&Adapter>,
    layer: usize,
    d: &Dimensions,
) -> Result<Q8Matrix, EngineError> {
    let parts = projections(gguf, adapter, layer, d.gate_tensors())?;
    let matrix = Q8Matrix::build(2 * d.feed_forward, d.hidden, |row, out| {
        let (is_gate, row) = Q8Matrix::alternating(row);
        match parts.as_slice() {
            [joint] => joint.fill(if is_gate { row } else { d.feed_forward + row }, out),
            [gate, up, ..] => (if is_gate { gate } else { up }).fill(row, out),
            [] => {}
        }
    });
    matrix.map_err(broken)
}

fn projections<S: Source>(
    gguf: &Gguf<S>,
    adapter: Option<&Adapter>,
    layer: usize,
    names: &[&str],
) -> Result<Vec<Projection>, EngineError> {
    names.iter().map(|name| Projection::load(gguf, adapter, &format!("blk.{layer}.{name}.weight"))).collect()
}

/// A matrix that no adapter changes.
///
/// # Errors
/// As [`stacked`].
pub(super) fn matrix<S: Source>(gguf: &Gguf<S>, name: &str) -> Result<Q8Matrix, EngineError> {
    let part = Projection::load(gguf, None, name)?;
    Q8Matrix::build(part.rows, part.cols, |row, out| part.fill(row, out))
        .map_err(|error| broken(format!("tensor {name}: {error}")))
}

/// All numbers of a tensor.
///
/// # Errors
/// [`EngineError::Model`] when it is missing or damaged.
pub(super) fn values<S: Source>(gguf: &Gguf<S>, name: &str) -> Result<Vec<f32>, EngineError> {
    let tensor = gguf.tensor(name)?;
    let values = tensor.dequantize(&Device::Cpu).and_then(|tensor| tensor.flatten_all()?.to_vec1());
    values.map_err(|error| broken(format!("tensor {name}: {error}")))
}
