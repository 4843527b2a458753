//! A private message bus, so that replay, bench and demo touch neither the desktop's nor the car's.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

/// A child process that ends with this value.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already is fine.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A dbus-daemon of our own. It ends, and its folder goes, with this value.
pub struct PrivateBus {
    _daemon: Process,
    folder: PathBuf,
    address: String,
}

impl PrivateBus {
    /// Starts the daemon and waits until it listens.
    ///
    /// # Errors
    /// When dbus-daemon is not installed or does not start.
    pub fn start() -> anyhow::Result<Self> {
        let folder = fresh_folder("carvoice-bus")?;
        let config = folder.join("bus.conf");
        std::fs::write(&config, bus_config(&folder))?;
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // It complains of limits that it cannot raise without being root on a real machine.
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start dbus-daemon; install the package dbus (Debian: apt-get install dbus)")?;
        let mut address = String::new();
        if let Some(out) = daemon.stdout.take() {
            BufReader::new(out).read_line(&mut address)?;
        }
        let address = address.trim().to_owned();
        let bus = Self { _daemon: Process(daemon), folder, address };
        if bus.address.is_empty() {
            bail!("dbus-daemon did not start; try it by hand: dbus-daemon --session --print-address");
        }
        Ok(bus)
    }

    /// Where programs find it, as a D-Bus address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A folder that lives as long as the bus.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn bus_config(folder: &Path) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={}/socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        folder.display()
    )
}

/// A new folder for this process alone under the system's folder for temporary files.
fn fresh_folder(name: &str) -> anyhow::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    for attempt in 0..100 {
        let folder = std::env::temp_dir().join(format!("{name}-{}-{attempt}", std::process::id()));
        match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(reason) if reason.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(reason) => return Err(reason).with_context(|| format!("cannot make {}", folder.display())),
        }
    }
    bail!("cannot make a folder of our own in {}", std::env::temp_dir().display())
}
