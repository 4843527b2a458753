//! One test binary: every test that needs real models, daemons, the programs or several crates.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed step is a failed test")]

mod approval;
mod audio;
mod bus;
mod cabin;
mod cli;
mod daemon;
mod examples;
mod listen;
mod machine;
mod models;
mod phone;
mod pipeline;
mod players;
mod robustness;
mod sbom;
mod sets;
mod skills;
mod speak;
mod tidy;
mod understand;
mod units;
mod vehicle;
