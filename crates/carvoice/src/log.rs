//! The log: entries with fields where it goes to the journal, lines of text anywhere else.

use std::fs::File;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Begins to log. `CARVOICE_LOG` says what: `carvoice=debug`.
pub fn init() {
    let filter =
        EnvFilter::try_from_env("CARVOICE_LOG").unwrap_or_else(|_| EnvFilter::new("carvoice=info,warn"));
    match journal() {
        Some(journal) => tracing_subscriber::registry().with(filter).with(journal).init(),
        None => tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .init(),
    }
}

/// The journal, if standard error leads to it: `journalctl CARVOICE_TURN=7` and `-p warning` then find
/// what they name.
fn journal() -> Option<tracing_journald::Layer> {
    let announced = std::env::var("JOURNAL_STREAM").ok()?;
    let stderr = File::from(std::io::stderr().as_fd().try_clone_to_owned().ok()?).metadata().ok()?;
    // A child of a service inherits the variable, but its standard error may lead elsewhere.
    if !names(&announced, stderr.dev(), stderr.ino()) {
        return None;
    }
    let layer = tracing_journald::layer().ok()?;
    Some(layer.with_field_prefix(Some("CARVOICE".to_owned())).with_syslog_identifier("carvoice".to_owned()))
}

/// Whether `JOURNAL_STREAM` names this file: its device and inode, as systemd writes them.
fn names(announced: &str, device: u64, inode: u64) -> bool {
    announced.split_once(':').is_some_and(|(found_device, found_inode)| {
        found_device.parse() == Ok(device) && found_inode.parse() == Ok(inode)
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn only_the_announced_stream_is_the_journal() {
        assert!(names("9:1234", 9, 1234));
        for other in ["9:1235", "8:1234", "", "9", "9:", "9:1234:"] {
            assert!(!names(other, 9, 1234), "{other}");
        }
    }
}
