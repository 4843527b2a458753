//! What an untrained model is shown before every prompt: a few utterances with their answers.
//!
//! A trained adapter carries the catalogue in its weights and needs none of this.

use std::collections::HashSet;

use carvoice_core::catalogue::{Catalogue, Intent, Phrase, Slot, SlotKind};
use carvoice_core::command::{Command, SlotValue, Slots};

use super::language::{END, NONE, words, write};

/// Talk that asks nothing of the car, shown between the commands so that `none` is never far back. Half of it
/// sounds like an order, because that is what tells the two apart.
const TALK: [&str; 18] = [
    "what is the best way to clean a carpet",
    "what will the weather be like tomorrow",
    "give me a list of good books",
    "who won the match last night",
    "how do i bake bread",
    "i told her that we would be late",
    "can you give me some advice about money",
    "thank you for watching",
    "how long do i have to wait for my refund",
    "how tall is the eiffel tower",
    "get me a picture of a cat",
    "the children were so tired yesterday",
    "what should i do about my tax return",
    "tell me a joke",
    "she said we could go home on friday",
    "because he never listens to me",
    "where can i study law",
    "give me some information on whales",
];

/// Words for free text, by slot name.
const WORDS: [(&str, &str); 5] = [
    ("query", "yesterday by the beatles"),
    ("destination", "the main station"),
    ("category", "bakery"),
    ("contact", "sarah"),
    ("text", "buy milk"),
];

/// Words of a usual command.
const USUAL_WORDS: usize = 5;

/// Rules nest at most this deep; deeper ones are left out.
const DEEPEST: usize = 12;

/// One or two commands of every domain, said in their plainest way, with talk between them.
#[must_use]
pub fn examples(catalogue: &Catalogue) -> String {
    let mut seen = HashSet::new();
    let mut commands = Vec::new();
    for intent in catalogue.intents() {
        let free = intent.slots.iter().any(|slot| matches!(slot.kind, SlotKind::Text));
        if !seen.contains(&(intent.domain(), free)) {
            commands.extend(plainest(catalogue, intent));
            seen.extend(commands.last().map(|_| (intent.domain(), free)));
        }
    }
    let mut text = String::new();
    let mut told = 0;
    // Talk comes last: what was shown last is what an untrained model likes to repeat.
    for (index, (utterance, answer)) in commands.iter().enumerate() {
        text.extend([utterance, END, answer]);
        let due = (index + 1) * TALK.len() / commands.len();
        text.extend(TALK[told..due].iter().flat_map(|talk| [talk, END, NONE, END]));
        told = due;
    }
    text
}

/// The utterance of the most usual length among the intent's sentences, and its answer.
fn plainest(catalogue: &Catalogue, intent: &Intent) -> Option<(String, String)> {
    let said = intent.sentences.iter().filter(|group| !group.need).flat_map(|group| {
        group.sentences.iter().filter_map(|sentence| {
            let mut speaker = Speaker { catalogue, intent, slots: group.set.clone(), depth: 0 };
            let utterance = words(&speaker.say(&Phrase::parse(sentence).ok()?)?);
            let whole = intent.missing(&speaker.slots).is_none();
            let command = Command { intent: intent.name.clone(), slots: speaker.slots };
            let answer = write(catalogue, &[command]).ok()?;
            whole.then_some((utterance, answer))
        })
    });
    said.min_by_key(|(utterance, _)| utterance.split(' ').count().abs_diff(USUAL_WORDS))
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
                let said = match rule {
                    Some(rule) => self.parse(self.catalogue.rules().get(rule)?)?,
                    None => WORDS.iter().find(|(name, _)| *name == slot.name)?.1.to_owned(),
                };
                Some((said.as_str().into(), said))
            }
            SlotKind::Digits => None,
        }
    }
}
