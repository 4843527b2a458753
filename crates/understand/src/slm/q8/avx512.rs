//! The product with the 8-bit dot product instruction (AVX-512 VNNI on 256-bit registers).

use std::arch::x86_64::{
    _mm256_cvtepi32_ps, _mm256_dpbusd_epi32, _mm256_fmadd_ps, _mm256_mul_ps, _mm256_set1_epi8,
    _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_sub_epi32, _mm256_xor_si256,
};

use super::avx2::{broadcast, load, store, widen};
use super::{Activations, BLOCK, GROUP, Group, QUAD};

/// Whether this processor can run [`dot`].
pub(super) fn available() -> bool {
    super::avx2::available() && is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512vl")
}

/// See [`super::dot`].
///
/// # Safety
/// The processor must have AVX2, FMA, F16C, and AVX-512 VNNI and VL.
#[target_feature(enable = "avx2,fma,f16c,avx512vnni,avx512vl")]
pub(super) fn dot(group: Group<'_>, x: &Activations, first: usize, out: &mut [[f32; GROUP]]) {
    match out {
        [a] => tile(group, x, first, [a]),
        [a, b] => tile(group, x, first, [a, b]),
        [a, b, c] => tile(group, x, first, [a, b, c]),
        [a, b, c, d, ..] => tile(group, x, first, [a, b, c, d]),
        [] => {}
    }
}

/// A group times `N` tokens. The instruction wants one unsigned factor: flipping the top bit adds 128
/// to x, and 128 times the weights' sum is taken off again.
#[target_feature(enable = "avx2,fma,f16c,avx512vnni,avx512vl")]
fn tile<const N: usize>(group: Group<'_>, x: &Activations, first: usize, out: [&mut [f32; GROUP]; N]) {
    let top = _mm256_set1_epi8(i8::MIN);
    let tokens = std::array::from_fn::<_, N, _>(|token| {
        let (inputs, scales) = x.token(first + token, group.scales.len());
        (inputs.as_chunks::<{ BLOCK / QUAD }>().0, scales)
    });
    let mut totals = [_mm256_setzero_ps(); N];
    let blocks = group.quads.as_chunks::<{ BLOCK / QUAD }>().0.iter().zip(group.scales);
    for (block, (quads, scales)) in blocks.enumerate() {
        let inputs = tokens.map(|(inputs, _)| &inputs[block]);
        let mut sums = [_mm256_setzero_si256(); N];
        let mut excess = _mm256_setzero_si256();
        for (index, quad) in quads.iter().enumerate() {
            let weights = load(quad);
            excess = _mm256_dpbusd_epi32(excess, top, weights);
            for (sum, inputs) in sums.iter_mut().zip(inputs) {
                let inputs = _mm256_xor_si256(broadcast(inputs[index]), top);
                *sum = _mm256_dpbusd_epi32(*sum, inputs, weights);
            }
        }
        let scales = widen(scales);
        for ((total, sum), (_, input_scales)) in totals.iter_mut().zip(sums).zip(tokens) {
            let scales = _mm256_mul_ps(scales, _mm256_set1_ps(input_scales[block]));
            *total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(sum, excess)), scales, *total);
        }
    }
    for (out, total) in out.into_iter().zip(totals) {
        store(out, total);
    }
}
