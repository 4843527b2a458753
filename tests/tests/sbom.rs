//! The bill of materials against what cargo says is linked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use carvoice_models::Manifest;
use serde_json::Value;

/// What a command of the project's folder prints.
fn output(program: &str, arguments: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(program).args(arguments).current_dir(root).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// `name version` of every crate that cargo links into the two programs.
fn linked() -> BTreeSet<String> {
    let arguments = ["tree", "--locked", "--offline", "-p", "carvoice", "-p", "carvoice-vehicle"];
    let how = ["--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"];
    let tree = output(env!("CARGO"), &[&arguments[..], &how].concat());
    let crates = tree.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some(format!("{} {}", words.next()?, words.next()?.strip_prefix('v')?))
    });
    crates.collect()
}

#[test]
fn the_bill_of_materials_is_valid_and_complete() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    // The second run shows that nothing of the moment gets into it.
    let bills = [(); 2].map(|()| {
        output("python3", &["scripts/sbom.py", "--out", out]);
        std::fs::read_to_string(folder.path().join("carvoice.cdx.json")).unwrap()
    });
    assert_eq!(bills[0], bills[1]);
    let bill: Value = serde_json::from_str(&bills[0]).unwrap();
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
    assert_eq!(bill["serialNumber"].as_str().unwrap().len(), "urn:uuid:".len() + 36);
    assert!(bill["metadata"]["timestamp"].as_str().unwrap().ends_with('Z'));

    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let components = bill["components"].as_array().unwrap();
    let mut listed = BTreeMap::from([(text(&bill["metadata"]["component"]["bom-ref"]), &Value::Null)]);
    for component in components {
        for key in ["type", "name", "version", "bom-ref"] {
            assert!(!text(&component[key]).is_empty(), "{key} of {component}");
        }
        assert!(!text(&component["licenses"][0]["expression"]).is_empty(), "{component}");
        assert!(listed.insert(text(&component["bom-ref"]), component).is_none(), "{component} twice");
    }
    for dependency in bill["dependencies"].as_array().unwrap() {
        let needs = dependency["dependsOn"].as_array().unwrap().iter().chain([&dependency["ref"]]);
        needs.for_each(|need| assert!(listed.contains_key(need.as_str().unwrap()), "{need}"));
    }

    let required = components.iter().filter(|component| component["scope"] == "required");
    let mut required: BTreeSet<String> =
        required.map(|one| format!("{} {}", text(&one["name"]), text(&one["version"]))).collect();
    assert!(required.extract_if(.., |name| name.starts_with("whisper.cpp ")).count() == 1);
    required.insert(format!("carvoice {}", text(&bill["metadata"]["component"]["version"])));
    assert_eq!(required, linked());

    let licences = std::fs::read_to_string(folder.path().join("THIRD-PARTY-LICENSES")).unwrap();
    for name in linked().iter().filter(|name| !name.starts_with("carvoice")) {
        assert!(licences.contains(&format!("{name} (")), "no licence of {name}");
    }
    let manifest = Manifest::embedded().unwrap();
    for model in manifest.models() {
        let listed = listed[&format!("model:{}", model.name)];
        assert_eq!(listed["hashes"][0]["content"], model.sha256.as_str());
        let licence = text(&listed["licenses"][0]["expression"]).replace(['(', ')'], "");
        assert_eq!(licence, manifest.licence(model), "{}", model.name);
    }
}
