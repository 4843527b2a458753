//! The model store: manifest, fetch, convert, verify.

use std::path::PathBuf;

/// Where models are kept: `$CARVOICE_MODELS`, else the XDG data home, else `/var/lib/carvoice/models`.
#[must_use]
pub fn default_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("CARVOICE_MODELS").filter(|value| !value.is_empty()) {
        return folder.into();
    }
    std::env::var_os("XDG_DATA_HOME")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")))
        .map_or_else(|| PathBuf::from("/var/lib/carvoice/models"), |data| data.join("carvoice/models"))
}
