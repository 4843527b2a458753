//! The turn machine: one utterance, what becomes of it, and what is said. Pure: events and the time
//! go in, effects come out. Each state has a deadline, so silence always leads back to idle. Every
//! beginning and every end of a turn has a new number; results of another number change nothing.

mod announce;
mod barge_in;
mod dialogue;
mod effect;
mod event;
mod guess;
mod hearing;
mod kept;
mod own;
mod plan;
mod settings;
mod speaking;
mod state;
mod timers;
mod undo;
mod when;
mod working;

pub use announce::MAX_WAITING;
pub use dialogue::{Dialogue, Request};
pub use effect::{Cause, Chime, Effect, Notice, Outcome, Rejection, Timings};
pub use event::{Engine, Event, Priority, UnknownPriority, WallClock};
pub use plan::{Assessment, Surroundings, Verdict, assess, assess_in};
pub use settings::Settings;
pub use state::State;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::engine::TurnId;
use crate::interpretation::Interpretation;
use crate::policy::Policy;
use crate::reply;
use crate::zone::Zone;

use announce::{Announcement, Announcements};
use barge_in::Cut;
use guess::Guess;
use kept::Kept;
use plan::Plan;
use undo::Undo;

/// Longest text of a request, in characters: about a minute of speech.
pub const MAX_TEXT: usize = 1000;

/// The turn machine.
#[derive(Debug)]
pub struct Machine {
    policy: Policy,
    settings: Settings,
    dialogue: Dialogue,
    announcements: Announcements,
    kept: Kept,
    undo: Undo,
    missing: BTreeSet<Engine>,
    muted: bool,
    /// What the assistant said last.
    last_reply: String,
    /// What is being said, or was said last, by whomever.
    saying: String,
    /// What the speaker of this turn has interrupted.
    cut: Option<Cut>,
    /// Seat of the speaker of the last turn, who is the likely one to go on.
    last_zone: Option<Zone>,
    /// The largest number given out: to turns and to announcements.
    numbers: u64,
    /// The number that results must carry.
    current: TurnId,
    turn: Option<Turn>,
    /// What is thought ahead of the end of the utterance.
    guess: Option<Guess>,
    phase: Phase,
    until: Option<Duration>,
    effects: Vec<Effect>,
}

/// The turn under way.
#[derive(Debug)]
struct Turn {
    id: TurnId,
    cause: Cause,
    zone: Option<Zone>,
    hold: bool,
    timings: Timings,
    /// Known when the reply is.
    outcome: Option<Outcome>,
}

/// A state with its data.
#[derive(Debug)]
enum Phase {
    Idle,
    Listening,
    Transcribing,
    /// None while the words are being understood, then what the car is being read for.
    Understanding(Option<Interpretation>),
    Acting(Box<Plan>),
    Speaking(Speaking),
    /// Whether the microphone is open.
    FollowUp {
        listening: bool,
    },
}

/// What is being said.
#[derive(Debug)]
struct Speaking {
    /// Number under which it is made public: the turn, or the announcement's own.
    number: TurnId,
    priority: Option<Priority>,
    /// Whether sound has come.
    audible: bool,
    /// Whether someone who speaks meanwhile is heard.
    listening: bool,
    /// Whether it goes on behind an interruption, and is not interrupted for nothing again.
    resumed: bool,
    then: AfterSpeech,
}

impl Speaking {
    fn new(number: TurnId, priority: Option<Priority>, then: AfterSpeech) -> Self {
        Self { number, priority, audible: false, listening: false, resumed: false, then }
    }
}

/// What comes after something was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AfterSpeech {
    /// Nothing.
    Rest,
    /// An answer is waited for.
    FollowUp { question: bool },
    /// The microphone is switched off.
    Mute,
}

impl Machine {
    /// A machine at rest.
    #[must_use]
    pub fn new(policy: Policy, settings: Settings) -> Self {
        Self {
            policy,
            dialogue: Dialogue::new(settings.memory),
            settings,
            announcements: Announcements::default(),
            kept: Kept::default(),
            undo: Undo::default(),
            missing: BTreeSet::new(),
            muted: false,
            last_reply: String::new(),
            saying: String::new(),
            cut: None,
            last_zone: None,
            numbers: 0,
            current: TurnId(0),
            turn: None,
            guess: None,
            phase: Phase::Idle,
            until: None,
            effects: Vec::new(),
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Idle => State::Idle,
            Phase::Listening => State::Listening,
            Phase::Transcribing => State::Transcribing,
            Phase::Understanding(_) => State::Understanding,
            Phase::Acting(_) => State::Acting,
            Phase::Speaking(_) => State::Speaking,
            Phase::FollowUp { .. } => State::FollowUp,
        }
    }

    /// The number that results must carry to be heard.
    #[must_use]
    pub fn turn(&self) -> TurnId {
        self.current
    }

    /// When a [`Event::ClockRead`] is due; none when idle and nothing is kept that will be due.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.until.into_iter().chain(self.kept.next().filter(|_| self.may_announce())).min()
    }

    /// Whether the microphone is switched off.
    #[must_use]
    pub fn is_muted(&self) -> bool {
        self.muted
    }

    /// The conversation.
    #[must_use]
    pub fn dialogue(&self) -> &Dialogue {
        &self.dialogue
    }

    /// The policy by which it judges.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Judges by another policy from now on, as after the skills were read again. An open question
    /// stays and is judged by the new one; known telephone numbers stay known.
    pub fn set_policy(&mut self, mut policy: Policy) {
        policy.learn_from(&self.policy);
        self.policy = policy;
    }

    /// Announcements dropped because [`MAX_WAITING`] were waiting.
    #[must_use]
    pub fn announcements_dropped(&self) -> u64 {
        self.announcements.dropped()
    }

    /// Announcements that wait, at most [`MAX_WAITING`].
    #[must_use]
    pub fn announcements_waiting(&self) -> usize {
        self.announcements.len()
    }

    /// Takes one event at the time `now`, which never runs backwards, and returns what to do about
    /// it, in order.
    pub fn step(&mut self, event: Event, now: Duration) -> Vec<Effect> {
        if event.turn().is_some_and(|turn| turn != self.current) {
            return Vec::new();
        }
        let before = self.state();
        self.take(event, now);
        // Also without a tick, so that no flood of events keeps a state alive.
        self.tick(now);
        self.say_what_waits(now);
        self.effects.extend(self.kept.changes().into_iter().map(Effect::Remember));
        if self.state() != before {
            self.publish(Notice::State(self.state()));
        }
        std::mem::take(&mut self.effects)
    }

    fn take(&mut self, event: Event, now: Duration) {
        match event {
            Event::Pressed { zone, hold } => self.pressed(zone, hold, now),
            Event::Woken { zone } => self.woken(zone, now),
            Event::Asked { text, zone } => self.asked(&text, zone, now),
            Event::SayRequested { text, priority } => self.say_requested(&text, priority),
            Event::Cancelled => self.cancelled(),
            Event::MuteRequested(muted) => self.set_muted(muted),
            Event::VocabularySet { kind, phrases } => {
                let done = self.dialogue.set_vocabulary(kind, phrases);
                self.effects.push(Effect::Answer(done.map(|()| self.current)));
            }
            Event::Released { .. } => self.released(now),
            Event::SpeechStarted { .. } => self.speech_started(now),
            Event::SpeechPaused { speech, ended_at, .. } => self.speech_paused(speech, ended_at, now),
            Event::SpeechResumed { .. } => self.drop_guess(),
            Event::WordsGuessed { guess, result, .. } => self.words_guessed(guess, result, now),
            Event::MeaningGuessed { guess, result, .. } => self.meaning_guessed(guess, result, now),
            Event::SpeechEnded { speech, ended_at, .. } => self.speech_ended(speech, ended_at, now),
            Event::NoSpeech { .. } => self.no_speech(now),
            Event::PartlyTranscribed { turn, text } => {
                if matches!(self.phase, Phase::Listening | Phase::Transcribing) {
                    self.publish(Notice::PartialTranscript { turn, text });
                }
            }
            Event::Transcribed { result, .. } => self.transcribed(result, now),
            Event::Understood { result, .. } => self.understood(result, now),
            Event::CarRead { car, clock, .. } => self.car_read(car.ok().as_ref(), Some(&clock), now),
            Event::Acted { result, .. } => self.acted(&result, now),
            Event::SpeakingStarted { .. } => self.speaking_started(now),
            Event::Spoken { .. } => self.spoken(now),
            Event::Interrupted { turn, rest } => self.interrupted(turn, rest),
            Event::EngineLost(engine) => self.engine_lost(engine, now),
            Event::EngineReady(engine) => self.engine_ready(engine),
            Event::Remembered { notes, clock } => self.kept.remember(notes, &clock, now),
            Event::ClockRead(clock) => self.kept.see_clock(&clock, now),
            Event::Tick => {}
        }
    }

    /// The deadline has passed: goes on without what was waited for. What is kept may be due.
    fn tick(&mut self, now: Duration) {
        while self.may_announce()
            && let Some(text) = self.kept.take_due(now)
        {
            let number = self.next_number();
            self.announcements.push(Announcement { number, text, priority: Priority::Urgent });
        }
        if self.until.is_none_or(|until| now < until) {
            return;
        }
        match self.phase {
            Phase::Idle => self.until = None,
            Phase::Listening => self.no_speech(now),
            Phase::Transcribing | Phase::Understanding(None) => self.failed(reply::TOO_SLOW, now),
            Phase::Understanding(Some(_)) => self.car_read(None, None, now),
            Phase::Acting(_) => self.act_overdue(now),
            Phase::Speaking(_) => {
                self.effects.push(Effect::StopSpeaking);
                self.spoken(now);
            }
            Phase::FollowUp { .. } => self.rest(Outcome::Unclear),
        }
    }

    fn publish(&mut self, notice: Notice) {
        self.effects.push(Effect::Publish(notice));
    }

    fn go(&mut self, phase: Phase, until: Duration) {
        self.phase = phase;
        self.until = Some(until);
    }

    /// A number that no turn or announcement has had.
    fn next_number(&mut self) -> TurnId {
        self.numbers += 1;
        TurnId(self.numbers)
    }

    /// Results of everything before are stale from now on.
    fn supersede(&mut self) {
        self.current = self.next_number();
        self.effects.push(Effect::Supersede(self.current));
    }

    /// Stops whatever is going on; the turn, if there is one, ends, with `outcome` unless its reply
    /// was ready. An open question stays open; the caller decides on it.
    fn stop(&mut self, outcome: Outcome) {
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Listening | Phase::FollowUp { listening: true } => {
                self.effects.push(Effect::StopListening)
            }
            Phase::Speaking(speaking) => {
                self.effects.push(Effect::StopSpeaking);
                self.close_ears(&speaking);
                if speaking.audible {
                    self.publish(Notice::SpeakingEnded { turn: speaking.number });
                }
            }
            Phase::Idle
            | Phase::Transcribing
            | Phase::Understanding(_)
            | Phase::Acting(_)
            | Phase::FollowUp { listening: false } => {}
        }
        self.until = None;
        self.cut = None;
        self.drop_guess();
        self.end_turn(outcome);
        self.supersede();
    }

    /// Publishes the end of the turn, if there is one.
    fn end_turn(&mut self, outcome: Outcome) {
        if let Some(Turn { id, outcome: decided, timings, .. }) = self.turn.take() {
            self.publish(Notice::TurnEnded { turn: id, outcome: decided.unwrap_or(outcome), timings });
        }
    }

    /// Ends everything and rests. Idle holds no question.
    fn rest(&mut self, outcome: Outcome) {
        self.stop(outcome);
        self.dialogue.drop_question();
    }

    fn cancelled(&mut self) {
        self.announcements.clear();
        if !matches!(self.phase, Phase::Idle) {
            self.rest(Outcome::Cancelled);
            self.effects.push(Effect::Chime(Chime::Cancelled));
        }
    }
}

#[cfg(test)]
mod tests;
