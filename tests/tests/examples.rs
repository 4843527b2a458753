//! The clients of docs/examples, against the service and the simulated car.

use carvoice_tests::private_bus::PrivateBus;

use super::daemon::{Service, car};
use super::phone::{python, python_has};

#[path = "../../docs/examples/ask.rs"]
mod ask;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples");
const ORDER: &str = "set the temperature to twenty one degrees";

/// What an example program says of an order.
fn run(bus: &PrivateBus, program: &str, example: &str) -> String {
    let output = bus.tool(program).args([&format!("{FOLDER}/{example}"), ORDER]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn the_example_for_busctl_asks() {
    let bus = PrivateBus::start();
    let _car = car(&bus, &[]);
    let _service = Service::start(&bus);
    let said = run(&bus, "sh", "ask.sh");
    assert!(said.contains("climate.set_temperature") && said.contains("\nt "), "{said}");
}

#[test]
fn the_example_in_python_asks_and_listens() {
    if !python_has("dbus_next") {
        return;
    }
    let bus = PrivateBus::start();
    let _car = car(&bus, &[]);
    let _service = Service::start(&bus);
    let said = run(&bus, python(), "ask.py");
    assert!(said.starts_with("command climate.set_temperature"), "{said}");
    assert!(said.contains("reply ") && said.ends_with("ended done\n"), "{said}");
}

#[test]
fn the_example_in_rust_asks_and_listens() {
    let bus = PrivateBus::start();
    let _car = car(&bus, &[]);
    let _service = Service::start(&bus);
    let (reply, outcome) = zbus::block_on(ask::ask(&bus.connect(), ORDER)).unwrap();
    assert!(reply.contains("21"), "{reply}");
    assert_eq!(outcome, "done");
}

#[test]
fn the_page_on_dbus_names_every_example() {
    let page = include_str!("../../docs/dbus.md");
    for example in std::fs::read_dir(FOLDER).unwrap() {
        let name = example.unwrap().file_name().into_string().unwrap();
        assert!(page.contains(&format!("(examples/{name})")), "{name}");
    }
}
