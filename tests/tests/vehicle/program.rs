//! `carvoice-vehicle` as a process.

use std::process::{Command, Output, Stdio};

use carvoice_tests::private_bus::{PrivateBus, Running, program};

use super::{NAME, PATH};

fn run(arguments: &[&str]) -> Output {
    Command::new(program("carvoice-vehicle")).args(arguments).output().unwrap()
}

#[test]
fn it_serves_until_it_is_terminated() {
    let bus = PrivateBus::start();
    let address = bus.address();
    let mut command = Command::new(program("carvoice-vehicle"));
    command.args(["--bus", &address, "--speed", "50", "--verbose"]).stderr(Stdio::piped());
    let mut vehicle = Running::start(&mut command);
    vehicle.wait_for("org.carvoice.Vehicle1 is ready");
    let motion = format!("{NAME}.Motion");
    assert_eq!(bus.busctl(&["get-property", NAME, PATH, &motion, "SpeedKmh"]).as_deref(), Ok("d 50"));
    bus.gdbus(NAME, &format!("{NAME}.Window.Set"), &["50", "driver"]).unwrap();
    let line = vehicle.wait_for("Window");
    assert_eq!(line, r#"org.carvoice.Vehicle1.Window set position=50.0 zone="driver" -> done"#);
    bus.gdbus(NAME, &format!("{NAME}.Trunk.Set"), &["true"]).unwrap_err();
    assert!(vehicle.wait_for("Trunk").contains("-> org.carvoice.Vehicle1.Error.Refused"));
    vehicle.signal("TERM");
    assert!(vehicle.end().success());
}

#[test]
fn a_fault_ends_it_with_a_failure() {
    let bus = PrivateBus::start();
    let address = bus.address();
    let mut command = Command::new(program("carvoice-vehicle"));
    command.args(["--bus", &address, "--fault", "die", "--fault-after", "1"]).stderr(Stdio::null());
    let mut vehicle = Running::start(&mut command);
    vehicle.wait_for("ready");
    let set = || bus.gdbus(NAME, &format!("{NAME}.Volume.Set"), &["40"]);
    set().unwrap();
    assert!(set().unwrap_err().contains("NoReply"));
    assert_eq!(vehicle.end().code(), Some(1));
}

#[test]
fn bad_usage_and_no_bus_are_told_apart() {
    for wrong in [&["--fault", "explode"][..], &["--fault-after", "3"], &["--speed", "fast"], &["now"]] {
        assert_eq!(run(wrong).status.code(), Some(2), "{wrong:?}");
    }
    for (failing, reason) in [
        (&["--bus", "unix:path=/nonexistent/bus"][..], "/nonexistent/bus"),
        (&["--bus", "sesion"], "--bus sesion"),
        (&["--speed", "301"], "speed 301 is not within 0 to 300"),
    ] {
        let output = run(failing);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{failing:?}: {text}");
        assert!(text.contains(reason), "{text}");
        assert!(output.stdout.is_empty());
    }
}
