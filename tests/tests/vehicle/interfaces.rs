//! The car's interfaces as foreign programs see them.

use carvoice_tests::private_bus::PrivateBus;
use carvoice_vehicle::{Car, Options, Simulator, StartError};
use expect_test::expect_file;

use super::{NAME, PATH, car};

fn call(bus: &PrivateBus, method: &str, arguments: &[&str]) -> Result<String, String> {
    bus.gdbus(NAME, &format!("{NAME}.{method}"), arguments)
}

fn property(bus: &PrivateBus, interface: &str, name: &str) -> String {
    bus.busctl(&["get-property", NAME, PATH, &format!("{NAME}.{interface}"), name]).unwrap()
}

#[test]
fn introspection_is_the_contract() {
    let bus = PrivateBus::start();
    let _car = car(&bus);
    expect_file!["../../golden/vehicle1.xml"].assert_eq(&bus.introspect(NAME, NAME));
}

#[test]
fn methods_change_properties() {
    let bus = PrivateBus::start();
    let _car = car(&bus);
    assert_eq!(call(&bus, "Climate.SetTemperature", &["22.5", "passenger"]).as_deref(), Ok("()"));
    let temperatures = property(&bus, "Climate", "Temperature");
    assert_eq!(temperatures, "a{sd} 4 \"driver\" 21 \"passenger\" 22.5 \"rear_left\" 21 \"rear_right\" 21");
    call(&bus, "Media.Tune", &["909", ""]).unwrap();
    assert_eq!(property(&bus, "Media", "Band"), "s \"am\"");
    assert_eq!(call(&bus, "Media.QueryTrack", &[]).as_deref(), Ok("('AM 909',)"));
    assert_eq!(call(&bus, "Vehicle.Query", &["range"]).as_deref(), Ok("('420 kilometres',)"));
    call(&bus, "Phone.Ring", &["mum"]).unwrap();
    call(&bus, "Phone.Answer", &[]).unwrap();
    assert_eq!(property(&bus, "Phone", "State"), "s \"active\"");
}

#[test]
fn refusals_have_names() {
    let bus = PrivateBus::start();
    let _car = car(&bus);
    for (method, arguments, name) in [
        ("Climate.SetTemperature", vec!["31", "driver"], "OutOfRange"),
        ("Climate.SetTemperature", vec!["nan", "driver"], "OutOfRange"),
        ("Climate.SetTemperature", vec!["21", "boot"], "InvalidArgument"),
        ("Volume.Adjust", vec!["sideways", "0"], "InvalidArgument"),
        ("Sunroof.Set", vec!["-1", "open"], "Refused"),
        ("Navigation.Cancel", vec![], "Refused"),
    ] {
        let error = call(&bus, method, &arguments).unwrap_err();
        assert!(error.contains(&format!("{NAME}.Error.{name}")), "{method}: {error}");
    }
    let wrong_type = bus.busctl(&["call", NAME, PATH, &format!("{NAME}.Volume"), "Set", "s", "loud"]);
    assert!(wrong_type.is_err());
    let unknown = call(&bus, "Volume.Explode", &[]).unwrap_err();
    assert!(unknown.contains("UnknownMethod"), "{unknown}");
    // Nothing of that changed anything.
    assert_eq!(property(&bus, "Volume", "Level"), "d 30");
}

#[test]
fn changes_are_announced_once_with_their_values() {
    let bus = PrivateBus::start();
    let _car = car(&bus);
    let mut spy = bus.spy();
    call(&bus, "Volume.Set", &["45"]).unwrap();
    // The same again is no change, so the next announcement is that of the mute.
    call(&bus, "Volume.Set", &["45"]).unwrap();
    call(&bus, "Volume.SetMute", &["true"]).unwrap();
    spy.wait_for("member=PropertiesChanged");
    spy.wait_for("org.carvoice.Vehicle1.Volume");
    spy.wait_for("\"Level\"");
    spy.wait_for("double 45");
    spy.wait_for("member=PropertiesChanged");
    let next = spy.wait_for("string \"M");
    assert!(next.contains("\"Muted\""), "{next}");
}

#[test]
fn the_motion_can_be_driven_from_outside() {
    let bus = PrivateBus::start();
    let _car = car(&bus);
    let motion = format!("{NAME}.Motion");
    let drive = |name: &str, kind: &str, value: &str| {
        bus.busctl(&["set-property", NAME, PATH, &motion, name, kind, value])
    };
    drive("SpeedKmh", "d", "50").unwrap();
    assert_eq!(property(&bus, "Motion", "Gear"), "s \"drive\"");
    let error = call(&bus, "Trunk.Set", &["true"]).unwrap_err();
    assert!(error.contains("moving"), "{error}");
    assert!(drive("Gear", "s", "park").unwrap_err().contains("moving"));
    assert!(drive("SpeedKmh", "d", "-5").is_err());
    assert!(drive("SpeedKmh", "s", "fast").is_err());
    drive("SpeedKmh", "d", "0").unwrap();
    drive("Gear", "s", "park").unwrap();
    call(&bus, "Trunk.Set", &["true"]).unwrap();
    assert_eq!(property(&bus, "Trunk", "Open"), "b true");
}

#[test]
fn a_second_car_is_refused() {
    let bus = PrivateBus::start();
    let _first = car(&bus);
    let builder = zbus::connection::Builder::address(bus.address().as_str());
    let second = Simulator::start(builder, Car::default(), Options::default(), || {});
    assert!(matches!(second.err(), Some(StartError::NameTaken)));
    call(&bus, "Volume.Set", &["45"]).unwrap();
}
