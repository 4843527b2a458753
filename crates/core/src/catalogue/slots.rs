//! Slots and arguments: the parts of a manifest that are resolved on their own.

use toml::Spanned;

use super::{Arg, Choice, NumberKind, Slot, SlotKind, Unit, builtin, raw, suggest};
use crate::command::SlotValue;

/// What a slot may hold.
pub(super) fn kind(raw: &raw::Slot) -> Result<SlotKind, String> {
    match raw.kind.get_ref().as_str() {
        "text" => Ok(SlotKind::Text),
        "digits" => Ok(SlotKind::Digits),
        "number" => number(raw).map(SlotKind::Number),
        "choice" => choices(raw).map(SlotKind::Choice),
        other => builtin::choices(other).map(SlotKind::Choice).ok_or_else(|| {
            let known = ["text", "digits", "number", "choice", "zone", "state", "direction"];
            format!("unknown type `{other}`{}", suggest::hint(other, known))
        }),
    }
}

/// The slot of this name, or an error with a suggestion.
pub(super) fn find<'a>(slots: &'a [Slot], name: &str) -> Result<&'a Slot, String> {
    slots.iter().find(|slot| slot.name == name).ok_or_else(|| {
        format!("unknown slot `{name}`{}", suggest::hint(name, slots.iter().map(|slot| slot.name.as_str())))
    })
}

fn number(raw: &raw::Slot) -> Result<NumberKind, String> {
    let unit = match raw.unit.as_ref().map(|unit| unit.get_ref().as_str()) {
        None => Unit::None,
        Some("celsius") => Unit::Celsius,
        Some("celsius_difference") => Unit::CelsiusDifference,
        Some("percent") => Unit::Percent,
        Some("seconds") => Unit::Seconds,
        Some("frequency") => Unit::Frequency,
        Some("ordinal") => Unit::Ordinal,
        Some(other) => {
            let known = ["celsius", "celsius_difference", "percent", "seconds", "frequency", "ordinal"];
            return Err(format!("unknown unit `{other}`{}", suggest::hint(other, known)));
        }
    };
    let (Some(min), Some(max)) = (raw.min, raw.max) else {
        return Err("a number needs `min` and `max`".to_owned());
    };
    let step = raw.step.unwrap_or(1.0);
    if min > max {
        return Err(format!("the range is upside down: min {min} is above max {max}"));
    }
    if step.is_nan() || step <= 0.0 {
        return Err(format!("`step` must be above 0, not {step}"));
    }
    let words: Vec<_> = raw.words.iter().map(|(word, value)| (word.clone(), *value)).collect();
    let kind = NumberKind { unit, min, max, step, words };
    match kind.words.iter().find(|(_, value)| !kind.allows(*value)) {
        Some((word, value)) => {
            Err(format!("the word `{word}` stands for {value}, which the range does not allow"))
        }
        None => Ok(kind),
    }
}

fn choices(raw: &raw::Slot) -> Result<Vec<Choice>, String> {
    if raw.values.is_empty() {
        return Err("a choice needs `values`".to_owned());
    }
    let choice = |(value, spoken): (&String, &Vec<Spanned<String>>)| {
        let mut spoken: Vec<_> = spoken.iter().map(|text| text.get_ref().clone()).collect();
        if spoken.is_empty() {
            spoken.push(value.replace('_', " "));
        }
        Choice { value: value.clone(), spoken }
    };
    Ok(raw.values.iter().map(choice).collect())
}

/// `name:type`.
pub(super) fn typed(text: &str) -> Result<(&str, char), String> {
    let (name, kind) = text.split_once(':').ok_or_else(|| format!("`{text}` must be written `name:type`"))?;
    match kind {
        "s" | "d" | "i" | "u" | "y" | "b" => Ok((name, kind.chars().next().unwrap_or('s'))),
        _ => Err(format!("`{kind}` is no D-Bus type of an argument; use one of s d i u y b")),
    }
}

/// `slot:type` or `slot:type=default`.
pub(super) fn arg(text: &str, slots: &[Slot]) -> Result<Arg, String> {
    let (text, default) = text.split_once('=').map_or((text, None), |(text, default)| (text, Some(default)));
    let (name, kind) = typed(text)?;
    if name.is_empty() {
        let text = default.ok_or("an argument without a slot needs a value: `:s=value`")?;
        let value = text.parse().map_or_else(|_| SlotValue::from(text), SlotValue::Number);
        let default = Some(if kind == 's' { SlotValue::from(text) } else { value });
        return Ok(Arg { slot: String::new(), kind, default });
    }
    let slot = find(slots, name)?;
    let is_number = matches!(slot.kind, SlotKind::Number(_));
    let fits = match kind {
        's' => !is_number,
        'b' => matches!(slot.kind, SlotKind::Choice(_)),
        _ => is_number,
    };
    if !fits {
        return Err(format!("the slot `{name}` cannot be sent as D-Bus type `{kind}`"));
    }
    let default = match default {
        None => None,
        Some(text) if is_number => {
            Some(SlotValue::Number(text.parse().map_err(|_| format!("the default `{text}` is no number"))?))
        }
        Some(text) => Some(SlotValue::from(text)),
    };
    Ok(Arg { slot: name.to_owned(), kind, default })
}

/// Whether a slot of this name may hold the value; says why not.
pub(super) fn check_value(slots: &[Slot], name: &str, value: &SlotValue) -> Result<(), String> {
    let fits = match (&find(slots, name)?.kind, value) {
        (SlotKind::Choice(choices), SlotValue::Text(text)) => {
            choices.iter().any(|choice| choice.value == *text)
        }
        (SlotKind::Number(kind), SlotValue::Number(number)) => kind.allows(*number),
        (SlotKind::Text | SlotKind::Digits, SlotValue::Text(_)) => true,
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("`{value}` is no value of the slot `{name}`")) }
}
