//! Phonemes to samples.

mod network;
mod noise;
mod pulses;
mod silence;
mod vocoder;

pub(crate) use network::Network;
pub(crate) use noise::Noise;
pub(crate) use silence::Silence;
pub(crate) use vocoder::Vocoder;

/// Samples per second of the voice.
pub(crate) const SAMPLE_RATE: u32 = 24_000;
/// Samples per frame of the network: 12.5 ms.
const HOP: usize = 300;
/// Samples under one analysis window.
const WINDOW: usize = 4 * HOP;
/// Frequencies of one frame.
const BINS: usize = WINDOW / 2 + 1;
