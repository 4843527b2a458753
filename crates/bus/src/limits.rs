//! What is accepted from callers. Everything else is `InvalidArgument`.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use zbus::{OwnedVariant, Variant};

use crate::request::Refusal;

/// Longest phrase of a vocabulary, in characters.
pub(crate) const PHRASE: usize = 100;
/// Most phrases of one vocabulary: a large telephone book.
pub(crate) const PHRASES: usize = 5_000;
/// Longest name of a kind of vocabulary, in characters.
pub(crate) const KIND: usize = 32;

/// A text with something in it, short enough and without control characters.
pub(crate) fn text(what: &str, value: &str, most: usize) -> Result<(), Refusal> {
    let length = value.chars().count();
    if value.trim().is_empty() {
        Err(Refusal::invalid(format!("{what} is empty")))
    } else if length > most {
        Err(Refusal::invalid(format!("{what} has {length} characters; at most {most} are taken")))
    } else if value.chars().any(char::is_control) {
        Err(Refusal::invalid(format!("{what} holds control characters; send plain text")))
    } else {
        Ok(())
    }
}

/// A word of a fixed set: a zone, a priority.
pub(crate) fn word<T: FromStr<Err: Display>>(value: Option<String>) -> Result<Option<T>, Refusal> {
    value.map(|word| word.parse().map_err(|error: T::Err| Refusal::invalid(error.to_string()))).transpose()
}

/// A vocabulary: its kind a short word in `snake_case`, its phrases short texts.
pub(crate) fn vocabulary(kind: &str, phrases: &[String]) -> Result<(), Refusal> {
    let word = |c: char| c.is_ascii_lowercase() || c == '_';
    if kind.is_empty() || kind.len() > KIND || !kind.chars().all(word) {
        return Err(Refusal::invalid(format!(
            "the kind of a vocabulary is a word in lower case of at most {KIND} letters, such as contacts"
        )));
    }
    if phrases.len() > PHRASES {
        return Err(Refusal::invalid(format!("{} phrases; at most {PHRASES} are taken", phrases.len())));
    }
    phrases.iter().try_for_each(|phrase| text("a phrase", phrase, PHRASE))
}

/// Options of a call, taken one by one so that unknown ones are left over.
pub(crate) struct Options(HashMap<String, OwnedVariant>);

impl Options {
    /// The options as they came.
    pub(crate) fn new(options: HashMap<String, OwnedVariant>) -> Self {
        Self(options)
    }

    /// A text option.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        self.take(name, "s", |value| match value {
            Variant::Str(text) => Some(text.to_string()),
            _ => None,
        })
    }

    /// A yes-or-no option; no unless given.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, Refusal> {
        let value = self.take(name, "b", |value| match value {
            Variant::Bool(flag) => Some(*flag),
            _ => None,
        })?;
        Ok(value.unwrap_or(false))
    }

    /// Refuses what was not taken.
    pub(crate) fn finish(self) -> Result<(), Refusal> {
        match self.0.keys().min() {
            Some(name) => Err(Refusal::invalid(format!("unknown option {name:?}"))),
            None => Ok(()),
        }
    }

    fn take<T>(
        &mut self,
        name: &str,
        kind: &str,
        read: impl FnOnce(&Variant<'_>) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        let found = read(&value);
        if found.is_none() {
            return Err(Refusal::invalid(format!(
                "option {name:?} has type {}; expected {kind}",
                value.value_signature()
            )));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use carvoice_core::turn::{MAX_TEXT as TEXT, Priority};
    use carvoice_core::zone::Zone;

    use super::*;

    fn message(result: Result<(), Refusal>) -> String {
        result.map_or_else(|refusal| refusal.to_string(), |()| "taken".to_owned())
    }

    fn options(of: &[(&str, Variant<'static>)]) -> Options {
        Options::new(
            of.iter().map(|(name, value)| ((*name).to_owned(), value.try_to_owned().unwrap())).collect(),
        )
    }

    #[test]
    fn texts_are_checked_by_characters_not_bytes() {
        assert_eq!(message(text("text", &"ü".repeat(TEXT), TEXT)), "taken");
        assert!(message(text("text", &"ü".repeat(TEXT + 1), TEXT)).contains("1001 characters"));
        assert!(message(text("text", " \u{a0}", TEXT)).contains("is empty"));
        assert!(message(text("text", "a\u{7}b", TEXT)).contains("control characters"));
        assert_eq!(message(text("text", "включи радио", TEXT)), "taken");
    }

    #[test]
    fn vocabularies_have_bounds() {
        let phrases = |count| vec!["mum".to_owned(); count];
        assert_eq!(message(vocabulary("contacts", &phrases(PHRASES))), "taken");
        assert!(message(vocabulary("contacts", &phrases(PHRASES + 1))).contains("at most 5000"));
        assert!(message(vocabulary("Contacts!", &[])).contains("lower case"));
        assert!(message(vocabulary("", &[])).contains("lower case"));
        assert!(message(vocabulary("contacts", &["x".repeat(101)])).contains("101 characters"));
    }

    #[test]
    fn options_are_typed_and_known() {
        let mut given = options(&[("zone", Variant::from("rear")), ("hold", Variant::from(true))]);
        assert_eq!(given.text("zone").unwrap().as_deref(), Some("rear"));
        assert!(given.flag("hold").unwrap());
        assert!(given.finish().is_ok());

        let mut wrong = options(&[("hold", Variant::from("yes"))]);
        assert!(wrong.flag("hold").unwrap_err().to_string().contains("type s; expected b"));

        let unknown = options(&[("volume", Variant::from(3_u32))]);
        assert!(message(unknown.finish()).contains("\"volume\""));
    }

    #[test]
    fn words_are_known() {
        let zone = |word: &str| super::word::<Zone>(Some(word.to_owned()));
        assert_eq!(zone("rear_left"), Ok(Some(Zone::RearLeft)));
        assert!(zone("boot").unwrap_err().to_string().contains("rear_left"));
        assert_eq!(super::word::<Zone>(None), Ok(None));
        assert!(super::word::<Priority>(Some("high".to_owned())).is_err());
    }
}
