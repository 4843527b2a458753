//! The states of a turn, as the bus shows them.

use std::fmt;

/// Where a turn stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Nothing is going on.
    Idle,
    /// Waiting for speech, or hearing it.
    Listening,
    /// Speech becomes text.
    Transcribing,
    /// Text becomes commands, and the policy judges them.
    Understanding,
    /// The car carries out a command.
    Acting,
    /// Something is said.
    Speaking,
    /// After a reply: speech begins a turn without a wake word.
    FollowUp,
}

impl fmt::Display for State {
    /// As in the D-Bus property `State`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "idle",
            Self::Listening => "listening",
            Self::Transcribing => "transcribing",
            Self::Understanding => "understanding",
            Self::Acting => "acting",
            Self::Speaking => "speaking",
            Self::FollowUp => "follow-up",
        })
    }
}
