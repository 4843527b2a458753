//! The actuator against a car that works, is away, late, dying, frozen, or back again.

use std::time::{Duration, Instant};

use carvoice_core::car::{CarState, Side};
use carvoice_core::catalogue::{Catalogue, Intent, SlotKind};
use carvoice_core::command::{Command, SlotValue};
use carvoice_core::engine::{ActError, Acted, Actuator};
use carvoice_tests::contracts::actuator as contract;
use carvoice_tests::fakes::actuator::ScriptedActuator;
use carvoice_tests::private_bus::{PrivateBus, Running, program};
use carvoice_vehicle::Fault;

use super::{NAME, PATH, actuator, car, faulty, longest_call};

fn unavailable<T>() -> Result<T, ActError> {
    Err(ActError::Unavailable { service: NAME.to_owned() })
}

fn fan(level: f64) -> Command {
    Command::new("climate.set_fan").with("level", level)
}

#[test]
fn the_car_on_the_bus_fulfils_the_contract() {
    let bus = PrivateBus::start();
    let _car = car(&bus);
    let mut actuator = actuator(&bus);
    contract::sees_a_parked_car(&mut actuator);
    contract::does_a_command(&mut actuator);
    contract::answers_a_question(&mut actuator);
    contract::passes_on_a_refusal(&mut actuator);
}

#[test]
fn the_fake_fulfils_the_contract() {
    let mut fake = ScriptedActuator { state: Some(CarState::default()), ..Default::default() };
    contract::sees_a_parked_car(&mut fake);
    contract::does_a_command(&mut fake);
    let answer = Acted { values: [("result".to_owned(), SlotValue::from(19.0))].into(), undo: Vec::new() };
    fake.script.push_back(Ok(answer));
    contract::answers_a_question(&mut fake);
    fake.script.push_back(Err(ActError::Rejected("no route is set".into())));
    contract::passes_on_a_refusal(&mut fake);
    assert_eq!(fake.acted.len(), 3);
}

/// A legal value for each slot.
fn some_value(intent: &Intent, slot: &str) -> SlotValue {
    match &intent.slot(slot).unwrap().kind {
        SlotKind::Choice(choices) => SlotValue::from(choices[0].value.as_str()),
        SlotKind::Number(_) if slot == "frequency" => SlotValue::from(909.0),
        SlotKind::Number(kind) => SlotValue::from(kind.max),
        SlotKind::Text => SlotValue::from("mum"),
        SlotKind::Digits => SlotValue::from("5550199"),
    }
}

/// The intent with only what it needs, and with each optional slot.
fn variants(intent: &Intent) -> Vec<Command> {
    let mut least = Command::new(&intent.name);
    while let Some(slot) = intent.missing(&least.slots) {
        let name = slot.name.clone();
        let value = some_value(intent, &name);
        least = least.with(&name, value);
    }
    if intent.name == "message.send" {
        least = least.with("text", "hello");
    }
    let optional = intent.slots.iter().filter(|slot| !least.slots.contains_key(&slot.name));
    // A telephone call has a contact or a number, a sunroof a position or a motion.
    let with_one = optional.map(|slot| match intent.needs_one.is_empty() {
        true => least.clone().with(&slot.name, some_value(intent, &slot.name)),
        false => Command::new(&intent.name).with(&slot.name, some_value(intent, &slot.name)),
    });
    let complete = with_one.filter(|command| intent.missing(&command.slots).is_none()).collect::<Vec<_>>();
    std::iter::once(least).chain(complete).collect()
}

#[test]
fn every_binding_of_the_catalogue_fits_the_car() {
    let catalogue = Catalogue::shipped();
    let bound: Vec<_> = catalogue.intents().iter().filter(|intent| intent.call.is_some()).collect();
    assert!(bound.len() > 60, "{}", bound.len());
    for intent in bound {
        let bus = PrivateBus::start();
        let _car = car(&bus);
        let mut actuator = actuator(&bus);
        for command in variants(intent) {
            for step in contract::approved(&catalogue, command) {
                // The car may refuse ("no route is set"), but must know the method and its types.
                match actuator.act(&step) {
                    Ok(acted) => {
                        let returns = intent.call.as_ref().unwrap().returns.is_some();
                        assert!(!returns || acted.values.len() == 1, "{}: {acted:?}", step.command());
                    }
                    Err(ActError::Rejected(_)) => {}
                    Err(error) => panic!("{}: {error}", step.command()),
                }
            }
        }
    }
}

#[test]
fn what_only_the_assistant_does_is_no_call() {
    let bus = PrivateBus::start();
    let help = contract::act(&mut actuator(&bus), Command::new("assistant.help"));
    assert_eq!(help, Ok(Acted::default()));
}

#[test]
fn the_state_of_the_car_is_what_the_car_says() {
    let bus = PrivateBus::start();
    let _car = car(&bus);
    let call = |interface: &str, method: &str, arguments: &[&str]| {
        let interface = format!("{NAME}.{interface}");
        bus.busctl(&[&["call", NAME, PATH, &interface, method], arguments].concat()).unwrap();
    };
    let motion = format!("{NAME}.Motion");
    bus.busctl(&["set-property", NAME, PATH, &motion, "SpeedKmh", "d", "83.5"]).unwrap();
    bus.busctl(&["set-property", NAME, PATH, &motion, "Steering", "s", "right"]).unwrap();
    call("Navigation", "GoTo", &["s", "Ulm"]);
    call("Light", "Set", &["sss", "headlights", "on", ""]);
    call("Light", "Set", &["sss", "high_beam", "on", ""]);
    call("Climate", "SetDefrost", &["bs", "true", "front"]);
    call("Climate", "SetFan", &["ds", "5", "driver"]);
    call("Window", "Set", &["ds", "30", "rear_left"]);
    call("Shade", "Set", &["d", "80"]);
    call("Sunroof", "Set", &["ds", "60", ""]);
    let expected = CarState {
        speed_kmh: 83.5,
        steering: Side::Right,
        guiding: true,
        low_beam: true,
        high_beam: true,
        defrost_front: true,
        window_open: 30.0,
        sunroof_open: 60.0,
        shade_open: 80.0,
        fan_level: 5.0,
        position: Some("geo:48.13743,11.57549".to_owned()),
    };
    assert_eq!(actuator(&bus).car(), Ok(expected));
}

#[test]
fn an_absent_car_is_unavailable_until_it_comes() {
    let bus = PrivateBus::start();
    let mut actuator = actuator(&bus);
    assert_eq!(contract::act(&mut actuator, fan(3.0)), unavailable());
    assert_eq!(actuator.car(), unavailable());
    let _car = car(&bus);
    contract::does_a_command(&mut actuator);
}

#[test]
fn a_car_that_dies_in_mid_call_is_unavailable() {
    let bus = PrivateBus::start();
    let (dying, lost) = faulty(&bus, Fault::Die, 1);
    let mut actuator = actuator(&bus);
    contract::does_a_command(&mut actuator);
    let started = Instant::now();
    assert_eq!(contract::act(&mut actuator, fan(3.0)), unavailable());
    assert!(started.elapsed() < longest_call(), "it did not wait for the time-out");
    lost.recv().unwrap();
    drop(dying);
    let _next = car(&bus);
    contract::does_a_command(&mut actuator);
}

#[test]
fn a_late_car_is_a_timeout_and_its_late_answer_is_dropped() {
    let bus = PrivateBus::start();
    let call = Catalogue::shipped().intent("climate.set_fan").unwrap().call.clone().unwrap();
    let (_late, _lost) = faulty(&bus, Fault::Late(call.timeout + Duration::from_millis(200)), 0);
    let mut actuator = actuator(&bus);
    let started = Instant::now();
    assert_eq!(contract::act(&mut actuator, fan(3.0)), Err(ActError::Timeout(call.timeout)));
    let took = started.elapsed();
    assert!(took >= call.timeout && took < call.timeout + Duration::from_secs(1), "{took:?}");
    // Properties are not late; the connection is still in step.
    assert_eq!(actuator.car().unwrap().speed_kmh, 0.0);
}

#[test]
fn a_refusing_car_gives_its_reason() {
    let bus = PrivateBus::start();
    let (_refusing, _lost) = faulty(&bus, Fault::Refuse, 0);
    let error = contract::act(&mut actuator(&bus), fan(3.0)).unwrap_err();
    assert_eq!(error, ActError::Rejected("the simulator refuses everything".into()));
}

#[test]
fn a_frozen_car_does_not_freeze_the_assistant() {
    let bus = PrivateBus::start();
    let arguments = ["--bus", &bus.address()];
    let mut frozen = Running::start(std::process::Command::new(program("carvoice-vehicle")).args(arguments));
    frozen.wait_for("ready");
    let mut actuator = actuator(&bus);
    contract::sees_a_parked_car(&mut actuator);
    frozen.signal("STOP");
    let started = Instant::now();
    assert!(matches!(actuator.car(), Err(ActError::Timeout(_))));
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    frozen.signal("CONT");
    contract::does_a_command(&mut actuator);
}

#[test]
fn a_bus_that_comes_back_is_used_again() {
    let mut bus = PrivateBus::start();
    let first = car(&bus);
    let mut actuator = actuator(&bus);
    contract::does_a_command(&mut actuator);
    bus.kill();
    assert_eq!(contract::act(&mut actuator, fan(3.0)), unavailable());
    drop(first);
    bus.restart();
    let _second = car(&bus);
    contract::does_a_command(&mut actuator);
    contract::sees_a_parked_car(&mut actuator);
}
