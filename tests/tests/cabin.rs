//! The service in a virtual cabin: it hears through cpal and speaks through rodio.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use carvoice_bus::{Client, Monitor};
use carvoice_core::turn::Priority;
use carvoice_tests::cabin::{Cabin, LOUDSPEAKER, MICROPHONE};
use carvoice_tests::cli::command;
use carvoice_tests::private_bus::{PrivateBus, Running, program};
use carvoice_tests::speech::say_between;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);
/// Some eight seconds of speech.
const LONG: &str = "The road ahead is clear for the next twenty kilometres. Behind the bridge there is a \
                    restaurant with a view of the river. You will arrive at half past nine.";

/// A cabin with a car and the service in it.
struct Drive {
    cabin: Cabin,
    bus: PrivateBus,
    monitor: Monitor,
    _car: Running,
    _service: Running,
}

impl Drive {
    /// None where there is no virtual cabin.
    fn begin(sets: &[&str]) -> Option<Self> {
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
        let fixed = ["audio.host=pulseaudio", "understand.language_model=false", "wake.word="];
        let sets = own.iter().map(String::as_str).chain(fixed).chain(sets.iter().copied());
        let arguments: Vec<&str> =
            std::iter::once("daemon").chain(sets.flat_map(|set| ["--set", set])).collect();
        let mut service = Running::start(cabin.tool(&mut command(&arguments)).stderr(Stdio::piped()));
        service.wait_for("ready");
        let monitor = Client::connect(bus.kind()).unwrap().monitor().unwrap();
        Some(Self { cabin, bus, monitor, _car: car, _service: service })
    }

    fn client(&self) -> Client {
        Client::connect(self.bus.kind()).unwrap()
    }

    /// Every signal until one fits.
    fn until(&mut self, fits: impl Fn(&str, &Value) -> bool) -> Vec<(String, Value)> {
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

    fn until_signal(&mut self, signal: &str) -> Vec<(String, Value)> {
        self.until(|name, _| name == signal)
    }

    /// The driver says something after so many milliseconds.
    fn driver(&self, after: u64, text: &str) {
        self.cabin.say(&say_between(Duration::from_millis(after), text, Duration::ZERO));
    }
}

fn has(signals: &[(String, Value)], signal: &str) -> bool {
    signals.iter().any(|(name, _)| name == signal)
}

#[test]
fn a_spoken_command_is_heard_and_done() {
    let Some(mut drive) = Drive::begin(&[]) else { return };
    drive.client().listen(None, false).unwrap();
    drive.driver(500, "Turn on the fog lights.");
    let signals = drive.until_signal("TurnEnded");
    assert_eq!(signals.last().unwrap().1["outcome"], "done", "{signals:?}");
    assert!(has(&signals, "SpeakingStarted"), "{signals:?}");
}

#[test]
fn its_own_voice_is_not_heard_and_the_driver_s_stops_it() {
    let Some(mut drive) = Drive::begin(&["audio.echo_cancellation=true"]) else { return };
    drive.client().say(LONG, Priority::Normal).unwrap();
    let signals = drive.until_signal("SpeakingEnded");
    assert!(!has(&signals, "TurnStarted"), "{signals:?}");

    drive.client().say(LONG, Priority::Normal).unwrap();
    drive.until_signal("SpeakingStarted");
    drive.driver(1500, "Turn on the fog lights.");
    drive.until_signal("TurnStarted");
    let detected = Instant::now();
    let signals = drive.until_signal("TurnEnded");
    let stopped = drive.cabin.silent_after(detected);
    println!("silent {} ms after the driver was heard", stopped.as_millis());
    // The reply had some six seconds to go. What Whisper makes of two voices at once is not looked at to the letter.
    assert!(stopped < Duration::from_secs(2), "{stopped:?}");
    let heard = signals.iter().filter(|(name, _)| name == "Transcript").map(|(_, payload)| &payload["text"]);
    let heard: Vec<&str> = heard.filter_map(Value::as_str).collect();
    assert!(heard.iter().any(|text| text.contains("fog")), "{signals:?}");
}

/// Whether this tells that the microphone is missing, or that it is not.
fn tells_of_microphone(name: &str, payload: &Value, missing: bool) -> bool {
    let engines = payload["Degraded"].as_array().filter(|_| name == "PropertiesChanged");
    engines.is_some_and(|engines| engines.iter().any(|engine| engine == "microphone") == missing)
}

#[test]
fn a_microphone_that_another_one_takes_the_place_of_is_not_heard() {
    let Some(mut drive) = Drive::begin(&[]) else { return };
    let modules = drive.cabin.pactl(&["list", "short", "modules"]);
    let module = modules.lines().find(|line| line.contains("cabin_mic")).unwrap();
    let _ = drive.cabin.pactl(&["unload-module", module.split('\t').next().unwrap()]);
    // The sound server has given the monitor of the loudspeaker in its place.
    drive.until(|name, payload| tells_of_microphone(name, payload, true));
    let again = ["load-module", "module-null-sink", "sink_name=cabin_mic", "rate=16000", "channels=1"];
    let _ = drive.cabin.pactl(&again);
    drive.until(|name, payload| tells_of_microphone(name, payload, false));
}

#[test]
fn a_lost_sound_server_is_told_and_found_again() {
    let Some(mut drive) = Drive::begin(&[]) else { return };
    drive.cabin.kill();
    drive.until(|name, payload| tells_of_microphone(name, payload, true));
    drive.cabin.restart();
    drive.until(|name, payload| tells_of_microphone(name, payload, false));
    drive.client().listen(None, false).unwrap();
    drive.driver(500, "Close the windows.");
    let signals = drive.until_signal("TurnEnded");
    assert_eq!(signals.last().unwrap().1["outcome"], "done", "{signals:?}");
}
