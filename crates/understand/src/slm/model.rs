//! A language model of the Llama, Gemma 3 or Phi-3 family on candle tensors.
//!
//! candle's own quantised models hide their layers: they give the last position's logits over the whole
//! vocabulary and can neither step back nor take an adapter. This one gives the final hidden state of
//! every position it reads, the logits of chosen tokens at any of them, and reads on from any length
//! its cache is taken back to.

use std::hash::{DefaultHasher, Hash, Hasher};

use candle_core::{self as candle, Device, Storage, Tensor, bail};
use carvoice_core::engine::EngineError;
use rayon::prelude::*;

use super::adapter::Adapter;
use super::attention::{Queries, attend};
use super::cache::KvCache;
use super::dimensions::{Activation, Dimensions};
use super::functions::{gelu, normalise, normalise_in_place, silu};
use super::gguf::{Gguf, Source};
use super::q8::{Activations, Outputs, Q8Matrix};
use super::rotary::Rotary;
use super::weights::{gated, matrix, stacked, values};

/// The weights, ready to run. Immutable: what was read lives in a [`KvCache`].
pub struct Model {
    dimensions: Dimensions,
    embedding: Q8Matrix,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    /// Absent when the embedding serves as the head.
    head: Option<Q8Matrix>,
    rotary: Rotary,
    /// For layers with a window, where it is another.
    local_rotary: Option<Rotary>,
    capacity: usize,
    threads: rayon::ThreadPool,
}

struct Layer {
    attention_norm: Vec<f32>,
    /// Queries, keys and values, one below the other.
    qkv: Q8Matrix,
    query_norm: Option<Vec<f32>>,
    key_norm: Option<Vec<f32>>,
    output: Q8Matrix,
    attention_post_norm: Option<Vec<f32>>,
    feed_forward_norm: Vec<f32>,
    gate_up: Q8Matrix,
    down: Q8Matrix,
    feed_forward_post_norm: Option<Vec<f32>>,
}

/// Room for what a pass computes on its way.
#[derive(Default)]
pub(super) struct Workspace {
    /// The hidden states, `[tokens, hidden]`.
    x: Vec<f32>,
    normalised: Vec<f32>,
    /// `[tokens, queries + keys + values]`.
    qkv: Vec<f32>,
    attended: Vec<f32>,
    inputs: Activations,
    outputs: Outputs,
}

impl Model {
    /// Loads the weights, merged with `adapter`, for texts of up to `capacity` tokens on `threads`
    /// threads (at least 1).
    ///
    /// # Errors
    /// [`EngineError::Model`] when the file cannot be read or the adapter does not fit;
    /// [`EngineError::Failed`] when the threads cannot be started.
    pub fn load<S: Source>(
        gguf: &Gguf<S>,
        adapter: Option<&Adapter>,
        capacity: usize,
        threads: usize,
    ) -> Result<Self, EngineError> {
        let dimensions = gguf.dimensions().clone();
        if let Some(adapter) = adapter {
            adapter.check(&dimensions)?;
        }
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.max(1))
            .thread_name(|index| format!("slm-{index}"))
            .build()
            .map_err(EngineError::failed)?;
        let layers = || (0..dimensions.layers).into_par_iter().map(|layer| Layer::load(gguf, adapter, layer));
        let ends = || -> Result<_, EngineError> {
            let own = gguf.has_tensor("output.weight");
            let head = if own { Some(matrix(gguf, "output.weight")?) } else { None };
            Ok((matrix(gguf, "token_embd.weight")?, head))
        };
        let (layers, ends) =
            threads.install(|| rayon::join(|| layers().collect::<Result<Vec<_>, EngineError>>(), ends));
        let (embedding, head) = ends?;
        let factors = rotary_factors(gguf, capacity)?;
        let local = dimensions.window.as_ref().filter(|window| window.rotary != dimensions.rotary);
        Ok(Self {
            embedding,
            layers: layers?,
            norm: values(gguf, "output_norm.weight")?,
            head,
            rotary: Rotary::new(&dimensions.rotary, factors.as_deref(), capacity),
            local_rotary: local.map(|window| Rotary::new(&window.rotary, None, capacity)),
            capacity,
            threads,
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

    /// A number that another model, or the same with another adapter, does not have: a hash of the scales of all
    /// weights. May change with the version of the compiler.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        format!("{:?}", self.dimensions).hash(&mut hasher);
        let matrices =
            self.layers.iter().flat_map(|layer| [&layer.qkv, &layer.output, &layer.gate_up, &layer.down]);
        for matrix in matrices.chain([&self.embedding]).chain(&self.head) {
            matrix.scale_bytes(|bytes| hasher.write(bytes));
        }
        hasher.finish()
    }

    /// Reads `tokens` behind what `cache` holds. Returns the final normalised hidden state of each,
    /// `[tokens, hidden]`. On an error the cache is as before.
    ///
    /// # Errors
    /// When a token is not in the vocabulary, the cache is full or it is another model's.
    pub fn forward(&self, tokens: &[u32], cache: &mut KvCache) -> candle::Result<Tensor> {
        if !cache.fits(&self.dimensions) {
            bail!("the cache was made for another model");
        }
        if cache.len() + tokens.len() > self.capacity.min(cache.capacity()) {
            bail!("{} tokens do not fit behind {} of {}", tokens.len(), cache.len(), self.capacity);
        }
        let mut workspace = std::mem::take(&mut cache.workspace);
        let hidden = self.threads.install(|| self.run(tokens, cache, &mut workspace));
        cache.workspace = workspace;
        Tensor::from_vec(hidden?, (tokens.len(), self.dimensions.hidden), &Device::Cpu)
    }

    fn run(&self, tokens: &[u32], cache: &mut KvCache, work: &mut Workspace) -> candle::Result<Vec<f32>> {
        let d = &self.dimensions;
        work.x = self.embedding.gather(tokens)?;
        if d.embedding_scale != 1.0 {
            work.x.iter_mut().for_each(|value| *value *= d.embedding_scale);
        }
        for (index, layer) in self.layers.iter().enumerate() {
            normalise(&work.x, &layer.attention_norm, d.epsilon, &mut work.normalised);
            work.inputs.quantise(&work.normalised, d.hidden);
            layer.qkv.multiply(&work.inputs, &mut work.outputs);
            self.attention(index, layer, tokens.len(), cache, work)?;
            work.inputs.quantise(&work.attended, d.queries());
            layer.output.multiply(&work.inputs, &mut work.outputs);
            self.add(layer.attention_post_norm.as_deref(), work);

            normalise(&work.x, &layer.feed_forward_norm, d.epsilon, &mut work.normalised);
            work.inputs.quantise(&work.normalised, d.hidden);
            match d.activation {
                Activation::Silu => layer.gate_up.multiply_gated(&work.inputs, silu, &mut work.outputs),
                Activation::Gelu => layer.gate_up.multiply_gated(&work.inputs, gelu, &mut work.outputs),
            }
            work.inputs.quantise_outputs(&work.outputs);
            layer.down.multiply(&work.inputs, &mut work.outputs);
            self.add(layer.feed_forward_post_norm.as_deref(), work);
        }
        cache.advance(tokens.len());
        let mut hidden = std::mem::take(&mut work.x);
        normalise_in_place(&mut hidden, &self.norm, d.epsilon);
        Ok(hidden)
    }

    /// Splits the joint projection, rotates, stores keys and values, and attends.
    fn attention(
        &self,
        index: usize,
        layer: &Layer,
        tokens: usize,
        cache: &mut KvCache,
        work: &mut Workspace,
    ) -> candle::Result<()> {
        let d = &self.dimensions;
        let before = cache.len();
        let window = d.window(index);
        let local = self.local_rotary.as_ref().filter(|_| window.is_some());
        let rotary = local.unwrap_or(&self.rotary);
        let stride = layer.qkv.rows();
        work.qkv.resize(tokens * stride, 0.0);
        for (token, row) in work.qkv.chunks_exact_mut(stride).enumerate() {
            work.outputs.copy_row(token, row);
            let (turned, values) = row.split_at_mut(d.queries() + d.kv());
            let (queries, keys) = turned.split_at_mut(d.queries());
            if let (Some(query_norm), Some(key_norm)) = (&layer.query_norm, &layer.key_norm) {
                normalise_in_place(queries, query_norm, d.epsilon);
                normalise_in_place(keys, key_norm, d.epsilon);
            }
            rotary.turn(queries, d.head, before + token);
            rotary.turn(keys, d.head, before + token);
            cache.put(index, before + token, keys, values)?;
        }
        let queries = Queries { rows: &work.qkv, stride, before };
        attend(d, &queries, cache.layer(index), cache.capacity(), window, &mut work.attended);
        Ok(())
    }

    /// Adds the outputs of a product, normalised if the model does that, to the hidden states.
    fn add(&self, norm: Option<&[f32]>, work: &mut Workspace) {
        let width = self.dimensions.hidden;
        let Some(norm) = norm else {
            work.outputs.add_to(&mut work.x, width);
            return;
        };
        work.normalised.resize(width, 0.0);
        for (token, row) in work.x.chunks_exact_mut(width).enumerate() {
            let added = &mut work.normalised[..width];
            work.outputs.copy_row(token, added);
            normalise_in_place(added, norm, self.dimensions.epsilon);
            row.iter_mut().zip(added).for_each(|(x, added)| *x += *added);
        }
    }

    /// Logits over the whole vocabulary for hidden states `[tokens, hidden]`: `[tokens, vocabulary]`.
    ///
    /// # Errors
    /// When the width is another.
    pub fn logits(&self, hidden: &Tensor) -> candle::Result<Tensor> {
        self.threads.install(|| self.head().product(hidden))
    }

    /// Logits of the `tokens` alone for one hidden state. Costs at most a group of 16 rows of the head for each.
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
    fn load<S: Source>(gguf: &Gguf<S>, adapter: Option<&Adapter>, layer: usize) -> Result<Self, EngineError> {
        let d = gguf.dimensions();
        let full = |name: &str| format!("blk.{layer}.{name}.weight");
        let norm = |name: &str| values(gguf, &full(name));
        let optional =
            |name: &str| if gguf.has_tensor(&full(name)) { norm(name).map(Some) } else { Ok(None) };
        Ok(Self {
            attention_norm: norm("attn_norm")?,
            qkv: stacked(gguf, adapter, layer, d.attention_tensors())?,
            query_norm: optional("attn_q_norm")?,
            key_norm: optional("attn_k_norm")?,
            output: stacked(gguf, adapter, layer, &["attn_output"])?,
            attention_post_norm: optional("post_attention_norm")?,
            feed_forward_norm: norm("ffn_norm")?,
            gate_up: gated(gguf, adapter, layer, d)?,
            down: stacked(gguf, adapter, layer, &["ffn_down"])?,
            feed_forward_post_norm: optional("post_ffw_norm")?,
        })
    }
}

/// What the frequencies of a model are divided by that was made to read longer texts than it was first
/// trained on. Which set holds depends on how long they can become.
fn rotary_factors<S: Source>(gguf: &Gguf<S>, capacity: usize) -> Result<Option<Vec<f32>>, EngineError> {
    let long = capacity > gguf.dimensions().short_context;
    let names =
        ["rope_freqs.weight", if long { "rope_factors_long.weight" } else { "rope_factors_short.weight" }];
    names.into_iter().find(|name| gguf.has_tensor(name)).map(|name| values(gguf, name)).transpose()
}

/// Gives `read` the numbers of a contiguous `f32` tensor without a copy.
pub(super) fn with_slice<T>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> T) -> candle::Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    match (&*storage, layout.contiguous_offsets()) {
        (Storage::Cpu(storage), Some((start, end))) => Ok(read(&storage.as_slice::<f32>()?[start..end])),
        _ => bail!("a contiguous tensor on the processor is needed"),
    }
}
