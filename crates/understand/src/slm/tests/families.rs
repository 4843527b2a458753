//! Gemma 3 and Phi-3 against candle's models in full precision, which follow those of transformers, on tiny random
//! weights: the same logits within the error of 8-bit weights and activations, and the same greedy tokens.

use std::collections::{BTreeMap, HashMap};

use candle_core::quantized::gguf_file::Value;
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};
use candle_nn::{Activation, VarBuilder};
use candle_transformers::models::{gemma3, phi3};

use super::fixture::{Tiny, random};
use crate::slm::model::Model;

const HIDDEN: usize = 64;
const FEED_FORWARD: usize = 96;
const LAYERS: usize = 4;
const HEADS: usize = 4;
const KV_HEADS: usize = 2;
const VOCABULARY: usize = 300;
const WINDOW: usize = 5;

const TEXT: [u32; 12] = [5, 17, 17, 200, 3, 99, 42, 256, 1, 0, 299, 7];
/// Tokens that are decoded behind the text.
const DECODED: usize = 12;

/// Weights of a model, as a GGUF file of ours and by the names of transformers.
struct Weights {
    tiny: Tiny,
    named: HashMap<String, Tensor>,
    seed: u32,
}

impl Weights {
    fn new(metadata: &[(&str, Value)]) -> Self {
        let metadata = metadata.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        let tiny = Tiny { metadata, tensors: BTreeMap::new() };
        Self { tiny, named: HashMap::new(), seed: 11 }
    }

    /// A matrix in 8 bits; both models get the rounded values.
    fn matrix(&mut self, ours: &str, theirs: &str, rows: usize, cols: usize) {
        let spread = 2.0 / (cols as f32).sqrt();
        let values: Vec<f32> =
            random(&mut self.seed, rows * cols).iter().map(|value| value * spread).collect();
        let values = Tensor::from_vec(values, (rows, cols), &Device::Cpu).unwrap();
        let rounded = QTensor::quantize(&values, GgmlDType::Q8_0).unwrap();
        self.named.insert(theirs.to_owned(), rounded.dequantize(&Device::Cpu).unwrap());
        self.tiny.tensors.insert(ours.to_owned(), rounded);
    }

    /// A normalisation. `shift` is what the file adds to the weights of transformers.
    fn norm(&mut self, ours: &str, theirs: &str, width: usize, shift: f64) {
        let values: Vec<f32> =
            random(&mut self.seed, width).iter().map(|value| 1.0 - shift as f32 + 0.2 * value).collect();
        let values = Tensor::from_vec(values, width, &Device::Cpu).unwrap();
        let shifted = (&values + shift).unwrap();
        self.named.insert(theirs.to_owned(), values);
        self.tiny.tensors.insert(ours.to_owned(), QTensor::quantize(&shifted, GgmlDType::F32).unwrap());
    }

    fn builder(&self) -> VarBuilder<'static> {
        VarBuilder::from_tensors(self.named.clone(), DType::F32, &Device::Cpu)
    }
}

fn metadata(name: &str, head: usize) -> Vec<(String, Value)> {
    let number = |value: usize| Value::U32(value as u32);
    let own = |key: &str| format!("{name}.{key}");
    vec![
        ("general.architecture".to_owned(), Value::String(name.to_owned())),
        (own("embedding_length"), number(HIDDEN)),
        (own("feed_forward_length"), number(FEED_FORWARD)),
        (own("block_count"), number(LAYERS)),
        (own("context_length"), number(256)),
        (own("attention.head_count"), number(HEADS)),
        (own("attention.head_count_kv"), number(KV_HEADS)),
        (own("attention.key_length"), number(head)),
        (own("attention.layer_norm_rms_epsilon"), Value::F32(1e-6)),
    ]
}

/// Compares our model with a reference that takes a token and its position and gives logits.
fn compare(weights: &Weights, mut reference: impl FnMut(u32, usize) -> Vec<f32>) {
    let model = Model::load(&weights.tiny.open(), None, 64, 2).unwrap();
    let mut cache = model.cache();
    let (mut text, mut worst) = (TEXT.to_vec(), 0.0_f32);
    let mut position = 0;
    while position < TEXT.len() + DECODED {
        let theirs = reference(text[position], position);
        let hidden = model.forward(&text[position..=position], &mut cache).unwrap();
        let ours: Vec<f32> = model.logits(&hidden).unwrap().squeeze(0).unwrap().to_vec1().unwrap();
        let square = |values: &mut dyn Iterator<Item = f32>| values.map(|value| value * value).sum::<f32>();
        let off = square(&mut ours.iter().zip(&theirs).map(|(a, b)| a - b));
        worst = worst.max((off / square(&mut theirs.iter().copied())).sqrt());
        position += 1;
        if position == text.len() {
            assert_eq!(best(&ours), best(&theirs), "token {position}");
            text.push(best(&theirs));
        }
    }
    assert!(worst < 0.05, "logits are off by {worst} of their size");
}

fn best(logits: &[f32]) -> u32 {
    let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    best.map_or(0, |(token, _)| token as u32)
}

fn last(logits: &Tensor) -> Vec<f32> {
    logits.flatten_all().unwrap().to_vec1().unwrap()
}

fn token(token: u32) -> Tensor {
    Tensor::new(&[[token]], &Device::Cpu).unwrap()
}

#[test]
fn gemma_3_computes_what_the_reference_does() {
    const HEAD: usize = 32;
    let mut settings = metadata("gemma3", HEAD);
    settings.extend([
        ("gemma3.rope.freq_base".to_owned(), Value::F32(1_000_000.0)),
        ("gemma3.attention.sliding_window".to_owned(), Value::U32(WINDOW as u32)),
        ("gemma3.attention.sliding_window_pattern".to_owned(), Value::U32(3)),
    ]);
    let settings: Vec<(&str, Value)> =
        settings.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    let mut weights = Weights::new(&settings);
    weights.matrix("token_embd.weight", "model.embed_tokens.weight", VOCABULARY, HIDDEN);
    weights.norm("output_norm.weight", "model.norm.weight", HIDDEN, 1.0);
    for layer in 0..LAYERS {
        let ours = |name: &str| format!("blk.{layer}.{name}.weight");
        let theirs = |name: &str| format!("model.layers.{layer}.{name}.weight");
        for (our, their, rows, cols) in [
            ("attn_q", "self_attn.q_proj", HEADS * HEAD, HIDDEN),
            ("attn_k", "self_attn.k_proj", KV_HEADS * HEAD, HIDDEN),
            ("attn_v", "self_attn.v_proj", KV_HEADS * HEAD, HIDDEN),
            ("attn_output", "self_attn.o_proj", HIDDEN, HEADS * HEAD),
            ("ffn_gate", "mlp.gate_proj", FEED_FORWARD, HIDDEN),
            ("ffn_up", "mlp.up_proj", FEED_FORWARD, HIDDEN),
            ("ffn_down", "mlp.down_proj", HIDDEN, FEED_FORWARD),
        ] {
            weights.matrix(&ours(our), &theirs(their), rows, cols);
        }
        for (our, their, width) in [
            ("attn_norm", "input_layernorm", HIDDEN),
            ("post_attention_norm", "post_attention_layernorm", HIDDEN),
            ("ffn_norm", "pre_feedforward_layernorm", HIDDEN),
            ("post_ffw_norm", "post_feedforward_layernorm", HIDDEN),
            ("attn_q_norm", "self_attn.q_norm", HEAD),
            ("attn_k_norm", "self_attn.k_norm", HEAD),
        ] {
            weights.norm(&ours(our), &theirs(their), width, 1.0);
        }
    }
    let config = gemma3::Config {
        attention_bias: false,
        head_dim: HEAD,
        hidden_activation: Activation::GeluPytorchTanh,
        hidden_size: HIDDEN,
        intermediate_size: FEED_FORWARD,
        num_attention_heads: HEADS,
        num_hidden_layers: LAYERS,
        num_key_value_heads: KV_HEADS,
        rms_norm_eps: 1e-6,
        rope_theta: 1_000_000.0,
        rope_local_base_freq: 10_000.0,
        vocab_size: VOCABULARY,
        final_logit_softcapping: None,
        attn_logit_softcapping: None,
        query_pre_attn_scalar: HEAD,
        sliding_window: WINDOW,
        sliding_window_pattern: 3,
        max_position_embeddings: 64,
    };
    let mut reference = gemma3::Model::new(false, &config, weights.builder()).unwrap();
    compare(&weights, |id, position| last(&reference.forward(&token(id), position).unwrap()));
}

#[test]
fn phi_3_computes_what_the_reference_does() {
    const HEAD: usize = HIDDEN / HEADS;
    let settings = metadata("phi3", HEAD);
    let settings: Vec<(&str, Value)> =
        settings.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    let mut weights = Weights::new(&settings);
    weights.matrix("token_embd.weight", "model.embed_tokens.weight", VOCABULARY, HIDDEN);
    weights.matrix("output.weight", "lm_head.weight", VOCABULARY, HIDDEN);
    weights.norm("output_norm.weight", "model.norm.weight", HIDDEN, 0.0);
    for layer in 0..LAYERS {
        let ours = |name: &str| format!("blk.{layer}.{name}.weight");
        let theirs = |name: &str| format!("model.layers.{layer}.{name}.weight");
        for (our, their, rows, cols) in [
            ("attn_qkv", "self_attn.qkv_proj", (HEADS + 2 * KV_HEADS) * HEAD, HIDDEN),
            ("attn_output", "self_attn.o_proj", HIDDEN, HIDDEN),
            ("ffn_up", "mlp.gate_up_proj", 2 * FEED_FORWARD, HIDDEN),
            ("ffn_down", "mlp.down_proj", HIDDEN, FEED_FORWARD),
        ] {
            weights.matrix(&ours(our), &theirs(their), rows, cols);
        }
        weights.norm(&ours("attn_norm"), &theirs("input_layernorm"), HIDDEN, 0.0);
        weights.norm(&ours("ffn_norm"), &theirs("post_attention_layernorm"), HIDDEN, 0.0);
    }
    let config = phi3::Config {
        vocab_size: VOCABULARY,
        hidden_act: Activation::Silu,
        hidden_size: HIDDEN,
        intermediate_size: FEED_FORWARD,
        num_hidden_layers: LAYERS,
        num_attention_heads: HEADS,
        num_key_value_heads: KV_HEADS,
        rms_norm_eps: 1e-6,
        rope_theta: 10_000.0,
        bos_token_id: None,
        eos_token_id: None,
        rope_scaling: None,
        max_position_embeddings: 64,
        original_max_position_embeddings: None,
        partial_rotary_factor: None,
        tie_word_embeddings: false,
    };
    let mut reference = phi3::Model::new(&config, weights.builder()).unwrap();
    compare(&weights, |id, position| last(&reference.forward(&token(id), position).unwrap()));
}
