//! The store of converted models on this machine. How it is filled is tested in the crate, without a network.

use carvoice_models::{Depth, Manifest, Progress, Silent, Store, StoreError, Task, default_folder};

/// Fails when a checksum is computed.
struct NothingToDo;

impl Progress for NothingToDo {
    fn begin(&mut self, task: Task<'_>, _: u64) {
        panic!("{task:?} although nothing was touched");
    }
    fn advance(&mut self, _: u64) {}
    fn end(&mut self) {}
}

#[test]
fn every_model_verifies_and_is_not_read_again() {
    let store = Store::open(default_folder()).unwrap();
    for checked in store.verify(&mut Silent, Depth::All) {
        assert!(checked.result.is_ok(), "{}", checked.result.unwrap_err());
    }
    for checked in store.verify(&mut NothingToDo, Depth::Changed) {
        assert_eq!(checked.result.unwrap(), store.folder().join(&checked.model.file));
    }
    let mut store = store;
    assert!(store.fetch(&mut NothingToDo, &[]).unwrap().is_empty());
}

#[test]
fn files_of_the_manifest_are_the_ones_tests_ask_for() {
    for model in Manifest::embedded().unwrap().models() {
        assert!(carvoice_tests::model(&model.file).exists());
    }
}

#[test]
fn an_empty_store_names_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("models")).unwrap();
    assert!(store.list().iter().all(|checked| matches!(checked.result, Err(StoreError::Missing { .. }))));
    let error = store.path("whisper-base").unwrap_err().to_string();
    assert!(error.contains("whisper-base.bin") && error.contains("carvoice models fetch"), "{error}");
    assert!(!store.folder().exists(), "looking creates nothing");
}
