//! `carvoice doctor`: what works on this machine, and the remedy for what does not.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

use carvoice_bus::Client;
use carvoice_models::{Depth, Silent};
use serde::Serialize;

use crate::config::Config;
use crate::engines::{self, VOICE_RATE, bus_kind};
use crate::output::{Output, status};
use crate::{self_test, skills};

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Health {
    Ok,
    /// carvoice works without it.
    Warning,
    /// carvoice does not work without it.
    Error,
}

#[derive(Serialize)]
struct Check {
    check: &'static str,
    status: Health,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Check {
    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, status: Health::Ok, detail: detail.into(), remedy: None }
    }

    fn fault(check: &'static str, status: Health, detail: impl ToString, remedy: &str) -> Self {
        Self { check, status, detail: detail.to_string(), remedy: Some(remedy.to_owned()) }
    }
}

pub fn run(config: &Config, output: Output) -> anyhow::Result<ExitCode> {
    let mut checks = models(config);
    checks.extend([microphone(config), loudspeaker(config), bus(config)]);
    if checks.last().is_some_and(|bus| bus.status == Health::Ok) {
        checks.extend([assistant(config), vehicle(config)]);
    }
    checks.extend([real_time(), skill_folders(config)]);
    checks.extend([privacy(config), wake_word(config)]);
    checks.extend(memory(config));
    for check in &checks {
        output.line(check, || {
            let mark = match check.status {
                Health::Ok => "ok     ",
                Health::Warning => "warning",
                Health::Error => "ERROR  ",
            };
            let remedy =
                check.remedy.as_ref().map(|remedy| format!("\n{:25}-> {remedy}", "")).unwrap_or_default();
            format!("{mark}  {:14}  {}{remedy}", check.check, check.detail)
        })?;
    }
    Ok(status(checks.iter().all(|check| check.status != Health::Error)))
}

fn models(config: &Config) -> Vec<Check> {
    let store = match config.models.store() {
        Ok(store) => store,
        Err(reason) => {
            return vec![Check::fault(
                "models",
                Health::Error,
                reason,
                "carvoice models fetch, or carvoice models rollback",
            )];
        }
    };
    let checked = store.verify(&mut Silent, Depth::Changed);
    let whole = checked.iter().all(|one| one.result.is_ok());
    let mut checks: Vec<Check> = checked
        .into_iter()
        .map(|one| match one.result {
            Ok(path) => Check::ok("model", format!("{}: {}", one.model.name, path.display())),
            Err(reason) => Check::fault("model", Health::Error, reason, "carvoice models fetch"),
        })
        .collect();
    checks.push(if store.is_newest() {
        Check::ok("model set", format!("{} of this carvoice", store.set()))
    } else {
        let detail = format!("{} is that of another carvoice", store.set());
        Check::fault("model set", Health::Warning, detail, "carvoice models fetch")
    });
    if whole && config.models.self_test {
        checks.push(match self_test::run(config) {
            Ok(()) => Check::ok("self-test", "the voice is heard and understood"),
            Err(reason) => Check::fault("self-test", Health::Error, reason, "carvoice models rollback"),
        });
    }
    checks
}

fn microphone(config: &Config) -> Check {
    match engines::microphone(config) {
        Ok(_) => Check::ok("microphone", format!("{} opens", config.audio.input)),
        Err(reason) => {
            Check::fault("microphone", Health::Warning, reason, &devices("record", |device| device.input))
        }
    }
}

fn loudspeaker(config: &Config) -> Check {
    if let Some(folder) = config.audio.output.strip_prefix("folder:") {
        return Check::ok("loudspeaker", format!("replies are kept in {folder}"));
    }
    match engines::loudspeaker(config, VOICE_RATE, &carvoice_audio::Reference::default()) {
        Ok(_) => Check::ok("loudspeaker", format!("{} opens", config.audio.output)),
        Err(reason) => {
            Check::fault("loudspeaker", Health::Warning, reason, &devices("play", |device| device.output))
        }
    }
}

fn devices(what: &str, fits: impl Fn(&carvoice_audio::DeviceInfo) -> bool) -> String {
    let found: Vec<String> = carvoice_audio::list_devices()
        .into_iter()
        .filter(|device| device.id != "null" && fits(device))
        .map(|device| format!("{} ({}, {})", device.id, device.name, device.host))
        .collect();
    if found.is_empty() {
        format!(
            "no device can {what} here; plug one in, start PulseAudio or PipeWire, or use recordings: carvoice replay FILE"
        )
    } else {
        format!("name one in config.toml: {}", found.join(", "))
    }
}

fn bus(config: &Config) -> Check {
    match Client::connect(bus_kind(config)) {
        Ok(_) => Check::ok("bus", format!("the {} bus answers", config.bus)),
        Err(reason) => Check::fault(
            "bus",
            Health::Error,
            reason,
            "start D-Bus (Debian: apt-get install dbus), run inside a session (dbus-run-session), or set bus in config.toml",
        ),
    }
}

fn assistant(config: &Config) -> Check {
    match Client::connect(bus_kind(config)).and_then(|client| client.status()) {
        Ok(status) if status.degraded.is_empty() => Check::ok("service", format!("runs, {}", status.state)),
        Ok(status) => Check::fault(
            "service",
            Health::Warning,
            format!("runs without: {}", status.degraded.join(", ")),
            "see the other lines, and the log of the service",
        ),
        Err(reason) => Check::fault("service", Health::Warning, reason, "carvoice daemon"),
    }
}

fn vehicle(config: &Config) -> Check {
    use carvoice_core::engine::Actuator;
    let catalogue = std::sync::Arc::new(carvoice_core::catalogue::Catalogue::shipped());
    match carvoice_bus::DbusActuator::new(bus_kind(config), catalogue).car() {
        Ok(car) => Check::ok("vehicle", format!("org.carvoice.Vehicle1 answers, {:.0} km/h", car.speed_kmh)),
        Err(reason) => Check::fault(
            "vehicle",
            Health::Warning,
            reason,
            "start the car's service, or the simulated car: carvoice-vehicle",
        ),
    }
}

fn real_time() -> Check {
    if carvoice_audio::real_time_allowed() {
        Check::ok("real time", "microphone and loudspeaker get real-time priority")
    } else {
        Check::fault(
            "real time",
            Health::Warning,
            "no right to real-time priority; sound may stutter under load",
            "LimitRTPRIO=10 in the unit, or a line in /etc/security/limits.d",
        )
    }
}

fn skill_folders(config: &Config) -> Check {
    let (catalogue, faults) = skills::load(&config.skills.folders);
    match faults.first() {
        None => Check::ok("skills", format!("{} intents", catalogue.intents().len())),
        Some(fault) => Check::fault("skills", Health::Warning, fault, "carvoice skills check FILE"),
    }
}

fn memory(config: &Config) -> Vec<Check> {
    const NAME: &str = "memory";
    let path = match engines::memory_file(config) {
        Ok(path) => path,
        Err(reason) => {
            return vec![Check::fault(NAME, Health::Warning, reason, "memory.path in config.toml")];
        }
    };
    let mut checks = Vec::new();
    if let Some(aside) = carvoice_memory::damaged(&path).last() {
        checks.push(Check::fault(
            NAME,
            Health::Warning,
            format!("{} is a damaged file of earlier; what was in it is not remembered", aside.display()),
            "look into it with sqlite3's .recover, or delete it",
        ));
    }
    // A look does not make the file.
    if !path.exists() {
        let folder = path.ancestors().skip(1).find(|folder| folder.exists());
        checks.push(match folder.map(is_writable) {
            Some(true) => Check::ok(NAME, format!("nothing is kept yet; {} can be made", path.display())),
            _ => Check::fault(
                NAME,
                Health::Warning,
                format!("{} cannot be made; reminders and places are forgotten at the end", path.display()),
                "set memory.path to a file in a folder that the service may write",
            ),
        });
        return checks;
    }
    checks.push(match carvoice_memory::Store::open_sound(&path) {
        Ok(_) => Check::ok(NAME, path.display().to_string()),
        Err(reason) => Check::fault(
            NAME,
            Health::Warning,
            format!("reminders and places are forgotten at the end: {reason}"),
            "see above; carvoice tries again every ten seconds",
        ),
    });
    checks
}

fn is_writable(folder: &Path) -> bool {
    if !folder.is_dir() {
        return false;
    }
    let Ok(folder) = CString::new(folder.as_os_str().as_bytes()) else { return false };
    // SAFETY: the text ends with a zero byte and outlives the call.
    unsafe { libc::access(folder.as_ptr(), libc::W_OK) == 0 }
}

fn privacy(config: &Config) -> Check {
    if config.privacy.log_transcripts {
        Check::fault("privacy", Health::Warning, "transcripts are logged", "privacy.log_transcripts = false")
    } else {
        Check::ok("privacy", "sound stays in memory, transcripts are not logged")
    }
}

fn wake_word(config: &Config) -> Check {
    const NAME: &str = "wake word";
    if config.wake.word.is_empty() {
        return Check::ok(NAME, "none (wake.word is empty): a turn begins with push-to-talk");
    }
    match engines::wake_word(config) {
        Ok(_) => Check::ok(NAME, format!("{:?}", config.wake.word)),
        Err(reason) => Check::fault(
            NAME,
            Health::Warning,
            format!("{reason}; a turn begins with push-to-talk"),
            "carvoice models fetch, or wake.word = \"\"",
        ),
    }
}
