//! Scripted engines.
pub mod actuator;
pub mod audio;
pub mod synthesizer;
pub mod transcriber;
pub mod understander;
pub mod voice_activity;
