//! The processes of the demo: the service with a pipe for a microphone, and the simulated car.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use carvoice_bus::{BusKind, Client, Monitor};
use carvoice_core::audio::{SAMPLE_RATE, Speech};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use serde::Serialize;
use serde_json::Value;

use crate::sandbox::{PrivateBus, Process};

/// Loading the models takes a few seconds, and much longer from a slow disk.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// A turn has deadlines of its own; this is for a service that hangs.
const TURN_WITHIN: Duration = Duration::from_secs(40);
/// Silence before the speech, as between the button and the first word.
const LEAD: usize = SAMPLE_RATE as usize / 4;

/// What was seen of one turn.
#[derive(Debug, Default, Serialize)]
pub struct Observed {
    pub transcript: String,
    pub confidence: f64,
    pub commands: Vec<String>,
    pub calls: Vec<String>,
    pub outcome: String,
    pub reply: String,
    pub reply_file: Option<PathBuf>,
    pub timings: BTreeMap<String, f64>,
}

/// Everything that runs.
pub struct Cabin {
    pub ready_after: Duration,
    monitor: Monitor,
    client: Client,
    calls: Receiver<String>,
    microphone: Sender<Speech>,
    stop: Arc<AtomicBool>,
    feeder: Option<JoinHandle<()>>,
    out: PathBuf,
    // Dropped in this order.
    service: Process,
    _car: Process,
    bus: PrivateBus,
}

impl Cabin {
    /// Starts everything; replies go to `out`.
    pub fn start(out: &Path) -> anyhow::Result<Self> {
        let bus = PrivateBus::start()?;
        let pipe = bus.folder().join("microphone");
        let made = Command::new("mkfifo").arg(&pipe).status().context("cannot run mkfifo")?;
        anyhow::ensure!(made.success(), "mkfifo {} failed", pipe.display());

        let mut car = Command::new(sibling("carvoice-vehicle")?)
            .args(["--bus", bus.address(), "--verbose"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start carvoice-vehicle")?;
        let calls = lines(&mut car)?;
        let car = Process(car);
        let begin = Instant::now();
        let service = Command::new(std::env::current_exe()?)
            .arg("daemon")
            .args(["--set", &format!("bus={}", quoted(bus.address()))])
            .args(["--set", &format!("audio.input={}", quoted(&format!("pipe:{}", pipe.display())))])
            .args(["--set", &format!("audio.output={}", quoted(&format!("folder:{}", out.display())))])
            .args([
                "--set",
                &format!("memory.path={}", quoted(&bus.folder().join("memory.db").display().to_string())),
            ])
            .env("CARVOICE_LOG", "warn")
            .stdin(Stdio::null())
            .spawn()
            .context("cannot start carvoice daemon")?;

        let mut service = Process(service);
        let kind = || BusKind::Address(bus.address().to_owned());
        let client = Client::connect(kind())?;
        // Stopping nothing is harmless, and refused until the service is ready.
        while let Err(reason) = client.cancel() {
            if let Some(status) = service.0.try_wait()? {
                bail!("the service ended with {status}; its own message is above");
            }
            if begin.elapsed() > READY_WITHIN {
                return Err(reason).context("the service does not become ready");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let ready_after = begin.elapsed();
        let monitor = Client::connect(kind())?.monitor()?;
        let (microphone, speech) = bounded(1);
        let stop = Arc::new(AtomicBool::new(false));
        let feeder = feed(&pipe, speech, Arc::clone(&stop))?;
        Ok(Self {
            ready_after,
            monitor,
            client,
            calls,
            microphone,
            stop,
            feeder: Some(feeder),
            out: out.to_owned(),
            service,
            _car: car,
            bus,
        })
    }

    /// Makes the car drive.
    pub fn drive(&self, speed_kmh: f64) -> anyhow::Result<()> {
        let address = self.bus.address();
        zbus::block_on(async {
            let bus = zbus::connection::Builder::address(address).build().await?;
            let (object, properties) = (carvoice_vehicle::PATH, "org.freedesktop.DBus.Properties");
            let body = ("org.carvoice.Vehicle1.Motion", "SpeedKmh", zbus::Variant::from(speed_kmh));
            bus.call_method(Some(carvoice_vehicle::NAME), object, Some(properties), "Set", &body).await
        })
        .context("cannot set the speed of the simulated car")?;
        Ok(())
    }

    /// Presses push-to-talk, speaks, and watches until the turn is over.
    pub fn say(&mut self, speech: &Speech) -> anyhow::Result<Observed> {
        while self.calls.try_recv().is_ok() {}
        while self.monitor.next_within(Duration::ZERO).is_some() {}
        let turn = self.client.listen(None, false)?;
        self.microphone.send(Arc::clone(speech)).context("the microphone's pipe is closed")?;
        let mut observed = Observed::default();
        let deadline = Instant::now() + TURN_WITHIN;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let (signal, payload) = self.monitor.next_within(left).context("the service hangs")??;
            if payload.get("turn").and_then(Value::as_u64) == Some(turn) && observed.take(&signal, &payload) {
                break;
            }
        }
        observed.calls = self.calls.try_iter().collect();
        let file = PathBuf::from(format!("reply-{turn}.wav"));
        observed.reply_file = self.out.join(&file).exists().then_some(file);
        Ok(observed)
    }

    /// The most memory the service has used, in MB.
    pub fn peak_memory(&self) -> Option<f64> {
        crate::usage::peak_memory_mb(Some(self.service.0.id()))
    }
}

impl Drop for Cabin {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(feeder) = self.feeder.take() {
            let _ = feeder.join();
        }
    }
}

impl Observed {
    /// Takes a signal into account; true when the turn is over.
    fn take(&mut self, signal: &str, payload: &Value) -> bool {
        let text = |key: &str| payload.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        match signal {
            "Transcript" => {
                self.transcript = text("text");
                self.confidence = payload.get("confidence").and_then(Value::as_f64).unwrap_or_default();
            }
            "Command" => {
                let slots = payload.get("slots").and_then(Value::as_object).into_iter().flatten();
                let mut words = vec![text("intent")];
                words.extend(slots.map(|(name, value)| match value {
                    Value::String(text) => format!("{name}={text}"),
                    other => format!(
                        "{name}={}",
                        other.as_f64().map_or(other.to_string(), |number| number.to_string())
                    ),
                }));
                self.commands.push(words.join(" "));
            }
            "Reply" => self.reply = text("text"),
            "TurnEnded" => {
                self.outcome = text("outcome");
                let timings = payload.get("timings").and_then(Value::as_object).into_iter().flatten();
                self.timings = timings.filter_map(|(name, ms)| Some((name.clone(), ms.as_f64()?))).collect();
                return true;
            }
            _ => {}
        }
        false
    }
}

/// Another program of this build.
fn sibling(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    anyhow::ensure!(path.exists(), "{} is missing; build it with: cargo build --release", path.display());
    Ok(path)
}

/// A text as a TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The lines a process writes to standard error, without waiting for them.
fn lines(process: &mut Child) -> anyhow::Result<Receiver<String>> {
    let (to_us, lines) = unbounded();
    let output = process.stderr.take().context("the process has no standard error")?;
    std::thread::Builder::new().name("calls".to_owned()).spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if to_us.send(line).is_err() {
                return;
            }
        }
    })?;
    Ok(lines)
}

/// Writes to the pipe as a microphone would: one second of sound per second, silence between speeches.
fn feed(pipe: &Path, speeches: Receiver<Speech>, stop: Arc<AtomicBool>) -> anyhow::Result<JoinHandle<()>> {
    const STEP: usize = SAMPLE_RATE as usize / 50;
    let mut pipe = OpenOptions::new().write(true).open(pipe).context("cannot open the microphone's pipe")?;
    Ok(std::thread::Builder::new().name("microphone".to_owned()).spawn(move || {
        let mut waiting: std::collections::VecDeque<f32> = std::collections::VecDeque::new();
        let mut due = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            if let Ok(speech) = speeches.try_recv() {
                waiting.extend(std::iter::repeat_n(0.0, LEAD).chain(speech.iter().copied()));
            }
            let step = (0..STEP).map(|_| waiting.pop_front().unwrap_or_default());
            let bytes: Vec<u8> = step.flat_map(|sample| ((sample * 32_767.0) as i16).to_le_bytes()).collect();
            if pipe.write_all(&bytes).is_err() {
                return;
            }
            due += Duration::from_millis(20);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    })?)
}
