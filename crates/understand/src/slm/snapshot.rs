//! What a model has read, kept in a file: a prefix that is the same at every start need not be read again.
//!
//! The file begins with everything that has to fit (format, model with its adapter, tokens), and ends
//! with a checksum. Numbers are little-endian. A file that does not fit is as good as none.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::path::Path;

use super::cache::KvCache;
use super::dimensions::Dimensions;

/// The first bytes of a file, the last of which counts its formats.
const MAGIC: [u8; 8] = *b"cvslmkv1";

/// Bytes of the checksum.
const CHECKSUM: usize = 8;

/// What a snapshot is of.
pub(super) struct Subject<'a> {
    /// See [`Model::fingerprint`](super::model::Model::fingerprint).
    pub(super) fingerprint: u64,
    pub(super) dimensions: &'a Dimensions,
    pub(super) tokens: &'a [u32],
}

impl Subject<'_> {
    /// Reads the file at `path` into `cache`, which is of this model and large enough. Returns the hidden
    /// states of the tokens, or the reason why the file is of no use; then the cache is as empty as before.
    pub(super) fn load(&self, path: &Path, cache: &mut KvCache) -> Result<Vec<f32>, String> {
        let data = fs::read(path).map_err(|error| error.to_string())?;
        let rest = data.strip_prefix(self.header().as_slice());
        let rest = rest.ok_or("it is of another model, adapter, prefix or format")?;
        let d = self.dimensions;
        let (count, hidden) = (self.tokens.len(), self.tokens.len() * d.hidden);
        let numbers = hidden + count * d.layers * 2 * d.kv();
        if rest.len() != numbers * size_of::<f32>() + CHECKSUM {
            return Err(format!("it is {} bytes long", data.len()));
        }
        let (content, sum) = data.split_at(data.len() - CHECKSUM);
        if checksum(content).to_le_bytes() != sum {
            return Err("its checksum is wrong".to_owned());
        }
        let (numbers, _) = rest[..rest.len() - CHECKSUM].as_chunks();
        let numbers: Vec<f32> = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let (hidden, cached) = numbers.split_at(hidden);
        for (place, both) in cached.chunks_exact(2 * d.kv()).enumerate() {
            let (keys, values) = both.split_at(d.kv());
            cache.put(place / count, place % count, keys, values).map_err(|error| error.to_string())?;
        }
        cache.advance(count);
        Ok(hidden.to_vec())
    }

    /// Writes what `cache` holds, with the hidden states, to the file at `path`, in one step: whoever
    /// opens it meanwhile sees the old file or the new one.
    pub(super) fn store(&self, path: &Path, cache: &KvCache, hidden: &[f32]) -> io::Result<()> {
        let mut data = self.header();
        let mut put = |number: f32| data.extend(number.to_le_bytes());
        hidden.iter().copied().for_each(&mut put);
        for layer in 0..self.dimensions.layers {
            for position in 0..self.tokens.len() {
                cache.get(layer, position).for_each(&mut put);
            }
        }
        data.extend(checksum(&data).to_le_bytes());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let new = path.with_extension(format!("{}.part", std::process::id()));
        fs::write(&new, &data)?;
        fs::rename(&new, path)
    }

    fn header(&self) -> Vec<u8> {
        let mut header = MAGIC.to_vec();
        header.extend(self.fingerprint.to_le_bytes());
        header.extend((self.tokens.len() as u64).to_le_bytes());
        header.extend(self.tokens.iter().flat_map(|token| token.to_le_bytes()));
        header
    }
}

fn checksum(data: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(data);
    hasher.finish()
}
