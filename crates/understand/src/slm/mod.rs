//! The small language model: reads an utterance and writes commands in a compact language that a grammar
//! keeps inside the catalogue.

pub mod adapter;
mod attention;
pub mod cache;
pub mod decoder;
pub mod gguf;
pub mod grammar;
pub mod language;
pub mod model;
mod numbers;
pub mod prefix;
pub mod q8;
mod reader;
mod spans;
pub mod tokenizer;

#[cfg(test)]
mod tests;
