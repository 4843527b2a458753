//! The product with the instructions that ARM added for it (`dotprod`): four times fewer than plain NEON.

use std::arch::aarch64::{int8x16_t, int32x4_t, vld1q_s8};
use std::arch::{asm, is_aarch64_feature_detected};

use super::{Activations, Group, Inputs, Lanes, PARTS, QUAD, QUADS, Quads, Sums, TILE, load, tile};

/// Quads of inputs in a register.
const LANES: usize = 4;

/// Whether this processor can run [`dot`]. The standard library remembers the answer.
pub(in crate::slm::q8) fn available() -> bool {
    is_aarch64_feature_detected!("dotprod")
}

/// See [`crate::slm::q8::dot`].
///
/// # Safety
/// The processor must have the dot product instructions.
#[target_feature(enable = "dotprod")]
pub(in crate::slm::q8) fn dot(group: Group<'_>, x: &Activations, first: usize, out: &mut [Lanes]) {
    for (part, out) in out.chunks_mut(TILE).enumerate() {
        let first = first + part * TILE;
        match out {
            [a] => tile(group, x, first, [a], |s, q, h, i| add(s, q, h, i)),
            [a, b] => tile(group, x, first, [a, b], |s, q, h, i| add(s, q, h, i)),
            [a, b, c] => tile(group, x, first, [a, b, c], |s, q, h, i| add(s, q, h, i)),
            [a, b, c, d, ..] => tile(group, x, first, [a, b, c, d], |s, q, h, i| add(s, q, h, i)),
            [] => {}
        }
    }
}

#[inline]
#[target_feature(enable = "dotprod")]
fn add<const N: usize>(sums: &mut Sums<N>, quads: &[Quads; QUADS], half: usize, inputs: &[Inputs; N]) {
    for (index, quads) in quads.as_chunks::<LANES>().0.iter().enumerate() {
        let inputs = inputs.each_ref().map(|inputs| load_inputs(&inputs.quads.as_chunks().0[index]));
        add_lane::<0, N>(sums, &quads[0], half, &inputs);
        add_lane::<1, N>(sums, &quads[1], half, &inputs);
        add_lane::<2, N>(sums, &quads[2], half, &inputs);
        add_lane::<3, N>(sums, &quads[3], half, &inputs);
    }
}

#[inline]
#[target_feature(enable = "dotprod")]
fn add_lane<const LANE: usize, const N: usize>(
    sums: &mut Sums<N>,
    quads: &Quads,
    half: usize,
    inputs: &[int8x16_t; N],
) {
    for part in 0..PARTS {
        let weights = load(quads, PARTS * half + part);
        for (sums, inputs) in sums.iter_mut().zip(inputs) {
            sums[part] = dot_by_lane::<LANE>(sums[part], weights, *inputs);
        }
    }
}

/// Adds to each of four sums the product of four weights with the four inputs in `LANE`. The standard library
/// has this instruction (`vdotq_laneq_s32`) for nightly compilers only.
#[inline]
#[target_feature(enable = "dotprod")]
fn dot_by_lane<const LANE: usize>(mut sums: int32x4_t, weights: int8x16_t, inputs: int8x16_t) -> int32x4_t {
    // SAFETY: the processor has the instruction, and it touches registers alone.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {weights:v}.16b, {inputs:v}.4b[{lane}]",
            sums = inout(vreg) sums,
            weights = in(vreg) weights,
            inputs = in(vreg) inputs,
            lane = const LANE,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// Sixteen columns of a token.
#[inline(always)]
fn load_inputs(quads: &[[i8; QUAD]; LANES]) -> int8x16_t {
    // SAFETY: the array holds 16 bytes, and the load needs no alignment.
    unsafe { vld1q_s8(quads.as_ptr().cast()) }
}
