//! Utterances that are not sentences as they stand: self-corrections ("twenty, no, twenty one") and
//! commands that share words ("open the window and the sunroof").

use std::ops::Range;

use carvoice_core::interpretation::Problem;

use super::clauses::{Kind, Parsed, Said};
use super::lists::{ASKING, HESITATIONS, MARK_WORDS, ORDER_WORDS, STATES, VERBS};
use super::numbers;
use super::walk::Value;
use super::words::{Pause, Word};
use super::{Matcher, Utterance};

/// How many words before a correction it may replace.
const MAX_REPLACED: usize = 6;
/// How many words two commands may share at the front, and at the end.
const MAX_SHARED: usize = 5;
const MAX_SHARED_END: usize = 3;

/// Longest name of a seat that stands for a whole command, in words.
const MAX_SEAT: usize = 2;

const COMMANDS: &[Kind] = &[Kind::Command];

impl Matcher {
    /// The reading after a self-correction, if the utterance holds one.
    pub(super) fn corrected(&self, utterance: &Utterance, parsed: &Parsed) -> Option<Parsed> {
        let words = &utterance.words;
        if parsed.is_whole()
            && !parsed.commands.iter().any(|said| self.text_holds_mark(said))
            && !self.marks_between(utterance, parsed)
        {
            return None;
        }
        if !words.iter().skip(1).any(|word| MARK_WORDS.has(&word.text)) {
            return None;
        }
        // The last correction counts, and a longer mark before the shorter ones inside it.
        (1..words.len())
            .rev()
            .filter(|at| {
                words
                    .get(*at..at + 3.min(words.len() - at))
                    .is_some_and(|near| near.iter().any(|word| MARK_WORDS.has(&word.text)))
            })
            .find_map(|at| {
                let ends = self.marks(words.get(at..)?);
                ends.into_iter().rev().find_map(|len| {
                    let (before, after) = (self.unmarked(words.get(..at)?), words.get(at + len..)?);
                    self.replaced(before, after)
                })
            })
    }

    /// Whether a command is followed by a mark of correction and another command: "the fog lights, I
    /// mean the hazard lights".
    fn marks_between(&self, utterance: &Utterance, parsed: &Parsed) -> bool {
        parsed.commands.windows(2).any(|pair| {
            let [first, second] = pair else { return false };
            let (end, next) = (first.range.end, second.range.start);
            end < next
                && utterance.words.get(end..).is_some_and(|rest| {
                    self.marks(rest).iter().any(|len| (next..=next + 1).contains(&(end + len)))
                })
        })
    }

    /// The words without the marks they end with: "call Tom, sorry" before "I meant".
    fn unmarked<'w>(&self, words: &'w [Word]) -> &'w [Word] {
        let is_mark = |words: &[Word]| {
            words.iter().any(|word| MARK_WORDS.has(&word.text))
                && self
                    .said(&self.utterance(words.to_vec()), Some(&[Kind::Mark]))
                    .iter()
                    .any(|said| said.range.end == words.len())
        };
        let mut words = words;
        while let Some(shorter) = (words.len().saturating_sub(3).max(1)..words.len())
            .find(|start| words.get(*start..).is_some_and(is_mark))
            .and_then(|start| words.get(..start))
        {
            words = shorter;
        }
        words
    }

    fn text_holds_mark(&self, said: &Said) -> bool {
        said.captures.iter().filter(|capture| capture.value == Value::Text).any(|capture| {
            let words = said.words.get(capture.said.clone()).unwrap_or_default();
            let slot = self.intents.get(said.intent).and_then(|intent| intent.slots.get(capture.slot));
            let name = slot.map_or("", |slot| slot.name.as_str());
            // A title may hold "no" and "wait"; a speaker who corrects himself pauses.
            let may_correct = |at: usize| {
                name != "query" || words.get(at - 1).is_some_and(|before| before.pause > Pause::None)
            };
            name != "text"
                && (1..words.len())
                    .filter(|at| may_correct(*at))
                    .any(|at| words.get(at..).is_some_and(|rest| !self.marks(rest).is_empty()))
        })
    }

    /// Lengths of the correction marks that the words begin with.
    fn marks(&self, words: &[Word]) -> Vec<usize> {
        let mut ends: Vec<usize> = self
            .said(&self.utterance(words.to_vec()), Some(&[Kind::Mark]))
            .into_iter()
            .map(|said| said.range.end)
            .collect();
        ends.sort_unstable();
        ends.dedup();
        ends.retain(|end| *end < words.len());
        ends
    }

    /// What was said before a correction, with the correction in place.
    fn replaced(&self, before: &[Word], after: &[Word]) -> Option<Parsed> {
        // "Which is better, eco or sport mode?" corrects nothing.
        if before.first().is_some_and(|word| ASKING.has(&word.text)) {
            return None;
        }
        let alone = self.parse(&self.utterance(after.to_vec()));
        if alone.is_whole() && alone.commands.iter().all(|said| !self.is_vague(said)) {
            let earlier = self.parse(&self.utterance(before.to_vec()));
            if !alone.commands.iter().any(|said| self.has_verb(said))
                && let Some(spliced) = self.spliced(before, after)
                && spliced.commands.len() == earlier.commands.len()
                && spliced.commands.iter().all(is_fixed)
            {
                return Some(spliced);
            }
            if alone.commands.iter().all(|said| said.kind == Kind::Command) && earlier.commands.len() > 1 {
                let mut commands = earlier.commands;
                commands.pop();
                commands.extend(alone.commands);
                return Some(Parsed::only(commands));
            }
            return Some(alone);
        }
        self.spliced(before, after)
    }

    /// The words with the last of them replaced: all to the end, or all but a unit, as in "five minutes,
    /// make that ten".
    fn spliced(&self, before: &[Word], after: &[Word]) -> Option<Parsed> {
        let mut cuts = (1..=MAX_REPLACED.min(before.len()))
            .flat_map(|cut| (0..=usize::from(cut > 1)).rev().map(move |kept| (cut, kept)))
            .filter(|(cut, kept)| *cut < before.len() || *kept > 0);
        cuts.find_map(|(cut, kept)| {
            let mut words = before.get(..before.len() - cut)?.to_vec();
            if let Some(last) = words.last_mut() {
                last.pause = Pause::None;
            }
            words.extend_from_slice(after);
            if kept > 0
                && let Some(last) = words.last_mut()
            {
                last.pause = Pause::None;
            }
            words.extend_from_slice(before.get(before.len() - kept..)?);
            let parsed = self.parse(&self.utterance(words));
            (parsed.is_whole()
                && parsed
                    .commands
                    .iter()
                    .all(|said| said.kind == Kind::Command && !self.text_holds_mark(said)))
            .then_some(parsed)
        })
    }

    /// A bare value such as "21 degrees" is a command by itself, but after "no" it corrects one.
    pub(super) fn is_vague(&self, said: &Said) -> bool {
        let valued: usize = said.captures.iter().map(|capture| capture.said.len()).sum();
        let spoken = said.words.get(said.range.clone()).unwrap_or_default();
        let own = spoken
            .iter()
            .filter(|word| {
                !word.idle && !matches!(word.text.as_str(), "degrees" | "degree" | "one" | "percent")
            })
            .count();
        !said.captures.is_empty() && own <= valued
    }

    /// The reading in which neighbouring clauses lend each other words, if that explains everything.
    pub(super) fn completed(&self, utterance: &Utterance, parsed: &Parsed) -> Option<Parsed> {
        let pieces = self.pieces(utterance);
        if pieces.len() < 2 || pieces.len() > 4 {
            return None;
        }
        let mut commands: Vec<Said> = Vec::new();
        let mut model: Option<Vec<Word>> = None;
        for (index, piece) in pieces.iter().enumerate() {
            let words = without_pronoun(utterance.words.get(piece.clone())?);
            let next = pieces.get(index + 1).and_then(|next| utterance.words.get(next.clone()));
            let intent = commands.last().map(|said| said.intent);
            let shared = || self.with_front(model.as_deref()?, words, intent?);
            // A thing behind "turn off" is turned off, although named alone it would be turned on.
            let named = if lacks_order(words) { shared() } else { None };
            let (said, full) = named
                .or_else(|| self.with_state(words, utterance.words.get(pieces.last()?.clone())?))
                .or_else(|| self.whole(words))
                .or_else(shared)
                .or_else(|| self.with_end(words, next?))
                .or_else(|| self.with_end_of(words, utterance.words.get(pieces.last()?.clone())?))?;
            // Politeness in front of a command is not said again.
            model = said.commands.last().and_then(|said| full.get(said.range.clone())).map(<[Word]>::to_vec);
            // "Open, er, close the sunroof" asks for the latter.
            if let (Some(last), [next], Some(before)) = (
                commands.last(),
                said.commands.as_slice(),
                index.checked_sub(1).and_then(|before| pieces.get(before)),
            ) && utterance.words.get(before.end..piece.end).is_some_and(hesitates)
                && last.intent == next.intent
            {
                commands.pop();
            }
            commands.extend(said.commands);
        }
        let mut completed = Parsed::only(commands);
        completed.conditional = parsed.conditional;
        Some(completed)
    }

    /// The reading of a whole utterance in which a thing is only named behind a command for another:
    /// "turn off the fog lights and the hazard lights".
    pub(super) fn shared(&self, utterance: &Utterance, parsed: &Parsed) -> Option<Parsed> {
        let named = |said: &Said| !said.need && said.words.get(said.range.clone()).is_some_and(lacks_order);
        let hesitant =
            || utterance.words.iter().any(|word| word.pause > Pause::None && HESITATIONS.has(&word.text));
        (parsed.commands.len() > 1 && (parsed.commands.iter().any(named) || hesitant()))
            .then(|| self.completed(utterance, parsed))
            .flatten()
            .filter(|completed| hesitant() || completed.commands.len() >= parsed.commands.len())
    }

    /// The words between links and pauses.
    fn pieces(&self, utterance: &Utterance) -> Vec<Range<usize>> {
        let words = &utterance.words;
        let mut pieces = Vec::new();
        let mut start = 0;
        for (at, word) in words.iter().enumerate() {
            let is_link = matches!(word.text.as_str(), "and" | "then" | "plus" | "also" | "but");
            if is_link {
                pieces.push(start..at);
                start = at + 1;
            } else if word.pause > Pause::None {
                pieces.push(start..at + 1);
                start = at + 1;
            }
        }
        pieces.push(start..words.len());
        pieces.retain(|piece| {
            words.get(piece.clone()).is_some_and(|words| words.iter().any(|word| !word.idle))
        });
        pieces
    }

    fn whole(&self, words: &[Word]) -> Option<(Parsed, Vec<Word>)> {
        let parsed = self.parse(&self.utterance(words.to_vec()));
        (parsed.is_whole() && parsed.commands.iter().all(|said| said.kind == Kind::Command))
            .then(|| (parsed, words.to_vec()))
    }

    /// One command and nothing else, without free text, which would swallow anything.
    fn exact(&self, words: Vec<Word>) -> Option<(Parsed, Vec<Word>)> {
        let found = self
            .said(&self.utterance(words.clone()), Some(COMMANDS))
            .into_iter()
            .filter(|said| said.range.end == words.len())
            .filter(is_fixed)
            .filter(|said| {
                let candidate = self.candidate("", said, false);
                !matches!(candidate.problem, Some(Problem::Illegal { .. }))
            })
            .min_by(|a, b| a.cost.total_cmp(&b.cost))?;
        Some((Parsed::only(vec![found]), words))
    }

    /// "[open] the sunroof": words of the command before are said again in front.
    /// Another seat alone, "[heat my seat] the passenger's", keeps the `intent`.
    fn with_front(&self, model: &[Word], words: &[Word], intent: usize) -> Option<(Parsed, Vec<Word>)> {
        let ends = (0..=MAX_SHARED_END.min(model.len().saturating_sub(1))).map(|len| model.len() - len);
        let fronts = ends.flat_map(|end| (1..=MAX_SHARED.min(end)).map(move |front| (front, end)));
        let found = |(front, end): (usize, usize)| {
            let shared = model.get(..front).filter(|shared| shared.iter().any(|word| !word.idle))?;
            let mut joined = join(shared, words);
            if end < model.len() {
                joined = join(&joined, model.get(end..)?);
            }
            self.exact(joined)
        };
        let is_short = words.iter().filter(|word| !word.idle).count() <= MAX_SEAT;
        let same = |(parsed, _): &(Parsed, _)| parsed.commands.iter().all(|said| said.intent == intent);
        let kept = if is_short {
            fronts.clone().filter(|(_, end)| *end == model.len()).filter_map(found).find(same)
        } else {
            None
        };
        kept.or_else(|| fronts.clone().find_map(found))
    }

    /// "turn the fan [off]": words of the clause behind are said already here.
    fn with_end(&self, words: &[Word], next: &[Word]) -> Option<(Parsed, Vec<Word>)> {
        self.with_end_of(words, next)
    }

    /// "AC and fan off": the state behind the last thing is that of a thing only named before.
    fn with_state(&self, words: &[Word], last: &[Word]) -> Option<(Parsed, Vec<Word>)> {
        let state = last.last().filter(|word| STATES.has(&word.text) && lacks_order(words))?;
        self.exact(join(words, std::slice::from_ref(state)))
    }

    fn with_end_of(&self, words: &[Word], last: &[Word]) -> Option<(Parsed, Vec<Word>)> {
        (1..=MAX_SHARED_END.min(last.len()))
            .find_map(|len| self.exact(join(words, last.get(last.len() - len..)?)))
    }
}

/// Whether the words name a thing and do not say what is to be done with it.
fn lacks_order(words: &[Word]) -> bool {
    let first = words.iter().find(|word| !word.idle);
    !first.is_some_and(|word| ORDER_WORDS.has(&word.text) || VERBS.has(&word.text))
        && !(0..words.len()).any(|at| numbers::number(words, at).is_some())
        && !words.iter().any(|word| STATES.has(&word.text))
}

/// The words less a "one" that stands for the thing of the clause before: "the passenger's one".
fn without_pronoun(words: &[Word]) -> &[Word] {
    match words {
        [rest @ .., _] if numbers::is_pronoun(words, rest.len()) => rest,
        _ => words,
    }
}

/// Whether a hesitation and no link stands in front of the words.
fn hesitates(words: &[Word]) -> bool {
    words.first().is_some_and(|word| HESITATIONS.has(&word.text))
        && !words.iter().any(|word| matches!(word.text.as_str(), "and" | "then" | "plus" | "also" | "but"))
}

/// Whether no free text is part of a command.
fn is_fixed(said: &Said) -> bool {
    said.captures.iter().all(|capture| matches!(capture.value, Value::Known(_) | Value::Listed))
}

fn join(front: &[Word], back: &[Word]) -> Vec<Word> {
    let mut words: Vec<Word> = front.iter().chain(back).cloned().collect();
    words.iter_mut().for_each(|word| word.pause = Pause::None);
    words
}
