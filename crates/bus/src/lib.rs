//! The D-Bus edge: the interface carvoice serves and the services it calls.
//!
//! [`Service`] serves `org.carvoice.Assistant1`. Its handlers only turn calls into [`Request`]s for
//! the turn loop; they hold no state of the conversation and never block the bus.
//! [`Client`] and [`Monitor`] are the other end of the same interface, for the command line.
//! [`DbusActuator`] carries out what the policy has approved, on `org.carvoice.Vehicle1` or on
//! whatever service a skill manifest names.

mod actuator;
mod address;
mod arguments;
mod car;
mod client;
mod duck;
mod error;
mod interface;
mod json;
mod limits;
mod lines;
mod monitor;
mod property;
mod request;
mod service;

pub use actuator::DbusActuator;
pub use address::BusKind;
pub use client::{Client, Status};
pub use error::BusError;
pub use monitor::Monitor;
pub use request::{Answer, Parsed, QueueFull, Refusal, Request};
pub use service::{Description, Service};

/// Bus name of the assistant.
pub const NAME: &str = "org.carvoice.Assistant1";
/// Object that carries the interface.
pub const PATH: &str = "/org/carvoice/Assistant1";
/// The interface.
pub const INTERFACE: &str = "org.carvoice.Assistant1";
