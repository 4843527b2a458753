//! From a matched sentence to a command: slots, free text, and what is wrong with it.

use std::collections::BTreeSet;

use carvoice_core::catalogue::{Catalogue, Intent, Phrase, SlotKind, Unit};
use carvoice_core::command::{Command, SlotValue};
use carvoice_core::interpretation::{Candidate, Problem};

use super::Matcher;
use super::clauses::Said;
use super::lists::{
    LEADING, NO_CATEGORY, NO_NAME, NO_PERSON, NO_PLACE, NO_TITLE, NO_TUNE, PREPOSITIONS, RADIO_WORDS,
    TRAILING,
};
use super::numbers;
use super::walk::{Capture, Value};
use super::words::Word;

/// Confidence in a sentence that matches word for word. Templates are written by people and err rarely;
/// the rest is left for transcripts that are wrong but fit.
const LITERAL: f64 = 0.98;
/// What each unit of a match's cost takes from the confidence.
const PER_COST: f64 = 0.03;
/// Confidence in any full match is at least this.
const LEAST: f64 = 0.7;

/// Longest names, places and categories, in words.
const MAX_NAME: usize = 10;
const MAX_CONTACT: usize = 4;
const MAX_CATEGORY: usize = 4;

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
                Value::Text | Value::Listed => {
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
        if said.implied && problem.is_none() {
            problem = Some(Problem::Implied);
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
        if captures.iter().any(odd_place) || captures.iter().any(|capture| is_half_a_side(words, capture)) {
            return false;
        }
        // "Seven am" is a time of day unless the radio is spoken of.
        if captures.iter().any(odd_frequency) && !words.iter().any(|word| RADIO_WORDS.has(&word.text)) {
            return false;
        }
        // "Play 101.1" is a station, "play 99" may be a song: a bare number needs its decimals.
        let is_band =
            |capture: &Capture| intent.slots.get(capture.slot).is_some_and(|slot| slot.name == "band");
        let is_whole = |capture: &Capture| matches!(capture.value, Value::Known(SlotValue::Number(value)) if value.fract() == 0.0);
        if intent.slot("frequency").is_some()
            && captures.iter().any(is_whole)
            && !captures.iter().any(is_band)
            && !words.iter().any(|word| RADIO_WORDS.has(&word.text))
        {
            return false;
        }
        captures.iter().filter(|capture| capture.value == Value::Text).all(|capture| {
            let name = intent.slots.get(capture.slot).map_or("", |slot| slot.name.as_str());
            let said = words.get(capture.said.clone()).unwrap_or_default();
            let content: Vec<&str> =
                said.iter().map(|word| word.text.as_str()).skip_while(|word| LEADING.has(word)).collect();
            let Some(first) = content.first() else { return false };
            let is_station = numbers::frequency(words, capture.said.start).is_some_and(|(value, end)| {
                end == capture.said.end && value.fract() != 0.0 && (87.5..=108.0).contains(&value)
            });
            if name != "text" && (is_station || content.iter().all(|word| PREPOSITIONS.has(word))) {
                return false;
            }
            match name {
                "contact" => {
                    content.len() <= MAX_CONTACT
                        && !NO_NAME.has(first)
                        && !PREPOSITIONS.has(first)
                        && !content.iter().any(|word| NO_PERSON.has(word))
                }
                "category" => {
                    content.len() <= MAX_CATEGORY
                        && !NO_NAME.has(first)
                        && said.first().is_none_or(|word| word.text != "my")
                        && !content.iter().any(|word| NO_CATEGORY.has(word))
                }
                "destination" | "name" => {
                    content.len() <= MAX_NAME
                        && !NO_NAME.has(first)
                        && !content.iter().any(|word| NO_PLACE.has(word))
                }
                "label" => content.len() <= MAX_CONTACT && !NO_NAME.has(first) && *first != "timer",
                "query" => {
                    let bare =
                        content.len() == 1 && matches!(*first, "it" | "this" | "that" | "around" | "on");
                    !bare
                        && !is_worn(words, capture)
                        && !NO_TITLE.has(first)
                        && !content.iter().any(|word| NO_TUNE.has(word))
                }
                _ => true,
            }
        })
    }

    /// The words of a free-text slot as they were spoken, less what does not belong to it.
    pub(super) fn free_text(&self, text: &str, slot: &str, words: &[Word]) -> String {
        let is_dropped = |word: &Word| {
            LEADING.has(&word.text) || slot != "text" && slot != "query" && PREPOSITIONS.has(&word.text)
        };
        let skipped = words.iter().take_while(|word| is_dropped(word)).count();
        // A sentence keeps its articles: "text mum the train is late".
        let skipped = if slot == "text" || skipped == words.len() { 0 } else { skipped };
        let mut words = words.get(skipped..).unwrap_or_default();
        while let [head @ .., last] = words {
            if head.is_empty() || !TRAILING.has(&last.text) {
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

/// Whether a word for the back seats is only part of what was said: "the right rear", in which "right" alone
/// could be a filler, and "back on".
fn is_half_a_side(words: &[Word], capture: &Capture) -> bool {
    if capture.value != Value::Known(SlotValue::Text("rear".to_owned())) {
        return false;
    }
    let text = |at: Option<usize>| at.and_then(|at| words.get(at)).map_or("", |word| word.text.as_str());
    let at = capture.said.start;
    let (before, said, behind) = (text(at.checked_sub(1)), text(Some(at)), text(Some(at + 1)));
    matches!(before, "left" | "right")
        || said == "back" && before != "the" && matches!(behind, "on" | "off" | "to" | "up" | "down")
}

/// Whether something is put on to be worn: "put your jacket on", "put on a mask".
fn is_worn(words: &[Word], capture: &Capture) -> bool {
    let text = |at: Option<usize>| at.and_then(|at| words.get(at)).map_or("", |word| word.text.as_str());
    let start = capture.said.start;
    let before = text(start.checked_sub(1));
    let is_put = before == "put" || before == "on" && text(start.checked_sub(2)) == "put";
    is_put && matches!(text(Some(start)), "a" | "my" | "your")
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
    // A transcript may set a title in quotation marks; they are not spoken.
    spoken.retain(|c| !matches!(c, '"' | '\u{201c}' | '\u{201d}'));
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
                if let Phrase::Slot { name, rule: Some(rule), .. } = part
                    && name == "category"
                    && free(intent, name)
                {
                    let options = catalogue.rules().get(rule).map(String::as_str).unwrap_or_default();
                    let ends = options
                        .split(['|', '(', ')', '\n'])
                        .filter_map(|option| option.split_whitespace().last());
                    heads.extend(ends.map(str::to_owned));
                }
            });
        }
    }
    heads
}
