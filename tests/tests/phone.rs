//! Bindings that an integrator adds: telephone calls through oFono.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command as Program, Stdio};
use std::sync::Arc;

use carvoice_bus::DbusActuator;
use carvoice_core::catalogue::Catalogue;
use carvoice_core::command::Command;
use carvoice_core::engine::{ActError, Acted, Actuator};
use carvoice_tests::contracts::actuator as contract;
use carvoice_tests::private_bus::{PrivateBus, Running};

/// The interpreter that has Debian's packages; another may come first in the path.
pub(crate) fn python() -> &'static str {
    let debian = "/usr/bin/python3";
    if Path::new(debian).exists() { debian } else { "python3" }
}

/// Whether the interpreter has a package; says so when not.
pub(crate) fn python_has(package: &str) -> bool {
    let import = format!("import {package}");
    let has = Program::new(python()).args(["-c", &import]).stderr(Stdio::null()).status();
    let has = has.is_ok_and(|status| status.success());
    if !has {
        // Not by a macro: the harness would hide it.
        let told = writeln!(std::io::stderr(), "SKIPPED: {} lacks {package}; run `make setup`", python());
        told.unwrap();
    }
    has
}

const OFONO: &str = include_str!("../../crates/core/bindings/ofono.toml");

/// The shipped catalogue with these bindings.
fn catalogue(bindings: &str) -> Arc<Catalogue> {
    let mut files = Catalogue::shipped_files().to_vec();
    files.push(("ofono.toml", bindings));
    Arc::new(Catalogue::parse(&files).unwrap())
}

fn act(catalogue: &Arc<Catalogue>, bus: &PrivateBus, command: Command) -> Result<Acted, ActError> {
    let mut actuator = DbusActuator::new(bus.kind(), Arc::clone(catalogue));
    let steps = contract::approved(catalogue, command);
    actuator.act(&steps[0])
}

/// oFono with one modem, as python-dbusmock plays it.
fn ofono(bus: &PrivateBus) -> Running {
    let mut mock = bus.tool(python());
    mock.args(["-u", "-m", "dbusmock", "--template", "ofono"]).stderr(Stdio::null());
    let running = Running::start(&mut mock);
    let mut bus_client = bus.tool("gdbus");
    let wait = bus_client.args(["wait", "--session", "--timeout", "20", "org.ofono"]).status();
    assert!(wait.unwrap().success(), "python-dbusmock did not start");
    running
}

fn calls(bus: &PrivateBus) -> String {
    bus.busctl(&["call", "org.ofono", "/ril_0", "org.ofono.VoiceCallManager", "GetCalls"]).unwrap()
}

#[test]
fn ofono_dials_and_hangs_up() {
    if !python_has("dbusmock") {
        return;
    }
    let bus = PrivateBus::start();
    let _ofono = ofono(&bus);
    let catalogue = catalogue(OFONO);
    let dial = Command::new("phone.call").with("number", "5550199");
    act(&catalogue, &bus, dial).unwrap();
    assert!(calls(&bus).contains("5550199"), "{}", calls(&bus));
    act(&catalogue, &bus, Command::new("phone.hang_up")).unwrap();
    assert_eq!(calls(&bus), "a(oa{sv}) 0");
}

#[test]
fn what_ofono_cannot_do_is_told() {
    if !python_has("dbusmock") {
        return;
    }
    let bus = PrivateBus::start();
    let catalogue = catalogue(OFONO);
    let nobody = "org.ofono or org.carvoice.Vehicle1".to_owned();
    let hang_up = || Command::new("phone.hang_up");
    assert_eq!(act(&catalogue, &bus, hang_up()), Err(ActError::Unavailable { service: nobody }));
    let _ofono = ofono(&bus);
    let nobody_calls = act(&catalogue, &bus, Command::new("phone.answer"));
    assert_eq!(nobody_calls, Err(ActError::Rejected("there is nothing with State incoming".into())));
    let mum = Command::new("phone.call").with("contact", "mum");
    assert_eq!(act(&catalogue, &bus, mum), Err(ActError::Rejected("it can't be told the contact".into())));
}

#[test]
fn one_call_among_those_of_a_modem_is_found_by_its_state() {
    if !python_has("dbusmock") {
        return;
    }
    let bus = PrivateBus::start();
    let _ofono = ofono(&bus);
    // The mock has no calls that come in; those that go out are objects of the same kind.
    let catalogue = catalogue(&OFONO.replace("incoming", "dialing"));
    act(&catalogue, &bus, Command::new("phone.call").with("number", "5550199")).unwrap();
    act(&catalogue, &bus, Command::new("phone.reject")).unwrap();
    assert_eq!(calls(&bus), "a(oa{sv}) 0");
}
