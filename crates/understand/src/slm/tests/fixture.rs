//! A tiny model with random weights, and a catalogue to go with it.

use std::collections::BTreeMap;
use std::io::Cursor;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use crate::slm::gguf::Gguf;

pub(super) const HIDDEN: usize = 64;
pub(super) const FEED_FORWARD: usize = 96;
pub(super) const LAYERS: usize = 3;
pub(super) const HEADS: usize = 4;
pub(super) const KV_HEADS: usize = 2;
pub(super) const VOCABULARY: usize = 300;

/// A GGUF file in the making.
pub(super) struct Tiny {
    pub(super) metadata: BTreeMap<String, Value>,
    pub(super) tensors: BTreeMap<String, QTensor>,
}

impl Tiny {
    /// A Llama-type model with Q8_0 weights from a fixed seed.
    pub(super) fn new() -> Self {
        let head = HIDDEN / HEADS;
        let mut seed = 1;
        let mut tensors = BTreeMap::new();
        let mut matrix = |name: &str, rows: usize, cols: usize| {
            let spread = 2.0 / (cols as f32).sqrt();
            let weights = random(&mut seed, rows * cols).into_iter().map(|value| value * spread).collect();
            let weights = Tensor::from_vec(weights, (rows, cols), &Device::Cpu).unwrap();
            tensors.insert(name.to_owned(), QTensor::quantize(&weights, GgmlDType::Q8_0).unwrap());
        };
        matrix("token_embd.weight", VOCABULARY, HIDDEN);
        for layer in 0..LAYERS {
            matrix(&format!("blk.{layer}.attn_q.weight"), HIDDEN, HIDDEN);
            matrix(&format!("blk.{layer}.attn_k.weight"), KV_HEADS * head, HIDDEN);
            matrix(&format!("blk.{layer}.attn_v.weight"), KV_HEADS * head, HIDDEN);
            matrix(&format!("blk.{layer}.attn_output.weight"), HIDDEN, HIDDEN);
            matrix(&format!("blk.{layer}.ffn_gate.weight"), FEED_FORWARD, HIDDEN);
            matrix(&format!("blk.{layer}.ffn_up.weight"), FEED_FORWARD, HIDDEN);
            matrix(&format!("blk.{layer}.ffn_down.weight"), HIDDEN, FEED_FORWARD);
        }
        let mut norm = |name: &str| {
            let weights: Vec<f32> =
                random(&mut seed, HIDDEN).into_iter().map(|value| 1.0 + 0.2 * value).collect();
            let weights = Tensor::from_vec(weights, HIDDEN, &Device::Cpu).unwrap();
            tensors.insert(name.to_owned(), QTensor::quantize(&weights, GgmlDType::F32).unwrap());
        };
        norm("output_norm.weight");
        for layer in 0..LAYERS {
            norm(&format!("blk.{layer}.attn_norm.weight"));
            norm(&format!("blk.{layer}.ffn_norm.weight"));
        }
        Self { metadata: metadata(), tensors }
    }

    /// The bytes of the file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let metadata: Vec<(&str, &Value)> =
            self.metadata.iter().map(|(key, value)| (key.as_str(), value)).collect();
        let tensors: Vec<(&str, &QTensor)> =
            self.tensors.iter().map(|(key, value)| (key.as_str(), value)).collect();
        gguf_file::write(&mut file, &metadata, &tensors).unwrap();
        file.into_inner()
    }

    /// The file opened.
    pub(super) fn open(&self) -> Gguf<Vec<u8>> {
        Gguf::read(self.bytes()).unwrap()
    }
}

fn metadata() -> BTreeMap<String, Value> {
    let number = |value: usize| Value::U32(value as u32);
    let text = |value: &str| Value::String(value.to_owned());
    let strings = |values: Vec<String>| Value::Array(values.into_iter().map(Value::String).collect());
    let mut tokens: Vec<String> = byte_letters().chain(["Ġa", "ab"].map(str::to_owned)).collect();
    let fillers = (tokens.len()..VOCABULARY).map(|index| format!("<|{index}|>"));
    tokens.extend(fillers.collect::<Vec<_>>());
    [
        ("general.architecture", text("llama")),
        ("llama.embedding_length", number(HIDDEN)),
        ("llama.feed_forward_length", number(FEED_FORWARD)),
        ("llama.block_count", number(LAYERS)),
        ("llama.attention.head_count", number(HEADS)),
        ("llama.attention.head_count_kv", number(KV_HEADS)),
        ("llama.rope.dimension_count", number(HIDDEN / HEADS)),
        ("llama.rope.freq_base", Value::F32(10_000.0)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
        ("tokenizer.ggml.model", text("gpt2")),
        ("tokenizer.ggml.pre", text("smollm")),
        ("tokenizer.ggml.tokens", strings(tokens)),
        ("tokenizer.ggml.merges", strings(vec!["Ġ a".to_owned(), "a b".to_owned()])),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

/// The letters that byte-level BPE writes the 256 bytes with: printable ones as they are, the others
/// from U+0100 on.
fn byte_letters() -> impl Iterator<Item = String> {
    let mut other = 255;
    (0..=255u8).map(move |byte| {
        let printable = matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
        let code = if printable {
            u32::from(byte)
        } else {
            other += 1;
            other
        };
        char::from_u32(code).unwrap().to_string()
    })
}

/// Numbers in -1.0..1.0 from a linear congruential generator (constants of Numerical Recipes).
pub(super) fn random(seed: &mut u32, count: usize) -> Vec<f32> {
    let next = || {
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*seed >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(next).take(count).collect()
}
