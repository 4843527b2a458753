//! Matching one compiled sentence against the words from one place on.

use std::ops::Range;
use std::sync::Arc;

use carvoice_core::catalogue::Unit;
use carvoice_core::command::SlotValue;

use super::numbers;
use super::pattern::{A_NUMBER, Node, SlotInfo, WordId};
use super::units;
use super::words::{Pause, Word};

/// Steps after which a sentence is given up: a guard against phrases with very many readings.
const MAX_STEPS: usize = 20_000;
/// Longest free text, in words: of a person's name, of most slots, and of a message.
const MAX_PERSON: usize = 6;
const MAX_TEXT: usize = 14;
const MAX_SPEECH: usize = 80;
/// Longest value that no slot knows, in words.
const MAX_WILD: usize = 3;

/// The utterance as the matcher sees it.
pub(super) struct Heard<'a> {
    pub(super) words: &'a [Word],
    pub(super) ids: &'a [WordId],
}

/// What was heard for one slot.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Capture {
    pub(super) slot: usize,
    /// Words it was said with.
    pub(super) said: Range<usize>,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// A legal value.
    Known(SlotValue),
    /// Words of the transcript.
    Text,
    /// Words of the transcript that a rule lists.
    Listed,
    /// A number that the slot does not allow.
    Illegal,
    /// Words that are no value of the slot.
    Wild,
}

/// A way to read the words up to `end`.
#[derive(Clone, Debug)]
pub(super) struct Match {
    pub(super) end: usize,
    pub(super) captures: Vec<Capture>,
    /// How far the words stretch the sentence: 0 is word for word.
    pub(super) cost: f64,
}

/// What is left to match, from the inside out.
struct Rest<'n, 'r> {
    nodes: &'n [Arc<Node>],
    next: Option<&'r Rest<'n, 'r>>,
    /// Ends a [`Node::Span`]: its slot and where it began.
    closes: Option<(usize, usize)>,
}

struct Walk<'h> {
    heard: &'h Heard<'h>,
    plausible: &'h dyn Fn(&[Capture]) -> bool,
    slots: &'h [SlotInfo],
    captures: Vec<Capture>,
    found: Vec<Match>,
    steps: usize,
    start: usize,
}

/// Every way in which `node` matches from the word `start` on, as far as its captures are `plausible`.
pub(super) fn matches(
    node: &Node,
    slots: &[SlotInfo],
    heard: &Heard<'_>,
    start: usize,
    plausible: &dyn Fn(&[Capture]) -> bool,
) -> Vec<Match> {
    let mut walk = Walk { heard, plausible, slots, captures: Vec::new(), found: Vec::new(), steps: 0, start };
    walk.node(node, start, None);
    walk.found
}

impl Walk<'_> {
    fn node<'n>(&mut self, node: &'n Node, at: usize, rest: Option<&Rest<'n, '_>>) {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return;
        }
        match node {
            Node::Empty => self.rest(at, rest),
            Node::Word(word) => {
                let at = self.skip_idle(at, *word);
                if self.heard.ids.get(at) == Some(word) {
                    self.rest(at + 1, rest);
                }
            }
            Node::Sequence(parts) => self.rest(at, Some(&Rest { nodes: parts, next: rest, closes: None })),
            Node::Choice(parts) => parts.iter().for_each(|part| self.node(part, at, rest)),
            Node::Optional(part) => {
                self.node(part, at, rest);
                self.rest(at, rest);
            }
            Node::Value(slot, value) => {
                self.capture(*slot, at.saturating_sub(1)..at, Value::Known(value.clone()), at, rest)
            }
            Node::Number(slot) => self.number(*slot, at, rest),
            Node::Digits(slot) => {
                let at = self.skip_idle(at, A_NUMBER);
                if let Some((digits, end)) = numbers::digits(self.heard.words, at) {
                    self.capture(*slot, at..end, Value::Known(SlotValue::Text(digits)), end, rest);
                }
            }
            Node::Text(slot) => {
                for end in at + 1..=self.heard.words.len().min(at + self.max_words(*slot)) {
                    self.capture(*slot, at..end, Value::Text, end, rest);
                }
            }
            Node::Wild(slot) => {
                let at = self.skip_idle(at, A_NUMBER);
                for end in at + 1..=self.heard.words.len().min(at + MAX_WILD) {
                    self.capture(*slot, at..end, Value::Wild, end, rest);
                }
            }
            Node::Span(slot, inner) => {
                let begin = self.skip_idle(at, A_NUMBER);
                let close = Rest { nodes: &[], next: rest, closes: Some((*slot, begin)) };
                self.node(inner, begin, Some(&close));
            }
        }
    }

    fn rest<'n>(&mut self, at: usize, rest: Option<&Rest<'n, '_>>) {
        match rest {
            None => self.accept(at),
            Some(Rest { closes: Some((slot, begin)), next, .. }) => {
                self.capture(*slot, *begin..at, Value::Listed, at, *next)
            }
            Some(Rest { nodes: [], next, .. }) => self.rest(at, *next),
            Some(Rest { nodes: [node, nodes @ ..], next, .. }) => {
                self.node(node, at, Some(&Rest { nodes, next: *next, closes: None }));
            }
        }
    }

    fn number<'n>(&mut self, slot: usize, at: usize, rest: Option<&Rest<'n, '_>>) {
        let words = self.heard.words;
        let at = self.skip_idle(at, A_NUMBER);
        if numbers::is_pronoun(words, at) {
            return;
        }
        let Some(kind) = self.slots.get(slot).and_then(|slot| slot.number.as_ref()) else { return };
        let found = match kind.unit {
            Unit::Seconds => numbers::duration(words, at),
            Unit::Frequency => numbers::frequency(words, at),
            Unit::Ordinal => numbers::ordinal(words, at),
            _ => numbers::number(words, at),
        };
        let Some((number, end)) = found else { return };
        let (value, after) = units::value(number, kind, words, end);
        let value = value.map_or(Value::Illegal, |value| Value::Known(SlotValue::Number(value)));
        if after > end {
            self.capture(slot, at..after, value.clone(), after, rest);
        }
        // Sentences may spell the unit out themselves.
        self.capture(slot, at..end, value, end, rest);
    }

    fn capture<'n>(
        &mut self,
        slot: usize,
        said: Range<usize>,
        value: Value,
        at: usize,
        rest: Option<&Rest<'n, '_>>,
    ) {
        if let Some(known) = self.captures.iter().find(|known| known.slot == slot) {
            // Said twice, the same both times: "the driver's side for the driver".
            if known.value == value && matches!(value, Value::Known(_)) {
                self.rest(at, rest);
            }
            return;
        }
        self.captures.push(Capture { slot, said, value });
        self.rest(at, rest);
        self.captures.pop();
    }

    fn accept(&mut self, at: usize) {
        let end = self.skip_all_idle(at);
        if at <= self.start || !(self.plausible)(&self.captures) {
            return;
        }
        let cost = self.cost(at);
        match self.found.iter_mut().find(|known| known.end == end) {
            Some(known) if known.cost <= cost => {}
            Some(known) => *known = Match { end, captures: self.captures.clone(), cost },
            None => self.found.push(Match { end, captures: self.captures.clone(), cost }),
        }
    }

    fn cost(&self, end: usize) -> f64 {
        let mut cost = 0.0;
        for capture in &self.captures {
            let words = self.heard.words.get(capture.said.clone()).unwrap_or_default();
            cost += match capture.value {
                // Between two readings the one with more words of its own is the better.
                Value::Known(_) => 0.01,
                Value::Illegal => 0.25,
                Value::Wild => 2.0 + 0.3 * words.len() as f64,
                Value::Listed => LISTED,
                Value::Text if self.is_open(capture.slot) => words.iter().map(open_text_cost).sum(),
                Value::Text => words.iter().enumerate().map(|(at, word)| text_cost(at, word)).sum(),
            };
        }
        let inside = self.heard.words.get(self.start..end.saturating_sub(1)).unwrap_or_default();
        cost + inside
            .iter()
            .map(|word| match word.pause {
                Pause::None => 0.0,
                Pause::Comma => 0.6,
                Pause::Stop => 2.5,
            })
            .sum::<f64>()
    }

    fn max_words(&self, slot: usize) -> usize {
        match self.slots.get(slot).map(|slot| slot.name.as_str()) {
            Some("contact" | "label") => MAX_PERSON,
            Some("text") => MAX_SPEECH,
            _ => MAX_TEXT,
        }
    }

    /// Whether the slot holds speech, such as a message, rather than a name.
    fn is_open(&self, slot: usize) -> bool {
        self.slots.get(slot).is_some_and(|slot| matches!(slot.name.as_str(), "text" | "time"))
    }

    /// Past the idle words before `word`, unless one of them is itself meant.
    fn skip_idle(&self, mut at: usize, word: WordId) -> usize {
        while self.heard.words.get(at).is_some_and(|next| next.idle) && self.heard.ids.get(at) != Some(&word)
        {
            at += 1;
        }
        at
    }

    fn skip_all_idle(&self, mut at: usize) -> usize {
        while self.heard.words.get(at).is_some_and(|next| next.idle) {
            at += 1;
        }
        at
    }
}

/// What a free text costs whose words are listed.
const LISTED: f64 = 0.02;

/// What a word costs inside a message or a reminder, which may hold anything.
fn open_text_cost(word: &Word) -> f64 {
    match word.text.as_str() {
        "then" | "also" => 2.0,
        "and" => 1.2,
        _ => 0.05,
    }
}

/// What a word costs inside free text. Words that usually end a command cost more.
fn text_cost(at: usize, word: &Word) -> f64 {
    let word = word.text.as_str();
    match word {
        "then" | "also" => 2.0,
        "and" => 1.2,
        "when" | "if" | "after" | "before" | "until" | "once" | "because" if at > 0 => 2.5,
        "no" | "wait" | "sorry" | "actually" if at > 0 => 1.5,
        _ => 0.3,
    }
}
