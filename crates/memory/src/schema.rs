//! The schema and its versions. `SQLite` keeps the number of the version in the file (`user_version`).

use rusqlite::{Connection, TransactionBehavior};

use crate::error::Reason;

/// What brings a file from each version to the next. To change the schema, add a step; never change one that
/// was released.
const STEPS: [&str; 1] = [
    // `due` is in seconds since the beginning of 1970 on the local clock.
    "CREATE TABLE note (
        kind TEXT NOT NULL CHECK (kind IN ('timer', 'reminder', 'place')),
        text TEXT NOT NULL,
        due INTEGER,
        place TEXT
    ) STRICT;
    CREATE UNIQUE INDEX once ON note (kind, text, ifnull(due, ''), ifnull(place, ''));",
];

/// Brings the file to the present version, all the way or not at all. The version is written in any case, so
/// that a file that cannot be written is found out at once.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), Reason> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let steps = usize::try_from(version).ok().and_then(|version| STEPS.get(version..));
    for step in steps.ok_or(Reason::Later(version))? {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", STEPS.len() as i64)?;
    Ok(transaction.commit()?)
}
