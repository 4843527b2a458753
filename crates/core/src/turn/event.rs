//! Everything that can happen to the turn machine.

use std::fmt;
use std::time::Duration;

use crate::audio::Speech;
use crate::car::CarState;
use crate::engine::{ActError, Acted, EngineError, Transcript, TurnId};
use crate::interpretation::Interpretation;
use crate::memory::{LocalTime, Note};
use crate::zone::Zone;

/// Something that happened. Those with a turn are results; one of a turn that is over changes nothing.
/// Requests (`Pressed`, `Asked`, `SayRequested`, `VocabularySet`) are each answered by one
/// [`super::Effect::Answer`], the first effect of the step.
#[derive(Debug)]
pub enum Event {
    /// Push-to-talk was pressed, or its bus method called.
    Pressed {
        /// Seat of the speaker, if known.
        zone: Option<Zone>,
        /// Whether the utterance ends with the release of the button rather than with silence.
        hold: bool,
    },
    /// Push-to-talk was released: the utterance of a turn with `hold` ends now.
    Released {
        /// Turn that the press began.
        turn: TurnId,
    },
    /// A wake word was heard.
    Woken {
        /// Seat of the speaker, if known.
        zone: Option<Zone>,
    },
    /// Words came as text.
    Asked {
        /// The words.
        text: String,
        /// Seat of the speaker, if known.
        zone: Option<Zone>,
    },
    /// Another service wants something said.
    SayRequested {
        /// The words.
        text: String,
        /// How urgent.
        priority: Priority,
    },
    /// Someone wants everything to stop.
    Cancelled,
    /// The microphone was switched off or on.
    MuteRequested(bool),
    /// A service gave phrases of a kind (contacts, places, stations); they replace earlier ones.
    VocabularySet {
        /// Kind of phrase.
        kind: String,
        /// The phrases.
        phrases: Vec<String>,
    },
    /// Someone began to speak.
    SpeechStarted {
        /// Turn of the [`super::Effect::StartListening`].
        turn: TurnId,
    },
    /// A short silence: the utterance may be over.
    SpeechPaused {
        /// Turn of the [`super::Effect::StartListening`].
        turn: TurnId,
        /// The utterance so far.
        speech: Speech,
        /// When the last word ended, on the clock of `now`.
        ended_at: Duration,
    },
    /// Behind a pause the speech goes on.
    SpeechResumed {
        /// Turn of the [`super::Effect::StartListening`].
        turn: TurnId,
    },
    /// The words of an utterance that may be over.
    WordsGuessed {
        /// Turn of the [`super::Effect::GuessWords`].
        turn: TurnId,
        /// Number of the guess.
        guess: TurnId,
        /// The words.
        result: Result<Transcript, EngineError>,
    },
    /// The meaning of an utterance that may be over.
    MeaningGuessed {
        /// Turn of the [`super::Effect::GuessMeaning`].
        turn: TurnId,
        /// Number of the guess.
        guess: TurnId,
        /// The meaning.
        result: Result<Interpretation, EngineError>,
    },
    /// The utterance is complete.
    SpeechEnded {
        /// Turn of the [`super::Effect::StartListening`].
        turn: TurnId,
        /// The utterance.
        speech: Speech,
        /// When the last word ended, on the clock of `now`.
        ended_at: Duration,
    },
    /// Listening ended without speech.
    NoSpeech {
        /// Turn of the [`super::Effect::StartListening`].
        turn: TurnId,
    },
    /// Words so far.
    PartlyTranscribed {
        /// Turn of the speech.
        turn: TurnId,
        /// The words, which may still change.
        text: String,
    },
    /// Speech became text, or not.
    Transcribed {
        /// Turn of the [`super::Effect::Transcribe`].
        turn: TurnId,
        /// The words.
        result: Result<Transcript, EngineError>,
    },
    /// Text became meaning, or not.
    Understood {
        /// Turn of the [`super::Effect::Understand`].
        turn: TurnId,
        /// The meaning.
        result: Result<Interpretation, EngineError>,
    },
    /// The state of the car was read, or not.
    CarRead {
        /// Turn of the [`super::Effect::ReadCar`].
        turn: TurnId,
        /// State of the car.
        car: Result<CarState, ActError>,
        /// Local date and time.
        clock: WallClock,
    },
    /// A command was carried out, or not.
    Acted {
        /// Turn of the [`super::Effect::Act`].
        turn: TurnId,
        /// What the call gave back.
        result: Result<Acted, ActError>,
    },
    /// The first sound of a text left the loudspeaker.
    SpeakingStarted {
        /// Turn of the [`super::Effect::Say`].
        turn: TurnId,
    },
    /// A text was spoken to its end, or could not be.
    Spoken {
        /// Turn of the [`super::Effect::Say`].
        turn: TurnId,
        /// Whether it was.
        result: Result<(), EngineError>,
    },
    /// Speech was stopped while it could be heard.
    Interrupted {
        /// Turn of the [`super::Effect::Say`], which is over by now.
        turn: TurnId,
        /// The text from the beginning of the sentence that was cut.
        rest: String,
    },
    /// An engine is missing or broken; carvoice goes on without it.
    EngineLost(Engine),
    /// An engine works (again).
    EngineReady(Engine),
    /// What was kept was read, at the start or because another program changed it. It takes the place of
    /// what the machine holds.
    Remembered {
        /// All of it.
        notes: Vec<Note>,
        /// Local date and time.
        clock: WallClock,
    },
    /// Time passed, and this is the time: as [`Event::Tick`].
    ClockRead(WallClock),
    /// Time passed. To be sent when [`super::Machine::deadline`] is reached; harmless at any time.
    Tick,
}

impl Event {
    /// The turn this is a result of.
    #[must_use]
    pub fn turn(&self) -> Option<TurnId> {
        match self {
            Self::Released { turn }
            | Self::SpeechStarted { turn }
            | Self::SpeechPaused { turn, .. }
            | Self::SpeechResumed { turn }
            | Self::WordsGuessed { turn, .. }
            | Self::MeaningGuessed { turn, .. }
            | Self::SpeechEnded { turn, .. }
            | Self::NoSpeech { turn }
            | Self::PartlyTranscribed { turn, .. }
            | Self::Transcribed { turn, .. }
            | Self::Understood { turn, .. }
            | Self::CarRead { turn, .. }
            | Self::Acted { turn, .. }
            | Self::SpeakingStarted { turn }
            | Self::Spoken { turn, .. } => Some(*turn),
            Self::Pressed { .. }
            | Self::Woken { .. }
            | Self::Asked { .. }
            | Self::SayRequested { .. }
            | Self::Cancelled
            | Self::MuteRequested(_)
            | Self::VocabularySet { .. }
            | Self::Interrupted { .. }
            | Self::EngineLost(_)
            | Self::EngineReady(_)
            | Self::Remembered { .. }
            | Self::ClockRead(_)
            | Self::Tick => None,
        }
    }
}

/// Urgency of what another service wants said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Waits until nothing else is to be said.
    Low,
    /// Waits until the assistant is idle.
    #[default]
    Normal,
    /// Interrupts whatever is being said, but never a speaker.
    Urgent,
}

impl std::str::FromStr for Priority {
    type Err = UnknownPriority;

    fn from_str(word: &str) -> Result<Self, UnknownPriority> {
        match word {
            "low" => Ok(Self::Low),
            "normal" => Ok(Self::Normal),
            "urgent" => Ok(Self::Urgent),
            _ => Err(UnknownPriority(word.to_owned())),
        }
    }
}

/// A word that names no priority.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no priority {0:?}; expected low, normal or urgent")]
pub struct UnknownPriority(pub String);

/// A part that carvoice can go on without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Engine {
    /// Capture of sound.
    Microphone,
    /// Playback of sound.
    Loudspeaker,
    /// Voice activity detection and endpointing.
    VoiceActivity,
    /// The wake word.
    WakeWord,
    /// Speech to text.
    Transcriber,
    /// Text to commands.
    Understander,
    /// The small language model; without it the sentence templates work alone.
    LanguageModel,
    /// Text to speech.
    Synthesizer,
    /// Calls to the car.
    Actuator,
    /// What is kept beyond the end of the program; without it, it is kept until then.
    Memory,
    /// The newest set of models, which was refused; the one before it may be in use.
    Models,
}

impl fmt::Display for Engine {
    /// The name in the D-Bus property `Degraded`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Microphone => "microphone",
            Self::Loudspeaker => "loudspeaker",
            Self::VoiceActivity => "voice-activity",
            Self::WakeWord => "wake-word",
            Self::Transcriber => "transcriber",
            Self::Understander => "understander",
            Self::LanguageModel => "language-model",
            Self::Synthesizer => "synthesizer",
            Self::Actuator => "actuator",
            Self::Memory => "memory",
            Self::Models => "models",
        })
    }
}

/// Local date and time, read by the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallClock {
    /// Year, e.g. 2025.
    pub year: i32,
    /// Month, 1..=12.
    pub month: u8,
    /// Day of the month, 1..=31.
    pub day: u8,
    /// Day of the week, 0 is Sunday.
    pub weekday: u8,
    /// Hour, 0..=23.
    pub hour: u8,
    /// Minute, 0..=59.
    pub minute: u8,
    /// Second, 0..=60.
    pub second: u8,
}

impl WallClock {
    /// The same to reckon with.
    #[must_use]
    pub fn local(&self) -> LocalTime {
        let [hour, minute, second] = [self.hour, self.minute, self.second].map(i64::from);
        LocalTime::midnight(self.year, self.month, self.day).plus((hour * 60 + minute) * 60 + second)
    }
}
