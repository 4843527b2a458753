//! Scripted engine.

use std::collections::VecDeque;

use carvoice_core::engine::{Cancel, EngineError, Synthesizer};

/// Says each text as a tone, 10 ms per character, in one chunk per word, and remembers it.
#[derive(Debug, Default)]
pub struct ScriptedSynthesizer {
    /// What was said, oldest first.
    pub said: Vec<String>,
    /// What goes wrong next; when empty, nothing does.
    pub errors: VecDeque<EngineError>,
}

impl ScriptedSynthesizer {
    /// Samples per second of the tone.
    pub const SAMPLE_RATE: u32 = 24_000;

    /// An engine that fails with these errors first.
    #[must_use]
    pub fn failing(errors: impl IntoIterator<Item = EngineError>) -> Self {
        Self { errors: errors.into_iter().collect(), ..Self::default() }
    }
}

impl Synthesizer for ScriptedSynthesizer {
    fn sample_rate(&self) -> u32 {
        Self::SAMPLE_RATE
    }

    fn synthesize(
        &mut self,
        text: &str,
        cancel: &Cancel,
        out: &mut dyn FnMut(&[f32]),
    ) -> Result<(), EngineError> {
        if let Some(error) = self.errors.pop_front() {
            return Err(error);
        }
        cancel.check()?;
        self.said.push(text.to_owned());
        for word in text
            .split_whitespace()
            .filter(|word| word.contains(|letter: char| letter.is_ascii_alphanumeric()))
        {
            cancel.check()?;
            let samples = word.len() * Self::SAMPLE_RATE as usize / 100;
            let tone = |sample: usize| {
                0.1 * (sample as f32 * 440.0 * std::f32::consts::TAU / Self::SAMPLE_RATE as f32).sin()
            };
            out(&(0..samples).map(tone).collect::<Vec<_>>());
        }
        Ok(())
    }
}
