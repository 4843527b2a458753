//! What an untrained model is shown before every prompt: a few utterances with their answers.
//!
//! A trained adapter carries the catalogue in its weights and needs none of this.

use std::collections::HashSet;

use carvoice_core::catalogue::{Catalogue, Intent, Phrase, Slot, SlotKind};
use carvoice_core::command::{Command, SlotValue, Slots};

use super::language::{END, NONE, words, write};

/// Talk that asks nothing of the car, shown between the commands so that `none` is never far back.
const TALK: [&str; 8] = [
    "what will the weather be like tomorrow",
    "who won the match last night",
    "i told her that we would be late",
    "thank you for watching",
    "how tall is the eiffel tower",
    "the children were so tired yesterday",
    "tell me a joke",
    "because he never listens to me",
];

/// Rules nest at most this deep; deeper ones are left out.
const DEEPEST: usize = 12;

/// One command of every domain, said in its plainest way, with talk between them.
#[must_use]
pub fn examples(catalogue: &Catalogue) -> String {
    let mut seen = HashSet::new();
    let mut talk = TALK.iter().cycle();
    let mut text = String::new();
    for intent in catalogue.intents() {
        if seen.contains(intent.domain()) {
            continue;
        }
        let Some((utterance, command)) = plainest(catalogue, intent) else { continue };
        let Ok(answer) = write(catalogue, &[command]) else { continue };
        if seen.len() % 2 == 0 {
            text.extend(talk.next().into_iter().flat_map(|talk| [talk, END, NONE, END]));
        }
        seen.insert(intent.domain());
        text.extend([&utterance, END, &answer]);
    }
    text
}

/// The shortest utterance of the intent's sentences that can be said without free text, and its command.
fn plainest(catalogue: &Catalogue, intent: &Intent) -> Option<(String, Command)> {
    let said = intent.sentences.iter().filter(|group| !group.need).flat_map(|group| {
        group.sentences.iter().filter_map(|sentence| {
            let mut speaker = Speaker { catalogue, intent, slots: group.set.clone(), depth: 0 };
            let utterance = words(&speaker.say(&Phrase::parse(sentence).ok()?)?);
            let whole = intent.missing(&speaker.slots).is_none() && utterance.contains(' ');
            whole.then(|| (utterance, Command { intent: intent.name.clone(), slots: speaker.slots }))
        })
    });
    said.min_by_key(|(utterance, _)| utterance.len())
}

/// Says sentences: the first of every choice, nothing optional.
struct Speaker<'a> {
    catalogue: &'a Catalogue,
    intent: &'a Intent,
    /// What the words so far fix.
    slots: Slots,
    depth: usize,
}

impl Speaker<'_> {
    fn say(&mut self, phrase: &Phrase) -> Option<String> {
        match phrase {
            Phrase::Word(word) => Some(word.clone()),
            Phrase::Optional(_) => Some(String::new()),
            Phrase::Choice(options) => self.say(options.first()?),
            Phrase::Sequence(parts) => {
                let parts: Option<Vec<String>> = parts.iter().map(|part| self.say(part)).collect();
                Some(parts?.join(" "))
            }
            Phrase::Rule(name) => self.parse(self.catalogue.rules().get(name)?),
            Phrase::Slot { name, rule, .. } => {
                let slot = self.intent.slot(name)?;
                let (value, said) = self.value(slot, rule.as_deref())?;
                self.slots.insert(name.clone(), value);
                Some(said)
            }
        }
    }

    fn parse(&mut self, sentence: &str) -> Option<String> {
        if self.depth == DEEPEST {
            return None;
        }
        self.depth += 1;
        let said = self.say(&Phrase::parse(sentence).ok()?);
        self.depth -= 1;
        said
    }

    fn value(&mut self, slot: &Slot, rule: Option<&str>) -> Option<(SlotValue, String)> {
        match &slot.kind {
            SlotKind::Choice(choices) => {
                let choice = choices.first()?;
                Some((choice.value.as_str().into(), self.parse(choice.spoken.first()?)?))
            }
            SlotKind::Number(kind) => {
                let middle = kind.min + ((kind.max - kind.min) / kind.step / 2.0).floor() * kind.step;
                Some((middle.into(), middle.to_string()))
            }
            SlotKind::Text => {
                let said = self.parse(self.catalogue.rules().get(rule?)?)?;
                Some((said.as_str().into(), said))
            }
            SlotKind::Digits => None,
        }
    }
}
