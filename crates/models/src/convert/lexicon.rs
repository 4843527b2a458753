//! Merges the voice's pronunciation lexicons and symbol tables into one JSON file.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{ConvertError, Output};

/// More than any lexicon unpacks to; a smaller claim guards against an archive that never ends.
const MAX_UNPACKED: u64 = 64 << 20;

/// What the lexicon is made of, as the package holds it.
pub(super) struct Sources<'a> {
    /// Checked pronunciations, gzipped JSON.
    pub(super) gold: &'a [u8],
    /// Derived pronunciations, gzipped JSON; gold goes first.
    pub(super) silver: &'a [u8],
    /// Number of each phoneme symbol, JSON.
    pub(super) phonemes: &'a [u8],
    /// Alphabets of the network for unknown words, JSON.
    pub(super) unknown_words: &'a [u8],
}

/// One word's pronunciation: always the same, or by part of speech.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Pronunciation {
    One(String),
    ByTag(BTreeMap<String, Option<String>>),
}

/// Alphabets of the network for unknown words. Both number their symbols from 1; 0 is the blank.
#[derive(Debug, Deserialize, Serialize)]
struct Alphabets {
    #[serde(rename(deserialize = "in"))]
    letters: Vec<String>,
    #[serde(rename(deserialize = "out"))]
    phonemes: Vec<String>,
    /// Longest word, in letters.
    #[serde(rename(deserialize = "maxlen"))]
    max_letters: u32,
}

/// The file: sorted keys, no white space.
#[derive(Debug, Serialize)]
struct Lexicon {
    phonemes: BTreeMap<String, u32>,
    unknown_words: Alphabets,
    words: BTreeMap<String, Pronunciation>,
}

/// Writes the merged lexicon.
pub(super) fn write(sources: &Sources<'_>, out: &mut dyn Output) -> Result<(), ConvertError> {
    let mut words: BTreeMap<String, Pronunciation> = unpack("gold", sources.gold)?;
    let silver: BTreeMap<String, Pronunciation> = unpack("silver", sources.silver)?;
    // A word also answers to its capitalised form and the reverse; a derived entry must not hide a checked one.
    let derived: Vec<_> = silver
        .into_iter()
        .filter(|(word, _)| forms(word).iter().all(|form| !words.contains_key(form)))
        .collect();
    words.extend(derived);
    let lexicon = Lexicon {
        phonemes: json("phonemes", sources.phonemes)?,
        unknown_words: json("unknown words", sources.unknown_words)?,
        words,
    };
    Ok(serde_json::to_writer(out, &lexicon).map_err(std::io::Error::from)?)
}

/// `word` as written, in lower case, and capitalised.
fn forms(word: &str) -> [String; 3] {
    let lower = word.to_lowercase();
    let mut letters = lower.chars();
    let capitalised =
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    [word.to_owned(), lower, capitalised]
}

fn unpack<T: DeserializeOwned>(what: &str, packed: &[u8]) -> Result<T, ConvertError> {
    let mut text = Vec::new();
    GzDecoder::new(packed)
        .take(MAX_UNPACKED)
        .read_to_end(&mut text)
        .map_err(|error| ConvertError::Input(format!("{what}: not a gzip file: {error}")))?;
    json(what, &text)
}

fn json<T: DeserializeOwned>(what: &str, text: &[u8]) -> Result<T, ConvertError> {
    serde_json::from_slice(text).map_err(|error| ConvertError::Input(format!("{what}: {error}")))
}
