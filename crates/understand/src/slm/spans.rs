//! The values that text and digit slots can take: runs of words of the utterance, or of a text that the
//! conversation brings along.

use carvoice_core::engine::EngineError;

use super::language::is_speakable;

/// Endings the last word of a text may shed: "mum's mobile" is about "mum", "petrol stations" are a
/// "petrol station".
const ENDINGS: &[&str] = &["'s", "s'", "'", "s"];

/// Shortest word that is left after an ending.
const SHORTEST_STEM: usize = 2;

/// Which kind of slot takes a run of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpanKind {
    /// Words joined by blanks.
    Text,
    /// Words with digits, joined to one string of digits.
    Digits,
}

/// A word as tokens, at the start of a value or further on.
#[derive(Debug)]
pub(super) struct Piece {
    /// Never empty; at the start of a value with the `=` in front.
    pub(super) tokens: Vec<u32>,
    /// Pieces that may come next; empty after a shortened word.
    pub(super) next: std::ops::Range<usize>,
}

/// All pieces of an utterance and its context.
#[derive(Debug, Default)]
pub(super) struct Spans {
    pieces: Vec<Piece>,
    /// Pieces at which a text, and a string of digits, may begin.
    starts: [std::ops::Range<usize>; 2],
}

impl Spans {
    /// The pieces of `texts`, whose words are joined by single blanks. No value spans two texts.
    pub(super) fn new<'t>(
        texts: impl Iterator<Item = &'t str>,
        encode: &Encode<'_>,
    ) -> Result<Self, EngineError> {
        let mut spans = Self::default();
        let texts: Vec<&str> = texts.collect();
        for kind in [SpanKind::Text, SpanKind::Digits] {
            let mut starts = Vec::new();
            for text in &texts {
                spans.add(kind, text, &mut starts, encode)?;
            }
            let from = spans.pieces.len();
            spans.pieces.extend(starts);
            spans.starts[kind as usize] = from..spans.pieces.len();
        }
        Ok(spans)
    }

    fn add(
        &mut self,
        kind: SpanKind,
        text: &str,
        starts: &mut Vec<Piece>,
        encode: &Encode<'_>,
    ) -> Result<(), EngineError> {
        let blank = if kind == SpanKind::Text { " " } else { "" };
        // From the last word to the first, so that what follows a piece is there before it.
        let mut next = 0..0;
        for word in text.split(' ').rev() {
            let from = self.pieces.len();
            for (index, form) in forms(kind, word).iter().enumerate() {
                let next = if index == 0 { next.clone() } else { 0..0 };
                starts.push(Piece { tokens: encode(&format!("={form}"))?, next: next.clone() });
                self.pieces.push(Piece { tokens: encode(&format!("{blank}{form}"))?, next });
            }
            next = from..self.pieces.len();
        }
        Ok(())
    }

    /// Pieces at which a value of this kind may begin; empty when the utterance has none.
    pub(super) fn starts(&self, kind: SpanKind) -> std::ops::Range<usize> {
        self.starts[kind as usize].clone()
    }

    /// The piece of this number.
    pub(super) fn piece(&self, number: usize) -> &Piece {
        &self.pieces[number]
    }
}

/// Text to tokens.
pub(super) type Encode<'a> = dyn Fn(&str) -> Result<Vec<u32>, EngineError> + 'a;

/// What `word` may look like in a value, the whole word first; nothing if it cannot be part of one.
fn forms(kind: SpanKind, word: &str) -> Vec<String> {
    match kind {
        SpanKind::Text if !is_speakable(word) => Vec::new(),
        SpanKind::Text => {
            let stems = ENDINGS.iter().filter_map(|ending| word.strip_suffix(ending));
            let stems = stems.filter(|stem| stem.chars().count() >= SHORTEST_STEM).map(str::to_owned);
            let mut forms: Vec<String> = std::iter::once(word.to_owned()).chain(stems).collect();
            forms.dedup();
            forms
        }
        SpanKind::Digits => digits(word).into_iter().collect(),
    }
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
