//! The policy of the system bus on a bus that obeys it. The roles are played by one user: root lends
//! them to `nobody`, anybody else plays them alone.

use std::path::Path;
use std::process::Command;

use carvoice_bus::{Description, Service};
use carvoice_core::engine::TurnId;
use carvoice_core::turn::{Notice, State};
use carvoice_tests::private_bus::{PrivateBus, Running};

const NAME: &str = "org.carvoice.Assistant1";
const CAR: &str = "org.carvoice.Vehicle1";

/// Lets the test put a service on the bus in whose place the real one would be.
const STAND_IN: &str = r#"
  <policy context="mandatory"><allow own_prefix="org.carvoice"/></policy>"#;

/// The elements of a shipped policy, with other names for the user and the group `carvoice`.
fn policy(file: &str, user: &str, group: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd/dbus");
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    let (_, rest) = text.split_once("<busconfig>").unwrap();
    let (elements, _) = rest.split_once("</busconfig>").unwrap();
    let named = |role: &str, name: &str| format!("{role}=\"{name}\"");
    assert!(elements.contains("carvoice"), "{elements}");
    elements
        .replace(&named("user", "carvoice"), &named("user", user))
        .replace(&named("group", "carvoice"), &named("group", group))
}

/// Users and groups that exist on every Debian, and that the actor is not.
const OTHER: &str = "daemon";

struct Actor {
    user: String,
    group: String,
    is_root: bool,
}

impl Actor {
    fn new() -> Self {
        let id = |flag: &str| {
            let output = Command::new("id").arg(flag).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        if id("-u") == "0" {
            Self { user: "nobody".to_owned(), group: "nogroup".to_owned(), is_root: true }
        } else {
            Self { user: id("-un"), group: id("-gn"), is_root: false }
        }
    }

    fn on(&self, bus: &PrivateBus, program: &str, arguments: &[&str]) -> Command {
        let mut command = if self.is_root {
            let mut command = bus.tool("setpriv");
            command.arg(format!("--reuid={}", self.user)).arg(format!("--regid={}", self.group));
            command.arg("--clear-groups").arg(program);
            command
        } else {
            bus.tool(program)
        };
        command.args(arguments);
        command
    }

    /// Standard output of a success, standard error of a failure.
    fn calls(&self, bus: &PrivateBus, arguments: &[&str]) -> Result<String, String> {
        let address = format!("--address={}", bus.address());
        let output = self.on(bus, "busctl", &[&[address.as_str()], arguments].concat()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// The answer of the bus to a request for a name.
    fn asks_for(&self, bus: &PrivateBus, name: &str) -> Result<String, String> {
        let request =
            ["call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName", "su", name, "4"];
        self.calls(bus, &request)
    }

    fn cancels(&self, bus: &PrivateBus) -> Result<String, String> {
        self.calls(bus, &["call", NAME, "/org/carvoice/Assistant1", NAME, "Cancel"])
    }

    fn moves_the_car(&self, bus: &PrivateBus) -> Result<String, String> {
        let trunk = "org.carvoice.Vehicle1.Trunk";
        self.calls(bus, &["call", CAR, "/org/carvoice/Vehicle1", trunk, "Set", "b", "true"])
    }

    /// Begins to listen to the signals of the assistant.
    fn listens(&self, bus: &PrivateBus) -> Running {
        let arguments = ["monitor", "--address", &bus.address(), "--dest", NAME];
        let mut monitor = Running::start(&mut self.on(bus, "gdbus", &arguments));
        monitor.wait_for("is owned by");
        monitor
    }
}

/// An assistant on the bus that takes every request.
fn assistant(bus: &PrivateBus) -> Service {
    let description = Description { language: "en".to_owned(), intents: Vec::new(), muted: false };
    Service::start(bus.kind(), description, |_| Ok(())).unwrap()
}

/// A bus for an actor who is neither the assistant nor in its group.
fn bus_of_a_stranger() -> PrivateBus {
    // The test itself may be root, whom the policy lets do everything.
    let policies = ["org.carvoice.conf", "org.carvoice.simulator.conf"];
    let policies = policies.map(|file| policy(file, OTHER, OTHER).replace("carvoice-vehicle", OTHER));
    PrivateBus::guarded(&[policies.concat(), STAND_IN.to_owned()])
}

/// Says something in the car, then something that everybody may know.
fn speak(service: &Service) {
    service.emit(Notice::Reply { turn: TurnId(1), text: "Calling home.".to_owned() });
    service.emit(Notice::State(State::Listening));
}

const SIGNAL: &str = "/org/carvoice/Assistant1: ";

#[test]
fn a_stranger_reads_properties_and_does_nothing_else() {
    let bus = bus_of_a_stranger();
    let _assistant = assistant(&bus);
    let actor = Actor::new();
    let state = actor.calls(&bus, &["get-property", NAME, "/org/carvoice/Assistant1", NAME, "State"]);
    assert_eq!(state.as_deref(), Ok("s \"idle\""));
    let muted = ["set-property", NAME, "/org/carvoice/Assistant1", NAME, "Muted", "b", "false"];
    for refused in [actor.cancels(&bus), actor.calls(&bus, &muted)] {
        let reason = refused.unwrap_err();
        assert!(reason.contains("denied"), "{reason}");
    }
}

#[test]
fn a_stranger_does_not_overhear_what_is_said() {
    let bus = bus_of_a_stranger();
    let assistant = assistant(&bus);
    let mut monitor = Actor::new().listens(&bus);
    speak(&assistant);
    let first = monitor.wait_for(SIGNAL);
    assert!(first.contains("PropertiesChanged"), "{first}");
}

#[test]
fn a_member_of_the_group_uses_the_assistant_and_hears_it() {
    let actor = Actor::new();
    let policy = policy("org.carvoice.conf", OTHER, &actor.group);
    let bus = PrivateBus::guarded(&[policy, STAND_IN.to_owned()]);
    let assistant = assistant(&bus);
    assert_eq!(actor.cancels(&bus), Ok(String::new()));
    let mut monitor = actor.listens(&bus);
    speak(&assistant);
    let first = monitor.wait_for(SIGNAL);
    assert!(first.contains("Reply"), "{first}");
}

#[test]
fn names_belong_to_their_users_alone() {
    let actor = Actor::new();
    let member = PrivateBus::guarded(&[policy("org.carvoice.conf", OTHER, &actor.group)]);
    for name in [NAME, CAR] {
        let reason = actor.asks_for(&member, name).unwrap_err();
        assert!(reason.contains("denied"), "{name}: {reason}");
    }
    let owner = PrivateBus::guarded(&[policy("org.carvoice.conf", &actor.user, OTHER)]);
    assert_eq!(actor.asks_for(&owner, NAME).as_deref(), Ok("u 1"));
    assert!(actor.asks_for(&owner, CAR).is_err(), "the assistant is not the car");
    let simulator =
        policy("org.carvoice.simulator.conf", OTHER, OTHER).replace("carvoice-vehicle", &actor.user);
    let simulator = PrivateBus::guarded(&[simulator]);
    assert_eq!(actor.asks_for(&simulator, CAR).as_deref(), Ok("u 1"));
    assert!(actor.asks_for(&simulator, NAME).is_err(), "the car is not the assistant");
}

#[test]
fn only_the_assistant_moves_the_car() {
    let actor = Actor::new();
    let car = |bus: &PrivateBus| {
        let connection = bus.connect();
        zbus::block_on(connection.request_name(CAR)).unwrap();
        connection
    };
    let member =
        PrivateBus::guarded(&[policy("org.carvoice.conf", OTHER, &actor.group), STAND_IN.to_owned()]);
    let _there = car(&member);
    let reason = actor.moves_the_car(&member).unwrap_err();
    assert!(reason.contains("denied"), "{reason}");
    let owner = PrivateBus::guarded(&[policy("org.carvoice.conf", &actor.user, OTHER), STAND_IN.to_owned()]);
    let _here = car(&owner);
    // The call arrives: the stand-in knows no such object, and says so.
    let reason = actor.moves_the_car(&owner).unwrap_err();
    assert!(!reason.contains("denied"), "{reason}");
}
