//! The product with AVX-512 and its instructions for neural networks (VNNI).

use std::arch::x86_64::{
    __m512, __m512i, _mm256_loadu_si256, _mm512_cvtepi32_ps, _mm512_cvtph_ps, _mm512_dpbusd_epi32,
    _mm512_fmadd_ps, _mm512_load_si512, _mm512_mul_ps, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_setzero_ps, _mm512_storeu_ps, _mm512_xor_si512,
};

use super::{Activations, Group, Lanes, QUAD, Quads, Scales};

/// Whether this processor can run [`dot`]. The standard library remembers the answer.
pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni")
}

/// See [`super::dot`].
///
/// # Safety
/// The processor must have AVX-512F and AVX-512VNNI.
#[target_feature(enable = "avx512f,avx512vnni")]
pub(super) fn dot(group: Group<'_>, x: &Activations, first: usize, out: &mut [Lanes]) {
    match out {
        [a] => tile(group, x, first, [a]),
        [a, b] => tile(group, x, first, [a, b]),
        [a, b, c] => tile(group, x, first, [a, b, c]),
        [a, b, c, d] => tile(group, x, first, [a, b, c, d]),
        [a, b, c, d, e] => tile(group, x, first, [a, b, c, d, e]),
        [a, b, c, d, e, f] => tile(group, x, first, [a, b, c, d, e, f]),
        [a, b, c, d, e, f, g] => tile(group, x, first, [a, b, c, d, e, f, g]),
        [a, b, c, d, e, f, g, h, ..] => tile(group, x, first, [a, b, c, d, e, f, g, h]),
        [] => {}
    }
}

/// A group times `N` tokens. The multiply instruction wants unsigned weights: with the sign bit turned over they
/// are 128 too large, and the sums start with what that adds, negated.
#[target_feature(enable = "avx512f,avx512vnni")]
fn tile<const N: usize>(group: Group<'_>, x: &Activations, first: usize, out: [&mut Lanes; N]) {
    let sign = _mm512_set1_epi8(i8::MIN);
    let mut totals = [_mm512_setzero_ps(); N];
    for ((quads, scales), inputs) in group.quads.iter().zip(group.scales).zip(x.tile::<N>(first)) {
        let mut sums = [sign; N];
        for (sum, inputs) in sums.iter_mut().zip(inputs) {
            *sum = _mm512_set1_epi32(inputs.excess);
        }
        for (index, quad) in quads.iter().enumerate() {
            let weights = _mm512_xor_si512(load(quad), sign);
            for (sum, inputs) in sums.iter_mut().zip(inputs) {
                *sum = _mm512_dpbusd_epi32(*sum, weights, broadcast(inputs.quads[index]));
            }
        }
        let scales = widen(scales);
        for ((total, sum), inputs) in totals.iter_mut().zip(sums).zip(inputs) {
            let scales = _mm512_mul_ps(scales, _mm512_set1_ps(inputs.scale));
            *total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scales, *total);
        }
    }
    for (out, total) in out.into_iter().zip(totals) {
        store(out, total);
    }
}

/// Four columns of sixteen rows.
#[target_feature(enable = "avx512f")]
fn load(quads: &Quads) -> __m512i {
    // SAFETY: the type holds 64 bytes and is aligned to them.
    unsafe { _mm512_load_si512(std::ptr::from_ref(quads).cast()) }
}

/// Four columns of a token, for each of the sixteen rows.
#[target_feature(enable = "avx512f")]
fn broadcast(inputs: [i8; QUAD]) -> __m512i {
    _mm512_set1_epi32(i32::from_le_bytes(inputs.map(i8::cast_unsigned)))
}

/// Sixteen scales as `f32`.
#[target_feature(enable = "avx512f")]
fn widen(scales: &Scales) -> __m512 {
    // SAFETY: the array holds 32 bytes, and the load needs no alignment.
    let halves = unsafe { _mm256_loadu_si256(scales.as_ptr().cast()) };
    _mm512_cvtph_ps(halves)
}

/// Sixteen outputs.
#[target_feature(enable = "avx512f")]
fn store(out: &mut Lanes, lanes: __m512) {
    // SAFETY: the array holds 64 bytes, and the store needs no alignment.
    unsafe { _mm512_storeu_ps(out.as_mut_ptr(), lanes) };
}
