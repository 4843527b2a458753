//! Checks a command against its definition in the catalogue.

use super::Ruling;
use super::wording::{self, Refusal};
use crate::catalogue::{Intent, Slot, SlotKind, Unit};
use crate::command::{Command, SlotValue};

/// Longest free text, in characters: a dictated message of about a minute.
const MAX_TEXT: usize = 1000;
/// Longest telephone number in digits (ITU-T E.164 has 15; a prefix for the carrier may come first).
const MAX_DIGITS: usize = 20;
/// FM broadcast band in MHz and AM (medium wave) band in kHz.
const FM_MHZ: std::ops::RangeInclusive<f64> = 87.5..=108.0;
const AM_KHZ: std::ops::RangeInclusive<f64> = 520.0..=1710.0;

/// Whether every slot is known and legal and none that is needed is missing.
pub(super) fn command(intent: &Intent, command: &Command) -> Result<(), Ruling> {
    for (name, value) in &command.slots {
        let Some(slot) = intent.slot(name) else {
            return Err(Ruling::Refuse { reason: Refusal::UnknownSlot });
        };
        if !allows(slot, value, command) {
            return Err(wording::illegal(intent, slot, &value.to_string()));
        }
    }
    match intent.missing(&command.slots).or_else(|| unsaid_message(intent, command)) {
        Some(slot) => Err(wording::missing(intent, slot)),
        None => Ok(()),
    }
}

/// A message needs its text, though a text may be asked for after the contact.
fn unsaid_message<'a>(intent: &'a Intent, command: &Command) -> Option<&'a Slot> {
    let unsaid = command.intent == "message.send" && !command.slots.contains_key("text");
    intent.slot("text").filter(|_| unsaid)
}

fn allows(slot: &Slot, value: &SlotValue, command: &Command) -> bool {
    match (&slot.kind, value) {
        (SlotKind::Choice(choices), SlotValue::Text(text)) => {
            choices.iter().any(|choice| choice.value == *text)
        }
        (SlotKind::Number(kind), SlotValue::Number(number)) => {
            kind.allows(*number) && (kind.unit != Unit::Frequency || in_band(*number, command.text("band")))
        }
        (SlotKind::Text, SlotValue::Text(text)) => {
            !text.trim().is_empty() && text.chars().count() <= MAX_TEXT && !text.chars().any(char::is_control)
        }
        (SlotKind::Digits, SlotValue::Text(text)) => is_telephone_number(text),
        (SlotKind::Choice(_) | SlotKind::Text | SlotKind::Digits, SlotValue::Number(_))
        | (SlotKind::Number(_), SlotValue::Text(_)) => false,
    }
}

fn in_band(frequency: f64, band: Option<&str>) -> bool {
    match band {
        Some("fm") => FM_MHZ.contains(&frequency),
        Some("am") => AM_KHZ.contains(&frequency),
        _ => FM_MHZ.contains(&frequency) || AM_KHZ.contains(&frequency),
    }
}

fn is_telephone_number(text: &str) -> bool {
    let number = text.strip_prefix('+').unwrap_or(text);
    (1..=MAX_DIGITS).contains(&number.len())
        && number.chars().all(|c| c.is_ascii_digit() || c == '*' || c == '#')
}
