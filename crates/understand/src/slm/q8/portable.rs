//! The product without special instructions.

use super::{Activations, BLOCK};

/// See [`super::dot`].
pub(super) fn dot(values: &[i8], scales: &[f32], x: &Activations, first: usize, out: &mut [f32]) {
    for (token, out) in out.iter_mut().enumerate() {
        let (inputs, input_scales) = x.token(first + token);
        *out = values
            .chunks_exact(BLOCK)
            .zip(inputs.chunks_exact(BLOCK))
            .zip(scales.iter().zip(input_scales))
            .map(|((values, inputs), (scale, input_scale))| {
                let sum: i32 = values.iter().zip(inputs).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum();
                sum as f32 * (scale * input_scale)
            })
            .sum();
    }
}
