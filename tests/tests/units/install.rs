//! `make install`, and what systemd says of the units that it puts in place.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use carvoice_tests::private_bus::program;
use tempfile::TempDir;

/// Ten times the exposure that `systemd-analyze security` may find, on its scale from 0 to 10.
const MOST_EXPOSURE: &str = "--threshold=15";

/// An installation below a folder of its own; the units name the programs in it.
struct Installation(TempDir);

impl Installation {
    fn new() -> Self {
        let installation = Self(TempDir::new().unwrap());
        installation.make("install");
        installation
    }

    fn make(&self, target: &str) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut make = Command::new("make");
        make.arg("--silent").arg("--directory").arg(root).arg(target);
        make.arg(format!("BIN={}", program("carvoice").parent().unwrap().display()));
        make.arg(format!("PREFIX={}", self.path("usr").display()));
        make.arg(format!("SYSCONFDIR={}", self.path("etc").display()));
        let output = make.env_remove("MAKEFLAGS").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn unit(&self, path: &str) -> PathBuf {
        self.path("usr/lib/systemd").join(path)
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.path("")];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        files
    }
}

/// Whether systemd-analyze is content, and what it says.
fn analyze(arguments: &[&str], unit: &Path) -> (bool, String) {
    let mut command = Command::new("systemd-analyze");
    // It looks for the units of a session there, whether or not there is one.
    let runtime = TempDir::new().unwrap();
    command.env("XDG_RUNTIME_DIR", runtime.path());
    let output = command.args(arguments).arg("--no-pager").arg(unit).output();
    let output = output.unwrap_or_else(|error| panic!("systemd-analyze: {error}; run `make setup`"));
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

const VERIFY: [&str; 3] = ["verify", "--man=no", "--recursive-errors=no"];

#[test]
fn systemd_knows_every_setting_of_the_units() {
    let installation = Installation::new();
    for unit in ["system/carvoice.service", "system/carvoice-vehicle.service"] {
        let (content, said) = analyze(&VERIFY, &installation.unit(unit));
        assert!(content, "{unit}: {said}");
    }
    let user = [&VERIFY[..], &["--user"]].concat();
    let (content, said) = analyze(&user, &installation.unit("user/carvoice.service"));
    assert!(content, "user/carvoice.service: {said}");
}

#[test]
fn a_misspelt_setting_would_be_found() {
    let installation = Installation::new();
    let unit = installation.unit("system/carvoice.service");
    let text = fs::read_to_string(&unit).unwrap();
    fs::write(&unit, text.replace("WatchdogSec=", "WatchdogSecs=")).unwrap();
    let (content, said) = analyze(&VERIFY, &unit);
    assert!(!content && said.contains("WatchdogSecs"), "{said}");
}

#[test]
fn the_units_expose_little() {
    let installation = Installation::new();
    for unit in ["system/carvoice.service", "system/carvoice-vehicle.service"] {
        let arguments = ["security", "--offline=true", MOST_EXPOSURE];
        let (content, said) = analyze(&arguments, &installation.unit(unit));
        assert!(content, "{unit}: {said}");
    }
}

#[test]
fn units_and_activation_name_the_installed_program() {
    let installation = Installation::new();
    let program = installation.path("usr/bin/carvoice").display().to_string();
    for file in [
        "usr/lib/systemd/system/carvoice.service",
        "usr/lib/systemd/user/carvoice.service",
        "usr/share/dbus-1/services/org.carvoice.Assistant1.service",
    ] {
        let text = fs::read_to_string(installation.path(file)).unwrap();
        assert!(text.contains(&format!("={program} daemon")), "{file}: {text}");
    }
}

#[test]
fn uninstalling_removes_what_was_installed_and_no_more() {
    let installation = Installation::new();
    assert!(installation.path("usr/share/man/man1/carvoice-daemon.1").exists());
    let added = installation.path("etc/carvoice/config.d/10-ours.toml");
    fs::create_dir_all(added.parent().unwrap()).unwrap();
    fs::write(&added, "version = 1\n").unwrap();
    installation.make("uninstall");
    assert_eq!(installation.files(), [added]);
}

#[test]
fn changed_settings_are_kept() {
    let installation = Installation::new();
    let settings = installation.path("etc/carvoice/config.toml");
    fs::write(&settings, "version = 1\nbus = \"session\"\n").unwrap();
    installation.make("install");
    installation.make("uninstall");
    assert_eq!(installation.files(), [settings.as_path()]);
    assert!(fs::read_to_string(settings).unwrap().contains("session"));
}
