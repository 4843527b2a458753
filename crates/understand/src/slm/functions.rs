//! Functions of single values and of rows, written so that the compiler turns them into vector code.

/// 1.5 * 2^23: added to a number below 2^22, it leaves the nearest integer in the low bits.
const ROUND: f32 = 12_582_912.0;

/// ln 2 in two parts, the first of so few bits that its small multiples are exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// e^x, off by less than 3 in 10 million of it. What is below the smallest normal number, or above the largest,
/// is that number.
#[must_use]
pub(super) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.3, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let rest = x - whole * LN_2_HIGH - whole * LN_2_LOW;
    // The Taylor series; the rest is at most ln 2 / 2, where the next term is below the precision.
    let tail = 1.0 / 24.0 + rest * (1.0 / 120.0 + rest * (1.0 / 720.0 + rest / 5040.0));
    let fraction = 1.0 + rest * (1.0 + rest * (0.5 + rest * (1.0 / 6.0 + rest * tail)));
    // The integer goes into the exponent.
    let power = (shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits());
    f32::from_bits(power) * fraction
}

/// x times the logistic function of x.
#[must_use]
pub(super) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// The Gaussian error linear unit, approximated as Gemma was trained: x / 2 (1 + tanh u) with
/// u = sqrt(2 / pi) (x + 0.044715 x^3), which is x times the logistic function of 2 u.
#[must_use]
pub(super) fn gelu(x: f32) -> f32 {
    const DOUBLE_ROOT: f32 = 1.595_769;
    x / (1.0 + exp(-DOUBLE_ROOT * (x + 0.044_715 * x * x * x)))
}

/// Turns logits into probabilities.
pub(super) fn softmax(logits: &mut [f32]) {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter_mut().for_each(|logit| *logit = exp(*logit - largest));
    let inverse = sum(logits, |value| value).recip();
    logits.iter_mut().for_each(|weight| *weight *= inverse);
}

/// Divides each row of `x` by its root mean square, and multiplies it by `weights`, into `out`.
pub(super) fn normalise(x: &[f32], weights: &[f32], epsilon: f32, out: &mut Vec<f32>) {
    out.clear();
    out.extend_from_slice(x);
    normalise_in_place(out, weights, epsilon);
}

/// As [`normalise`], in place.
pub(super) fn normalise_in_place(x: &mut [f32], weights: &[f32], epsilon: f32) {
    for row in x.chunks_exact_mut(weights.len()) {
        let mean = sum(row, |value| value * value) / row.len() as f32;
        let inverse = (mean + epsilon).sqrt().recip();
        row.iter_mut().zip(weights).for_each(|(value, weight)| *value *= inverse * weight);
    }
}

/// Sum of a function of the values, in sixteen sums that do not wait for each other.
fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = values.as_chunks::<16>();
    let mut sums = [0.0f32; 16];
    for chunk in chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, value)| *sum += of(*value));
    }
    sums.iter().sum::<f32>() + rest.iter().map(|value| of(*value)).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_that_of_the_standard_library() {
        for i in -8730..=8800 {
            let x = i as f32 / 100.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 3e-7, "{x}: {} instead of {exact}", exp(x));
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NEG_INFINITY) < 2e-38 && exp(1e9).is_finite());
    }

    #[test]
    fn activations_are_those_of_the_definition() {
        for i in -80..=80 {
            let x = f64::from(i) / 10.0;
            let sigmoid = x / (1.0 + (-x).exp());
            assert!((f64::from(silu(x as f32)) - sigmoid).abs() < 2e-6);
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            assert!((f64::from(gelu(x as f32)) - x / 2.0 * (1.0 + u.tanh())).abs() < 4e-6, "{x}");
        }
    }

    #[test]
    fn rows_are_normalised_one_by_one() {
        let mut out = vec![9.0];
        normalise(&[3.0, -3.0, 0.0, 4.0], &[1.0, 2.0], 0.0, &mut out);
        let root = 2.0f32.sqrt();
        let pairs = out.iter().zip([1.0, -2.0, 0.0, 2.0 * root]);
        assert!(pairs.clone().count() == 4 && pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-6));
        normalise(&[0.0; 2], &[1.0; 2], 1e-6, &mut out);
        assert_eq!(out, [0.0; 2]);
    }

    #[test]
    fn probabilities_sum_to_one() {
        let mut logits: Vec<f32> = (0..37).map(|i| i as f32 * 3.0 - 200.0).collect();
        softmax(&mut logits);
        assert!((logits.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!((logits[36] / logits[35] - 3.0f32.exp()).abs() < 1e-4);
    }
}
