//! The network that knows a word from other sound: two layers on sixteen embeddings.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use carvoice_core::engine::EngineError;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensorError, SafeTensors};

/// Numbers that a classifier looks at: sixteen embeddings of 96, the oldest first.
pub const INPUTS: usize = 16 * 96;

/// Largest hidden layer that is taken from a file.
const MOST_UNITS: usize = 512;

const NAME: &str = "wake-word";

/// Probability that a word has just ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier {
    word: String,
    threshold: f32,
    /// `[units, INPUTS]`, then `[units]` for each of the others.
    hidden: Vec<f32>,
    hidden_bias: Vec<f32>,
    output: Vec<f32>,
    output_bias: f32,
}

impl Classifier {
    /// A classifier of trained weights: `hidden` is `[units, INPUTS]`, `hidden_bias` and `output` are `[units]`.
    /// None when the sizes do not fit.
    #[must_use]
    pub fn new(
        word: &str,
        threshold: f32,
        hidden: Vec<f32>,
        hidden_bias: Vec<f32>,
        output: Vec<f32>,
        output_bias: f32,
    ) -> Option<Self> {
        let units = output.len();
        let fits = (1..=MOST_UNITS).contains(&units)
            && hidden_bias.len() == units
            && hidden.len() == units * INPUTS
            && hidden.iter().chain(&hidden_bias).chain(&output).all(|weight| weight.is_finite());
        let classifier = Self { word: word.to_owned(), threshold, hidden, hidden_bias, output, output_bias };
        fits.then_some(classifier)
    }

    /// The word it knows.
    #[must_use]
    pub fn word(&self) -> &str {
        &self.word
    }

    /// Score from which it is taken to be the word, 0.0..=1.0.
    #[must_use]
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// How likely the word has just ended, 0.0..=1.0, given [`INPUTS`] numbers.
    #[must_use]
    pub fn score(&self, inputs: &[f32]) -> f32 {
        let mut sum = self.output_bias;
        for ((weights, bias), output) in
            self.hidden.chunks_exact(INPUTS).zip(&self.hidden_bias).zip(&self.output)
        {
            let unit: f32 = weights.iter().zip(inputs).map(|(weight, input)| weight * input).sum();
            sum += (unit + bias).max(0.0) * output;
        }
        1.0 / (1.0 + (-sum).exp())
    }

    /// Reads a classifier from a safetensors file.
    ///
    /// # Errors
    /// [`EngineError::Model`] when the file is missing, damaged or something else.
    pub fn load(path: &Path) -> Result<Self, EngineError> {
        let bad = |reason: String| EngineError::model(NAME, format!("{}: {reason}", path.display()));
        let data = fs::read(path).map_err(|reason| bad(reason.to_string()))?;
        Self::read(&data).map_err(bad)
    }

    fn read(data: &[u8]) -> Result<Self, String> {
        let text = |reason: SafeTensorError| format!("{reason}; fetch the models again");
        let (_, header) = SafeTensors::read_metadata(data).map_err(text)?;
        let tensors = SafeTensors::deserialize(data).map_err(text)?;
        let none = HashMap::new();
        let notes = header.metadata().as_ref().unwrap_or(&none);
        let word = notes.get("word").ok_or("it names no word: this is no wake word")?;
        let threshold = notes.get("threshold").and_then(|value| value.parse().ok());
        let threshold =
            threshold.filter(|value| (0.0..=1.0).contains(value)).ok_or("its threshold is no share")?;
        let numbers = |name: &str| numbers(&tensors, name);
        let output_bias = numbers("output.bias")?.first().copied().ok_or("output.bias is empty")?;
        let (hidden, bias, output) =
            (numbers("hidden.weight")?, numbers("hidden.bias")?, numbers("output.weight")?);
        Self::new(word, threshold, hidden, bias, output, output_bias)
            .ok_or_else(|| format!("its layers do not fit {INPUTS} inputs"))
    }

    /// The classifier as a safetensors file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn write(&self) -> Result<Vec<u8>, String> {
        let units = self.output.len();
        let bytes =
            |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|value| value.to_le_bytes()).collect() };
        let parts = [
            ("hidden.weight", vec![units, INPUTS], bytes(&self.hidden)),
            ("hidden.bias", vec![units], bytes(&self.hidden_bias)),
            ("output.weight", vec![units], bytes(&self.output)),
            ("output.bias", vec![1], bytes(&[self.output_bias])),
        ];
        let views = parts.iter().map(|(name, shape, data)| {
            TensorView::new(Dtype::F32, shape.clone(), data).map(|view| (*name, view))
        });
        let views: Vec<_> = views.collect::<Result<_, _>>().map_err(|reason| reason.to_string())?;
        let notes = HashMap::from([
            ("word".to_owned(), self.word.clone()),
            ("threshold".to_owned(), self.threshold.to_string()),
        ]);
        safetensors::serialize(views, Some(notes)).map_err(|reason| reason.to_string())
    }
}

fn numbers(tensors: &SafeTensors<'_>, name: &str) -> Result<Vec<f32>, String> {
    let tensor = tensors.tensor(name).map_err(|_| format!("{name} is missing: this is no wake word"))?;
    if tensor.dtype() != Dtype::F32 {
        return Err(format!("{name} is {:?}, not F32", tensor.dtype()));
    }
    let (numbers, _) = tensor.data().as_chunks::<4>();
    Ok(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classifier() -> Classifier {
        let mut hidden = vec![0.0; 2 * INPUTS];
        hidden[0] = 2.0;
        hidden[INPUTS + 1] = -1.0;
        Classifier::new("computer", 0.5, hidden, vec![0.0, 1.0], vec![3.0, -1.0], -2.0).unwrap()
    }

    #[test]
    fn scores_what_its_layers_say() {
        let mut inputs = vec![0.0; INPUTS];
        inputs[0] = 1.0;
        // Units 2 and 1: 3 * 2 - 1 - 2 = 3.
        assert!((classifier().score(&inputs) - 1.0 / (1.0 + (-3.0_f32).exp())).abs() < 1e-6);
    }

    #[test]
    fn a_file_comes_back_and_a_damaged_one_is_refused() {
        let file = classifier().write().unwrap();
        assert_eq!(Classifier::read(&file).unwrap(), classifier());
        assert!(Classifier::read(&file[..file.len() - 9]).is_err());
        assert!(Classifier::read(b"{}").is_err());
        let other = safetensors::serialize(Vec::<(&str, TensorView<'_>)>::new(), None).unwrap();
        assert!(Classifier::read(&other).unwrap_err().contains("no wake word"));
    }

    #[test]
    fn layers_that_do_not_fit_are_refused() {
        assert!(Classifier::new("x", 0.5, vec![0.0; INPUTS], vec![0.0; 2], vec![0.0], 0.0).is_none());
        assert!(Classifier::new("x", 0.5, vec![f32::NAN; INPUTS], vec![0.0], vec![0.0], 0.0).is_none());
    }
}
