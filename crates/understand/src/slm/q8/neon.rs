//! The product with NEON, which every 64-bit ARM processor has.

use std::arch::aarch64::{
    float32x4_t, int8x16_t, int32x4_t, vaddq_f32, vcvt_f32_f16, vcvtq_f32_s32, vdupq_n_f32, vdupq_n_s32,
    vget_low_s8, vld1_u16, vld1q_s8, vmull_high_s8, vmull_s8, vmulq_f32, vmulq_n_f32, vpadalq_s16,
    vpaddq_s16, vreinterpret_f16_u16, vreinterpretq_s8_s32, vst1q_f32,
};

use super::{Activations, GROUP, Group, Inputs, Lanes, QUAD, QUADS, Quads, Scales};

pub(super) mod dot_product;

/// Rows of a register.
const ROWS: usize = 4;

/// Registers of rows that are gone over together.
const PARTS: usize = 2;

/// Tokens whose sums, for eight rows, fit the 32 registers.
const TILE: usize = 4;

/// Sums of eight rows for `N` tokens.
type Sums<const N: usize> = [[int32x4_t; PARTS]; N];

/// See [`super::dot`].
pub(super) fn dot(group: Group<'_>, x: &Activations, first: usize, out: &mut [Lanes]) {
    for (part, out) in out.chunks_mut(TILE).enumerate() {
        let first = first + part * TILE;
        match out {
            [a] => tile(group, x, first, [a], add),
            [a, b] => tile(group, x, first, [a, b], add),
            [a, b, c] => tile(group, x, first, [a, b, c], add),
            [a, b, c, d, ..] => tile(group, x, first, [a, b, c, d], add),
            [] => {}
        }
    }
}

/// A group times `N` tokens, eight rows after the other eight. `add` adds the products of a block, for the rows
/// of one half of the group. All of it has to end up in one function, so that the sums stay in registers.
#[inline(always)]
fn tile<const N: usize>(
    group: Group<'_>,
    x: &Activations,
    first: usize,
    mut out: [&mut Lanes; N],
    add: impl Fn(&mut Sums<N>, &[Quads; QUADS], usize, &[Inputs; N]),
) {
    for half in 0..GROUP / (ROWS * PARTS) {
        let mut totals = [[vdupq_n_f32(0.0); PARTS]; N];
        for ((quads, scales), inputs) in group.quads.iter().zip(group.scales).zip(x.tile::<N>(first)) {
            let mut sums = [[vdupq_n_s32(0); PARTS]; N];
            add(&mut sums, quads, half, inputs);
            for part in 0..PARTS {
                let scales = widen(scales, PARTS * half + part);
                for ((totals, sums), inputs) in totals.iter_mut().zip(&sums).zip(inputs) {
                    let scales = vmulq_n_f32(scales, inputs.scale);
                    let products = vmulq_f32(vcvtq_f32_s32(sums[part]), scales);
                    totals[part] = vaddq_f32(totals[part], products);
                }
            }
        }
        for (out, totals) in out.iter_mut().zip(totals) {
            for (part, total) in totals.into_iter().enumerate() {
                store(out, PARTS * half + part, total);
            }
        }
    }
}

/// The products of a block in 16 bits, two by two: 2 * 128 * 127 fits.
#[inline(always)]
fn add<const N: usize>(sums: &mut Sums<N>, quads: &[Quads; QUADS], half: usize, inputs: &[Inputs; N]) {
    for (index, quad) in quads.iter().enumerate() {
        for part in 0..PARTS {
            let weights = load(quad, PARTS * half + part);
            for (sums, inputs) in sums.iter_mut().zip(inputs) {
                let inputs = broadcast(inputs.quads[index]);
                let low = vmull_s8(vget_low_s8(weights), vget_low_s8(inputs));
                let pairs = vpaddq_s16(low, vmull_high_s8(weights, inputs));
                sums[part] = vpadalq_s16(sums[part], pairs);
            }
        }
    }
}

/// Four columns of the four rows from `ROWS * part` on.
#[inline(always)]
fn load(quads: &Quads, part: usize) -> int8x16_t {
    let rows: &[[i8; QUAD]; ROWS] = &quads.0.as_chunks().0[part];
    // SAFETY: the array holds 16 bytes, and the load needs no alignment.
    unsafe { vld1q_s8(rows.as_ptr().cast()) }
}

/// Four columns of a token, for each of the four rows.
#[inline(always)]
fn broadcast(inputs: [i8; QUAD]) -> int8x16_t {
    vreinterpretq_s8_s32(vdupq_n_s32(i32::from_le_bytes(inputs.map(i8::cast_unsigned))))
}

/// Four scales as `f32`.
#[inline(always)]
fn widen(scales: &Scales, part: usize) -> float32x4_t {
    let scales: &[_; ROWS] = &scales.as_chunks().0[part];
    // SAFETY: the array holds 8 bytes, and the load needs no alignment.
    vcvt_f32_f16(vreinterpret_f16_u16(unsafe { vld1_u16(scales.as_ptr().cast()) }))
}

/// Four outputs.
#[inline(always)]
fn store(out: &mut Lanes, part: usize, lanes: float32x4_t) {
    let out: &mut [f32; ROWS] = &mut out.as_chunks_mut().0[part];
    // SAFETY: the array holds 16 bytes, and the store needs no alignment.
    unsafe { vst1q_f32(out.as_mut_ptr(), lanes) };
}
