//! The acoustic network in tract: one plan for phrases of every length.

use std::path::Path;
use std::sync::Arc;

use carvoice_core::engine::EngineError;
use tract_onnx::prelude::*;

use super::BINS;
use crate::error::model_error;
use crate::plan::{Input, plan};

/// Number of the pause that the network expects before and after every phrase.
const PADDING: i64 = 0;

/// Phonemes to spectra.
pub(crate) struct Network {
    plan: Arc<TypedRunnableModel>,
}

/// What the network says of one phrase. Each table but the pitch has [`BINS`] rows of one value per frame.
pub(crate) struct Frames {
    outputs: TVec<TValue>,
    frames: usize,
}

/// What the network tells, by place in its output.
#[derive(Clone, Copy)]
pub(super) enum Table {
    /// Logarithm of the gain of the voiced part.
    VoicedGain = 0,
    /// Phase of the voiced part before squashing to ±π.
    VoicedPhase = 1,
    /// Logarithm of the gain of the noise.
    NoiseGain = 2,
    /// Logarithm of the magnitude of the part with free phase.
    FreeGain = 3,
    /// Phase of the part with free phase, radians.
    FreePhase = 4,
    /// Fundamental frequency in Hz, one value per frame; anything low means no voice.
    Pitch = 5,
}

impl Network {
    /// Loads the network and tries it once, so that a wrong file shows here.
    pub(crate) fn load(path: &Path) -> Result<Self, EngineError> {
        let plan = tract_onnx::onnx()
            .model_for_path(path)
            .and_then(|model| plan(model, &[Input::Numbers, Input::Factor]))
            .map_err(|error| model_error(path, format!("not the voice's network: {error}")))?;
        let network = Self { plan };
        network.run(&[], 1.0).map_err(|error| model_error(path, error))?;
        Ok(network)
    }

    /// Spectra of a phrase. `phonemes` are numbers of the lexicon; `speed` 1.0 is the usual pace.
    pub(crate) fn run(&self, phonemes: &[i64], speed: f32) -> Result<Frames, EngineError> {
        self.infer(phonemes, speed).map_err(|error| EngineError::failed(format!("voice: {error}")))
    }

    fn infer(&self, phonemes: &[i64], speed: f32) -> TractResult<Frames> {
        let mut input = Vec::with_capacity(phonemes.len() + 2);
        input.push(PADDING);
        input.extend_from_slice(phonemes);
        input.push(PADDING);
        let input = Tensor::from_shape(&[1, input.len()], &input)?;
        let outputs = self.plan.run(tvec!(input.into_tvalue(), tensor1(&[speed]).into_tvalue()))?;
        let frames = outputs.get(Table::Pitch as usize).map_or(0, |pitch| pitch.len());
        let fits = |(place, table): (usize, &TValue)| {
            let expected = if place == Table::Pitch as usize { frames } else { BINS * frames };
            table.len() == expected && table.datum_type() == f32::datum_type()
        };
        if frames == 0 || !outputs.iter().enumerate().all(fits) {
            let shapes: Vec<_> = outputs.iter().map(|output| output.shape().to_vec()).collect();
            return Err(TractError::msg(format!("output shapes {shapes:?} are not those of a voice")));
        }
        Ok(Frames { outputs, frames })
    }
}

impl Frames {
    /// Number of frames.
    pub(super) fn len(&self) -> usize {
        self.frames
    }

    /// A table, bin by bin: the value of `bin` in `frame` is at `bin * len + frame`.
    pub(super) fn table(&self, table: Table) -> &[f32] {
        self.outputs
            .get(table as usize)
            .and_then(|output| output.view().as_slice::<f32>().ok())
            .unwrap_or_default()
    }
}
