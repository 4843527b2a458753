//! The file, sound and unsound.

use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

fn note(kind: Kind, text: &str) -> Note {
    let due = (kind != Kind::Place).then(|| LocalTime::midnight(2025, 3, 4));
    let place = (kind == Kind::Place).then(|| "geo:48.1,11.5".to_owned());
    Note { kind, text: text.to_owned(), due, place }
}

fn all() -> Vec<Note> {
    vec![note(Kind::Timer, ""), note(Kind::Reminder, "buy milk"), note(Kind::Place, "home")]
}

fn filled(path: &Path) -> Store {
    let mut store = Store::open(path).unwrap();
    all().into_iter().for_each(|note| store.change(&Change::Keep(note)).unwrap());
    store
}

#[test]
fn what_was_kept_is_there_after_a_restart_and_only_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("deep/memory.db");
    drop(filled(&path));
    let mut store = filled(&path);
    assert_eq!(store.load().unwrap(), all());
    store.change(&Change::Forget(note(Kind::Reminder, "buy milk"))).unwrap();
    store.change(&Change::Forget(note(Kind::Reminder, "never kept"))).unwrap();
    assert_eq!(Store::open(&path).unwrap().load().unwrap().len(), 2);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn notes_without_a_time_are_kept_once_too() {
    let folder = TempDir::new().unwrap();
    let mut store = Store::open(&folder.path().join("memory.db")).unwrap();
    let timeless = Note { due: None, ..note(Kind::Reminder, "buy milk") };
    for _ in 0..2 {
        store.change(&Change::Keep(timeless.clone())).unwrap();
    }
    assert_eq!(store.load().unwrap(), std::slice::from_ref(&timeless));
    store.change(&Change::Forget(timeless)).unwrap();
    assert_eq!(store.load().unwrap(), []);
}

#[test]
fn what_is_erased_leaves_no_trace_and_others_notice() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("memory.db");
    let mut store = filled(&path);
    assert!(!store.was_changed().unwrap(), "its own changes are no news");
    let mut other = Store::open_sound(&path).unwrap();
    assert_eq!(other.erase(Some(Kind::Place)).unwrap(), 1);
    assert!(store.was_changed().unwrap());
    assert_eq!(store.load().unwrap().len(), 2);
    assert!(!store.was_changed().unwrap());
    assert_eq!(other.erase(None).unwrap(), 2);
    let bytes = fs::read(&path).unwrap();
    for word in ["buy milk", "geo:48.1"] {
        assert!(!bytes.windows(word.len()).any(|part| part == word.as_bytes()), "{word} is still there");
    }
}

#[test]
fn a_damaged_file_is_moved_aside_and_a_new_one_begun() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("memory.db");
    for count in 1..=2 {
        fs::write(&path, "this is no database, whatever its name says").unwrap();
        let found = Store::open_sound(&path).unwrap_err();
        assert!(matches!(found, MemoryError::Damaged(_)), "{found}");
        assert_eq!(Store::open(&path).unwrap().load().unwrap(), []);
        assert_eq!(damaged(&path).len(), count);
    }
    let kept = fs::read_to_string(&damaged(&path)[0]).unwrap();
    assert!(kept.starts_with("this is no database"));

    // Damage in the middle of a file that begins well.
    let store = filled(&path);
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    assert!(matches!(Store::open_sound(&path), Err(MemoryError::Damaged(_))));
}

#[test]
fn a_later_schema_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("memory.db");
    drop(filled(&path));
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let found = Store::open(&path).unwrap_err();
    assert!(matches!(found, MemoryError::Later(_)), "{found}");
    assert_eq!(damaged(&path), [] as [PathBuf; 0]);
}

#[test]
fn a_full_disk_and_a_folder_that_is_none_are_told_apart() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let none = Store::open(&file.join("memory.db")).unwrap_err();
    assert!(matches!(none, MemoryError::Failed(_)), "{none}");

    // A file of a bounded size: what does not fit is told, and what was there stays.
    let path = folder.path().join("memory.db");
    let mut store = filled(&path);
    store.connection.pragma_update(None, "max_page_count", 1).unwrap();
    let long = "x".repeat(100_000);
    let found = store.change(&Change::Keep(note(Kind::Reminder, &long))).unwrap_err();
    assert!(matches!(found, MemoryError::Full(_)), "{found}");
    assert_eq!(store.load().unwrap(), all());
}
