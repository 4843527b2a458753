//! Everything the turn machine may ask for, and what it makes public.

use std::fmt;
use std::time::Duration;

use super::State;
use super::event::Engine;
use crate::audio::Speech;
use crate::command::Command;
use crate::engine::{Context, TurnId};
use crate::memory::Change;
use crate::policy::Approved;
use crate::zone::Zone;

/// Something to be done by the edges, in the order given.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The answer to the request that this step began with.
    Answer(Result<TurnId, Rejection>),
    /// From now on this is the turn; work for any other is cancelled.
    Supersede(TurnId),
    /// Listen for an utterance: then [`super::Event::SpeechStarted`] and
    /// [`super::Event::SpeechEnded`], or [`super::Event::NoSpeech`].
    StartListening {
        /// The turn it is for.
        turn: TurnId,
        /// Whether the end is told by [`Effect::EndUtterance`] rather than by silence.
        hold: bool,
    },
    /// What is being heard belongs to this turn from now on.
    KeepListening {
        /// The turn.
        turn: TurnId,
    },
    /// The speaker has finished: give the utterance now.
    EndUtterance {
        /// The turn.
        turn: TurnId,
    },
    /// Stop listening; what was heard is dropped.
    StopListening,
    /// End the utterance when it has been silent for so long, instead of after the usual time. Only until
    /// the speech goes on.
    EndAfter {
        /// The turn.
        turn: TurnId,
        /// Silence since the last word.
        silence: Duration,
    },
    /// Turn speech that may be all into text: then [`super::Event::WordsGuessed`]. It takes the place of an
    /// earlier guess.
    GuessWords {
        /// The turn.
        turn: TurnId,
        /// Number of the guess.
        guess: TurnId,
        /// The utterance so far.
        speech: Speech,
    },
    /// Turn such text into meaning: then [`super::Event::MeaningGuessed`].
    GuessMeaning {
        /// The turn.
        turn: TurnId,
        /// Number of the guess.
        guess: TurnId,
        /// The words.
        text: String,
        /// The conversation so far.
        context: Context,
    },
    /// The guess is void; work on it is cancelled.
    DropGuess,
    /// Turn speech into text: then [`super::Event::Transcribed`].
    Transcribe {
        /// The turn.
        turn: TurnId,
        /// The utterance.
        speech: Speech,
    },
    /// Turn text into meaning: then [`super::Event::Understood`].
    Understand {
        /// The turn.
        turn: TurnId,
        /// The words.
        text: String,
        /// The conversation so far.
        context: Context,
    },
    /// Read the state of the car: then [`super::Event::CarRead`].
    ReadCar {
        /// The turn.
        turn: TurnId,
    },
    /// Carry out one command: then [`super::Event::Acted`]. There is never more than one at a time.
    Act {
        /// The turn.
        turn: TurnId,
        /// The command.
        approved: Approved,
    },
    /// Speak: then [`super::Event::SpeakingStarted`] and [`super::Event::Spoken`].
    Say {
        /// The turn.
        turn: TurnId,
        /// The words.
        text: String,
    },
    /// Silence the loudspeaker at once and drop what was to be spoken.
    StopSpeaking,
    /// Play a short sound.
    Chime(Chime),
    /// Close the capture stream (true) or open it.
    SetMuted(bool),
    /// Change what is kept. There is no answer; [`super::Event::EngineLost`] tells that it cannot be.
    Remember(Change),
    /// Make something public on the bus.
    Publish(Notice),
}

/// Short sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chime {
    /// The assistant listens.
    Listening,
    /// The turn was cancelled, or nothing was heard.
    Cancelled,
    /// The assistant cannot listen.
    Denied,
}

/// Why a request was not taken. The names are those of the D-Bus errors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A turn is under way, or the queue is full.
    #[error("busy: {0}")]
    Busy(&'static str),
    /// The microphone is off.
    #[error("the microphone is muted; unmute it first")]
    Muted,
    /// The request makes no sense.
    #[error("{0}")]
    InvalidArgument(String),
    /// An engine that this needs is missing.
    #[error("the {0} is not available; `carvoice doctor` tells why")]
    NotReady(Engine),
}

/// What began a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A wake word.
    Wake,
    /// Push-to-talk.
    Button,
    /// Speech in the window after a reply.
    FollowUp,
    /// Words given as text.
    Text,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wake => "wake",
            Self::Button => "button",
            Self::FollowUp => "follow-up",
            Self::Text => "text",
        })
    }
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything that was asked for was done.
    Done,
    /// Something was said, nothing was changed.
    Answered,
    /// The policy or the car refused.
    Refused,
    /// It was not understood well enough to act.
    Unclear,
    /// Someone stopped it.
    Cancelled,
    /// Something did not work.
    Failed,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Unclear => "unclear",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        })
    }
}

/// What becomes public: the signals and changed properties of `org.carvoice.Assistant1`.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// Property `State`.
    State(State),
    /// Property `Muted`.
    Muted(bool),
    /// Property `Degraded`: the engines that are missing.
    Degraded(Vec<Engine>),
    /// A turn began.
    TurnStarted {
        /// The turn.
        turn: TurnId,
        /// What began it.
        cause: Cause,
        /// Seat of the speaker, if known.
        zone: Option<Zone>,
    },
    /// Words so far.
    PartialTranscript {
        /// The turn.
        turn: TurnId,
        /// The words.
        text: String,
    },
    /// What was said.
    Transcript {
        /// The turn.
        turn: TurnId,
        /// The words.
        text: String,
        /// 0.0..=1.0; 1 for words given as text.
        confidence: f64,
    },
    /// The policy approved this command and it is being carried out.
    Command {
        /// The turn.
        turn: TurnId,
        /// The command, all slots resolved.
        command: Command,
        /// 0.0..=1.0; that of the command it serves where the policy added it.
        confidence: f64,
    },
    /// What became of it.
    CommandResult {
        /// The turn.
        turn: TurnId,
        /// Its intent.
        intent: String,
        /// Why it was not done; none if it was.
        error: Option<String>,
    },
    /// What the assistant answers, whether or not it can be heard.
    Reply {
        /// The turn.
        turn: TurnId,
        /// The words.
        text: String,
    },
    /// The first sound of a reply, or of what another service wanted said.
    SpeakingStarted {
        /// The turn, or the number that the request was answered with.
        turn: TurnId,
    },
    /// The end of it, or its interruption.
    SpeakingEnded {
        /// As in [`Notice::SpeakingStarted`].
        turn: TurnId,
    },
    /// A turn ended.
    TurnEnded {
        /// The turn.
        turn: TurnId,
        /// How.
        outcome: Outcome,
        /// How long its parts took.
        timings: Timings,
    },
}

/// Moments of a turn, on the clock of `now`. Absent ones did not happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// The last word ended.
    pub end_of_speech: Option<Duration>,
    /// The end of the utterance was decided.
    pub endpoint: Option<Duration>,
    /// The words were there.
    pub transcript: Option<Duration>,
    /// The first command was sent.
    pub command: Option<Duration>,
    /// The last command was answered.
    pub ack: Option<Duration>,
    /// The first sound of the reply was played.
    pub first_audio: Option<Duration>,
}

impl Timings {
    /// The delays between them in milliseconds, under the names of the replay summary; those that
    /// did not happen are left out.
    pub fn delays(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let between = |name, from: Option<Duration>, to: Option<Duration>| {
            Some((name, to?.checked_sub(from?)?.as_secs_f64() * 1000.0))
        };
        [
            between("end_of_speech_to_endpoint", self.end_of_speech, self.endpoint),
            between("endpoint_to_transcript", self.endpoint, self.transcript),
            between("transcript_to_command", self.transcript, self.command),
            between("command_to_ack", self.command, self.ack),
            between("ack_to_first_audio", self.ack, self.first_audio),
            between("end_of_speech_to_action", self.end_of_speech, self.command),
            between("end_of_speech_to_first_audio", self.end_of_speech, self.first_audio),
        ]
        .into_iter()
        .flatten()
    }
}
