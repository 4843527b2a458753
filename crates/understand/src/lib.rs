//! Words to commands: the small language model, the grammar from the catalogue, sentence templates, context.

pub mod slm;
pub mod templates;
pub mod trust;
pub mod understander;
