//! The model against candle's own, its files, and the language against its grammar.

mod families;
mod fixture;
mod gguf;
mod grammar;
mod model;
mod reader;
