//! The small language model: reads an utterance and writes commands in a compact language that a grammar
//! keeps inside the catalogue.

pub mod adapter;
mod attention;
pub mod cache;
pub mod decoder;
pub mod dimensions;
mod functions;
pub mod gguf;
pub mod grammar;
pub mod language;
pub mod model;
pub mod prefix;
pub mod q8;
pub mod reader;
mod rotary;
mod snapshot;
mod spans;
pub mod tokenizer;
mod weights;

#[cfg(test)]
mod tests;
