//! What commands print: text for people, or one JSON object per line for programs.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

/// Where results go. Diagnostics go to standard error instead.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    pub fn is_json(self) -> bool {
        self.json
    }

    /// One result: `value` as a JSON line, or `text` for people.
    ///
    /// # Errors
    /// When standard output is closed.
    pub fn line(self, value: &impl Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        let line = if self.json { serde_json::to_string(value)? } else { text() };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()?;
        Ok(())
    }
}

/// A duration in milliseconds, to a tenth, as results give it.
pub fn milliseconds(time: Duration) -> f64 {
    rounded(time.as_secs_f64() * 1000.0, 1)
}

/// A number to so many places behind the point.
pub fn rounded(number: f64, places: i32) -> f64 {
    let scale = 10f64.powi(places);
    (number * scale).round() / scale
}

/// Exit status of a command that worked or, for each thing it looked at, found a fault.
pub fn status(success: bool) -> ExitCode {
    if success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
