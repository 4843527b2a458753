//! The values that free slots can take: runs of words of the utterance, or of a text that the conversation
//! brings along, and the numbers that were said.

use std::ops::Range;

use carvoice_core::engine::EngineError;

use super::language::is_speakable;

/// Endings the last word of a text may shed: "mum's mobile" is about "mum", "petrol stations" are a
/// "petrol station".
const ENDINGS: &[&str] = &["'s", "s'", "'", "s"];

/// Shortest word that is left after an ending.
const SHORTEST_STEM: usize = 2;

/// What stands in a free slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Words joined by blanks.
    Text,
    /// Words with digits, joined to one string of digits.
    Digits,
    /// A number; with the place of its slot among the grammar's number slots.
    Number(usize),
}

/// A word as tokens, at the start of a value or further on.
#[derive(Debug)]
pub(super) struct Piece {
    /// Never empty; at the start of a value with the `=` in front.
    pub(super) tokens: Vec<u32>,
    /// Pieces that may come next; empty after a shortened word.
    pub(super) next: Range<usize>,
}

/// All pieces of an utterance and its context.
#[derive(Debug, Default)]
pub(super) struct Spans {
    pieces: Vec<Piece>,
    /// Pieces at which a text may begin.
    texts: Range<usize>,
    /// Pieces at which a string of digits may begin.
    digits: Range<usize>,
    /// The numbers of every number slot, a piece each.
    numbers: Vec<Range<usize>>,
}

impl Spans {
    /// The pieces of `texts`, whose words are joined by single blanks, and of the `numbers` of every number
    /// slot. No value spans two texts.
    pub(super) fn new<'t>(
        texts: impl Iterator<Item = &'t str>,
        numbers: impl Iterator<Item = &'t [f64]>,
        encode: &Encode<'_>,
    ) -> Result<Self, EngineError> {
        let mut spans = Self::default();
        let texts: Vec<&str> = texts.collect();
        spans.texts = spans.words(&texts, " ", text_forms, encode)?;
        spans.digits = spans.words(&texts, "", digit_forms, encode)?;
        for values in numbers {
            let from = spans.pieces.len();
            for value in values {
                spans.pieces.push(Piece { tokens: encode(&value.to_string())?, next: 0..0 });
            }
            spans.numbers.push(from..spans.pieces.len());
        }
        Ok(spans)
    }

    /// Adds the words of `texts` in their `forms`, joined by `blank`; the pieces at which a value may begin.
    fn words(
        &mut self,
        texts: &[&str],
        blank: &str,
        forms: fn(&str) -> Vec<String>,
        encode: &Encode<'_>,
    ) -> Result<Range<usize>, EngineError> {
        let mut starts = Vec::new();
        for text in texts {
            // From the last word to the first, so that what follows a piece is there before it.
            let mut next = 0..0;
            for word in text.split(' ').rev() {
                let from = self.pieces.len();
                for (index, form) in forms(word).iter().enumerate() {
                    let next = if index == 0 { next.clone() } else { 0..0 };
                    starts.push(Piece { tokens: encode(&format!("={form}"))?, next: next.clone() });
                    self.pieces.push(Piece { tokens: encode(&format!("{blank}{form}"))?, next });
                }
                next = from..self.pieces.len();
            }
        }
        let from = self.pieces.len();
        self.pieces.extend(starts);
        Ok(from..self.pieces.len())
    }

    /// Pieces at which such a value may begin; empty when there is none.
    pub(super) fn starts(&self, value: Value) -> Range<usize> {
        match value {
            Value::Text => self.texts.clone(),
            Value::Digits => self.digits.clone(),
            Value::Number(slot) => self.numbers.get(slot).cloned().unwrap_or_default(),
        }
    }

    /// The piece of this number.
    pub(super) fn piece(&self, number: usize) -> &Piece {
        &self.pieces[number]
    }
}

/// Text to tokens.
pub(super) type Encode<'a> = dyn Fn(&str) -> Result<Vec<u32>, EngineError> + 'a;

/// What `word` may look like in a text, the whole word first; nothing if it cannot be part of one.
fn text_forms(word: &str) -> Vec<String> {
    if !is_speakable(word) {
        return Vec::new();
    }
    let stems = ENDINGS.iter().filter_map(|ending| word.strip_suffix(ending));
    let stems = stems.filter(|stem| stem.chars().count() >= SHORTEST_STEM).map(str::to_owned);
    let mut forms: Vec<String> = std::iter::once(word.to_owned()).chain(stems).collect();
    forms.dedup();
    forms
}

/// What `word` may look like in a string of digits; nothing if it has none.
fn digit_forms(word: &str) -> Vec<String> {
    digits(word).into_iter().collect()
}

/// The digits a word stands for: "555-0123", "five", "oh".
fn digits(word: &str) -> Option<String> {
    const NAMES: [&str; 10] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    if let Some(digit) = NAMES.iter().position(|name| *name == word) {
        return Some(digit.to_string());
    }
    if word == "oh" || word == "o" {
        return Some("0".to_owned());
    }
    let digits: String = word.chars().filter(char::is_ascii_digit).collect();
    let only_digits = word.chars().all(|c| c.is_ascii_digit() || "-+()/".contains(c));
    (only_digits && !digits.is_empty()).then_some(digits)
}
