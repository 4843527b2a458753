//! The catalogue: what can be asked for. Read from skill manifests (TOML, one per domain).
//!
//! A manifest:
//! ```toml
//! version = 1
//! domain = "climate"
//!
//! [rules]
//! degrees = "{temperature} [degrees]"
//!
//! [[intent]]
//! name = "climate.set_temperature"
//! risk = []                      # or any of "confirm", "parked_only"
//! slots = [
//!   { name = "temperature", type = "number", unit = "celsius", min = 16, max = 30, step = 0.5, required = true },
//!   { name = "zone", type = "zone" },
//! ]
//! call = { method = "SetTemperature", args = ["temperature:d", "zone:s"] }
//! reply = { done = "{temperature} degrees.", ask = { temperature = "How many degrees?" } }
//! sentences = ["<set> the (temperature|heat) to <degrees>"]
//!
//! # Sentences that fix a slot without naming it:
//! [[intent.also]]
//! set = { temperature = 30 }
//! sentences = ["as warm as it gets"]
//! ```
//! `docs/skills.md` describes every key.

mod builtin;
mod calls;
mod dbus;
mod manifest;
mod phrase;
mod raw;
mod restore;
mod rules;
mod slots;
mod suggest;
#[cfg(test)]
mod tests;

pub use phrase::Phrase;
pub use restore::{FALSE_WORDS, Properties, Property, TRUE_WORDS};

use std::collections::BTreeMap;
use std::time::Duration;

use crate::command::{Command, SlotValue, Slots};

/// All intents, in the order of the manifests. Made by [`Catalogue::shipped`] or
/// [`Catalogue::parse`]; always valid.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    pub(crate) intents: Vec<Intent>,
    pub(crate) rules: BTreeMap<String, String>,
}

impl Catalogue {
    /// The catalogue that is part of the program. Empty only if the program was built with a broken
    /// manifest, which the tests rule out.
    #[must_use]
    pub fn shipped() -> Self {
        Self::parse(manifest::SHIPPED).unwrap_or_default()
    }

    /// The shipped manifests, as (file name, text). An integrator's own come after them in
    /// [`Catalogue::parse`].
    #[must_use]
    pub fn shipped_files() -> &'static [(&'static str, &'static str)] {
        manifest::SHIPPED
    }

    /// Reads manifests, given as (file name, text). Rules may be used by every manifest of the call.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the files.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, Vec<ManifestError>> {
        manifest::parse(files)
    }

    /// Every intent.
    #[must_use]
    pub fn intents(&self) -> &[Intent] {
        &self.intents
    }

    /// Intents that `shipped` does not have: those of an integrator's own manifests.
    pub fn added<'a>(&'a self, shipped: &'a Self) -> impl Iterator<Item = &'a Intent> {
        self.intents.iter().filter(|intent| shipped.intent(&intent.name).is_none())
    }

    /// The intent of this full name.
    #[must_use]
    pub fn intent(&self, name: &str) -> Option<&Intent> {
        self.intents.iter().find(|intent| intent.name == name)
    }

    /// Phrases that sentences refer to as `<name>`, themselves in sentence syntax.
    #[must_use]
    pub fn rules(&self) -> &BTreeMap<String, String> {
        &self.rules
    }
}

/// One thing that can be asked for.
#[derive(Clone, Debug)]
pub struct Intent {
    /// Full name, `domain.action`.
    pub name: String,
    /// Slots, required ones first.
    pub slots: Vec<Slot>,
    /// What the policy has to mind.
    pub risk: Risk,
    /// The D-Bus call that does it; none where the assistant itself does it or only the
    /// `Command` signal is emitted.
    pub call: Option<Call>,
    /// Calls of other services that do the same, in order: the first whose service is on the bus, and
    /// which has a place for everything that was said, is made in the place of `call`.
    pub instead: Vec<Call>,
    /// The way back from it; empty where there is none.
    pub undo: Vec<Restore>,
    /// What is said afterwards.
    pub reply: Replies,
    /// Slots of which one must be there; the first is asked for. Empty for most intents.
    pub needs_one: Vec<String>,
    /// How people ask for it.
    pub sentences: Vec<SentenceGroup>,
}

impl Intent {
    /// The slot of this name.
    #[must_use]
    pub fn slot(&self, name: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.name == name)
    }

    /// The slot to ask for before the command makes sense, if there is one.
    #[must_use]
    pub fn missing(&self, slots: &Slots) -> Option<&Slot> {
        let absent = |slot: &&Slot| slot.required && !slots.contains_key(&slot.name);
        self.slots.iter().find(absent).or_else(|| {
            let none = !self.needs_one.iter().any(|name| slots.contains_key(name));
            self.needs_one.first().filter(|_| none).and_then(|name| self.slot(name))
        })
    }

    /// The part of the name before the dot.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.name.split('.').next().unwrap_or_default()
    }
}

/// A typed place in a command.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Name, `snake_case`.
    pub name: String,
    /// Whether the command makes sense without it.
    pub required: bool,
    /// What it may hold.
    pub kind: SlotKind,
}

/// What a slot may hold.
#[derive(Clone, Debug)]
pub enum SlotKind {
    /// One of a fixed set, `type = "choice"`; `type = "zone"`, `"state"` and `"direction"` are
    /// choices whose words are built in.
    Choice(Vec<Choice>),
    /// A number, `type = "number"`.
    Number(NumberKind),
    /// Words of the utterance, `type = "text"`.
    Text,
    /// A telephone number as a digit string, `type = "digits"`.
    Digits,
}

/// One value of a choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Canonical form.
    pub value: String,
    /// How it is said, in sentence syntax. The value itself, with spaces for underscores, is the
    /// first unless the manifest lists its own.
    pub spoken: Vec<String>,
}

/// Range of a number.
#[derive(Clone, Debug)]
pub struct NumberKind {
    /// Unit of the value.
    pub unit: Unit,
    /// Smallest legal value.
    pub min: f64,
    /// Largest legal value.
    pub max: f64,
    /// Legal values are `min`, `min + step`, … A Celsius value off the step is rounded, any other is illegal.
    pub step: f64,
    /// Words that stand for a value ("medium" = 4).
    pub words: Vec<(String, f64)>,
}

impl NumberKind {
    /// Whether the value is in range and on the step.
    #[must_use]
    pub fn allows(&self, value: f64) -> bool {
        let steps = (value - self.min) / self.step;
        value >= self.min && value <= self.max && (steps - steps.round()).abs() < 1e-6
    }
}

/// Unit of a number slot; decides which spoken units are converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A bare count or level.
    None,
    /// °C; °F is converted and rounded to the step, a bare 61–86 is °F.
    Celsius,
    /// A temperature difference in °C; °F differences are converted.
    CelsiusDifference,
    /// Percent; "half" is 50.
    Percent,
    /// Seconds; minutes and hours are converted.
    Seconds,
    /// A radio frequency as said: MHz for FM, kHz for AM.
    Frequency,
    /// A position in a list, from 1.
    Ordinal,
}

/// What the policy has to mind. Both may apply: then it is refused on the move and asked when parked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Risk {
    /// Ask before doing it.
    pub confirm: bool,
    /// Refuse it above walking speed.
    pub parked_only: bool,
}

/// What is done on D-Bus: a method call, or the reading or writing of a property.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `system`, `session` or an address; the assistant's own bus unless given.
    pub bus: Option<String>,
    /// Bus name; `org.carvoice.Vehicle1` unless given. `org.mpris.MediaPlayer2.*` stands for every name
    /// that begins so; see `prefer`.
    pub service: String,
    /// Property of `interface` and its value, by which one of several services is chosen. When none has
    /// it, the one that was called last, or the only one.
    pub prefer: Option<(String, String)>,
    /// Object; the service's name as a path unless given.
    pub path: String,
    /// Methods that lead from `path` to the object to call, one after the other.
    pub through: Vec<Step>,
    /// Interface.
    pub interface: String,
    /// Method or property.
    pub member: Member,
    /// Arguments in order.
    pub args: Vec<Arg>,
    /// Words sent in the place of a slot's own.
    pub words: BTreeMap<String, String>,
    /// Numbers are sent as this many times their value.
    pub scale: f64,
    /// Name under which the value that comes back is given to the reply, and its D-Bus type.
    pub returns: Option<(String, char)>,
    /// How long to wait for the answer.
    pub timeout: Duration,
}

impl Call {
    /// The beginning of the names meant, for a service that is written with `.*`.
    #[must_use]
    pub fn prefix(&self) -> Option<&str> {
        self.service.strip_suffix('*')
    }

    /// The first of these slots that the call has no place for.
    #[must_use]
    pub fn lacks<'a>(&self, slots: &'a Slots) -> Option<&'a str> {
        let mut names = slots.keys().map(String::as_str);
        names.find(|name| !self.args.iter().any(|arg| arg.slot == *name))
    }
}

/// What is called at an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Member {
    /// A method.
    Method(String),
    /// A property: read, or written when the call has an argument.
    Property {
        /// Its name.
        name: String,
        /// The entry to read of a property that is a dictionary of type `a{sv}`.
        entry: Option<String>,
        /// Smallest and largest value of a number that is raised or lowered: the slots `direction` and
        /// `amount` say how.
        change: Option<(f64, f64)>,
    },
}

impl Member {
    /// Its name on the bus.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Method(name) | Self::Property { name, .. } => name,
        }
    }
}

/// A method without arguments that answers with objects and their properties, `a(oa{sv})`: the first
/// object that fits is gone on with.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Interface of the method.
    pub interface: String,
    /// The method.
    pub method: String,
    /// Properties that the object must have, with their values as text.
    pub having: BTreeMap<String, String>,
}

/// A command that brings back what the car was like before another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Restore {
    /// Its intent, by full name.
    pub intent: String,
    /// Slots with a fixed value.
    pub set: Slots,
    /// Slots with the value of a property, by the property's name. `{slot}` or `{slot=default}` in the name
    /// stands for the undone command's slot in `CamelCase`.
    pub read: BTreeMap<String, String>,
    /// Values that properties must have had before, or this is left out. True is "on".
    pub when: BTreeMap<String, SlotValue>,
}

/// One argument, written `"slot:type"` or `"slot:type=default"` in a manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    /// The slot it takes its value from; empty for an argument that is always the default.
    pub slot: String,
    /// D-Bus type: `s`, `d`, `i`, `u`, `y`, `b` (a state slot: on, locked, folded, open are true).
    pub kind: char,
    /// Value when the slot is absent; without one an absent slot sends "" or 0.
    pub default: Option<SlotValue>,
}

/// What the assistant says. Text holds `{slot}` places.
#[derive(Clone, Debug, Default)]
pub struct Replies {
    /// After success. A list is chosen from by the values: the first whose places are all known.
    pub done: Vec<String>,
    /// The question of a `confirm` risk.
    pub confirm: Option<String>,
    /// The question for a missing slot, by slot.
    pub ask: BTreeMap<String, String>,
}

/// Sentences that share fixed slots.
#[derive(Clone, Debug)]
pub struct SentenceGroup {
    /// Slots that these sentences fix without naming a value.
    pub set: Slots,
    /// Whether they state a need ("I'm cold") rather than give an order. Beside an order in the
    /// same utterance a need is only its reason.
    pub need: bool,
    /// Whether the command is only guessed from what was said ("I'm hungry"): it is asked first.
    pub implied: bool,
    /// Commands that these sentences ask for besides ("AC to max" is the fan as well).
    pub and: Vec<Command>,
    /// Sentences in template syntax: `[optional]`, `(one|other)`, `<rule>`, `{slot}`, and
    /// `{slot:rule}`, `{slot!}` as [`Phrase`] explains.
    pub sentences: Vec<String>,
}

/// What is wrong in a manifest. Shown as `file:line:column: message`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct ManifestError {
    /// File name as given.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}
