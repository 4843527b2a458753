//! Sets of models: a folder for each manifest, and two links that say which is in use.
//!
//! ```text
//! STORE/sets/0123456789abcdef/   the models of one manifest, with that manifest
//! STORE/current  -> sets/...     what is used
//! STORE/previous -> sets/...     what was used before
//! ```
//!
//! A set is linked only when all of it is on the disk, so that what a loss of power leaves is never used.
//! A store without links holds its models itself: those of the manifest in the program.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::write::point;

/// Folder of the sets.
pub(crate) const SETS: &str = "sets";
/// The manifest in a set.
pub(crate) const MANIFEST: &str = "manifest.toml";
const CURRENT: &str = "current";
const PREVIOUS: &str = "previous";

/// The links of a store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links<'a>(pub(crate) &'a Path);

impl Links<'_> {
    /// The set in use.
    pub(crate) fn current(self) -> Option<PathBuf> {
        self.follow(CURRENT)
    }

    /// The set that was in use before.
    pub(crate) fn previous(self) -> Option<PathBuf> {
        self.follow(PREVIOUS)
    }

    fn follow(self, link: &str) -> Option<PathBuf> {
        let folder = self.0.join(fs::read_link(self.0.join(link)).ok()?);
        folder.join(MANIFEST).is_file().then_some(folder)
    }

    /// Uses the set `name`, remembers the one in use as the previous, and removes all others.
    pub(crate) fn switch(self, name: &str) -> Result<(), StoreError> {
        let next = Path::new(SETS).join(name);
        let current = fs::read_link(self.0.join(CURRENT)).ok();
        if current.as_deref() == Some(&next) {
            return Ok(());
        }
        // The folder of the set is on the disk before anything leads to it.
        let sets = self.0.join(SETS);
        File::open(&sets).and_then(|folder| folder.sync_all()).map_err(StoreError::file(&sets, "written"))?;
        // Never the other way round: a loss of power in between leaves the old set in use.
        if let Some(current) = self.current().and(current) {
            self.point(PREVIOUS, &current)?;
        }
        self.point(CURRENT, &next)?;
        self.discard();
        Ok(())
    }

    /// Uses the previous set, and remembers the one in use.
    pub(crate) fn swap(self) -> Result<(), StoreError> {
        let current = fs::read_link(self.0.join(CURRENT)).ok();
        let previous = fs::read_link(self.0.join(PREVIOUS)).ok();
        let (Some(current), Some(previous)) = (current, previous) else {
            return Err(StoreError::NoPrevious(self.0.to_owned()));
        };
        self.point(CURRENT, &previous)?;
        self.point(PREVIOUS, &current)
    }

    fn point(self, link: &str, target: &Path) -> Result<(), StoreError> {
        let path = self.0.join(link);
        point(&path, target).map_err(StoreError::file(&path, "written"))
    }

    /// Removes the sets that nothing leads to. What cannot be removed costs room and nothing else.
    fn discard(self) {
        let kept = [self.current(), self.previous()];
        for entry in fs::read_dir(self.0.join(SETS)).into_iter().flatten().flatten() {
            if !kept.contains(&Some(entry.path())) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}
