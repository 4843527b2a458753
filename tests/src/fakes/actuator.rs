//! A car that does what the script says.

use std::collections::VecDeque;

use carvoice_core::car::CarState;
use carvoice_core::command::Command;
use carvoice_core::engine::{ActError, Acted, Actuator};
use carvoice_core::policy::Approved;

/// A scripted car. Without a script every command succeeds and gives nothing back.
#[derive(Debug, Default)]
pub struct ScriptedActuator {
    /// What the next commands come to, in order.
    pub script: VecDeque<Result<Acted, ActError>>,
    /// What the car is like; an error when it cannot be read.
    pub state: Option<CarState>,
    /// What was carried out.
    pub acted: Vec<Command>,
}

impl Actuator for ScriptedActuator {
    fn act(&mut self, approved: &Approved) -> Result<Acted, ActError> {
        let outcome = self.script.pop_front().unwrap_or_else(|| Ok(Acted::default()));
        if outcome.is_ok() {
            self.acted.push(approved.command().clone());
        }
        outcome
    }

    fn car(&mut self) -> Result<CarState, ActError> {
        self.state.clone().ok_or_else(|| ActError::Unavailable { service: "org.test.Car".to_owned() })
    }
}
