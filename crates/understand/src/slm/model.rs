//! A Llama-type language model on candle tensors.
//!
//! candle's own `quantized_llama` hides its layers: it gives the last position's logits over the whole
//! vocabulary and can neither step back nor take an adapter. This one gives the final hidden state of
//! every position it reads, the logits of chosen tokens at any of them, and reads on from any length
//! its cache is taken back to.

use std::io::{Read, Seek};

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{self as candle, CpuStorage, CustomOp1, Device, Layout, Shape, Storage, Tensor, bail};
use candle_nn::ops::rms_norm;
use carvoice_core::engine::EngineError;

use super::adapter::Adapter;
use super::attention::{Rotary, attend};
use super::cache::KvCache;
use super::gguf::{Dimensions, Gguf, broken};
use super::q8::Q8Matrix;

/// The weights, ready to run. Immutable: what was read lives in a [`KvCache`].
pub struct Model {
    dimensions: Dimensions,
    embedding: Q8Matrix,
    layers: Vec<Layer>,
    norm: Tensor,
    /// Absent when the embedding serves as the head.
    head: Option<Q8Matrix>,
    rotary: Rotary,
    capacity: usize,
    threads: rayon::ThreadPool,
}

struct Layer {
    attention_norm: Tensor,
    /// Queries, keys and values, one below the other.
    qkv: Q8Matrix,
    output: Q8Matrix,
    feed_forward_norm: Tensor,
    /// Gate and up projection, one below the other.
    gate_up: Q8Matrix,
    down: Q8Matrix,
}

impl Model {
    /// Loads the weights, merged with `adapter`, for texts of up to `capacity` tokens on `threads`
    /// threads (at least 1).
    ///
    /// # Errors
    /// [`EngineError::Model`] when the file cannot be read or the adapter does not fit;
    /// [`EngineError::Failed`] when the threads cannot be started.
    pub fn load<R: Read + Seek>(
        gguf: &mut Gguf<R>,
        adapter: Option<&Adapter>,
        capacity: usize,
        threads: usize,
    ) -> Result<Self, EngineError> {
        let dimensions = gguf.dimensions().clone();
        if let Some(adapter) = adapter {
            adapter.check(&dimensions)?;
        }
        let layers = (0..dimensions.layers)
            .map(|layer| Layer::load(gguf, adapter, layer))
            .collect::<Result<_, _>>()?;
        let head = if gguf.has_own_head() { Some(matrix(gguf, "output.weight")?) } else { None };
        Ok(Self {
            embedding: matrix(gguf, "token_embd.weight")?,
            layers,
            norm: vector(gguf, "output_norm.weight")?,
            head,
            rotary: Rotary::new(&dimensions, capacity),
            capacity,
            threads: rayon::ThreadPoolBuilder::new()
                .num_threads(threads.max(1))
                .thread_name(|index| format!("slm-{index}"))
                .build()
                .map_err(EngineError::failed)?,
            dimensions,
        })
    }

    /// Dimensions of the model.
    #[must_use]
    pub fn dimensions(&self) -> &Dimensions {
        &self.dimensions
    }

    /// An empty cache for the model's capacity.
    #[must_use]
    pub fn cache(&self) -> KvCache {
        KvCache::new(&self.dimensions, self.capacity)
    }

    /// Reads `tokens` behind what `cache` holds. Returns the final normalised hidden state of each,
    /// `[tokens, hidden]`. On an error the cache is as before.
    ///
    /// # Errors
    /// When a token is not in the vocabulary or the cache is full.
    pub fn forward(&self, tokens: &[u32], cache: &mut KvCache) -> candle::Result<Tensor> {
        if cache.len() + tokens.len() > self.capacity.min(cache.capacity()) {
            bail!("{} tokens do not fit behind {} of {}", tokens.len(), cache.len(), self.capacity);
        }
        self.threads.install(|| self.run(tokens, cache))
    }

    fn run(&self, tokens: &[u32], cache: &mut KvCache) -> candle::Result<Tensor> {
        let epsilon = self.dimensions.epsilon;
        let mut x = self.embedding.gather(tokens)?;
        for (index, layer) in self.layers.iter().enumerate() {
            let qkv = layer.qkv.product(&rms_norm(&x, &layer.attention_norm, epsilon)?)?;
            let attended = self.attention(index, &qkv, cache)?;
            x = (x + layer.output.product(&attended)?)?;
            let gate_up = layer.gate_up.product(&rms_norm(&x, &layer.feed_forward_norm, epsilon)?)?;
            x = (x + layer.down.product(&gate_up.apply_op1_no_bwd(&SwiGlu)?)?)?;
        }
        cache.advance(tokens.len());
        rms_norm(&x, &self.norm, epsilon)
    }

    /// Splits the joint projection, rotates, stores keys and values, and attends.
    fn attention(&self, layer: usize, qkv: &Tensor, cache: &mut KvCache) -> candle::Result<Tensor> {
        let d = &self.dimensions;
        let (tokens, width) = qkv.dims2()?;
        let (query_width, kv_width) = (d.heads * d.head, d.kv());
        let before = cache.len();
        let mut queries = Vec::with_capacity(tokens * query_width);
        let mut keys = Vec::with_capacity(tokens * kv_width);
        let mut values = Vec::with_capacity(tokens * kv_width);
        with_slice(qkv, |all| {
            for row in all.chunks_exact(width) {
                queries.extend_from_slice(&row[..query_width]);
                keys.extend_from_slice(&row[query_width..][..kv_width]);
                values.extend_from_slice(&row[query_width + kv_width..]);
            }
        })?;
        for (index, row) in queries.chunks_exact_mut(query_width).enumerate() {
            self.rotary.turn(row, before + index);
        }
        for (index, row) in keys.chunks_exact_mut(kv_width).enumerate() {
            self.rotary.turn(row, before + index);
        }
        cache.append(layer, &keys, &values)?;
        let (keys, values) = cache.layer(layer);
        Tensor::from_vec(attend(d, &queries, keys, values, before), (tokens, query_width), &Device::Cpu)
    }

    /// Logits over the whole vocabulary for hidden states `[tokens, hidden]`: `[tokens, vocabulary]`.
    ///
    /// # Errors
    /// When the width is another.
    pub fn logits(&self, hidden: &Tensor) -> candle::Result<Tensor> {
        self.threads.install(|| self.head().product(hidden))
    }

    /// Logits of the `tokens` alone for one hidden state. Costs a row of the head per token.
    ///
    /// # Errors
    /// When the width is another or a token is not in the vocabulary.
    pub fn logits_of(&self, hidden: &[f32], tokens: &[u32]) -> candle::Result<Vec<f32>> {
        self.head().product_rows(hidden, tokens)
    }

    fn head(&self) -> &Q8Matrix {
        self.head.as_ref().unwrap_or(&self.embedding)
    }
}

impl Layer {
    fn load<R: Read + Seek>(
        gguf: &mut Gguf<R>,
        adapter: Option<&Adapter>,
        layer: usize,
    ) -> Result<Self, EngineError> {
        let mut stacked = |names: &[&str]| {
            let parts =
                names.iter().map(|name| weights(gguf, adapter, &format!("blk.{layer}.{name}.weight")));
            let parts: Vec<QTensor> = parts.collect::<Result<_, _>>()?;
            Q8Matrix::stack(&parts.iter().collect::<Vec<_>>()).map_err(broken)
        };
        Ok(Self {
            qkv: stacked(&["attn_q", "attn_k", "attn_v"])?,
            output: stacked(&["attn_output"])?,
            gate_up: stacked(&["ffn_gate", "ffn_up"])?,
            down: stacked(&["ffn_down"])?,
            attention_norm: vector(gguf, &format!("blk.{layer}.attn_norm.weight"))?,
            feed_forward_norm: vector(gguf, &format!("blk.{layer}.ffn_norm.weight"))?,
        })
    }
}

fn matrix<R: Read + Seek>(gguf: &mut Gguf<R>, name: &str) -> Result<Q8Matrix, EngineError> {
    Q8Matrix::from_tensor(&gguf.tensor(name)?).map_err(|error| broken(format!("tensor {name}: {error}")))
}

/// The weights of this name with what the adapter adds to them, which are then in Q8_0.
fn weights<R: Read + Seek>(
    gguf: &mut Gguf<R>,
    adapter: Option<&Adapter>,
    name: &str,
) -> Result<QTensor, EngineError> {
    let tensor = gguf.tensor(name)?;
    let Some(delta) = adapter.map_or(Ok(None), |adapter| adapter.delta(name))? else { return Ok(tensor) };
    let merged = tensor.dequantize(&Device::Cpu).and_then(|weights| weights + delta);
    merged
        .and_then(|weights| QTensor::quantize(&weights, GgmlDType::Q8_0))
        .map_err(|error| broken(format!("tensor {name}: {error}")))
}

fn vector<R: Read + Seek>(gguf: &mut Gguf<R>, name: &str) -> Result<Tensor, EngineError> {
    gguf.tensor(name)?.dequantize(&Device::Cpu).map_err(|error| broken(format!("tensor {name}: {error}")))
}

/// Gives `read` the numbers of a contiguous `f32` tensor without a copy.
pub(super) fn with_slice<T>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> T) -> candle::Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    match (&*storage, layout.contiguous_offsets()) {
        (Storage::Cpu(storage), Some((start, end))) => Ok(read(&storage.as_slice::<f32>()?[start..end])),
        _ => bail!("a contiguous tensor on the processor is needed"),
    }
}

/// `silu(gate) * up` of rows that hold the gate and the up projection one after the other.
struct SwiGlu;

impl CustomOp1 for SwiGlu {
    fn name(&self) -> &'static str {
        "swiglu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle::Result<(CpuStorage, Shape)> {
        let (rows, width) = layout.shape().dims2()?;
        let Some((start, end)) = layout.contiguous_offsets() else { bail!("input must be contiguous") };
        let half = width / 2;
        let mut out = Vec::with_capacity(rows * half);
        for row in storage.as_slice::<f32>()?[start..end].chunks_exact(width) {
            let (gate, up) = row.split_at(half);
            out.extend(gate.iter().zip(up).map(|(gate, up)| gate / (1.0 + (-gate).exp()) * up));
        }
        Ok((CpuStorage::F32(out), Shape::from((rows, half))))
    }
}
