//! What the policy says: short spoken sentences, each with its reason.

use std::fmt;

use super::Ruling;
use crate::catalogue::{Intent, Slot, SlotKind};
use crate::command::Command;
use crate::interpretation::Problem;
use crate::reply;

/// Why a command must not be done. `Display` gives the sentence to be spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No manifest has this intent.
    UnknownIntent,
    /// The intent has no such slot.
    UnknownSlot,
    /// It is for a parked car only.
    Moving {
        /// The action, as "open the boot".
        what: String,
    },
    /// It is for a parked car only, and the speed could not be read.
    SpeedUnknown {
        /// The action.
        what: String,
    },
    /// Something must be done first that no manifest offers.
    NoInterlock {
        /// The action.
        what: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIntent => f.write_str("This car can't do that."),
            Self::UnknownSlot => f.write_str("I can't do that, there is no such setting here."),
            Self::Moving { what } => write!(f, "I can't {what} while we are moving."),
            Self::SpeedUnknown { what } => {
                write!(f, "I can't {what}, because I can't tell whether we are moving.")
            }
            Self::NoInterlock { what } => {
                write!(f, "I can't {what}, because what has to be done first is not possible here.")
            }
        }
    }
}

/// The action in words that follow "I can't" and "Shall I".
pub(super) fn action(command: &Command) -> String {
    let is = |slot: &str, value: &str| command.text(slot) == Some(value);
    match command.intent.as_str() {
        "trunk.set" if is("state", "open") => "open the boot".to_owned(),
        "door.set_lock" if is("state", "unlocked") => "unlock the doors".to_owned(),
        "mirror.set" if is("state", "folded") => "fold the mirrors".to_owned(),
        "seat.move" => "move the driver's seat".to_owned(),
        "sunroof.set" => "open the sunroof".to_owned(),
        "climate.set_defrost" => "defrost the windscreen".to_owned(),
        "light.set" if is("light", "headlights") && is("state", "off") => {
            "turn the headlights off".to_owned()
        }
        "light.set" if is("light", "fog") => "turn the fog lights on".to_owned(),
        "light.set" if is("light", "high_beam") => "turn the high beam on".to_owned(),
        "navigation.cancel" => "end the guidance".to_owned(),
        "navigation.find" => {
            format!("look for the nearest {}", command.text("category").unwrap_or("one"))
        }
        "phone.call" => {
            let whom = command.text("contact").or_else(|| command.text("number"));
            format!("call {}", whom.unwrap_or("now"))
        }
        "message.send" => match command.text("contact") {
            Some(contact) => format!("send that to {contact}"),
            None => "send that".to_owned(),
        },
        _ => "do that".to_owned(),
    }
}

/// The yes-or-no question before a command.
pub(super) fn confirm(intent: &Intent, command: &Command) -> String {
    let own = intent.reply.confirm.as_deref();
    own.and_then(|template| reply::fill(template, intent, &command.slots))
        .unwrap_or_else(|| format!("Shall I {}?", action(command)))
}

/// The question about a candidate that was understood in part.
pub(super) fn clarify(intent: &Intent, command: &Command, problem: &Problem) -> Ruling {
    let first_missing = || intent.missing(&command.slots).map(|slot| slot.name.clone());
    match problem {
        Problem::Missing { slot } => match intent.slot(slot) {
            Some(slot) => missing(intent, slot),
            None => Ruling::Clarify { question: UNCERTAIN.to_owned(), slot: None },
        },
        Problem::Illegal { slot, said } => match intent.slot(slot) {
            Some(slot) => illegal(intent, slot, said),
            None => Ruling::Clarify { question: UNCERTAIN.to_owned(), slot: None },
        },
        Problem::Ambiguous { readings } => {
            let question = match readings.as_slice() {
                [] => UNCERTAIN.to_owned(),
                readings => format!("Do you mean {}?", reply::list(readings, "or")),
            };
            Ruling::Clarify { question, slot: first_missing() }
        }
        Problem::NotNow => Ruling::Clarify { question: reply::ONLY_NOW.to_owned(), slot: None },
        Problem::Unsure | Problem::Implied => Ruling::Clarify { question: UNCERTAIN.to_owned(), slot: None },
    }
}

const UNCERTAIN: &str = "I'm not sure what you mean. Could you say it another way?";

/// The question for a slot that was not said.
pub(super) fn missing(intent: &Intent, slot: &Slot) -> Ruling {
    let own = intent.reply.ask.get(&slot.name).cloned();
    let question = own.unwrap_or_else(|| match &slot.kind {
        SlotKind::Choice(_) => choices(slot),
        SlotKind::Number(_) => format!("Which {}?", reply::words(&slot.name)),
        SlotKind::Text | SlotKind::Digits => format!("What {}?", reply::words(&slot.name)),
    });
    Ruling::Clarify { question, slot: Some(slot.name.clone()) }
}

/// The question for a value that the slot does not allow.
pub(super) fn illegal(intent: &Intent, slot: &Slot, said: &str) -> Ruling {
    let question = match &slot.kind {
        SlotKind::Choice(_) => {
            format!("{} is not possible. {}", reply::capital(&reply::spoken(said)), choices(slot))
        }
        SlotKind::Number(kind) => format!(
            "{} is not possible. {}",
            reply::capital(&reply::spoken(said)),
            reply::range(&slot.name, kind),
        ),
        SlotKind::Text | SlotKind::Digits => match missing(intent, slot) {
            Ruling::Clarify { question, .. } => format!("I can't use that. {question}"),
            _ => UNCERTAIN.to_owned(),
        },
    };
    Ruling::Clarify { question, slot: Some(slot.name.clone()) }
}

/// "Eco, comfort or sport?", as far as a driver can listen to it.
fn choices(slot: &Slot) -> String {
    const FEW: usize = 6;
    match &slot.kind {
        SlotKind::Choice(choices) if choices.len() <= FEW => {
            let said: Vec<String> = choices.iter().map(|choice| reply::words(&choice.value)).collect();
            format!("{}?", reply::capital(&reply::list(&said, "or")))
        }
        _ => format!("Which {}?", reply::words(&slot.name)),
    }
}
