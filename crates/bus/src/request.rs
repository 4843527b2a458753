//! What callers ask of the turn loop, and how it answers.

use std::time::Duration;

use carvoice_core::command::Command;
use carvoice_core::engine::TurnId;
use carvoice_core::turn::{Priority, Rejection};
use carvoice_core::zone::Zone;
use futures::channel::oneshot;

use crate::address::within;

/// The turn loop answers from its own data and is never busy for long.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// `Parse` and `ReloadSkills` may have to wait for a transcription that is under way.
pub(crate) const THINK_WITHIN: Duration = Duration::from_secs(10);

/// One call of a D-Bus client, checked, on its way into the turn loop.
#[derive(Debug)]
pub enum Request {
    /// Push-to-talk was pressed.
    Listen {
        /// Where it was pressed.
        zone: Option<Zone>,
        /// The utterance lasts until [`Request::StopListening`].
        hold: bool,
        /// Takes the number of the new turn.
        answer: Answer<TurnId>,
    },
    /// Push-to-talk was released.
    StopListening {
        /// The turn that [`Request::Listen`] began.
        turn: TurnId,
    },
    /// Stop listening, thinking and speaking.
    Cancel,
    /// Another service speaks through the assistant.
    Say {
        /// What to say.
        text: String,
        /// How urgent it is.
        priority: Priority,
        /// Takes the number under which the speaking is reported.
        answer: Answer<TurnId>,
    },
    /// A turn from text.
    Ask {
        /// What would have been said.
        text: String,
        /// Takes the number of the new turn.
        answer: Answer<TurnId>,
    },
    /// What would be understood; nothing is done.
    Parse {
        /// What would have been said.
        text: String,
        /// Takes the commands in spoken order; none for speech that is not for the car.
        answer: Answer<Vec<Parsed>>,
    },
    /// Phrases to expect: contacts, places, stations.
    SetVocabulary {
        /// Kind of the phrases, a word in `snake_case`.
        kind: String,
        /// All phrases of this kind; they replace the former ones.
        phrases: Vec<String>,
        /// Takes the outcome; the number means nothing.
        answer: Answer<TurnId>,
    },
    /// Close or open the microphone. Must be confirmed with [`carvoice_core::turn::Notice::Muted`],
    /// even when nothing changes: the caller's `Set` returns then.
    SetMuted(bool),
    /// Read the skill folders again.
    ReloadSkills {
        /// Takes the outcome.
        answer: Answer<()>,
    },
    /// The connection to the bus broke; the [`crate::Service`] is of no more use.
    BusLost,
}

/// One command as [`Request::Parse`] reports it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The command with the slots that were said.
    pub command: Command,
    /// Probability that this is what was meant, 0.0..=1.0.
    pub confidence: f64,
}

/// The queue into the turn loop is full. The caller gets `Busy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull;

/// A refusal, as a named D-Bus error `org.carvoice.Error.*`.
#[derive(Clone, Debug, PartialEq, Eq, zbus::DBusError)]
#[zbus(prefix = "org.carvoice.Error")]
pub enum Refusal {
    /// Too much to do now; try again.
    Busy(String),
    /// The microphone is closed.
    Muted(String),
    /// An argument is not acceptable; says which and what would be.
    InvalidArgument(String),
    /// The engine that is needed is not there (yet), or did not answer in time.
    NotReady(String),
    /// No intent of this name.
    UnknownIntent(String),
}

impl Refusal {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::InvalidArgument(message.into())
    }

    pub(crate) fn late() -> Self {
        Self::NotReady("no answer in time; try again".to_owned())
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        let text = rejection.to_string();
        match rejection {
            Rejection::Busy(_) => Self::Busy(text),
            Rejection::Muted => Self::Muted(text),
            Rejection::InvalidArgument(_) => Self::InvalidArgument(text),
            Rejection::NotReady(_) => Self::NotReady(text),
        }
    }
}

/// The way back to a caller. Dropped unused, the caller gets `NotReady`.
#[derive(Debug)]
pub struct Answer<T>(oneshot::Sender<Result<T, Refusal>>);

impl<T> Answer<T> {
    /// An answer and the place where it will arrive.
    pub(crate) fn new() -> (Self, Awaited<T>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), Awaited(receiver))
    }

    /// Answers. A caller that has given up is no concern of the turn loop.
    pub fn send(self, answer: Result<T, Refusal>) {
        if self.0.send(answer).is_err() {
            tracing::debug!("a D-Bus caller gave up before its answer");
        }
    }
}

/// Where an [`Answer`] arrives.
pub(crate) struct Awaited<T>(oneshot::Receiver<Result<T, Refusal>>);

impl<T> Awaited<T> {
    /// The answer, or `NotReady` when there is none within `limit`.
    pub(crate) async fn within(self, limit: Duration) -> Result<T, Refusal> {
        match within(limit, self.0).await {
            Some(Ok(answer)) => answer,
            Some(Err(oneshot::Canceled)) => {
                Err(Refusal::NotReady("the assistant dropped the request; try again".to_owned()))
            }
            None => Err(Refusal::late()),
        }
    }
}

#[cfg(test)]
mod tests {
    use carvoice_core::turn::Engine;
    use zbus::block_on;

    use super::*;

    #[test]
    fn an_answer_reaches_its_caller_once() {
        let (answer, awaited) = Answer::new();
        answer.send(Ok(TurnId(7)));
        assert_eq!(block_on(awaited.within(ANSWER_WITHIN)), Ok(TurnId(7)));
    }

    #[test]
    fn no_answer_is_not_ready() {
        let (answer, awaited) = Answer::<()>::new();
        drop(answer);
        let refusal = block_on(awaited.within(ANSWER_WITHIN)).unwrap_err();
        assert!(matches!(refusal, Refusal::NotReady(_)), "{refusal}");

        let (_kept, awaited) = Answer::<()>::new();
        assert_eq!(block_on(awaited.within(Duration::from_millis(1))), Err(Refusal::late()));
    }

    #[test]
    fn a_caller_that_gave_up_is_ignored() {
        let (answer, awaited) = Answer::new();
        drop(awaited);
        answer.send(Ok(()));
    }

    #[test]
    fn rejections_keep_their_name() {
        let of = |rejection: Rejection| Refusal::from(rejection);
        assert!(matches!(of(Rejection::Busy("a turn is under way")), Refusal::Busy(_)));
        assert!(matches!(of(Rejection::Muted), Refusal::Muted(text) if text.contains("unmute")));
        assert!(matches!(of(Rejection::InvalidArgument("x".into())), Refusal::InvalidArgument(_)));
        assert!(matches!(of(Rejection::NotReady(Engine::Microphone)), Refusal::NotReady(_)));
    }
}
