//! An understander that knows a fixed list of utterances.

use std::collections::BTreeMap;

use carvoice_core::engine::{Cancel, Context, EngineError, Understander};
use carvoice_core::interpretation::Interpretation;

/// Answers what it was taught; everything else is not for the car.
#[derive(Clone, Debug, Default)]
pub struct ScriptedUnderstander {
    answers: BTreeMap<String, Interpretation>,
    /// Every utterance it was given, with what the conversation added.
    pub asked: Vec<(String, Context)>,
    /// Fails this many times before it answers.
    pub failures: usize,
}

impl ScriptedUnderstander {
    /// The same, knowing one more utterance.
    #[must_use]
    pub fn taught(mut self, text: &str, meaning: Interpretation) -> Self {
        self.answers.insert(text.to_owned(), meaning);
        self
    }
}

impl Understander for ScriptedUnderstander {
    fn understand(
        &mut self,
        text: &str,
        context: &Context,
        cancel: &Cancel,
    ) -> Result<Interpretation, EngineError> {
        cancel.check()?;
        self.asked.push((text.to_owned(), context.clone()));
        if self.failures > 0 {
            self.failures -= 1;
            return Err(EngineError::failed("as scripted"));
        }
        Ok(self.answers.get(text).cloned().unwrap_or_default())
    }
}
