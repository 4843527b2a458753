//! What goes into a product and what comes out of it.

use half::f16;

use super::{BLOCK, GROUP, QUAD, QUADS};

/// The outputs of a group for one token.
pub(super) type Lanes = [f32; GROUP];

/// 32 neighbouring weights of a row.
#[derive(Clone, Copy)]
pub(in crate::slm) struct Block {
    pub(in crate::slm) scale: f16,
    pub(in crate::slm) values: [i8; BLOCK],
}

impl Block {
    pub(in crate::slm) const ZERO: Self = Self { scale: f16::ZERO, values: [0; BLOCK] };

    /// Bytes of a block in a file: a 16-bit scale and the values.
    pub(in crate::slm) const BYTES: usize = 2 + BLOCK;

    /// A block of a file.
    pub(in crate::slm) fn read(&[low, high, ref values @ ..]: &[u8; Self::BYTES]) -> Self {
        let mut block = Self { scale: f16::from_le_bytes([low, high]), ..Self::ZERO };
        block.values.iter_mut().zip(values).for_each(|(out, value)| *out = value.cast_signed());
        block
    }

    /// The numbers it stands for.
    pub(in crate::slm) fn values(&self) -> [f32; BLOCK] {
        let scale = self.scale.to_f32();
        self.values.map(|value| f32::from(value) * scale)
    }

    /// Quantises a row.
    pub(in crate::slm) fn quantise_row(row: &[f32], out: &mut [Self]) {
        for (values, out) in row.as_chunks::<BLOCK>().0.iter().zip(out) {
            let (scale, values) = quantise(values);
            *out = Self { scale: f16::from_f32(scale), values };
        }
    }
}

/// 32 neighbouring inputs of a token.
#[derive(Clone, Copy)]
pub(super) struct Inputs {
    pub(super) quads: [[i8; QUAD]; QUADS],
    pub(super) scale: f32,
    /// What a product with weights that are 128 too large has too much, negated.
    pub(super) excess: i32,
}

/// Quantised inputs of a product. Kept from one product to the next for its memory.
#[derive(Default)]
pub(in crate::slm) struct Activations {
    tokens: usize,
    /// Block by block, token by token.
    inputs: Vec<Inputs>,
}

impl Activations {
    /// Takes `x`, rows of `cols` values, one row per token.
    pub(in crate::slm) fn quantise(&mut self, x: &[f32], cols: usize) {
        self.tokens = x.len() / cols;
        self.inputs.clear();
        for block in 0..cols / BLOCK {
            let blocks = x.as_chunks::<BLOCK>().0.iter().skip(block).step_by(cols / BLOCK);
            self.inputs.extend(blocks.map(Inputs::new));
        }
    }

    /// Takes the outputs of another product.
    pub(in crate::slm) fn quantise_outputs(&mut self, outputs: &Outputs) {
        self.tokens = outputs.tokens;
        self.inputs.clear();
        for groups in outputs.lanes.chunks_exact(outputs.tokens * (BLOCK / GROUP)) {
            let (low, high) = groups.split_at(outputs.tokens);
            self.inputs.extend(low.iter().zip(high).map(|(low, high)| {
                let mut block = [0.0; BLOCK];
                block[..GROUP].copy_from_slice(low);
                block[GROUP..].copy_from_slice(high);
                Inputs::new(&block)
            }));
        }
    }

    pub(super) fn tokens(&self) -> usize {
        self.tokens
    }

    /// The tokens `first..first + N` of every block.
    pub(super) fn tile<const N: usize>(&self, first: usize) -> impl Iterator<Item = &[Inputs; N]> {
        self.inputs.chunks_exact(self.tokens).filter_map(move |block| block[first..].first_chunk())
    }
}

impl Inputs {
    fn new(values: &[f32; BLOCK]) -> Self {
        let (scale, values) = quantise(values);
        let mut quads = [[0; QUAD]; QUADS];
        quads.as_flattened_mut().copy_from_slice(&values);
        let sum: i32 = values.iter().map(|value| i32::from(*value)).sum();
        Self { quads, scale, excess: -128 * sum }
    }
}

/// Outputs of a product. Kept from one product to the next for its memory.
#[derive(Default)]
pub(in crate::slm) struct Outputs {
    tokens: usize,
    /// Group by group, token by token.
    lanes: Vec<Lanes>,
}

impl Outputs {
    /// Makes room. What is in it is left from before.
    pub(super) fn reset(&mut self, tokens: usize, groups: usize) -> &mut [Lanes] {
        self.tokens = tokens;
        self.lanes.resize(tokens * groups, [0.0; GROUP]);
        &mut self.lanes
    }

    /// The first `out.len()` outputs of a token.
    pub(in crate::slm) fn copy_row(&self, token: usize, out: &mut [f32]) {
        for (lanes, out) in self.lanes.iter().skip(token).step_by(self.tokens).zip(out.chunks_mut(GROUP)) {
            out.copy_from_slice(&lanes[..out.len()]);
        }
    }

    /// Adds the outputs of each token to its row of `width` values in `x`.
    pub(in crate::slm) fn add_to(&self, x: &mut [f32], width: usize) {
        for (token, row) in x.chunks_exact_mut(width).enumerate() {
            let lanes = self.lanes.iter().skip(token).step_by(self.tokens);
            for (lanes, row) in lanes.zip(row.chunks_mut(GROUP)) {
                row.iter_mut().zip(lanes).for_each(|(x, lane)| *x += lane);
            }
        }
    }
}

/// 1.5 * 2^23: added to a number below 2^22, it leaves the nearest integer in the low bits.
const ROUND: f32 = 12_582_912.0;

/// The scale of a block, and its values from -127 to 127. Not a number is as good as 0.
fn quantise(block: &[f32; BLOCK]) -> (f32, [i8; BLOCK]) {
    let mut largest = [0.0f32; 8];
    for values in block.as_chunks::<8>().0 {
        largest.iter_mut().zip(values).for_each(|(largest, value)| *largest = largest.max(value.abs()));
    }
    let scale = largest.into_iter().fold(0.0, f32::max) / 127.0;
    let inverse = if scale > 0.0 { scale.recip() } else { 0.0 };
    (scale, block.map(|value| (value * inverse + ROUND).to_bits() as i8))
}
