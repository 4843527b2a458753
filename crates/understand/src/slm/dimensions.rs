//! What kind of model a GGUF file holds, read from its metadata.
//!
//! The families differ little: in where the normalisations stand, in the activation, in how positions turn the
//! heads, and in how far a layer looks back. All of that is told here as data, so that one graph computes
//! every family.

use carvoice_core::engine::EngineError;

use super::gguf::{Metadata, broken};
use super::q8::BLOCK;

/// Bounds of plausible dimensions. They are generous, and keep a damaged file from asking for memory
/// that no model of this kind needs.
const LARGEST_WIDTH: usize = 1 << 16;
const MOST_LAYERS: usize = 256;
const LARGEST_VOCABULARY: usize = 1 << 20;
const LONGEST_CONTEXT: usize = 1 << 30;

/// Base of the rotary frequencies where the file names none, as GGUF has it.
const USUAL_BASE: f32 = 10_000.0;

/// One in this many layers of Gemma 3 sees the whole text where the file does not say which.
const GEMMA_PATTERN: usize = 6;

/// Layers of the one Gemma 3 (27B) that scales its attention by the width of the hidden state per head.
const GEMMA_27B_LAYERS: usize = 62;

/// A family of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// Llama, Mistral, SmolLM2 and their like.
    Llama,
    /// Gemma 3, text only.
    Gemma3,
    /// Phi-3 and Phi-4 mini.
    Phi3,
}

impl Architecture {
    const ALL: [Self; 3] = [Self::Llama, Self::Gemma3, Self::Phi3];

    /// The name in `general.architecture`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Gemma3 => "gemma3",
            Self::Phi3 => "phi3",
        }
    }
}

/// What the gate of the feed-forward network goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// x times the logistic function of x.
    Silu,
    /// The Gaussian error linear unit in its approximation by tanh.
    Gelu,
}

/// Which two values of a head a position turns together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// Neighbours: 0 and 1, 2 and 3.
    Neighbours,
    /// The i-th of the first and the i-th of the second half.
    Halves,
}

/// How positions turn the heads.
#[derive(Clone, Debug, PartialEq)]
pub struct RotaryKind {
    /// What is turned together.
    pub pairing: Pairing,
    /// How many values at the beginning of a head are turned; even, at most the head's width.
    pub width: usize,
    /// The i-th pair turns by base^(-2i / width) per position.
    pub base: f32,
    /// Positions are multiplied by this before.
    pub scale: f32,
    /// Turned values are multiplied by this.
    pub magnitude: f32,
}

/// Layers that see only the latest tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Tokens that are seen, the one that looks included.
    pub tokens: usize,
    /// Which layers are meant.
    pub layers: Vec<bool>,
    /// How positions turn heads in these layers.
    pub rotary: RotaryKind,
}

/// Dimensions of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimensions {
    /// The family.
    pub architecture: Architecture,
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
    /// Width of a head, a multiple of 8.
    pub head: usize,
    /// Tokens of the vocabulary.
    pub vocabulary: usize,
    /// Added to the mean square in RMS normalisation.
    pub epsilon: f32,
    /// Embeddings are multiplied by this.
    pub embedding_scale: f32,
    /// Inner products of queries and keys are multiplied by this.
    pub attention_scale: f32,
    /// What the gate goes through.
    pub activation: Activation,
    /// How positions turn the heads.
    pub rotary: RotaryKind,
    /// Longest text for which `rope_factors_short` holds; for a longer one it is `rope_factors_long`.
    pub short_context: usize,
    /// Layers that see only the latest tokens, if there are any.
    pub window: Option<Window>,
    /// Whether queries, keys and values are one tensor (`attn_qkv`).
    pub joint_attention: bool,
    /// Whether gate and up projection are one tensor (`ffn_up`).
    pub joint_feed_forward: bool,
}

impl Dimensions {
    /// Reads the metadata.
    ///
    /// # Errors
    /// [`EngineError::Model`] when the family is unknown, or something is missing or implausible.
    pub(super) fn read(metadata: &Metadata) -> Result<Self, EngineError> {
        let name = metadata.string("general.architecture")?;
        let architecture = Architecture::ALL.into_iter().find(|known| known.name() == name);
        let architecture = architecture.ok_or_else(|| {
            let known = Architecture::ALL.map(Architecture::name).join(", ");
            broken(format!("architecture {name:?} is not supported; supported: {known}"))
        })?;
        let own = |key: &str| format!("{name}.{key}");
        let size = |key: &str, most: usize| metadata.size(&own(key), most);
        for key in ["final_logit_softcapping", "attn_logit_softcapping", "logit_scale", "expert_count"] {
            if metadata.has(&own(key)) && metadata.number(&own(key))? != 0.0 {
                return Err(broken(format!("metadata {}: models of this kind are not supported", own(key))));
            }
        }

        let hidden = size("embedding_length", LARGEST_WIDTH)?;
        let feed_forward = size("feed_forward_length", LARGEST_WIDTH)?;
        let layers = size("block_count", MOST_LAYERS)?;
        let heads = size("attention.head_count", hidden)?;
        let kv_heads = size("attention.head_count_kv", heads)?;
        let head = match metadata.has(&own("attention.key_length")) {
            true => size("attention.key_length", LARGEST_WIDTH)?,
            false => hidden / heads,
        };
        if !heads.is_multiple_of(kv_heads) || head == 0 || !head.is_multiple_of(8) {
            return Err(broken(format!(
                "{heads} heads of width {head} over {kv_heads} key heads do not fit together"
            )));
        }
        let widths = [hidden, feed_forward, heads * head];
        if let Some(odd) = widths.iter().find(|width| !width.is_multiple_of(BLOCK)) {
            return Err(broken(format!("width {odd} is not a multiple of {BLOCK}")));
        }
        let rotary = rotary(metadata, architecture, head)?;
        let short_context = match metadata.has(&own("rope.scaling.original_context_length")) {
            true => size("rope.scaling.original_context_length", LONGEST_CONTEXT)?,
            false => size("context_length", LONGEST_CONTEXT).unwrap_or(LONGEST_CONTEXT),
        };
        let gemma = architecture == Architecture::Gemma3;
        let query_width = if gemma && layers == GEMMA_27B_LAYERS { hidden / heads } else { head };
        Ok(Self {
            architecture,
            hidden,
            feed_forward,
            layers,
            heads,
            kv_heads,
            head,
            vocabulary: vocabulary(metadata)?,
            epsilon: metadata.positive(&own("attention.layer_norm_rms_epsilon"))?,
            embedding_scale: if gemma { (hidden as f32).sqrt() } else { 1.0 },
            attention_scale: (query_width as f32).sqrt().recip(),
            activation: if gemma { Activation::Gelu } else { Activation::Silu },
            window: window(metadata, architecture, layers, &rotary)?,
            rotary,
            short_context,
            joint_attention: metadata.tensor_shape("blk.0.attn_qkv.weight").is_some(),
            joint_feed_forward: metadata.tensor_shape("blk.0.ffn_gate.weight").is_none(),
        })
    }

    /// Width of the queries of all heads.
    #[must_use]
    pub fn queries(&self) -> usize {
        self.heads * self.head
    }

    /// Width of the keys, and of the values, of all heads.
    #[must_use]
    pub fn kv(&self) -> usize {
        self.kv_heads * self.head
    }

    /// How many of the latest tokens the layer sees, if not all.
    #[must_use]
    pub fn window(&self, layer: usize) -> Option<usize> {
        let window = self.window.as_ref()?;
        (window.layers.get(layer) == Some(&true)).then_some(window.tokens)
    }

    /// Names, within a layer, of the tensors of queries, keys and values, in this order.
    #[must_use]
    pub fn attention_tensors(&self) -> &'static [&'static str] {
        if self.joint_attention { &["attn_qkv"] } else { &["attn_q", "attn_k", "attn_v"] }
    }

    /// Names, within a layer, of the tensors of the gate and the up projection, in this order.
    #[must_use]
    pub fn gate_tensors(&self) -> &'static [&'static str] {
        if self.joint_feed_forward { &["ffn_up"] } else { &["ffn_gate", "ffn_up"] }
    }

    /// Names, within a layer, of all projections.
    pub fn projections(&self) -> impl Iterator<Item = &'static str> {
        let parts = [self.attention_tensors(), &["attn_output"], self.gate_tensors(), &["ffn_down"]];
        parts.into_iter().flatten().copied()
    }

    /// Outputs and inputs of the projection of this name within a layer. None when there is no such one.
    #[must_use]
    pub fn projection(&self, name: &str) -> Option<[usize; 2]> {
        let halves = if self.joint_feed_forward { 2 } else { 1 };
        let shape = match name {
            "attn_qkv" => [self.queries() + 2 * self.kv(), self.hidden],
            "attn_q" => [self.queries(), self.hidden],
            "attn_k" | "attn_v" => [self.kv(), self.hidden],
            "attn_output" => [self.hidden, self.queries()],
            "ffn_gate" | "ffn_up" => [halves * self.feed_forward, self.hidden],
            "ffn_down" => [self.hidden, self.feed_forward],
            _ => return None,
        };
        self.projections().any(|known| known == name).then_some(shape)
    }

    /// Names, within a layer, of all normalisations, with their width.
    #[must_use]
    pub fn norms(&self) -> Vec<(&'static str, usize)> {
        let mut norms = vec![("attn_norm", self.hidden), ("ffn_norm", self.hidden)];
        if self.architecture == Architecture::Gemma3 {
            norms.extend([
                ("attn_q_norm", self.head),
                ("attn_k_norm", self.head),
                ("post_attention_norm", self.hidden),
                ("post_ffw_norm", self.hidden),
            ]);
        }
        norms
    }
}

fn rotary(metadata: &Metadata, architecture: Architecture, head: usize) -> Result<RotaryKind, EngineError> {
    let own = |key: &str| format!("{}.{key}", architecture.name());
    let or = |key: &str, usual: f32| {
        if metadata.has(&own(key)) { metadata.positive(&own(key)) } else { Ok(usual) }
    };
    let width = match metadata.has(&own("rope.dimension_count")) {
        true => metadata.size(&own("rope.dimension_count"), head)?,
        false => head,
    };
    if !width.is_multiple_of(2) {
        return Err(broken(format!("metadata {} is {width}, which is odd", own("rope.dimension_count"))));
    }
    let scaling = match metadata.has(&own("rope.scaling.type")) {
        true => metadata.string(&own("rope.scaling.type"))?,
        false => "linear",
    };
    let scale = match scaling {
        "linear" => or("rope.scaling.factor", 1.0)?.recip(),
        "none" | "longrope" => 1.0,
        _ => {
            return Err(broken(format!(
                "metadata {} is {scaling:?}; supported: none, linear, longrope",
                own("rope.scaling.type")
            )));
        }
    };
    Ok(RotaryKind {
        pairing: if architecture == Architecture::Llama { Pairing::Neighbours } else { Pairing::Halves },
        width,
        base: or("rope.freq_base", USUAL_BASE)?,
        scale,
        magnitude: or("rope.scaling.attn_factor", 1.0)?,
    })
}

/// Gemma 3 mixes local layers, which turn heads in their own way, with global ones. The others have, where
/// the file tells of a window, the same in every layer.
fn window(
    metadata: &Metadata,
    architecture: Architecture,
    layers: usize,
    rotary: &RotaryKind,
) -> Result<Option<Window>, EngineError> {
    let own = |key: &str| format!("{}.attention.{key}", architecture.name());
    if !metadata.has(&own("sliding_window")) || metadata.number(&own("sliding_window"))? == 0.0 {
        return Ok(None);
    }
    let tokens = metadata.size(&own("sliding_window"), LONGEST_CONTEXT)?;
    if architecture != Architecture::Gemma3 {
        return Ok(Some(Window { tokens, layers: vec![true; layers], rotary: rotary.clone() }));
    }
    let pattern = own("sliding_window_pattern");
    let every = |period: usize| (1..=layers).map(|layer| !layer.is_multiple_of(period)).collect();
    let local: Vec<bool> = if !metadata.has(&pattern) {
        every(GEMMA_PATTERN)
    } else if let Some(listed) = metadata.flags(&pattern) {
        listed
    } else {
        every(metadata.size(&pattern, MOST_LAYERS)?)
    };
    if local.len() != layers {
        return Err(broken(format!("metadata {pattern} tells of {} layers, expected {layers}", local.len())));
    }
    let key = format!("{}.rope.freq_base_swa", architecture.name());
    let base = if metadata.has(&key) { metadata.positive(&key)? } else { USUAL_BASE };
    Ok(Some(Window { tokens, layers: local, rotary: RotaryKind { base, scale: 1.0, ..rotary.clone() } }))
}

fn vocabulary(metadata: &Metadata) -> Result<usize, EngineError> {
    match metadata.tensor_shape("token_embd.weight") {
        Some(&[rows, _]) if (1..=LARGEST_VOCABULARY).contains(&rows) => Ok(rows),
        _ => Err(broken("tensor token_embd.weight is missing or has no plausible number of tokens")),
    }
}
