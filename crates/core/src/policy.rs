//! The policy: what may be done, what is asked first, what is refused. Deterministic, and the only
//! maker of [`Approved`]. It trusts neither the language model nor the sentence templates: every
//! intent, slot and value is checked again against the catalogue.

mod check;
mod interlock;
mod risk;
mod wording;

pub use wording::Refusal;

use std::collections::BTreeSet;

use crate::car::CarState;
use crate::catalogue::{Catalogue, Intent, SlotKind};
use crate::command::Command;
use crate::interpretation::{Candidate, Problem};
use crate::zone::Zone;

/// Speed up to which the car counts as parked, in km/h: walking pace.
pub const PARKED_KMH: f64 = 5.0;

/// A command the policy has let through. Only this module can make one, so nothing that it did not
/// approve can reach an actuator.
///
/// ```compile_fail,E0451
/// use carvoice_core::{command::Command, policy::Approved};
/// let forged = Approved { command: Command::new("trunk.set").with("state", "open") };
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Approved {
    command: Command,
}

impl Approved {
    /// What to do, all slots resolved.
    #[must_use]
    pub fn command(&self) -> &Command {
        &self.command
    }
}

/// What the policy says of one candidate.
#[derive(Clone, Debug, PartialEq)]
pub enum Ruling {
    /// May be done.
    Approve {
        /// In the order of doing. The last is the command itself; what stands before it must have
        /// succeeded first.
        steps: Vec<Approved>,
        /// A sentence to be added to the reply.
        warning: Option<String>,
    },
    /// May be done after a yes.
    Confirm {
        /// The question, to be spoken.
        question: String,
    },
    /// Must not be done.
    Refuse {
        /// Why; its `Display` is the sentence to be spoken.
        reason: Refusal,
    },
    /// Cannot be done as it stands.
    Clarify {
        /// The question, to be spoken.
        question: String,
        /// The slot that an answer would fill.
        slot: Option<String>,
    },
}

/// What the policy knows beyond the catalogue and the car.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Telephone numbers called before; any other is asked about.
    pub known_numbers: BTreeSet<String>,
    /// Numbers of emergency services; always asked about.
    pub emergency_numbers: BTreeSet<String>,
}

impl Default for Settings {
    /// No known numbers; the emergency numbers in use around the world (ITU-T E.161.1 and the
    /// national ones that differ).
    fn default() -> Self {
        let emergency = ["112", "911", "999", "000", "111", "110", "118", "119"];
        Self { known_numbers: BTreeSet::new(), emergency_numbers: emergency.map(str::to_owned).into() }
    }
}

/// Judges commands.
#[derive(Clone, Debug)]
pub struct Policy {
    catalogue: Catalogue,
    settings: Settings,
}

impl Policy {
    /// A policy over these intents.
    #[must_use]
    pub fn new(catalogue: Catalogue, settings: Settings) -> Self {
        Self { catalogue, settings }
    }

    /// The intents it judges by.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Remembers that this number was called. Bounded: beyond 1000 numbers nothing is learned, so
    /// that an unknown number is asked about.
    pub fn note_called(&mut self, number: &str) {
        const MOST: usize = 1000;
        if self.settings.known_numbers.len() < MOST {
            self.settings.known_numbers.insert(risk::digits(number));
        }
    }

    /// Takes over the numbers that another policy has learned.
    pub fn learn_from(&mut self, other: &Self) {
        other.settings.known_numbers.iter().for_each(|number| self.note_called(number));
    }

    /// Judges one candidate. `car` is none when its state could not be read: then the car counts as
    /// moving. `speaker` is the seat of the speaker, none if unknown. `confirmed` tells that the
    /// question of an earlier [`Ruling::Confirm`] was answered with yes.
    #[must_use]
    pub fn judge(
        &self,
        candidate: &Candidate,
        car: Option<&CarState>,
        speaker: Option<Zone>,
        confirmed: bool,
    ) -> Ruling {
        let command = &candidate.command;
        let Some(intent) = self.catalogue.intent(&command.intent) else {
            return Ruling::Refuse { reason: Refusal::UnknownIntent };
        };
        let ask_first = match &candidate.problem {
            None => false,
            Some(Problem::Implied) => true,
            Some(problem) => return wording::clarify(intent, command, problem),
        };
        if let Err(ruling) = check::command(intent, command) {
            return ruling;
        }
        let command = with_zone(intent, command, speaker);
        let risk = risk::of(intent, &command, car, &self.settings);
        if risk.parked_only && !car.is_some_and(is_parked) {
            let what = wording::action(&command);
            let reason = match car {
                Some(_) => Refusal::Moving { what },
                None => Refusal::SpeedUnknown { what },
            };
            return Ruling::Refuse { reason };
        }
        if (risk.confirm || ask_first) && !confirmed {
            return Ruling::Confirm { question: wording::confirm(intent, &command) };
        }
        self.approve(command, car)
    }

    fn approve(&self, command: Command, car: Option<&CarState>) -> Ruling {
        let before = interlock::before(&command, car);
        for step in &before {
            let known = self.catalogue.intent(&step.intent);
            if known.is_none_or(|intent| check::command(intent, step).is_err()) {
                return Ruling::Refuse { reason: Refusal::NoInterlock { what: wording::action(&command) } };
            }
        }
        let warning = interlock::warning(&command, car);
        let steps = before.into_iter().chain([command]).map(|command| Approved { command }).collect();
        Ruling::Approve { steps, warning }
    }
}

fn is_parked(car: &CarState) -> bool {
    car.speed_kmh.abs() <= PARKED_KMH
}

/// The command with its zone, where it has one and none was said.
fn with_zone(intent: &Intent, command: &Command, speaker: Option<Zone>) -> Command {
    let mut command = command.clone();
    if command.slots.contains_key("zone") || is_for_whole_car(&command) {
        return command;
    }
    let zone = speaker.unwrap_or(Zone::Driver).as_str();
    if let Some(SlotKind::Choice(choices)) = intent.slot("zone").map(|slot| &slot.kind)
        && choices.iter().any(|choice| choice.value == zone)
    {
        command.slots.insert("zone".to_owned(), zone.into());
    }
    command
}

/// Whether the command without a zone means the car and not the speaker's seat.
fn is_for_whole_car(command: &Command) -> bool {
    const OUTSIDE: [&str; 4] = ["headlights", "high_beam", "fog", "hazard"];
    match command.intent.as_str() {
        "door.set_lock" => true,
        "light.set" => command.text("light").is_some_and(|light| OUTSIDE.contains(&light)),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
