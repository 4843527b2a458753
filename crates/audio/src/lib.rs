//! Samples in and out: capture, playback, files, resampling.
//!
//! Everything is turned into mono at the edge. What listens gets [`carvoice_core::audio::SAMPLE_RATE`];
//! what speaks brings its own rate and the loudspeaker's stream is opened for it.
//!
//! Nothing here decides anything about speech, and nothing here starts a thread that stays: the callbacks
//! of [`Microphone`] and [`Speaker`] run on threads of the sound system, ask real-time priority for them, and
//! touch a ring and atomics only.

mod device;
mod echo;
mod file;
mod microphone;
mod pipe;
mod playback;
mod real_time;
mod resample;
mod speaker;
mod wav;

pub use device::{DeviceInfo, Selection, list_devices};
pub use echo::{EchoCanceller, Reference};
pub use file::{FileError, MAX_RECORDING, read};
pub use microphone::Microphone;
pub use pipe::PipeSource;
pub use playback::{FileSink, FileSource, Pace};
pub use real_time::real_time_allowed;
pub use resample::Resampler;
pub use speaker::Speaker;
pub use wav::write_wav;
