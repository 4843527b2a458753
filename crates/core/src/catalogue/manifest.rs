//! From manifests as written to a catalogue that is valid throughout.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::Spanned;

use super::phrase::Phrase;
use super::rules::{Rule, mentioned};
use super::{
    Call, Catalogue, Intent, ManifestError, Replies, Risk, SentenceGroup, Slot, SlotKind, raw, restore,
    slots, suggest,
};
use crate::command::{Command, SlotValue, Slots};

/// The manifests that are part of the program, rules first.
pub(super) const SHIPPED: &[(&str, &str)] = &[
    ("common.toml", include_str!("../../skills/common.toml")),
    ("climate.toml", include_str!("../../skills/climate.toml")),
    ("seat.toml", include_str!("../../skills/seat.toml")),
    ("steering_wheel.toml", include_str!("../../skills/steering_wheel.toml")),
    ("window.toml", include_str!("../../skills/window.toml")),
    ("sunroof.toml", include_str!("../../skills/sunroof.toml")),
    ("shade.toml", include_str!("../../skills/shade.toml")),
    ("door.toml", include_str!("../../skills/door.toml")),
    ("trunk.toml", include_str!("../../skills/trunk.toml")),
    ("mirror.toml", include_str!("../../skills/mirror.toml")),
    ("light.toml", include_str!("../../skills/light.toml")),
    ("wiper.toml", include_str!("../../skills/wiper.toml")),
    ("volume.toml", include_str!("../../skills/volume.toml")),
    ("media.toml", include_str!("../../skills/media.toml")),
    ("navigation.toml", include_str!("../../skills/navigation.toml")),
    ("phone.toml", include_str!("../../skills/phone.toml")),
    ("message.toml", include_str!("../../skills/message.toml")),
    ("vehicle.toml", include_str!("../../skills/vehicle.toml")),
    ("drive_mode.toml", include_str!("../../skills/drive_mode.toml")),
    ("time.toml", include_str!("../../skills/time.toml")),
    ("timer.toml", include_str!("../../skills/timer.toml")),
    ("reminder.toml", include_str!("../../skills/reminder.toml")),
    ("place.toml", include_str!("../../skills/place.toml")),
    ("assistant.toml", include_str!("../../skills/assistant.toml")),
];

/// The manifest format this program reads.
const VERSION: i64 = 1;
pub(super) fn parse(files: &[(&str, &str)]) -> Result<Catalogue, Vec<ManifestError>> {
    let mut reader = Reader::default();
    let manifests: Vec<_> = files
        .iter()
        .filter_map(|&(file, text)| Some((File { name: file, text }, reader.raw(file, text)?)))
        .collect();
    for (file, manifest) in &manifests {
        reader.rules(file, manifest);
    }
    reader.check_rules();
    let mut intents = Vec::new();
    for (file, manifest) in &manifests {
        for intent in &manifest.intent {
            let name = intent.name.get_ref();
            if intents.iter().any(|known: &Intent| known.name == *name) {
                reader.report(file, intent.name.span(), format!("the intent `{name}` is defined twice"));
            } else {
                intents.push(reader.intent(file, manifest.domain.get_ref(), intent));
            }
        }
    }
    for (file, manifest) in &manifests {
        for command in manifest.intent.iter().flat_map(|intent| &intent.also).flat_map(|also| &also.and) {
            reader.companion(file, command, &intents);
        }
        for (name, restore) in manifest.intent.iter().flat_map(raw::Intent::restores) {
            if let Err(message) = restore::check(&restore.get_ref().resolved(name), name, &intents) {
                reader.report(file, restore.span(), message);
            }
        }
    }
    for (file, manifest) in &manifests {
        manifest.bind.iter().for_each(|bind| reader.bind(file, bind, &mut intents));
    }
    if reader.errors.is_empty() {
        let rules = reader.rules.into_iter().map(|(name, rule)| (name, rule.text)).collect();
        Ok(Catalogue { intents, rules })
    } else {
        let order = |error: &ManifestError| files.iter().position(|(file, _)| *file == error.file);
        reader.errors.sort_by_key(|error| (order(error), error.line, error.column));
        Err(reader.errors)
    }
}

pub(super) struct File<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

#[derive(Default)]
pub(super) struct Reader {
    pub(super) rules: BTreeMap<String, Rule>,
    pub(super) errors: Vec<ManifestError>,
}

impl Reader {
    pub(super) fn report(&mut self, file: &File<'_>, span: Range<usize>, message: impl Into<String>) {
        let (line, column) = position(file.text, span.start);
        self.errors.push(ManifestError { file: file.name.to_owned(), line, column, message: message.into() });
    }

    fn raw(&mut self, name: &str, text: &str) -> Option<raw::Manifest> {
        let file = File { name, text };
        match toml::from_str::<raw::Manifest>(text) {
            Ok(manifest) => {
                if *manifest.version.get_ref() != VERSION {
                    let message = format!(
                        "version {} is not known; this program reads version {VERSION}",
                        manifest.version.get_ref()
                    );
                    self.report(&file, manifest.version.span(), message);
                }
                Some(manifest)
            }
            Err(error) => {
                self.report(&file, error.span().unwrap_or(0..0), with_hint(error.message()));
                None
            }
        }
    }

    fn intent(&mut self, file: &File<'_>, domain: &str, intent: &raw::Intent) -> Intent {
        let name = intent.name.get_ref();
        match name.split_once('.') {
            Some((left, action)) if left == domain && is_snake(action) => {}
            _ => {
                let message = format!("`{name}` must be `{domain}.` and an action in snake_case");
                self.report(file, intent.name.span(), message);
            }
        }
        let slots: Vec<Slot> = intent.slots.iter().filter_map(|slot| self.slot(file, slot)).collect();
        for slot in &intent.needs_one {
            self.known_slot(file, &slots, slot);
        }
        let risk = self.risk(file, &intent.risk);
        let call = intent.call.as_ref().map(|call| self.call(file, domain, call, &slots));
        let instead = self.instead(file, domain, &intent.instead, &slots, call.as_ref());
        let undo = intent.restores().map(|(name, restore)| restore.get_ref().resolved(name)).collect();
        let reply = self.replies(file, &intent.reply, &slots, call.as_ref());
        let mut sentences = vec![SentenceGroup {
            set: Slots::new(),
            need: false,
            implied: false,
            and: Vec::new(),
            sentences: self.sentences(file, &intent.sentences, &slots),
        }];
        for also in &intent.also {
            let mut set = Slots::new();
            for (slot, value) in &also.set {
                self.check_value(file, &slots, slot, value);
                set.insert(slot.clone(), value.get_ref().clone());
            }
            let lines = self.sentences(file, &also.sentences, &slots);
            let and = also.and.iter().map(|command| command.get_ref().clone()).collect();
            sentences.push(SentenceGroup {
                set,
                need: also.need,
                implied: also.implied,
                and,
                sentences: lines,
            });
        }
        sentences.retain(|group| !group.sentences.is_empty());
        if sentences.is_empty() {
            self.report(
                file,
                intent.name.span(),
                format!("`{name}` has no sentences; nobody could ask for it"),
            );
        }
        let needs_one = intent.needs_one.iter().map(|slot| slot.get_ref().clone()).collect();
        Intent { name: name.clone(), slots, risk, call, instead, undo, reply, needs_one, sentences }
    }

    fn known_slot(&mut self, file: &File<'_>, slots: &[Slot], name: &Spanned<String>) {
        if let Err(message) = slots::find(slots, name.get_ref()) {
            self.report(file, name.span(), message);
        }
    }

    fn risk(&mut self, file: &File<'_>, words: &[Spanned<String>]) -> Risk {
        let mut risk = Risk::default();
        for word in words {
            match word.get_ref().as_str() {
                "confirm" => risk.confirm = true,
                "parked_only" => risk.parked_only = true,
                other => {
                    let hint = suggest::hint(other, ["confirm", "parked_only"]);
                    self.report(file, word.span(), format!("unknown risk `{other}`{hint}"));
                }
            }
        }
        risk
    }

    fn slot(&mut self, file: &File<'_>, slot: &Spanned<raw::Slot>) -> Option<Slot> {
        let raw = slot.get_ref();
        let kind = slots::kind(raw);
        if let Ok(SlotKind::Choice(choices)) = &kind {
            for spoken in choices.iter().flat_map(|choice| &choice.spoken) {
                if let Err(message) = Phrase::parse(spoken) {
                    self.report(file, slot.span(), format!("`{spoken}`: {message}"));
                }
            }
        }
        match kind {
            Ok(kind) => Some(Slot { name: raw.name.get_ref().clone(), required: raw.required, kind }),
            Err(message) => {
                self.report(file, raw.kind.span(), format!("slot `{}`: {message}", raw.name.get_ref()));
                None
            }
        }
    }

    fn replies(&mut self, file: &File<'_>, raw: &raw::Reply, slots: &[Slot], call: Option<&Call>) -> Replies {
        // Without a call the assistant itself answers, with a value of this name.
        let returned =
            call.map_or(Some("result"), |call| call.returns.as_ref().map(|(name, _)| name.as_str()));
        let mut known: Vec<&str> = slots.iter().map(|slot| slot.name.as_str()).collect();
        known.extend(returned);
        let mut replies = Replies::default();
        let check = |reader: &mut Self, text: &str, span: Range<usize>| {
            for place in places(text) {
                if !known.contains(&place) {
                    let hint = suggest::hint(place, known.iter().copied());
                    reader.report(file, span.clone(), format!("unknown slot `{place}` in a reply{hint}"));
                }
            }
        };
        if let Some(done) = &raw.done {
            let lines = match done.get_ref() {
                raw::OneOrMore::One(line) => vec![line.clone()],
                raw::OneOrMore::More(lines) => lines.clone(),
            };
            lines.iter().for_each(|line| check(self, line, done.span()));
            replies.done = lines;
        }
        if let Some(question) = &raw.confirm {
            check(self, question.get_ref(), question.span());
            replies.confirm = Some(question.get_ref().clone());
        }
        for (slot, question) in &raw.ask {
            if let Err(message) = slots::find(slots, slot) {
                self.report(file, question.span(), message);
            }
            check(self, question.get_ref(), question.span());
            replies.ask.insert(slot.clone(), question.get_ref().clone());
        }
        replies
    }

    fn check_value(&mut self, file: &File<'_>, slots: &[Slot], name: &str, value: &Spanned<SlotValue>) {
        if let Err(message) = slots::check_value(slots, name, value.get_ref()) {
            self.report(file, value.span(), message);
        }
    }

    /// A command that a sentence asks for besides its own.
    fn companion(&mut self, file: &File<'_>, command: &Spanned<Command>, intents: &[Intent]) {
        let name = &command.get_ref().intent;
        let Some(intent) = intents.iter().find(|intent| intent.name == *name) else {
            let hint = suggest::hint(name, intents.iter().map(|intent| intent.name.as_str()));
            return self.report(file, command.span(), format!("unknown intent `{name}`{hint}"));
        };
        for (slot, value) in &command.get_ref().slots {
            if let Err(message) = slots::check_value(&intent.slots, slot, value) {
                self.report(file, command.span(), message);
            }
        }
    }

    fn sentences(&mut self, file: &File<'_>, lines: &[Spanned<String>], slots: &[Slot]) -> Vec<String> {
        for line in lines {
            if let Err(message) = self.check_sentence(line.get_ref(), slots) {
                self.report(file, line.span(), format!("`{}`: {message}", line.get_ref()));
            }
        }
        lines.iter().map(|line| line.get_ref().clone()).collect()
    }

    fn check_sentence(&self, text: &str, slots: &[Slot]) -> Result<(), String> {
        let phrase = Phrase::parse(text)?;
        let mut used = Vec::new();
        let mut open = vec![&phrase];
        let mut seen = BTreeSet::new();
        while let Some(part) = open.pop() {
            let mut rules = mentioned(part);
            part.visit(&mut |part| {
                if let Phrase::Slot { name, .. } = part {
                    used.push(name.as_str());
                }
            });
            rules.retain(|rule| seen.insert(*rule));
            for rule in rules {
                let known = self.rules.get(rule);
                open.push(
                    &known.ok_or_else(|| format!("unknown rule `{rule}`{}", self.rule_hint(rule)))?.phrase,
                );
            }
        }
        for slot in used {
            slots::find(slots, slot)?;
        }
        let rules = |name: &str| self.rules.get(name).map(|rule| &rule.phrase);
        if phrase.can_be_empty(&rules) {
            Err("an empty sentence; nothing need be said".to_owned())
        } else {
            Ok(())
        }
    }
}

/// Names between braces.
fn places(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name)
}

fn is_snake(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Line and column of a byte offset, from 1.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// Adds a suggestion to the parser's "unknown field `x`, expected one of `a`, `b`".
fn with_hint(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let hint = match quoted.next() {
        Some(typed) if message.starts_with("unknown field") => suggest::hint(typed, quoted),
        _ => String::new(),
    };
    format!("{}{hint}", message.trim_end())
}
