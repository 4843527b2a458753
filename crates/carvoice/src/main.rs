//! The carvoice binary.
fn main() {}
