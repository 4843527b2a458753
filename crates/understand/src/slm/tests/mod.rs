//! The model against candle's own, and the language against its grammar.

mod fixture;
mod gguf;
mod grammar;
mod model;
