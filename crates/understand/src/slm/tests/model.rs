use std::collections::HashMap;
use std::io::Cursor;

use candle_core::quantized::gguf_file::Content;
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use candle_transformers::models::quantized_llama::ModelWeights;

use super::fixture::{FEED_FORWARD, HIDDEN, LAYERS, Tiny, random};
use crate::slm::adapter::Adapter;
use crate::slm::model::Model;

const TEXT: [u32; 12] = [5, 17, 17, 200, 3, 99, 42, 256, 1, 0, 299, 7];

/// candle's model, as it is, on the same file.
fn reference(file: &[u8]) -> ModelWeights {
    let mut reader = Cursor::new(file);
    let content = Content::read(&mut reader).unwrap();
    ModelWeights::from_gguf(content, &mut reader, &Device::Cpu).unwrap()
}

/// The reference's logits after each token, fed one by one.
fn reference_logits(file: &[u8], text: &[u32]) -> Vec<Vec<f32>> {
    let mut model = reference(file);
    let step = |(position, token): (usize, &u32)| {
        let token = Tensor::new(&[[*token]], &Device::Cpu).unwrap();
        model.forward(&token, position).unwrap().squeeze(0).unwrap().to_vec1().unwrap()
    };
    text.iter().enumerate().map(step).collect()
}

fn load(file: &Tiny, adapter: Option<&Adapter>) -> Model {
    Model::load(&file.open(), adapter, 32, 2).unwrap()
}

fn logits(model: &Model, hidden: &Tensor) -> Vec<Vec<f32>> {
    model.logits(hidden).unwrap().to_vec2().unwrap()
}

/// The same weights, not rounded to 8 bits once more on the way through a product.
fn exact(tiny: &Tiny) -> Tiny {
    let mut exact = Tiny::new();
    for (name, tensor) in &tiny.tensors {
        let weights = tensor.dequantize(&Device::Cpu).unwrap();
        exact.tensors.insert(name.clone(), QTensor::quantize(&weights, GgmlDType::F32).unwrap());
    }
    exact
}

/// Root mean square of the difference, over that of `b`.
fn distance(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    assert_eq!(a.len(), b.len());
    let square = |values: &mut dyn Iterator<Item = f32>| values.map(|value| value * value).sum::<f32>();
    let difference = square(&mut a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| a - b));
    (difference / square(&mut b.iter().flatten().copied())).sqrt()
}

/// Both round activations to 8 bits, so neither equals the reference in full precision; ours must be as near to
/// it as the reference in 8 bits.
fn assert_close(ours: &[Vec<f32>], tiny: &Tiny) {
    let truth = reference_logits(&exact(tiny).bytes(), &TEXT);
    let (own, rounding) = (distance(ours, &truth), distance(&reference_logits(&tiny.bytes(), &TEXT), &truth));
    assert!(own < 1.2 * rounding && own < 0.03, "ours is off by {own}, the reference by {rounding}");
}

#[test]
fn logits_at_every_position_are_those_of_the_reference() {
    let tiny = Tiny::new();
    let model = load(&tiny, None);
    let hidden = model.forward(&TEXT, &mut model.cache()).unwrap();
    assert_close(&logits(&model, &hidden), &tiny);
}

#[test]
fn a_head_of_its_own_is_used() {
    let mut tiny = Tiny::new();
    let other = tiny.tensors["token_embd.weight"].dequantize(&Device::Cpu).unwrap().flip(&[0]).unwrap();
    tiny.tensors.insert("output.weight".into(), QTensor::quantize(&other, GgmlDType::Q8_0).unwrap());
    let model = load(&tiny, None);
    let hidden = model.forward(&TEXT, &mut model.cache()).unwrap();
    assert_close(&logits(&model, &hidden), &tiny);
}

#[test]
fn reading_in_parts_gives_the_same_as_at_once() {
    let model = load(&Tiny::new(), None);
    let whole = logits(&model, &model.forward(&TEXT, &mut model.cache()).unwrap());
    let mut cache = model.cache();
    let mut parts = Vec::new();
    for part in [&TEXT[..1], &TEXT[1..10], &TEXT[10..]] {
        parts.extend(logits(&model, &model.forward(part, &mut cache).unwrap()));
    }
    assert_eq!(parts, whole);
}

#[test]
fn after_a_rollback_nothing_is_left_of_what_was_taken_back() {
    let model = load(&Tiny::new(), None);
    let mut cache = model.cache();
    model.forward(&TEXT[..4], &mut cache).unwrap();
    model.forward(&[9, 8, 7], &mut cache).unwrap();
    cache.truncate(4);
    let again = logits(&model, &model.forward(&TEXT[4..], &mut cache).unwrap());
    let whole = logits(&model, &model.forward(&TEXT, &mut model.cache()).unwrap());
    assert_eq!(again, whole[4..]);
    assert_eq!(cache.len(), TEXT.len());
}

#[test]
fn the_restricted_head_gives_the_logits_of_the_whole() {
    let model = load(&Tiny::new(), None);
    let hidden = model.forward(&TEXT, &mut model.cache()).unwrap();
    let whole = logits(&model, &hidden);
    let last = hidden.get(TEXT.len() - 1).unwrap().to_vec1::<f32>().unwrap();
    let some = model.logits_of(&last, &[0, 299, 42]).unwrap();
    assert_eq!(some, [0, 299, 42].map(|token: usize| whole[TEXT.len() - 1][token]));
    assert!(model.logits_of(&last, &[300]).is_err());
}

#[test]
fn too_long_a_text_is_an_error_that_leaves_the_cache_alone() {
    let model = load(&Tiny::new(), None);
    let mut cache = model.cache();
    model.forward(&TEXT, &mut cache).unwrap();
    assert!(model.forward(&[1; 21], &mut cache).is_err());
    assert!(model.forward(&[300], &mut cache).is_err());
    assert_eq!(cache.len(), TEXT.len());
    model.forward(&[1; 20], &mut cache).unwrap();
}

#[test]
fn one_thread_and_two_give_the_same() {
    let tiny = Tiny::new();
    let run = |threads| {
        let model = Model::load(&tiny.open(), None, 32, threads).unwrap();
        logits(&model, &model.forward(&TEXT, &mut model.cache()).unwrap())
    };
    assert_eq!(run(1), run(2));
}

fn adapter_file(metadata: &[(&str, &str)], tensors: &[(&str, Tensor)]) -> Vec<u8> {
    let metadata: HashMap<String, String> =
        metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    safetensors::serialize(tensors.iter().map(|(name, tensor)| (*name, tensor)), Some(metadata)).unwrap()
}

const METADATA: [(&str, &str); 4] =
    [("format", "1"), ("base", "smollm2-135m-instruct"), ("rank", "4"), ("alpha", "8")];

fn noise(seed: u32, rows: usize, cols: usize) -> Tensor {
    Tensor::from_vec(random(&mut { seed }, rows * cols), (rows, cols), &Device::Cpu).unwrap()
}

#[test]
fn an_adapter_is_merged_into_the_weights_it_names() {
    let (a, b) = (noise(7, 4, FEED_FORWARD), (noise(8, HIDDEN, 4) * 0.1).unwrap());
    let file = adapter_file(
        &METADATA,
        &[("layers.1.ffn_down.lora_a", a.clone()), ("layers.1.ffn_down.lora_b", b.clone())],
    );
    let adapter = Adapter::read(&file).unwrap();
    let tiny = Tiny::new();
    let merged = load(&tiny, Some(&adapter));

    let mut by_hand = Tiny::new();
    let base = by_hand.tensors["blk.1.ffn_down.weight"].dequantize(&Device::Cpu).unwrap();
    let weights = (base + (b.matmul(&a).unwrap() * 2.0).unwrap()).unwrap();
    let weights = QTensor::quantize(&weights, GgmlDType::Q8_0).unwrap();
    by_hand.tensors.insert("blk.1.ffn_down.weight".into(), weights);

    let run = |model: &Model| logits(model, &model.forward(&TEXT, &mut model.cache()).unwrap());
    assert_eq!(run(&merged), run(&load(&by_hand, None)));
    assert_ne!(run(&merged), run(&load(&tiny, None)));
    assert_close(&run(&merged), &by_hand);
}

#[test]
fn an_adapter_for_something_else_is_refused_with_the_reason() {
    let right = ("layers.0.attn_q.lora_a", noise(1, 4, HIDDEN));
    let pair = ("layers.0.attn_q.lora_b", noise(2, HIDDEN, 4));
    let check = |file: Vec<u8>| {
        let dimensions = Tiny::new().open().dimensions().clone();
        Adapter::read(&file).and_then(|adapter| adapter.check(&dimensions)).unwrap_err().to_string()
    };
    let with = |key: &str, value: &str| {
        let metadata = METADATA.map(|entry| {
            if entry.0 == key { (entry.0, value.to_owned()) } else { (entry.0, entry.1.to_owned()) }
        });
        let metadata: Vec<(&str, &str)> =
            metadata.iter().map(|(key, value)| (*key, value.as_str())).collect();
        check(adapter_file(&metadata, &[right.clone(), pair.clone()]))
    };
    assert!(with("base", "gemma3-270m").contains("made for \"gemma3-270m\""));
    assert!(with("format", "gguf").contains("format \"gguf\" is not supported"));
    assert!(with("rank", "none").contains("rank"));
    assert!(with("rank", "8").contains("expected [8, 64]"));
    assert!(check(adapter_file(&METADATA[1..], &[])).contains("format is missing"));
    assert!(check(adapter_file(&METADATA, std::slice::from_ref(&right))).contains("no lora_b beside it"));
    let odd = format!("layers.{LAYERS}.attn_q.lora_a");
    assert!(check(adapter_file(&METADATA, &[(&odd, right.1.clone())])).contains("belongs to no projection"));
    assert!(
        check(adapter_file(&METADATA, &[("lm_head", right.1.clone())])).contains("belongs to no projection")
    );
    assert!(check(vec![1, 2, 3]).contains("not a whole safetensors file"));
    let mut cut = adapter_file(&METADATA, &[right, pair]);
    cut.truncate(cut.len() - 10);
    assert!(check(cut).contains("not a whole safetensors file"));
}
