//! A GGUF file whose shape is checked before anything large is allocated.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use candle_core::Device;
use candle_core::quantized::QTensor;
use candle_core::quantized::gguf_file::{Content, Value};
use carvoice_core::engine::EngineError;

/// Name of the model in error messages and in `models/manifest.toml`.
pub const MODEL: &str = "smollm2-135m";

/// Families whose graph [`super::model::Model`] computes.
const ARCHITECTURES: &[&str] = &["llama"];

/// Bounds of plausible dimensions. They are generous, and keep a damaged file from asking for memory
/// that no model of this kind needs.
const LARGEST_WIDTH: usize = 1 << 16;
const MOST_LAYERS: usize = 256;
const LARGEST_VOCABULARY: usize = 1 << 20;

/// Dimensions of a Llama-type model.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimensions {
    /// Width of the hidden state.
    pub hidden: usize,
    /// Width inside the feed-forward network.
    pub feed_forward: usize,
    /// Layers.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; divides `heads`.
    pub kv_heads: usize,
    /// Width of a head, even.
    pub head: usize,
    /// Tokens of the vocabulary.
    pub vocabulary: usize,
    /// Added to the mean square in RMS normalisation.
    pub epsilon: f32,
    /// Base of the rotary frequencies.
    pub rope_base: f32,
}

impl Dimensions {
    /// Width of the keys, and of the values, of all heads.
    #[must_use]
    pub fn kv(&self) -> usize {
        self.kv_heads * self.head
    }
}

/// An opened model file.
pub struct Gguf<R> {
    content: Content,
    reader: R,
    dimensions: Dimensions,
    bytes: u64,
}

impl Gguf<BufReader<File>> {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// [`EngineError::Model`] when it is missing, not GGUF, cut short, of a family that is not
    /// supported, or when its metadata and tensors do not fit together.
    pub fn open(path: &Path) -> Result<Self, EngineError> {
        let file = File::open(path).map_err(|error| broken(format!("{}: {error}", path.display())))?;
        Self::read(BufReader::new(file))
    }
}

impl<R: Read + Seek> Gguf<R> {
    /// Like [`Gguf::open`] for anything that can be read and sought.
    ///
    /// # Errors
    /// As [`Gguf::open`].
    pub fn read(mut reader: R) -> Result<Self, EngineError> {
        let content =
            Content::read(&mut reader).map_err(|error| broken(format!("not a whole GGUF file: {error}")))?;
        let dimensions = dimensions(&content)?;
        let bytes = reader.seek(SeekFrom::End(0)).map_err(broken)?;
        let gguf = Self { content, reader, dimensions, bytes };
        gguf.check_tensors()?;
        Ok(gguf)
    }

    /// Dimensions of the model.
    #[must_use]
    pub fn dimensions(&self) -> &Dimensions {
        &self.dimensions
    }

    /// Whether the head has weights of its own. Otherwise it is the embedding.
    #[must_use]
    pub fn has_own_head(&self) -> bool {
        self.content.tensor_infos.contains_key("output.weight")
    }

    /// The tensor of this name.
    ///
    /// # Errors
    /// When it is missing or the file ends in it.
    pub fn tensor(&mut self, name: &str) -> Result<QTensor, EngineError> {
        self.content
            .tensor(&mut self.reader, name, &Device::Cpu)
            .map_err(|error| broken(format!("tensor {name}: {error}")))
    }

    /// A list of strings in the metadata.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn strings(&self, key: &str) -> Result<Vec<&str>, EngineError> {
        let wrong = || broken(format!("metadata {key} is not a list of strings"));
        let values = metadata(&self.content, key)?.to_vec().map_err(|_| wrong())?;
        values.iter().map(|value| value.to_string().map(String::as_str).map_err(|_| wrong())).collect()
    }

    /// A string in the metadata.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn string(&self, key: &str) -> Result<&str, EngineError> {
        string(&self.content, key)
    }

    /// Every tensor the model needs is there, has the right shape and lies within the file.
    fn check_tensors(&self) -> Result<(), EngineError> {
        let d = &self.dimensions;
        self.check("token_embd.weight", &[d.vocabulary, d.hidden])?;
        self.check("output_norm.weight", &[d.hidden])?;
        if self.has_own_head() {
            self.check("output.weight", &[d.vocabulary, d.hidden])?;
        }
        for layer in 0..d.layers {
            for (name, shape) in [
                ("attn_norm", vec![d.hidden]),
                ("attn_q", vec![d.heads * d.head, d.hidden]),
                ("attn_k", vec![d.kv(), d.hidden]),
                ("attn_v", vec![d.kv(), d.hidden]),
                ("attn_output", vec![d.hidden, d.heads * d.head]),
                ("ffn_norm", vec![d.hidden]),
                ("ffn_gate", vec![d.feed_forward, d.hidden]),
                ("ffn_up", vec![d.feed_forward, d.hidden]),
                ("ffn_down", vec![d.hidden, d.feed_forward]),
            ] {
                self.check(&format!("blk.{layer}.{name}.weight"), &shape)?;
            }
        }
        Ok(())
    }

    fn check(&self, name: &str, shape: &[usize]) -> Result<(), EngineError> {
        let Some(info) = self.content.tensor_infos.get(name) else {
            return Err(broken(format!("tensor {name} is missing")));
        };
        if info.shape.dims() != shape {
            return Err(broken(format!("tensor {name} is {:?}, expected {shape:?}", info.shape.dims())));
        }
        let blocks = info.shape.elem_count() / info.ggml_dtype.block_size();
        let length = (blocks * info.ggml_dtype.type_size()) as u64;
        let end = self.content.tensor_data_offset.saturating_add(info.offset).saturating_add(length);
        if end > self.bytes {
            return Err(broken(format!(
                "the file is cut short: tensor {name} would end at byte {end} of {}",
                self.bytes
            )));
        }
        Ok(())
    }
}

/// The file is of no use: [`EngineError::Model`] for [`MODEL`].
pub(crate) fn broken(reason: impl std::fmt::Display) -> EngineError {
    EngineError::model(MODEL, reason)
}

fn dimensions(content: &Content) -> Result<Dimensions, EngineError> {
    let architecture = string(content, "general.architecture")?;
    if !ARCHITECTURES.contains(&architecture) {
        return Err(broken(format!(
            "architecture {architecture:?} is not supported; supported: {}",
            ARCHITECTURES.join(", ")
        )));
    }
    let size = |key: &str, most: usize| {
        let key = format!("{architecture}.{key}");
        let value = metadata(content, &key)?;
        match integer(value).and_then(|value| usize::try_from(value).ok()) {
            Some(value) if (1..=most).contains(&value) => Ok(value),
            _ => Err(broken(format!("metadata {key} is {value:?}, expected 1 to {most}"))),
        }
    };
    let real = |key: &str| {
        let key = format!("{architecture}.{key}");
        let value = metadata(content, &key)?;
        match value.to_f32() {
            Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
            _ => Err(broken(format!("metadata {key} is {value:?}, expected a positive number"))),
        }
    };
    let hidden = size("embedding_length", LARGEST_WIDTH)?;
    let heads = size("attention.head_count", hidden)?;
    let kv_heads = size("attention.head_count_kv", heads)?;
    let head = match content.metadata.contains_key(&format!("{architecture}.attention.key_length")) {
        true => size("attention.key_length", LARGEST_WIDTH)?,
        false => hidden / heads,
    };
    if !heads.is_multiple_of(kv_heads) || !head.is_multiple_of(2) {
        return Err(broken(format!(
            "{heads} heads of width {head} over {kv_heads} key heads do not fit together"
        )));
    }
    let vocabulary = match content.tensor_infos.get("token_embd.weight").map(|info| info.shape.dims()) {
        Some(&[rows, _]) if (1..=LARGEST_VOCABULARY).contains(&rows) => rows,
        _ => return Err(broken("tensor token_embd.weight is missing or has no plausible number of tokens")),
    };
    Ok(Dimensions {
        hidden,
        feed_forward: size("feed_forward_length", LARGEST_WIDTH)?,
        layers: size("block_count", MOST_LAYERS)?,
        heads,
        kv_heads,
        head,
        vocabulary,
        epsilon: real("attention.layer_norm_rms_epsilon")?,
        rope_base: real("rope.freq_base")?,
    })
}

fn metadata<'a>(content: &'a Content, key: &str) -> Result<&'a Value, EngineError> {
    content.metadata.get(key).ok_or_else(|| broken(format!("metadata {key} is missing")))
}

fn string<'a>(content: &'a Content, key: &str) -> Result<&'a str, EngineError> {
    metadata(content, key)?
        .to_string()
        .map(String::as_str)
        .map_err(|_| broken(format!("metadata {key} is not text")))
}

fn integer(value: &Value) -> Option<i64> {
    match *value {
        Value::U8(value) => Some(value.into()),
        Value::I8(value) => Some(value.into()),
        Value::U16(value) => Some(value.into()),
        Value::I16(value) => Some(value.into()),
        Value::U32(value) => Some(value.into()),
        Value::I32(value) => Some(value.into()),
        Value::U64(value) => i64::try_from(value).ok(),
        Value::I64(value) => Some(value),
        _ => None,
    }
}
