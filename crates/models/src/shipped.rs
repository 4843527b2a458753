//! Files that this project ships beside the program.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// Stands for this project where a manifest names a package.
pub(crate) const PROJECT: &str = "carvoice";

/// Licence of what this project ships.
pub(crate) const LICENCE: &str = env!("CARGO_PKG_LICENSE");

/// The folders that are searched: `$CARVOICE_SHARE`, `share/carvoice` beside the program's folder, the
/// system's, and for a program that cargo has just built the source tree around its `target`.
fn folders() -> Vec<PathBuf> {
    let given = std::env::var_os("CARVOICE_SHARE").filter(|value| !value.is_empty()).map(PathBuf::from);
    let program = std::env::current_exe().ok();
    let beside = program.as_deref().and_then(Path::parent).and_then(Path::parent);
    let beside = beside.map(|prefix| prefix.join("share/carvoice"));
    let system = PathBuf::from("/usr/share/carvoice");
    given.into_iter().chain(beside).chain([system]).chain(program.as_deref().and_then(source)).collect()
}

/// The tree that `program` was built in. Where that was is not kept in the program, so that two builds in
/// different folders are equal.
fn source(program: &Path) -> Option<PathBuf> {
    let target = program.ancestors().find(|folder| folder.file_name() == Some(OsStr::new("target")))?;
    target.parent().map(Path::to_path_buf)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_found_around_the_target_folder_alone() {
        for program in ["/a/b/target/release/carvoice", "/a/b/target/aarch64/release/deps/carvoice-1"] {
            assert_eq!(source(Path::new(program)), Some(PathBuf::from("/a/b")));
        }
        assert_eq!(source(Path::new("/usr/bin/carvoice")), None);
        assert!(read("models/manifest.toml").is_ok());
        assert!(read("models/none").unwrap_err().contains("CARVOICE_SHARE"));
    }
}
