//! "Undo that" with a real car on the bus.

use super::*;

const CAR: &str = "org.carvoice.Vehicle1";

/// A property of the car as busctl shows it.
fn property(bus: &PrivateBus, interface: &str, name: &str) -> String {
    let interface = format!("{CAR}.{interface}");
    bus.busctl(&["get-property", CAR, "/org/carvoice/Vehicle1", &interface, name]).unwrap()
}

fn commands(turn: &Turn) -> Vec<String> {
    let commands = turn.signals.iter().filter(|(name, _)| name == "Command");
    commands.map(|(_, payload)| payload["intent"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_the_car_was_like_comes_back() {
    let bus = PrivateBus::start();
    let _car = car(&bus, &[]);
    let _service = Service::start(&bus);
    let mut monitor = monitor(&bus);
    let before = (property(&bus, "Window", "Position"), property(&bus, "Volume", "Level"));
    ask(&bus, &mut monitor, "open all windows and set the volume to 70");
    let after = (property(&bus, "Window", "Position"), property(&bus, "Volume", "Level"));
    assert_eq!(after.1, "d 70");
    assert_ne!(before.0, after.0);

    let undone = ask(&bus, &mut monitor, "undo that");
    assert_eq!(undone.reply(), "Undone. Volume 30. Window 0 percent.");
    assert_eq!(commands(&undone), ["assistant.undo", "volume.set", "window.set"]);
    assert_eq!((property(&bus, "Window", "Position"), property(&bus, "Volume", "Level")), before);

    ask(&bus, &mut monitor, "undo that");
    assert_eq!((property(&bus, "Window", "Position"), property(&bus, "Volume", "Level")), after);
}

#[test]
fn interlocks_come_back_in_reverse_order() {
    let bus = PrivateBus::start();
    let _car = car(&bus, &[]);
    let _service = Service::start(&bus);
    let mut monitor = monitor(&bus);
    ask(&bus, &mut monitor, "open the sunroof");
    assert_eq!(property(&bus, "Sunroof", "Position"), "d 100");
    let undone = ask(&bus, &mut monitor, "undo that");
    assert_eq!(undone.outcome(), "done", "{}", undone.reply());
    let roof = (property(&bus, "Sunroof", "Position"), property(&bus, "Shade", "Position"));
    assert_eq!(roof, ("d 0".to_owned(), "d 0".to_owned()));
}

#[test]
fn an_undo_obeys_the_car_of_now() {
    let bus = PrivateBus::start();
    let _car = car(&bus, &[]);
    let _service = Service::start(&bus);
    let mut monitor = monitor(&bus);
    let motion = format!("{CAR}.Motion");
    let drive = |speed: &str| {
        let set = ["set-property", CAR, "/org/carvoice/Vehicle1", &motion, "SpeedKmh", "d", speed];
        bus.busctl(&set).unwrap();
    };
    ask(&bus, &mut monitor, "fold the mirrors");
    ask(&bus, &mut monitor, "unfold the mirrors");
    drive("50");
    let refused = ask(&bus, &mut monitor, "undo that");
    assert_eq!(
        (refused.outcome(), refused.reply()),
        ("refused", "I can't fold the mirrors while we are moving.")
    );
    drive("0");
    assert_eq!(ask(&bus, &mut monitor, "undo that").outcome(), "done");
    assert_eq!(property(&bus, "Mirror", "Folded"), "b true");
}

#[test]
fn what_cannot_be_undone_is_told() {
    let bus = PrivateBus::start();
    let _car = car(&bus, &[]);
    let _service = Service::start(&bus);
    let mut monitor = monitor(&bus);
    assert_eq!(ask(&bus, &mut monitor, "undo that").reply(), "There is nothing to undo.");
    ask(&bus, &mut monitor, "call mum");
    assert_eq!(ask(&bus, &mut monitor, "undo that").reply(), "I can't undo a call.");
    ask(&bus, &mut monitor, "navigate to munich");
    assert!(ask(&bus, &mut monitor, "undo that").reply().contains("End the route guidance?"));
}
