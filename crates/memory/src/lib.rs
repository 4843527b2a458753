//! What the driver asked to keep, in one `SQLite` file. Small and rarely written: every change is on the disk
//! before the next, and what is erased is overwritten.

mod error;
mod schema;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use carvoice_core::engine::{Memory, MemoryError};
use carvoice_core::memory::{Change, Kind, LocalTime, Note};
use rusqlite::{Connection, OpenFlags, Row, params};

use error::explained;

/// How long another program may hold the file.
const BUSY: Duration = Duration::from_secs(1);
/// What a damaged file is called besides its own name.
const DAMAGED: &str = "damaged";
/// Damaged files that are kept; a further one takes the place of the last.
const MOST_DAMAGED: u32 = 9;

/// The file with the notes.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    /// `SQLite`'s count of the changes that others made.
    version: i64,
}

impl Store {
    /// Opens the file, makes it where there is none, and brings it to the present schema. A damaged one is
    /// moved aside, see [`damaged`], and a new one begun.
    ///
    /// # Errors
    /// When it cannot be written, or is of a later version.
    pub fn open(path: &Path) -> Result<Self, MemoryError> {
        match Self::open_sound(path) {
            Err(MemoryError::Damaged(_)) => {
                let aside = move_aside(path).map_err(|reason| explained(path, &reason.into()))?;
                tracing::warn!("{} was damaged and is now {}", path.display(), aside.display());
                Self::open_sound(path)
            }
            other => other,
        }
    }

    /// As [`Store::open`], but a damaged file is an error and stays where it is.
    ///
    /// # Errors
    /// As [`Store::open`], and [`MemoryError::Damaged`].
    pub fn open_sound(path: &Path) -> Result<Self, MemoryError> {
        let explain = |reason: error::Reason| explained(path, &reason);
        create(path).map_err(|reason| explain(reason.into()))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection =
            Connection::open_with_flags(path, flags).map_err(|reason| explain(reason.into()))?;
        prepare(&mut connection).map_err(explain)?;
        let mut store = Self { connection, path: path.to_owned(), version: 0 };
        store.was_changed()?;
        Ok(store)
    }

    /// Forgets every note, or those of a kind, and leaves nothing of them in the file. Returns how many.
    ///
    /// # Errors
    /// See [`MemoryError`].
    pub fn erase(&mut self, kind: Option<Kind>) -> Result<usize, MemoryError> {
        let kind = kind.map(Kind::as_str);
        let erased = self
            .connection
            .execute("DELETE FROM note WHERE ?1 IS NULL OR kind = ?1", params![kind])
            .and_then(|count| self.connection.execute_batch("VACUUM").map(|()| count));
        erased.map_err(|reason| explained(&self.path, &reason.into()))
    }
}

impl Memory for Store {
    fn load(&mut self) -> Result<Vec<Note>, MemoryError> {
        self.was_changed()?;
        let notes = |connection: &Connection| -> rusqlite::Result<Vec<Note>> {
            let mut query = connection.prepare("SELECT kind, text, due, place FROM note ORDER BY rowid")?;
            query.query_map((), note)?.collect()
        };
        notes(&self.connection).map_err(|reason| explained(&self.path, &reason.into()))
    }

    fn change(&mut self, change: &Change) -> Result<(), MemoryError> {
        let (sql, note) = match change {
            Change::Keep(note) => {
                ("INSERT OR IGNORE INTO note (kind, text, due, place) VALUES (?1, ?2, ?3, ?4)", note)
            }
            Change::Forget(note) => {
                ("DELETE FROM note WHERE kind = ?1 AND text = ?2 AND due IS ?3 AND place IS ?4", note)
            }
        };
        let due = note.due.map(LocalTime::seconds);
        let values = params![note.kind.as_str(), note.text, due, note.place];
        let changed = self.connection.execute(sql, values);
        changed.map(drop).map_err(|reason| explained(&self.path, &reason.into()))
    }

    fn was_changed(&mut self) -> Result<bool, MemoryError> {
        let version = self.connection.pragma_query_value(None, "data_version", |row| row.get(0));
        let version = version.map_err(|reason| explained(&self.path, &reason.into()))?;
        Ok(std::mem::replace(&mut self.version, version) != version)
    }
}

fn note(row: &Row<'_>) -> rusqlite::Result<Note> {
    let kind: String = row.get(0)?;
    let kind = kind.parse().map_err(|reason| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(reason))
    })?;
    let due: Option<i64> = row.get(2)?;
    Ok(Note { kind, text: row.get(1)?, due: due.map(LocalTime::from_seconds), place: row.get(3)? })
}

/// The folder and an empty file, for the user of the service alone.
fn create(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop)
}

fn prepare(connection: &mut Connection) -> Result<(), error::Reason> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "secure_delete", true)?;
    let health: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if health != "ok" {
        return Err(error::Reason::Damaged);
    }
    schema::migrate(connection)
}

/// What damaged files were moved to, oldest first.
#[must_use]
pub fn damaged(path: &Path) -> Vec<PathBuf> {
    (1..=MOST_DAMAGED).map(|number| aside(path, number)).filter(|path| path.exists()).collect()
}

fn aside(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{DAMAGED}-{number}"));
    PathBuf::from(name)
}

fn move_aside(path: &Path) -> std::io::Result<PathBuf> {
    let free = (1..MOST_DAMAGED).map(|number| aside(path, number)).find(|path| !path.exists());
    let aside = free.unwrap_or_else(|| aside(path, MOST_DAMAGED));
    fs::rename(path, &aside)?;
    // A journal belongs to the damaged file, and would be played back into the new one.
    let mut journal = path.as_os_str().to_owned();
    journal.push("-journal");
    match fs::remove_file(PathBuf::from(journal)) {
        Err(reason) if reason.kind() != std::io::ErrorKind::NotFound => Err(reason),
        _ => Ok(aside),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step is a failed test")]
mod tests;
