//! Spectra to samples: a voiced, a noisy and a free-phase part, summed and transformed back.
//!
//! Per frame: S = X·exp(lh)·e^(iπ·tanh θ) + Z·exp(ln) + exp(lr)·e^(iφ), where X is the spectrum of the
//! pulse train and Z is noise. The method and its constants belong to the network, which was trained
//! with them.

use std::f32::consts::PI;
use std::sync::Arc;

use carvoice_core::engine::{Cancel, EngineError};
use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::network::{Frames, Table};
use super::noise::Noise;
use super::pulses::pulses;
use super::{BINS, HOP, WINDOW};

/// Largest logarithm of a gain.
const HIGHEST_GAIN: f32 = 7.0;
/// Smallest sum of squared windows to divide by.
const LEAST_OVERLAP: f32 = 1e-11;
/// Frames that are given out together: 0.25 s.
const BLOCK: usize = 20;
/// Frames by which the output lags behind: half a window.
const DELAY: usize = WINDOW / HOP / 2;

/// What [`mix`] needs, in its order.
const TABLES: [Table; 5] =
    [Table::VoicedGain, Table::VoicedPhase, Table::NoiseGain, Table::FreeGain, Table::FreePhase];

/// Turns spectra into samples.
pub(crate) struct Vocoder {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    /// Periodic Hann window.
    window: Vec<f32>,
}

impl Vocoder {
    pub(crate) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let turn = 2.0 * PI / WINDOW as f32;
        Self {
            forward: planner.plan_fft_forward(WINDOW),
            inverse: planner.plan_fft_inverse(WINDOW),
            window: (0..WINDOW).map(|index| 0.5 - 0.5 * (turn * index as f32).cos()).collect(),
        }
    }

    /// Calls `out` with the samples of a phrase, block by block.
    pub(crate) fn render(
        &self,
        frames: &Frames,
        noise: &mut Noise,
        cancel: &Cancel,
        out: &mut dyn FnMut(&[f32]),
    ) -> Result<(), EngineError> {
        let count = frames.len();
        let source = pulses(frames.table(Table::Pitch));
        let tables = TABLES.map(|table| frames.table(table));
        let mut spectrum = self.forward.make_output_vec();
        let mut samples = self.forward.make_input_vec();
        // The frames under one window that is not complete yet.
        let mut sum = vec![0.0_f32; WINDOW];
        let mut block = Vec::with_capacity(BLOCK * HOP);
        for frame in 0..count + DELAY {
            if frame < count {
                self.window_of(&source, frame, &mut samples);
                self.forward.process(&mut samples, &mut spectrum).map_err(EngineError::failed)?;
                mix(&tables, count, frame, noise, &mut spectrum);
                self.inverse.process(&mut spectrum, &mut samples).map_err(EngineError::failed)?;
                for ((sum, sample), weight) in sum.iter_mut().zip(&samples).zip(&self.window) {
                    *sum += sample * weight / WINDOW as f32;
                }
            }
            if frame >= DELAY {
                block.extend(sum.iter().zip(self.overlap(frame, count)).map(|(sum, overlap)| sum / overlap));
            }
            sum.copy_within(HOP.., 0);
            sum[WINDOW - HOP..].fill(0.0);
            let complete = block.len() >= BLOCK * HOP || frame + 1 == count + DELAY;
            if complete && !block.is_empty() {
                cancel.check()?;
                out(&block);
                block.clear();
            }
        }
        Ok(())
    }

    /// The source under the window of `frame`, whose middle is the frame's first sample; mirrored at
    /// both ends.
    fn window_of(&self, source: &[f32], frame: usize, samples: &mut [f32]) {
        // A cosine of amplitude 1 then has magnitude 1.
        let scale = 4.0 / WINDOW as f32;
        let last = source.len().saturating_sub(1);
        for (index, (sample, weight)) in samples.iter_mut().zip(&self.window).enumerate() {
            let position = (frame * HOP + index).abs_diff(WINDOW / 2);
            let position = if position > last { (2 * last).saturating_sub(position) } else { position };
            *sample = source.get(position).copied().unwrap_or_default() * weight * scale;
        }
    }

    /// Sum of the squared windows over the oldest [`HOP`] samples after `frame` was added.
    fn overlap(&self, frame: usize, count: usize) -> impl Iterator<Item = f32> + '_ {
        let quarters = (0..WINDOW / HOP).filter(move |quarter| frame >= *quarter && frame - quarter < count);
        (0..HOP).map(move |index| {
            let squares = quarters.clone().filter_map(|quarter| self.window.get(quarter * HOP + index));
            squares.map(|weight| weight * weight).sum::<f32>().max(LEAST_OVERLAP)
        })
    }
}

/// Turns the spectrum of the source into the spectrum of speech.
///
/// `tables` are the [`TABLES`] of `count` frames.
fn mix(tables: &[&[f32]; 5], count: usize, frame: usize, noise: &mut Noise, spectrum: &mut [Complex32]) {
    let gain = |logarithm: f32| logarithm.min(HIGHEST_GAIN).exp();
    for (bin, value) in spectrum.iter_mut().enumerate() {
        let place = bin * count + frame;
        let [voiced, phase, noisy, free, free_phase] =
            tables.map(|table| table.get(place).copied().unwrap_or_default());
        *value = *value * Complex32::from_polar(gain(voiced), PI * phase.tanh())
            + noise.normal() * gain(noisy)
            + Complex32::from_polar(gain(free), free_phase);
    }
    // A real signal has no phase at 0 Hz and at half the sample rate.
    for edge in [0, BINS - 1] {
        if let Some(value) = spectrum.get_mut(edge) {
            value.im = 0.0;
        }
    }
}
