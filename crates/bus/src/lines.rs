//! The connections of the actuator, and single calls on them.

use std::io::ErrorKind;
use std::time::Duration;

use carvoice_core::engine::ActError;
use serde::Serialize;
use zbus::connection::Connection;
use zbus::{DynamicType, Message, block_on, fdo};

use crate::address::{BusKind, within};

/// Object, interface and method of a call.
pub(crate) struct Target<'a> {
    pub(crate) service: &'a str,
    pub(crate) path: &'a str,
    pub(crate) interface: &'a str,
    pub(crate) method: &'a str,
}

impl<'a> Target<'a> {
    /// A method of the bus itself.
    pub(crate) fn daemon(method: &'a str) -> Self {
        let name = "org.freedesktop.DBus";
        Self { service: name, path: "/org/freedesktop/DBus", interface: name, method }
    }
}

/// One connection to each bus that was needed; made at the first use and again when it was lost.
#[derive(Default)]
pub(crate) struct Lines {
    open: Vec<(BusKind, Connection)>,
}

impl Lines {
    /// One call, connection included, in at most `limit`.
    pub(crate) fn call<B: Serialize + DynamicType>(
        &mut self,
        bus: &BusKind,
        target: &Target<'_>,
        body: &B,
        limit: Duration,
    ) -> Result<Message, ActError> {
        let outcome = block_on(within(limit, self.call_once(bus, target, body)));
        outcome.unwrap_or(Err(ActError::Timeout(limit)))
    }

    async fn call_once<B: Serialize + DynamicType>(
        &mut self,
        bus: &BusKind,
        target: &Target<'_>,
        body: &B,
    ) -> Result<Message, ActError> {
        self.open.retain(|(_, connection)| !connection.is_closed());
        let connection = match self.open.iter().find(|(kind, _)| kind == bus) {
            Some((_, connection)) => connection.clone(),
            None => {
                let made = bus.connect(bus.builder()).await.map_err(|error| {
                    tracing::error!("{error}");
                    ActError::Unavailable { service: target.service.to_owned() }
                })?;
                self.open.push((bus.clone(), made.clone()));
                made
            }
        };
        connection
            .call_method(Some(target.service), target.path, Some(target.interface), target.method, body)
            .await
            .map_err(|error| act_error(target.service, error))
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
}
