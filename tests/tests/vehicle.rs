//! The simulated car on a private bus, and the actuator that talks to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed step is a failed test")]

mod actuator;
mod interfaces;
mod program;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use carvoice_bus::DbusActuator;
use carvoice_core::catalogue::Catalogue;
use carvoice_tests::private_bus::PrivateBus;
use carvoice_vehicle::{Car, Fault, Faults, Options, Simulator};

const NAME: &str = "org.carvoice.Vehicle1";
const PATH: &str = "/org/carvoice/Vehicle1";

/// A car on a bus that works for `after` calls before the fault.
fn faulty(bus: &PrivateBus, fault: Fault, after: u64) -> (Simulator, Receiver<()>) {
    let (to_test, lost) = channel();
    let options = Options { faults: Faults { fault: Some(fault), after }, log: None };
    let builder = zbus::connection::Builder::address(bus.address().as_str());
    let lost_bus = move || {
        // A test that is not interested has dropped the receiver.
        let _ = to_test.send(());
    };
    (Simulator::start(builder, Car::default(), options, lost_bus).unwrap(), lost)
}

/// A car that works.
pub(crate) fn car(bus: &PrivateBus) -> Simulator {
    let builder = zbus::connection::Builder::address(bus.address().as_str());
    Simulator::start(builder, Car::default(), Options::default(), || {}).unwrap()
}

fn actuator(bus: &PrivateBus) -> DbusActuator {
    DbusActuator::new(bus.kind(), Arc::new(Catalogue::shipped()))
}

/// The longest that a call of the shipped catalogue may take.
fn longest_call() -> Duration {
    Catalogue::shipped()
        .intents()
        .iter()
        .filter_map(|intent| Some(intent.call.as_ref()?.timeout))
        .max()
        .unwrap()
}
