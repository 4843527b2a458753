//! The folder of converted models.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::hash::{Memory, sha256};
use crate::manifest::{Manifest, Model};
use crate::pip::Pip;
use crate::progress::{Progress, Silent, Task};

/// A folder with the models of a manifest. Opening it touches nothing.
#[derive(Debug)]
pub struct Store {
    pub(crate) folder: PathBuf,
    pub(crate) manifest: Manifest,
    pub(crate) pip: Pip,
}

/// Which files [`Store::verify`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Those whose size or time of change is not the remembered one: milliseconds when nothing changed.
    Changed,
    /// All of them.
    All,
}

/// A model and whether it can be used.
#[derive(Debug)]
pub struct Checked<'a> {
    /// The model.
    pub model: &'a Model,
    /// Its file, or what is wrong with it.
    pub result: Result<PathBuf, StoreError>,
}

impl Store {
    /// The store in `folder` with the embedded manifest and the user's pip.
    ///
    /// # Errors
    /// [`StoreError::Manifest`] when the embedded manifest is broken.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Ok(Self::with(folder, Manifest::embedded()?, Pip::default()))
    }

    /// The store in `folder` with another manifest and another way to call pip.
    #[must_use]
    pub fn with(folder: impl Into<PathBuf>, manifest: Manifest, pip: Pip) -> Self {
        Self { folder: folder.into(), manifest, pip }
    }

    /// Where the files are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the store should hold.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Every model with its file if that exists and has the right size. Reads no content.
    #[must_use]
    pub fn list(&self) -> Vec<Checked<'_>> {
        let list = self
            .manifest
            .models()
            .iter()
            .map(|model| Checked { model, result: self.measure(model).map(|(path, _)| path) });
        list.collect()
    }

    /// Every model with its file if its checksum is right.
    pub fn verify(&self, progress: &mut dyn Progress, depth: Depth) -> Vec<Checked<'_>> {
        let mut memory = Memory::load(&self.folder);
        let models = self.manifest.models().iter();
        let checked = models
            .map(|model| Checked { model, result: self.check(model, depth, &mut memory, progress) })
            .collect();
        memory.save();
        checked
    }

    /// The file of one model, its checksum verified if the file is new or was touched.
    ///
    /// # Errors
    /// What is wrong with the model and what to do about it.
    pub fn path(&self, name: &str) -> Result<PathBuf, StoreError> {
        let mut memory = Memory::load(&self.folder);
        let path = self.check(self.manifest.model(name)?, Depth::Changed, &mut memory, &mut Silent);
        memory.save();
        path
    }

    /// The file of `model` and its metadata, if it exists and has the right size.
    fn measure(&self, model: &Model) -> Result<(PathBuf, Metadata), StoreError> {
        let path = self.folder.join(&model.file);
        let data = match fs::metadata(&path) {
            Ok(data) => data,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(StoreError::Missing { name: model.name.clone(), path });
            }
            Err(error) => return Err(StoreError::file(&path, "read")(error)),
        };
        if data.len() != model.size {
            return Err(StoreError::Size {
                name: model.name.clone(),
                path,
                found: data.len(),
                expected: model.size,
            });
        }
        Ok((path, data))
    }

    pub(crate) fn check(
        &self,
        model: &Model,
        depth: Depth,
        memory: &mut Memory,
        progress: &mut dyn Progress,
    ) -> Result<PathBuf, StoreError> {
        let (path, data) = self.measure(model)?;
        let known = if depth == Depth::Changed { memory.recall(&model.file, &data) } else { None };
        let found = match known {
            Some(found) => found,
            None => {
                progress.begin(Task::Verify(&model.name), model.size);
                let found = sha256(&path, &mut |done| progress.advance(done));
                progress.end();
                let found = found.map_err(StoreError::file(&path, "read"))?;
                memory.remember(&model.file, &data, &found);
                found
            }
        };
        if found != model.sha256 {
            let (found, expected) = (found.to_string(), model.sha256.to_string());
            return Err(StoreError::Altered { name: model.name.clone(), path, found, expected });
        }
        Ok(path)
    }
}
