//! The service as a process: its bus interface, the car, and what goes wrong.

mod memory;
mod undo;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use carvoice_bus::{Client, Monitor};
use carvoice_core::audio::SAMPLE_RATE;
use carvoice_tests::cli::{carvoice, command};
use carvoice_tests::private_bus::{PrivateBus, Running, program};
use carvoice_tests::speech::say_between;
use serde_json::Value;
use tempfile::TempDir;

/// A turn has shorter deadlines.
const PATIENCE: Duration = Duration::from_secs(30);

/// The service without ears and without the language model: quick to start.
pub(crate) struct Service {
    pub(crate) process: Running,
    out: TempDir,
}

impl Service {
    pub(crate) fn start(bus: &PrivateBus) -> Self {
        Self::with(bus, &[])
    }

    /// The same with more settings.
    fn with(bus: &PrivateBus, sets: &[&str]) -> Self {
        let out = TempDir::new().unwrap();
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        let process = Running::start(daemon(bus, &out).args(sets).stderr(Stdio::piped()));
        let mut service = Self { process, out };
        service.process.wait_for("ready");
        service
    }

    fn reply(&self, turn: u64) -> PathBuf {
        self.out.path().join(format!("reply-{turn}.wav"))
    }
}

fn daemon(bus: &PrivateBus, out: &TempDir) -> Command {
    let bus = format!("bus=\"{}\"", bus.address());
    let output = format!("audio.output=\"folder:{}\"", out.path().display());
    let sets = [
        bus.as_str(),
        "audio.input=none",
        &output,
        "understand.language_model=false",
        // Tested in `sets`; here many services start at once.
        "models.self_test=false",
    ];
    let mut arguments = vec!["daemon"];
    arguments.extend(sets.iter().flat_map(|set| ["--set", set]));
    let mut command = command(&arguments);
    command.env("STATE_DIRECTORY", out.path());
    command
}

pub(crate) fn car(bus: &PrivateBus, arguments: &[&str]) -> Running {
    let mut car = Running::start(
        Command::new(program("carvoice-vehicle")).args(["--bus", &bus.address()]).args(arguments),
    );
    car.wait_for("ready");
    car
}

pub(crate) struct Turn {
    number: u64,
    signals: Vec<(String, Value)>,
}

impl Turn {
    fn payload(&self, signal: &str) -> &Value {
        let found = self.signals.iter().find(|(name, _)| name == signal);
        &found.unwrap_or_else(|| panic!("no {signal} in {:?}", self.signals)).1
    }

    pub(crate) fn outcome(&self) -> &str {
        self.payload("TurnEnded")["outcome"].as_str().unwrap()
    }

    pub(crate) fn reply(&self) -> &str {
        self.payload("Reply")["text"].as_str().unwrap()
    }
}

/// Asks, and collects every signal until the turn has ended.
pub(crate) fn ask(bus: &PrivateBus, monitor: &mut Monitor, text: &str) -> Turn {
    let number = Client::connect(bus.kind()).unwrap().ask(text).unwrap();
    collect(monitor, |ended| ended == number)
}

/// Every signal until such a turn has ended.
pub(crate) fn collect(monitor: &mut Monitor, is_it: impl Fn(u64) -> bool) -> Turn {
    let mut signals = Vec::new();
    loop {
        let (name, payload) = monitor.next_within(PATIENCE).expect("the turn ends").unwrap();
        let number = payload["turn"].as_u64().unwrap_or_default();
        let ended = name == "TurnEnded" && is_it(number);
        signals.push((name, payload));
        if ended {
            return Turn { number, signals };
        }
    }
}

pub(crate) fn monitor(bus: &PrivateBus) -> Monitor {
    Client::connect(bus.kind()).unwrap().monitor().unwrap()
}

#[test]
fn a_written_command_moves_the_car_and_is_answered() {
    let bus = PrivateBus::start();
    let _car = car(&bus, &[]);
    let service = Service::start(&bus);
    let mut monitor = monitor(&bus);
    let turn = ask(&bus, &mut monitor, "set the temperature to twenty one degrees");
    assert_eq!(turn.payload("Command")["intent"], "climate.set_temperature");
    assert_eq!(turn.payload("CommandResult")["done"], true);
    assert_eq!(turn.outcome(), "done");
    assert!(service.reply(turn.number).exists());
    let inside = bus.busctl(&["introspect", "org.carvoice.Vehicle1", "/org/carvoice/Vehicle1"]).unwrap();
    assert!(inside.contains("21"), "{inside}");
}

#[test]
fn the_car_is_asked_before_each_command() {
    let bus = PrivateBus::start();
    let _car = car(&bus, &["--speed", "50"]);
    let _service = Service::start(&bus);
    let turn = ask(&bus, &mut monitor(&bus), "open the boot");
    assert_eq!(turn.outcome(), "refused");
    assert!(turn.signals.iter().all(|(name, _)| name != "Command"), "{:?}", turn.signals);
}

#[test]
fn an_absent_car_and_one_that_dies_are_told_and_survived() {
    let bus = PrivateBus::start();
    let _service = Service::start(&bus);
    let mut monitor = monitor(&bus);
    let absent = ask(&bus, &mut monitor, "turn the volume down");
    assert_eq!(absent.outcome(), "failed", "{}", absent.reply());

    let dying = car(&bus, &["--fault", "die"]);
    let died = ask(&bus, &mut monitor, "turn the volume down");
    assert_eq!(died.outcome(), "failed", "{}", died.reply());
    drop(dying);

    let _car = car(&bus, &[]);
    assert_eq!(ask(&bus, &mut monitor, "turn the volume down").outcome(), "done");
}

#[test]
fn a_missing_engine_is_named_and_the_rest_works() {
    let bus = PrivateBus::start();
    let _car = car(&bus, &[]);
    let _service = Service::start(&bus);
    let client = Client::connect(bus.kind()).unwrap();
    let degraded = client.status().unwrap().degraded;
    assert!(degraded.contains(&"microphone".to_owned()), "{degraded:?}");
    assert!(degraded.contains(&"language-model".to_owned()), "{degraded:?}");
    let refused = client.listen(None, false).unwrap_err().to_string();
    assert!(refused.contains("microphone"), "{refused}");
    assert_eq!(ask(&bus, &mut monitor(&bus), "close the windows").outcome(), "done");
}

#[test]
fn muting_is_confirmed_and_seen() {
    let bus = PrivateBus::start();
    let _service = Service::start(&bus);
    let set = format!("bus=\"{}\"", bus.address());
    for (order, muted) in [("mute", true), ("mute", true), ("unmute", false)] {
        let run = carvoice(&["--set", &set, "--json", order], "");
        assert_eq!(run.status, 0, "{}", run.err);
        assert_eq!(Client::connect(bus.kind()).unwrap().status().unwrap().muted, muted, "{order}");
    }
}

#[test]
fn a_second_service_on_the_same_bus_is_refused() {
    let bus = PrivateBus::start();
    let _service = Service::start(&bus);
    let out = TempDir::new().unwrap();
    let second = daemon(&bus, &out).stdin(Stdio::null()).output().unwrap();
    let message = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1));
    assert!(message.contains("another carvoice daemon is already on"), "{message}");
    assert_eq!(Client::connect(bus.kind()).unwrap().status().unwrap().state, "idle");
}

#[test]
fn sigterm_ends_it_cleanly_and_a_lost_bus_ends_it_with_an_error() {
    let bus = PrivateBus::start();
    let service = Service::start(&bus);
    service.process.signal("TERM");
    assert_eq!(service.process.end().code(), Some(0));

    let mut bus = PrivateBus::start();
    let service = Service::start(&bus);
    bus.kill();
    assert_eq!(service.process.end().code(), Some(1));
}

#[test]
fn skills_are_read_again_and_a_broken_one_is_left_out_alone() {
    let bus = PrivateBus::start();
    let folder = TempDir::new().unwrap();
    let _service = Service::with(&bus, &[&format!("skills.folders=[\"{}\"]", folder.path().display())]);
    let client = Client::connect(bus.kind()).unwrap();
    let intents = || client.status().unwrap().intents;
    assert!(!intents().contains(&"spa.scent".to_owned()));
    let manifest = |domain: &str, rest: &str| {
        let text = format!("version = 1\ndomain = \"{domain}\"\n{rest}");
        std::fs::write(folder.path().join(format!("{domain}.toml")), text).unwrap();
    };
    manifest("spa", "[[intent]]\nname = \"spa.scent\"\nsentences = [\"spread the scent\"]\n");
    client.reload_skills().unwrap();
    assert!(intents().contains(&"spa.scent".to_owned()));
    manifest("pool", "[[intent]]\nname = \"pool.fill\"\nsentance = [\"fill the pool\"]\n");
    let refused = client.reload_skills().unwrap_err().to_string();
    assert!(refused.contains("pool.toml:5:1: unknown field `sentance`"), "{refused}");
    assert!(intents().contains(&"spa.scent".to_owned()));
}

#[test]
fn parse_over_the_bus_does_nothing() {
    let bus = PrivateBus::start();
    let _car = car(&bus, &[]);
    let _service = Service::start(&bus);
    let arguments = ["call", "org.carvoice.Assistant1", "/org/carvoice/Assistant1"];
    let parse = ["org.carvoice.Assistant1", "Parse", "s", "open the sunroof"];
    let parsed = bus.busctl(&[&arguments[..], &parse[..]].concat()).unwrap();
    assert!(parsed.contains("sunroof.set"), "{parsed}");
}

/// Plays `sound` into a pipe as fast as it would be spoken, then silence, until the result is dropped.
fn microphone(pipe: &Path, sound: &[f32]) -> Sender<()> {
    let mut pipe = OpenOptions::new().write(true).open(pipe).unwrap();
    let sound = sound.to_vec();
    let (playing, stopped) = channel();
    std::thread::spawn(move || {
        let step = SAMPLE_RATE as usize / 50;
        let mut sound = sound.into_iter();
        while stopped.recv_timeout(Duration::from_millis(20)) == Err(RecvTimeoutError::Timeout) {
            let samples = (0..step).map(|_| (sound.next().unwrap_or_default() * 32767.0) as i16);
            let bytes: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
            if pipe.write_all(&bytes).is_err() {
                return;
            }
        }
    });
    playing
}

#[test]
fn the_wake_word_begins_a_turn_and_is_no_part_of_the_order() {
    let bus = PrivateBus::start();
    let _car = car(&bus, &[]);
    let out = TempDir::new().unwrap();
    let pipe = out.path().join("microphone");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut process = Running::start(
        daemon(&bus, &out)
            .args(["--set", &format!("audio.input=pipe:{}", pipe.display())])
            .stderr(Stdio::piped()),
    );
    process.wait_for("ready");
    let second = Duration::from_secs(1);
    let mut monitor = monitor(&bus);
    let _playing = microphone(&pipe, &say_between(second, "Computer, turn on the fog lights.", second));
    let turn = collect(&mut monitor, |_| true);
    assert_eq!(turn.payload("TurnStarted")["cause"], "wake");
    let words = turn.payload("Transcript")["text"].as_str().unwrap().to_lowercase();
    assert_eq!(words, "turn on the fog lights.");
    assert_eq!(turn.outcome(), "done");
}
