//! Scripted engine.

use std::collections::VecDeque;

use carvoice_core::engine::{EngineError, VoiceActivity};

/// Takes any sound that is not quiet for speech, unless the script says otherwise.
#[derive(Debug, Default)]
pub struct ScriptedVoiceActivity {
    /// Probabilities of the next frames; after them loudness decides.
    pub probabilities: VecDeque<f32>,
    /// What goes wrong next; when empty, nothing does.
    pub errors: VecDeque<EngineError>,
}

impl ScriptedVoiceActivity {
    /// Samples per frame.
    pub const FRAME: usize = 512;
}

impl VoiceActivity for ScriptedVoiceActivity {
    fn frame(&self) -> usize {
        Self::FRAME
    }

    fn push(&mut self, frame: &[f32]) -> Result<f32, EngineError> {
        if let Some(error) = self.errors.pop_front() {
            return Err(error);
        }
        if frame.len() != Self::FRAME {
            return Err(EngineError::failed(format!("a frame of {} samples", frame.len())));
        }
        let loud = frame.iter().any(|sample| sample.is_finite() && sample.abs() > 0.02);
        Ok(self.probabilities.pop_front().unwrap_or(if loud { 0.95 } else { 0.05 }))
    }

    fn reset(&mut self) {
        self.probabilities.clear();
    }
}
