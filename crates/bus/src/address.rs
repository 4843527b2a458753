//! Which message bus, and how to reach it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use zbus::connection::{Builder, Connection};
use zruntime::SharedRuntime;

use crate::error::BusError;

/// A bus that accepts a connection but does not complete the handshake is given up after this.
/// A healthy daemon answers within a few milliseconds; a busy boot may need a second.
pub(crate) const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// A message bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BusKind {
    /// The bus of the machine, in a car.
    System,
    /// The bus of the logged-in user, on a desktop.
    Session,
    /// A D-Bus address such as `unix:path=/run/test/bus`.
    Address(String),
}

impl BusKind {
    /// What to prepare a connection with.
    pub(crate) fn builder(&self) -> Builder<'static> {
        match self {
            Self::System => Builder::system(),
            Self::Session => Builder::session(),
            Self::Address(address) => Builder::address(address.as_str()),
        }
    }

    /// Finishes a connection within [`CONNECT_WITHIN`].
    pub(crate) async fn connect(&self, builder: Builder<'static>) -> Result<Connection, BusError> {
        within(CONNECT_WITHIN, builder.build())
            .await
            .unwrap_or_else(|| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
            .map_err(|error| BusError::connecting(self, error))
    }
}

/// The future's output, or `None` when it is not there in time.
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    match SharedRuntime::current() {
        Ok(runtime) => runtime.timeout(limit, future).await.ok(),
        // No timer can be had when the process is out of descriptors; then nothing can be sent either.
        Err(error) => {
            tracing::error!(%error, "no timer for a D-Bus call");
            None
        }
    }
}

impl fmt::Display for BusKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("the system bus"),
            Self::Session => f.write_str("the session bus"),
            Self::Address(address) => write!(f, "the bus at {address}"),
        }
    }
}

impl FromStr for BusKind {
    type Err = String;

    /// `system`, `session` or a D-Bus address.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "system" => Ok(Self::System),
            "session" => Ok(Self::Session),
            address if zbus::Address::try_from(address).is_ok() => Ok(Self::Address(address.to_owned())),
            other => Err(format!(
                "{other:?} is not a bus; write system, session or an address such as unix:path=/run/dbus/system_bus_socket"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_is_a_word_or_an_address() {
        assert_eq!("system".parse(), Ok(BusKind::System));
        assert_eq!("session".parse(), Ok(BusKind::Session));
        assert_eq!("unix:path=/x".parse(), Ok(BusKind::Address("unix:path=/x".into())));
        let error = "sesion".parse::<BusKind>().unwrap_err();
        assert!(error.contains("write system, session"), "{error}");
    }
}
