//! A model with the memory of what it read last.

use std::path::Path;

use carvoice_core::engine::EngineError;

use super::cache::KvCache;
use super::model::{Model, with_slice};
use super::snapshot::Subject;

/// Tokens read between two looks at the limits. Whole prompts of commands fit into one.
const TOKENS_PER_STEP: usize = 64;

/// Reads texts one after the other. What the next has in common with the last, at least a fixed
/// prefix, is not read again: the cache is taken back to where they part.
pub struct Reader {
    model: Model,
    cache: KvCache,
    /// What the cache holds.
    tokens: Vec<u32>,
    /// Hidden states of `tokens`, one after the other.
    hidden: Vec<f32>,
}

impl Reader {
    /// A reader that has read nothing.
    #[must_use]
    pub fn new(model: Model) -> Self {
        let cache = model.cache();
        Self { model, cache, tokens: Vec::new(), hidden: Vec::new() }
    }

    /// Makes the memory hold exactly `text`. Calls `check` before each step.
    ///
    /// # Errors
    /// Of `check`, or when the text is longer than the cache; what was read before stays.
    pub fn read(
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

    /// Like [`Reader::read`] for a text that is the same at every start: takes it from the snapshot in
    /// `file` if that is of this very text and model, and writes it there otherwise. That the file cannot
    /// be read or written is logged, and no error.
    ///
    /// # Errors
    /// When the text is longer than the cache.
    pub fn read_prefix(&mut self, text: &[u32], file: &Path) -> Result<(), EngineError> {
        if text.is_empty() {
            return self.read(text, || Ok(()));
        }
        let fingerprint = self.model.fingerprint();
        let subject = Subject { fingerprint, dimensions: self.model.dimensions(), tokens: text };
        if text.len() <= self.cache.capacity() {
            self.cache.truncate(0);
            self.tokens.clear();
            self.hidden.clear();
            match subject.load(file, &mut self.cache) {
                Ok(hidden) => {
                    (self.hidden, self.tokens) = (hidden, text.to_vec());
                    return Ok(());
                }
                Err(reason) => tracing::info!(file = %file.display(), %reason, "the prefix is read anew"),
            }
        }
        self.read(text, || Ok(()))?;
        let subject = Subject { fingerprint, dimensions: self.model.dimensions(), tokens: text };
        if let Err(error) = subject.store(file, &self.cache, &self.hidden) {
            tracing::warn!(file = %file.display(), %error, "the prefix was not kept for the next start");
        }
        Ok(())
    }

    /// Log-probabilities, among themselves, of the `candidates` for the token at `position`, which
    /// is 1 or more and at most one behind what was read.
    ///
    /// # Errors
    /// When the position is another, or a candidate is not in the vocabulary.
    pub fn log_probs(&self, position: usize, candidates: &[u32]) -> Result<Vec<f64>, EngineError> {
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
