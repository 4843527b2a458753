//! The policy.

use crate::command::Command;

/// A command the policy has let through. Only this module can make one, so nothing that it did not
/// approve can reach an actuator.
#[derive(Clone, Debug, PartialEq)]
pub struct Approved {
    command: Command,
}

impl Approved {
    /// What to do, all slots resolved.
    #[must_use]
    pub fn command(&self) -> &Command {
        &self.command
    }
}
