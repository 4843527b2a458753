//! What the assistant tells everybody.

use std::collections::BTreeMap;

use carvoice_core::command::Command;
use carvoice_core::engine::TurnId;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// The word used on the bus.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

words! {
    /// What began a turn.
    Cause {
        /// The wake word.
        Wake = "wake",
        /// Push-to-talk.
        Button = "button",
        /// Speech right after a reply.
        FollowUp = "follow-up",
        /// `Ask`.
        Text = "text",
    }
}

words! {
    /// How a turn ended.
    Outcome {
        /// A command was carried out.
        Done = "done",
        /// A question was answered.
        Answered = "answered",
        /// The policy or the car refused.
        Refused = "refused",
        /// Nothing was understood.
        Unclear = "unclear",
        /// Somebody stopped it.
        Cancelled = "cancelled",
        /// An engine or a call failed.
        Failed = "failed",
    }
}

words! {
    /// What the assistant is doing: the property `State`.
    State {
        /// Nothing.
        Idle = "idle",
        /// Recording an utterance.
        Listening = "listening",
        /// Turning it into text.
        Transcribing = "transcribing",
        /// Turning the text into commands.
        Understanding = "understanding",
        /// Waiting for the car.
        Acting = "acting",
        /// Replying.
        Speaking = "speaking",
        /// Ready for speech without a wake word.
        FollowUp = "follow-up",
    }
}

/// A signal of `org.carvoice.Assistant1`.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// A turn began.
    TurnStarted {
        /// The new turn.
        turn: TurnId,
        /// What began it.
        cause: Cause,
        /// The speaker's zone; empty when not known.
        zone: String,
    },
    /// What was heard so far; may still change.
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
        /// 0.0..=1.0.
        confidence: f64,
    },
    /// A command that the policy approved, whether or not a service is bound to it.
    Command {
        /// The turn.
        turn: TurnId,
        /// Intent and slots, all resolved.
        command: Command,
        /// 0.0..=1.0.
        confidence: f64,
    },
    /// What became of a command.
    CommandResult {
        /// The turn.
        turn: TurnId,
        /// The command's intent.
        intent: String,
        /// Why it was not done; none when it was.
        error: Option<String>,
    },
    /// The text of the reply.
    Reply {
        /// The turn.
        turn: TurnId,
        /// What is spoken.
        text: String,
    },
    /// The reply is heard from now on.
    SpeakingStarted {
        /// The turn, or the utterance of `Say`.
        turn: TurnId,
    },
    /// The reply has ended.
    SpeakingEnded {
        /// The turn, or the utterance of `Say`.
        turn: TurnId,
    },
    /// A turn is over.
    TurnEnded {
        /// The turn.
        turn: TurnId,
        /// How it ended.
        outcome: Outcome,
        /// Milliseconds by stage; the keys of `carvoice replay`.
        timings: BTreeMap<String, f64>,
    },
}
