//! Wake words: a small classifier on Google's speech embedding (Apache-2.0), in tract.
//!
//! Every 80 ms of sound becomes an embedding of the last 0.8 s; the classifier looks at the last sixteen, about
//! two seconds. This is the arrangement of openWakeWord; its classifiers, which may not be used in a product, are
//! not used here.

mod classifier;
mod features;

use std::path::Path;

use carvoice_core::audio::SAMPLE_RATE;
use carvoice_core::engine::{EngineError, WakeWord};

pub use classifier::{Classifier, INPUTS};
pub use features::{Features, HOP};

/// Neighbouring steps that must be above the threshold: a syllable that sounds alike is shorter.
const STEPS: u32 = 2;
/// Samples after a wake word in which it cannot be heard again: one second.
pub const REST: u64 = SAMPLE_RATE as u64;

/// Hears one wake word. A second of sound takes about 50 ms of one core.
pub struct Wake {
    features: Features,
    classifier: Classifier,
    above: u32,
    /// Samples until it can be heard again.
    resting: u64,
}

impl Wake {
    /// Loads the two models of the embedding and the classifier of a word.
    ///
    /// # Errors
    /// [`EngineError::Model`] when a file is missing, damaged or another model.
    pub fn load(mel: &Path, embedding: &Path, classifier: &Path) -> Result<Self, EngineError> {
        let features = Features::load(mel, embedding)?;
        Ok(Self { features, classifier: Classifier::load(classifier)?, above: 0, resting: 0 })
    }

    /// The word it hears.
    #[must_use]
    pub fn word(&self) -> &str {
        self.classifier.word()
    }
}

impl WakeWord for Wake {
    fn push(&mut self, samples: &[f32]) -> Result<Option<String>, EngineError> {
        let mut heard = false;
        let Self { features, classifier, above, resting } = self;
        features.push(samples, &mut |inputs| {
            *resting = resting.saturating_sub(HOP as u64);
            let is_above = classifier.score(inputs) >= classifier.threshold();
            *above = if is_above { *above + 1 } else { 0 };
            if *above >= STEPS && *resting == 0 {
                heard = true;
                *resting = REST;
            }
        })?;
        Ok(heard.then(|| self.classifier.word().to_owned()))
    }

    fn reset(&mut self) {
        self.features.reset();
        self.above = 0;
        self.resting = 0;
    }
}
