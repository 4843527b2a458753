//! The tokenizer inside a GGUF file.

use std::io::{Read, Seek};

use carvoice_core::engine::EngineError;
use tokenizers::Tokenizer as Inner;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;

use super::gguf::{Gguf, broken};

/// Text to tokens and back.
///
/// Byte-level BPE as the `smollm` family uses it: every digit is a token of its own, and no space is put
/// in front of the text. candle's own reader of GGUF tokenizers puts one there, which gives other tokens.
/// Control tokens are not recognised in text: a speaker's words never mean them, even when they spell one.
pub struct Tokenizer {
    inner: Inner,
}

impl Tokenizer {
    /// Builds the tokenizer from the metadata.
    ///
    /// # Errors
    /// [`EngineError::Model`] when the metadata is missing, of another kind, or does not fit the model.
    pub fn new<R: Read + Seek>(gguf: &Gguf<R>) -> Result<Self, EngineError> {
        let (model, pre) = (gguf.string("tokenizer.ggml.model")?, gguf.string("tokenizer.ggml.pre")?);
        if (model, pre) != ("gpt2", "smollm") {
            return Err(broken(format!(
                "tokenizer {model:?} with {pre:?} is not supported; supported: \"gpt2\" with \"smollm\""
            )));
        }
        let tokens = gguf.strings("tokenizer.ggml.tokens")?;
        let vocabulary = gguf.dimensions().vocabulary;
        if tokens.len() != vocabulary {
            return Err(broken(format!("{} tokens for {vocabulary} embeddings", tokens.len())));
        }
        let merges = gguf.strings("tokenizer.ggml.merges")?.into_iter().map(|merge| {
            let (left, right) =
                merge.split_once(' ').ok_or_else(|| broken(format!("merge {merge:?} is not a pair")))?;
            Ok((left.to_owned(), right.to_owned()))
        });
        let vocab: Vocab = tokens.iter().zip(0..).map(|(token, id)| ((*token).to_owned(), id)).collect();
        let bpe = BPE::builder().vocab_and_merges(vocab, merges.collect::<Result<Vec<_>, EngineError>>()?);
        let mut inner = Inner::new(bpe.build().map_err(|error| broken(format!("tokenizer: {error}")))?);
        let digits = Digits::new(true).into();
        inner.with_pre_tokenizer(Some(Sequence::new(vec![digits, ByteLevel::new(false, true, true).into()])));
        inner.with_decoder(Some(ByteLevel::new(true, true, true)));
        Ok(Self { inner })
    }

    /// The tokens of `text`.
    ///
    /// # Errors
    /// When a character is in no token, which a whole byte-level vocabulary rules out.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        let encoding = self.inner.encode_fast(text, false).map_err(EngineError::failed)?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of `tokens`.
    ///
    /// # Errors
    /// When the decoder fails.
    pub fn decode(&self, tokens: &[u32]) -> Result<String, EngineError> {
        self.inner.decode(tokens, false).map_err(EngineError::failed)
    }
}
