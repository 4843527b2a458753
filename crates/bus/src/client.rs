//! The other end of `org.carvoice.Assistant1`, for the command line. All calls block.

use std::collections::HashMap;
use std::time::Duration;

use carvoice_core::turn::Priority;
use carvoice_core::zone::Zone;
use serde::{Deserialize, Serialize};
use zbus::connection::Connection;
use zbus::{DynamicType, Variant, block_on};

use crate::address::{BusKind, within};
use crate::error::BusError;
use crate::monitor::Monitor;
use crate::request::THINK_WITHIN;
use crate::{INTERFACE, NAME, PATH};

/// The daemon answers within [`THINK_WITHIN`] or reports `NotReady`; the bus needs a little more.
const CALL_WITHIN: Duration = THINK_WITHIN.saturating_add(Duration::from_secs(2));

/// What the daemon says of itself: its properties under their names on the bus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Status {
    /// What it is doing; see [`carvoice_core::turn::State`].
    pub state: String,
    /// Whether the microphone is closed.
    pub muted: bool,
    /// What does not work at present.
    pub degraded: Vec<String>,
    /// Version of the daemon.
    pub version: String,
    /// Spoken language.
    pub language: String,
    /// Names of all intents.
    pub intents: Vec<String>,
}

/// A connection to a running daemon.
pub struct Client {
    bus: BusKind,
    connection: Connection,
}

impl Client {
    /// Connects to the bus. Whether a daemon is there shows with the first call.
    ///
    /// # Errors
    /// [`BusError::NoBus`].
    pub fn connect(bus: BusKind) -> Result<Self, BusError> {
        let connection = block_on(bus.connect(bus.builder()))?;
        Ok(Self { bus, connection })
    }

    /// Whether a daemon owns the name. A call to the daemon would make the bus start one; this does not.
    ///
    /// # Errors
    /// [`BusError::Timeout`] and the like.
    pub fn is_running(&self) -> Result<bool, BusError> {
        const BUS: &str = "org.freedesktop.DBus";
        let call = self.connection.call_method(
            Some(BUS),
            "/org/freedesktop/DBus",
            Some(BUS),
            "NameHasOwner",
            &(NAME,),
        );
        let reply = block_on(within(CALL_WITHIN, call))
            .ok_or(BusError::Timeout(CALL_WITHIN))?
            .map_err(|error| BusError::calling(&self.bus, error))?;
        reply.body().deserialize().map_err(|error| BusError::Failed(error.to_string()))
    }

    /// Presses push-to-talk; with `hold` until [`Client::stop_listening`]. Gives the turn.
    ///
    /// # Errors
    /// [`BusError::NotRunning`]; [`BusError::Refused`] with `Busy`, `Muted` or `InvalidArgument`.
    pub fn listen(&self, zone: Option<Zone>, hold: bool) -> Result<u64, BusError> {
        let mut options = Options::from([("hold", Variant::from(hold))]);
        if let Some(zone) = zone {
            options.insert("zone", Variant::from(zone.as_str()));
        }
        self.call("Listen", &(options,))
    }

    /// Releases push-to-talk.
    ///
    /// # Errors
    /// [`BusError::NotRunning`] and the like.
    pub fn stop_listening(&self, turn: u64) -> Result<(), BusError> {
        self.call("StopListening", &(turn,))
    }

    /// Stops listening, thinking and speaking.
    ///
    /// # Errors
    /// [`BusError::NotRunning`] and the like.
    pub fn cancel(&self) -> Result<(), BusError> {
        self.call("Cancel", &())
    }

    /// Has a text spoken. Gives the number under which the speaking is reported.
    ///
    /// # Errors
    /// [`BusError::NotRunning`]; [`BusError::Refused`] with `Busy` or `InvalidArgument`.
    pub fn say(&self, text: &str, priority: Priority) -> Result<u64, BusError> {
        let priority = match priority {
            Priority::Low => "low",
            Priority::Normal => "normal",
            Priority::Urgent => "urgent",
        };
        let options = Options::from([("priority", Variant::from(priority))]);
        self.call("Say", &(text, options))
    }

    /// Runs a turn from text. Gives the turn.
    ///
    /// # Errors
    /// [`BusError::NotRunning`]; [`BusError::Refused`] with `Busy` or `InvalidArgument`.
    pub fn ask(&self, text: &str) -> Result<u64, BusError> {
        self.call("Ask", &(text, Options::new()))
    }

    /// Has the skill folders read again.
    ///
    /// # Errors
    /// [`BusError::NotRunning`]; [`BusError::Refused`] when a manifest is wrong.
    pub fn reload_skills(&self) -> Result<(), BusError> {
        self.call("ReloadSkills", &())
    }

    /// Closes or opens the microphone; returns once it is.
    ///
    /// # Errors
    /// [`BusError::NotRunning`] and the like.
    pub fn set_muted(&self, muted: bool) -> Result<(), BusError> {
        let arguments = (INTERFACE, "Muted", Variant::from(muted));
        self.call_on("org.freedesktop.DBus.Properties", "Set", &arguments)
    }

    /// Reads all properties.
    ///
    /// # Errors
    /// [`BusError::NotRunning`]; [`BusError::Failed`] when the daemon is of another version.
    pub fn status(&self) -> Result<Status, BusError> {
        let properties: HashMap<String, zbus::OwnedVariant> =
            self.call_on("org.freedesktop.DBus.Properties", "GetAll", &(INTERFACE,))?;
        let object = properties.iter().map(|(name, value)| (name.clone(), crate::json::json(value)));
        serde_json::from_value(serde_json::Value::Object(object.collect())).map_err(|error| {
            BusError::Failed(format!(
                "the daemon's properties are not those of this version ({error}); restart the daemon"
            ))
        })
    }

    /// Listens to every signal of the daemon, and of the next one should it restart.
    ///
    /// # Errors
    /// [`BusError::NotRunning`] when there is none now.
    pub fn monitor(self) -> Result<Monitor, BusError> {
        // The subscription comes first, so nothing is missed after this call.
        let monitor = Monitor::start(self.connection.clone())?;
        self.status().map(|_| monitor)
    }

    fn call<B, R>(&self, method: &str, body: &B) -> Result<R, BusError>
    where
        B: Serialize + DynamicType,
        R: for<'d> zbus::wire::DynamicDeserialize<'d>,
    {
        self.call_on(INTERFACE, method, body)
    }

    fn call_on<B, R>(&self, interface: &str, method: &str, body: &B) -> Result<R, BusError>
    where
        B: Serialize + DynamicType,
        R: for<'d> zbus::wire::DynamicDeserialize<'d>,
    {
        let call = self.connection.call_method(Some(NAME), PATH, Some(interface), method, body);
        let reply = block_on(within(CALL_WITHIN, call))
            .ok_or(BusError::Timeout(CALL_WITHIN))?
            .map_err(|error| BusError::calling(&self.bus, error))?;
        reply.body().deserialize().map_err(|error| {
            BusError::Failed(format!("{method} answered with another type than expected: {error}"))
        })
    }
}

type Options<'a> = HashMap<&'a str, Variant<'a>>;
