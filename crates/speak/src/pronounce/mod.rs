//! Words to phonemes: overrides, function words, lexicon, endings, letters by name, and a network for
//! all the rest.
//!
//! Phonemes are those the voice was trained with: IPA, with one capital letter for each diphthong
//! (A as in "day", I "my", O "go", W "now", Y "boy") and T for the tapped t of "water".

mod endings;
mod lexicon;
mod roles;
mod stress;
mod unknown;

use std::collections::HashMap;
use std::path::Path;

use carvoice_core::engine::EngineError;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::normalise::{Token, normalise};
use endings::stems;
use lexicon::Lexicon;
use roles::Around;
use unknown::UnknownWords;

/// Most capitals that are read by name; longer ones are a shouted word.
const MOST_INITIALS: usize = 5;

/// Words of the cabin that the lexicon lacks and the network for unknown words gets wrong.
const CABIN_WORDS: &[(&str, &str)] = &[
    ("aux", "ˈɔks"),
    ("carplay", "kˈɑɹplˌA"),
    ("demist", "dimˈɪst"),
    ("ikea", "Ikˈiə"),
    ("nguyen", "nəwˈɪn"),
    ("wifi", "wˈIfˌI"),
];

/// Turns words into phonemes.
pub(crate) struct Pronouncer {
    lexicon: Lexicon,
    unknown: UnknownWords,
    overrides: HashMap<String, String>,
}

impl Pronouncer {
    /// Loads the lexicon and the network for unknown words.
    pub(crate) fn load(lexicon: &Path, unknown: &Path) -> Result<Self, EngineError> {
        let lexicon = Lexicon::load(lexicon)?;
        let unknown = UnknownWords::load(unknown, &lexicon)?;
        Ok(Self { lexicon, unknown, overrides: HashMap::new() })
    }

    /// From now on `word` sounds as `sound` says: phonemes between slashes, or other words.
    pub(crate) fn set_override(&mut self, word: &str, sound: &str) -> Result<(), EngineError> {
        let phonemes = match sound.strip_prefix('/').and_then(|sound| sound.strip_suffix('/')) {
            Some(phonemes) => {
                if let Some(strange) = phonemes.chars().find(|phoneme| !self.lexicon.is_phoneme(*phoneme)) {
                    return Err(EngineError::failed(format!(
                        "pronunciation of {word}: the voice has no phoneme {strange:?}"
                    )));
                }
                phonemes.to_owned()
            }
            None => self.phonemes(&normalise(sound))?,
        };
        if phonemes.trim().is_empty() || word.trim().is_empty() {
            return Err(EngineError::failed(format!(
                "pronunciation of {word:?}: nothing to say in {sound:?}"
            )));
        }
        self.overrides.insert(word.trim().to_lowercase(), phonemes);
        Ok(())
    }

    /// Numbers for the acoustic network of one phrase, without its padding.
    pub(crate) fn numbers(&self, phrase: &[Token]) -> Result<Vec<i64>, EngineError> {
        Ok(self.lexicon.numbers(&self.phonemes(phrase)?))
    }

    /// Phonemes of one phrase, words separated by spaces.
    pub(crate) fn phonemes(&self, phrase: &[Token]) -> Result<String, EngineError> {
        let words: Vec<String> = phrase.iter().map(small).collect();
        let word_at =
            |index: Option<usize>| index.and_then(|index| words.get(index)).map_or("", String::as_str);
        let mut parts = Vec::with_capacity(2 * phrase.len());
        let mut vowel_follows = None;
        // From the end, because a word's sound depends on the sound after it.
        for (index, token) in phrase.iter().enumerate().rev() {
            let around = Around {
                before: word_at(index.checked_sub(1)),
                after: word_at(index.checked_add(1)),
                vowel_follows,
            };
            let sound = match token {
                Token::Pause(mark) => {
                    vowel_follows = None;
                    parts.push(mark.to_string());
                    continue;
                }
                Token::Letters(letters) => self.letters(letters),
                Token::Word(word) => self.word(word, around)?,
            };
            if let Some(first) =
                sound.chars().find(|phoneme| ![stress::PRIMARY, stress::SECONDARY].contains(phoneme))
            {
                vowel_follows = Some(stress::is_vowel(first));
            }
            if !sound.is_empty() {
                parts.push(sound);
                parts.push(" ".to_owned());
            }
        }
        let phonemes: String = parts.into_iter().rev().collect();
        // The lexicon writes the tapped and the glottal t as phoneticians do, the voice does not.
        Ok(phonemes.trim().replace('ɾ', "T").replace('ʔ', "t"))
    }

    fn word(&self, word: &str, around: Around) -> Result<String, EngineError> {
        let small = word.to_lowercase();
        if let Some(sound) = self.overrides.get(&small) {
            return Ok(sound.clone());
        }
        if let Some((_, sound)) = CABIN_WORDS.iter().find(|(word, _)| *word == small) {
            return Ok((*sound).to_owned());
        }
        // "AM" is a band, not a verb.
        let initials = is_capitals(word) && word.chars().count() > 1;
        if let Some(sound) = roles::function_word(&small, around).filter(|_| !initials) {
            return Ok(sound.to_owned());
        }
        if word.chars().count() == 1 {
            return Ok(self.letters(word));
        }
        if let Some(sound) = self.known(word, around) {
            // A capital letter begins a sentence or a name: neither goes without stress.
            return Ok(if word == small { sound } else { stress::at_least_secondary(&sound) });
        }
        if let Some(sound) = self.compound(word, around)? {
            return Ok(sound);
        }
        let sound = self.unknown.pronounce(word)?;
        let is_sound = |phoneme: &char| self.lexicon.is_phoneme(*phoneme) && !"()-".contains(*phoneme);
        Ok(sound.chars().filter(is_sound).collect())
    }

    /// Sound of a word that the lexicon knows, itself or as a stem with an ending.
    fn known(&self, word: &str, around: Around) -> Option<String> {
        let small = word.to_lowercase();
        let sound = self.lexicon.entry(word).or_else(|| self.lexicon.entry(&plain(word))).map(|entry| {
            let initials = is_capitals(word) && entry.in_role("NOUN") == Some("");
            if initials { "" } else { roles::choose(&small, entry, around) }
        });
        match sound {
            // Capitals are initials unless they are a word that can stand alone.
            Some(sound) if sound.is_empty() || is_capitals(word) && !sound.contains(stress::PRIMARY) => None,
            Some(sound) => Some(sound.to_owned()),
            None => stems(&plain(word)).into_iter().find_map(|(ending, stem)| {
                let entry = self.lexicon.entry(&stem)?;
                Some(ending.join(roles::choose(&stem.to_lowercase(), entry, around)))
            }),
        }
    }

    /// Sound of initials ("USB"), of words with hyphens and of names in one word ("CarPlay").
    fn compound(&self, word: &str, around: Around) -> Result<Option<String>, EngineError> {
        if is_capitals(word) && word.chars().count() <= MOST_INITIALS {
            return Ok(Some(self.letters(word)));
        }
        let parts = parts(word);
        if parts.len() < 2 {
            return Ok(None);
        }
        let all_known = parts.iter().all(|part| self.known(part, around).is_some());
        let mut sounds =
            parts.into_iter().map(|part| self.word(part, around)).collect::<Result<Vec<_>, _>>()?;
        if !all_known {
            return Ok(Some(sounds.join(" ")));
        }
        stress::of_compound(&mut sounds);
        Ok(Some(sounds.concat()))
    }

    /// Names of letters.
    fn letters(&self, letters: &str) -> String {
        let names: String = plain(letters)
            .chars()
            .filter_map(|letter| self.lexicon.exact(&letter.to_uppercase().to_string()))
            .map(|entry| entry.usual)
            .collect();
        stress::of_initials(&names)
    }
}

/// The word in small letters; empty for a pause.
fn small(token: &Token) -> String {
    match token {
        Token::Word(word) | Token::Letters(word) => word.to_lowercase(),
        Token::Pause(_) => String::new(),
    }
}

/// Without accents, which the lexicon seldom writes. Umlauts stay: "Müller" is not "Muller".
fn plain(word: &str) -> String {
    if word.contains(['ä', 'ö', 'ü', 'Ä', 'Ö', 'Ü']) {
        return word.to_owned();
    }
    word.nfd().filter(|letter| !is_combining_mark(*letter)).collect()
}

fn is_capitals(word: &str) -> bool {
    word.chars().all(char::is_uppercase)
}

/// The parts of a compound: between hyphens, before a capital after a small letter, and after the
/// prefix of a name ("O'Neill").
fn parts(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (index, letter) in word.char_indices() {
        let capital = letter.is_uppercase() && last.is_some_and(char::is_lowercase);
        let prefix =
            letter == '\'' && index - start == 1 && word[index + 1..].starts_with(char::is_uppercase);
        if letter == '-' || capital || prefix {
            parts.push(&word[start..index]);
            start = if capital { index } else { index + 1 };
        }
        last = Some(letter);
    }
    parts.push(&word[start..]);
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compounds_come_apart() {
        assert_eq!(parts("Karl-Marx-Allee"), ["Karl", "Marx", "Allee"]);
        assert_eq!(parts("CarPlay"), ["Car", "Play"]);
        assert_eq!(parts("O'Neill"), ["O", "Neill"]);
        assert_eq!(parts("window"), ["window"]);
        assert_eq!(parts("don't"), ["don't"]);
    }

    #[test]
    fn accents_go_and_umlauts_stay() {
        assert_eq!(plain("Café"), "Cafe");
        assert_eq!(plain("Müller"), "Müller");
    }
}
