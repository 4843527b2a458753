//! Sets of models as the service and the command line use them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use carvoice_bus::Client;
use carvoice_models::{Manifest, Store, default_folder};
use carvoice_tests::cli::{Run, command, run};
use carvoice_tests::private_bus::{PrivateBus, Running};
use tempfile::TempDir;

/// A store with sets of this machine's models.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Puts a set in place as a fetch would, and has `link` lead to it. `change` may replace files and has the
    /// manifest to list them in.
    fn add(&self, link: &str, change: impl FnOnce(&Path, String) -> String) -> String {
        let made = self.path("made");
        fs::create_dir_all(&made).unwrap();
        let store = Store::open(default_folder()).unwrap();
        for model in store.manifest().models() {
            symlink(store.path(&model.name).unwrap(), made.join(&model.file)).unwrap();
        }
        // The files are the same, so what is known of their checksums holds.
        let _ = fs::copy(store.folder().join(".checksums.json"), made.join(".checksums.json"));
        let text = change(&made, Manifest::embedded().unwrap().text().to_owned());
        fs::write(made.join("manifest.toml"), &text).unwrap();
        let name = Manifest::parse(&text).unwrap().set();
        fs::create_dir_all(self.path("sets")).unwrap();
        fs::rename(made, self.path("sets").join(&name)).unwrap();
        symlink(Path::new("sets").join(&name), self.path(link)).unwrap();
        name
    }

    /// A set whose checksums are right and whose voice has no words.
    fn add_broken(&self, link: &str) -> String {
        self.add(link, |folder, text| {
            let file = folder.join("voice-lexicon.txt");
            fs::remove_file(&file).unwrap();
            fs::write(&file, "no lexicon\n").unwrap();
            let manifest = Manifest::parse(&text).unwrap();
            let old = manifest.model("voice-lexicon").unwrap();
            let sum = Command::new("sha256sum").arg(&file).output().unwrap().stdout;
            let sum = String::from_utf8(sum).unwrap();
            text.replace(old.sha256.as_str(), &sum[..64]).replace(
                &format!("size = {}\n", old.size),
                &format!("size = {}\n", fs::metadata(&file).unwrap().len()),
            )
        })
    }

    fn run(&self, arguments: &[&str]) -> Run {
        run(command(arguments).env("CARVOICE_MODELS", self.0.path()).env("CARVOICE_SHARE", "/nowhere"), "")
    }

    /// Starts the service and gives what it lacks.
    fn serve(&self, bus: &PrivateBus) -> Vec<String> {
        let bus_set = format!("bus=\"{}\"", bus.address());
        let output = format!("audio.output=\"folder:{}\"", self.path("replies").display());
        let sets = [bus_set.as_str(), &output, "audio.input=none", "understand.language_model=false"];
        let mut arguments = vec!["daemon"];
        arguments.extend(sets.iter().flat_map(|set| ["--set", set]));
        let mut daemon = command(&arguments);
        daemon.env("CARVOICE_MODELS", self.0.path()).env("CACHE_DIRECTORY", self.path("cache"));
        daemon.env("STATE_DIRECTORY", self.path("state"));
        let mut process = Running::start(daemon.stderr(Stdio::piped()));
        process.wait_for("ready");
        Client::connect(bus.kind()).unwrap().status().unwrap().degraded
    }

    fn current(&self) -> String {
        let target = fs::read_link(self.path("current")).unwrap();
        target.file_name().unwrap().to_str().unwrap().to_owned()
    }
}

#[test]
fn a_set_that_cannot_speak_is_refused_and_the_one_before_is_used() {
    let home = Home::new();
    let broken = home.add_broken("current");
    let good = home.add("previous", |_, text| text);
    let lacking = home.serve(&PrivateBus::start());
    assert!(lacking.contains(&"models".to_owned()), "{lacking:?}");
    assert!(!lacking.contains(&"synthesizer".to_owned()), "the set before speaks: {lacking:?}");
    let passed = fs::read_to_string(home.path("cache/self-test")).unwrap();
    assert!(passed.contains(&good) && !passed.contains(&broken), "{passed}");

    let back = home.run(&["models", "rollback", "--json"]);
    assert_eq!((back.status, home.current()), (0, good), "{}", back.err);
    assert!(
        back.json().iter().all(|model| model["status"] == "ok") && back.err.contains("restart"),
        "{}",
        back.out
    );
    let lacking = home.serve(&PrivateBus::start());
    assert!(!lacking.contains(&"models".to_owned()), "{lacking:?}");
}

#[test]
fn without_a_set_before_it_a_broken_one_is_told_and_used_as_far_as_it_goes() {
    let home = Home::new();
    home.add_broken("current");
    let lacking = home.serve(&PrivateBus::start());
    for engine in ["models", "synthesizer"] {
        assert!(lacking.contains(&engine.to_owned()), "{engine} in {lacking:?}");
    }
    let doctor = home.run(&["doctor", "--json"]);
    let checks = doctor.json();
    let failed = checks.iter().find(|check| check["check"] == "self-test").unwrap();
    assert!(failed["status"] == "error" && failed["remedy"] == "carvoice models rollback", "{failed}");
    let back = home.run(&["models", "rollback"]);
    assert!(back.status == 1 && back.err.contains("no earlier set"), "{}", back.err);
}

#[test]
fn with_a_key_an_unsigned_list_of_models_is_refused_everywhere() {
    let home = Home::new();
    let set = home.add("current", |_, text| text);
    let keys = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let key = format!("models.public_key={}", keys.pk.to_base64());
    let sign =
        |text: &str| minisign::sign(None, &keys.sk, text.as_bytes(), None, None).unwrap().into_string();
    let manifest = Manifest::embedded().unwrap();
    let signature = home.path("sets").join(set).join("manifest.toml.minisig");
    for wrong in [None, Some(sign("another text"))] {
        if let Some(wrong) = wrong {
            fs::write(&signature, wrong).unwrap();
        }
        for command in [&["models", "verify"][..], &["models", "fetch"], &["say", "Hello."]] {
            let refused = home.run(&[&["--set", &key][..], command].concat());
            assert!(
                refused.status == 1 && refused.err.contains("minisign -S"),
                "{command:?}: {}",
                refused.err
            );
        }
    }
    fs::write(&signature, sign(manifest.text())).unwrap();
    for command in [&["models", "verify"][..], &["models", "fetch"]] {
        let taken = home.run(&[&["--set", &key][..], command].concat());
        assert_eq!(taken.status, 0, "{command:?}: {}", taken.err);
    }
}
