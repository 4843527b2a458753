//! What the conversation adds: answers to questions, corrections and additions to the last command.

use carvoice_core::catalogue::SlotKind;
use carvoice_core::command::{Command, SlotValue};
use carvoice_core::engine::{Context, Pending};
use carvoice_core::interpretation::{Candidate, Interpretation, Problem};

use super::clauses::{Kind, Parsed, Said};
use super::reference::ADJUSTS;
use super::walk::{self, Value};
use super::words::Word;
use super::{Matcher, Reading, Utterance};

/// Confidence in what only the conversation makes clear.
const BY_CONTEXT: f64 = 0.9;
/// Confidence in one of several readings.
const GUESS: f64 = 0.5;
/// What "turn it up" and "set it to 21" may mean.
const BARE_ADJUSTS: &[&str] = &["the volume", "the temperature", "the fan"];
const BARE_SETS: &[&str] = &["the temperature", "the volume"];
/// How many polite phrases may stand in front of a reference.
const MAX_LEADS: usize = 3;

impl Matcher {
    /// The answer to a question that is open.
    pub(super) fn answer(&self, text: &str, utterance: &Utterance, context: &Context) -> Option<Reading> {
        let pending = context.pending.as_ref()?;
        let intent = self.intents.iter().position(|intent| intent.name == pending.command.intent)?;
        match &pending.slot {
            Some(slot) => {
                let at = self.intents.get(intent)?.slots.iter().position(|known| known.name == *slot)?;
                if let Some(command) = self.with_value(utterance, &pending.command, intent, at) {
                    return Some(self.by_context(command));
                }
                let parsed = self.parse(utterance);
                let is_text = self
                    .intents
                    .get(intent)?
                    .slots
                    .get(at)
                    .is_some_and(|slot| matches!(slot.kind, SlotKind::Text));
                if !is_text || parsed.is_whole() && self.outranks_text(&parsed, slot) {
                    return None;
                }
                let spoken = self.free_text(text, slot, &utterance.words);
                let command = pending.command.clone().with(slot, SlotValue::Text(spoken));
                Some(self.by_context(command))
            }
            None => {
                if let Some(said) = self.assent(utterance) {
                    return Some(self.reading(text, utterance, &Parsed::only(vec![said])));
                }
                let parsed = self.parse(utterance);
                if parsed.is_whole() {
                    return None;
                }
                self.amended(utterance, pending, intent)
            }
        }
    }

    /// A yes or a no that is all that was said, also where its words could be an order: "go ahead".
    fn assent(&self, utterance: &Utterance) -> Option<Said> {
        self.said(utterance, Some(&[Kind::Alone])).into_iter().find(|said| {
            let name = self.intents.get(said.intent).map_or("", |intent| intent.name.as_str());
            matches!(name, "assistant.yes" | "assistant.no") && said.range.end == utterance.words.len()
        })
    }

    /// Whether a command is meant although any words would do as an answer.
    fn outranks_text(&self, parsed: &Parsed, slot: &str) -> bool {
        parsed.commands.iter().all(|said| {
            let name = self.intents.get(said.intent).map_or("", |intent| intent.name.as_str());
            match slot {
                "text" => {
                    matches!(name, "assistant.cancel" | "assistant.stop" | "assistant.no" | "assistant.help")
                }
                _ => true,
            }
        })
    }

    /// "No, twenty two" to "Set it to 20 degrees?".
    fn amended(&self, utterance: &Utterance, pending: &Pending, intent: usize) -> Option<Reading> {
        let rest = self.after_correction(utterance);
        self.revised(&rest, &pending.command, intent)
            .or_else(|| self.revised(utterance, &pending.command, intent))
            .map(|command| self.by_context(command))
    }

    /// Whether a whole reading is better taken as a remark on the last command.
    pub(super) fn is_reference(&self, parsed: &Parsed, context: &Context) -> bool {
        let [said] = parsed.commands.as_slice() else { return false };
        let name = self.intents.get(said.intent).map_or("", |intent| intent.name.as_str());
        let bare = said.range.len() <= 2 && !said.captures.is_empty();
        let has_last = !context.recent.is_empty();
        name == "assistant.select" && (bare && has_last || !self.selects(said)) && context.pending.is_none()
    }

    /// A bare number selects nothing: "the second one" does, "two" only after a list was read.
    fn selects(&self, said: &Said) -> bool {
        let numeral = said
            .captures
            .first()
            .and_then(|capture| said.words.get(capture.said.start))
            .map_or("", |word| word.text.as_str());
        let is_ordinal = numeral.ends_with("st")
            || numeral.ends_with("nd")
            || numeral.ends_with("rd")
            || numeral.ends_with("th") && numeral != "with";
        is_ordinal || said.range.len() > 1
    }

    /// What refers to the last command: "and the passenger too", "a bit more", "no, twenty two".
    pub(super) fn follow_up(&self, text: &str, utterance: &Utterance, context: &Context) -> Option<Reading> {
        let rest = self.after_correction(utterance);
        if rest.words.len() < utterance.words.len() {
            let parsed = self.parse(&rest);
            if parsed.is_whole()
                && parsed.commands.iter().all(|said| said.kind == Kind::Command && !self.is_vague(said))
            {
                return Some(self.reading(text, &rest, &parsed));
            }
        }
        let last = context.recent.last()?;
        let intent = self.intents.iter().position(|intent| intent.name == last.intent)?;
        let command = self
            .referred(utterance, last, intent)
            .or_else(|| self.referred(&self.without_lead(utterance), last, intent))
            .or_else(|| self.revised(utterance, last, intent))
            .or_else(|| self.revised(&rest, last, intent))
            .or_else(|| self.renamed(text, utterance, &rest, last))?;
        Some(self.by_context(command))
    }

    /// More, less, on, off, open, closed, another seat: the last command once more, changed.
    fn referred(&self, utterance: &Utterance, last: &Command, intent: usize) -> Option<Command> {
        let said = self
            .said(utterance, Some(&[Kind::Reference]))
            .into_iter()
            .filter(|said| self.ends(utterance, said.range.end))
            .min_by(|a, b| a.cost.total_cmp(&b.cost))?;
        let value = |name: &str| {
            said.set.get(name).cloned().or_else(|| {
                said.captures.iter().find_map(|capture| match &capture.value {
                    Value::Known(value) => Some(value.clone()),
                    _ => None,
                })
            })
        };
        match self.intents.get(said.intent)?.name.as_str() {
            "dialogue.more" => self.more(last, value("direction")?.text()?),
            "dialogue.pace"
                if matches!(
                    last.intent.as_str(),
                    "wiper.set" | "wiper.adjust" | "climate.set_fan" | "climate.adjust_fan"
                ) =>
            {
                self.more(last, value("pace")?.text()?)
            }
            // The speaker's own seat is the one that no zone names.
            "dialogue.mine" => {
                let mut command = last.clone();
                command.slots.remove("zone").map(|_| command)
            }
            "dialogue.switch" => self.switched(last, intent, value("state")?.text()?),
            "dialogue.zone" | "dialogue.not_zone" => {
                self.intents.get(intent)?.slot("zone")?;
                Some(last.clone().with("zone", value("zone")?))
            }
            _ => None,
        }
    }

    /// Whether nothing but filler follows.
    fn ends(&self, utterance: &Utterance, end: usize) -> bool {
        let rest = utterance.words.get(end..).unwrap_or_default();
        rest.iter().all(|word| {
            word.idle || matches!(word.text.as_str(), "thanks" | "too" | "well" | "okay" | "also")
        })
    }

    /// The command with another value, where the words are nothing but a value of one of its slots.
    fn revised(&self, utterance: &Utterance, last: &Command, intent: usize) -> Option<Command> {
        if let Some(command) = self.set_instead(utterance, last) {
            return Some(command);
        }
        let slots = &self.intents.get(intent)?.slots;
        (0..slots.len()).find_map(|at| {
            self.with_value(utterance, last, intent, at)
                .or_else(|| self.with_value(&self.timed(utterance, last)?, last, intent, at))
        })
    }

    /// "No, five" after "turn the fan up" sets what was to be adjusted.
    fn set_instead(&self, utterance: &Utterance, last: &Command) -> Option<Command> {
        let (set, _, slot) = ADJUSTS.iter().find(|(_, adjust, _)| *adjust == last.intent)?;
        if utterance.words.iter().any(|word| word.text == "by") {
            return None;
        }
        let intent = self.intents.iter().position(|intent| intent.name == *set)?;
        let slots = &self.intents.get(intent)?.slots;
        let at = slots.iter().position(|known| known.name == *slot)?;
        let mut command = Command::new(set);
        command.slots.extend(last.slots.get("zone").map(|zone| ("zone".to_owned(), zone.clone())));
        self.with_value(utterance, &command, intent, at)
    }

    /// The command with the words as the value of one slot.
    fn with_value(
        &self,
        utterance: &Utterance,
        command: &Command,
        intent: usize,
        at: usize,
    ) -> Option<Command> {
        let slots = self.patterns.slots.get(intent)?;
        let slot = slots.get(at)?;
        if matches!(*slot.value, super::pattern::Node::Text(_)) {
            return None;
        }
        // "To the passenger's side, please": small words around a value say nothing.
        for from in 0..utterance.words.len().min(4) {
            let small = |word: &Word| {
                word.idle
                    || matches!(
                        word.text.as_str(),
                        "to" | "at"
                            | "on"
                            | "for"
                            | "in"
                            | "of"
                            | "about"
                            | "make"
                            | "it"
                            | "set"
                            | "yes"
                            | "okay"
                            | "level"
                            | "and"
                            | "by"
                            | "no"
                            | "well"
                            | "let"
                            | "us"
                            | "say"
                            | "maybe"
                            | "have"
                            | "get"
                            | "put"
                            | "turn"
                            | "that"
                            | "up"
                            | "down"
                    )
            };
            if !utterance.words.get(..from).unwrap_or_default().iter().all(small) {
                break;
            }
            let found = walk::matches(&slot.value, slots, &utterance.heard(), from, &|_| true);
            let full = found.into_iter().filter(|found| {
                let rest = utterance.words.get(found.end..).unwrap_or_default();
                rest.iter().all(|word| {
                    word.idle
                        || matches!(
                            word.text.as_str(),
                            "degrees"
                                | "degree"
                                | "percent"
                                | "thanks"
                                | "celsius"
                                | "fahrenheit"
                                | "one"
                                | "ones"
                                | "side"
                                | "seat"
                                | "then"
                                | "light"
                                | "lights"
                                | "mode"
                                | "window"
                                | "minutes"
                        )
                })
            });
            for found in full {
                for capture in found.captures {
                    if let Value::Known(value) = capture.value {
                        return Some(command.clone().with(&slot.name, value));
                    }
                }
            }
        }
        None
    }

    /// The words without the politeness in front: "could you please".
    fn without_lead(&self, utterance: &Utterance) -> Utterance {
        let mut words = utterance.words.clone();
        for _ in 0..MAX_LEADS {
            let lead = self.said(&self.utterance(words.clone()), Some(&[Kind::Lead]));
            let end = lead
                .iter()
                .map(|said| said.range.end)
                .filter(|end| *end < words.len())
                .max()
                .unwrap_or_default();
            if end == 0 {
                break;
            }
            words.drain(..end);
        }
        self.utterance(words)
    }

    /// The words behind "no", "I meant", "make it".
    fn after_correction(&self, utterance: &Utterance) -> Utterance {
        let lead = self.said(utterance, Some(&[Kind::Correction]));
        let end = lead
            .iter()
            .map(|said| said.range.end)
            .filter(|end| *end < utterance.words.len())
            .max()
            .unwrap_or_default();
        self.utterance(utterance.words.get(end..).unwrap_or_default().to_vec())
    }

    /// "Turn it up", "set it to 21" when nothing was spoken of: it could be several things.
    pub(super) fn bare(&self, utterance: &Utterance) -> Option<Reading> {
        let utterance = self.without_lead(utterance);
        let references = self.said(&utterance, Some(&[Kind::Reference]));
        let said = references
            .into_iter()
            .filter(|said| self.ends(&utterance, said.range.end))
            .find(|said| said.set.contains_key("direction") || self.is_value_reference(said))?;
        let (command, readings) = match said.set.get("direction") {
            Some(direction) if direction.text() == Some("same") => return None,
            Some(direction) => {
                (Command::new("volume.adjust").with("direction", direction.clone()), BARE_ADJUSTS)
            }
            None => {
                let intent =
                    self.intents.iter().position(|intent| intent.name == "climate.set_temperature")?;
                let command =
                    self.with_value(&utterance, &Command::new("climate.set_temperature"), intent, 0)?;
                (command, BARE_SETS)
            }
        };
        let readings = readings.iter().map(|&reading| reading.to_owned()).collect();
        let candidate =
            Candidate { command, confidence: GUESS, problem: Some(Problem::Ambiguous { readings }) };
        Some(Reading {
            interpretation: Interpretation { candidates: vec![candidate], left_over: None, later: false },
            cover: 1.0,
            from_context: false,
        })
    }

    fn is_value_reference(&self, said: &Said) -> bool {
        self.intents.get(said.intent).is_some_and(|intent| intent.name == "dialogue.value")
    }

    fn by_context(&self, command: Command) -> Reading {
        let known = self.intents.iter().find(|intent| intent.name == command.intent);
        let problem = known
            .and_then(|intent| intent.missing(&command.slots))
            .map(|slot| Problem::Missing { slot: slot.name.clone() });
        let candidate = Candidate { command, confidence: BY_CONTEXT, problem };
        Reading {
            interpretation: Interpretation { candidates: vec![candidate], left_over: None, later: false },
            cover: 1.0,
            from_context: true,
        }
    }
}
