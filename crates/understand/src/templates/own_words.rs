//! The words by which an added skill is named: those of its sentences that no shipped skill has.

use std::collections::{BTreeMap, BTreeSet};

use carvoice_core::catalogue::{Catalogue, Choice, Intent, Phrase, SlotKind};

use super::words::{Word, template_words};

/// A word names an intent when it can be said in at least this share of its sentences.
const SHARE: f64 = 0.5;

/// Rules nest at most this deep; words of deeper ones are left out.
const DEEPEST: usize = 12;

/// Words between the others, which tell no intent from another.
const BETWEEN: [&str; 12] = ["to", "of", "in", "on", "at", "for", "with", "and", "it", "is", "me", "i"];

/// An added intent with its words, all in the singular.
#[derive(Debug)]
struct Added {
    intent: Intent,
    /// Those that name it.
    own: BTreeSet<String>,
    /// All of them.
    all: BTreeSet<String>,
}

/// The added intents.
#[derive(Debug, Default)]
pub(super) struct OwnWords(Vec<Added>);

impl OwnWords {
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let shipped = Catalogue::shipped();
        let mut added = catalogue.added(&shipped).peekable();
        if added.peek().is_none() {
            return Self::default();
        }
        let common: BTreeSet<String> =
            shipped.intents().iter().flat_map(|intent| sentences(&shipped, intent)).flatten().collect();
        Self(added.map(|intent| Added::new(catalogue, intent, &common)).collect())
    }

    /// The intents that an utterance names: of all that it has a naming word of, those that share most
    /// words with it, and their choices only those values that it says.
    pub(super) fn named(&self, words: &[Word]) -> Vec<Intent> {
        let words: BTreeSet<&str> = words.iter().map(|word| singular(&word.text)).collect();
        let has = |set: &BTreeSet<String>| words.iter().filter(|word| set.contains(**word)).count();
        let named: Vec<&Added> = self.0.iter().filter(|added| has(&added.own) > 0).collect();
        let most = named.iter().map(|added| has(&added.all)).max();
        let best = named.into_iter().filter(|added| Some(has(&added.all)) == most);
        best.map(|added| narrowed(&added.intent, &words)).collect()
    }
}

impl Added {
    fn new(catalogue: &Catalogue, intent: &Intent, common: &BTreeSet<String>) -> Self {
        let sentences = sentences(catalogue, intent);
        let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
        for word in sentences.iter().flatten().filter(|word| !common.contains(*word)) {
            *counts.entry(word).or_default() += 1;
        }
        let enough = SHARE * sentences.len() as f64;
        let own = counts.into_iter().filter(|(_, count)| *count as f64 >= enough);
        let own = own.map(|(word, _)| word.clone()).collect();
        let all = sentences.into_iter().flatten().filter(|word| !BETWEEN.contains(&word.as_str())).collect();
        Self { intent: intent.clone(), own, all }
    }
}

/// The intent with choices of the values that were said; without any, an optional choice is left out, because
/// the model would make one up.
fn narrowed(intent: &Intent, words: &BTreeSet<&str>) -> Intent {
    let said = |choice: &Choice| {
        choice.spoken.iter().any(|spoken| {
            let spoken = template_words(spoken);
            !spoken.is_empty() && spoken.iter().all(|word| words.contains(singular(word)))
        })
    };
    let mut intent = intent.clone();
    intent.slots.retain_mut(|slot| {
        let SlotKind::Choice(choices) = &mut slot.kind else { return true };
        let any = choices.iter().any(said);
        if any {
            choices.retain(said);
        }
        any || slot.required
    });
    intent
}

/// The words that can be said in each sentence of an intent.
fn sentences(catalogue: &Catalogue, intent: &Intent) -> Vec<BTreeSet<String>> {
    let sentences = intent.sentences.iter().flat_map(|group| &group.sentences);
    sentences
        .map(|sentence| {
            let mut words = BTreeSet::new();
            add(catalogue, intent, sentence, DEEPEST, &mut words);
            words
        })
        .collect()
}

fn add(catalogue: &Catalogue, intent: &Intent, text: &str, depth: usize, words: &mut BTreeSet<String>) {
    let (Ok(phrase), Some(depth)) = (Phrase::parse(text), depth.checked_sub(1)) else { return };
    let mut inside: Vec<&str> = Vec::new();
    phrase.visit(&mut |part| match part {
        Phrase::Word(word) => words.extend(template_words(word).iter().map(|word| singular(word).to_owned())),
        Phrase::Rule(name) => inside.extend(catalogue.rules().get(name).map(String::as_str)),
        Phrase::Slot { name, .. } => {
            if let Some(SlotKind::Choice(choices)) = intent.slot(name).map(|slot| &slot.kind) {
                inside.extend(choices.iter().flat_map(|choice| &choice.spoken).map(String::as_str));
            }
        }
        _ => {}
    });
    for text in inside {
        add(catalogue, intent, text, depth, words);
    }
}

/// The word without the ending of a plural.
fn singular(word: &str) -> &str {
    word.strip_suffix('s').filter(|word| word.len() > 2 && !word.ends_with('s')).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    const SKILL: &str = r#"
        version = 1
        domain = "boat"
        [[intent]]
        name = "boat.raise_sail"
        slots = [
          { name = "sail", type = "choice", required = true, values = { jib = ["jib"], main = ["main sail", "big sail"] } },
          { name = "far", type = "choice", values = { half = ["halfway"], full = ["fully"] } },
        ]
        reply = { done = "Up." }
        sentences = ["(raise|set|hoist) the {sail} [{far}]", "{sail} up"]
        [[intent]]
        name = "boat.drop_anchor"
        reply = { done = "Down." }
        sentences = ["(drop|cast) [the] anchor", "anchor down"]
        [[intent]]
        name = "boat.weigh_anchor"
        reply = { done = "Up." }
        sentences = ["weigh anchor", "(raise|lift) the anchor"]
    "#;

    fn named(text: &str) -> Vec<String> {
        let mut files = Catalogue::shipped_files().to_vec();
        files.push(("boat.toml", SKILL));
        let own_words = OwnWords::new(&Catalogue::parse(&files).unwrap());
        let mut found = Vec::new();
        for intent in own_words.named(&words(text)) {
            let values = intent.slots.iter().filter_map(|slot| match &slot.kind {
                SlotKind::Choice(choices) => {
                    Some(choices.iter().map(|choice| choice.value.as_str()).collect::<Vec<_>>().join("|"))
                }
                _ => None,
            });
            found.push(std::iter::once(intent.name.clone()).chain(values).collect::<Vec<_>>().join(" "));
        }
        found
    }

    #[test]
    fn an_utterance_names_the_skills_that_share_most_words_with_it() {
        assert_eq!(named("let the anchor down, would you"), ["boat.drop_anchor"]);
        assert_eq!(named("can someone lift those anchors"), ["boat.weigh_anchor"]);
        assert_eq!(named("what about the anchor"), ["boat.drop_anchor", "boat.weigh_anchor"]);
        assert_eq!(named("raise the window"), [""; 0]);
    }

    #[test]
    fn a_choice_is_among_the_values_that_were_said() {
        assert_eq!(named("get that big sail up"), ["boat.raise_sail main"]);
        assert_eq!(named("put a sail up halfway"), ["boat.raise_sail jib|main half"]);
    }
}
