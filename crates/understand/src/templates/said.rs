//! Which sentences match where, and what kind of talk the words are.

use std::sync::Arc;

use super::clauses::{Kind, Parsed, Said};
use super::lists::{ORDER_WORDS, VERBS};
use super::numbers;
use super::pattern::{A_NUMBER, Sentence};
use super::walk::{self, Capture};
use super::words::Word;
use super::{Matcher, Utterance};

impl Matcher {
    /// Every sentence that matches somewhere, or only those of `kinds` that match at the start.
    pub(super) fn said(&self, utterance: &Utterance, kinds: Option<&[Kind]>) -> Vec<Said> {
        let heard = utterance.heard();
        let words: Arc<[Word]> = utterance.words.as_slice().into();
        let candidates = self.patterns.candidates(&utterance.present);
        let starts: Vec<usize> = if kinds.is_some() { vec![0] } else { (0..utterance.words.len()).collect() };
        let mut found: Vec<Said> = Vec::new();
        for at in candidates {
            let Some(sentence) = self.patterns.sentences.get(at) else { continue };
            let kind = self.kinds.get(sentence.intent).copied().unwrap_or(Kind::Command);
            let wanted = match kinds {
                Some(kinds) => kinds.contains(&kind),
                None => !matches!(kind, Kind::Reference | Kind::Mark | Kind::Correction),
            };
            let Some(slots) = self.patterns.slots.get(sentence.intent).filter(|_| wanted) else { continue };
            for &start in &starts {
                if !self.may_start(sentence, utterance, start) {
                    continue;
                }
                let plausible =
                    |captures: &[Capture]| self.is_plausible(sentence.intent, captures, &utterance.words);
                for found_match in walk::matches(&sentence.node, slots, &heard, start, &plausible) {
                    let said = Said {
                        intent: sentence.intent,
                        kind,
                        need: sentence.need,
                        implied: sentence.implied,
                        and: Arc::clone(&sentence.and),
                        set: Arc::clone(&sentence.set),
                        captures: found_match.captures,
                        range: start..found_match.end,
                        cost: found_match.cost,
                        words: Arc::clone(&words),
                    };
                    keep(&mut found, said);
                }
            }
        }
        found
    }

    fn may_start(&self, sentence: &Sentence, utterance: &Utterance, start: usize) -> bool {
        let Some(first) = &sentence.first else { return true };
        let mut at = start;
        loop {
            let Some(id) = utterance.ids.get(at) else { return false };
            if first.contains(id) {
                return true;
            }
            if first.contains(&A_NUMBER)
                && (numbers::ordinal(&utterance.words, at).is_some()
                    || numbers::duration(&utterance.words, at).is_some())
            {
                return true;
            }
            if !utterance.words.get(at).is_some_and(|word| word.idle) {
                return false;
            }
            at += 1;
        }
    }

    /// Whether the unexplained part of an utterance asks for something else, so that the explained part
    /// stands on its own. Otherwise the commands are taken for accidents of talk.
    pub(super) fn is_other_order(&self, utterance: &Utterance, parsed: &Parsed) -> bool {
        !parsed.commands.is_empty()
            && parsed.commands.iter().all(|command| command.kind == Kind::Command && !command.need)
            && parsed.lost().all(|range| {
                let words = utterance.words.get(range.clone());
                // "The difference between eco and sport mode": what is no order of its own belongs to
                // the unexplained words in front of it.
                let first = parsed.commands.iter().find(|command| command.range.start >= range.end);
                if first.is_some_and(|command| !self.has_verb(command)) {
                    return false;
                }
                is_negated(words)
                    || words.and_then(<[Word]>::first).is_some_and(|word| ORDER_WORDS.has(&word.text))
            })
    }

    /// Whether the words of a command begin with what is to be done.
    pub(super) fn has_verb(&self, said: &Said) -> bool {
        let words = said.words.get(said.range.clone()).unwrap_or_default();
        words
            .iter()
            .find(|word| !word.idle)
            .is_some_and(|word| ORDER_WORDS.has(&word.text) || VERBS.has(&word.text))
    }

    /// Whether a command only asks for something to be said.
    pub(super) fn is_question(&self, said: &Said) -> bool {
        let Some(intent) = self.intents.get(said.intent) else { return false };
        let returns = intent.call.as_ref().is_some_and(|call| call.returns.is_some());
        returns
            || matches!(
                intent.name.as_str(),
                "assistant.help" | "reminder.list" | "time.query" | "timer.query"
            )
    }
}

/// Whether the words forbid something: "don't open the window".
pub(super) fn is_negated(words: Option<&[Word]>) -> bool {
    let text = |at: usize| words.and_then(|words| words.get(at)).map_or("", |word| word.text.as_str());
    matches!((text(0), text(1)), ("do", "not") | ("never", _) | ("not", _) | ("leave", _))
}

/// Keeps the better of two ways to read the same words as the same intent.
fn keep(found: &mut Vec<Said>, said: Said) {
    let same = |known: &&mut Said| {
        known.intent == said.intent && known.range == said.range && known.kind == said.kind
    };
    match found.iter_mut().find(same) {
        Some(known)
            if known.cost <= said.cost + 1e-9
                && (known.captures.len() >= said.captures.len() || known.cost < said.cost) => {}
        Some(known) => *known = said,
        None => found.push(said),
    }
}
