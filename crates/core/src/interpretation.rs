//! What the words were understood to mean, before the policy has seen it.

use crate::command::Command;

/// The meaning of one utterance. The default, without a candidate, means that the talk was not for the car.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interpretation {
    /// What was asked for, in spoken order.
    pub candidates: Vec<Candidate>,
    /// A part of the utterance that asked for something carvoice cannot do, as spoken.
    pub left_over: Option<String>,
    /// Whether an order was heard that is to wait for something ("when we get home"), and which order is
    /// not known. One that is known is a candidate with [`Problem::NotNow`].
    pub later: bool,
}

/// One command as understood, perhaps incomplete.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Only slots with legal values; illegal or missing ones are left out.
    pub command: Command,
    /// Calibrated probability that this is what was meant, 0.0..=1.0.
    pub confidence: f64,
    /// Why it cannot be done as it stands.
    pub problem: Option<Problem>,
}

impl Candidate {
    /// A complete command.
    #[must_use]
    pub fn complete(command: Command, confidence: f64) -> Self {
        Self { command, confidence, problem: None }
    }
}

/// Why a candidate needs a question first. Ends in the verdict `clarify`, except for [`Problem::Implied`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A required slot was not said.
    Missing {
        /// Name of the slot.
        slot: String,
    },
    /// A value was said that the slot does not allow ("seat heat nine").
    Illegal {
        /// Name of the slot.
        slot: String,
        /// The words spoken for it.
        said: String,
    },
    /// Two or more readings remain; the intents or choices they would be, as words to be read out.
    Ambiguous {
        /// "the headlights", "the interior light".
        readings: Vec<String>,
    },
    /// The order carries a condition or a delay ("in ten minutes").
    NotNow,
    /// The reading is too uncertain to act on.
    Unsure,
    /// Nothing is missing, but it was guessed from a need ("I'm hungry"): ends in the verdict `confirm`.
    Implied,
}
