//! The product with AVX2, FMA and F16C.

use std::arch::x86_64::{
    __m128i, __m256, __m256i, _mm_loadu_si128, _mm256_abs_epi8, _mm256_add_epi32, _mm256_cvtepi32_ps,
    _mm256_cvtph_ps, _mm256_fmadd_ps, _mm256_load_si256, _mm256_madd_epi16, _mm256_maddubs_epi16,
    _mm256_mul_ps, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_ps,
    _mm256_setzero_si256, _mm256_sign_epi8, _mm256_storeu_ps,
};

use super::{Activations, GROUP, Group, Lanes, QUAD, Quads, Scales};

/// Rows of a register.
const HALF: usize = 8;

/// Tokens whose sums fit the sixteen registers.
const TILE: usize = 4;

/// Whether this processor can run [`dot`]. The standard library remembers the answer, and a build for
/// such processors knows it beforehand.
pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c")
}

/// See [`super::dot`].
///
/// # Safety
/// The processor must have AVX2, FMA and F16C.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn dot(group: Group<'_>, x: &Activations, first: usize, out: &mut [Lanes]) {
    for (part, out) in out.chunks_mut(TILE).enumerate() {
        let first = first + part * TILE;
        match out {
            [a] => tile(group, x, first, [a]),
            [a, b] => tile(group, x, first, [a, b]),
            [a, b, c] => tile(group, x, first, [a, b, c]),
            [a, b, c, d, ..] => tile(group, x, first, [a, b, c, d]),
            [] => {}
        }
    }
}

/// A group times `N` tokens, eight rows after the other eight.
#[target_feature(enable = "avx2,fma,f16c")]
fn tile<const N: usize>(group: Group<'_>, x: &Activations, first: usize, mut out: [&mut Lanes; N]) {
    for half in 0..GROUP / HALF {
        let totals = rows::<N>(group, x, first, half);
        for (out, total) in out.iter_mut().zip(totals) {
            store(out, half, total);
        }
    }
}

/// The multiply instruction wants one unsigned factor, so it is given |w|, and x with w's sign;
/// 2 * 128 * 127 fits its 16-bit sums.
#[target_feature(enable = "avx2,fma,f16c")]
fn rows<const N: usize>(group: Group<'_>, x: &Activations, first: usize, half: usize) -> [__m256; N] {
    let ones = _mm256_set1_epi16(1);
    let mut totals = [_mm256_setzero_ps(); N];
    for ((quads, scales), inputs) in group.quads.iter().zip(group.scales).zip(x.tile::<N>(first)) {
        let mut sums = [_mm256_setzero_si256(); N];
        for (index, quad) in quads.iter().enumerate() {
            let weights = load(quad, half);
            let magnitudes = _mm256_abs_epi8(weights);
            for (sum, inputs) in sums.iter_mut().zip(inputs) {
                let inputs = _mm256_sign_epi8(broadcast(inputs.quads[index]), weights);
                let pairs = _mm256_maddubs_epi16(magnitudes, inputs);
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
            }
        }
        let scales = widen(scales, half);
        for ((total, sum), inputs) in totals.iter_mut().zip(sums).zip(inputs) {
            let scales = _mm256_mul_ps(scales, _mm256_set1_ps(inputs.scale));
            *total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), scales, *total);
        }
    }
    totals
}

/// Four columns of eight rows.
#[target_feature(enable = "avx2")]
fn load(quads: &Quads, half: usize) -> __m256i {
    let rows: &[[i8; QUAD]; HALF] = &quads.0.as_chunks().0[half];
    // SAFETY: the array holds 32 bytes and is aligned to them, being one half of 64 aligned ones.
    unsafe { _mm256_load_si256(rows.as_ptr().cast()) }
}

/// Four columns of a token, for each of the eight rows.
#[target_feature(enable = "avx2")]
fn broadcast(inputs: [i8; QUAD]) -> __m256i {
    _mm256_set1_epi32(i32::from_le_bytes(inputs.map(i8::cast_unsigned)))
}

/// Eight scales as `f32`.
#[target_feature(enable = "avx2,f16c")]
fn widen(scales: &Scales, half: usize) -> __m256 {
    let scales: &[_; HALF] = &scales.as_chunks().0[half];
    // SAFETY: the array holds 16 bytes, and the load needs no alignment.
    let halves: __m128i = unsafe { _mm_loadu_si128(scales.as_ptr().cast()) };
    _mm256_cvtph_ps(halves)
}

/// Eight outputs.
#[target_feature(enable = "avx2")]
fn store(out: &mut Lanes, half: usize, lanes: __m256) {
    let out: &mut [f32; HALF] = &mut out.as_chunks_mut().0[half];
    // SAFETY: the array holds 32 bytes, and the store needs no alignment.
    unsafe { _mm256_storeu_ps(out.as_mut_ptr(), lanes) };
}
