//! Checksums of files, and the memory of them that makes a check at every start cheap.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::Digest;

use crate::manifest::Sha256;
use crate::write::replace;

/// File in the store that remembers checksums.
const MEMORY: &str = ".checksums.json";
/// Bytes read at once.
const CHUNK: usize = 1 << 20;

/// Computes the checksum of `file`; `watch` is told the bytes read so far.
pub(crate) fn sha256(path: &Path, watch: &mut dyn FnMut(u64)) -> io::Result<Sha256> {
    let mut file = File::open(path)?;
    let mut hasher = sha2::Sha256::new();
    let mut chunk = vec![0; CHUNK];
    let mut done = 0;
    loop {
        let count = file.read(&mut chunk)?;
        if count == 0 {
            return Ok(Sha256::of(&hasher.finalize()));
        }
        hasher.update(chunk.get(..count).unwrap_or_default());
        done += count as u64;
        watch(done);
    }
}

/// Checksums of files that have not been touched since: same size, same time of change.
#[derive(Debug)]
pub(crate) struct Memory {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
    changed: bool,
}

#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Entry {
    size: u64,
    /// Time the content changed: seconds and nanoseconds since 1970. Anybody can set it.
    modified: (i64, i64),
    /// Time anything of the file changed, which only the kernel sets, and its number on the disk.
    changed: (i64, i64, u64),
    sha256: String,
}

impl Memory {
    /// What is remembered in `folder`; nothing when the file is missing or unreadable.
    pub(crate) fn load(folder: &Path) -> Self {
        let path = folder.join(MEMORY);
        let entries =
            fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { path, entries, changed: false }
    }

    /// The checksum of `file`, if it has not been touched since it was computed.
    pub(crate) fn recall(&self, file: &str, data: &Metadata) -> Option<Sha256> {
        let entry = self.entries.get(file)?;
        let untouched = entry.size == data.len()
            && entry.modified == (data.mtime(), data.mtime_nsec())
            && entry.changed == (data.ctime(), data.ctime_nsec(), data.ino());
        Sha256::try_from(entry.sha256.clone()).ok().filter(|_| untouched)
    }

    /// Remembers the checksum of `file`, which had `data` before it was read.
    pub(crate) fn remember(&mut self, file: &str, data: &Metadata, sha256: &Sha256) {
        let entry = Entry {
            size: data.len(),
            modified: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec(), data.ino()),
            sha256: sha256.as_str().to_owned(),
        };
        self.changed |= self.entries.get(file) != Some(&entry);
        self.entries.insert(file.to_owned(), entry);
    }

    /// Writes what is new. A folder that cannot be written costs time at the next start and nothing else,
    /// so that is no error.
    pub(crate) fn save(&self) {
        if self.changed {
            let _ = serde_json::to_vec(&self.entries).map(|bytes| replace(&self.path, &bytes));
        }
    }
}
