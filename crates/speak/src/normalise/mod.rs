//! Text to words and pauses: everything that is not a word is read out or dropped.
//!
//! One pass over the text, with look-ahead for expressions such as "7:30 p.m." or "-3.5 °C". Letters
//! outside the Latin script, emoji and control characters are dropped, because the voice knows no
//! sound for them.

mod dates;
mod numbers;
mod quantities;
mod scanner;
mod tables;

use scanner::Scanner;
use unicode_normalization::UnicodeNormalization;

/// A word or a pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A word of Latin letters, with apostrophes and hyphens inside and its case as written.
    Word(String),
    /// Capital letters that are read by name: "PM" is "P M".
    Letters(String),
    /// A pause, written as the punctuation mark that asks for it: one of `, ; : — . … ! ?`.
    Pause(char),
}

impl Token {
    /// Whether a sentence ends here.
    pub(crate) fn ends_sentence(&self) -> bool {
        matches!(self, Self::Pause('.' | '…' | '!' | '?'))
    }

    /// Whether a clause ends here.
    pub(crate) fn ends_clause(&self) -> bool {
        matches!(self, Self::Pause(_))
    }

    /// How long it takes to say, in letters.
    pub(crate) fn letters(&self) -> usize {
        match self {
            Self::Word(word) => word.chars().count(),
            // The name of a letter has three sounds on average.
            Self::Letters(letters) => 3 * letters.len(),
            Self::Pause(_) => 0,
        }
    }
}

/// The words and pauses of `text`. Two pauses never follow each other, and none comes first.
pub(crate) fn normalise(text: &str) -> Vec<Token> {
    let text: String = text.nfc().map(plain).collect();
    Scanner::new(&text).tokens()
}

/// The usual form of typographic variants, so that later rules see one form each.
fn plain(letter: char) -> char {
    match letter {
        '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{60}' | '\u{b4}' => '\'',
        '\u{2212}' | '\u{2010}' | '\u{2011}' | '\u{2012}' => '-',
        '\u{2015}' => '—',
        '\u{3bc}' => 'µ',
        '\n' | '\u{2028}' | '\u{2029}' => '\n',
        space if space.is_whitespace() => ' ',
        other => other,
    }
}

/// The tokens as text, as a person would write them out.
#[cfg(test)]
pub(crate) fn spoken(tokens: &[Token]) -> String {
    let mut text = String::new();
    for token in tokens {
        if !text.is_empty() && !token.ends_clause() {
            text.push(' ');
        }
        match token {
            Token::Word(word) => text.push_str(word),
            Token::Letters(letters) => {
                text.push_str(&letters.chars().map(String::from).collect::<Vec<_>>().join(" "));
            }
            Token::Pause(mark) => text.push(*mark),
        }
    }
    text
}

#[cfg(test)]
mod tests;
