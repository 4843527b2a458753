//! Taking an utterance apart: the cheapest way to explain its words as commands, what stands around
//! them, links, conditions and a rest.

use std::ops::Range;
use std::sync::Arc;

use carvoice_core::command::{Command, Slots};

use super::lists::INVERTED;
use super::walk::Capture;
use super::words::{Pause, Word};
use super::{Matcher, Utterance};

/// What a compiled sentence stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A command of the catalogue.
    Command,
    /// A command that must be all that is said: "yes", "thanks", "the second one".
    Alone,
    /// Stands before a command.
    Lead,
    /// Stands behind a command.
    Tail,
    /// Addresses the listener behind a command with a word that may also end a title: "love".
    Address,
    /// Joins clauses.
    Link,
    /// A delay.
    Condition,
    /// Opens a condition that lasts to the end of its clause.
    OpenCondition,
    /// Opens a reason that lasts to the end of its clause.
    Reason,
    /// A word of self-correction.
    Mark,
    /// Stands before a corrected value.
    Correction,
    /// Refers to an earlier command.
    Reference,
}

impl Kind {
    /// The kind of an intent.
    pub(super) fn of(intent: &str) -> Self {
        match intent {
            "dialogue.lead" => Self::Lead,
            "dialogue.tail" => Self::Tail,
            "dialogue.address" => Self::Address,
            "dialogue.link" => Self::Link,
            "dialogue.condition" => Self::Condition,
            "dialogue.open_condition" => Self::OpenCondition,
            "dialogue.reason" => Self::Reason,
            "dialogue.mark" => Self::Mark,
            "dialogue.correction" => Self::Correction,
            name if name.starts_with("dialogue.") => Self::Reference,
            "assistant.help" | "assistant.mute" | "assistant.undo" => Self::Command,
            name if name.starts_with("assistant.") => Self::Alone,
            _ => Self::Command,
        }
    }
}

/// One matched sentence.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) intent: usize,
    pub(super) kind: Kind,
    pub(super) need: bool,
    pub(super) implied: bool,
    /// Commands asked for besides.
    pub(super) and: Arc<[Command]>,
    pub(super) set: Arc<Slots>,
    pub(super) captures: Vec<Capture>,
    pub(super) range: Range<usize>,
    pub(super) cost: f64,
    /// The words that the captures point into.
    pub(super) words: Arc<[Word]>,
}

/// An utterance taken apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Parsed {
    /// Commands in spoken order.
    pub(super) commands: Vec<Said>,
    /// Whether a delay or a condition was heard.
    pub(super) conditional: bool,
    /// Whether a reason was given.
    reasoned: bool,
    /// Runs of words that nothing explains.
    lost: Vec<Range<usize>>,
}

impl Parsed {
    /// Whether everything is explained and something is asked for.
    pub(super) fn is_whole(&self) -> bool {
        self.lost.is_empty() && !self.commands.is_empty()
    }

    /// Runs of words that nothing explains.
    pub(super) fn lost(&self) -> impl Iterator<Item = &Range<usize>> {
        self.lost.iter()
    }

    /// Nothing but this.
    pub(super) fn only(commands: Vec<Said>) -> Self {
        Self { commands, ..Self::default() }
    }
}

/// Where the explanation stands between two words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A clause may begin.
    Open,
    /// A command has ended.
    Done,
    /// Only a command may follow: nothing joined it to the one before.
    Joined,
    /// Inside unexplained words.
    Lost,
    /// Something was said that stands alone; only filler may follow.
    Ended,
}
const STATES: usize = 5;

/// How one step of the explanation was made.
#[derive(Clone, Debug)]
enum Step {
    Said(usize),
    Condition,
    Reason,
    Lost,
    Nothing,
}

#[derive(Clone, Debug)]
struct Best {
    cost: f64,
    from: (usize, State),
    step: Step,
}

// Costs. What counts is their order: explained beats unexplained, one command beats two unless the
// words between say otherwise, literal words beat free text (see `walk`).
const COMMAND: f64 = 1.0;
const ALONE: f64 = 1.4;
const FILLER: f64 = 0.15;
/// More than a word of a title costs.
const ADDRESS: f64 = 0.5;
const LINK: f64 = 0.2;
const PAUSE: f64 = 0.3;
const NO_LINK: f64 = 2.6;
const CONDITION: f64 = 0.8;
const OPEN_CONDITION: f64 = 1.4;
const CONDITION_WORD: f64 = 0.25;
const LOST_FIRST: f64 = 4.0;
const LOST_NEXT: f64 = 1.0;

impl Matcher {
    /// The cheapest explanation of the words.
    pub(super) fn parse(&self, utterance: &Utterance) -> Parsed {
        let said = self.said(utterance, None);
        let words = &utterance.words;
        let mut best: Vec<[Option<Best>; STATES]> = vec![const { [const { None }; STATES] }; words.len() + 1];
        if let Some(start) = best.first_mut() {
            start[State::Open as usize] =
                Some(Best { cost: 0.0, from: (0, State::Open), step: Step::Nothing });
        }
        for at in 0..=words.len() {
            for state in [State::Lost, State::Done, State::Open, State::Joined, State::Ended] {
                let Some(cost) =
                    best.get(at).and_then(|row| row[state as usize].as_ref()).map(|best| best.cost)
                else {
                    continue;
                };
                let mut go = |to: usize, next: State, more: f64, step: Step| {
                    let Some(row) = best.get_mut(to) else { return };
                    let known = &mut row[next as usize];
                    if known.as_ref().is_none_or(|known| known.cost > cost + more) {
                        *known = Some(Best { cost: cost + more, from: (at, state), step });
                    }
                };
                self.steps(at, state, words, &said, &mut go);
            }
        }
        let end = words.len();
        let filler = said.iter().filter(|said| {
            let whole = said.range == (0..end) && said.kind == Kind::Command;
            whole || said.kind == Kind::Alone && said.range.start == 0
        });
        let alone = filler.max_by_key(|said| said.range.len()).cloned();
        let mut parsed = trace(&best, said);
        // "Thank you" and "next" are filler around a command, and sentences where there is none.
        if parsed.commands.is_empty() && parsed.lost.is_empty() && !parsed.conditional {
            parsed.commands.extend(alone);
        }
        // A question with a condition or a purpose is none of ours: "what do you do if it snows".
        if (parsed.conditional || parsed.reasoned)
            && parsed.commands.iter().any(|said| self.is_question(said))
        {
            parsed.lost.extend(parsed.commands.drain(..).map(|said| said.range));
        }
        parsed
    }

    /// Every step from one place.
    fn steps(
        &self,
        at: usize,
        state: State,
        words: &[Word],
        said: &[Said],
        go: &mut dyn FnMut(usize, State, f64, Step),
    ) {
        let pause = at.checked_sub(1).and_then(|last| words.get(last)).map_or(Pause::None, |word| word.pause);
        let here = words.get(at);
        if state != State::Lost && here.is_some_and(|word| word.idle) {
            go(at + 1, state, 0.0, Step::Nothing);
        }
        let started = |kind: Kind| {
            said.iter().enumerate().filter(move |(_, said)| said.kind == kind && said.range.start == at)
        };
        let to_end = |go: &mut dyn FnMut(usize, State, f64, Step), from: usize, cost: f64, step: &Step| {
            for end in from + 1..=words.len() {
                let len = (end - from) as f64;
                go(
                    end,
                    if state == State::Done { State::Done } else { State::Open },
                    cost + CONDITION_WORD * len,
                    step.clone(),
                );
                if words.get(end - 1).is_some_and(|word| word.pause == Pause::Stop) {
                    break;
                }
            }
        };
        if matches!(state, State::Open | State::Joined) {
            for (index, command) in started(Kind::Command) {
                go(command.range.end, State::Done, COMMAND + command.cost, Step::Said(index));
            }
            for (index, command) in started(Kind::Alone) {
                go(command.range.end, State::Ended, ALONE + command.cost, Step::Said(index));
            }
        }
        match state {
            State::Open => {
                for (_, filler) in started(Kind::Lead) {
                    go(filler.range.end, State::Open, FILLER, Step::Nothing);
                }
                for (_, filler) in started(Kind::Tail) {
                    go(filler.range.end, State::Open, 2.0 * FILLER, Step::Nothing);
                }
                for (_, link) in started(Kind::Link).filter(|_| at > 0) {
                    go(link.range.end, State::Open, LINK, Step::Nothing);
                }
                if here.is_some() {
                    go(at + 1, State::Lost, LOST_FIRST, Step::Lost);
                }
            }
            State::Done => {
                for (_, link) in started(Kind::Link) {
                    go(link.range.end, State::Open, LINK, Step::Nothing);
                }
                for (_, filler) in started(Kind::Tail) {
                    go(filler.range.end, State::Done, FILLER, Step::Nothing);
                }
                for (_, filler) in started(Kind::Address) {
                    let cost = if pause > Pause::None { FILLER } else { ADDRESS };
                    go(filler.range.end, State::Done, cost, Step::Nothing);
                }
                if pause > Pause::None {
                    go(at, State::Open, PAUSE, Step::Nothing);
                }
                go(at, State::Joined, NO_LINK, Step::Nothing);
            }
            State::Lost => {
                for (_, link) in started(Kind::Link) {
                    go(link.range.end, State::Open, LINK, Step::Nothing);
                }
                if pause > Pause::None {
                    go(at, State::Open, PAUSE, Step::Nothing);
                }
                if here.is_some() {
                    go(at + 1, State::Lost, LOST_NEXT, Step::Lost);
                }
                return;
            }
            State::Ended => {
                for (_, filler) in started(Kind::Tail) {
                    go(filler.range.end, State::Ended, FILLER, Step::Nothing);
                }
                return;
            }
            State::Joined => return,
        }
        for (_, condition) in started(Kind::Condition) {
            go(condition.range.end, state, CONDITION, Step::Condition);
        }
        for (_, condition) in started(Kind::OpenCondition)
            .filter(|(_, said)| state == State::Done || !is_question(words.get(said.range.end)))
        {
            to_end(go, condition.range.end, OPEN_CONDITION, &Step::Condition);
        }
        for (_, reason) in started(Kind::Reason).filter(|_| state == State::Done) {
            to_end(go, reason.range.end, OPEN_CONDITION, &Step::Reason);
        }
    }
}

/// Whether a "when" with this word behind it asks instead of setting a condition: "when was".
fn is_question(next: Option<&Word>) -> bool {
    next.is_some_and(|word| INVERTED.has(&word.text))
}

/// Walks the explanation back from its end.
fn trace(best: &[[Option<Best>; STATES]], said: Vec<Said>) -> Parsed {
    let end = best.len() - 1;
    let last = [State::Done, State::Open, State::Lost, State::Ended]
        .into_iter()
        .filter_map(|state| best.get(end)?[state as usize].as_ref().map(|best| (best.cost, state)))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    let mut parsed = Parsed::default();
    let Some((_, state)) = last else { return parsed };
    let (mut at, mut state) = (end, state);
    let mut picked = Vec::new();
    while let Some(best) = best.get(at).and_then(|row| row[state as usize].as_ref()) {
        match best.step {
            Step::Said(index) => picked.push(index),
            Step::Condition => parsed.conditional = true,
            Step::Reason => parsed.reasoned = true,
            Step::Lost => match parsed.lost.last_mut() {
                Some(run) if run.start == at => run.start = at - 1,
                _ => parsed.lost.push(at - 1..at),
            },
            Step::Nothing => {}
        }
        if (at, state) == best.from {
            break;
        }
        (at, state) = best.from;
    }
    picked.reverse();
    parsed.lost.reverse();
    parsed.commands = picked.into_iter().filter_map(|index| said.get(index).cloned()).collect();
    settle(&mut parsed);
    parsed
}

/// What must stand alone is no command behind another one, nor under a condition.
fn settle(parsed: &mut Parsed) {
    if parsed.commands.len() < 2 && !parsed.conditional {
        return;
    }
    let alone = parsed.commands.iter().filter(|said| said.kind == Kind::Alone).map(|said| said.range.clone());
    parsed.lost.extend(alone);
    parsed.lost.sort_by_key(|range| range.start);
    parsed.commands.retain(|said| said.kind == Kind::Command);
}
