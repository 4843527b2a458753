//! Approved commands as D-Bus calls.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use carvoice_core::car::CarState;
use carvoice_core::catalogue::{Call, Catalogue, Intent, Properties};
use carvoice_core::command::Command;
use carvoice_core::engine::{ActError, Acted, Actuator};
use carvoice_core::policy::Approved;
use serde::Serialize;
use zbus::connection::Connection;
use zbus::{DynamicType, Message, block_on, fdo};

use crate::address::{BusKind, within};
use crate::arguments::{arguments, result};
use crate::car;

/// Time to read what a command is going to change; the driver waits for it.
const BEFORE_WITHIN: Duration = Duration::from_millis(200);

/// Carries out approved commands with the bindings of the catalogue and reads the car's state.
/// Connects at the first use and again whenever the connection was lost.
pub struct DbusActuator {
    bus: BusKind,
    catalogue: Arc<Catalogue>,
    connection: Option<Connection>,
}

impl DbusActuator {
    /// An actuator on this bus. Does not connect yet.
    #[must_use]
    pub fn new(bus: BusKind, catalogue: Arc<Catalogue>) -> Self {
        Self { bus, catalogue, connection: None }
    }

    /// One call, connection included, in at most `limit`.
    fn call<B: Serialize + DynamicType>(
        &mut self,
        target: &Target<'_>,
        body: &B,
        limit: Duration,
    ) -> Result<Message, ActError> {
        let outcome = block_on(within(limit, self.call_once(target, body)));
        let outcome = outcome.unwrap_or(Err(ActError::Timeout(limit)));
        if outcome.is_err() && self.connection.as_ref().is_some_and(Connection::is_closed) {
            self.connection = None;
        }
        outcome
    }

    /// What brings back what the command is going to change. A car that does not tell is obeyed no less.
    fn way_back(
        &mut self,
        catalogue: &Catalogue,
        intent: &Intent,
        call: &Call,
        command: &Command,
    ) -> Vec<Command> {
        if intent.undo.is_empty() {
            return Vec::new();
        }
        let is_read = intent.undo.iter().any(|way| !(way.read.is_empty() && way.when.is_empty()));
        let before = match is_read.then(|| self.properties(call)) {
            Some(Err(reason)) => {
                tracing::warn!(interface = call.interface, "what it was like before is not known: {reason}");
                return Vec::new();
            }
            Some(Ok(before)) => before,
            None => Properties::new(),
        };
        catalogue.way_back(command, &before)
    }

    fn properties(&mut self, call: &Call) -> Result<Properties, String> {
        let all =
            Target { interface: "org.freedesktop.DBus.Properties", method: "GetAll", ..Target::of(call) };
        let reply = self.call(&all, &(call.interface.as_str(),), BEFORE_WITHIN);
        car::properties(&reply.map_err(|reason| reason.to_string())?)
    }

    async fn call_once<B: Serialize + DynamicType>(
        &mut self,
        target: &Target<'_>,
        body: &B,
    ) -> Result<Message, ActError> {
        let connection = match &self.connection {
            Some(connection) if !connection.is_closed() => connection,
            _ => {
                let made = self.bus.connect(self.bus.builder()).await.map_err(|error| {
                    tracing::error!("{error}");
                    ActError::Unavailable { service: target.service.to_owned() }
                })?;
                self.connection.insert(made)
            }
        };
        connection
            .call_method(Some(target.service), target.path, Some(target.interface), target.method, body)
            .await
            .map_err(|error| act_error(target.service, error))
    }
}

/// Where a call goes.
struct Target<'a> {
    service: &'a str,
    path: &'a str,
    interface: &'a str,
    method: &'a str,
}

impl<'a> Target<'a> {
    fn of(call: &'a Call) -> Self {
        Self { service: &call.service, path: &call.path, interface: &call.interface, method: &call.method }
    }
}

impl Actuator for DbusActuator {
    /// An intent without a binding is done as soon as its `Command` signal was emitted, so there is
    /// nothing left to do here.
    fn act(&mut self, approved: &Approved) -> Result<Acted, ActError> {
        let catalogue = Arc::clone(&self.catalogue);
        let command = approved.command();
        let intent = catalogue.intent(&command.intent).ok_or_else(|| {
            ActError::Failed(format!("{} is not in the catalogue any more", command.intent))
        })?;
        let Some(call) = &intent.call else { return Ok(Acted::default()) };
        let body = arguments(call, &command.slots).map_err(ActError::Failed)?;
        let undo = self.way_back(&catalogue, intent, call, command);
        let started = Instant::now();
        let reply = match &body {
            Some(body) => self.call(&Target::of(call), body, call.timeout),
            None => self.call(&Target::of(call), &(), call.timeout),
        }?;
        tracing::debug!(method = call.method, ms = started.elapsed().as_millis(), "the car has answered");
        let values = result(call, &reply).map_err(ActError::Failed)?;
        Ok(Acted { values, undo })
    }

    fn car(&mut self) -> Result<CarState, ActError> {
        let deadline = Instant::now() + car::WITHIN;
        let mut state = CarState::default();
        for source in &car::SOURCES {
            let target = Target {
                service: car::SERVICE,
                path: car::PATH,
                interface: "org.freedesktop.DBus.Properties",
                method: "GetAll",
            };
            let left = deadline.saturating_duration_since(Instant::now());
            match self.call(&target, &(source.interface,), left) {
                Ok(reply) => source.read(&reply, &mut state).map_err(ActError::Failed)?,
                // A car without a sunroof is still a car; one without a speed is not.
                Err(ActError::Failed(_)) if source.optional => {}
                Err(ActError::Timeout(_)) => return Err(ActError::Timeout(car::WITHIN)),
                Err(error) => return Err(error),
            }
        }
        Ok(state)
    }
}

/// What a failed call means for the driver.
fn act_error(service: &str, error: zbus::Error) -> ActError {
    let unavailable = || ActError::Unavailable { service: service.to_owned() };
    match error {
        // Every name outside org.freedesktop.DBus.Error is the service's own way to refuse.
        zbus::Error::MethodError(name, message, _) => {
            ActError::Rejected(message.unwrap_or_else(|| name.to_string()))
        }
        zbus::Error::FDO(error) => match *error {
            // The bus says NoReply when the callee leaves before it has answered.
            fdo::Error::ServiceUnknown(_)
            | fdo::Error::NameHasNoOwner(_)
            | fdo::Error::NoReply(_)
            | fdo::Error::Disconnected(_)
            | fdo::Error::SpawnServiceNotFound(_)
            | fdo::Error::SpawnExecFailed(_)
            | fdo::Error::SpawnChildExited(_)
            | fdo::Error::SpawnChildSignaled(_)
            | fdo::Error::SpawnFailed(_) => unavailable(),
            fdo::Error::AccessDenied(reason) => ActError::Failed(format!(
                "the bus does not let carvoice call {service}: {reason}; install its D-Bus policy"
            )),
            other => ActError::Failed(other.to_string()),
        },
        zbus::Error::InputOutput(error) if error.kind() != ErrorKind::InvalidInput => unavailable(),
        other => ActError::Failed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_become_remedies() {
        let error = |error: fdo::Error| act_error("org.test", zbus::Error::FDO(Box::new(error)));
        let gone = ActError::Unavailable { service: "org.test".into() };
        assert_eq!(error(fdo::Error::ServiceUnknown("x".into())), gone);
        assert_eq!(error(fdo::Error::NameHasNoOwner("x".into())), gone);
        assert_eq!(error(fdo::Error::NoReply("x".into())), gone);
        assert!(matches!(error(fdo::Error::UnknownMethod("x".into())), ActError::Failed(_)));
        assert!(
            matches!(error(fdo::Error::AccessDenied("x".into())), ActError::Failed(text) if text.contains("policy"))
        );
    }

    #[test]
    fn no_bus_is_an_unavailable_car() {
        let bus = BusKind::Address("unix:path=/nonexistent/bus".into());
        let mut actuator = DbusActuator::new(bus, Arc::default());
        let service = car::SERVICE.to_owned();
        assert_eq!(actuator.car(), Err(ActError::Unavailable { service }));
    }
}
