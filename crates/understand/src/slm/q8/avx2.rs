//! The product with AVX2 and FMA.

use std::arch::x86_64::{
    __m256, __m256i, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_movehl_ps, _mm_shuffle_ps, _mm256_abs_epi8,
    _mm256_castps256_ps128, _mm256_cvtepi32_ps, _mm256_extractf128_ps, _mm256_fmadd_ps, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_set1_ps, _mm256_setzero_ps,
    _mm256_sign_epi8,
};

use super::{Activations, BLOCK};

/// Whether this processor can run [`dot`]. The look-up is cached by the standard library, and is
/// decided at compile time when the build targets such a processor.
pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// See [`super::dot`].
///
/// # Safety
/// The processor must have AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub(super) fn dot(values: &[i8], scales: &[f32], x: &Activations, first: usize, out: &mut [f32]) {
    match out.len() {
        1 => tile::<1>(values, scales, x, first, out),
        2 => tile::<2>(values, scales, x, first, out),
        3 => tile::<3>(values, scales, x, first, out),
        4 => tile::<4>(values, scales, x, first, out),
        5 => tile::<5>(values, scales, x, first, out),
        6 => tile::<6>(values, scales, x, first, out),
        7 => tile::<7>(values, scales, x, first, out),
        _ => tile::<8>(values, scales, x, first, out),
    }
}

/// One weight row times `N` tokens. The multiply instruction wants one unsigned factor, so it is
/// given |w| and x with w's sign; 2 * 127 * 127 fits its 16-bit sums.
#[target_feature(enable = "avx2,fma")]
fn tile<const N: usize>(values: &[i8], scales: &[f32], x: &Activations, first: usize, out: &mut [f32]) {
    let ones = _mm256_set1_epi16(1);
    let tokens: [(&[i8], &[f32]); N] = std::array::from_fn(|token| x.token(first + token));
    let mut sums = [_mm256_setzero_ps(); N];
    for (block, (values, scale)) in values.chunks_exact(BLOCK).zip(scales).enumerate() {
        let weights = load(values);
        let magnitudes = _mm256_abs_epi8(weights);
        for (sum, (inputs, input_scales)) in sums.iter_mut().zip(&tokens) {
            let inputs = load(&inputs[block * BLOCK..][..BLOCK]);
            let pairs = _mm256_maddubs_epi16(magnitudes, _mm256_sign_epi8(inputs, weights));
            let quads = _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, ones));
            *sum = _mm256_fmadd_ps(quads, _mm256_set1_ps(scale * input_scales[block]), *sum);
        }
    }
    for (out, sum) in out.iter_mut().zip(sums) {
        *out = horizontal(sum);
    }
}

/// The 32 values of a block.
#[target_feature(enable = "avx2")]
fn load(block: &[i8]) -> __m256i {
    assert_eq!(block.len(), BLOCK);
    // SAFETY: the slice holds 32 bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(block.as_ptr().cast()) }
}

/// Sum of the eight lanes.
#[target_feature(enable = "avx2")]
fn horizontal(lanes: __m256) -> f32 {
    let four = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps::<1>(lanes));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
}
