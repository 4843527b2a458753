//! What is kept over a restart, and what happens when it cannot be.

use carvoice_core::engine::Memory;
use carvoice_core::memory::{Change, Kind, LocalTime, Note};
use carvoice_memory::{Store, damaged};

use super::*;

impl Service {
    fn memory(&self) -> PathBuf {
        self.out.path().join("memory.db")
    }

    /// Ends it in good order; the folder stays.
    fn end(self) -> TempDir {
        self.process.signal("TERM");
        assert_eq!(self.process.end().code(), Some(0));
        self.out
    }

    /// Starts it with what an earlier one has left.
    fn again(bus: &PrivateBus, out: TempDir) -> Self {
        let process = Running::start(daemon(bus, &out).stderr(Stdio::piped()));
        let mut service = Self { process, out };
        service.process.wait_for("ready");
        service
    }
}

fn degraded(bus: &PrivateBus) -> Vec<String> {
    Client::connect(bus.kind()).unwrap().status().unwrap().degraded
}

/// The command on this file.
fn on_memory(memory: &Path, arguments: &[&str]) -> carvoice_tests::cli::Run {
    let path = format!("memory.path={}", memory.display());
    carvoice(&[&["memory"], arguments, &["--set", &path]].concat(), "")
}

#[test]
fn reminders_places_and_timers_survive_a_restart() {
    let bus = PrivateBus::start();
    let _car = car(&bus, &[]);
    let service = Service::start(&bus);
    let mut signals = monitor(&bus);
    ask(&bus, &mut signals, "remind me to buy milk");
    ask(&bus, &mut signals, "save this place as home");
    ask(&bus, &mut signals, "set a timer for ten minutes");
    drop(signals);
    let kept = on_memory(&service.memory(), &["list", "--json"]).json();
    let kinds: Vec<&str> = kept.iter().map(|note| note["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["reminder", "place", "timer"]);

    let _service = Service::again(&bus, service.end());
    let mut signals = monitor(&bus);
    let list = ask(&bus, &mut signals, "what are my reminders");
    assert_eq!(list.reply(), "One reminder: buy milk.");
    let timer = ask(&bus, &mut signals, "how much time is left on the timer");
    assert!(timer.reply().contains("left on the timer"), "{}", timer.reply());
    let home = ask(&bus, &mut signals, "take me home");
    assert_eq!((home.outcome(), home.reply()), ("done", "To home."));
    let destination = home.payload("Command")["slots"]["destination"].as_str().unwrap().to_owned();
    assert!(destination.starts_with("geo:"), "{destination}");
    let undone = ask(&bus, &mut signals, "undo that");
    assert!(undone.reply().contains("End the route guidance?"), "{}", undone.reply());
}

#[test]
fn what_was_due_while_it_was_off_is_told_and_forgotten() {
    let bus = PrivateBus::start();
    let out = TempDir::new().unwrap();
    let path = out.path().join("memory.db");
    let due = Some(LocalTime::midnight(2020, 1, 1));
    let missed = Note { kind: Kind::Reminder, text: "buy milk".to_owned(), due, place: None };
    Store::open(&path).unwrap().change(&Change::Keep(missed)).unwrap();
    // On its way out it writes what waits.
    let _out = Service::again(&bus, out).end();
    assert_eq!(Store::open(&path).unwrap().load().unwrap(), []);
}

#[test]
fn a_running_service_forgets_what_is_erased() {
    let bus = PrivateBus::start();
    let _car = car(&bus, &[]);
    let service = Service::start(&bus);
    let mut signals = monitor(&bus);
    ask(&bus, &mut signals, "remind me to buy milk");
    let refused = on_memory(&service.memory(), &["erase"]);
    assert!(refused.status == 1 && refused.err.contains("--yes"), "{}", refused.err);
    let erased = on_memory(&service.memory(), &["erase", "--yes", "--json"]);
    assert_eq!((erased.status, erased.json()[0]["erased"].as_u64()), (0, Some(1)), "{}", erased.err);
    let deadline = std::time::Instant::now() + PATIENCE;
    while ask(&bus, &mut signals, "what are my reminders").reply() != "You have no reminders." {
        assert!(std::time::Instant::now() < deadline, "it still knows what was erased");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_told_and_the_rest_works() {
    let bus = PrivateBus::start();
    let _car = car(&bus, &[]);
    let out = TempDir::new().unwrap();
    let file = out.path().join("file");
    std::fs::write(&file, "").unwrap();
    let set = format!("memory.path={}", file.join("memory.db").display());
    let mut process = Running::start(daemon(&bus, &out).args(["--set", &set]).stderr(Stdio::piped()));
    process.wait_for("ready");
    assert!(degraded(&bus).contains(&"memory".to_owned()));
    let mut signals = monitor(&bus);
    let kept = ask(&bus, &mut signals, "remind me to buy milk");
    assert!(kept.reply().ends_with("But I will forget it when the car is switched off."), "{}", kept.reply());
    let list = ask(&bus, &mut signals, "what are my reminders");
    assert_eq!(list.reply(), "One reminder: buy milk.");

    let doctor = carvoice(&["doctor", "--json", "--set", &set], "").json();
    let check = doctor.iter().find(|check| check["check"] == "memory").unwrap();
    assert_eq!(check["status"], "warning", "{check}");
    assert!(check["remedy"].as_str().unwrap().contains("memory.path"), "{check}");
}

#[test]
fn a_damaged_file_is_moved_aside_and_memory_works() {
    let bus = PrivateBus::start();
    let out = TempDir::new().unwrap();
    let path = out.path().join("memory.db");
    std::fs::write(&path, "no database at all, but something that was dear to somebody").unwrap();
    let doctor = |set: &str| {
        let checks = carvoice(&["doctor", "--json", "--set", set], "").json();
        checks.into_iter().find(|check| check["check"] == "memory").unwrap()
    };
    let set = format!("memory.path={}", path.display());
    assert_eq!(doctor(&set)["status"], "warning");
    let service = Service::again(&bus, out);
    assert!(!degraded(&bus).contains(&"memory".to_owned()));
    let aside = damaged(&path);
    assert!(std::fs::read_to_string(&aside[0]).unwrap().starts_with("no database"));
    let told = doctor(&set);
    assert!(told["detail"].as_str().unwrap().contains("damaged-1"), "{told}");
    let erased = on_memory(&service.memory(), &["erase", "--yes"]);
    assert!(erased.status == 0 && damaged(&path).is_empty(), "{}", erased.err);
}

#[test]
fn notes_are_shown_and_copied_by_kind() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("memory.db");
    let nothing = on_memory(&path, &["list"]);
    assert!(nothing.status == 0 && nothing.out.is_empty() && !path.exists(), "{}", nothing.err);
    let due = Some(LocalTime::midnight(2025, 3, 5).plus(8 * 3600));
    let reminder = Note { kind: Kind::Reminder, text: "buy milk".to_owned(), due, place: None };
    let place = Some("geo:48.1,11.5".to_owned());
    let home = Note { kind: Kind::Place, text: "home".to_owned(), due: None, place };
    let mut store = Store::open(&path).unwrap();
    [reminder, home].into_iter().for_each(|note| store.change(&Change::Keep(note)).unwrap());
    let listed = on_memory(&path, &["list", "--kind", "reminder"]);
    assert_eq!(listed.out, "reminder  2025-03-05T08:00:00  buy milk\n");
    let line = r#"{"kind":"place","text":"home","due":null,"place":"geo:48.1,11.5"}"#;
    assert_eq!(on_memory(&path, &["export", "--kind", "place"]).out.trim(), line);
    assert_eq!(on_memory(&path, &["list", "--kind", "contact"]).status, 2);
}
