//! The structure of a Whisper model file, checked before whisper.cpp sees it: that library ends the
//! process on some broken files and takes others for an empty model.
//!
//! The file (little-endian, unaligned): magic, 11 numbers, the mel filters, the vocabulary, then
//! tensors up to the end. Written down in whisper.cpp's `models/convert-pt-to-ggml.py`.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

const MAGIC: u32 = 0x6767_6d6c;

/// Layers of the encoder and width of every size that was published, tiny to large.
const SIZES: [(u32, u32); 5] = [(4, 384), (6, 512), (12, 768), (24, 1_024), (32, 1_280)];

/// English-only, multilingual, and multilingual with one language more.
const VOCABULARIES: std::ops::RangeInclusive<u32> = 51_864..=51_866;

/// Tensors outside the layers, per layer of the encoder, and per layer of the decoder.
const TENSORS: (u32, u32, u32) = (11, 15, 24);

/// Longest token and longest tensor name, bytes; real ones stay below half of it.
const MAX_NAME: u32 = 512;

/// Whether the file is a complete Whisper model; else why not.
pub(crate) fn check(path: &Path) -> Result<(), String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    let mut reader = Fields { input: BufReader::new(file), position: 0, length };
    if reader.number()? != MAGIC {
        return Err("not a ggml model".into());
    }
    let sizes = reader.sizes()?;
    reader.filters(sizes.mels)?;
    reader.vocabulary()?;
    for _ in 0..sizes.tensors {
        reader.tensor()?;
    }
    if reader.position != length {
        return Err("longer than its tensors".into());
    }
    Ok(())
}

/// What the sizes say about the rest of the file.
struct Sizes {
    mels: u32,
    tensors: u32,
}

/// The input, field by field.
struct Fields {
    input: BufReader<File>,
    position: u64,
    length: u64,
}

impl Fields {
    /// Reads one number. Those that are signed in the format are never negative in a good file, and
    /// far beyond every limit here when they are.
    fn number(&mut self) -> Result<u32, String> {
        let mut bytes = [0; 4];
        self.input.read_exact(&mut bytes).map_err(|_| self.cut_short())?;
        self.position += 4;
        Ok(u32::from_le_bytes(bytes))
    }

    fn skip(&mut self, bytes: u64) -> Result<(), String> {
        if bytes > self.length.saturating_sub(self.position) {
            return Err(self.cut_short());
        }
        self.position += bytes;
        // Relative, so that the buffer is kept for short steps.
        let step = i64::try_from(bytes).map_err(|_| self.cut_short())?;
        self.input.seek_relative(step).map_err(|error| error.to_string())
    }

    fn cut_short(&self) -> String {
        format!("cut short at {} bytes", self.length)
    }

    /// Reads the 11 numbers.
    fn sizes(&mut self) -> Result<Sizes, String> {
        let mut sizes = [0; 11];
        for size in &mut sizes {
            *size = self.number()?;
        }
        let [
            vocabulary,
            audio_context,
            audio_width,
            audio_heads,
            audio_layers,
            text_context,
            text_width,
            text_heads,
            text_layers,
            mels,
            format,
        ] = sizes;
        let plausible = VOCABULARIES.contains(&vocabulary)
            && (audio_context, text_context) == (1_500, 448)
            && SIZES.contains(&(audio_layers, audio_width))
            && text_width == audio_width
            && (audio_heads, text_heads) == (audio_width / 64, text_width / 64)
            && (1..=audio_layers).contains(&text_layers)
            && [80, 128].contains(&mels)
            // Thousands hold the version of the quantisation.
            && [0, 1, 2, 3, 7, 8, 9].contains(&(format % 1_000));
        if !plausible {
            return Err("not the sizes of a Whisper model".into());
        }
        let (fixed, per_encoder, per_decoder) = TENSORS;
        Ok(Sizes { mels, tensors: fixed + per_encoder * audio_layers + per_decoder * text_layers })
    }

    /// Reads the filters of `expected` mel bands over the 201 bins of a transform of 400 samples.
    fn filters(&mut self, expected: u32) -> Result<(), String> {
        let (mels, bins) = (self.number()?, self.number()?);
        if mels != expected || bins != 201 {
            return Err("not the mel filters of a Whisper model".into());
        }
        self.skip(4 * u64::from(mels) * u64::from(bins))
    }

    fn vocabulary(&mut self) -> Result<(), String> {
        let tokens = self.number()?;
        if tokens > *VOCABULARIES.end() {
            return Err(format!("a vocabulary of {tokens} tokens"));
        }
        for _ in 0..tokens {
            let length = self.name_length()?;
            self.skip(length)?;
        }
        Ok(())
    }

    fn name_length(&mut self) -> Result<u64, String> {
        let length = self.number()?;
        if length > MAX_NAME {
            return Err(format!("damaged at byte {}", self.position - 4));
        }
        Ok(length.into())
    }

    fn tensor(&mut self) -> Result<(), String> {
        let damaged = format!("damaged at byte {}", self.position);
        let dimensions = self.number()?;
        let name = self.name_length()?;
        let (values, bytes) = block(self.number()?).ok_or_else(|| damaged.clone())?;
        if !(1..=3).contains(&dimensions) {
            return Err(damaged);
        }
        let mut elements = 1u64;
        for _ in 0..dimensions {
            let size = u64::from(self.number()?);
            elements = elements.checked_mul(size).filter(|&n| n > 0).ok_or_else(|| damaged.clone())?;
        }
        let size = (elements / values).checked_mul(bytes).filter(|_| elements.is_multiple_of(values));
        self.skip(name)?;
        self.skip(size.ok_or(damaged)?)
    }
}

/// Values and bytes of one block of a ggml tensor type: f32, f16, q4_0, q4_1, q5_0, q5_1, q8_0.
fn block(kind: u32) -> Option<(u64, u64)> {
    match kind {
        0 => Some((1, 4)),
        1 => Some((1, 2)),
        2 => Some((32, 18)),
        3 => Some((32, 20)),
        6 => Some((32, 22)),
        7 => Some((32, 24)),
        8 => Some((32, 34)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of the structure of a tiny model, with tensors of one value each.
    fn tiny() -> Vec<u8> {
        let mut numbers = vec![MAGIC, 51_864, 1_500, 384, 6, 4, 448, 384, 6, 4, 80, 1, 80, 201];
        numbers.extend([0; 80 * 201]);
        // Three tokens of one byte each would be unaligned: one of four bytes.
        numbers.extend([1, 4, 0x6161_6161]);
        for _ in 0..167 {
            numbers.extend([1, 4, 0, 1, 0x6262_6262, 0]);
        }
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    fn verdict(bytes: &[u8]) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.bin");
        std::fs::write(&path, bytes).unwrap();
        check(&path)
    }

    #[test]
    fn a_complete_file_passes() {
        assert_eq!(verdict(&tiny()), Ok(()));
    }

    #[test]
    fn a_file_cut_anywhere_is_noticed() {
        let good = tiny();
        for length in [0, 3, 4, 40, 52, 60, 10_000, good.len() - 3_000, good.len() - 24, good.len() - 1] {
            let reason = verdict(&good[..length]).unwrap_err();
            assert!(reason.contains("cut short"), "{length}: {reason}");
        }
    }

    #[test]
    fn other_files_and_damage_are_noticed() {
        let good = tiny();
        let changed = |at: usize, value: u32| {
            let mut bytes = good.clone();
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            bytes
        };
        let tokens = 14 * 4 + 80 * 201 * 4;
        let tensors = tokens + 12;
        for (bytes, expected) in [
            (b"GGUF and more".to_vec(), "not a ggml"),
            (changed(4, 32_000), "sizes"),
            (changed(20, 5), "sizes"),
            (changed(44, 30), "sizes"),
            (changed(4, u32::MAX), "sizes"),
            (changed(48, 7), "mel filters"),
            (changed(48, 128), "mel filters"),
            (changed(52, u32::MAX), "mel filters"),
            (changed(40, 128), "mel filters"),
            (changed(tokens, 2), "damaged"),
            (changed(tokens, u32::MAX), "vocabulary"),
            (changed(tokens + 4, u32::MAX), "damaged"),
            (changed(tensors, 9), "damaged"),
            (changed(tensors + 4, 70_000), "damaged"),
            (changed(tensors + 8, 99), "damaged"),
            (changed(tensors + 8, 8), "damaged"),
            (changed(tensors + 12, 0), "damaged"),
            (changed(tensors + 12, u32::MAX), "cut short"),
            ([good.clone(), vec![0]].concat(), "longer"),
        ] {
            let reason = verdict(&bytes).unwrap_err();
            assert!(reason.contains(expected), "{reason:?} lacks {expected:?}");
        }
    }

    #[test]
    fn a_missing_file_is_said_to_be_missing() {
        assert!(check(Path::new("/nonexistent/model.bin")).unwrap_err().contains("No such file"));
        assert!(check(Path::new("/")).is_err());
    }
}
