//! A high-pass filter against the rumble of the road, which carries no speech.

use carvoice_core::audio::SAMPLE_RATE;

/// Second-order Butterworth high-pass as a biquad, after the audio EQ cookbook of R. Bristow-Johnson.
#[derive(Clone, Debug)]
pub(crate) struct HighPass {
    b: [f32; 3],
    a: [f32; 2],
    x: [f32; 2],
    y: [f32; 2],
}

impl HighPass {
    /// Passes what is above `cutoff` Hz, below half of [`SAMPLE_RATE`].
    pub(crate) fn new(cutoff: f64) -> Self {
        let w = std::f64::consts::TAU * cutoff / f64::from(SAMPLE_RATE);
        let alpha = w.sin() / std::f64::consts::SQRT_2;
        let a0 = 1.0 + alpha;
        let side = (1.0 + w.cos()) / 2.0 / a0;
        Self {
            b: [side as f32, (-2.0 * side) as f32, side as f32],
            a: [(-2.0 * w.cos() / a0) as f32, ((1.0 - alpha) / a0) as f32],
            x: [0.0; 2],
            y: [0.0; 2],
        }
    }

    pub(crate) fn next(&mut self, x: f32) -> f32 {
        let [b0, b1, b2] = self.b;
        let [a1, a2] = self.a;
        let y = b0 * x + b1 * self.x[0] + b2 * self.x[1] - a1 * self.y[0] - a2 * self.y[1];
        self.x = [x, self.x[0]];
        // Denormals would slow down every sample after a long silence.
        self.y = [if y.abs() < 1e-20 { 0.0 } else { y }, self.y[0]];
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gain(hertz: f64) -> f32 {
        let mut filter = HighPass::new(120.0);
        let tone =
            (0..SAMPLE_RATE).map(|i| (std::f64::consts::TAU * hertz * f64::from(i) / 16_000.0).sin() as f32);
        let out: Vec<f32> = tone.map(|x| filter.next(x)).collect();
        out[8000..].iter().fold(0.0, |peak, y| peak.max(y.abs()))
    }

    #[test]
    fn rumble_is_cut_and_speech_passes() {
        assert!(gain(30.0) < 0.08, "{}", gain(30.0));
        assert!((gain(120.0) - 0.707).abs() < 0.02, "{}", gain(120.0));
        assert!(gain(1000.0) > 0.98, "{}", gain(1000.0));
    }
}
