//! The last command once more, changed: more of it, less of it, on, off, open, closed.

use carvoice_core::catalogue::{Choice, SlotKind};
use carvoice_core::command::{Command, SlotValue};

use super::lists::{CORRECTIVE, NO_CORRECTION, ORDER_WORDS};
use super::walk::{Capture, Value};
use super::words::{Pause, Word};
use super::{Matcher, Utterance};

/// Longest name that corrects another, in words.
const MAX_RENAMED: usize = 4;

/// Intents that make less or more of what another sets: (set, adjust, slot that is set).
pub(super) const ADJUSTS: &[(&str, &str, &str)] = &[
    ("climate.set_temperature", "climate.adjust_temperature", "temperature"),
    ("climate.set_fan", "climate.adjust_fan", "level"),
    ("climate.set_power", "climate.adjust_temperature", "state"),
    ("seat.set_heating", "seat.adjust_heating", "level"),
    ("seat.set_ventilation", "seat.adjust_ventilation", "level"),
    ("window.set", "window.adjust", "position"),
    ("wiper.set", "wiper.adjust", "mode"),
    ("volume.set", "volume.adjust", "level"),
    ("media.play", "volume.adjust", "query"),
    ("media.resume", "volume.adjust", "query"),
    ("media.next", "volume.adjust", "query"),
    ("media.tune", "volume.adjust", "frequency"),
    ("media.select_source", "volume.adjust", "source"),
    ("light.set", "light.adjust_brightness", "state"),
    ("light.set_color", "light.adjust_brightness", "color"),
];

impl Matcher {
    /// More or less of what the last command was about.
    pub(super) fn more(&self, last: &Command, direction: &str) -> Option<Command> {
        let (adjust, slot) = match ADJUSTS.iter().find(|(set, ..)| *set == last.intent) {
            Some((_, adjust, slot)) => (*adjust, *slot),
            None if self
                .intents
                .iter()
                .any(|intent| intent.name == last.intent && intent.slot("direction").is_some()) =>
            {
                (last.intent.as_str(), "direction")
            }
            None => return None,
        };
        let spoken_direction = match direction {
            "same" => match last.slots.get(slot) {
                Some(SlotValue::Text(way)) if slot == "direction" => way.clone(),
                // A window that was opened is opened further.
                Some(SlotValue::Number(position)) if adjust == "window.adjust" => {
                    if *position > 0.0 { "down" } else { "up" }.to_owned()
                }
                Some(SlotValue::Number(level)) if *level == 0.0 => "down".to_owned(),
                Some(SlotValue::Text(state)) if state == "off" => "down".to_owned(),
                _ => "up".to_owned(),
            },
            // "More" of a window is its opening; "up" and "down" are its glass.
            way => way.to_owned(),
        };
        let mut command = Command::new(adjust).with("direction", SlotValue::Text(spoken_direction));
        let known = self.intents.iter().find(|intent| intent.name == adjust)?;
        for kept in ["zone", "light"] {
            if let (Some(value), Some(slot)) = (last.slots.get(kept), known.slot(kept)) {
                let fits = match &slot.kind {
                    SlotKind::Choice(choices) => {
                        choices.iter().any(|choice| value.text() == Some(choice.value.as_str()))
                    }
                    _ => false,
                };
                if fits {
                    command.slots.insert(kept.to_owned(), value.clone());
                }
            }
        }
        Some(command)
    }

    /// The last command turned on or off, opened or closed.
    pub(super) fn switched(&self, last: &Command, intent: usize, state: &str) -> Option<Command> {
        let known = self.intents.get(intent)?;
        let number = |value: f64, slot: &str| Some(last.clone().with(slot, value));
        match (known.name.as_str(), state) {
            ("window.set" | "shade.set", "open") => number(100.0, "position"),
            ("window.set" | "shade.set", "closed") => number(0.0, "position"),
            ("window.adjust", "open" | "closed") => {
                let mut command =
                    Command::new("window.set").with("position", if state == "open" { 100.0 } else { 0.0 });
                command.slots.extend(last.slots.get("zone").map(|zone| ("zone".to_owned(), zone.clone())));
                Some(command)
            }
            ("sunroof.set", "open") => Some(Command::new("sunroof.set").with("motion", "open")),
            ("sunroof.set", "closed") => Some(Command::new("sunroof.set").with("motion", "close")),
            ("door.set_lock", "open") => Some(last.clone().with("state", "unlocked")),
            ("door.set_lock", "closed") => Some(last.clone().with("state", "locked")),
            ("mirror.set", "open") => Some(last.clone().with("state", "unfolded")),
            ("mirror.set", "closed") => Some(last.clone().with("state", "folded")),
            ("seat.set_heating" | "seat.set_ventilation", "on") => number(2.0, "level"),
            ("seat.set_heating" | "seat.set_ventilation" | "climate.set_fan", "off") => number(0.0, "level"),
            ("climate.set_fan", "on") => number(4.0, "level"),
            ("wiper.set", "off") => Some(last.clone().with("mode", "off")),
            ("wiper.set", "on") => Some(last.clone().with("mode", "auto")),
            ("seat.adjust_heating", "off") => self.levelled("seat.set_heating", last),
            ("climate.adjust_fan", "off") => self.levelled("climate.set_fan", last),
            ("climate.set_temperature" | "climate.adjust_temperature", "on" | "off") => {
                let mut command = Command::new("climate.set_power").with("state", state);
                command.slots.extend(last.slots.get("zone").map(|zone| ("zone".to_owned(), zone.clone())));
                Some(command)
            }
            (
                "media.play"
                | "media.resume"
                | "media.next"
                | "media.previous"
                | "media.select_source"
                | "media.tune",
                "off",
            ) => Some(Command::new("media.pause")),
            ("media.pause", "on") => Some(Command::new("media.resume")),
            ("navigation.go_to" | "navigation.find", "off") => Some(Command::new("navigation.cancel")),
            _ => {
                let SlotKind::Choice(choices) = &known.slot("state")?.kind else { return None };
                let fits = |choice: &Choice| choice.value == state;
                choices.iter().any(fits).then(|| last.clone().with("state", state))
            }
        }
    }

    /// The last adjustment ended: its function switched off.
    fn levelled(&self, intent: &str, last: &Command) -> Option<Command> {
        let mut command = Command::new(intent).with("level", 0.0);
        command.slots.extend(last.slots.get("zone").map(|zone| ("zone".to_owned(), zone.clone())));
        Some(command)
    }

    /// "No, Tim" after "call Tom": the last command with another name.
    pub(super) fn renamed(
        &self,
        text: &str,
        whole: &Utterance,
        rest: &Utterance,
        last: &Command,
    ) -> Option<Command> {
        let corrects = rest.words.len() < whole.words.len()
            && whole.words.first().is_some_and(|word| CORRECTIVE.has(&word.text));
        if !corrects
            || rest.words.len() > MAX_RENAMED
            || rest.words.iter().any(|word| NO_CORRECTION.has(&word.text) || ORDER_WORDS.has(&word.text))
        {
            return None;
        }
        let intent = self.intents.iter().position(|intent| intent.name == last.intent)?;
        let slots = &self.intents.get(intent)?.slots;
        let at = slots.iter().position(|slot| {
            matches!(slot.name.as_str(), "contact" | "destination") && last.slots.contains_key(&slot.name)
        })?;
        let capture = Capture { slot: at, said: 0..rest.words.len(), value: Value::Text };
        if last.intent == "message.send" || !self.is_plausible(intent, &[capture], &rest.words) {
            return None;
        }
        let slot = slots.get(at)?;
        let spoken = self.free_text(text, &slot.name, &rest.words);
        Some(last.clone().with(&slot.name, SlotValue::Text(spoken)))
    }

    /// "Make that fifteen" after "a timer for ten minutes" means minutes.
    pub(super) fn timed(&self, utterance: &Utterance, last: &Command) -> Option<Utterance> {
        let Some(SlotValue::Number(seconds)) = last.slots.get("duration") else { return None };
        let unit = match *seconds {
            whole if whole % 3600.0 == 0.0 => "hours",
            whole if whole % 60.0 == 0.0 => "minutes",
            _ => "seconds",
        };
        let mut words = utterance.words.clone();
        let unit = Word { text: unit.to_owned(), pause: Pause::None, ..words.last()?.clone() };
        words.push(unit);
        Some(self.utterance(words))
    }
}
