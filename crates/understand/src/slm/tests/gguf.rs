use candle_core::quantized::gguf_file::Value;
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};
use proptest::prelude::*;

use super::fixture::{HIDDEN, Tiny};
use crate::slm::gguf::Gguf;
use crate::slm::model::Model;
use crate::slm::tokenizer::Tokenizer;

fn refusal(file: Vec<u8>) -> String {
    match Gguf::read(file) {
        Ok(_) => panic!("it was accepted"),
        Err(error) => error.to_string(),
    }
}

fn refusal_with(change: impl FnOnce(&mut Tiny)) -> String {
    let mut tiny = Tiny::new();
    change(&mut tiny);
    refusal(tiny.bytes())
}

#[test]
fn a_file_that_is_no_model_is_refused_with_the_reason() {
    assert!(refusal(Vec::new()).contains("not a whole GGUF file"));
    assert!(refusal(b"RIFF....WAVEfmt ".to_vec()).contains("not a whole GGUF file"));
    assert!(
        refusal_with(|tiny| {
            tiny.metadata.insert("general.architecture".into(), Value::String("mamba".into()));
        })
        .contains("architecture \"mamba\" is not supported")
    );
}

#[test]
fn the_remedy_is_in_the_message() {
    assert!(refusal(Vec::new()).contains("carvoice models fetch"));
    assert!(
        Gguf::open("/nowhere/model.gguf".as_ref()).err().unwrap().to_string().contains("/nowhere/model.gguf")
    );
}

#[test]
fn missing_or_absurd_metadata_is_named() {
    for key in ["llama.block_count", "llama.embedding_length", "general.architecture"] {
        assert!(refusal_with(|tiny| drop(tiny.metadata.remove(key))).contains(&format!("{key} is missing")));
    }
    let absurd = |key: &str, value: u32| {
        refusal_with(|tiny| drop(tiny.metadata.insert(key.into(), Value::U32(value))))
    };
    assert!(absurd("llama.block_count", u32::MAX).contains("block_count"));
    assert!(absurd("llama.attention.head_count", 0).contains("head_count"));
    assert!(absurd("llama.attention.head_count_kv", 3).contains("do not fit together"));
    assert!(absurd("llama.block_count", 4).contains("blk.3.attn_norm.weight is missing"));
}

#[test]
fn a_wrong_shape_is_named_before_anything_is_loaded() {
    let message = refusal_with(|tiny| {
        let odd = Tensor::zeros((HIDDEN, 2 * HIDDEN), DType::F32, &Device::Cpu).unwrap();
        tiny.tensors.insert("blk.1.attn_q.weight".into(), QTensor::quantize(&odd, GgmlDType::Q8_0).unwrap());
    });
    assert!(message.contains("blk.1.attn_q.weight is [64, 128], expected [64, 64]"), "{message}");
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    let whole = Tiny::new().bytes();
    for length in (0..whole.len() - 32).step_by(whole.len() / 97) {
        let message = refusal(whole[..length].to_vec());
        assert!(
            message.contains("not a whole GGUF file") || message.contains("cut short"),
            "{length}: {message}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damage_never_panics(position in 0usize..6000, byte: u8) {
        let mut file = Tiny::new().bytes();
        file[position] = byte;
        if let Ok(gguf) = Gguf::read(file) {
            let _ = Tokenizer::new(&gguf);
            let _ = Model::load(&gguf, None, 8, 1);
        }
    }
}

#[test]
fn other_weight_formats_are_quantised_on_the_way_in() {
    let mut tiny = Tiny::new();
    for name in ["blk.0.attn_q.weight", "blk.2.ffn_up.weight"] {
        let weights = tiny.tensors[name].dequantize(&Device::Cpu).unwrap();
        tiny.tensors.insert(name.into(), QTensor::quantize(&weights, GgmlDType::F32).unwrap());
    }
    let run = |tiny: &Tiny| {
        let model = Model::load(&tiny.open(), None, 8, 1).unwrap();
        model.forward(&[1, 2, 3], &mut model.cache()).unwrap().to_vec2::<f32>().unwrap()
    };
    let (a, b) = (run(&tiny), run(&Tiny::new()));
    let distance = a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(distance < 0.05, "{distance}");
}

#[test]
fn text_survives_the_tokenizer() {
    let tokenizer = Tokenizer::new(&Tiny::new().open()).unwrap();
    for text in ["", "a b", " ab 21.5%\n", "höre ähm", "\u{1F600} \u{0} ok", "音楽"] {
        assert_eq!(tokenizer.decode(&tokenizer.encode(text).unwrap()).unwrap(), text);
    }
    assert_eq!(tokenizer.encode("21").unwrap().len(), 2, "every digit is a token of its own");
    assert_eq!(tokenizer.encode("ab ab").unwrap().len(), 3, "no space is put in front");
    assert!(tokenizer.encode("<|270|>").unwrap().len() > 1, "control tokens cannot be spelt");
}

#[test]
fn a_tokenizer_that_is_not_understood_is_refused() {
    let refusal = |change: &dyn Fn(&mut Tiny)| {
        let mut tiny = Tiny::new();
        change(&mut tiny);
        Tokenizer::new(&tiny.open()).err().unwrap().to_string()
    };
    assert!(
        refusal(&|tiny| {
            tiny.metadata.insert("tokenizer.ggml.model".into(), Value::String("bert".into()));
        })
        .contains("tokenizer \"bert\" is not supported")
    );
    assert!(
        refusal(&|tiny| drop(tiny.metadata.remove("tokenizer.ggml.merges"))).contains("merges is missing")
    );
    assert!(
        refusal(&|tiny| {
            tiny.metadata
                .insert("tokenizer.ggml.tokens".into(), Value::Array(vec![Value::String("a".into())]));
        })
        .contains("1 tokens for 300 embeddings")
    );
}
