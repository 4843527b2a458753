//! What is said, and what comes after: the window for a follow-up, announcements, the microphone.

use std::time::Duration;

use super::announce::{Announcement, MAX_WAITING};
use super::effect::{Cause, Effect, Notice, Outcome, Rejection};
use super::event::{Engine, Priority};
use super::hearing::checked;
use super::{AfterSpeech, Machine, Phase, Speaking};
use crate::engine::EngineError;
use crate::reply;

/// Longest speech: time to begin, and a slow voice.
const SPEAKING: Duration = Duration::from_secs(8);
const SPEAKING_PER_CHAR: Duration = Duration::from_millis(120);

impl Machine {
    /// The turn's one reply. Its outcome is decided by now, whoever interrupts the speech.
    pub(super) fn reply(&mut self, text: String, outcome: Outcome, then: AfterSpeech, now: Duration) {
        if let Some(turn) = &mut self.turn {
            turn.outcome = Some(outcome);
        }
        self.publish(Notice::Reply { turn: self.current, text: text.clone() });
        self.last_reply.clone_from(&text);
        if self.may_speak().is_ok() && !text.is_empty() {
            self.say(text, Speaking::new(self.current, None, then), now);
        } else {
            self.after_speech(then, now);
        }
    }

    fn say(&mut self, text: String, speaking: Speaking, now: Duration) {
        let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let limit = SPEAKING + SPEAKING_PER_CHAR.saturating_mul(length);
        self.saying.clone_from(&text);
        self.effects.push(Effect::Say { turn: self.current, text });
        self.go(Phase::Speaking(speaking), now + limit);
    }

    pub(super) fn may_speak(&self) -> Result<(), Rejection> {
        let needed = [Engine::Synthesizer, Engine::Loudspeaker];
        match needed.into_iter().find(|engine| self.missing.contains(engine)) {
            Some(engine) => Err(Rejection::NotReady(engine)),
            None => Ok(()),
        }
    }

    /// Whether something can be said, now or after what waits. What is due is kept until then.
    pub(super) fn may_announce(&self) -> bool {
        self.may_speak().is_ok() && self.announcements.len() < MAX_WAITING
    }

    pub(super) fn speaking_started(&mut self, now: Duration) {
        let Phase::Speaking(speaking) = &mut self.phase else {
            return;
        };
        if speaking.audible {
            return;
        }
        speaking.audible = true;
        let turn = speaking.number;
        self.time(|timings| timings.first_audio = Some(now));
        self.publish(Notice::SpeakingStarted { turn });
        self.open_ears();
    }

    pub(super) fn spoken(&mut self, now: Duration) {
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Speaking(speaking) => {
                self.close_ears(&speaking);
                if speaking.audible {
                    self.publish(Notice::SpeakingEnded { turn: speaking.number });
                }
                self.after_speech(speaking.then, now);
            }
            other => self.phase = other,
        }
    }

    fn after_speech(&mut self, then: AfterSpeech, now: Duration) {
        self.phase = Phase::Idle;
        match then {
            AfterSpeech::Rest => self.rest(Outcome::Answered),
            AfterSpeech::Mute => {
                self.rest(Outcome::Done);
                self.set_muted(true);
            }
            AfterSpeech::FollowUp { question } => self.follow_up(question, now),
        }
    }

    /// Waits for an answer or a further order. After words given as text it comes as text.
    fn follow_up(&mut self, question: bool, now: Duration) {
        let by_voice = self.turn.as_ref().is_some_and(|turn| turn.cause != Cause::Text);
        self.last_zone = self.turn.as_ref().and_then(|turn| turn.zone);
        let listening = by_voice && self.may_listen().is_ok();
        let window = if question { self.settings.question } else { self.settings.follow_up };
        if window.is_zero() || !(listening || question) {
            return self.rest(Outcome::Answered);
        }
        self.stop(Outcome::Answered);
        if listening {
            self.effects.push(Effect::StartListening { turn: self.current, hold: false });
        }
        self.go(Phase::FollowUp { listening }, now + window);
    }

    pub(super) fn say_requested(&mut self, text: &str, priority: Priority) {
        let answer = self.may_speak().and_then(|()| checked(text)).and_then(|text| {
            let number = self.next_number();
            let taken = self.announcements.push(Announcement { number, text, priority });
            if taken { Ok(number) } else { Err(Rejection::Busy("too much is waiting to be said")) }
        });
        self.effects.push(Effect::Answer(answer));
    }

    /// Says what waits if this is the time for it: anything when idle; what is urgent also in place
    /// of other speech and of waiting for an answer.
    pub(super) fn say_what_waits(&mut self, now: Duration) {
        let least = match &self.phase {
            Phase::Idle => Priority::Low,
            Phase::FollowUp { .. } => Priority::Urgent,
            Phase::Speaking(speaking) if speaking.priority != Some(Priority::Urgent) => Priority::Urgent,
            Phase::Speaking(_)
            | Phase::Listening
            | Phase::Transcribing
            | Phase::Understanding(_)
            | Phase::Acting(_) => return,
        };
        let Some(Announcement { number, text, priority }) = self.announcements.pop(least) else {
            return;
        };
        self.rest(Outcome::Cancelled);
        let then = AfterSpeech::Rest;
        self.say(text, Speaking::new(number, Some(priority), then), now);
    }

    /// Switches the microphone. Published even if nothing changes: who asked waits for it.
    pub(super) fn set_muted(&mut self, muted: bool) {
        if self.muted != muted {
            self.muted = muted;
            if muted && matches!(self.phase, Phase::Listening | Phase::FollowUp { listening: true }) {
                self.rest(Outcome::Cancelled);
            }
            self.effects.push(Effect::SetMuted(muted));
        }
        self.publish(Notice::Muted(muted));
    }

    pub(super) fn engine_lost(&mut self, engine: Engine, now: Duration) {
        if !self.missing.insert(engine) {
            return;
        }
        self.publish_degraded();
        if self.may_speak().is_err() {
            self.announcements.clear();
        }
        let cannot_listen = self.may_listen().is_err();
        let gone = EngineError::model(&engine.to_string(), "gone");
        match (&self.phase, engine) {
            (Phase::Listening | Phase::FollowUp { listening: true }, _) if cannot_listen => {
                self.rest(Outcome::Failed)
            }
            (Phase::Transcribing, Engine::Transcriber)
            | (Phase::Understanding(None), Engine::Understander) => {
                self.failed(reply::engine_error(&gone), now);
            }
            (Phase::Speaking(_), Engine::Synthesizer | Engine::Loudspeaker) => self.spoken(now),
            // A call that is under way is answered by an error or by its deadline.
            _ => {}
        }
    }

    pub(super) fn engine_ready(&mut self, engine: Engine) {
        if self.missing.remove(&engine) {
            self.publish_degraded();
        }
    }

    fn publish_degraded(&mut self) {
        self.publish(Notice::Degraded(self.missing.iter().copied().collect()));
    }
}
