//! The one audio format inside carvoice.

use std::sync::Arc;

/// Samples per second of everything that listens.
pub const SAMPLE_RATE: u32 = 16_000;

/// Mono speech at [`SAMPLE_RATE`], each sample in -1.0..=1.0. Cheap to clone.
pub type Speech = Arc<[f32]>;

/// Length of `samples` mono samples at `rate` samples per second, in seconds.
#[must_use]
pub fn seconds(samples: usize, rate: u32) -> f64 {
    samples as f64 / f64::from(rate)
}
