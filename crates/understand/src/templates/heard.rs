//! Which numbers were said. The language model may write those that a numeral of the utterance or of the
//! conversation stands for, and those that the manifest has words for ("halfway"). The latter are made up
//! where a numeral of the utterance is not accounted for.

use std::ops::Range;

use carvoice_core::catalogue::{NumberKind, SlotKind, Unit};
use carvoice_core::command::{Command, SlotValue};

use super::words::{Word, words};
use super::{Matcher, numbers, units};
use crate::slm::language::Numbers;

/// How far a value may be from the numeral that stands for it.
const TOLERANCE: f64 = 1e-6;

impl Matcher {
    /// The numbers that commands may have after an utterance: those said in it, those of the commands that
    /// it may be about, and those that the manifest has words for.
    #[must_use]
    pub fn sayable_numbers(&self, text: &str, about: &[&Command]) -> Numbers {
        let words = words(text);
        let mut numbers = Numbers::new();
        for intent in &self.intents {
            let of_intent = about.iter().filter(|command| command.intent == intent.name);
            let before: Vec<(&String, &SlotValue)> = of_intent.flat_map(|command| &command.slots).collect();
            let fixed = intent.sentences.iter().flat_map(|group| &group.set);
            for slot in &intent.slots {
                let SlotKind::Number(kind) = &slot.kind else { continue };
                let mut values = said(&words, kind);
                values.extend(kind.words.iter().map(|(_, value)| *value));
                for (name, value) in before.iter().copied().chain(fixed.clone()) {
                    if let (true, SlotValue::Number(value)) = (*name == slot.name, value) {
                        values.push(*value);
                    }
                }
                values.retain(|value| kind.allows(*value));
                values.sort_by(f64::total_cmp);
                values.dedup();
                numbers.entry(intent.name.clone()).or_default().insert(slot.name.clone(), values);
            }
        }
        numbers
    }

    /// The slots, as (command, name), whose numbers were made up.
    #[must_use]
    pub fn made_up_numbers(&self, text: &str, commands: &[Command]) -> Vec<(usize, String)> {
        let words = words(text);
        let numerals = numerals(&words);
        let mut used = vec![false; numerals.len()];
        let (mut made_up, mut worded) = (Vec::new(), Vec::new());
        for (index, command) in commands.iter().enumerate() {
            for (name, value) in &command.slots {
                match value {
                    SlotValue::Number(value) => {
                        let Some(kind) = self.number_kind(&command.intent, name) else { continue };
                        // "An hour and thirty minutes" begins before its numeral.
                        match (0..words.len()).find_map(|at| stands_for(&words, at, kind, *value)) {
                            Some(said) => {
                                for (used, at) in used.iter_mut().zip(&numerals) {
                                    *used |= said.contains(at);
                                }
                            }
                            None if self.has_words(&command.intent, name, *value) => {
                                worded.push((index, name.clone()));
                            }
                            None => made_up.push((index, name.clone())),
                        }
                    }
                    // A title or a telephone number keeps its numerals to itself.
                    SlotValue::Text(value) => {
                        for (used, at) in used.iter_mut().zip(&numerals) {
                            *used |= words.get(*at).is_some_and(|word| holds(value, &word.text));
                        }
                    }
                }
            }
        }
        if !used.iter().all(|used| *used) {
            made_up.extend(worded);
        }
        made_up
    }

    /// Whether the manifest has words that mean `value` without being a numeral.
    fn has_words(&self, intent: &str, slot: &str, value: f64) -> bool {
        let is = |number: f64| (number - value).abs() < TOLERANCE;
        let Some(intent) = self.intents.iter().find(|known| known.name == intent) else { return false };
        let fixed = intent.sentences.iter().filter_map(|group| group.set.get(slot));
        self.number_kind(&intent.name, slot)
            .is_some_and(|kind| kind.words.iter().any(|(_, number)| is(*number)))
            || fixed.into_iter().any(|fixed| matches!(fixed, SlotValue::Number(number) if is(*number)))
    }

    fn number_kind(&self, intent: &str, slot: &str) -> Option<&NumberKind> {
        let intent = self.intents.iter().find(|known| known.name == intent)?;
        match &intent.slot(slot)?.kind {
            SlotKind::Number(kind) => Some(kind),
            _ => None,
        }
    }
}

/// Where numerals begin.
fn numerals(words: &[Word]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match numbers::ordinal(words, at) {
            Some((_, end)) if !numbers::is_pronoun(words, at) => {
                found.push(at);
                at = end.max(at + 1);
            }
            _ => at += 1,
        }
    }
    found
}

/// What the numerals stand for in a slot of this kind.
fn said(words: &[Word], kind: &NumberKind) -> Vec<f64> {
    let mut values = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let (value, end) = value(words, at, kind);
        values.extend(value);
        // "Make that fifteen" of a timer is minutes.
        values.extend(value.filter(|_| matches!(kind.unit, Unit::Seconds)).map(|value| value * 60.0));
        at = end.max(at + 1);
    }
    values
}

/// The value of the numeral at `at` in a slot of this kind, and where it ends.
fn value(words: &[Word], at: usize, kind: &NumberKind) -> (Option<f64>, usize) {
    let found = match kind.unit {
        Unit::Seconds => numbers::duration(words, at).or_else(|| numbers::number(words, at)),
        Unit::Frequency => numbers::frequency(words, at),
        Unit::Ordinal => numbers::ordinal(words, at),
        _ => numbers::number(words, at),
    };
    match found {
        Some((number, end)) => units::value(number, kind, words, end),
        None => (None, at + 1),
    }
}

/// The words from `at` on that stand for `wanted`.
fn stands_for(words: &[Word], at: usize, kind: &NumberKind, wanted: f64) -> Option<Range<usize>> {
    let (value, end) = value(words, at, kind);
    // "Make that fifteen" of a timer is minutes.
    let minutes = matches!(kind.unit, Unit::Seconds).then_some(60.0);
    let is = |unit: f64| value.is_some_and(|value| (value * unit - wanted).abs() < TOLERANCE);
    (is(1.0) || minutes.is_some_and(is)).then_some(at..end)
}

fn holds(text: &str, word: &str) -> bool {
    text.to_lowercase().split(' ').any(|part| part == word)
        || word.bytes().all(|byte| byte.is_ascii_digit()) && text.contains(word)
        || numbers::digits(&words(word), 0).is_some_and(|(digits, _)| text.contains(&digits))
        || text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use carvoice_core::catalogue::Catalogue;

    use super::*;

    fn made_up(text: &str, commands: &[Command]) -> usize {
        Matcher::new(&Catalogue::shipped()).made_up_numbers(text, commands).len()
    }

    #[test]
    fn what_was_said_may_stand() {
        let temperature = |value: f64| Command::new("climate.set_temperature").with("temperature", value);
        let fan = Command::new("climate.set_fan").with("level", 7.0);
        let timer = Command::new("timer.start").with("duration", 5400.0);
        let song = Command::new("media.play").with("query", "99 red balloons");
        assert_eq!(made_up("make it twenty one and a half", &[temperature(21.5)]), 0);
        assert_eq!(made_up("70 degrees fahrenheit", &[temperature(21.0)]), 0);
        assert_eq!(made_up("fan to the max and 21 degrees", &[fan.clone(), temperature(21.0)]), 0);
        assert_eq!(made_up("an hour and thirty minutes on the clock", std::slice::from_ref(&timer)), 0);
        assert_eq!(made_up("play 99 red balloons with the fan on full", &[song, fan]), 0);
        assert_eq!(made_up("twenty no twenty one", &[temperature(21.0)]), 0);
    }

    #[test]
    fn what_was_not_said_is_made_up() {
        let temperature = Command::new("climate.set_temperature").with("temperature", 20.0);
        let fan = Command::new("climate.set_fan").with("level", 4.0);
        assert_eq!(made_up("warm it to 45 degrees", &[temperature]), 1);
        assert_eq!(made_up("fan at 40 percent", &[fan]), 1);
        let louder = Command::new("volume.set").with("level", 37.0);
        assert_eq!(made_up("somewhat louder than that", &[louder]), 1);
    }
}
