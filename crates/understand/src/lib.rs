//! Words to commands: the small language model, the grammar from the catalogue, sentence templates, context.

pub mod slm;
