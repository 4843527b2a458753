//! The catalogue as configured: the built-in skills and those of the skill folders.

use std::path::{Path, PathBuf};

use carvoice_core::catalogue::{Catalogue, ManifestError};

use crate::config::manifests;

/// A manifest that was read.
pub struct Manifest {
    pub name: String,
    pub text: String,
}

/// Reads manifest files.
///
/// # Errors
/// The first that cannot be read.
pub fn read(files: &[PathBuf]) -> Result<Vec<Manifest>, ManifestError> {
    files.iter().map(|file| read_one(file)).collect()
}

fn read_one(file: &Path) -> Result<Manifest, ManifestError> {
    let name = file.display().to_string();
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Manifest { name, text }),
        Err(reason) => Err(ManifestError {
            file: name,
            line: 1,
            column: 1,
            message: format!("cannot be read: {reason}"),
        }),
    }
}

/// The built-in catalogue with `added`.
///
/// # Errors
/// Everything that is wrong.
pub fn with(added: &[Manifest]) -> Result<Catalogue, Vec<ManifestError>> {
    let mut files = Catalogue::shipped_files().to_vec();
    files.extend(added.iter().map(|manifest| (manifest.name.as_str(), manifest.text.as_str())));
    Catalogue::parse(&files)
}

/// The catalogue of the skill folders. A broken manifest is left out alone, and told.
pub fn load(folders: &[PathBuf]) -> (Catalogue, Vec<ManifestError>) {
    let (mut catalogue, mut faults) = (Catalogue::shipped(), Vec::new());
    let mut good: Vec<Manifest> = Vec::new();
    for file in folders.iter().flat_map(|folder| manifests(folder)) {
        match read_one(&file) {
            Ok(manifest) => {
                good.push(manifest);
                match with(&good) {
                    Ok(larger) => catalogue = larger,
                    Err(errors) => {
                        faults.extend(errors);
                        good.pop();
                    }
                }
            }
            Err(fault) => faults.push(fault),
        }
    }
    (catalogue, faults)
}
