//! What the service tells a service manager, heard by a socket in its place.

use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::Duration;

use carvoice_tests::cli::command;
use carvoice_tests::private_bus::{PATIENCE, PrivateBus, Running};
use tempfile::TempDir;

/// The end of the notifications that systemd would hold.
struct Manager {
    socket: UnixDatagram,
    folder: TempDir,
}

impl Manager {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, folder }
    }

    /// The service without ears, voice model or language model, watched with this limit.
    fn start(&self, bus: &PrivateBus, watchdog: Duration) -> Running {
        let set = format!("bus=\"{}\"", bus.address());
        let sets = [
            "audio.input=none",
            "audio.output=none",
            "understand.language_model=false",
            "models.self_test=false",
            &set,
        ];
        let arguments: Vec<&str> =
            ["daemon"].into_iter().chain(sets.into_iter().flat_map(|set| ["--set", set])).collect();
        let mut daemon = command(&arguments);
        daemon.env("STATE_DIRECTORY", self.folder.path());
        daemon.env("NOTIFY_SOCKET", self.folder.path().join("notify"));
        daemon.env("WATCHDOG_USEC", watchdog.as_micros().to_string()).env_remove("WATCHDOG_PID");
        Running::start(daemon.stderr(Stdio::piped()))
    }

    /// The next notification.
    fn hear(&self) -> String {
        let mut buffer = [0; 4096];
        let length = self.socket.recv(&mut buffer).expect("a notification");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    /// Waits for one with this line.
    fn hear_of(&self, line: &str) -> String {
        loop {
            let notification = self.hear();
            if notification.lines().any(|one| one == line) {
                return notification;
            }
        }
    }
}

#[test]
fn it_is_ready_when_it_is_on_the_bus_then_alive_then_stopping() {
    let bus = PrivateBus::start();
    let manager = Manager::new();
    let service = manager.start(&bus, Duration::from_millis(200));
    assert_eq!(manager.hear().trim(), "STATUS=Loading the engines");
    let ready = manager.hear_of("READY=1");
    assert!(ready.contains("missing: ") && ready.contains("microphone"), "{ready}");
    let owned = bus.busctl(&["status", "org.carvoice.Assistant1"]);
    assert!(owned.is_ok(), "{owned:?}");
    for _ in 0..3 {
        manager.hear_of("WATCHDOG=1");
    }
    service.signal("TERM");
    manager.hear_of("STOPPING=1");
    assert_eq!(service.end().code(), Some(0));
}

#[test]
fn without_the_bus_it_is_never_ready() {
    let mut bus = PrivateBus::start();
    bus.kill();
    let manager = Manager::new();
    let service = manager.start(&bus, Duration::from_secs(1));
    assert_eq!(service.end().code(), Some(1));
    manager.socket.set_nonblocking(true).unwrap();
    let mut buffer = [0; 4096];
    while let Ok(length) = manager.socket.recv(&mut buffer) {
        let notification = String::from_utf8_lossy(&buffer[..length]);
        assert!(!notification.contains("READY"), "{notification}");
    }
}
