//! Merges the voice's pronunciation lexicons and symbol tables into one text file: a header, which is a
//! JSON object on the first line, then one word a line, sorted by bytes:
//! `word TAB phonemes`, then `TAB ROLE=phonemes` for each role in which the word sounds otherwise.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{ConvertError, Output};

/// More than any lexicon unpacks to: guards against an archive that never ends.
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

/// One word's pronunciation in the package. `null` in a role means: spelt out.
#[derive(Deserialize)]
#[serde(untagged)]
enum Pronunciation {
    Always(String),
    ByRole {
        #[serde(rename = "DEFAULT")]
        usual: String,
        #[serde(flatten)]
        roles: BTreeMap<String, Option<String>>,
    },
}

/// Alphabets of the network for unknown words. Both number their symbols from 1; 0 is the blank.
#[derive(Deserialize)]
struct Alphabets {
    #[serde(rename = "in")]
    letters: Vec<char>,
    #[serde(rename = "out")]
    sounds: Vec<char>,
    #[serde(rename = "maxlen")]
    longest_word: usize,
}

/// First line of the file.
#[derive(Serialize)]
struct Header {
    format: &'static str,
    version: u32,
    words: usize,
    phonemes: BTreeMap<char, u32>,
    letters: Vec<char>,
    sounds: Vec<char>,
    longest_word: usize,
}

/// Writes the merged lexicon.
pub(super) fn write(sources: &Sources<'_>, out: &mut dyn Output) -> Result<(), ConvertError> {
    let mut words: BTreeMap<String, Pronunciation> = unpack("gold", sources.gold)?;
    let silver: BTreeMap<String, Pronunciation> = unpack("silver", sources.silver)?;
    // Words are also looked up in small letters and capitalised; a derived entry must not hide a checked one.
    let derived: Vec<_> = silver
        .into_iter()
        .filter(|(word, _)| !forms(word).iter().any(|form| words.contains_key(form)))
        .collect();
    words.extend(derived);

    let alphabets: Alphabets = json("unknown words", sources.unknown_words)?;
    let header = Header {
        format: "carvoice-lexicon",
        version: 1,
        words: words.len(),
        phonemes: json("phonemes", sources.phonemes)?,
        letters: alphabets.letters,
        sounds: alphabets.sounds,
        longest_word: alphabets.longest_word,
    };
    serde_json::to_writer(&mut *out, &header).map_err(std::io::Error::from)?;
    for (word, pronunciation) in &words {
        let line = line(word, pronunciation);
        if word.is_empty() || line.contains('\n') || line.matches('\t').count() != pronunciation.fields() {
            return Err(ConvertError::Input(format!(
                "the entry {word:?} is empty or holds a tab or a line break"
            )));
        }
        write!(out, "\n{line}")?;
    }
    Ok(writeln!(out)?)
}

impl Pronunciation {
    /// Fields of its line after the word.
    fn fields(&self) -> usize {
        match self {
            Self::Always(_) => 1,
            Self::ByRole { roles, .. } => 1 + roles.len(),
        }
    }
}

fn line(word: &str, pronunciation: &Pronunciation) -> String {
    match pronunciation {
        Pronunciation::Always(usual) => format!("{word}\t{usual}"),
        Pronunciation::ByRole { usual, roles } => {
            let role = |(role, sound): (&String, &Option<String>)| {
                format!("\t{role}={}", sound.as_deref().unwrap_or_default())
            };
            let roles: String = roles.iter().map(role).collect();
            format!("{word}\t{usual}{roles}")
        }
    }
}

/// `word` as written, in small letters, and capitalised.
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

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn merged(gold: &str, silver: &str) -> Result<String, String> {
        let mut out = Cursor::new(Vec::new());
        let sources = Sources {
            gold: &packed(gold),
            silver: &packed(silver),
            phonemes: r#"{"b":44,"a":43}"#.as_bytes(),
            unknown_words: r#"{"in":["x"],"out":["y"],"slots":4,"maxlen":24}"#.as_bytes(),
        };
        write(&sources, &mut out).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out.into_inner()).unwrap())
    }

    #[test]
    fn entries_are_merged_and_sorted() {
        let gold = r#"{"close":{"DEFAULT":"klˈOs","VERB":"klˈOz","NOUN":null},"Aaron":"gold"}"#;
        let text = merged(gold, r#"{"zebra":"z","aaron":"silver","Close":"silver"}"#).unwrap();
        let lines = [
            r#"{"format":"carvoice-lexicon","version":1,"words":3,"phonemes":{"a":43,"b":44},"#,
            r#""letters":["x"],"sounds":["y"],"longest_word":24}"#,
            "\nAaron\tgold\nclose\tklˈOs\tNOUN=\tVERB=klˈOz\nzebra\tz\n",
        ];
        assert_eq!(text, lines.concat());
    }

    #[test]
    fn entries_that_would_break_a_line_are_errors() {
        for gold in [
            r#"{"a\tb":"x"}"#,
            r#"{"a":"x\ny"}"#,
            r#"{"":"x"}"#,
            r#"{"a":{"NOUN":"x"}}"#,
            r#"{"a":1}"#,
            "[]",
            "{",
        ] {
            merged(gold, "{}").unwrap_err();
        }
        let mut cut = packed("{}");
        cut.truncate(cut.len() / 2);
        assert!(
            unpack::<BTreeMap<String, String>>("gold", &cut).unwrap_err().to_string().starts_with("gold: ")
        );
    }
}
