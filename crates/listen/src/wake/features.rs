//! Sound to embeddings.

use std::collections::VecDeque;
use std::panic::catch_unwind;
use std::path::Path;
use std::sync::Arc;

use carvoice_core::engine::EngineError;
use tract_onnx::prelude::*;

use super::INPUTS;

/// Samples from one embedding to the next: 80 ms.
pub const HOP: usize = 1280;
/// Samples before a step that the spectrum needs.
const CONTEXT: usize = 480;
/// Bands of the spectrum.
const BANDS: usize = 32;
/// Frames of the spectrum that one embedding covers: 0.76 s.
const FRAMES: usize = 76;
/// Numbers of an embedding.
const WIDTH: usize = 96;
/// What the spectrum's model makes of silence, after [`scaled`].
const SILENCE: f32 = 1.0;

type Plan = Arc<TypedRunnableModel>;

/// A stream of sound as the inputs of a classifier.
pub struct Features {
    mel: Plan,
    embedding: Plan,
    /// Samples not yet used, with [`CONTEXT`] in front, in units of 16-bit samples.
    sound: Vec<f32>,
    spectrum: VecDeque<f32>,
    embeddings: VecDeque<f32>,
}

impl Features {
    /// Loads `melspectrogram.onnx` and `embedding_model.onnx`.
    ///
    /// # Errors
    /// [`EngineError::Model`] when a file is missing, damaged or another model.
    pub fn load(mel: &Path, embedding: &Path) -> Result<Self, EngineError> {
        let mut features = Self {
            mel: load("wake-mel", mel, &[1, CONTEXT + HOP], 8 * BANDS)?,
            embedding: load("wake-embedding", embedding, &[1, FRAMES, BANDS, 1], WIDTH)?,
            sound: Vec::new(),
            spectrum: VecDeque::new(),
            embeddings: VecDeque::new(),
        };
        features.reset();
        Ok(features)
    }

    /// Takes samples (−1.0..=1.0, 16 kHz, any number) and calls `step` with [`INPUTS`] numbers for every 80 ms.
    ///
    /// # Errors
    /// When a model fails.
    pub fn push(&mut self, samples: &[f32], step: &mut dyn FnMut(&[f32])) -> Result<(), EngineError> {
        // A broken microphone can give samples that are no numbers.
        let scaled = |sample: &f32| if sample.is_finite() { sample.clamp(-1.0, 1.0) * 32767.0 } else { 0.0 };
        self.sound.extend(samples.iter().map(scaled));
        while self.sound.len() >= CONTEXT + HOP {
            self.step().map_err(|reason| EngineError::failed(format!("wake word: {reason}")))?;
            self.sound.drain(..HOP);
            step(self.embeddings.make_contiguous());
        }
        Ok(())
    }

    fn step(&mut self) -> TractResult<()> {
        let sound = self.sound.get(..CONTEXT + HOP).unwrap_or_default();
        let spectrum = run(&self.mel, &[1, CONTEXT + HOP], sound)?;
        slide(&mut self.spectrum, spectrum.iter().map(|value| value / 10.0 + 2.0));
        let embedding = run(&self.embedding, &[1, FRAMES, BANDS, 1], self.spectrum.make_contiguous())?;
        slide(&mut self.embeddings, embedding.into_iter());
        Ok(())
    }

    /// As after silence.
    pub fn reset(&mut self) {
        self.sound = vec![0.0; CONTEXT];
        self.spectrum = vec![SILENCE; FRAMES * BANDS].into();
        self.embeddings = vec![0.0; INPUTS].into();
    }
}

/// Puts `new` behind the values and drops as many at the front.
fn slide(values: &mut VecDeque<f32>, new: impl ExactSizeIterator<Item = f32>) {
    let count = new.len();
    values.extend(new);
    values.drain(..count.min(values.len()));
}

fn run(plan: &Plan, shape: &[usize], input: &[f32]) -> TractResult<Vec<f32>> {
    let outputs = plan.run(tvec!(Tensor::from_shape(shape, input)?.into()))?;
    let output = outputs.first().ok_or_else(|| TractError::msg("the model has no output"))?;
    Ok(output.view().as_slice::<f32>()?.to_vec())
}

/// Loads a model of one input and tries it: `outputs` numbers must come out.
fn load(name: &'static str, path: &Path, shape: &[usize], outputs: usize) -> Result<Plan, EngineError> {
    let plan = || -> TractResult<Plan> {
        let model = tract_onnx::onnx().model_for_path(path)?;
        // Naming an input that does not exist would be a panic.
        let inputs = model.input_outlets()?.len();
        if inputs != 1 {
            return Err(TractError::msg(format!("the model has {inputs} inputs, not 1")));
        }
        let plan = model.with_input_fact(0, f32::fact(shape).into())?.into_optimized()?.into_runnable()?;
        let count = run(&plan, shape, &vec![0.0; shape.iter().product()])?.len();
        if count != outputs {
            return Err(TractError::msg(format!("the model gives {count} numbers, not {outputs}")));
        }
        Ok(plan)
    };
    // tract panics on some damaged files.
    let damaged = |_| Err(TractError::msg("the model is damaged"));
    catch_unwind(plan)
        .unwrap_or_else(damaged)
        .map_err(|reason| EngineError::model(name, format!("{}: {reason}", path.display())))
}
