//! What went wrong, by its remedy.

use std::io::ErrorKind;
use std::path::Path;

use carvoice_core::engine::MemoryError;
use rusqlite::ErrorCode;

/// Why the file could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Reason {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("the file is damaged")]
    Damaged,
    #[error("the file is of schema {0}")]
    Later(i64),
}

/// The error with its remedy.
pub(crate) fn explained(path: &Path, reason: &Reason) -> MemoryError {
    let file = path.display().to_string();
    match reason {
        Reason::Damaged => MemoryError::Damaged(file),
        Reason::Later(_) => MemoryError::Later(file),
        Reason::Io(reason) => match reason.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => MemoryError::Full(file),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => MemoryError::Denied(file),
            _ => MemoryError::Failed(format!("{file}: {reason}")),
        },
        Reason::Sqlite(reason) => match reason.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => MemoryError::Full(file),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                MemoryError::Denied(file)
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => MemoryError::Damaged(file),
            // A value that this version cannot read.
            None => MemoryError::Damaged(file),
            Some(_) => MemoryError::Failed(format!("{file}: {reason}")),
        },
    }
}
