//! Sentences of added skills that mean something already.

use std::collections::BTreeMap;

use carvoice_core::catalogue::{Catalogue, ManifestError, Phrase};
use carvoice_core::engine::Context;
use carvoice_understand::templates::Matcher;

use crate::skills::Manifest;

/// The sentences of `added`, in their shortest form, that a built-in skill understands as another intent.
/// Both would be read, so one is never sure which is meant.
pub fn find(catalogue: &Catalogue, added: &[Manifest]) -> Vec<ManifestError> {
    let shipped = Catalogue::shipped();
    let matcher = Matcher::new(&shipped);
    let mut found = Vec::new();
    for intent in catalogue.added(&shipped) {
        for sentence in intent.sentences.iter().flat_map(|group| &group.sentences) {
            let Some(said) = shortest(sentence, catalogue.rules()) else { continue };
            let reading = matcher.read(&said, &Context::default());
            if let Some(command) = reading.commands().first()
                && reading.cover >= 1.0
            {
                let message = format!("`{said}` means {command} already; word it differently");
                found.extend(place(sentence, added).map(|(file, line, column)| ManifestError {
                    file,
                    line,
                    column,
                    message,
                }));
            }
        }
    }
    found
}

/// A sentence without what may be left out, with the first of each choice; none for one with a slot.
fn shortest(sentence: &str, rules: &BTreeMap<String, String>) -> Option<String> {
    words(&Phrase::parse(sentence).ok()?, rules)
}

fn words(phrase: &Phrase, rules: &BTreeMap<String, String>) -> Option<String> {
    match phrase {
        Phrase::Word(word) => Some(word.trim_end_matches('!').to_owned()),
        Phrase::Sequence(parts) => {
            let parts: Option<Vec<String>> = parts.iter().map(|part| words(part, rules)).collect();
            let said: Vec<String> = parts?.into_iter().filter(|part| !part.is_empty()).collect();
            Some(said.join(" "))
        }
        Phrase::Choice(parts) => parts.iter().find_map(|part| words(part, rules)),
        Phrase::Optional(_) => Some(String::new()),
        Phrase::Rule(name) => shortest(rules.get(name)?, rules),
        Phrase::Slot { .. } => None,
    }
}

/// File, line and column of a sentence.
fn place(sentence: &str, added: &[Manifest]) -> Option<(String, usize, usize)> {
    added.iter().find_map(|manifest| {
        let before = manifest.text.get(..manifest.text.find(sentence)?)?;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Some((manifest.name.clone(), before.matches('\n').count() + 1, column))
    })
}
