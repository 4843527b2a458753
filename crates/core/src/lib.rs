//! The words of the problem: audio, commands, the catalogue, the turn machine, the policy and the
//! traits of the engines. Nothing here does I/O, starts a thread or reads a clock.

pub mod audio;
pub mod car;
pub mod catalogue;
pub mod command;
pub mod engine;
pub mod interpretation;
pub mod memory;
pub mod numerals;
pub mod policy;
pub mod reply;
pub mod turn;
pub mod zone;
