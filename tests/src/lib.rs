//! What the test binary shares: made speech, private daemons, the built programs, scripted fakes of
//! the engines and the contract suites that fakes and real engines both pass.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test support: a failed step is a failed test"
)]

use std::path::PathBuf;

pub mod cabin;
pub mod cli;
pub mod contracts;
pub mod drive;
pub mod fakes;
pub mod private_bus;
pub mod speech;

/// Path of a model in the store.
///
/// # Panics
/// When it is missing: `make models` obtains all of them.
pub fn model(file: &str) -> PathBuf {
    let store = carvoice_models::Store::open(carvoice_models::default_folder()).unwrap();
    let path = store.folder().join(file);
    assert!(path.exists(), "{} is missing; run `make models`", path.display());
    path
}
