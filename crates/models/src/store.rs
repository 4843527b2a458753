//! The folder of converted models.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::hash::{Memory, sha256};
use crate::manifest::{Manifest, Model};
use crate::pip::Pip;
use crate::progress::{Progress, Silent, Task};
use crate::set::{Links, MANIFEST};
use crate::signature::Key;

/// A folder with sets of models, of which one is in use. Opening it touches nothing.
#[derive(Debug)]
pub struct Store {
    /// The folder that was named.
    pub(crate) home: PathBuf,
    /// The folder of the set in use; `home` when that holds the models itself.
    pub(crate) folder: PathBuf,
    /// What is in `folder`.
    pub(crate) manifest: Manifest,
    /// What a fetch makes.
    pub(crate) newest: Manifest,
    pub(crate) key: Key,
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
    /// The store in `folder` with the user's pip; signatures are not checked.
    ///
    /// # Errors
    /// [`StoreError::Manifest`] when the manifest of the set in use is broken.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::open_signed(folder, "")
    }

    /// The same with a manifest that must be signed by `key`, the base64 of a minisign public key. Nothing is
    /// checked when that is empty.
    ///
    /// # Errors
    /// Those of [`Store::open`], [`StoreError::Key`] and [`StoreError::Signature`].
    pub fn open_signed(folder: impl Into<PathBuf>, key: &str) -> Result<Self, StoreError> {
        let store = Self::with(folder, Manifest::embedded()?, Pip::default(), key)?;
        store.key.check(&store.manifest, &store.folder)?;
        Ok(store)
    }

    /// The same for [`Store::fetch`] and [`Store::roll_back`], which check the manifests that they go to. That of the
    /// set in use may be unsigned or broken.
    ///
    /// # Errors
    /// [`StoreError::Key`], and [`StoreError::Manifest`] when the embedded manifest is broken.
    pub fn open_to_change(folder: impl Into<PathBuf>, key: &str) -> Result<Self, StoreError> {
        let mut store = Self::at(folder.into(), Manifest::embedded()?, Pip::default(), Key::parse(key)?);
        if store.look().is_err() {
            store.folder.clone_from(&store.home);
        }
        Ok(store)
    }

    /// The store in `folder` with another newest manifest and another way to call pip.
    pub(crate) fn with(
        folder: impl Into<PathBuf>,
        newest: Manifest,
        pip: Pip,
        key: &str,
    ) -> Result<Self, StoreError> {
        let mut store = Self::at(folder.into(), newest, pip, Key::parse(key)?);
        store.look()?;
        Ok(store)
    }

    fn at(home: PathBuf, newest: Manifest, pip: Pip, key: Key) -> Self {
        Self { folder: home.clone(), manifest: newest.clone(), home, newest, key, pip }
    }

    /// Looks which set is in use. A set may also be named as the store itself.
    pub(crate) fn look(&mut self) -> Result<(), StoreError> {
        self.folder = Links(&self.home).current().unwrap_or_else(|| self.home.clone());
        self.manifest = match fs::read_to_string(self.folder.join(MANIFEST)) {
            Ok(text) => Manifest::parse(&text)?,
            Err(_) => self.newest.clone(),
        };
        Ok(())
    }

    /// Where the files of the set in use are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Name of the set in use.
    #[must_use]
    pub fn set(&self) -> String {
        self.manifest.set()
    }

    /// Whether the set in use is the one that a fetch would make.
    #[must_use]
    pub fn is_newest(&self) -> bool {
        self.manifest.text() == self.newest.text()
    }

    /// Folder of the set that was in use before, itself a store.
    #[must_use]
    pub fn previous(&self) -> Option<PathBuf> {
        Links(&self.home).previous()
    }

    /// Goes back to the set that was in use before; a second time comes back again.
    ///
    /// # Errors
    /// [`StoreError::NoPrevious`], what is wrong with that set or its signature, or that the links cannot be
    /// written; then nothing has changed.
    pub fn roll_back(&mut self, progress: &mut dyn Progress) -> Result<(), StoreError> {
        let folder = self.previous().ok_or_else(|| StoreError::NoPrevious(self.home.clone()))?;
        let _lock = self.lock()?;
        let text = fs::read_to_string(folder.join(MANIFEST)).map_err(StoreError::file(&folder, "read"))?;
        let previous = Self::at(folder, Manifest::parse(&text)?, self.pip.clone(), Key::default());
        self.key.check(&previous.manifest, &previous.folder)?;
        for checked in previous.verify(progress, Depth::Changed) {
            match checked.result {
                // A set may hold less than its manifest lists.
                Ok(_) | Err(StoreError::Missing { .. }) => {}
                Err(fault) => return Err(fault),
            }
        }
        Links(&self.home).swap()?;
        self.look()
    }

    /// What the set in use should hold.
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
            .map(|model| Checked { model, result: measure(&self.folder, model).map(|(path, _)| path) });
        list.collect()
    }

    /// Every model with its file if its checksum is right.
    pub fn verify(&self, progress: &mut dyn Progress, depth: Depth) -> Vec<Checked<'_>> {
        let mut memory = Memory::load(&self.folder);
        let models = self.manifest.models().iter();
        let checked = models
            .map(|model| Checked { model, result: check(&self.folder, model, depth, &mut memory, progress) })
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
        let path = check(&self.folder, self.manifest.model(name)?, Depth::Changed, &mut memory, &mut Silent);
        memory.save();
        path
    }
}

/// The file of `model` in `folder` and its metadata, if it exists and has the right size.
fn measure(folder: &Path, model: &Model) -> Result<(PathBuf, Metadata), StoreError> {
    let path = folder.join(&model.file);
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

/// The file of `model` in `folder`, if its checksum is right.
pub(crate) fn check(
    folder: &Path,
    model: &Model,
    depth: Depth,
    memory: &mut Memory,
    progress: &mut dyn Progress,
) -> Result<PathBuf, StoreError> {
    let (path, data) = measure(folder, model)?;
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
