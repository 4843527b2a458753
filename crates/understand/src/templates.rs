//! The template matcher: reads an utterance by the sentences of the catalogue. Exact and fast where a
//! template fits; silent where none does.
//!
//! An utterance is taken apart into clauses: commands, what stands around them ("could you please"),
//! links ("and then"), conditions ("when we get home") and the rest. A command counts only where it
//! fills its clause, so talk that merely mentions car words is none.

mod candidate;
mod clauses;
mod dialogue;
mod heard;
mod lists;
mod needs;
mod numbers;
mod own_words;
mod pattern;
mod reference;
mod repair;
mod said;
mod units;
mod walk;
mod words;

use std::collections::BTreeSet;

use carvoice_core::car::Side;
use carvoice_core::catalogue::{Catalogue, Intent};
use carvoice_core::command::Command;
use carvoice_core::engine::Context;
use carvoice_core::interpretation::{Candidate, Interpretation};

use clauses::{Kind, Parsed};
use own_words::OwnWords;
use pattern::{A_NUMBER, Patterns, WordId};
use walk::Heard;
use words::Word;

/// Phrases around commands and references to earlier ones.
const DIALOGUE: &str = include_str!("templates/dialogue.toml");

/// Longest utterance that is read, in words: about what is said in 30 s. A longer one is no order.
const MAX_WORDS: usize = 80;

/// Reads utterances by templates. Made once per catalogue.
#[derive(Debug)]
pub struct Matcher {
    intents: Vec<Intent>,
    /// What each intent number means, those of [`DIALOGUE`] after those of the catalogue.
    kinds: Vec<Kind>,
    patterns: Patterns,
    /// Heads of places that can be looked for, in the singular.
    categories: BTreeSet<String>,
    /// The words that name added skills.
    own_words: OwnWords,
}

/// What the templates made of an utterance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Its meaning, as far as templates reach.
    pub interpretation: Interpretation,
    /// Share of the words that the templates account for, 0.0..=1.0. At 1.0 nothing was left
    /// unexplained; below, another engine may know better.
    pub cover: f64,
    /// Whether the utterance needed the conversation before it to be understood.
    pub from_context: bool,
}

impl Reading {
    /// The commands read, complete or not.
    #[must_use]
    pub fn commands(&self) -> Vec<Command> {
        self.interpretation.candidates.iter().map(|candidate| candidate.command.clone()).collect()
    }
}

/// Words with their numbers.
struct Utterance {
    words: Vec<Word>,
    ids: Vec<WordId>,
    present: BTreeSet<WordId>,
}

impl Matcher {
    /// A matcher for a car with the steering wheel on the left.
    #[must_use]
    pub fn new(catalogue: &Catalogue) -> Self {
        Self::with_steering(catalogue, Side::Left)
    }

    /// A matcher for a car with the steering wheel on this side, which decides what "left" and "behind
    /// the driver" mean.
    #[must_use]
    pub fn with_steering(catalogue: &Catalogue, steering: Side) -> Self {
        let dialogue = Catalogue::parse(&[("dialogue.toml", DIALOGUE)]).unwrap_or_default();
        let patterns = Patterns::new(&[catalogue, &dialogue], steering);
        let intents: Vec<Intent> = catalogue.intents().iter().chain(dialogue.intents()).cloned().collect();
        let kinds = intents.iter().map(|intent| Kind::of(&intent.name)).collect();
        let categories = candidate::category_heads(catalogue);
        Self { intents, kinds, patterns, categories, own_words: OwnWords::new(catalogue) }
    }

    /// Reads one utterance. What is not understood is an empty interpretation with a cover below 1.
    #[must_use]
    pub fn read(&self, text: &str, context: &Context) -> Reading {
        let utterance = self.utterance(words::words(text));
        if utterance.words.len() > MAX_WORDS {
            return Reading::default();
        }
        if utterance.words.iter().all(|word| word.idle)
            && utterance.words.iter().all(|word| word.text != "please")
        {
            return Reading::default();
        }
        if let Some(reading) = self.answer(text, &utterance, context) {
            return reading;
        }
        let parsed = self.parse(&utterance);
        if parsed.is_whole() && !self.is_reference(&parsed, context) {
            let parsed = self
                .corrected(&utterance, &parsed)
                .or_else(|| self.shared(&utterance, &parsed))
                .unwrap_or(parsed);
            return self.reading(text, &utterance, &parsed);
        }
        self.corrected(&utterance, &parsed)
            .map(|corrected| self.reading(text, &utterance, &corrected))
            .or_else(|| self.follow_up(text, &utterance, context))
            .or_else(|| {
                self.completed(&utterance, &parsed)
                    .map(|completed| self.reading(text, &utterance, &completed))
            })
            .or_else(|| self.bare(&utterance))
            .unwrap_or_else(|| self.reading(text, &utterance, &parsed))
    }

    /// The added intents of which an utterance has a word that no shipped skill knows, each with no other
    /// values of a choice than were said. It may mean one of them, or only talk of the thing.
    #[must_use]
    pub fn named(&self, text: &str) -> Vec<Intent> {
        self.own_words.named(&words::words(text))
    }

    fn utterance(&self, words: Vec<Word>) -> Utterance {
        let ids: Vec<WordId> = words.iter().map(|word| self.patterns.id(&word.text)).collect();
        let mut present: BTreeSet<WordId> = ids.iter().copied().collect();
        if (0..words.len())
            .any(|at| numbers::ordinal(&words, at).is_some() || numbers::duration(&words, at).is_some())
        {
            present.insert(A_NUMBER);
        }
        Utterance { words, ids, present }
    }

    /// The reading of what [`Matcher::parse`] found.
    fn reading(&self, text: &str, utterance: &Utterance, parsed: &Parsed) -> Reading {
        let words = utterance.words.len().max(1);
        let lost: usize = parsed.lost().map(|range| range.len()).sum();
        let cover = 1.0 - lost as f64 / words as f64;
        if !parsed.is_whole() && !self.is_other_order(utterance, parsed) {
            return Reading { cover: cover.min(0.99), ..Reading::default() };
        }
        let candidates = self.candidates(text, parsed);
        if candidates.is_empty() {
            return Reading { cover: 0.0, ..Reading::default() };
        }
        let left_over = parsed
            .lost()
            .find(|range| !said::is_negated(utterance.words.get((*range).clone())))
            .and_then(|range| {
                let words = utterance.words.get(range.clone())?;
                Some(text.get(words.first()?.span.start..words.last()?.span.end)?.to_owned())
            });
        Reading {
            interpretation: Interpretation { candidates, left_over, later: false },
            cover,
            from_context: false,
        }
    }

    /// The commands, in spoken order, without repetitions.
    fn candidates(&self, text: &str, parsed: &Parsed) -> Vec<Candidate> {
        let orders = parsed.commands.iter().any(|command| !command.need);
        let mut candidates: Vec<Candidate> = Vec::new();
        for command in parsed.commands.iter().filter(|command| !(orders && command.need)) {
            let candidate = self.candidate(text, command, parsed.conditional);
            let besides =
                command.and.iter().map(|besides| Candidate { command: besides.clone(), ..candidate.clone() });
            for candidate in std::iter::once(candidate.clone()).chain(besides) {
                if candidates.iter().all(|known| known.command != candidate.command) {
                    candidates.push(candidate);
                }
            }
        }
        candidates
    }
}

impl Utterance {
    fn heard(&self) -> Heard<'_> {
        Heard { words: &self.words, ids: &self.ids }
    }
}

#[cfg(test)]
mod tests;
