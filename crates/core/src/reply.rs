//! Builds what the assistant says: the catalogue's templates with values said well, results joined,
//! failures told for what they are.

use crate::catalogue::{Intent, NumberKind, SlotKind, Unit};
use crate::command::{SlotValue, Slots};
use crate::engine::{ActError, AudioError, EngineError};

/// Said after success when no template fits.
pub const DONE: &str = "Done.";
/// Said when a part of an utterance asked for something else.
pub const LEFT_OVER: &str = "I can't do the other part.";
/// Said when nothing in an utterance could be done.
pub const OUT_OF_DOMAIN: &str = "I can't help with that.";
/// Said to an order that is to wait for something.
pub const ONLY_NOW: &str = "I can only do that right away. Ask me again when it is time.";
/// Said when no words were heard.
pub const NOT_HEARD: &str = "I didn't catch that.";
/// Said when a step of the turn took longer than its deadline.
pub const TOO_SLOW: &str = "Sorry, that took too long.";

/// What is said after success: the first of the intent's templates whose places are all known.
/// `said` are the slots as spoken, `returned` the values the call gave back; these win.
#[must_use]
pub fn done(intent: &Intent, said: &Slots, returned: &Slots) -> Option<String> {
    let mut values = said.clone();
    values.extend(returned.clone());
    intent.reply.done.iter().find_map(|template| fill(template, intent, &values))
}

/// The template with its `{slot}` places filled, capitalised; none if a value is not known.
#[must_use]
pub fn fill(template: &str, intent: &Intent, values: &Slots) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        out.push_str(before);
        let kind = intent.slot(name).map(|slot| &slot.kind);
        out.push_str(&value(name, kind, values.get(name)?));
        rest = after;
    }
    out.push_str(rest);
    // A value may be a sentence of its own.
    Some(capital(&out.replace("..", ".")))
}

/// A value as it is said. Templates carry the unit; only seconds bring their own.
fn value(name: &str, kind: Option<&SlotKind>, value: &SlotValue) -> String {
    match (kind, value) {
        (Some(SlotKind::Number(NumberKind { unit: Unit::Seconds, .. })), SlotValue::Number(seconds)) => {
            duration(*seconds)
        }
        (_, SlotValue::Number(number)) => plain(*number),
        (Some(SlotKind::Choice(_)), SlotValue::Text(text)) if name == "zone" => zone(text),
        (Some(SlotKind::Choice(_)), SlotValue::Text(text)) => words(text),
        // Digit by digit, or a number would be read as a quantity.
        (Some(SlotKind::Digits), SlotValue::Text(text)) => {
            text.chars().map(String::from).collect::<Vec<_>>().join(" ")
        }
        (_, SlotValue::Text(text)) => spoken(text),
    }
}

/// A zone as an attribute or a place: "driver's side".
pub(crate) fn zone(zone: &str) -> String {
    match zone {
        "driver" => "driver's side".to_owned(),
        "passenger" => "passenger side".to_owned(),
        "rear_left" => "rear left".to_owned(),
        "rear_right" => "rear right".to_owned(),
        "all" => "whole car".to_owned(),
        other => words(other),
    }
}

/// Seconds as hours, minutes and seconds: "1 hour and 30 minutes".
fn duration(seconds: f64) -> String {
    let total = seconds.max(0.0).round() as u64;
    let units = [(total / 3600, "hour"), (total / 60 % 60, "minute"), (total % 60, "second")];
    let parts: Vec<String> = units
        .into_iter()
        .filter(|&(count, _)| count > 0)
        .map(|(count, unit)| format!("{count} {unit}{}", if count == 1 { "" } else { "s" }))
        .collect();
    if parts.is_empty() { "0 seconds".to_owned() } else { list(&parts, "and") }
}

/// At most one decimal: what can be listened to.
fn plain(number: f64) -> String {
    let rounded = (number * 10.0).round() / 10.0;
    // Adding zero turns -0 into 0.
    format!("{}", rounded + 0.0)
}

/// The legal values of a number slot as a sentence: "The temperature goes from 16 to 30."
#[must_use]
pub(crate) fn range(slot: &str, kind: &NumberKind) -> String {
    let end = |value: f64| if kind.unit == Unit::Seconds { duration(value) } else { plain(value) };
    match kind.unit {
        Unit::Frequency => "FM goes from 87.5 to 108, AM from 520 to 1710.".to_owned(),
        Unit::Percent => format!("{} to {} percent is.", end(kind.min), end(kind.max)),
        Unit::None | Unit::Celsius | Unit::CelsiusDifference | Unit::Seconds | Unit::Ordinal => {
            format!("The {} goes from {} to {}.", words(slot), end(kind.min), end(kind.max))
        }
    }
}

/// Words of others made fit for speech: one line, at most 120 characters.
#[must_use]
pub(crate) fn spoken(text: &str) -> String {
    const MOST: usize = 120;
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(MOST).collect()
}

/// A canonical name as words: `feet_windshield` is "feet windshield".
#[must_use]
pub(crate) fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// The text with a capital first letter.
#[must_use]
pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// "a, b or c".
#[must_use]
pub(crate) fn list(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

/// Sentences one after the other, each once.
#[must_use]
pub fn join<'a>(sentences: impl IntoIterator<Item = &'a str>) -> String {
    let mut said: Vec<&str> = Vec::new();
    for sentence in sentences.into_iter().map(str::trim).filter(|sentence| !sentence.is_empty()) {
        if !said.contains(&sentence) {
            said.push(sentence);
        }
    }
    said.join(" ")
}

/// What is said when the call of an intent (by its full name) did not succeed.
#[must_use]
pub fn act_error(intent: &str, error: &ActError) -> String {
    let subject = subject(intent.split('.').next().unwrap_or(intent));
    match error {
        ActError::Unavailable { .. } => format!("I can't reach {subject} right now."),
        ActError::Rejected(reason) => {
            let reason = spoken(reason);
            let end = if reason.ends_with(['.', '!', '?']) { "" } else { "." };
            format!("{} refused: {reason}{end}", capital(&subject))
        }
        ActError::Timeout(_) => {
            format!("{} did not answer, so I can't tell whether it was done.", capital(&subject))
        }
        ActError::Failed(_) => format!("That did not work, {subject} reported a fault."),
    }
}

/// What is said when an engine gave no result; empty for a cancelled one, which is no fault.
#[must_use]
pub fn engine_error(error: &EngineError) -> &'static str {
    match error {
        EngineError::Cancelled => "",
        EngineError::Model { .. } => "A part of me is missing, I can't do that now.",
        EngineError::Failed(_) => "Sorry, something went wrong. Please say that again.",
    }
}

/// What is said, or shown, when the microphone or the loudspeaker fails.
#[must_use]
pub fn audio_error(error: &AudioError) -> &'static str {
    match error {
        AudioError::Busy(_) => "Another program is using the sound device.",
        AudioError::Gone(_) => "The sound device is gone.",
        AudioError::Unsupported(_) => "The sound device does not fit.",
        AudioError::Backend(_) => "There is a problem with the sound.",
    }
}

/// What is said of an intent that no service is bound to.
#[must_use]
pub(crate) fn nobody(intent: &Intent) -> String {
    format!("Nothing here can do {} yet.", plural(intent.domain()))
}

fn plural(domain: &str) -> String {
    let words = words(domain);
    if words.ends_with('s') || domain == "media" { words } else { format!("{words}s") }
}

/// The thing that a domain acts on.
fn subject(domain: &str) -> String {
    let known = match domain {
        "climate" => "the climate control",
        "seat" => "the seat",
        "window" => "the window",
        "door" => "the door",
        "trunk" => "the boot",
        "mirror" => "the mirror",
        "light" => "the light",
        "wiper" => "the wiper",
        "volume" => "the sound system",
        "media" => "the music player",
        "phone" | "message" => "the phone",
        "vehicle" => "the car",
        other => return format!("the {}", words(other)),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests;
