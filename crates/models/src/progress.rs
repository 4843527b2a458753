//! How far a long task is.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A long task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task<'a> {
    /// A package is downloaded.
    Download(&'a str),
    /// A model is converted.
    Convert(&'a str),
    /// A model is read and its checksum computed.
    Verify(&'a str),
}

/// Told about long tasks. Tasks do not overlap.
pub trait Progress {
    /// `task` begins; it is about `bytes` long.
    fn begin(&mut self, task: Task<'_>, bytes: u64);
    /// `done` bytes of the task are done.
    fn advance(&mut self, done: u64);
    /// The task has ended, well or not.
    fn end(&mut self);
}

/// Ignores all of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _: Task<'_>, _: u64) {}
    fn advance(&mut self, _: u64) {}
    fn end(&mut self) {}
}

/// Draws a bar on standard error; nothing when that is not a terminal.
#[derive(Debug, Default)]
pub struct Bars {
    bar: Option<ProgressBar>,
}

impl Progress for Bars {
    fn begin(&mut self, task: Task<'_>, bytes: u64) {
        let (verb, name) = match task {
            Task::Download(name) => ("download", name),
            Task::Convert(name) => ("convert", name),
            Task::Verify(name) => ("verify", name),
        };
        let bar = ProgressBar::new(bytes).with_prefix(verb).with_message(name.to_owned());
        let style = ProgressStyle::with_template(
            "{prefix:>9} {msg:28} {wide_bar} {bytes:>10} / {total_bytes:10} {eta:>4}",
        );
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(200));
        self.bar = Some(bar);
    }

    fn advance(&mut self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
