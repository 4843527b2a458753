//! The tokenizer inside a GGUF file.

use carvoice_core::engine::EngineError;
use tokenizers::Tokenizer as Inner;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;

use super::gguf::{Gguf, Metadata, Source, broken};

mod pieces;

use pieces::Pieces;

/// Text to tokens and back.
///
/// There are two kinds: byte-level BPE as the `smollm` family uses it, and SentencePiece as Gemma, Phi-3
/// and Mistral use it. candle's own reader of GGUF tokenizers knows only the first, and gives other tokens for it.
/// Control tokens are not recognised in text: a speaker's words never mean them, even when they spell one.
pub struct Tokenizer {
    kind: Kind,
    /// What every text begins with, if the model wants something there.
    begin: Option<u32>,
}

enum Kind {
    Bytes(Box<Inner>),
    Pieces(Pieces),
}

impl Tokenizer {
    /// Builds the tokenizer from the metadata.
    ///
    /// # Errors
    /// [`EngineError::Model`] when the metadata is missing, of another kind, or does not fit the model.
    pub fn new<S: Source>(gguf: &Gguf<S>) -> Result<Self, EngineError> {
        let metadata = gguf.metadata();
        let tokens = metadata.strings("tokenizer.ggml.tokens")?;
        let vocabulary = gguf.dimensions().vocabulary;
        if tokens.len() != vocabulary {
            return Err(broken(format!("{} tokens for {vocabulary} embeddings", tokens.len())));
        }
        let (kind, begins) = match metadata.string("tokenizer.ggml.model")? {
            "gpt2" => (Kind::Bytes(Box::new(byte_level(metadata, &tokens)?)), false),
            "llama" => (Kind::Pieces(Pieces::new(metadata, &tokens)?), true),
            other => {
                return Err(broken(format!(
                    "tokenizer {other:?} is not supported; supported: \"gpt2\", \"llama\""
                )));
            }
        };
        let begins = match metadata.has("tokenizer.ggml.add_bos_token") {
            true => metadata.flag("tokenizer.ggml.add_bos_token")?,
            false => begins,
        };
        let begin = || {
            let token = metadata.number("tokenizer.ggml.bos_token_id")?;
            let known = token.fract() == 0.0 && (0.0..vocabulary as f64).contains(&token);
            if known {
                Ok(token as u32)
            } else {
                Err(broken(format!("there is no token {token} to begin with")))
            }
        };
        Ok(Self { kind, begin: if begins { Some(begin()?) } else { None } })
    }

    /// The tokens of `text` at the very beginning: with the token that a model wants to see there, and the
    /// blank that some put in front.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn begin(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        let tokens = match &self.kind {
            Kind::Bytes(_) => self.encode(text)?,
            Kind::Pieces(pieces) => pieces.encode(text, true)?,
        };
        Ok(self.begin.into_iter().chain(tokens).collect())
    }

    /// The tokens of `text` behind other text.
    ///
    /// # Errors
    /// When a character is in no token, which a whole vocabulary rules out.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        match &self.kind {
            Kind::Bytes(inner) => {
                Ok(inner.encode_fast(text, false).map_err(EngineError::failed)?.get_ids().to_vec())
            }
            Kind::Pieces(pieces) => pieces.encode(text, false),
        }
    }

    /// The text of `tokens`.
    ///
    /// # Errors
    /// When the decoder fails.
    pub fn decode(&self, tokens: &[u32]) -> Result<String, EngineError> {
        match &self.kind {
            Kind::Bytes(inner) => inner.decode(tokens, false).map_err(EngineError::failed),
            Kind::Pieces(pieces) => Ok(pieces.decode(tokens)),
        }
    }
}

/// Byte-level BPE in which every digit is a token of its own, and no space is put in front of the text.
fn byte_level(metadata: &Metadata, tokens: &[&str]) -> Result<Inner, EngineError> {
    let pre = metadata.string("tokenizer.ggml.pre")?;
    if pre != "smollm" {
        return Err(broken(format!(
            "tokenizer \"gpt2\" with {pre:?} is not supported; supported: \"smollm\""
        )));
    }
    let merges = metadata.strings("tokenizer.ggml.merges")?.into_iter().map(|merge| {
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
    Ok(inner)
}
