//! The pronunciation lexicon: a file made from the voice package at model preparation.
//!
//! The first line is a JSON object (see [`Header`]), every further line one word, sorted by bytes:
//! `word TAB phonemes`, then, for words that sound otherwise in another role, `TAB ROLE=phonemes`.
//! An empty pronunciation of the role `NOUN` means that the letters are read by name ("ETA"). The
//! file is kept as it is and searched by halving: a map would take four times the memory.

use std::collections::HashMap;
use std::path::Path;

use carvoice_core::engine::EngineError;
use serde::Deserialize;

use crate::error::model_error;

/// First line of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// Always `carvoice-lexicon`.
    format: String,
    /// Always 1.
    version: u32,
    /// Number of words, so that a truncated file is noticed.
    words: usize,
    /// Number of each phoneme in the acoustic network.
    phonemes: HashMap<char, i64>,
    /// Letters of the network for unknown words, the first of which is its number 1.
    letters: Vec<char>,
    /// Phonemes of the network for unknown words, likewise.
    sounds: Vec<char>,
    /// Most letters that network takes at once.
    longest_word: usize,
}

/// The lexicon in memory.
pub(crate) struct Lexicon {
    text: String,
    /// Where each line begins in `text`.
    lines: Vec<u32>,
    header: Header,
}

/// How a word sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// In most roles.
    pub(crate) usual: &'a str,
    roles: &'a str,
}

impl<'a> Entry<'a> {
    /// Phonemes in a role, if the role has its own.
    pub(crate) fn in_role(&self, role: &str) -> Option<&'a str> {
        self.roles.split('\t').find_map(|part| part.strip_prefix(role)?.strip_prefix('='))
    }
}

impl Lexicon {
    /// Reads and checks the file.
    pub(crate) fn load(path: &Path) -> Result<Self, EngineError> {
        let bytes = std::fs::read(path).map_err(|error| model_error(path, error))?;
        let text = String::from_utf8(bytes).map_err(|_| model_error(path, "not a lexicon: not UTF-8"))?;
        Self::parse(text).map_err(|reason| model_error(path, reason))
    }

    pub(crate) fn parse(text: String) -> Result<Self, String> {
        let first = text.lines().next().unwrap_or_default();
        let header: Header =
            serde_json::from_str(first).map_err(|error| format!("not a lexicon: first line: {error}"))?;
        if header.format != "carvoice-lexicon" || header.version != 1 {
            return Err(format!("lexicon format {} {} is not supported", header.format, header.version));
        }
        if header.longest_word == 0 || u32::try_from(text.len()).is_err() {
            return Err("not a lexicon of words".to_owned());
        }
        let mut lines = Vec::with_capacity(header.words);
        let mut offset = first.len() + 1;
        let mut previous = "";
        for line in text.lines().skip(1) {
            let word = word_of(line);
            if !line.contains('\t') || word <= previous {
                return Err(format!("line {} is damaged or not in order", lines.len() + 2));
            }
            previous = word;
            lines.push(u32::try_from(offset).unwrap_or(u32::MAX));
            offset += line.len() + 1;
        }
        if lines.len() != header.words {
            return Err(format!("{} of {} words are there", lines.len(), header.words));
        }
        Ok(Self { text, lines, header })
    }

    /// The entry of exactly this word.
    pub(crate) fn exact(&self, word: &str) -> Option<Entry<'_>> {
        let index = self.lines.binary_search_by(|line| word_of(self.line(*line)).cmp(word)).ok()?;
        let (_, entry) = self.line(*self.lines.get(index)?).split_once('\t')?;
        let (usual, roles) = entry.split_once('\t').unwrap_or((entry, ""));
        Some(Entry { usual, roles })
    }

    /// The entry of this word as written, or else in small letters or with a capital first letter.
    pub(crate) fn entry(&self, word: &str) -> Option<Entry<'_>> {
        self.exact(word)
            .or_else(|| self.exact(&word.to_lowercase()))
            .or_else(|| self.exact(&capitalised(word)))
    }

    /// Numbers of the phonemes in the acoustic network; what it does not know is left out.
    pub(crate) fn numbers(&self, phonemes: &str) -> Vec<i64> {
        phonemes.chars().filter_map(|phoneme| self.header.phonemes.get(&phoneme)).copied().collect()
    }

    /// Whether the acoustic network knows this phoneme.
    pub(crate) fn is_phoneme(&self, phoneme: char) -> bool {
        self.header.phonemes.contains_key(&phoneme)
    }

    /// Alphabets of the network for unknown words: letters, phonemes, most letters at once.
    pub(crate) fn alphabets(&self) -> (&[char], &[char], usize) {
        (&self.header.letters, &self.header.sounds, self.header.longest_word)
    }

    fn line(&self, start: u32) -> &str {
        let rest = usize::try_from(start).ok().and_then(|start| self.text.get(start..)).unwrap_or_default();
        rest.lines().next().unwrap_or_default()
    }
}

fn word_of(line: &str) -> &str {
    line.split('\t').next().unwrap_or_default()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + &letters.as_str().to_lowercase()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A lexicon of these lines with the phonemes of the examples in these tests.
    pub(crate) fn lexicon(lines: &[&str]) -> Lexicon {
        let mut lines = lines.to_vec();
        lines.sort_by_key(|line| word_of(line));
        let phonemes: HashMap<String, usize> = " ,.ˈˌabdefhijklmnpstuvwzæðŋɐɑɔəɛɜɡɪɹʃʊʌʒʤʧθᵊᵻAIOTWY"
            .chars()
            .enumerate()
            .map(|(index, phoneme)| (phoneme.to_string(), index + 1))
            .collect();
        let header = serde_json::json!({
            "format": "carvoice-lexicon", "version": 1, "words": lines.len(), "phonemes": phonemes,
            "letters": ["a", "b"], "sounds": ["a", "b"], "longest_word": 4,
        });
        Lexicon::parse(format!("{header}\n{}\n", lines.join("\n"))).unwrap()
    }

    #[test]
    fn finds_words_in_any_case() {
        let lexicon = lexicon(&[
            "Celsius\tsˈɛlsiəs",
            "close\tklˈOs\tNOUN=klˈOz\tVERB=klˈOz",
            "polish\tpˈɑlɪʃ",
            "Polish\tpˈOlɪʃ",
        ]);
        assert_eq!(lexicon.entry("celsius").unwrap().usual, "sˈɛlsiəs");
        assert_eq!(lexicon.entry("CLOSE").unwrap().usual, "klˈOs");
        assert_eq!(lexicon.entry("Polish").unwrap().usual, "pˈOlɪʃ");
        assert_eq!(lexicon.entry("polish").unwrap().usual, "pˈɑlɪʃ");
        assert_eq!(lexicon.entry("clos"), None);
        assert_eq!(lexicon.entry(""), None);
        let close = lexicon.entry("close").unwrap();
        assert_eq!((close.in_role("VERB"), close.in_role("ADJ")), (Some("klˈOz"), None));
    }

    #[test]
    fn damage_is_told() {
        let header = r#"{"format":"carvoice-lexicon","version":1,"words":2,"phonemes":{},"letters":[],"sounds":[],"longest_word":4}"#;
        let check = |text: String, expected: &str| {
            let error = Lexicon::parse(text).err().unwrap();
            assert!(error.contains(expected), "{error}");
        };
        check(String::new(), "not a lexicon");
        check("{}".into(), "not a lexicon");
        check(format!("{header}\na\tA\n"), "1 of 2 words");
        check(format!("{header}\nb\tB\na\tA\n"), "line 3");
        check(format!("{header}\na\tA\nb"), "line 3");
        check(header.replace("\"version\":1", "\"version\":9"), "not supported");
    }
}
