//! The seams: what the pipeline needs of each engine. All traits are synchronous and object-safe;
//! one thread owns one engine. Time is passed in, never read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::audio::Speech;
use crate::car::CarState;
use crate::command::{Command, Slots};
use crate::interpretation::Interpretation;
use crate::memory::{Change, Note};

/// Number of a turn. A larger number supersedes every smaller one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TurnId(pub u64);

/// Tells a worker that its turn is over. Workers look at it between steps.
#[derive(Clone, Debug)]
pub struct Cancel {
    turn: u64,
    current: Arc<AtomicU64>,
}

impl Cancel {
    /// The token of `turn`, cancelled as soon as `current` holds another number.
    #[must_use]
    pub fn new(turn: TurnId, current: Arc<AtomicU64>) -> Self {
        Self { turn: turn.0, current }
    }

    /// A token that is never cancelled, for work outside a turn.
    #[must_use]
    pub fn never() -> Self {
        Self { turn: 0, current: Arc::new(AtomicU64::new(0)) }
    }

    /// True when a newer turn has begun.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.current.load(Ordering::Acquire) != self.turn
    }

    /// [`EngineError::Cancelled`] when a newer turn has begun.
    ///
    /// # Errors
    /// Only [`EngineError::Cancelled`].
    pub fn check(&self) -> Result<(), EngineError> {
        if self.is_cancelled() { Err(EngineError::Cancelled) } else { Ok(()) }
    }
}

/// Why an engine gave no result.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A newer turn has begun; drop the result.
    #[error("superseded by a newer turn")]
    Cancelled,
    /// A model file is missing, altered or of the wrong kind. The remedy is in the text.
    #[error("model {name}: {reason}; run `carvoice models fetch`")]
    Model {
        /// Name in `models/manifest.toml`.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The engine failed on this input; it may be used again.
    #[error("{0}")]
    Failed(String),
}

impl EngineError {
    /// [`EngineError::Model`] in one call.
    pub fn model(name: &str, reason: impl std::fmt::Display) -> Self {
        Self::Model { name: name.to_owned(), reason: reason.to_string() }
    }

    /// [`EngineError::Failed`] in one call.
    pub fn failed(reason: impl std::fmt::Display) -> Self {
        Self::Failed(reason.to_string())
    }
}

/// Why audio did not flow. Each variant is one remedy.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// Another program holds the device: retry later.
    #[error("the audio device {0} is in use by another program; close it or choose another device")]
    Busy(String),
    /// The device or the sound server went away: rebuild the stream.
    #[error("the audio device {0} is gone; plug it in or choose another device")]
    Gone(String),
    /// The format cannot be handled: choose another.
    #[error("{0}")]
    Unsupported(String),
    /// The sound system refused: see the text.
    #[error("{0}")]
    Backend(String),
}

/// Why a call to the car did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// Nobody owns the service's name, or it left the bus.
    #[error("{service} is not on the bus, or left before it answered; start it")]
    Unavailable {
        /// The bus name that was called.
        service: String,
    },
    /// The service understood and refused; its reason.
    #[error("the car refused: {0}")]
    Rejected(String),
    /// No answer in time. Whether it was done is unknown.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// Anything else, e.g. a method that does not exist.
    #[error("{0}")]
    Failed(String),
}

/// Where sound comes from: a microphone or a file in its place.
pub trait AudioSource: Send {
    /// Fills `out` from the start with mono samples at [`crate::audio::SAMPLE_RATE`] and returns how
    /// many; waits at most `wait` for the first. `Ok(0)` is silence from the device so far, not an end.
    ///
    /// # Errors
    /// [`AudioError::Gone`] at the end of a file or when the device left.
    fn read(&mut self, out: &mut [f32], wait: Duration) -> Result<usize, AudioError>;
}

/// Where sound goes: a loudspeaker or a file.
pub trait AudioSink: Send {
    /// Mono samples per second that [`AudioSink::write`] takes.
    fn sample_rate(&self) -> u32;
    /// Queues samples; waits while the queue is full.
    ///
    /// # Errors
    /// When the device left.
    fn write(&mut self, samples: &[f32]) -> Result<(), AudioError>;
    /// Drops what is queued; silence within one device period.
    fn stop(&mut self);
    /// Sound still to be played.
    fn queued(&self) -> Duration;
}

/// Hears a wake word in a stream.
pub trait WakeWord: Send {
    /// Takes the next samples (any number) and returns the name of a wake word that ended in them.
    ///
    /// # Errors
    /// When the model fails.
    fn push(&mut self, samples: &[f32]) -> Result<Option<String>, EngineError>;
    /// Forgets what was heard.
    fn reset(&mut self);
}

/// Tells speech from everything else, frame by frame.
pub trait VoiceActivity: Send {
    /// Samples per frame that [`VoiceActivity::push`] expects.
    fn frame(&self) -> usize;
    /// Probability of speech in the next frame, 0.0..=1.0.
    ///
    /// # Errors
    /// When the frame has another length or the model fails.
    fn push(&mut self, frame: &[f32]) -> Result<f32, EngineError>;
    /// Forgets the stream so far.
    fn reset(&mut self);
}

/// What was said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// The words; empty when there was no speech.
    pub text: String,
    /// Geometric mean of the token probabilities, 0.0..=1.0.
    pub confidence: f64,
}

/// Speech to text.
pub trait Transcriber: Send {
    /// Text of one utterance of 0 s to 30 s; longer speech is an error.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] when a newer turn began.
    fn transcribe(&mut self, speech: &Speech, cancel: &Cancel) -> Result<Transcript, EngineError>;
}

/// What the conversation adds to the words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    /// Commands of the last turns, newest last.
    pub recent: Vec<Command>,
    /// A question that waits for an answer: the command to be confirmed or completed, with the slot asked for.
    pub pending: Option<Pending>,
    /// Phrases by kind (contacts, places, stations) given by other services.
    pub vocabulary: std::collections::BTreeMap<String, Vec<String>>,
}

/// A question the assistant asked and what it was about.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// The command asked about.
    pub command: Command,
    /// The slot whose value was asked for; none for a yes-or-no question.
    pub slot: Option<String>,
}

/// Words to commands.
pub trait Understander: Send {
    /// Meaning of one utterance. Never fails on account of the words: what is not understood is an
    /// empty [`Interpretation`].
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] when a newer turn began.
    fn understand(
        &mut self,
        text: &str,
        context: &Context,
        cancel: &Cancel,
    ) -> Result<Interpretation, EngineError>;

    /// Whether it works without its language model, on sentence templates alone.
    fn lacks_model(&self) -> bool {
        false
    }
}

/// Text to speech, pushed out chunk by chunk.
pub trait Synthesizer: Send {
    /// Mono samples per second of what it makes.
    fn sample_rate(&self) -> u32;
    /// Calls `out` with each chunk as soon as it is ready. Text without a word to say gives no chunk.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] when a newer turn began.
    fn synthesize(
        &mut self,
        text: &str,
        cancel: &Cancel,
        out: &mut dyn FnMut(&[f32]),
    ) -> Result<(), EngineError>;
}

/// What a call gave back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Acted {
    /// Values for the reply, e.g. `result` of a query or the values after the change.
    pub values: Slots,
    /// The commands, in the order of doing, that bring back what the car was like before. Empty where
    /// nothing was changed, nothing can bring it back, or it is not known.
    pub undo: Vec<Command>,
}

/// Why something could not be kept. Each variant is one remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// There is no room.
    #[error("there is no room for {0}; make some on its disk")]
    Full(String),
    /// It must not be written.
    #[error("{0} cannot be written; give the user of the service the right to, or set memory.path")]
    Denied(String),
    /// It is no file of ours, or a broken one.
    #[error("{0} is damaged; carvoice moves it aside when it starts")]
    Damaged(String),
    /// A later version has written it.
    #[error("{0} was written by a later version of carvoice; update carvoice or move the file away")]
    Later(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// Keeps what the driver asked to keep, beyond the end of the program.
pub trait Memory: Send {
    /// Everything that is kept.
    ///
    /// # Errors
    /// See [`MemoryError`].
    fn load(&mut self) -> Result<Vec<Note>, MemoryError>;
    /// Keeps or forgets. A note that is kept already is kept once; one that is not there is forgotten.
    ///
    /// # Errors
    /// See [`MemoryError`]; nothing was changed then.
    fn change(&mut self, change: &Change) -> Result<(), MemoryError>;
    /// Whether another program has changed it since the last call or [`Memory::load`].
    ///
    /// # Errors
    /// See [`MemoryError`].
    fn was_changed(&mut self) -> Result<bool, MemoryError>;
}

/// Does what the policy has approved.
pub trait Actuator: Send {
    /// Carries out one approved command and waits for the answer, at most as long as the command's
    /// binding allows.
    ///
    /// # Errors
    /// See [`ActError`].
    fn act(&mut self, approved: &crate::policy::Approved) -> Result<Acted, ActError>;
    /// Lowers the sound of what plays music, and raises it again to what it was. Faults are only logged.
    fn set_quiet(&mut self, _quiet: bool) {}
    /// State of the car now.
    ///
    /// # Errors
    /// See [`ActError`]; the policy then assumes a moving car.
    fn car(&mut self) -> Result<CarState, ActError>;
}
