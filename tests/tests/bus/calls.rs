//! Methods: what reaches the turn loop, what comes back, what is turned away.

use carvoice_bus::{Client, Parsed, Refusal, Request};
use carvoice_core::command::Command;
use carvoice_core::engine::TurnId;
use carvoice_core::turn::{MAX_TEXT, Notice, Priority};
use carvoice_core::zone::Zone;
use expect_test::expect_file;

use super::{Desk, NAME, PATH};

#[test]
fn introspection_is_the_contract() {
    let desk = Desk::open(4);
    let xml = desk.bus.introspect(NAME, NAME);
    expect_file!["../../golden/assistant1.xml"].assert_eq(&xml);
    let members = desk.bus.busctl(&["introspect", NAME, PATH]).unwrap();
    for member in [".Listen", ".Parse", ".Muted", ".TurnEnded"] {
        assert!(members.contains(member), "{members}");
    }
}

#[test]
fn listen_takes_a_zone_and_hold() {
    let desk = Desk::open(4);
    let turn =
        desk.call(&["Listen", "a{sv}", "2", "zone", "s", "rear_left", "hold", "b", "true"], |request| {
            let Request::Listen { zone: Some(Zone::RearLeft), hold: true, answer } = request else {
                panic!("{request:?}")
            };
            answer.send(Ok(TurnId(7)));
        });
    assert_eq!(turn.as_deref(), Ok("t 7"));
    let turn = desk.call(&["Listen", "a{sv}", "0"], |request| {
        let Request::Listen { zone: None, hold: false, answer } = request else { panic!("{request:?}") };
        answer.send(Ok(TurnId(8)));
    });
    assert_eq!(turn.as_deref(), Ok("t 8"));
}

#[test]
fn stop_and_cancel_need_no_answer() {
    let desk = Desk::open(4);
    let stop = desk.call(&["StopListening", "t", "7"], |request| {
        assert!(matches!(request, Request::StopListening { turn: TurnId(7) }));
    });
    assert_eq!(stop.as_deref(), Ok(""));
    let cancel = desk.call(&["Cancel"], |request| assert!(matches!(request, Request::Cancel)));
    assert_eq!(cancel.as_deref(), Ok(""));
}

#[test]
fn say_has_a_priority() {
    let desk = Desk::open(4);
    for (options, expected) in
        [(vec!["0"], Priority::Normal), (vec!["1", "priority", "s", "urgent"], Priority::Urgent)]
    {
        let mut arguments = vec!["Say", "sa{sv}", "Mind the gap."];
        arguments.extend(options);
        let spoken = desk.call(&arguments, |request| {
            let Request::Say { text, priority, answer } = request else { panic!("{request:?}") };
            assert_eq!((text.as_str(), priority), ("Mind the gap.", expected));
            answer.send(Ok(TurnId(3)));
        });
        assert_eq!(spoken.as_deref(), Ok("t 3"));
    }
}

#[test]
fn ask_begins_a_turn() {
    let desk = Desk::open(4);
    let turn = desk.call(&["Ask", "sa{sv}", "включи радио", "0"], |request| {
        let Request::Ask { text, answer } = request else { panic!("{request:?}") };
        assert_eq!(text, "включи радио");
        answer.send(Ok(TurnId(u64::MAX)));
    });
    assert_eq!(turn, Ok(format!("t {}", u64::MAX)));
}

#[test]
fn parse_gives_intents_with_typed_slots() {
    let desk = Desk::open(4);
    let found = desk.call(&["Parse", "s", "21 degrees please"], |request| {
        let Request::Parse { text, answer } = request else { panic!("{request:?}") };
        assert_eq!(text, "21 degrees please");
        let command =
            Command::new("climate.set_temperature").with("temperature", 21.0).with("zone", "driver");
        answer.send(Ok(vec![Parsed { command, confidence: 0.5 }]));
    });
    let expected = r#"a(sa{sv}d) 1 "climate.set_temperature" 2 "temperature" d 21 "zone" s "driver" 0.5"#;
    assert_eq!(found.as_deref(), Ok(expected));
    let nothing = desk.call(&["Parse", "s", "who won the cup final"], |request| {
        let Request::Parse { answer, .. } = request else { panic!("{request:?}") };
        answer.send(Ok(Vec::new()));
    });
    assert_eq!(nothing.as_deref(), Ok("a(sa{sv}d) 0"));
}

#[test]
fn vocabulary_and_skills() {
    let desk = Desk::open(4);
    let set = desk.call(&["SetVocabulary", "sas", "contacts", "2", "Mum", "José"], |request| {
        let Request::SetVocabulary { kind, phrases, answer } = request else { panic!("{request:?}") };
        assert_eq!((kind.as_str(), phrases), ("contacts", vec!["Mum".to_owned(), "José".to_owned()]));
        answer.send(Ok(TurnId(0)));
    });
    assert_eq!(set.as_deref(), Ok(""));
    let reloaded = desk.gdbus("ReloadSkills", &[], |request| {
        let Request::ReloadSkills { answer } = request else { panic!("{request:?}") };
        answer.send(Err(Refusal::InvalidArgument("radio.toml:3: unknown key".into())));
    });
    let error = reloaded.unwrap_err();
    assert!(error.contains("org.carvoice.Error.InvalidArgument: radio.toml:3"), "{error}");
}

#[test]
fn refusals_of_the_turn_loop_have_names() {
    let desk = Desk::open(4);
    for (refusal, name) in [
        (Refusal::Busy("x".into()), "Busy"),
        (Refusal::Muted("x".into()), "Muted"),
        (Refusal::InvalidArgument("x".into()), "InvalidArgument"),
        (Refusal::NotReady("x".into()), "NotReady"),
        (Refusal::UnknownIntent("x".into()), "UnknownIntent"),
    ] {
        let error = desk.gdbus("Listen", &["{}"], |request| {
            let Request::Listen { answer, .. } = request else { panic!("{request:?}") };
            answer.send(Err(refusal));
        });
        let error = error.unwrap_err();
        assert!(error.contains(&format!("org.carvoice.Error.{name}: x")), "{error}");
    }
}

#[test]
fn a_dropped_request_is_not_ready() {
    let desk = Desk::open(4);
    let error = desk.gdbus("Ask", &["hello", "{}"], drop).unwrap_err();
    assert!(error.contains("org.carvoice.Error.NotReady"), "{error}");
}

#[test]
fn bad_arguments_never_reach_the_turn_loop() {
    let desk = Desk::open(4);
    let long = "x".repeat(MAX_TEXT + 1);
    let ten_thousand = "ü".repeat(10_000);
    let calls: &[(&str, &[&str], &str)] = &[
        ("Listen", &["{'zone': <'boot'>}"], "rear_left"),
        ("Listen", &["{'zone': <3>}"], "has type i; expected s"),
        ("Listen", &["{'hold': <'yes'>}"], "has type s; expected b"),
        ("Listen", &["{'volume': <3>}"], "unknown option \"volume\""),
        ("Say", &["hello", "{'priority': <'high'>}"], "low, normal or urgent"),
        ("Say", &["", "{}"], "empty"),
        ("Ask", &["   ", "{}"], "empty"),
        ("Ask", &["hello", "{'zone': <'driver'>}"], "unknown option"),
        ("Ask", &[&long, "{}"], "1001 characters; at most 1000"),
        ("Parse", &[&ten_thousand], "10000 characters"),
        ("Parse", &["a\u{1b}[31mb"], "control characters"),
        ("SetVocabulary", &["Contacts", "[]"], "lower case"),
        ("SetVocabulary", &["contacts", "['ok', '']"], "empty"),
    ];
    for (method, arguments, reason) in calls {
        let error = desk.refused(method, arguments);
        assert!(error.contains("org.carvoice.Error.InvalidArgument"), "{method} {arguments:?}: {error}");
        assert!(error.contains(reason), "{method} {arguments:?}: {error}");
    }
}

#[test]
fn muted_is_set_when_the_turn_loop_says_so() {
    let desk = Desk::open(4);
    let service = &desk.service;
    let mute = |value: &'static str, turn_loop: &(dyn Fn(Request) + Sync)| {
        desk.while_calling(turn_loop, |bus| {
            bus.busctl(&["set-property", NAME, PATH, NAME, "Muted", "b", value])
        })
    };
    let confirmed = |request: Request| {
        let Request::SetMuted(muted) = request else { panic!("{request:?}") };
        service.emit(Notice::Muted(muted));
    };
    let now = || desk.bus.busctl(&["get-property", NAME, PATH, NAME, "Muted"]).unwrap();
    assert_eq!(now(), "b false");
    // Also when nothing changes.
    for (value, expected) in [("true", "b true"), ("true", "b true"), ("false", "b false")] {
        mute(value, &confirmed).unwrap();
        assert_eq!(now(), expected);
    }
    let error = mute("true", &drop).unwrap_err();
    assert!(error.contains("no answer in time"), "{error}");
    assert_eq!(now(), "b false");
}

#[test]
fn properties_can_be_read_and_only_muted_written() {
    let desk = Desk::open(4);
    let read = |name: &str| desk.bus.busctl(&["get-property", NAME, PATH, NAME, name]).unwrap();
    assert_eq!(read("State"), "s \"idle\"");
    assert_eq!(read("Degraded"), "as 0");
    assert_eq!(read("Language"), "s \"en\"");
    assert_eq!(read("Intents"), "as 1 \"climate.set_fan\"");
    assert_eq!(read("Version"), format!("s {:?}", env!("CARGO_PKG_VERSION")));
    let set = |name: &str, kind: &str, value: &str| {
        desk.bus.busctl(&["set-property", NAME, PATH, NAME, name, kind, value]).unwrap_err()
    };
    set("State", "s", "speaking");
    set("Muted", "s", "yes");
    set("Volume", "d", "3");
    desk.assert_idle();
}

#[test]
fn the_client_speaks_the_same_language() {
    let desk = Desk::open(4);
    let client = Client::connect(desk.bus.kind()).unwrap();
    let client = &client;
    let turn = desk.while_calling(
        |request| {
            let Request::Listen { zone: Some(Zone::Driver), hold: true, answer } = request else {
                panic!("{request:?}")
            };
            answer.send(Ok(TurnId(5)));
        },
        |_| client.listen(Some(Zone::Driver), true),
    );
    assert_eq!(turn.unwrap(), 5);
    let asked = desk.while_calling(
        |request| {
            let Request::Ask { answer, .. } = request else { panic!("{request:?}") };
            answer.send(Err(Refusal::Busy("a turn is under way".into())));
        },
        |_| client.ask("open the window"),
    );
    let error = asked.unwrap_err();
    assert!(
        matches!(&error, carvoice_bus::BusError::Refused { name, message }
        if name == "org.carvoice.Error.Busy" && message == "a turn is under way"),
        "{error:?}"
    );
    let said = desk.while_calling(
        |request| {
            let Request::Say { priority: Priority::Low, answer, .. } = request else { panic!("{request:?}") };
            answer.send(Ok(TurnId(6)));
        },
        |_| client.say("hello", Priority::Low),
    );
    assert_eq!(said.unwrap(), 6);
    let service = &desk.service;
    desk.while_calling(|_| service.emit(Notice::Muted(true)), |_| client.set_muted(true)).unwrap();
    desk.while_calling(drop, |_| client.cancel()).unwrap();
    desk.while_calling(drop, |_| client.stop_listening(5)).unwrap();
    let status = client.status().unwrap();
    assert!(status.muted);
    assert_eq!((status.state.as_str(), status.language.as_str()), ("idle", "en"));
}
