//! Words to sound: text normalisation, phonemes, neural voice.
//!
//! A reply passes through four steps, one module each:
//! 1. `normalise`: text to words and pauses. "-3.5 °C" becomes "minus three point five degrees Celsius".
//! 2. `phrase`: words to phrases. The first phrase is short, so that sound begins early.
//! 3. `pronounce`: words to phonemes, by lexicon, endings and a small network for unknown words.
//! 4. `sound`: phonemes to samples, by the acoustic network and a vocoder.
//!
//! [`Voice`] joins them. Nothing here opens a device, starts a thread or reads a clock.

mod error;
mod normalise;
mod phrase;
mod plan;
mod prompts;
mod pronounce;
mod sound;
mod voice;

pub use voice::{Voice, VoiceFiles};
