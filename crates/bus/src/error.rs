//! What can go wrong with the bus itself.

use std::time::Duration;

use zbus::fdo;

use crate::address::BusKind;

/// Why the bus or the daemon on it could not be used. The text names the remedy.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// No bus answers at the address.
    #[error("cannot reach {bus}: {reason}; {}", no_bus_remedy(bus))]
    NoBus {
        /// The bus that was tried.
        bus: BusKind,
        /// What the operating system or the bus said.
        reason: String,
    },
    /// Another daemon owns the name.
    #[error("another carvoice daemon is already on {bus}; stop it first or choose another bus")]
    NameTaken {
        /// The bus that was tried.
        bus: BusKind,
    },
    /// The bus does not let us own the name.
    #[error(
        "{bus} does not allow it: {reason}; install the D-Bus policy of carvoice in /etc/dbus-1/system.d"
    )]
    Denied {
        /// The bus that was tried.
        bus: BusKind,
        /// What the bus said.
        reason: String,
    },
    /// No daemon to talk to.
    #[error("carvoice is not running on {bus}; start it with `carvoice daemon`")]
    NotRunning {
        /// The bus that was asked.
        bus: BusKind,
    },
    /// The daemon refused; a named error of the interface.
    #[error("{message}")]
    Refused {
        /// D-Bus name of the error, `org.carvoice.Error.*`.
        name: String,
        /// Its text.
        message: String,
    },
    /// The daemon did not answer in time.
    #[error("carvoice did not answer within {} ms; look at its log with `journalctl -u carvoice`", .0.as_millis())]
    Timeout(Duration),
    /// The connection to the bus broke.
    #[error("the connection to the bus was lost; try again")]
    Lost,
    /// Anything else the bus or the daemon reported.
    #[error("{0}")]
    Failed(String),
}

fn no_bus_remedy(bus: &BusKind) -> &'static str {
    match bus {
        BusKind::System => "start the D-Bus daemon, or use `--set bus=session`",
        BusKind::Session => "start the program inside `dbus-run-session`, or set DBUS_SESSION_BUS_ADDRESS",
        BusKind::Address(_) => "check the address",
    }
}

impl BusError {
    /// The error of setting a connection up.
    pub(crate) fn connecting(bus: &BusKind, error: zbus::Error) -> Self {
        let bus = bus.clone();
        match error {
            zbus::Error::NameTaken => Self::NameTaken { bus },
            zbus::Error::FDO(error) => match *error {
                fdo::Error::AccessDenied(reason) => Self::Denied { bus, reason },
                other => Self::NoBus { bus, reason: other.to_string() },
            },
            other => Self::NoBus { bus, reason: other.to_string() },
        }
    }

    /// The error of a call to the daemon that was given up after `limit`.
    pub(crate) fn calling(bus: &BusKind, error: zbus::Error) -> Self {
        match error {
            zbus::Error::MethodError(name, message, _) => {
                Self::Refused { message: message.unwrap_or_else(|| name.to_string()), name: name.to_string() }
            }
            zbus::Error::FDO(error) => match *error {
                fdo::Error::ServiceUnknown(_) | fdo::Error::NameHasNoOwner(_) => {
                    Self::NotRunning { bus: bus.clone() }
                }
                fdo::Error::AccessDenied(reason) => Self::Denied { bus: bus.clone(), reason },
                fdo::Error::NoReply(_) | fdo::Error::Disconnected(_) => Self::Lost,
                other => Self::Failed(other.to_string()),
            },
            zbus::Error::InputOutput(_) => Self::Lost,
            other => Self::Failed(other.to_string()),
        }
    }
}
