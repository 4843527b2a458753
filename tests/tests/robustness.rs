//! The service among many clients, and among bad ones.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use carvoice_bus::Client;
use carvoice_tests::private_bus::{PATIENCE, PrivateBus};
use zbus::connection::Connection;
use zbus::{DynamicType, Variant, block_on};

use super::daemon::{Service, ask, car, collect, monitor};

const NAME: &str = "org.carvoice.Assistant1";
const PATH: &str = "/org/carvoice/Assistant1";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const CLIENTS: usize = 8;
const REQUESTS: usize = 1000;

/// The name of the error, if it is one; no answer at all is a failed test.
fn call<B: serde::Serialize + DynamicType>(
    client: &Connection,
    interface: &str,
    method: &str,
    body: &B,
) -> Result<(), String> {
    match block_on(client.call_method(Some(NAME), PATH, Some(interface), method, body)) {
        Ok(_) => Ok(()),
        Err(zbus::Error::MethodError(name, ..)) => Err(name.to_string()),
        Err(zbus::Error::FDO(error)) if !error.to_string().contains("NoReply") => Err(error.to_string()),
        Err(error) => panic!("{method}: {error}"),
    }
}

fn options() -> HashMap<&'static str, Variant<'static>> {
    HashMap::new()
}

/// One of ten kinds of requests.
fn request(client: &Connection, number: usize) -> Result<(), String> {
    match number % 10 {
        0 => call(client, NAME, "Ask", &("turn the volume down", options())),
        1 => call(client, NAME, "Say", &("Hello.", options())),
        2 => call(client, NAME, "Cancel", &()),
        3 => call(client, NAME, "Listen", &(options(),)),
        4 => call(client, NAME, "StopListening", &(number as u64,)),
        5 => call(client, NAME, "SetVocabulary", &("contacts", vec!["mum", "the office"])),
        6 => call(client, PROPERTIES, "Get", &(NAME, "State")),
        7 => call(client, PROPERTIES, "Set", &(NAME, "Muted", Variant::from(false))),
        _ => call(client, NAME, "Parse", &("open the window halfway",)),
    }
}

#[test]
fn a_thousand_requests_of_eight_clients_are_all_answered() {
    let bus = PrivateBus::start();
    let _car = car(&bus, &[]);
    let _service = Service::start(&bus);
    let answered = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (bus, answered) = (&bus, &answered);
            scope.spawn(move || {
                let connection = bus.connect();
                for number in 0..REQUESTS / CLIENTS {
                    if let Err(name) = request(&connection, client + number) {
                        assert!(name.starts_with("org.carvoice.Error."), "{name}");
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(answered.into_inner(), REQUESTS);
    // It is not stuck: a turn still runs from end to end.
    Client::connect(bus.kind()).unwrap().cancel().unwrap();
    let turn = ask(&bus, &mut monitor(&bus), "set the temperature to twenty one degrees");
    assert_eq!(turn.outcome(), "done", "{}", turn.reply());
}

/// One of the things that no client should do.
fn abuse(client: &Connection, number: usize, huge: &str) {
    let refused = match number % 8 {
        0 => call(client, NAME, "Destroy", &()),
        1 => call(client, NAME, "Ask", &(7_u32,)),
        2 => call(client, NAME, "Parse", &(huge,)),
        3 => call(client, NAME, "SetVocabulary", &("contacts", vec![huge])),
        4 => call(client, PROPERTIES, "Set", &(NAME, "Muted", Variant::from("loud"))),
        5 => call(client, PROPERTIES, "Set", &(NAME, "Version", Variant::from("0"))),
        6 => call(client, "org.carvoice.Nonsense", "Ask", &("x",)),
        _ => call(client, NAME, "Listen", &(HashMap::from([("hold", Variant::from("yes"))]),)),
    };
    refused.expect_err("this must be refused");
}

/// Seconds of abuse: a few, or `CARVOICE_HOSTILE_S`.
fn hostile_time() -> Duration {
    let set = std::env::var("CARVOICE_HOSTILE_S").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(set.unwrap_or(3))
}

/// Ends the abuse, also when the test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn hostile_clients_stop_no_turn() {
    let bus = PrivateBus::start();
    let _car = car(&bus, &[]);
    let _service = Service::start(&bus);
    let (over, abused) = (AtomicBool::new(false), AtomicUsize::new(0));
    let huge = "open ".repeat(200_000);
    std::thread::scope(|scope| {
        for client in 0..4 {
            let (bus, over, abused, huge) = (&bus, &over, &abused, huge.as_str());
            scope.spawn(move || {
                let connection = bus.connect();
                for number in client.. {
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    abuse(&connection, number, huge);
                    abused.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let _over = Over(&over);
        let mut monitor = monitor(&bus);
        let client = Client::connect(bus.kind()).unwrap();
        let begin = Instant::now();
        let mut turns = 0;
        while begin.elapsed() < hostile_time() {
            turns += 1;
            let words = if turns % 2 == 0 { "turn the volume up" } else { "turn the volume down" };
            let turn = loop {
                match client.ask(words) {
                    Ok(turn) => break turn,
                    Err(reason) => assert!(begin.elapsed() < hostile_time() + PATIENCE, "{reason}"),
                }
            };
            let turn = collect(&mut monitor, |ended| ended == turn);
            assert_eq!(turn.outcome(), "done", "{}", turn.reply());
        }
    });
    assert!(abused.into_inner() > 100);
}
