//! Files that this project ships beside the program.

use std::fs;
use std::path::{Path, PathBuf};

/// Stands for this project where a manifest names a package.
pub(crate) const PROJECT: &str = "carvoice";

/// Licence of what this project ships.
pub(crate) const LICENCE: &str = env!("CARGO_PKG_LICENSE");

/// The folders that are searched: `$CARVOICE_SHARE`, `share/carvoice` beside the program's folder, the
/// system's, and the source tree the program was built from.
fn folders() -> Vec<PathBuf> {
    let given = std::env::var_os("CARVOICE_SHARE").filter(|value| !value.is_empty()).map(PathBuf::from);
    let program = std::env::current_exe().ok();
    let beside = program.as_deref().and_then(Path::parent).and_then(Path::parent);
    let beside = beside.map(|prefix| prefix.join("share/carvoice"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    given.into_iter().chain(beside).chain([PathBuf::from("/usr/share/carvoice"), source]).collect()
}

/// The content of the shipped file `path`.
///
/// # Errors
/// What to do when it is nowhere.
pub(crate) fn read(path: &str) -> Result<Vec<u8>, String> {
    let folders = folders();
    folders.iter().find_map(|folder| fs::read(folder.join(path)).ok()).ok_or_else(|| {
        let searched: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        format!(
            "{path}, which comes with carvoice, is in none of {}; set CARVOICE_SHARE to the folder that has it",
            searched.join(", ")
        )
    })
}
