//! What the documents claim about the code, read from the code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand};

/// Longest source file, and longest file of tests.
const MAX_LINES: usize = 400;
const MAX_TEST_LINES: usize = 600;

fn metadata() -> Metadata {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap()
}

fn root() -> PathBuf {
    metadata().workspace_root.into_std_path_buf()
}

/// Files below a folder whose name ends in one of these, without what is built or hidden.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(files(&path, endings));
        } else if path.is_file() && endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn crates_depend_only_on_the_core() {
    let metadata = metadata();
    let edges = |kept: fn(&str) -> bool| -> BTreeMap<String, BTreeSet<String>> {
        let of = |package: &cargo_metadata::Package| {
            let names = package.dependencies.iter().map(|dependency| dependency.name.clone());
            (package.name.to_string(), names.filter(|name| kept(name)).collect())
        };
        metadata.packages.iter().map(of).collect()
    };
    let ours = edges(|name| name.starts_with("carvoice"));

    let engines = ["audio", "bus", "listen", "memory", "models", "speak", "understand", "vehicle"]
        .map(|name| format!("carvoice-{name}"));
    let core = BTreeSet::from(["carvoice-core".to_owned()]);
    let all: BTreeSet<String> = engines.iter().cloned().chain(core.clone()).collect();
    let mut expected: BTreeMap<String, BTreeSet<String>> =
        engines.into_iter().map(|engine| (engine, core.clone())).collect();
    // The vocabulary stands alone, and the model store has no need of it.
    expected.insert("carvoice-core".to_owned(), BTreeSet::new());
    expected.insert("carvoice-models".to_owned(), BTreeSet::new());
    expected.insert("carvoice".to_owned(), all.clone());
    let trained = ["audio", "core", "listen", "models", "understand"].map(|name| format!("carvoice-{name}"));
    expected.insert("carvoice-train".to_owned(), BTreeSet::from(trained));
    expected.insert("carvoice-tests".to_owned(), all);
    assert_eq!(ours, expected, "the crates of ARCHITECTURE.md and their edges");

    let foreign = edges(|name| !name.starts_with("carvoice"));
    let allowed = ["serde", "thiserror", "toml"].map(str::to_owned);
    assert_eq!(foreign["carvoice-core"], BTreeSet::from(allowed), "the core needs next to nothing");
}

#[test]
fn the_core_does_no_io_and_reads_no_clock() {
    let outside = [
        "std::fs",
        "std::io",
        "std::net",
        "std::env",
        "std::thread",
        "std::process",
        "Instant",
        "SystemTime",
        "println!",
    ];
    for file in files(&root().join("crates/core/src"), &[".rs"]) {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            let found = outside.iter().find(|word| line.contains(*word));
            assert_eq!(found, None, "{}: {line}", file.display());
        }
    }
}

#[test]
fn files_stay_readable() {
    let mut long = Vec::new();
    for package in metadata().packages {
        let folder = package.manifest_path.parent().unwrap().to_owned();
        for file in files(folder.as_std_path(), &[".rs"]) {
            let is_test = package.name.as_str() == "carvoice-tests"
                || file.components().any(|part| part.as_os_str() == "tests")
                || file.file_name().is_some_and(|name| name == "tests.rs");
            let most = if is_test { MAX_TEST_LINES } else { MAX_LINES };
            let lines = std::fs::read_to_string(&file).unwrap().lines().count();
            if lines > most {
                long.push(format!("{}: {lines} lines, at most {most}", file.display()));
            }
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn nothing_points_at_the_machine_it_was_written_on() {
    // In two parts, so that this file does not hold them.
    let banned = [
        ("/work", "/main"),
        ("/work", "/shared"),
        ("/root", "/."),
        ("/tmp", "/team"),
        ("/tmp", "/mdl"),
        ("TO", "DO:"),
        ("FIX", "ME"),
        ("Clau", "de"),
        ("Chat", "GPT"),
        ("Anthro", "pic"),
    ]
    .map(|(head, tail)| format!("{head}{tail}"));
    let endings =
        [".rs", ".toml", ".md", ".sh", ".py", ".xml", ".service", ".conf", ".bb", ".inc", "Makefile"];
    let mut found = Vec::new();
    for file in files(&root(), &endings) {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        let words = banned.iter().filter(|word| text.contains(word.as_str()));
        found.extend(words.map(|word| format!("{} holds {word}", file.display())));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_test_is_ignored_or_waits() {
    let banned = [("#[ign", "ore"), ("thread::sl", "eep")].map(|(head, tail)| format!("{head}{tail}"));
    let tests = root().join("tests");
    for file in files(&tests, &[".rs"]) {
        let text = std::fs::read_to_string(&file).unwrap();
        let found = banned.iter().find(|word| text.contains(word.as_str()));
        assert_eq!(found, None, "{}", file.display());
    }
}
