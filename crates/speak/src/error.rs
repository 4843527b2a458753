//! Errors of model files.

use std::path::Path;

use carvoice_core::engine::EngineError;

/// [`EngineError::Model`] of the file at `path`.
pub(crate) fn model_error(path: &Path, reason: impl std::fmt::Display) -> EngineError {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    EngineError::model(&name, reason)
}
