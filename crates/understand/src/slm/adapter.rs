//! A low-rank adapter (LoRA): what fine-tuning learnt, added to the weights when they are loaded.
//!
//! The file is safetensors. For a projection `p` (`attn_q`, `ffn_up`, …) of layer `n` it holds
//! `layers.n.p.lora_a` (`[rank, inputs]`) and `layers.n.p.lora_b` (`[outputs, rank]`); the weights
//! become `w + alpha / rank * b a`. Projections without a pair stay as they are. Its metadata names
//! the `format`, the `base` model, the `rank` and `alpha`, and perhaps `trust`: how far a model with this
//! adapter is trusted, as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use carvoice_core::engine::EngineError;
use safetensors::SafeTensors;

use super::dimensions::Dimensions;
use crate::trust::Trust;

/// The only value of `format` in the metadata that is understood.
pub const FORMAT: &str = "1";

/// The only value of `base`: the model whose weights the adapter changes.
pub const BASE: &str = "smollm2-135m-instruct";

/// Name of the adapter in error messages and in `models/manifest.toml`.
pub const ADAPTER: &str = "cabin-lora";

/// An adapter in memory.
#[derive(Debug)]
pub struct Adapter {
    rank: usize,
    scale: f64,
    trust: Option<Trust>,
    tensors: BTreeMap<String, Tensor>,
}

impl Adapter {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`EngineError::Model`] when it is missing, damaged, or made for another base model.
    pub fn open(path: &Path) -> Result<Self, EngineError> {
        let data = std::fs::read(path).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
        Self::read(&data)
    }

    /// Like [`Adapter::open`] for the bytes of a file.
    ///
    /// # Errors
    /// As [`Adapter::open`].
    pub fn read(data: &[u8]) -> Result<Self, EngineError> {
        let damaged = |error: &dyn std::fmt::Display| wrong(format!("not a whole safetensors file: {error}"));
        let (_, header) = SafeTensors::read_metadata(data).map_err(|error| damaged(&error))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let entry = |key: &str| {
            metadata.get(key).map(String::as_str).ok_or_else(|| wrong(format!("metadata {key} is missing")))
        };
        if entry("format")? != FORMAT {
            return Err(wrong(format!(
                "format {:?} is not supported; supported: {FORMAT}",
                entry("format")?
            )));
        }
        if entry("base")? != BASE {
            return Err(wrong(format!("it was made for {:?}, not for {BASE}", entry("base")?)));
        }
        let rank = entry("rank")?.parse().ok().filter(|rank| (1..=1024).contains(rank));
        let rank: usize = rank.ok_or_else(|| wrong("metadata rank is not a whole number from 1 to 1024"))?;
        let alpha = entry("alpha")?.parse().ok().filter(|alpha: &f64| alpha.is_finite());
        let alpha = alpha.ok_or_else(|| wrong("metadata alpha is not a number"))?;
        let trust = metadata.get("trust").map(|trust| serde_json::from_str(trust)).transpose();
        let trust = trust.map_err(|error| wrong(format!("metadata trust: {error}")))?;
        let tensors =
            candle_core::safetensors::load_buffer(data, &Device::Cpu).map_err(|error| damaged(&error))?;
        Ok(Self { rank, scale: alpha / rank as f64, trust, tensors: tensors.into_iter().collect() })
    }

    /// How far a model with this adapter is trusted, where its maker has measured it.
    #[must_use]
    pub fn trust(&self) -> Option<Trust> {
        self.trust
    }

    /// Every tensor belongs to a projection of a model of these dimensions and has its shape.
    ///
    /// # Errors
    /// [`EngineError::Model`] naming the first that does not.
    pub fn check(&self, d: &Dimensions) -> Result<(), EngineError> {
        for (name, tensor) in &self.tensors {
            let unknown = || wrong(format!("tensor {name} belongs to no projection of {BASE}"));
            let rest = name.strip_prefix("layers.").ok_or_else(unknown)?;
            let (layer, rest) = rest.split_once('.').ok_or_else(unknown)?;
            let (projection, side) = rest.split_once('.').ok_or_else(unknown)?;
            if !layer.parse().is_ok_and(|layer: usize| layer < d.layers) {
                return Err(unknown());
            }
            let [outputs, inputs] = d.projection(projection).ok_or_else(unknown)?;
            let (shape, other) = match side {
                "lora_a" => ([self.rank, inputs], "lora_b"),
                "lora_b" => ([outputs, self.rank], "lora_a"),
                _ => return Err(unknown()),
            };
            if tensor.dims() != shape {
                return Err(wrong(format!("tensor {name} is {:?}, expected {shape:?}", tensor.dims())));
            }
            if !self.tensors.contains_key(&format!("layers.{layer}.{projection}.{other}")) {
                return Err(wrong(format!("tensor {name} has no {other} beside it")));
            }
        }
        Ok(())
    }

    /// What is added to the weights of the GGUF tensor `name` (`blk.n.p.weight`); none when the
    /// adapter leaves them alone.
    ///
    /// # Errors
    /// When its tensors are of a type that holds no numbers.
    pub(super) fn low_rank(&self, name: &str) -> Result<Option<LowRank>, EngineError> {
        let Some(projection) = name.strip_prefix("blk.").and_then(|name| name.strip_suffix(".weight")) else {
            return Ok(None);
        };
        let side = |side: &str| self.tensors.get(&format!("layers.{projection}.{side}"));
        let (Some(a), Some(b)) = (side("lora_a"), side("lora_b")) else { return Ok(None) };
        let numbers = |tensor: &Tensor| tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1();
        let both = || Ok((numbers(a)?, numbers(&(b.to_dtype(DType::F32)? * self.scale)?)?));
        let (a, b) =
            both().map_err(|error: candle_core::Error| wrong(format!("tensors of {name}: {error}")))?;
        Ok(Some(LowRank { rank: self.rank, a, b }))
    }
}

/// What an adapter adds to one projection: the product of two narrow matrices.
pub(super) struct LowRank {
    rank: usize,
    /// `[rank, inputs]`.
    a: Vec<f32>,
    /// `[outputs, rank]`, scaled.
    b: Vec<f32>,
}

impl LowRank {
    /// Adds what belongs to an output to its row of weights.
    pub(super) fn add_row(&self, row: usize, weights: &mut [f32]) {
        for (factor, a) in
            self.b[row * self.rank..][..self.rank].iter().zip(self.a.chunks_exact(weights.len()))
        {
            weights.iter_mut().zip(a).for_each(|(weight, a)| *weight += factor * a);
        }
    }
}

fn wrong(reason: impl std::fmt::Display) -> EngineError {
    EngineError::model(ADAPTER, reason)
}
