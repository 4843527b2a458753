//! The pass over the text: words, abbreviations, signs and punctuation. Numbers are next door.

use super::Token;
use super::tables::{UNITS, abbreviation, month, sign};

/// Longest word and longest row of initials, in letters. What is longer is no word; it is cut, so that
/// no token is longer than a phrase may be.
const LONGEST_WORD: usize = 40;

/// Reads a text from left to right into tokens.
pub(super) struct Scanner<'a> {
    /// What is still to be read.
    pub(super) rest: &'a str,
    /// The character before `rest`.
    pub(super) before: Option<char>,
    tokens: Vec<Token>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, before: None, tokens: Vec::new() }
    }

    pub(super) fn tokens(mut self) -> Vec<Token> {
        while let Some(next) = self.rest.chars().next() {
            if self.number() || self.money() {
                continue;
            }
            if is_letter(next) {
                self.word();
            } else {
                self.take(next.len_utf8());
                self.punctuation(next);
            }
        }
        self.tokens
    }

    /// Moves `bytes` on and returns what was passed.
    pub(super) fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.before = taken.chars().next_back().or(self.before);
        taken
    }

    /// Moves on so that `rest` comes next. `rest` is a tail of the text.
    pub(super) fn take_until(&mut self, rest: &str) {
        self.take(self.rest.len().saturating_sub(rest.len()));
    }

    /// Adds words that are separated by spaces.
    pub(super) fn say(&mut self, words: &str) {
        self.tokens.extend(words.split_whitespace().map(|word| Token::Word(word.to_owned())));
    }

    /// Adds words.
    pub(super) fn say_all(&mut self, words: impl IntoIterator<Item = impl Into<String>>) {
        self.tokens.extend(words.into_iter().map(|word| Token::Word(word.into())));
    }

    /// Adds letters that are read by name.
    pub(super) fn spell(&mut self, letters: &str) {
        let letters: String = letters.chars().filter(|letter| is_letter(*letter)).collect();
        self.tokens.push(Token::Letters(letters.to_uppercase()));
    }

    /// Adds a pause; of two pauses the longer stays.
    pub(super) fn pause(&mut self, mark: char) {
        match self.tokens.last_mut() {
            Some(Token::Pause(last)) if weight(mark) > weight(*last) => *last = mark,
            None | Some(Token::Pause(_)) => {}
            Some(_) => self.tokens.push(Token::Pause(mark)),
        }
    }

    /// The last word, if nothing came after it.
    pub(super) fn last_word(&self) -> Option<&str> {
        match self.tokens.last() {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// The last word before a comma that is the newest token.
    pub(super) fn word_before_comma(&self) -> Option<&str> {
        match self.tokens.as_slice() {
            [.., Token::Word(word), Token::Pause(',')] => Some(word),
            _ => None,
        }
    }

    /// A word, an abbreviation, or letters that are read by name. The next character is a letter.
    fn word(&mut self) {
        let unit = UNITS.iter().find(|unit| unit.alone && starts_with_whole(self.rest, unit.symbol));
        if let Some(unit) = unit {
            self.take(unit.symbol.len());
            self.say(unit.many);
            return;
        }
        if let Some(length) = initials(self.rest) {
            let letters = self.take(length);
            self.spell(letters);
            self.full_stop_of_abbreviation();
            return;
        }
        let word = self.take(word_length(self.rest));
        let dotted = self.rest.starts_with('.');
        let after = if dotted { &self.rest[1..] } else { self.rest };
        let name_follows = after.strip_prefix(' ').is_some_and(|rest| rest.starts_with(char::is_uppercase));
        let number_follows = after.trim_start_matches(' ').starts_with(|c: char| c.is_ascii_digit());
        if dotted && number_follows && matches!(word, "No" | "Nos" | "no") {
            self.take(1);
            self.say("number");
        } else if dotted && name_follows && is_initial(word) {
            self.take(1);
            self.spell(word);
        } else if let Some(long) = abbreviation(word, true, name_follows).filter(|_| dotted) {
            self.take(1);
            self.say(long);
            self.full_stop_of_abbreviation();
        } else if let Some(long) = abbreviation(word, false, name_follows) {
            self.say(long);
        } else if is_capitals(word) && word.chars().count() <= 3 && road_follows(self.rest) {
            self.spell(word);
            self.road_number();
        } else {
            self.say(word);
        }
        if self.last_word().is_some_and(|word| month(word).is_some()) {
            self.day_of_month();
        }
    }

    /// The full stop of an abbreviation ends the sentence too when nothing or a new line follows.
    pub(super) fn full_stop_of_abbreviation(&mut self) {
        let end = self.rest.trim_start_matches(['"', '\'', ')', '”', ' ']);
        if self.before == Some('.') && (end.is_empty() || end.starts_with('\n')) {
            self.pause('.');
        }
    }

    /// Everything that is neither a word nor a number. `mark` has been passed.
    fn punctuation(&mut self, mark: char) {
        let next = self.rest.chars().next();
        match mark {
            '.' if self.rest.starts_with("..") => {
                self.take(self.rest.len() - self.rest.trim_start_matches('.').len());
                self.pause('…');
            }
            '.' if next.is_some_and(char::is_lowercase) => self.say("dot"),
            ',' | ';' | ':' | '.' | '…' | '!' | '?' | '—' => self.pause(mark),
            '¿' | '¡' | '\'' | '"' => {}
            '\n' => self.pause('.'),
            '-' | '–' if next.is_none_or(|next| next == ' ') => self.pause('—'),
            '(' | ')' | '[' | ']' | '{' | '}' | '|' | '•' => self.pause(','),
            '#' if next.is_some_and(|next| next.is_ascii_digit()) => self.say("number"),
            _ => {
                if let Some(word) = sign(mark) {
                    self.say(word);
                }
            }
        }
    }
}

/// Whether the voice has a sound for this letter: Latin, with or without marks.
pub(super) fn is_letter(letter: char) -> bool {
    letter.is_alphabetic() && (letter < '\u{250}' || ('\u{1e00}'..'\u{1f00}').contains(&letter))
}

/// Whether `text` begins with `symbol` and no letter or digit follows.
pub(super) fn starts_with_whole(text: &str, symbol: &str) -> bool {
    text.strip_prefix(symbol)
        .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '\''))
}

/// Bytes of the word at the start of `text`, with apostrophes and hyphens between letters.
fn word_length(text: &str) -> usize {
    let mut letters = text.char_indices().take(LONGEST_WORD).peekable();
    let mut end = 0;
    while let Some((start, letter)) = letters.next() {
        let joins = matches!(letter, '\'' | '-') && letters.peek().is_some_and(|(_, next)| is_letter(*next));
        if !is_letter(letter) && !joins {
            // "drivers' seats": the apostrophe belongs to the word.
            let possessive = letter == '\'' && text[..end].ends_with('s') && start > 1;
            return if possessive { start + 1 } else { end };
        }
        end = start + letter.len_utf8();
    }
    end
}

/// Bytes of initials at the start of `text`: "a.m.", "U.S.", "A/C".
fn initials(text: &str) -> Option<usize> {
    let mut letters = text.chars();
    let (first, separator, second) = (letters.next()?, letters.next()?, letters.next()?);
    if !is_letter(first) || !is_letter(second) {
        return None;
    }
    let after = letters.next();
    if separator == '/' {
        let both = first.is_uppercase() && second.is_uppercase() && !after.is_some_and(char::is_alphanumeric);
        return both.then(|| first.len_utf8() + 1 + second.len_utf8());
    }
    let mut length = 0;
    let mut rest = text;
    let mut count = 0;
    while let Some(letter) = rest.chars().next().filter(|letter| is_letter(*letter) && count < LONGEST_WORD) {
        let Some(after) = rest[letter.len_utf8()..].strip_prefix('.') else { break };
        length += letter.len_utf8() + 1;
        rest = after;
        count += 1;
    }
    (separator == '.' && count > 1).then_some(length)
}

/// Whether the word is one capital letter that stands for a name ("J. Smith").
fn is_initial(word: &str) -> bool {
    is_capitals(word) && word.chars().count() == 1 && word != "I"
}

/// Whether the word has capital letters only.
pub(super) fn is_capitals(word: &str) -> bool {
    word.chars().all(char::is_uppercase)
}

/// Whether the rest of a road's name follows: "9" of "A9", "-95" of "I-95".
fn road_follows(rest: &str) -> bool {
    let digits = rest.strip_prefix('-').unwrap_or(rest);
    let count = digits.chars().take_while(char::is_ascii_digit).count();
    (1..=3).contains(&count) && !digits[count..].starts_with('.')
}

fn weight(mark: char) -> u8 {
    match mark {
        ',' => 0,
        ';' | ':' => 1,
        '—' => 2,
        '.' | '…' => 3,
        '!' => 4,
        _ => 5,
    }
}
