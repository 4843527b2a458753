//! Words to sound: text normalisation, phonemes, neural voice.
