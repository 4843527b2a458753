//! Signals, as foreign programs and as `carvoice monitor` see them.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use carvoice_bus::{BusError, Client, Service};
use carvoice_core::command::Command;
use carvoice_core::engine::TurnId;
use carvoice_core::turn::{Cause, Engine, Notice, Outcome, State, Timings};
use carvoice_core::zone::Zone;
use carvoice_tests::private_bus::{PATIENCE, PrivateBus};
use serde_json::json;

use super::{Desk, deliver, description, drain};

/// Each signal, and how `carvoice monitor` shows it.
fn every_signal() -> Vec<(Notice, &'static str, serde_json::Value)> {
    let turn = TurnId(3);
    let ms = |value| Some(Duration::from_millis(value));
    let timings = Timings { end_of_speech: ms(1000), endpoint: ms(1300), ..Timings::default() };
    let command = Command::new("climate.set_temperature").with("temperature", 21.5).with("zone", "driver");
    let text = || "open the window".to_owned();
    vec![
        (
            Notice::TurnStarted { turn, cause: Cause::Button, zone: Some(Zone::RearLeft) },
            "TurnStarted",
            json!({"turn": 3, "cause": "button", "zone": "rear_left"}),
        ),
        (
            Notice::PartialTranscript { turn, text: text() },
            "PartialTranscript",
            json!({"turn": 3, "text": "open the window"}),
        ),
        (
            Notice::Transcript { turn, text: text(), confidence: 0.5 },
            "Transcript",
            json!({"turn": 3, "text": "open the window", "confidence": 0.5}),
        ),
        (
            Notice::Command { turn, command, confidence: 1.0 },
            "Command",
            json!({
                "turn": 3, "intent": "climate.set_temperature",
                "slots": {"temperature": 21.5, "zone": "driver"}, "confidence": 1.0
            }),
        ),
        (
            Notice::CommandResult { turn, intent: "window.set".into(), error: None },
            "CommandResult",
            json!({"turn": 3, "intent": "window.set", "done": true, "error": ""}),
        ),
        (
            Notice::CommandResult { turn, intent: "window.set".into(), error: Some("stuck".into()) },
            "CommandResult",
            json!({"turn": 3, "intent": "window.set", "done": false, "error": "stuck"}),
        ),
        (Notice::Reply { turn, text: text() }, "Reply", json!({"turn": 3, "text": "open the window"})),
        (Notice::SpeakingStarted { turn }, "SpeakingStarted", json!({"turn": 3})),
        (Notice::SpeakingEnded { turn }, "SpeakingEnded", json!({"turn": 3})),
        (
            Notice::TurnEnded { turn, outcome: Outcome::Done, timings },
            "TurnEnded",
            json!({"turn": 3, "outcome": "done", "timings": {"end_of_speech_to_endpoint": 300.0}}),
        ),
        (Notice::State(State::FollowUp), "PropertiesChanged", json!({"State": "follow-up"})),
        (Notice::Muted(true), "PropertiesChanged", json!({"Muted": true})),
        (
            Notice::Degraded(vec![Engine::Microphone, Engine::WakeWord]),
            "PropertiesChanged",
            json!({"Degraded": ["microphone", "wake-word"]}),
        ),
    ]
}

#[test]
fn the_monitor_sees_every_signal_in_order() {
    let desk = Desk::open(4);
    let mut monitor = Client::connect(desk.bus.kind()).unwrap().monitor().unwrap();
    for (notice, _, _) in every_signal() {
        desk.service.emit(notice);
    }
    desk.service.set_intents(vec!["a.b".into()]);
    for (_, name, arguments) in every_signal() {
        let (seen, with) = monitor.next_within(PATIENCE).unwrap().unwrap();
        assert_eq!((seen.as_str(), with), (name, arguments));
    }
    let (_, intents) = monitor.next().unwrap().unwrap();
    assert_eq!(intents, json!({"Intents": ["a.b"]}));
    assert_eq!(desk.service.signals_dropped(), 0);
}

#[test]
fn foreign_programs_see_typed_signals() {
    let desk = Desk::open(4);
    let mut spy = desk.bus.spy();
    let command = Command::new("seat.set_heating").with("level", 2.0);
    desk.service.emit(Notice::Command { turn: TurnId(9), command, confidence: 0.75 });
    let signal = spy.wait_for("member=Command");
    assert!(signal.contains("path=/org/carvoice/Assistant1; interface=org.carvoice.Assistant1"), "{signal}");
    spy.wait_for("uint64 9");
    spy.wait_for("string \"seat.set_heating\"");
    spy.wait_for("string \"level\"");
    spy.wait_for("double 2");
    spy.wait_for("double 0.75");
}

#[test]
fn every_state_is_announced_once() {
    let desk = Desk::open(4);
    let mut monitor = Client::connect(desk.bus.kind()).unwrap().monitor().unwrap();
    let states = [State::Idle, State::Listening, State::Listening, State::Transcribing, State::Idle];
    for state in states {
        desk.service.emit(Notice::State(state));
    }
    for expected in ["listening", "transcribing", "idle"] {
        let (_, changed) = monitor.next_within(PATIENCE).unwrap().unwrap();
        assert_eq!(changed, json!({"State": expected}));
    }
}

#[test]
fn the_monitor_follows_a_restarted_daemon() {
    let Desk { bus, service, requests } = Desk::open(4);
    let mut monitor = Client::connect(bus.kind()).unwrap().monitor().unwrap();
    drop(service);
    assert!(drain(&requests).is_empty());
    let (to_turn, _requests) = sync_channel(4);
    let next = Service::start(bus.kind(), description(), deliver(to_turn)).unwrap();
    next.emit(Notice::SpeakingStarted { turn: TurnId(1) });
    let (name, _) = monitor.next_within(PATIENCE).unwrap().unwrap();
    assert_eq!(name, "SpeakingStarted");
}

#[test]
fn a_client_says_how_to_start_the_daemon() {
    let bus = PrivateBus::start();
    let client = Client::connect(bus.kind()).unwrap();
    let error = client.status().unwrap_err();
    assert!(matches!(error, BusError::NotRunning { .. }), "{error:?}");
    assert!(error.to_string().contains("`carvoice daemon`"), "{error}");
    assert!(matches!(client.monitor().err(), Some(BusError::NotRunning { .. })));
}

#[test]
fn a_monitor_of_a_lost_bus_ends() {
    let mut desk = Desk::open(4);
    let mut monitor = Client::connect(desk.bus.kind()).unwrap().monitor().unwrap();
    desk.bus.kill();
    assert!(matches!(monitor.next(), Some(Err(BusError::Lost))));
}
