//! A car with the service in a virtual cabin.

use std::process::{Command, Stdio};
use std::time::Duration;

use carvoice_bus::{Client, Monitor};
use serde_json::Value;

use crate::cabin::{Cabin, LOUDSPEAKER, MICROPHONE};
use crate::cli::command;
use crate::private_bus::{PrivateBus, Running, program};
use crate::speech::say_between;

/// Longest wait for a signal.
const PATIENCE: Duration = Duration::from_secs(30);

/// A cabin with a car and the service in it.
pub struct Drive {
    /// The cabin.
    pub cabin: Cabin,
    bus: PrivateBus,
    monitor: Monitor,
    _car: Running,
    _service: Running,
}

impl Drive {
    /// Starts them, with these settings besides; none where there is no virtual cabin.
    ///
    /// # Panics
    /// When one of them does not start.
    #[must_use]
    pub fn begin(sets: &[&str]) -> Option<Self> {
        let cabin = Cabin::start()?;
        let bus = PrivateBus::start();
        let mut car =
            Running::start(Command::new(program("carvoice-vehicle")).args(["--bus", &bus.address()]));
        car.wait_for("ready");
        let own = [
            format!("bus=\"{}\"", bus.address()),
            format!("audio.input={MICROPHONE}"),
            format!("audio.output={LOUDSPEAKER}"),
        ];
        let fixed = [
            "audio.host=pulseaudio",
            "understand.language_model=false",
            "models.self_test=false",
            "wake.word=",
        ];
        let sets = own.iter().map(String::as_str).chain(fixed).chain(sets.iter().copied());
        let arguments: Vec<&str> =
            std::iter::once("daemon").chain(sets.flat_map(|set| ["--set", set])).collect();
        let mut daemon = command(&arguments);
        daemon.env("STATE_DIRECTORY", cabin.folder());
        let mut service = Running::start(cabin.tool(&mut daemon).stderr(Stdio::piped()));
        service.wait_for("ready");
        let monitor = Client::connect(bus.kind()).unwrap().monitor().unwrap();
        Some(Self { cabin, bus, monitor, _car: car, _service: service })
    }

    /// A client of the service.
    ///
    /// # Panics
    /// When the bus is gone.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::connect(self.bus.kind()).unwrap()
    }

    /// Every signal until one fits.
    ///
    /// # Panics
    /// When none fits within half a minute.
    pub fn until(&mut self, fits: impl Fn(&str, &Value) -> bool) -> Vec<(String, Value)> {
        let mut seen = Vec::new();
        loop {
            let signal = self.monitor.next_within(PATIENCE).unwrap_or_else(|| panic!("not in {seen:?}"));
            let (name, payload) = signal.unwrap();
            let found = fits(&name, &payload);
            seen.push((name, payload));
            if found {
                return seen;
            }
        }
    }

    /// Every signal until one of this name.
    ///
    /// # Panics
    /// When none comes within half a minute.
    pub fn until_signal(&mut self, signal: &str) -> Vec<(String, Value)> {
        self.until(|name, _| name == signal)
    }

    /// The driver says something after so many milliseconds.
    pub fn driver(&self, after: u64, text: &str) {
        self.cabin.say(&say_between(Duration::from_millis(after), text, Duration::ZERO));
    }
}
