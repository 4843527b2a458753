//! A message bus of its own for each test, and the programs that talk to it from outside.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use carvoice_bus::BusKind;
use crossbeam_channel::{Receiver, Sender, unbounded};
use tempfile::TempDir;

/// Nothing in these tests takes this long unless it is broken. Loaded machines are slow.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A dbus-daemon that dies with this value.
pub struct PrivateBus {
    daemon: Running,
    folder: TempDir,
    policy: String,
}

/// Everybody may do everything, as on a session bus.
const OPEN: &str = r#"
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>"#;

/// What every system bus begins with: signals and replies pass, names and calls need permission.
const SYSTEM: &str = r#"
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>"#;

impl PrivateBus {
    /// Starts a daemon and returns once it listens.
    pub fn start() -> Self {
        Self::with(OPEN.to_owned())
    }

    /// A system bus for every user of the machine, with the elements of these policies added.
    pub fn guarded(policies: &[String]) -> Self {
        let bus = Self::with([SYSTEM.to_owned(), policies.concat()].concat());
        std::fs::set_permissions(bus.folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        bus
    }

    fn with(policy: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let daemon = daemon(&folder, &policy);
        Self { daemon, folder, policy }
    }

    /// Its address.
    pub fn address(&self) -> String {
        format!("unix:path={}", self.folder.path().join("bus").display())
    }

    /// It, as a bus to connect to.
    pub fn kind(&self) -> BusKind {
        BusKind::Address(self.address())
    }

    /// A connection of the test's own.
    pub fn connect(&self) -> zbus::Connection {
        let builder = zbus::connection::Builder::address(self.address().as_str());
        zbus::block_on(builder.method_timeout(PATIENCE).build()).unwrap()
    }

    /// Ends the daemon at once.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// Starts it again at the same address.
    pub fn restart(&mut self) {
        self.daemon.kill();
        self.daemon = daemon(&self.folder, &self.policy);
    }

    /// Lets the daemon do nothing, as a stalled system would.
    pub fn freeze(&self) {
        self.daemon.signal("STOP");
    }

    /// A foreign program that finds this bus as both session and system bus.
    pub fn tool(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DBUS_SESSION_BUS_ADDRESS", self.address());
        command.env("DBUS_SYSTEM_BUS_ADDRESS", self.address());
        command
    }

    /// Runs busctl; standard output of a success, standard error of a failure.
    pub fn busctl(&self, arguments: &[&str]) -> Result<String, String> {
        let address = format!("--address={}", self.address());
        said(self.tool("busctl").arg(address).args(arguments).output().unwrap())
    }

    /// Runs `gdbus call`; its errors carry the D-Bus name.
    pub fn gdbus(&self, name: &str, method: &str, arguments: &[&str]) -> Result<String, String> {
        let path = format!("/{}", name.replace('.', "/"));
        let mut command = self.tool("gdbus");
        command.args(["call", "--session", "--dest", name, "--object-path", &path, "--method", method, "--"]);
        said(command.args(arguments).output().unwrap())
    }

    /// The introspection data of those interfaces of a service whose names begin with `prefix`.
    pub fn introspect(&self, name: &str, prefix: &str) -> String {
        let path = format!("/{}", name.replace('.', "/"));
        let interface = "org.freedesktop.DBus.Introspectable";
        let call = self.connect();
        let call = call.call_method(Some(name), path, Some(interface), "Introspect", &());
        let xml: String = zbus::block_on(call).unwrap().body().deserialize().unwrap();
        let start = format!("<interface name=\"{prefix}");
        let ours = xml.split_inclusive("</interface>\n").filter_map(|part| {
            let (_, interface) = part.split_once(&start)?;
            Some(format!("  {start}{interface}"))
        });
        ours.collect()
    }

    /// dbus-monitor on everything that passes; returns once it listens.
    pub fn spy(&self) -> Running {
        let mut spy = Running::start(self.tool("dbus-monitor").arg("--session"));
        // Having become a monitor, it loses the name it had as a client.
        spy.wait_for("NameLost");
        spy
    }
}

fn daemon(folder: &TempDir, policy: &str) -> Running {
    let socket = folder.path().join("bus");
    let _ = std::fs::remove_file(&socket);
    let config = folder.path().join("bus.conf");
    let text = format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>{policy}
  <limit name="max_replies_per_connection">50000</limit>
</busconfig>
"#,
        socket.display()
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new("dbus-daemon");
    command.arg(format!("--config-file={}", config.display()));
    let mut daemon = Running::start(command.args(["--nofork", "--nopidfile", "--print-address=1"]));
    daemon.wait_for("unix:path=");
    daemon
}

fn said(output: Output) -> Result<String, String> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// A program that was built with the tests.
///
/// # Panics
/// When it was not: `cargo build --release` builds it.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap();
    let program = folder.join(name);
    assert!(program.exists(), "{} is missing; run `cargo build --release`", program.display());
    program
}

/// A child process that is killed with this value, its output read line by line.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// Starts it. Standard output is read, standard error too if it is piped already.
    pub fn start(command: &mut Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
                panic!("{}: {error}; run `make setup`", command.get_program().display())
            });
        let (to_test, lines) = unbounded();
        if let Some(errors) = child.stderr.take() {
            read_lines(errors, to_test.clone());
        }
        let output: ChildStdout = child.stdout.take().unwrap();
        read_lines(output, to_test);
        Self { child, lines }
    }

    /// The next line with this text in it.
    ///
    /// # Panics
    /// When none comes within [`PATIENCE`].
    pub fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(error) => panic!("no line with {text:?}: {error}"),
            }
        }
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end within [`PATIENCE`].
    pub fn end(mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        // The output ends with the process.
        while let Ok(_line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {}
        assert!(Instant::now() < deadline, "it did not end");
        self.child.wait().unwrap()
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

fn read_lines(from: impl Read + Send + 'static, to_test: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { return };
            if to_test.send(line).is_err() {
                return;
            }
        }
    });
}
