//! What the car is asked to do.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Value of a slot in canonical form: a number in the slot's unit, or text that is either one of
/// the slot's choices in `snake_case` or words as they were spoken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SlotValue {
    /// A number in the unit of the slot. Whole numbers are written to JSON without a fraction.
    Number(#[serde(serialize_with = "plain_number")] f64),
    /// A choice or spoken words.
    Text(String),
}

fn plain_number<S: serde::Serializer>(value: &f64, out: S) -> Result<S::Ok, S::Error> {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        out.serialize_i64(*value as i64)
    } else {
        out.serialize_f64(*value)
    }
}

impl SlotValue {
    /// The number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(*value),
            Self::Text(_) => None,
        }
    }

    /// The text, if it is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Number(_) => None,
            Self::Text(text) => Some(text),
        }
    }
}

impl fmt::Display for SlotValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<f64> for SlotValue {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<&str> for SlotValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Slots by name. Absent optional slots are absent keys.
pub type Slots = BTreeMap<String, SlotValue>;

/// An intent of the catalogue with its slots, e.g. `climate.set_temperature {temperature: 21}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Full name, `domain.action`.
    pub intent: String,
    /// Slots as they were said; the policy adds what was not said.
    pub slots: Slots,
}

impl Command {
    /// A command without slots.
    #[must_use]
    pub fn new(intent: &str) -> Self {
        Self { intent: intent.to_owned(), slots: Slots::new() }
    }

    /// The same command with one more slot.
    #[must_use]
    pub fn with(mut self, slot: &str, value: impl Into<SlotValue>) -> Self {
        self.slots.insert(slot.to_owned(), value.into());
        self
    }

    /// The text of a slot, if it is there and holds text.
    #[must_use]
    pub fn text(&self, slot: &str) -> Option<&str> {
        self.slots.get(slot).and_then(SlotValue::text)
    }

    /// The number of a slot, if it is there and holds a number.
    #[must_use]
    pub fn number(&self, slot: &str) -> Option<f64> {
        self.slots.get(slot).and_then(SlotValue::number)
    }
}

impl fmt::Display for Command {
    /// `intent slot=value slot=value`, the form used in logs and tables.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.intent)?;
        self.slots.iter().try_for_each(|(slot, value)| write!(f, " {slot}={value}"))
    }
}
