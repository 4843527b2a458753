//! Conversions: from what a package holds to what an engine loads. Each is a pure function of its
//! input and gives the same bytes on every machine, so that one checksum serves everybody.

mod ctranslate2;
mod ggml;
mod gguf;
mod lexicon;
mod mel;
mod onnx;
mod voice;

use std::collections::BTreeMap;
use std::io::{self, Seek, Write};

use crate::manifest::{Conversion, Member};

/// Where a conversion writes. Nothing is read back.
pub(crate) trait Output: Write + Seek {}

impl<T: Write + Seek> Output for T {}

/// Why a conversion failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConvertError {
    /// The input is not what the conversion expects.
    #[error("{0}")]
    Input(String),
    /// The output could not be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

impl ConvertError {
    fn input(reason: impl std::fmt::Display) -> Self {
        Self::Input(reason.to_string())
    }
}

/// The packages' members that a conversion reads, by where they come from.
pub(crate) type Inputs = BTreeMap<Member, Vec<u8>>;

fn input<'a>(inputs: &'a Inputs, member: &Member) -> Result<&'a [u8], ConvertError> {
    inputs.get(member).map(Vec::as_slice).ok_or_else(|| ConvertError::Input(format!("{member} was not read")))
}

/// Runs `conversion` on `inputs`.
///
/// # Errors
/// [`ConvertError::Input`] for input of the wrong kind, [`ConvertError::Output`] when `out` fails.
pub(crate) fn convert(
    conversion: &Conversion,
    inputs: &Inputs,
    mut out: &mut dyn Output,
) -> Result<(), ConvertError> {
    match conversion {
        Conversion::Copy { member } => Ok(out.write_all(input(inputs, member)?)?),
        Conversion::Whisper { weights, vocabulary } => {
            let parts = weights.iter().map(|part| input(inputs, part)).collect::<Result<Vec<_>, _>>()?;
            ggml::write(&parts.concat(), input(inputs, vocabulary)?, out)
        }
        Conversion::Gguf { weights } => gguf::requantise(input(inputs, weights)?, &mut out),
        Conversion::Voice { graph } => Ok(out.write_all(&voice::edit(input(inputs, graph)?)?)?),
        Conversion::Lexicon { gold, silver, phonemes, unknown_words } => {
            let sources = lexicon::Sources {
                gold: input(inputs, gold)?,
                silver: input(inputs, silver)?,
                phonemes: input(inputs, phonemes)?,
                unknown_words: input(inputs, unknown_words)?,
            };
            lexicon::write(&sources, out)
        }
    }
}
