//! The product without special instructions, in a form that compilers turn into vector code.

use super::{Activations, GROUP, Group, Lanes};

/// See [`super::dot`].
pub(super) fn dot(group: Group<'_>, x: &Activations, first: usize, out: &mut [Lanes]) {
    for (token, out) in out.iter_mut().enumerate() {
        *out = [0.0; GROUP];
        let blocks = group.quads.iter().zip(group.scales).zip(x.tile::<1>(first + token));
        for ((quads, scales), [inputs]) in blocks {
            let mut sums = [0i32; GROUP];
            for (quad, inputs) in quads.iter().zip(&inputs.quads) {
                let inputs = inputs.map(i16::from);
                for (sum, weights) in sums.iter_mut().zip(quad.0) {
                    let weights = weights.map(i16::from);
                    // Inputs are never -128, so two products of bytes fit 16 bits, and nothing wraps.
                    let product = |i: usize| weights[i].wrapping_mul(inputs[i]);
                    let pair = |i| i32::from(product(i).wrapping_add(product(i + 1)));
                    *sum = sum.wrapping_add(pair(0)).wrapping_add(pair(2));
                }
            }
            for ((out, sum), scale) in out.iter_mut().zip(sums).zip(scales) {
                *out += sum as f32 * (scale.to_f32() * inputs.scale);
            }
        }
    }
}
