//! The language the model reads and writes.
//!
//! The prompt is the utterance in lower case, without punctuation, ended by a line break. In a
//! conversation a line stands before it: `after` with the last commands, `confirm` with the command that
//! waits for a yes, or `ask` with a slot and the command that waits for its value. The answer is `none`,
//! `later` for an order that is to wait for something, or commands joined by ` ; `, ended by a line break.
//! A command is `intent slot=value slot=value` with the slots in the catalogue's order and absent slots
//! left out:
//! ```text
//! make it 21 degrees and play hello by adele
//! climate.set_temperature temperature=21 ; media.play query=hello by adele
//! ```
//! Numbers are plain (`21`, `21.5`), choices canonical, and text has the words of the prompt. The adapter
//! is trained on exactly this, so a change here needs a new adapter.

use std::collections::BTreeMap;

use carvoice_core::catalogue::{Catalogue, Intent, SlotKind};
use carvoice_core::command::{Command, SlotValue};
use carvoice_core::engine::Context;

/// The answer when nothing is asked of the car.
pub const NONE: &str = "none";

/// The answer to an order that is to wait for something.
pub const LATER: &str = "later";

/// Between two commands.
pub const SEPARATOR: &str = " ; ";

/// Ends the prompt and the answer.
pub const END: &str = "\n";

/// Most commands in one answer.
pub const MOST_COMMANDS: usize = 4;

/// What an answer means.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The utterance asks nothing of the car: [`NONE`].
    Nothing,
    /// It orders something, but not now: [`LATER`].
    Later,
    /// It orders these, at least one.
    Commands(Vec<Command>),
}

/// What the model is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prompt {
    /// The line about the conversation with its line break, or nothing.
    context: String,
    words: String,
    /// Free text of the commands in the context, which an answer may repeat.
    texts: Vec<String>,
    numbers: Numbers,
}

/// Numbers that an answer may have, by intent and slot.
pub type Numbers = BTreeMap<String, BTreeMap<String, Vec<f64>>>;

impl Prompt {
    /// The prompt for the utterance `text` in a conversation.
    #[must_use]
    pub fn new(catalogue: &Catalogue, text: &str, context: &Context) -> Self {
        let (lead, commands) = match (&context.pending, context.recent.last()) {
            (Some(pending), _) => match &pending.slot {
                Some(slot) => (format!("ask {slot} "), &pending.command),
                None => ("confirm ".to_owned(), &pending.command),
            },
            (None, Some(last)) => ("after ".to_owned(), last),
            (None, None) => return Self::alone(text),
        };
        let Ok(line) = write(catalogue, std::slice::from_ref(commands)) else { return Self::alone(text) };
        let intent = catalogue.intent(&commands.intent);
        let texts = commands.slots.iter().filter_map(|(name, value)| {
            let kind = &intent?.slot(name)?.kind;
            matches!(kind, SlotKind::Text | SlotKind::Digits).then(|| self::words(&value.to_string()))
        });
        Self { context: lead + &line, words: words(text), texts: texts.collect(), ..Self::default() }
    }

    /// The prompt for an utterance without a conversation before it.
    #[must_use]
    pub fn alone(text: &str) -> Self {
        Self { words: words(text), ..Self::default() }
    }

    /// The same prompt with these numbers for an answer; without, an answer has none.
    #[must_use]
    pub fn with_numbers(self, numbers: Numbers) -> Self {
        Self { numbers, ..self }
    }

    /// Whether something came before that the utterance may refer to.
    #[must_use]
    pub fn has_context(&self) -> bool {
        !self.context.is_empty()
    }

    /// What the model reads.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}{}{END}", self.context, self.words)
    }

    /// The numbers that may stand in a slot.
    #[must_use]
    pub fn numbers(&self, intent: &str, slot: &str) -> &[f64] {
        self.numbers.get(intent).and_then(|slots| slots.get(slot)).map_or(&[], Vec::as_slice)
    }

    /// The texts from which free values of the answer are taken, the utterance first.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.words.as_str()).chain(self.texts.iter().map(String::as_str))
    }
}

/// An answer that is not in the language of this catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotInLanguage(String);

/// The words of an utterance as the model sees them: lower case, without sentence punctuation, joined by
/// single blanks. A point or comma between digits is part of the number. Control characters count as
/// blanks.
#[must_use]
pub fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().flat_map(char::to_lowercase).peekable();
    while let Some(c) = rest.next() {
        let in_number = before.is_ascii_digit() && rest.peek().is_some_and(char::is_ascii_digit);
        before = c;
        match c {
            '.' if !in_number => {}
            '’' | '‘' => words.push('\''),
            c if c.is_whitespace()
                || c.is_control()
                || matches!(c, '!' | '?')
                || (c == ',' && !in_number) =>
            {
                if !words.is_empty() && !words.ends_with(' ') {
                    words.push(' ');
                }
            }
            c => words.push(c),
        }
    }
    words.truncate(words.trim_end().len());
    words
}

/// A text of an answer as the utterance `text` has it: with its capitals and its punctuation within. The
/// text of the answer where it is not found, because it came from the conversation.
#[must_use]
pub fn as_spoken(text: &str, value: &str) -> String {
    let said: Vec<&str> = text.split_whitespace().collect();
    let plain: Vec<String> = said.iter().map(|word| words(word)).collect();
    let wanted: Vec<&str> = value.split(' ').collect();
    let Some((last, head)) = wanted.split_last() else { return value.to_owned() };
    let found = plain.windows(wanted.len()).position(|window| {
        // The last word may have shed an ending: "mum's" is about "mum".
        window.iter().zip(head).all(|(said, wanted)| said == wanted)
            && window.last().is_some_and(|said| said.starts_with(last))
    });
    let Some(found) = found else { return value.to_owned() };
    let spoken = said.get(found..found + wanted.len()).unwrap_or_default().join(" ");
    let spoken = spoken.trim_matches(|c: char| !c.is_alphanumeric());
    let shed = plain.get(found + head.len()).map_or(0, |said| said.len() - last.len());
    spoken.get(..spoken.len().saturating_sub(shed)).unwrap_or(spoken).to_owned()
}

/// The answer that means `commands`.
///
/// # Errors
/// When a command or slot is not in the catalogue, a value is illegal, or there are none or more than
/// [`MOST_COMMANDS`].
pub fn write(catalogue: &Catalogue, commands: &[Command]) -> Result<String, NotInLanguage> {
    if !(1..=MOST_COMMANDS).contains(&commands.len()) {
        return Err(NotInLanguage(format!("{} commands, not 1 to {MOST_COMMANDS}", commands.len())));
    }
    let written = commands.iter().map(|command| write_command(catalogue, command));
    Ok(written.collect::<Result<Vec<_>, _>>()?.join(SEPARATOR) + END)
}

fn write_command(catalogue: &Catalogue, command: &Command) -> Result<String, NotInLanguage> {
    let intent = known(catalogue, &command.intent)?;
    if let Some(odd) = command.slots.keys().find(|name| intent.slot(name).is_none()) {
        return Err(NotInLanguage(format!("{} has no slot {odd}", intent.name)));
    }
    let mut out = intent.name.clone();
    for slot in &intent.slots {
        let Some(value) = command.slots.get(&slot.name) else { continue };
        let value = match (&slot.kind, value) {
            (SlotKind::Text, SlotValue::Text(text)) => words(text),
            (_, value) => value.to_string(),
        };
        read_value(&slot.kind, &value).ok_or_else(|| illegal(&slot.name, &value))?;
        out.extend([" ", &slot.name, "=", &value]);
    }
    Ok(out)
}

/// What an answer means.
///
/// # Errors
/// When it is neither [`NONE`] nor [`LATER`] nor what [`write`] gives for this catalogue.
pub fn read(catalogue: &Catalogue, answer: &str) -> Result<Answer, NotInLanguage> {
    let answer = answer.strip_suffix(END).ok_or_else(|| NotInLanguage("no line break at the end".into()))?;
    match answer {
        NONE => return Ok(Answer::Nothing),
        LATER => return Ok(Answer::Later),
        _ => {}
    }
    let commands: Vec<Command> =
        answer.split(SEPARATOR).map(|command| read_command(catalogue, command)).collect::<Result<_, _>>()?;
    match commands.len() {
        1..=MOST_COMMANDS => Ok(Answer::Commands(commands)),
        number => Err(NotInLanguage(format!("{number} commands, at most {MOST_COMMANDS}"))),
    }
}

fn read_command(catalogue: &Catalogue, text: &str) -> Result<Command, NotInLanguage> {
    let mut words = text.split(' ');
    let intent = known(catalogue, words.next().unwrap_or_default())?;
    let mut slots: Vec<(usize, String)> = Vec::new();
    for word in words {
        match (word.split_once('='), slots.last_mut()) {
            (Some((name, value)), last) => {
                let place = intent.slots.iter().position(|slot| slot.name == name);
                let place =
                    place.ok_or_else(|| NotInLanguage(format!("{} has no slot {name}", intent.name)))?;
                if last.is_some_and(|last| last.0 >= place) {
                    return Err(NotInLanguage(format!("slot {name} is out of order")));
                }
                slots.push((place, value.to_owned()));
            }
            (None, Some((_, value))) => value.extend([" ", word]),
            (None, None) => return Err(NotInLanguage(format!("{word} belongs to no slot"))),
        }
    }
    slots.into_iter().try_fold(Command::new(&intent.name), |command, (place, text)| {
        let slot = &intent.slots[place];
        let value = read_value(&slot.kind, &text).ok_or_else(|| illegal(&slot.name, &text))?;
        Ok(command.with(&slot.name, value))
    })
}

fn read_value(kind: &SlotKind, text: &str) -> Option<SlotValue> {
    match kind {
        SlotKind::Choice(choices) => choices.iter().any(|choice| choice.value == text).then(|| text.into()),
        SlotKind::Number(kind) => {
            let value = text.parse().ok().filter(|value| kind.allows(*value))?;
            Some(SlotValue::Number(value))
        }
        SlotKind::Text => (is_speakable(text) && text == words(text)).then(|| text.into()),
        SlotKind::Digits => is_digits(text).then(|| text.into()),
    }
}

/// Whether a word or words can stand in an answer without being taken for its signs.
#[must_use]
pub(super) fn is_speakable(text: &str) -> bool {
    !text.is_empty() && !text.contains(['=', ';'])
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn known<'a>(catalogue: &'a Catalogue, name: &str) -> Result<&'a Intent, NotInLanguage> {
    catalogue.intent(name).ok_or_else(|| NotInLanguage(format!("{name:?} is no intent of the catalogue")))
}

fn illegal(slot: &str, value: &str) -> NotInLanguage {
    NotInLanguage(format!("{slot} cannot be {value:?}"))
}
