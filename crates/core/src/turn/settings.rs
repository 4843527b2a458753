//! How long the machine waits and remembers.

use std::time::Duration;

/// Times and habits of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The word that wakes it, as it is written; empty for none.
    pub wake_word: String,
    /// Whether speech interrupts what is being said. Only where the loudspeaker is not heard by the microphone.
    pub barge_in: bool,
    /// How long speech may follow a reply without a wake word; zero for not at all.
    pub follow_up: Duration,
    /// The same after a question.
    pub question: Duration,
    /// How long a command is remembered for "and the passenger too" and "undo that".
    pub memory: Duration,
    /// How long to wait for the first word.
    pub no_speech: Duration,
    /// Longest utterance; Whisper takes 30 s.
    pub max_utterance: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wake_word: String::new(),
            barge_in: false,
            follow_up: Duration::from_secs(5),
            question: Duration::from_secs(8),
            memory: Duration::from_secs(120),
            no_speech: Duration::from_secs(6),
            max_utterance: Duration::from_secs(28),
        }
    }
}
