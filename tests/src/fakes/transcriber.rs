//! Scripted engine.

use std::collections::VecDeque;
use std::time::Duration;

use carvoice_core::audio::{SAMPLE_RATE, Speech};
use carvoice_core::engine::{Cancel, EngineError, Transcriber, Transcript};

/// Hears the next scripted text in any speech, whatever it is.
#[derive(Debug, Default)]
pub struct ScriptedTranscriber {
    /// What is heard next; the last of them again and again.
    pub texts: VecDeque<String>,
    /// What goes wrong next; when empty, nothing does.
    pub errors: VecDeque<EngineError>,
    /// Length of each speech that was heard, oldest first.
    pub heard: Vec<Duration>,
}

impl ScriptedTranscriber {
    /// Confidence of every text.
    pub const CONFIDENCE: f64 = 0.9;

    /// An engine that hears these texts.
    #[must_use]
    pub fn hearing<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self { texts: texts.into_iter().map(str::to_owned).collect(), ..Self::default() }
    }
}

impl Transcriber for ScriptedTranscriber {
    fn transcribe(&mut self, speech: &Speech, cancel: &Cancel) -> Result<Transcript, EngineError> {
        if let Some(error) = self.errors.pop_front() {
            return Err(error);
        }
        cancel.check()?;
        if speech.is_empty() {
            return Ok(Transcript::default());
        }
        if speech.len() > 30 * SAMPLE_RATE as usize {
            return Err(EngineError::failed("more than 30 s of speech"));
        }
        self.heard.push(Duration::from_secs_f64(speech.len() as f64 / f64::from(SAMPLE_RATE)));
        let text = if self.texts.len() > 1 { self.texts.pop_front() } else { self.texts.front().cloned() };
        Ok(text.map_or_else(Transcript::default, |text| Transcript { text, confidence: Self::CONFIDENCE }))
    }
}
