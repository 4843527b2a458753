//! Thinking ahead: at the first short pause the words so far are transcribed and understood as if they were all.
//! A whole order ends the utterance at once, an unfinished one is waited for longer, and speech that goes on
//! makes it all void. Nothing is done before the utterance has ended.

use std::time::Duration;

use super::effect::{Effect, Notice};
use super::{Machine, Phase};
use crate::audio::Speech;
use crate::catalogue::SlotKind;
use crate::command::Command;
use crate::engine::{EngineError, Transcript, TurnId};
use crate::interpretation::{Interpretation, Problem};
use crate::policy::Policy;

/// Silence behind a whole order that ends in free text, which could go on.
const OPEN_ENDED: Duration = Duration::from_millis(400);
/// Silence behind an order that lacks something.
const UNFINISHED: Duration = Duration::from_secs(2);
/// Confidence from which an order counts as whole.
const SURE: f64 = 0.8;
/// Words that nothing ends with.
const DANGLING: &[&str] = &[
    "a", "an", "and", "at", "by", "for", "from", "in", "into", "my", "of", "or", "set", "the", "then", "to",
    "with",
];

/// What is being found out about an utterance that may be over.
#[derive(Debug)]
pub(super) struct Guess {
    number: TurnId,
    ended_at: Duration,
    /// The utterance, if it has ended in the meantime.
    ended: Option<Speech>,
    words: Option<Transcript>,
    meaning: Option<Interpretation>,
}

#[cfg(test)]
impl Guess {
    pub(super) fn number(&self) -> TurnId {
        self.number
    }
}

/// How an utterance looks that was cut off here.
enum Shape {
    Whole,
    OpenEnded,
    Unfinished,
    Unclear,
}

impl Machine {
    pub(super) fn speech_paused(&mut self, speech: Speech, ended_at: Duration, now: Duration) {
        self.speech_started(now);
        if !matches!(self.phase, Phase::Listening) {
            return;
        }
        let (turn, number) = (self.current, self.next_number());
        self.guess = Some(Guess { number, ended_at, ended: None, words: None, meaning: None });
        self.effects.push(Effect::GuessWords { turn, guess: number, speech });
    }

    pub(super) fn drop_guess(&mut self) {
        if self.guess.take().is_some() {
            self.effects.push(Effect::DropGuess);
        }
    }

    pub(super) fn words_guessed(
        &mut self,
        guess: TurnId,
        result: Result<Transcript, EngineError>,
        now: Duration,
    ) {
        if self.guess.as_ref().is_none_or(|known| known.number != guess) {
            return;
        }
        let (turn, context) = (self.current, self.dialogue.context(now));
        let words = result.ok().filter(|transcript| !self.says_nothing(transcript));
        match words.map(|transcript| self.without_wake_word(transcript)) {
            Some(transcript) if !transcript.text.is_empty() => {
                let text = transcript.text.clone();
                self.publish(Notice::PartialTranscript { turn, text: text.clone() });
                if let Some(known) = &mut self.guess {
                    known.words = Some(transcript);
                }
                self.effects.push(Effect::GuessMeaning { turn, guess, text, context });
            }
            _ => self.give_up_guess(),
        }
    }

    pub(super) fn meaning_guessed(
        &mut self,
        guess: TurnId,
        result: Result<Interpretation, EngineError>,
        now: Duration,
    ) {
        let Some(known) = self.guess.as_mut().filter(|known| known.number == guess) else { return };
        let (Ok(meaning), Some(words)) = (result, &known.words) else { return self.give_up_guess() };
        let silence = match shape(&self.policy, &words.text, &meaning) {
            Shape::Whole => Some(Duration::ZERO),
            Shape::OpenEnded => Some(OPEN_ENDED),
            Shape::Unfinished => Some(UNFINISHED),
            Shape::Unclear => None,
        };
        known.meaning = Some(meaning);
        if known.ended.is_some() || silence == Some(Duration::ZERO) {
            if known.ended.is_none() {
                self.effects.push(Effect::StopListening);
            }
            return self.take_guess(now);
        }
        if let Some(silence) = silence {
            self.effects.push(Effect::EndAfter { turn: self.current, silence });
        }
    }

    /// The utterance has ended: true if it is already known, or soon will be, what it means.
    pub(super) fn guessed(&mut self, speech: &Speech, now: Duration) -> bool {
        match &mut self.guess {
            None => false,
            Some(Guess { meaning: Some(_), .. }) => {
                self.take_guess(now);
                true
            }
            Some(guess) => {
                guess.ended = Some(speech.clone());
                true
            }
        }
    }

    /// The guess is what was said.
    fn take_guess(&mut self, now: Duration) {
        let Some(Guess { ended_at, words: Some(words), meaning: Some(meaning), .. }) = self.guess.take()
        else {
            return;
        };
        self.time(|timings| {
            timings.end_of_speech = Some(ended_at);
            timings.endpoint = timings.endpoint.or(Some(now));
            timings.transcript = Some(now);
        });
        let Transcript { text, confidence } = words;
        self.publish(Notice::Transcript { turn: self.current, text, confidence });
        self.phase = Phase::Understanding(None);
        self.understood(Ok(meaning), now);
    }

    /// Nothing can be said about what was heard so far; if that was all, it is transcribed as usual.
    fn give_up_guess(&mut self) {
        if let Some(Guess { ended: Some(speech), .. }) = self.guess.take() {
            self.effects.push(Effect::Transcribe { turn: self.current, speech });
        }
    }
}

fn shape(policy: &Policy, text: &str, meaning: &Interpretation) -> Shape {
    let last = text.split(|c: char| !c.is_alphanumeric()).rfind(|word| !word.is_empty());
    let dangling = last.is_some_and(|last| DANGLING.contains(&last.to_lowercase().as_str()));
    let lacks = |problem: &Option<Problem>| matches!(problem, Some(Problem::Missing { .. }));
    if dangling || meaning.candidates.iter().any(|candidate| lacks(&candidate.problem)) {
        return Shape::Unfinished;
    }
    let sound = |problem: &Option<Problem>| matches!(problem, None | Some(Problem::Implied));
    let sure =
        meaning.candidates.iter().all(|candidate| candidate.confidence >= SURE && sound(&candidate.problem));
    if meaning.candidates.is_empty() || meaning.left_over.is_some() || meaning.later || !sure {
        return Shape::Unclear;
    }
    let has_text = |command: &Command| {
        policy.catalogue().intent(&command.intent).is_some_and(|intent| {
            let free = |name: &String| {
                intent.slot(name).is_some_and(|slot| matches!(slot.kind, SlotKind::Text | SlotKind::Digits))
            };
            command.slots.keys().any(free)
        })
    };
    if meaning.candidates.last().is_some_and(|candidate| has_text(&candidate.command)) {
        Shape::OpenEnded
    } else {
        Shape::Whole
    }
}
