//! From a press, a wake word or a text to words.

use std::time::Duration;

use super::effect::{Cause, Chime, Effect, Notice, Outcome, Rejection, Timings};
use super::event::Engine;
use super::{AfterSpeech, MAX_TEXT, Machine, Phase, Turn};
use crate::audio::Speech;
use crate::engine::{EngineError, Transcript};
use crate::reply;
use crate::zone::Zone;

/// Time for the microphone to give the utterance after the release of the button.
pub(super) const HAND_OVER: Duration = Duration::from_secs(2);
/// Longest transcription: a full utterance, decoded twice, on one busy core.
const TRANSCRIBING: Duration = Duration::from_secs(12);
/// Longest understanding: ten times the usual.
const UNDERSTANDING: Duration = Duration::from_secs(5);

impl Machine {
    pub(super) fn pressed(&mut self, zone: Option<Zone>, hold: bool, now: Duration) {
        if let Err(rejection) = self.may_listen() {
            self.effects.push(Effect::Answer(Err(rejection)));
            self.effects.push(Effect::Chime(Chime::Denied));
            return;
        }
        self.listen(Cause::Button, zone, hold, now);
        self.effects.insert(0, Effect::Answer(Ok(self.current)));
    }

    pub(super) fn woken(&mut self, zone: Option<Zone>, now: Duration) {
        if self.may_listen().is_ok() && !self.says_wake_word() {
            self.listen(Cause::Wake, zone, false, now);
        }
    }

    /// Whether the wake word may have come from the loudspeaker.
    fn says_wake_word(&self) -> bool {
        let word = self.settings.wake_word.to_lowercase();
        matches!(self.phase, Phase::Speaking(_))
            && !word.is_empty()
            && self.saying.to_lowercase().contains(&word)
    }

    /// Whether speech can be taken now.
    pub(super) fn may_listen(&self) -> Result<(), Rejection> {
        if self.muted {
            return Err(Rejection::Muted);
        }
        let needed = [Engine::Microphone, Engine::VoiceActivity, Engine::Transcriber, Engine::Understander];
        match needed.into_iter().find(|engine| self.missing.contains(engine)) {
            Some(engine) => Err(Rejection::NotReady(engine)),
            None => Ok(()),
        }
    }

    fn listen(&mut self, cause: Cause, zone: Option<Zone>, hold: bool, now: Duration) {
        self.interrupt();
        self.begin(cause, zone, hold);
        self.effects.push(Effect::Chime(Chime::Listening));
        self.effects.push(Effect::StartListening { turn: self.current, hold });
        let wait = if hold { self.settings.max_utterance } else { self.settings.no_speech };
        self.go(Phase::Listening, now + wait);
    }

    /// Makes room for a new turn. A question that was heard stays open; one that was not is dropped.
    fn interrupt(&mut self) {
        let unheard = match &self.phase {
            Phase::Acting(_) => true,
            Phase::Speaking(speaking) => !speaking.audible,
            Phase::Idle
            | Phase::Listening
            | Phase::Transcribing
            | Phase::Understanding(_)
            | Phase::FollowUp { .. } => false,
        };
        if unheard {
            self.dialogue.drop_question();
        }
        self.stop(Outcome::Cancelled);
        // Also where nothing of ours is playing: a wake word always brings silence.
        if !self.effects.contains(&Effect::StopSpeaking) {
            self.effects.push(Effect::StopSpeaking);
        }
    }

    /// Begins a turn under the current number.
    pub(super) fn begin(&mut self, cause: Cause, zone: Option<Zone>, hold: bool) {
        let id = self.current;
        self.turn = Some(Turn { id, cause, zone, hold, timings: Timings::default(), outcome: None });
        self.publish(Notice::TurnStarted { turn: id, cause, zone });
    }

    pub(super) fn released(&mut self, now: Duration) {
        let hold = self.turn.as_ref().is_some_and(|turn| turn.hold);
        if hold && matches!(self.phase, Phase::Listening) {
            self.effects.push(Effect::EndUtterance { turn: self.current });
            self.until = Some(now + HAND_OVER);
        }
    }

    pub(super) fn speech_started(&mut self, now: Duration) {
        self.barge_in(now);
        if let Phase::FollowUp { listening: true } = self.phase {
            let zone = self.last_zone;
            self.begin(Cause::FollowUp, zone, false);
            self.phase = Phase::Listening;
        }
        if matches!(self.phase, Phase::Listening) {
            self.until = Some(now + self.settings.max_utterance + HAND_OVER);
        }
    }

    pub(super) fn speech_ended(&mut self, speech: Speech, ended_at: Duration, now: Duration) {
        // The beginning may have been too short to be told.
        self.speech_started(now);
        if !matches!(self.phase, Phase::Listening) {
            return;
        }
        if speech.is_empty() {
            return self.no_speech(now);
        }
        self.time(|timings| {
            timings.end_of_speech = Some(ended_at);
            timings.endpoint = Some(now);
        });
        if self.guessed(&speech, now) {
            if matches!(self.phase, Phase::Listening) {
                self.go(Phase::Transcribing, now + TRANSCRIBING);
            }
            return;
        }
        self.effects.push(Effect::Transcribe { turn: self.current, speech });
        self.go(Phase::Transcribing, now + TRANSCRIBING);
    }

    /// Nobody spoke: back to rest, with a sound if someone had asked to be heard.
    pub(super) fn no_speech(&mut self, now: Duration) {
        match self.phase {
            Phase::Speaking(_) => self.open_ears(),
            Phase::Listening => {
                if self.resume(now) {
                    return;
                }
                self.rest(Outcome::Unclear);
                self.effects.push(Effect::Chime(Chime::Cancelled));
            }
            Phase::FollowUp { listening: true } => self.rest(Outcome::Unclear),
            Phase::Idle
            | Phase::Transcribing
            | Phase::Understanding(_)
            | Phase::Acting(_)
            | Phase::FollowUp { listening: false } => {}
        }
    }

    pub(super) fn transcribed(&mut self, result: Result<Transcript, EngineError>, now: Duration) {
        if !matches!(self.phase, Phase::Transcribing) {
            return;
        }
        match result {
            Ok(transcript) if self.says_nothing(&transcript) => {
                if !self.resume(now) {
                    self.nothing_for_us(reply::NOT_HEARD, now);
                }
            }
            Ok(transcript) => match self.without_wake_word(transcript) {
                // The word alone, with the order still to come.
                rest if rest.text.is_empty() => self.listen_on(now),
                rest => self.understand(rest, now),
            },
            Err(error) => self.engine_failed(&error, now),
        }
    }

    /// Whether the wake word can be heard in front of the order: it began the turn, or was said although it
    /// was not needed.
    fn may_be_called(&self) -> bool {
        self.turn.as_ref().is_some_and(|turn| matches!(turn.cause, Cause::Wake | Cause::FollowUp))
    }

    pub(super) fn without_wake_word(&self, transcript: Transcript) -> Transcript {
        match behind_wake_word(&transcript.text, &self.settings.wake_word) {
            Some(text) if self.may_be_called() => Transcript { text: text.to_owned(), ..transcript },
            _ => transcript,
        }
    }

    /// Waits for the order of the turn under way.
    fn listen_on(&mut self, now: Duration) {
        self.effects.push(Effect::StartListening { turn: self.current, hold: false });
        self.go(Phase::Listening, now + self.settings.no_speech);
    }

    pub(super) fn asked(&mut self, text: &str, zone: Option<Zone>, now: Duration) {
        match self.may_ask(text) {
            Err(rejection) => self.effects.push(Effect::Answer(Err(rejection))),
            Ok(text) => {
                self.interrupt();
                self.begin(Cause::Text, zone, false);
                self.understand(Transcript { text, confidence: 1.0 }, now);
                self.effects.insert(0, Effect::Answer(Ok(self.current)));
            }
        }
    }

    fn may_ask(&self, text: &str) -> Result<String, Rejection> {
        if self.missing.contains(&Engine::Understander) {
            return Err(Rejection::NotReady(Engine::Understander));
        }
        match self.phase {
            Phase::Idle | Phase::Speaking(_) | Phase::FollowUp { .. } => checked(text),
            Phase::Listening | Phase::Transcribing | Phase::Understanding(_) | Phase::Acting(_) => {
                Err(Rejection::Busy("a turn is under way; cancel it or wait for TurnEnded"))
            }
        }
    }

    fn understand(&mut self, transcript: Transcript, now: Duration) {
        let turn = self.current;
        let Transcript { text, confidence } = transcript;
        self.time(|timings| timings.transcript = Some(now));
        self.publish(Notice::Transcript { turn, text: text.clone(), confidence });
        self.effects.push(Effect::Understand { turn, text, context: self.dialogue.context(now) });
        self.go(Phase::Understanding(None), now + UNDERSTANDING);
    }

    /// What was heard was no order. In the window after a reply it was likely not meant for us, so
    /// nothing is said; else the speaker is told.
    pub(super) fn nothing_for_us(&mut self, text: &str, now: Duration) {
        let follow_up = self.turn.as_ref().is_some_and(|turn| turn.cause == Cause::FollowUp);
        let question = self.dialogue.pending().is_some();
        if follow_up && !question {
            return self.rest(Outcome::Unclear);
        }
        self.reply(text.to_owned(), Outcome::Unclear, AfterSpeech::FollowUp { question }, now);
    }

    pub(super) fn engine_failed(&mut self, error: &EngineError, now: Duration) {
        match reply::engine_error(error) {
            "" => self.rest(Outcome::Cancelled),
            text => self.failed(text, now),
        }
    }

    pub(super) fn failed(&mut self, text: &str, now: Duration) {
        let question = self.dialogue.pending().is_some();
        self.reply(text.to_owned(), Outcome::Failed, AfterSpeech::FollowUp { question }, now);
    }

    pub(super) fn time(&mut self, note: impl FnOnce(&mut Timings)) {
        if let Some(turn) = &mut self.turn {
            note(&mut turn.timings);
        }
    }
}

/// What is said behind a wake word, nothing if that is all; none if the text does not begin with it.
fn behind_wake_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let plain = |c: char| !c.is_alphanumeric();
    let text = text.trim_start_matches(plain);
    let (first, rest) = text.split_at_checked(word.len()).filter(|_| !word.is_empty())?;
    let ends = rest.is_empty() || rest.starts_with(plain);
    (ends && first.eq_ignore_ascii_case(word)).then(|| rest.trim_start_matches(plain))
}

/// Text of a request on one line, if it is sane.
pub(super) fn checked(text: &str) -> Result<String, Rejection> {
    let length = text.chars().count();
    if length > MAX_TEXT {
        return Err(Rejection::InvalidArgument(format!("{length} characters; at most {MAX_TEXT} are taken")));
    }
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err(Rejection::InvalidArgument("there are no words in the text".to_owned()));
    }
    Ok(words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::behind_wake_word;

    #[test]
    fn a_wake_word_is_taken_from_the_front() {
        for (text, expected) in [
            ("Computer, turn on the fan.", Some("turn on the fan.")),
            ("... computer turn it off", Some("turn it off")),
            ("Computer.", Some("")),
            ("Computers are fast", None),
            ("Turn on the computer", None),
            ("Comp\u{fc}ter", None),
            ("", None),
        ] {
            assert_eq!(behind_wake_word(text, "computer"), expected, "{text}");
        }
        assert_eq!(behind_wake_word("Turn it off", ""), None);
    }
}
