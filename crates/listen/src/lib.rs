//! Sound to words: voice activity, endpointing, Whisper.
