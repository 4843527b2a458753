//! Reproducible noise: the same reply sounds the same every time, so tests and caches can rely on it.

use std::f32::consts::TAU;

use realfft::num_complex::Complex32;

/// A stream of pseudo-random numbers (SplitMix64, Steele et al. 2014).
pub(crate) struct Noise(u64);

impl Noise {
    /// A stream that depends on the seed only.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Real and imaginary part each normal with variance 1 (Box–Muller).
    pub(super) fn normal(&mut self) -> Complex32 {
        let bits = self.next();
        let unit = |bits: u64| ((bits & 0xff_ffff) as f32 + 0.5) / 16_777_216.0;
        let radius = (-2.0 * unit(bits).ln()).sqrt();
        Complex32::from_polar(radius, TAU * unit(bits >> 32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_normal_and_reproducible() {
        let draw = || {
            let mut noise = Noise::new(7);
            (0..20_000).map(|_| noise.normal()).collect::<Vec<_>>()
        };
        let (first, second) = (draw(), draw());
        assert_eq!(first, second);
        let count = first.len() as f32;
        let variance = first.iter().map(|z| z.re * z.re).sum::<f32>() / count;
        let mean = first.iter().sum::<Complex32>() / count;
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
        assert!(mean.norm() < 0.05, "{mean}");
    }
}
