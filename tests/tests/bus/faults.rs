//! Buses that are missing, taken, stalled or lost, and callers that misbehave.

use std::sync::mpsc::sync_channel;

use carvoice_bus::{BusError, BusKind, Client, Request, Service};
use carvoice_core::engine::TurnId;
use carvoice_core::turn::Notice;
use futures::future::join_all;
use zbus::block_on;

use super::{Desk, NAME, PATH, deliver, description, drain};

#[test]
fn a_second_daemon_is_refused() {
    let desk = Desk::open(4);
    let (to_turn, _requests) = sync_channel(4);
    let second = Service::start(desk.bus.kind(), description(), deliver(to_turn));
    let error = second.err().unwrap();
    assert!(matches!(error, BusError::NameTaken { .. }), "{error:?}");
    assert!(error.to_string().contains("stop it first"), "{error}");
    // The first one goes on, and its name is free once it has ended.
    desk.call(&["Cancel"], |request| assert!(matches!(request, Request::Cancel))).unwrap();
    let Desk { bus, service, requests } = desk;
    drop(service);
    assert!(drain(&requests).is_empty());
    let (to_turn, _requests) = sync_channel(4);
    Service::start(bus.kind(), description(), deliver(to_turn)).unwrap();
}

#[test]
fn no_bus_is_an_error_with_a_remedy() {
    let (to_turn, _requests) = sync_channel(4);
    let nowhere = BusKind::Address("unix:path=/nonexistent/bus".into());
    let error = Service::start(nowhere.clone(), description(), deliver(to_turn)).err().unwrap();
    assert!(error.to_string().contains("/nonexistent/bus"), "{error}");
    assert!(error.to_string().contains("check the address"), "{error}");
    assert!(matches!(Client::connect(nowhere).err(), Some(BusError::NoBus { .. })));
}

#[test]
fn a_lost_bus_is_reported_even_into_a_full_queue() {
    let mut desk = Desk::open(1);
    // The queue of one is full.
    desk.bus.busctl(&["call", NAME, PATH, NAME, "Cancel"]).unwrap();
    desk.bus.kill();
    assert!(matches!(desk.request(), Request::Cancel));
    assert!(matches!(desk.request(), Request::BusLost));
    desk.service.emit(Notice::SpeakingEnded { turn: TurnId(1) });
    drop(desk.service);
    assert!(drain(&desk.requests).is_empty(), "it is reported once");
}

#[test]
fn a_full_queue_is_busy() {
    let desk = Desk::open(1);
    desk.bus.busctl(&["call", NAME, PATH, NAME, "Cancel"]).unwrap();
    let error = desk.bus.gdbus(NAME, &format!("{NAME}.Cancel"), &[]).unwrap_err();
    assert!(error.contains("org.carvoice.Error.Busy"), "{error}");
    assert!(matches!(desk.request(), Request::Cancel));
    desk.bus.busctl(&["call", NAME, PATH, NAME, "Cancel"]).unwrap();
}

#[test]
fn a_stalled_bus_does_not_hold_up_the_turn_loop() {
    let desk = Desk::open(1);
    desk.bus.freeze();
    let text = "x".repeat(1000);
    // More than the socket, the queue and the daemon's own buffers take.
    for turn in 0..5000 {
        desk.service.emit(Notice::Reply { turn: TurnId(turn), text: text.clone() });
    }
    assert!(desk.service.signals_dropped() > 0);
    let Desk { bus, service, .. } = desk;
    // A service that cannot send any more still ends with its bus.
    drop(bus);
    drop(service);
}

#[test]
fn a_flood_of_calls_is_answered_call_by_call() {
    const CALLS: usize = 1000;
    let desk = Desk::open(16);
    let connection = desk.bus.connect();
    let flood = || {
        let calls = (0..CALLS).map(|_| connection.call_method(Some(NAME), PATH, Some(NAME), "Cancel", &()));
        block_on(join_all(calls))
    };
    let (taken, answers) = std::thread::scope(|scope| {
        let flooding = scope.spawn(flood);
        let mut taken = 0;
        while !flooding.is_finished() {
            taken += desk.requests.try_iter().count();
            std::thread::yield_now();
        }
        (taken, flooding.join().unwrap())
    });
    let taken = taken + desk.requests.try_iter().count();
    let done = answers.iter().filter(|answer| answer.is_ok()).count();
    let busy = answers
        .iter()
        .filter(|answer| {
            matches!(answer, Err(zbus::Error::MethodError(name, ..))
        if name.as_str() == "org.carvoice.Error.Busy")
        })
        .count();
    assert_eq!(done + busy, CALLS, "every call has an answer");
    assert_eq!(taken, done, "what was accepted reached the turn loop");
    desk.call(&["Cancel"], drop).unwrap();
}

#[test]
fn hostile_calls_do_no_harm() {
    let desk = Desk::open(4);
    let connection = desk.bus.connect();
    let megabyte = "x".repeat(1 << 20);
    let none = std::collections::HashMap::<&str, zbus::Variant<'_>>::new();
    let error = |result: zbus::Result<zbus::Message>| result.unwrap_err().to_string();
    let call = |interface: &'static str, method: &'static str| {
        block_on(connection.call_method(Some(NAME), PATH, Some(interface), method, &()))
    };
    let long =
        block_on(connection.call_method(Some(NAME), PATH, Some(NAME), "Ask", &(megabyte.as_str(), none)));
    assert!(error(long).contains("at most 1000"));
    let phrases = vec![megabyte.as_str(); 4];
    let long = block_on(connection.call_method(
        Some(NAME),
        PATH,
        Some(NAME),
        "SetVocabulary",
        &("contacts", phrases),
    ));
    assert!(error(long).contains("at most 100"));
    let wrong_type = block_on(connection.call_method(Some(NAME), PATH, Some(NAME), "Ask", &(1_u32,)));
    assert!(error(wrong_type).contains("InvalidArgs"));
    assert!(error(call(NAME, "Listen")).contains("InvalidArgs"));
    assert!(error(call(NAME, "Explode")).contains("UnknownMethod"));
    assert!(error(call("org.carvoice.Nothing", "Listen")).contains("UnknownInterface"));
    let elsewhere = block_on(connection.call_method(Some(NAME), "/", Some(NAME), "Cancel", &()));
    assert!(error(elsewhere).contains("Unknown"));
    desk.assert_idle();
    // A caller that leaves without waiting for its answer is of no concern.
    let message = zbus::Message::method_call(PATH, "Ask").destination(NAME).interface(NAME);
    let options = std::collections::HashMap::<&str, zbus::Variant<'_>>::new();
    block_on(connection.send(&message.build(&("hello", options)).unwrap())).unwrap();
    let Request::Ask { answer, .. } = desk.request() else { panic!("not an Ask") };
    block_on(connection.close()).unwrap();
    answer.send(Ok(TurnId(1)));
    desk.call(&["Cancel"], drop).unwrap();
}
