//! The reference car: `org.carvoice.Vehicle1` as a simulator.
//!
//! One interface per domain on one object, with typed methods and readable properties; see
//! `docs/dbus.md`. [`Car`] is the car without a bus, [`Simulator`] puts it on one.

#[macro_use]
mod domain;

mod cabin;
mod car;
mod climate;
mod door;
mod drive_mode;
mod faults;
mod light;
mod media;
mod message;
mod mirror;
mod motion;
mod navigation;
mod phone;
mod refusal;
mod roof;
mod seat;
mod simulator;
mod steering_wheel;
mod trunk;
mod values;
mod vehicle;
mod volume;
mod window;
mod wiper;
mod zone;

pub use car::Car;
pub use faults::{Fault, Faults};
pub use motion::Motion;
pub use refusal::Refusal;
pub use simulator::{NAME, Options, PATH, Simulator, StartError};
