//! Rate conversion of a mono stream.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

/// Converts a mono stream from one rate to another, in pieces of any length.
///
/// Synchronous FFT resampling ([`rubato::Fft`]) in blocks of about 10 ms. The filter's delay is cut
/// off at the start, so that sample 0 of the output is sample 0 of the input.
pub struct Resampler {
    /// None where both rates are equal.
    engine: Option<Engine>,
}

struct Engine {
    fft: Fft<f32>,
    /// Output samples per input sample.
    ratio: f64,
    /// Input that does not fill a block yet.
    pending: Vec<f32>,
    block: Vec<f32>,
    /// Samples of the filter's delay still to be dropped.
    delay: usize,
    consumed: u64,
    produced: u64,
}

impl Resampler {
    /// A converter from `from` to `to` samples per second, or none if a rate is 0.
    #[must_use]
    pub fn new(from: u32, to: u32) -> Option<Self> {
        if from == to && from > 0 {
            return Some(Self { engine: None });
        }
        let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
        // Two sub-blocks in 20 ms: the delay stays at 5 ms and the filter still cuts above 90 %
        // of the lower band limit.
        let fft = Fft::new_custom(
            from,
            to,
            (from / 50).max(1),
            2,
            1,
            WindowFunction::BlackmanHarris2,
            FixedSync::Both,
        )
        .ok()?;
        let engine = Engine {
            ratio: to as f64 / from as f64,
            pending: Vec::with_capacity(2 * fft.input_frames_max()),
            block: vec![0.0; fft.output_frames_max()],
            delay: fft.output_delay(),
            consumed: 0,
            produced: 0,
            fft,
        };
        Some(Self { engine: Some(engine) })
    }

    /// Takes the next samples and appends to `out` what is finished; up to 20 ms stay inside.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        match &mut self.engine {
            None => out.extend_from_slice(samples),
            Some(engine) => {
                engine.consumed += samples.len() as u64;
                engine.pending.extend_from_slice(samples);
                engine.drain(out);
            }
        }
    }

    /// Appends to `out` what is still inside. The whole output then has `input · to / from`
    /// samples, rounded up. The stream ends here; the next one needs a new converter.
    pub fn finish(mut self, out: &mut Vec<f32>) {
        let Some(engine) = &mut self.engine else { return };
        let expected = (engine.consumed as f64 * engine.ratio).ceil() as u64;
        while engine.produced < expected {
            let before = out.len();
            let need = engine.fft.input_frames_next();
            engine.pending.resize(need, 0.0);
            engine.drain(out);
            if out.len() == before && engine.delay == 0 {
                break;
            }
        }
        let extra = usize::try_from(engine.produced.saturating_sub(expected)).unwrap_or(0);
        out.truncate(out.len().saturating_sub(extra));
    }
}

impl Engine {
    fn drain(&mut self, out: &mut Vec<f32>) {
        let mut done = 0;
        while let Some(input) = self.pending.get(done..done + self.fft.input_frames_next()) {
            // Both buffers have the size that the converter asked for, so it cannot refuse them.
            // Should a later version do so, skipping the input keeps the stream going.
            let (taken, made) = process(&mut self.fft, input, &mut self.block).unwrap_or((input.len(), 0));
            done += taken;
            let fresh = self.block.get(..made).unwrap_or(&self.block);
            let skip = self.delay.min(fresh.len());
            self.delay -= skip;
            out.extend_from_slice(fresh.get(skip..).unwrap_or_default());
            self.produced += (fresh.len() - skip) as u64;
        }
        self.pending.drain(..done);
    }
}

/// One block; the counts of samples taken and made.
fn process(fft: &mut Fft<f32>, input: &[f32], output: &mut [f32]) -> Option<(usize, usize)> {
    let frames = output.len();
    let source = InterleavedSlice::new(input, 1, input.len()).ok()?;
    let mut target = InterleavedSlice::new_mut(output, 1, frames).ok()?;
    fft.process_into_buffer(&source, &mut target, None).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(rate: u32, hertz: f64, samples: usize) -> Vec<f32> {
        let step = std::f64::consts::TAU * hertz / f64::from(rate);
        (0..samples).map(|n| (0.5 * (step * n as f64).sin()) as f32).collect()
    }

    fn convert(from: u32, input: &[f32], piece: usize) -> Vec<f32> {
        let mut out = Vec::new();
        let mut resampler = Resampler::new(from, 16_000).unwrap();
        input.chunks(piece).for_each(|chunk| resampler.push(chunk, &mut out));
        resampler.finish(&mut out);
        out
    }

    #[test]
    fn a_tone_stays_the_tone_at_every_rate() {
        for from in [8_000, 11_025, 22_050, 44_100, 48_000, 96_000] {
            let out = convert(from, &sine(from, 1_000.0, from as usize), 977);
            assert_eq!(out.len(), 16_000, "{from}");
            // The part of the output that is a 1 kHz tone, whatever its phase, and the rest.
            let middle = &out[1_600..14_400];
            let wave = |phase: f64| {
                (0..middle.len()).map(move |n| (std::f64::consts::TAU * n as f64 / 16.0 + phase).sin())
            };
            let along = |wave: &mut dyn Iterator<Item = f64>| {
                middle.iter().zip(wave).map(|(s, w)| f64::from(*s) * w).sum::<f64>() * 2.0
                    / middle.len() as f64
            };
            let (sin, cos) = (along(&mut wave(0.0)), along(&mut wave(std::f64::consts::FRAC_PI_2)));
            assert!((sin.hypot(cos) - 0.5).abs() < 0.005, "{from} Hz: {sin} {cos}");
            let samples_late = cos.atan2(sin) * 16.0 / std::f64::consts::TAU;
            assert!(samples_late.abs() < 1.0, "{from} Hz: {samples_late} samples off");
            let power = middle.iter().map(|s| f64::from(s * s)).sum::<f64>() / middle.len() as f64;
            let rest = power - (sin * sin + cos * cos) / 2.0;
            assert!(rest < 1e-6, "{from} Hz: power {rest} of something else");
        }
    }

    #[test]
    fn above_the_band_nothing_is_left() {
        let out = convert(48_000, &sine(48_000, 11_000.0, 48_000), 480);
        let peak = out[1_000..15_000].iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
        assert!(peak < 0.001, "{peak}");
    }

    #[test]
    fn the_size_of_the_pieces_does_not_matter() {
        let input = sine(44_100, 440.0, 30_011);
        let whole = convert(44_100, &input, input.len());
        for piece in [1, 7, 441, 4_096] {
            assert_eq!(whole, convert(44_100, &input, piece), "{piece}");
        }
    }

    #[test]
    fn short_and_empty_streams_keep_their_length() {
        for samples in [0, 1, 5, 479, 481] {
            let out = convert(48_000, &vec![0.1; samples], 480);
            assert_eq!(out.len(), samples.div_ceil(3), "{samples}");
        }
    }

    #[test]
    fn equal_rates_pass_through_and_a_rate_of_0_is_refused() {
        assert_eq!(convert(16_000, &[0.25, -0.5], 1), [0.25, -0.5]);
        assert!(Resampler::new(0, 16_000).is_none());
        assert!(Resampler::new(16_000, 0).is_none());
        assert!(Resampler::new(0, 0).is_none());
    }
}
