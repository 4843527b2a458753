//! Scripted engine.
