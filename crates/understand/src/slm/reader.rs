//! A model with the memory of what it read last.

use carvoice_core::engine::EngineError;

use super::cache::KvCache;
use super::model::{Model, with_slice};

/// Tokens read between two looks at the limits. Whole prompts of commands fit into one.
const TOKENS_PER_STEP: usize = 64;

/// Reads texts one after the other. What the next has in common with the last, at least a fixed
/// prefix, is not read again: the cache is taken back to where they part.
pub(super) struct Reader {
    model: Model,
    cache: KvCache,
    /// What the cache holds.
    tokens: Vec<u32>,
    /// Hidden states of `tokens`, one after the other.
    hidden: Vec<f32>,
}

impl Reader {
    pub(super) fn new(model: Model) -> Self {
        let cache = model.cache();
        Self { model, cache, tokens: Vec::new(), hidden: Vec::new() }
    }

    /// Makes the memory hold exactly `text`. Calls `check` before each step.
    ///
    /// # Errors
    /// Of `check`, or when the text is longer than the cache; what was read before stays.
    pub(super) fn read(
        &mut self,
        text: &[u32],
        check: impl Fn() -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let common = self.tokens.iter().zip(text).take_while(|(old, new)| old == new).count();
        self.cache.truncate(common);
        self.tokens.truncate(common);
        self.hidden.truncate(common * self.model.dimensions().hidden);
        for tokens in text[common..].chunks(TOKENS_PER_STEP) {
            check()?;
            let hidden = self.model.forward(tokens, &mut self.cache).map_err(EngineError::failed)?;
            with_slice(&hidden, |hidden| self.hidden.extend(hidden)).map_err(EngineError::failed)?;
            self.tokens.extend(tokens);
        }
        Ok(())
    }

    /// Log-probabilities, among themselves, of the `candidates` for the token at `position`, which
    /// is 1 or more and at most one behind what was read.
    pub(super) fn log_probs(&self, position: usize, candidates: &[u32]) -> Result<Vec<f64>, EngineError> {
        let width = self.model.dimensions().hidden;
        let hidden = position.checked_sub(1).and_then(|last| self.hidden.get(last * width..position * width));
        let hidden =
            hidden.ok_or_else(|| EngineError::failed("the position follows nothing that was read"))?;
        let logits = self.model.logits_of(hidden, candidates).map_err(EngineError::failed)?;
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = logits.iter().map(|logit| f64::from(logit - largest).exp()).sum();
        Ok(logits.iter().map(|logit| f64::from(logit - largest) - sum.ln()).collect())
    }
}
