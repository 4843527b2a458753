//! The voiced source: a train of band-limited pulses.

use std::f64::consts::TAU;

use super::{HOP, SAMPLE_RATE};

/// Below this fundamental frequency there is no voice, Hz.
const VOICED: f32 = 40.0;
/// No harmonic above this frequency, Hz.
const HIGHEST: f32 = 11_000.0;
/// Where the closed form of the sum is numerically 0/0.
const NEAR_PULSE: f32 = 2e-3;

/// [`HOP`] samples per value of `pitch` (Hz per frame). All harmonics of the interpolated pitch up to
/// [`HIGHEST`] with amplitude 1, summed in closed form (Dirichlet kernel):
/// Σ cos(h·t) for h = 1..=H is sin((H+½)·t) / (2·sin(t/2)) − ½.
pub(super) fn pulses(pitch: &[f32]) -> Vec<f32> {
    let mut samples = Vec::with_capacity(pitch.len() * HOP);
    let mut phase = 0.0_f64;
    for frame in 0..pitch.len() {
        for sample in 0..HOP {
            let frequency = interpolated(pitch, frame, sample);
            let sounding = frequency.max(VOICED);
            phase = (phase + f64::from(sounding) / f64::from(SAMPLE_RATE)).fract();
            samples.push(if frequency > VOICED { kernel(sounding, (phase * TAU) as f32) } else { 0.0 });
        }
    }
    samples
}

/// Pitch at a sample, linear between the middles of the frames.
fn interpolated(pitch: &[f32], frame: usize, sample: usize) -> f32 {
    let position = (sample as f32 + 0.5) / HOP as f32 - 0.5;
    let at = |frame: usize| pitch.get(frame.min(pitch.len() - 1)).copied().unwrap_or_default();
    if position < 0.0 {
        at(frame.saturating_sub(1)) * -position + at(frame) * (1.0 + position)
    } else {
        at(frame) * (1.0 - position) + at(frame + 1) * position
    }
}

fn kernel(frequency: f32, angle: f32) -> f32 {
    let harmonics = (HIGHEST / frequency).floor() + 0.5;
    let below = 2.0 * (angle * 0.5).sin();
    let sum = if below.abs() <= NEAR_PULSE { harmonics } else { (harmonics * angle).sin() / below };
    sum - 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pulse_per_period() {
        // 100 Hz: a period is 240 samples, 110 harmonics.
        let samples = pulses(&[100.0; 8]);
        assert_eq!(samples.len(), 8 * HOP);
        let peaks = samples.iter().filter(|sample| **sample > 100.0).count();
        assert_eq!(peaks, 8 * HOP / 240);
    }

    #[test]
    fn no_voice_is_silence() {
        assert!(pulses(&[-3.0, 0.0, 12.0]).iter().all(|sample| *sample == 0.0));
        assert!(pulses(&[]).is_empty());
    }
}
