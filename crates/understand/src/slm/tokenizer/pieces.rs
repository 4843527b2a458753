//! SentencePiece as GGUF files hold it: pieces of text with scores.

use std::collections::HashMap;

use carvoice_core::engine::EngineError;

use crate::slm::gguf::{Metadata, broken};

/// Stands for a blank within a piece.
const BLANK: &str = "\u{2581}";

/// Kinds of tokens, as GGUF numbers them.
const NORMAL: f64 = 1.0;
const USER_DEFINED: f64 = 4.0;
const UNUSED: f64 = 5.0;
const BYTE: f64 = 6.0;

/// The pieces of a vocabulary.
pub(super) struct Pieces {
    /// The text of each token, as bytes because some are one byte of a character.
    texts: Vec<Box<[u8]>>,
    /// What merging makes, with blanks as [`BLANK`]: the token and how much it is preferred.
    merged: HashMap<Box<str>, (u32, f32)>,
    /// Tokens of the 256 bytes.
    bytes: Vec<Option<u32>>,
    /// By first byte, tokens that are found in a text before all others, with their text.
    whole: HashMap<u8, Vec<(Box<str>, u32)>>,
    /// Whether a blank is put in front of a text.
    leading_blank: bool,
}

impl Pieces {
    /// Reads the metadata.
    ///
    /// # Errors
    /// [`EngineError::Model`] when the metadata is missing or does not fit `tokens`.
    pub(super) fn new(metadata: &Metadata, tokens: &[&str]) -> Result<Self, EngineError> {
        let scores = metadata.numbers("tokenizer.ggml.scores")?;
        let kinds = metadata.numbers("tokenizer.ggml.token_type")?;
        if scores.len() != tokens.len() || kinds.len() != tokens.len() {
            return Err(broken(format!(
                "{} scores and {} types for {} tokens",
                scores.len(),
                kinds.len(),
                tokens.len()
            )));
        }
        let blank = "tokenizer.ggml.add_space_prefix";
        let mut pieces = Self {
            texts: Vec::with_capacity(tokens.len()),
            merged: HashMap::with_capacity(tokens.len()),
            bytes: vec![None; 256],
            whole: HashMap::new(),
            leading_blank: !metadata.has(blank) || metadata.flag(blank)?,
        };
        for (((token, score), kind), id) in tokens.iter().zip(scores).zip(kinds).zip(0..) {
            pieces.add(token, score as f32, kind, id)?;
        }
        Ok(pieces)
    }

    fn add(&mut self, token: &str, score: f32, kind: f64, id: u32) -> Result<(), EngineError> {
        if kind == BYTE {
            let digits = token.strip_prefix("<0x").and_then(|token| token.strip_suffix('>'));
            let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            let byte = byte.ok_or_else(|| broken(format!("token {token:?} stands for no byte")))?;
            self.bytes[usize::from(byte)] = Some(id);
            self.texts.push(Box::new([byte]));
            return Ok(());
        }
        if kind == USER_DEFINED
            && let Some(first) = token.bytes().next()
        {
            self.whole.entry(first).or_default().push(((*token).into(), id));
        }
        if [NORMAL, USER_DEFINED, UNUSED].contains(&kind) {
            self.merged.insert(token.into(), (id, score));
        }
        self.texts.push(token.replace(BLANK, " ").into_bytes().into());
        Ok(())
    }

    /// The tokens of `text`, which stands at the very `beginning` or behind other text.
    ///
    /// # Errors
    /// When a character is in no token and its bytes neither.
    pub(super) fn encode(&self, text: &str, beginning: bool) -> Result<Vec<u32>, EngineError> {
        let mut tokens = Vec::new();
        let mut from = 0;
        let mut blank = beginning && self.leading_blank;
        for (at, length, token) in self.find_whole(text) {
            self.encode_part(&text[from..at], blank, &mut tokens)?;
            tokens.push(token);
            from = at + length;
            blank = self.leading_blank;
        }
        self.encode_part(&text[from..], blank, &mut tokens)?;
        Ok(tokens)
    }

    /// Where the tokens stand that come before all others: the longest first, and of those the leftmost.
    fn find_whole(&self, text: &str) -> Vec<(usize, usize, u32)> {
        let mut found = Vec::new();
        for (at, first) in text.bytes().enumerate() {
            let Some(tokens) = self.whole.get(&first) else { continue };
            let here = tokens.iter().filter(|(token, _)| text.as_bytes()[at..].starts_with(token.as_bytes()));
            found.extend(here.map(|(token, id)| (at, token.len(), *id)));
        }
        found.sort_by_key(|&(at, length, _)| (std::cmp::Reverse(length), at));
        let mut kept: Vec<(usize, usize, u32)> = Vec::new();
        for (at, length, id) in found {
            if kept.iter().all(|(other, long, _)| at + length <= *other || other + long <= at) {
                kept.push((at, length, id));
            }
        }
        kept.sort_unstable();
        kept
    }

    /// Begins with single characters and merges, again and again, the two neighbours that make the piece of the
    /// highest score, the leftmost of several.
    fn encode_part(&self, text: &str, blank: bool, tokens: &mut Vec<u32>) -> Result<(), EngineError> {
        if text.is_empty() {
            return Ok(());
        }
        let text = [if blank { BLANK } else { "" }, &text.replace(' ', BLANK)].concat();
        let ends = text.char_indices().map(|(at, _)| at).skip(1).chain([text.len()]);
        let mut start = 0;
        let mut parts: Vec<Part> = ends
            .map(|end| {
                let part = Part { start, end, with_next: None };
                start = end;
                part
            })
            .collect();
        for at in 0..parts.len() {
            self.weigh(&text, &mut parts, at);
        }
        while let Some(best) = best(&parts) {
            parts[best].end = parts.remove(best + 1).end;
            self.weigh(&text, &mut parts, best);
            if let Some(before) = best.checked_sub(1) {
                self.weigh(&text, &mut parts, before);
            }
        }
        for part in parts {
            let piece = &text[part.start..part.end];
            if let Some((token, _)) = self.merged.get(piece) {
                tokens.push(*token);
                continue;
            }
            for byte in piece.bytes() {
                let token = self.bytes[usize::from(byte)];
                tokens.push(token.ok_or_else(|| broken(format!("no token is a part of {piece:?}")))?);
            }
        }
        Ok(())
    }

    /// Notes the score of the piece that a part and the next make.
    fn weigh(&self, text: &str, parts: &mut [Part], at: usize) {
        let end = parts.get(at + 1).map(|next| next.end);
        let part = &mut parts[at];
        part.with_next = end.and_then(|end| self.merged.get(&text[part.start..end])).map(|(_, score)| *score);
    }

    /// The text of `tokens`. Unknown ones are left out, and what is no text is replaced.
    pub(super) fn decode(&self, tokens: &[u32]) -> String {
        let texts = tokens.iter().filter_map(|token| self.texts.get(*token as usize));
        String::from_utf8_lossy(&texts.flatten().copied().collect::<Vec<u8>>()).into_owned()
    }
}

/// A part of a text that becomes one piece.
struct Part {
    start: usize,
    end: usize,
    /// Score of the piece that this and the next part make.
    with_next: Option<f32>,
}

/// The leftmost part that is best merged with the next.
fn best(parts: &[Part]) -> Option<usize> {
    let mut best: Option<(usize, f32)> = None;
    for (at, part) in parts.iter().enumerate() {
        if let Some(score) = part.with_next
            && best.is_none_or(|(_, highest)| score > highest)
        {
            best = Some((at, score));
        }
    }
    best.map(|(at, _)| at)
}
