//! The network that reads words the lexicon does not have: names, streets, brands.
//!
//! A small character transformer; its answer is collapsed as usual for connectionist temporal
//! classification: repeats count once, number 0 is no sound.

use std::path::Path;
use std::sync::Arc;

use carvoice_core::engine::EngineError;
use tract_onnx::prelude::*;

use super::lexicon::Lexicon;
use crate::error::model_error;
use crate::plan::{Input, plan};

/// The network with its alphabets.
pub(crate) struct UnknownWords {
    plan: Arc<TypedRunnableModel>,
    letters: Vec<char>,
    sounds: Vec<char>,
    longest_word: usize,
}

impl UnknownWords {
    /// Loads the network; its alphabets are in the lexicon.
    pub(crate) fn load(path: &Path, lexicon: &Lexicon) -> Result<Self, EngineError> {
        // The declared inner shapes name the length in a way that tract cannot unify.
        let plan = tract_onnx::onnx()
            .with_ignore_value_info(true)
            .with_ignore_output_shapes(true)
            .model_for_path(path)
            .and_then(|model| plan(model, &[Input::Numbers]))
            .map_err(|error| model_error(path, format!("not the network for unknown words: {error}")))?;
        let (letters, sounds, longest_word) = lexicon.alphabets();
        let network = Self { plan, letters: letters.to_vec(), sounds: sounds.to_vec(), longest_word };
        // A network of another shape shows here, not in the middle of a reply.
        network.read(&letters[..1.min(letters.len())]).map_err(|error| model_error(path, error))?;
        Ok(network)
    }

    /// Phonemes of a word; empty when none of its letters is known.
    pub(crate) fn pronounce(&self, word: &str) -> Result<String, EngineError> {
        let letters: Vec<char> = word.chars().collect();
        let pieces: Result<Vec<_>, _> =
            letters.chunks(self.longest_word).map(|piece| self.read(piece)).collect();
        pieces.map(|pieces| pieces.concat()).map_err(EngineError::failed)
    }

    fn read(&self, letters: &[char]) -> TractResult<String> {
        let numbers: Vec<i64> = letters.iter().filter_map(|letter| number(&self.letters, *letter)).collect();
        if numbers.is_empty() {
            return Ok(String::new());
        }
        let input = Tensor::from_shape(&[1, numbers.len()], &numbers)?;
        let outputs = self.plan.run(tvec!(input.into_tvalue()))?;
        let Some(output) = outputs.first() else { return Ok(String::new()) };
        let output = output.cast_to::<i64>()?;
        let mut phonemes = String::new();
        let mut last = 0;
        for sound in output.view().as_slice::<i64>()? {
            if *sound != last {
                phonemes.extend(usize::try_from(sound - 1).ok().and_then(|index| self.sounds.get(index)));
            }
            last = *sound;
        }
        Ok(phonemes.trim().to_owned())
    }
}

/// Number of a letter, from 1.
fn number(letters: &[char], letter: char) -> Option<i64> {
    letters.iter().position(|known| *known == letter).and_then(|index| i64::try_from(index + 1).ok())
}
