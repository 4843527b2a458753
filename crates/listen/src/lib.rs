//! Sound to words: voice activity, wake words, endpointing, Whisper.
//!
//! [`Silero`] tells speech from noise frame by frame, the [`Endpointer`] makes utterances of that, and
//! [`Whisper`] turns an utterance into text. Nothing here opens a device, starts a thread or reads a clock.

mod endpoint;
mod ggml;
mod hallucination;
mod high_pass;
mod silero;
pub mod wake;
mod whisper;

pub use endpoint::{Endpointer, Heard, Options};
pub use silero::Silero;
pub use whisper::Whisper;
