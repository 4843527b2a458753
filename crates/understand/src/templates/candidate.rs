//! From a matched sentence to a command: slots, free text, and what is wrong with it.

use std::collections::BTreeSet;

use carvoice_core::catalogue::{Catalogue, Intent, Phrase, SlotKind, Unit};
use carvoice_core::command::{Command, SlotValue};
use carvoice_core::interpretation::{Candidate, Problem};

use super::Matcher;
use super::clauses::Said;
use super::walk::{Capture, Value};
use super::words::Word;

/// Confidence in a sentence that matches word for word. Templates are written by people and err rarely;
/// the rest is left for transcripts that are wrong but fit.
const LITERAL: f64 = 0.98;
/// What each unit of a match's cost takes from the confidence.
const PER_COST: f64 = 0.03;
/// Confidence in any full match is at least this.
const LEAST: f64 = 0.7;

/// Words that no name, place or category begins with.
const NO_NAME: &[&str] = &[
    "it",
    "me",
    "you",
    "that",
    "this",
    "is",
    "are",
    "was",
    "were",
    "be",
    "and",
    "or",
    "but",
    "i",
    "we",
    "he",
    "she",
    "they",
    "them",
    "off",
    "out",
    "back",
    "up",
    "down",
    "if",
    "because",
    "so",
    "for",
    "of",
    "not",
    "do",
    "does",
    "did",
    "can",
    "could",
    "would",
    "will",
    "as",
    "us",
    "on",
    "there",
    "what",
    "how",
    "why",
    "who",
    "when",
    "which",
    "more",
    "much",
    "any",
    "anything",
    "something",
    "all",
    "from",
    "with",
    "number",
    "someone",
    "somebody",
];
/// Words that no title begins with.
const NO_TITLE: &[&str] = &[
    "is", "and", "or", "are", "was", "of", "off", "by", "with", "that", "what", "how", "dumb", "dead",
    "fair", "safe", "nice",
];
/// Words dropped from the beginning of free text.
const LEADING: &[&str] = &["the", "a", "an", "some", "my", "our", "your", "please", "um", "uh", "er"];
/// Prepositions dropped from the beginning of names and times.
const PREPOSITIONS: &[&str] =
    &["to", "at", "for", "towards", "called", "named", "of", "about", "that", "by", "in", "on", "as"];
/// Words dropped from the end of free text.
const TRAILING: &[&str] = &["please", "now", "um", "uh"];
/// Longest names, places and categories, in words.
const MAX_NAME: usize = 10;
const MAX_CONTACT: usize = 4;
const MAX_CATEGORY: usize = 4;
/// Words that make a number a frequency.
const RADIO_WORDS: &[&str] =
    &["tune", "radio", "station", "frequency", "fm", "megahertz", "kilohertz", "channel"];
/// Words that no person's name holds.
const NO_PERSON: &[&str] = &[
    "i",
    "we",
    "he",
    "she",
    "it",
    "is",
    "are",
    "know",
    "see",
    "will",
    "need",
    "needs",
    "joke",
    "jokes",
    "story",
    "stories",
    "me",
    "to",
    "name",
    "alarm",
    "tweet",
    "complaint",
    "bill",
    "bills",
    "address",
    "about",
    "picture",
    "list",
    "names",
    "when",
    "if",
    "day",
    "attention",
    "off",
    "email",
    "fact",
    "facts",
    "something",
    "shots",
    "truth",
    "difference",
    "weather",
    "news",
    "time",
];
/// Words that no destination holds.
const NO_PLACE: &[&str] = &[
    "do",
    "does",
    "need",
    "call",
    "book",
    "i",
    "you",
    "is",
    "are",
    "visa",
    "me",
    "what",
    "setting",
    "settings",
    "website",
    "voice",
    "page",
    "mode",
    "sleep",
    "bed",
    "hell",
    "buy",
    "get",
    "kill",
    "tell",
    "because",
    "wikipedia",
    "google",
    "youtube",
    "facebook",
    "application",
    "via",
];
/// Words that nothing one plays in a car holds.
const NO_TUNE: &[&str] = &[
    "game",
    "games",
    "joke",
    "jokes",
    "chess",
    "poker",
    "checkers",
    "riddle",
    "fact",
    "recipe",
    "said",
    "utterance",
    "football",
    "cricket",
    "tennis",
    "alarm",
    "todo",
    "video",
    "movie",
    "film",
];
/// Words that no kind of place holds.
const NO_CATEGORY: &[&str] = &[
    "of",
    "for",
    "that",
    "to",
    "which",
    "on",
    "list",
    "or",
    "is",
    "are",
    "information",
    "way",
    "news",
    "about",
    "my",
    "taxi",
    "uber",
    "cab",
    "event",
    "events",
    "outage",
    "weather",
    "happening",
    "package",
    "order",
];

impl Matcher {
    /// The command that a sentence stands for.
    pub(super) fn candidate(&self, text: &str, said: &Said, conditional: bool) -> Candidate {
        let Some(intent) = self.intents.get(said.intent) else {
            return Candidate::complete(Command::new(""), 0.0);
        };
        let mut command = Command { intent: intent.name.clone(), slots: (*said.set).clone() };
        let mut problem = None;
        for capture in &said.captures {
            let Some(slot) = intent.slots.get(capture.slot) else { continue };
            let words = said.words.get(capture.said.clone()).unwrap_or_default();
            match &capture.value {
                Value::Known(value) => {
                    command.slots.insert(slot.name.clone(), value.clone());
                }
                Value::Text => {
                    let spoken = self.free_text(text, &slot.name, words);
                    if !spoken.is_empty() {
                        command.slots.insert(slot.name.clone(), SlotValue::Text(spoken));
                    }
                }
                Value::Illegal | Value::Wild => {
                    problem = Some(Problem::Illegal { slot: slot.name.clone(), said: as_spoken(text, words) })
                }
            }
        }
        if problem.is_none() {
            problem = intent.missing(&command.slots).map(|slot| Problem::Missing { slot: slot.name.clone() });
        }
        if conditional && problem.is_none() {
            problem = Some(Problem::NotNow);
        }
        let confidence = (LITERAL - PER_COST * said.cost).max(LEAST);
        Candidate { command, confidence, problem }
    }

    /// Whether the free text of a match can be what its slot stands for.
    pub(super) fn is_plausible(&self, intent: usize, captures: &[Capture], words: &[Word]) -> bool {
        let Some(intent) = self.intents.get(intent) else { return false };
        let odd_frequency = |capture: &Capture| {
            capture.value == Value::Illegal
                && intent.slots.get(capture.slot).is_some_and(
                    |slot| matches!(&slot.kind, SlotKind::Number(kind) if kind.unit == Unit::Frequency),
                )
        };
        let odd_place = |capture: &Capture| {
            capture.value == Value::Illegal
                && intent.slots.get(capture.slot).is_some_and(
                    |slot| matches!(&slot.kind, SlotKind::Number(kind) if kind.unit == Unit::Ordinal),
                )
        };
        if captures.iter().any(odd_place) {
            return false;
        }
        // "Seven am" is a time of day unless the radio is spoken of.
        if captures.iter().any(odd_frequency)
            && !words.iter().any(|word| RADIO_WORDS.contains(&word.text.as_str()))
        {
            return false;
        }
        captures.iter().filter(|capture| capture.value == Value::Text).all(|capture| {
            let name = intent.slots.get(capture.slot).map_or("", |slot| slot.name.as_str());
            let said = words.get(capture.said.clone()).unwrap_or_default();
            let content: Vec<&str> = said
                .iter()
                .map(|word| word.text.as_str())
                .skip_while(|word| LEADING.contains(word))
                .collect();
            let Some(first) = content.first() else { return false };
            match name {
                "contact" => {
                    content.len() <= MAX_CONTACT
                        && !NO_NAME.contains(first)
                        && !PREPOSITIONS.contains(first)
                        && !content.iter().any(|word| NO_PERSON.contains(word))
                }
                "category" => {
                    content.len() <= MAX_CATEGORY
                        && !NO_NAME.contains(first)
                        && said.first().is_none_or(|word| word.text != "my")
                        && !content.iter().any(|word| NO_CATEGORY.contains(word))
                }
                "destination" | "name" => {
                    content.len() <= MAX_NAME
                        && !NO_NAME.contains(first)
                        && !content.iter().any(|word| NO_PLACE.contains(word))
                }
                "label" => content.len() <= MAX_CONTACT && !NO_NAME.contains(first) && *first != "timer",
                "query" => {
                    !NO_TITLE.contains(first)
                        && !content.iter().any(|word| NO_TUNE.contains(word))
                        && !(content.len() == 1 && matches!(*first, "it" | "this" | "that" | "around" | "on"))
                }
                _ => true,
            }
        })
    }

    /// The words of a free-text slot as they were spoken, less what does not belong to it.
    pub(super) fn free_text(&self, text: &str, slot: &str, words: &[Word]) -> String {
        let is_dropped = |word: &Word| {
            LEADING.contains(&word.text.as_str())
                || slot != "text" && slot != "query" && PREPOSITIONS.contains(&word.text.as_str())
        };
        let skipped = words.iter().take_while(|word| is_dropped(word)).count();
        // A sentence keeps its articles: "text mum the train is late".
        let skipped = if slot == "text" || skipped == words.len() { 0 } else { skipped };
        let mut words = words.get(skipped..).unwrap_or_default();
        while let [head @ .., last] = words {
            if head.is_empty() || !TRAILING.contains(&last.text.as_str()) {
                break;
            }
            words = head;
        }
        let mut spoken = as_spoken(text, words);
        if matches!(slot, "contact" | "label") {
            for ending in ["'s", "\u{2019}s"] {
                spoken = spoken.strip_suffix(ending).map_or(spoken.clone(), str::to_owned);
            }
        }
        if slot == "category" { self.singular(&spoken) } else { spoken }
    }

    /// "petrol stations" as "petrol station"; names that only look like plurals stay.
    fn singular(&self, category: &str) -> String {
        let (head, last) = category.rsplit_once(' ').map_or(("", category), |(head, last)| (head, last));
        let lower = last.to_lowercase();
        let stem = lower
            .strip_suffix("ies")
            .map(|stem| format!("{stem}y"))
            .into_iter()
            .chain(lower.strip_suffix("es").map(str::to_owned))
            .chain(lower.strip_suffix('s').map(str::to_owned))
            .find(|stem| self.categories.contains(stem));
        match stem {
            Some(stem) if head.is_empty() => stem,
            Some(stem) => format!("{head} {stem}"),
            None => category.to_owned(),
        }
    }
}

/// The words as the transcript has them.
fn as_spoken(text: &str, words: &[Word]) -> String {
    let mut spoken = String::new();
    let mut end = None;
    for word in words {
        // Two words from one piece of the transcript, as in "I'm", are written once.
        if end == Some(word.span.end) {
            continue;
        }
        let gap = end.and_then(|end| text.get(end..word.span.start)).filter(|gap| gap.len() <= 2);
        if !spoken.is_empty() {
            spoken.push_str(gap.unwrap_or(" "));
        }
        spoken.push_str(text.get(word.span.clone()).unwrap_or_default());
        end = Some(word.span.end);
    }
    spoken
}

/// Last words of everything that `{category:…}` slots may hold.
pub(super) fn category_heads(catalogue: &Catalogue) -> BTreeSet<String> {
    let mut heads = BTreeSet::new();
    let free = |intent: &Intent, slot: &str| {
        intent.slot(slot).is_some_and(|slot| matches!(slot.kind, SlotKind::Text))
    };
    for intent in catalogue.intents() {
        for text in intent.sentences.iter().flat_map(|group| &group.sentences) {
            let Ok(phrase) = Phrase::parse(text) else { continue };
            phrase.visit(&mut |part| {
                if let Phrase::Slot { name, rule: Some(rule), .. } = part {
                    if name == "category" && free(intent, name) {
                        let options = catalogue.rules().get(rule).map(String::as_str).unwrap_or_default();
                        let ends = options
                            .split(['|', '(', ')', '\n'])
                            .filter_map(|option| option.split_whitespace().last());
                        heads.extend(ends.map(str::to_owned));
                    }
                }
            });
        }
    }
    heads
}
