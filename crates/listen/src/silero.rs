//! Silero voice activity detection (version 6, MIT) in tract.

use std::panic::catch_unwind;
use std::path::Path;
use std::sync::Arc;

use carvoice_core::engine::{EngineError, VoiceActivity};
use tract_onnx::prelude::*;

use crate::high_pass::HighPass;

/// Samples per frame: 32 ms at 16 kHz, as the model was trained.
const FRAME: usize = 512;
/// Samples of the frame before, which the model wants in front.
const CONTEXT: usize = 64;
/// Shape of each half of the recurrent state.
const STATE: [usize; 3] = [1, 1, 128];
/// Below the lowest voice; car noise sits below this.
const HIGH_PASS_HZ: f64 = 120.0;
const NAME: &str = "silero-vad";

/// Voice activity by a small recurrent network. One frame takes about 0.2 ms.
pub struct Silero {
    plan: Arc<TypedRunnableModel>,
    high_pass: HighPass,
    context: [f32; CONTEXT],
    state: [TValue; 2],
    /// The state before the first frame.
    rest: [TValue; 2],
}

impl Silero {
    /// Loads `silero-vad.onnx`, the model for sequences at 16 kHz.
    ///
    /// # Errors
    /// [`EngineError::Model`] when the file is missing, damaged or another model.
    pub fn load(path: &Path) -> Result<Self, EngineError> {
        let bad = |reason: TractError| EngineError::model(NAME, format!("{}: {reason}", path.display()));
        // tract panics on some damaged files.
        let damaged = |_| Err(TractError::msg("the model is damaged"));
        let plan = catch_unwind(|| plan(path)).unwrap_or_else(damaged).map_err(bad)?;
        let zero: TValue = Tensor::zero::<f32>(&STATE).map_err(bad)?.into();
        let rest = [zero.clone(), zero];
        let high_pass = HighPass::new(HIGH_PASS_HZ);
        let mut silero = Self { plan, high_pass, context: [0.0; CONTEXT], state: rest.clone(), rest };
        // Two runs show whether the outputs are those of this model, and fit its inputs.
        silero.infer(&[0.0; FRAME]).map_err(bad)?;
        silero.infer(&[0.0; FRAME]).map_err(bad)?;
        silero.reset();
        Ok(silero)
    }

    fn infer(&mut self, frame: &[f32]) -> TractResult<f32> {
        let mut input = Vec::with_capacity(CONTEXT + FRAME);
        input.extend_from_slice(&self.context);
        // A broken microphone can give samples that are no numbers; filter and state would keep them.
        let heard = frame.iter().map(|sample| if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 });
        input.extend(heard.map(|sample| self.high_pass.next(sample)));
        if let Some(tail) = input.last_chunk() {
            self.context = *tail;
        }
        let input = Tensor::from_shape(&[1, CONTEXT + FRAME], &input)?;
        let [h, c] = self.state.clone();
        let mut outputs = self.plan.run(tvec!(input.into(), h, c))?.into_iter();
        let (Some(probability), Some(h), Some(c)) = (outputs.next(), outputs.next(), outputs.next()) else {
            return Err(TractError::msg("the model has fewer than three outputs"));
        };
        if h.shape() != STATE || c.shape() != STATE {
            return Err(TractError::msg("the model's state has another shape"));
        }
        self.state = [h, c];
        let probability = probability.view();
        let probability = probability.as_slice::<f32>()?.first().copied();
        probability.ok_or_else(|| TractError::msg("the model gave no probability"))
    }
}

fn plan(path: &Path) -> TractResult<Arc<TypedRunnableModel>> {
    let model = tract_onnx::onnx().model_for_path(path)?;
    // Naming an input that does not exist would be a panic.
    let inputs = model.input_outlets()?.len();
    if inputs != 3 {
        return Err(TractError::msg(format!("the model has {inputs} inputs, not 3")));
    }
    model
        .with_input_fact(0, f32::fact([1, CONTEXT + FRAME]).into())?
        .with_input_fact(1, f32::fact(STATE).into())?
        .with_input_fact(2, f32::fact(STATE).into())?
        .into_optimized()?
        .into_runnable()
}

impl VoiceActivity for Silero {
    fn frame(&self) -> usize {
        FRAME
    }

    fn push(&mut self, frame: &[f32]) -> Result<f32, EngineError> {
        if frame.len() != FRAME {
            return Err(EngineError::failed(format!("a frame has {FRAME} samples, not {}", frame.len())));
        }
        let probability =
            self.infer(frame).map_err(|reason| EngineError::failed(format!("voice activity: {reason}")))?;
        if probability.is_nan() {
            self.reset();
            return Err(EngineError::failed("voice activity: the model gave no number"));
        }
        Ok(probability.clamp(0.0, 1.0))
    }

    fn reset(&mut self) {
        self.context = [0.0; CONTEXT];
        self.high_pass = HighPass::new(HIGH_PASS_HZ);
        self.state = self.rest.clone();
    }
}
