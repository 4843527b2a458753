//! The product without special instructions.

use super::{Activations, BLOCK, GROUP, Group, QUAD};

/// See [`super::dot`].
pub(super) fn dot(group: Group<'_>, x: &Activations, first: usize, out: &mut [[f32; GROUP]]) {
    let blocks = group.scales.len();
    for (token, out) in out.iter_mut().enumerate() {
        let (inputs, input_scales) = x.token(first + token, blocks);
        *out = [0.0; GROUP];
        let quads = group.quads.as_chunks::<{ BLOCK / QUAD }>().0.iter();
        let inputs = inputs.as_chunks::<{ BLOCK / QUAD }>().0.iter();
        for (((quads, inputs), scales), input_scale) in quads.zip(inputs).zip(group.scales).zip(input_scales)
        {
            let mut sums = [0i32; GROUP];
            for (quad, input) in quads.iter().zip(inputs) {
                for (sum, weights) in sums.iter_mut().zip(quad.0) {
                    *sum +=
                        weights.iter().zip(input).map(|(&w, &x)| i32::from(w) * i32::from(x)).sum::<i32>();
                }
            }
            for ((out, sum), scale) in out.iter_mut().zip(sums).zip(scales) {
                *out += sum as f32 * (scale.to_f32() * input_scale);
            }
        }
    }
}
