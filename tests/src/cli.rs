//! The `carvoice` program as a user runs it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::private_bus::program;

/// What a run of the program came to.
pub struct Run {
    /// Exit status; -1 when a signal ended it.
    pub status: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Run {
    /// Standard output as one JSON value per line.
    ///
    /// # Panics
    /// When a line is not JSON.
    #[must_use]
    pub fn json(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        self.out.lines().map(parse).collect()
    }
}

/// The program with these arguments, ready to run.
#[must_use]
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(program("carvoice"));
    command.args(arguments).env_remove("CARVOICE_LOG");
    command
}

/// Runs the program to its end with `input` on its standard input.
///
/// # Panics
/// When it cannot be started.
#[must_use]
pub fn carvoice(arguments: &[&str], input: impl AsRef<[u8]>) -> Run {
    run(&mut command(arguments), input)
}

/// Runs a prepared command to its end.
///
/// # Panics
/// When it cannot be started.
#[must_use]
pub fn run(command: &mut Command, input: impl AsRef<[u8]>) -> Run {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    // A program that fails early does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_ref());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { status: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
}
