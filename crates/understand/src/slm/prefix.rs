//! What the model is shown before every prompt.
//!
//! A trained adapter carries the shipped catalogue in its weights: it is told of added intents only, each
//! by a line `new intent slot=kind : sentence / sentence`. An untrained model is shown a few utterances
//! with their answers.

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

/// Sentences by which an added intent is declared.
const DECLARED_SENTENCES: usize = 3;

/// Longest declaration in words; its last sentences are left out.
const DECLARED_WORDS: usize = 40;

/// A line for every intent that is not shipped, and so in no adapter.
#[must_use]
pub fn declarations(catalogue: &Catalogue) -> String {
    let shipped = Catalogue::shipped();
    catalogue.added(&shipped).map(|intent| declaration(catalogue, intent)).collect()
}

fn declaration(catalogue: &Catalogue, intent: &Intent) -> String {
    let mut line = format!("new {}", intent.name);
    for slot in &intent.slots {
        let kind = match &slot.kind {
            SlotKind::Choice(choices) => {
                let values: Vec<&str> = choices.iter().map(|choice| choice.value.as_str()).collect();
                values.join("|")
            }
            SlotKind::Number(_) | SlotKind::Digits => "number".to_owned(),
            SlotKind::Text => "text".to_owned(),
        };
        line.extend([" ", &slot.name, "=", &kind]);
    }
    let mut mark = " : ";
    for utterance in sayings(catalogue, intent).map(|(utterance, _)| utterance).take(DECLARED_SENTENCES) {
        if line.split(' ').count() + utterance.split(' ').count() > DECLARED_WORDS {
            break;
        }
        line.extend([mark, &utterance]);
        mark = " / ";
    }
    line + END
}

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
    sayings(catalogue, intent).min_by_key(|(utterance, _)| utterance.split(' ').count().abs_diff(USUAL_WORDS))
}

/// Every sentence of the intent that says all it must, spoken in its plainest way, with its answer.
fn sayings<'a>(
    catalogue: &'a Catalogue,
    intent: &'a Intent,
) -> impl Iterator<Item = (String, String)> + use<'a> {
    intent.sentences.iter().filter(|group| !group.need).flat_map(move |group| {
        group.sentences.iter().filter_map(move |sentence| {
            let mut speaker = Speaker { catalogue, intent, slots: group.set.clone(), depth: 0 };
            let utterance = words(&speaker.say(&Phrase::parse(sentence).ok()?)?);
            let whole = intent.missing(&speaker.slots).is_none();
            let command = Command { intent: intent.name.clone(), slots: speaker.slots };
            let answer = write(catalogue, &[command]).ok()?;
            whole.then_some((utterance, answer))
        })
    })
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
