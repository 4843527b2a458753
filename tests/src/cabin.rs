//! A virtual cabin: a sound server of its own in which a real microphone stream hears the driver, noise and
//! the echo of the loudspeaker. Between the two is [`Cabin`]'s own air, a thread with a fixed delay, so that
//! nothing depends on how a sound server balances its clocks.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use carvoice_core::audio::SAMPLE_RATE;
use tempfile::TempDir;

use crate::private_bus::{PATIENCE, Running};

/// Samples that the air moves at once: 10 ms.
const STEP: usize = SAMPLE_RATE as usize / 100;
/// From the loudspeaker to the microphone: samples of delay and gain of each path. Together -5 dB.
const PATHS: [(usize, f32); 4] = [(640, 0.5), (690, -0.2), (830, 0.12), (1_100, 0.05)];
/// From here on the loudspeaker is loud.
const LOUD: f32 = 0.002;
/// The name of the microphone and of the loudspeaker, as the sound server has them.
pub const MICROPHONE: &str = "cabin_mic.monitor";
/// See [`MICROPHONE`].
pub const LOUDSPEAKER: &str = "cabin_speaker";

/// A sound server with a cabin around it. It ends with this value.
pub struct Cabin {
    server: Running,
    folder: TempDir,
    air: Arc<Mutex<Air>>,
    tools: Vec<Child>,
}

#[derive(Default)]
struct Air {
    /// What the driver is about to say.
    driver: VecDeque<f32>,
    /// Noise, again and again.
    noise: Vec<f32>,
    /// When the loudspeaker was heard, in steps.
    loud: Vec<Instant>,
}

impl Cabin {
    /// Starts it; none, with a word on standard error, where PulseAudio is not installed.
    ///
    /// # Panics
    /// When it is installed and does not start.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "what was not tested should be seen")]
    pub fn start() -> Option<Self> {
        let installed = |program: &str| Command::new(program).arg("--version").output().is_ok();
        if !["pulseaudio", "pacat", "pactl"].into_iter().all(installed) {
            eprintln!("skipped: there is no virtual cabin without PulseAudio; `make setup` installs it");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let server = serve(&folder);
        let mut cabin = Self { server, folder, air: Arc::default(), tools: Vec::new() };
        cabin.fill();
        Some(cabin)
    }

    /// A program that finds this sound server.
    pub fn tool<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("PULSE_SERVER", self.address())
    }

    /// A folder that goes with the cabin.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The address of the sound server.
    #[must_use]
    pub fn address(&self) -> String {
        format!("unix:{}", socket(&self.folder))
    }

    /// The driver says this from now on, behind what is still being said.
    pub fn say(&self, speech: &[f32]) {
        self.air().driver.extend(speech);
    }

    /// Fills the cabin with this noise, which is repeated.
    pub fn noise(&self, noise: &[f32]) {
        self.air().noise = noise.to_vec();
    }

    /// How long after `moment` the loudspeaker fell silent for the next fifth of a second.
    #[must_use]
    pub fn silent_after(&self, moment: Instant) -> Duration {
        let mut last = moment;
        for loud in self.air().loud.iter().filter(|loud| **loud >= moment) {
            if *loud - last > Duration::from_millis(200) {
                break;
            }
            last = *loud;
        }
        last - moment
    }

    /// Kills the sound server.
    pub fn kill(&mut self) {
        self.server.signal("KILL");
        self.stop_tools();
    }

    /// Starts it again at the same address.
    pub fn restart(&mut self) {
        self.server = serve(&self.folder);
        self.fill();
    }

    /// Runs pactl.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn pactl(&self, arguments: &[&str]) -> String {
        let output = self.tool(Command::new("pactl").args(arguments)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn air(&self) -> MutexGuard<'_, Air> {
        lock(&self.air)
    }

    /// Lets the air carry sound from the loudspeaker to the microphone.
    fn fill(&mut self) {
        let pacat = |arguments: [&str; 3]| {
            let mut command = Command::new("pacat");
            command.args(arguments).args(["--raw", "--format=float32le", "--rate=16000", "--channels=1"]);
            self.tool(command.arg("--latency-msec=20")).stderr(Stdio::null());
            command
        };
        let ear = format!("{LOUDSPEAKER}.monitor");
        let mut ear = pacat(["--record", "-d", &ear]).stdout(Stdio::piped()).spawn().unwrap();
        let mouth = MICROPHONE.trim_end_matches(".monitor");
        let mut mouth = pacat(["--playback", "-d", mouth]).stdin(Stdio::piped()).spawn().unwrap();
        let (mut from, mut to) = (ear.stdout.take().unwrap(), mouth.stdin.take().unwrap());
        self.tools.extend([ear, mouth]);
        let air = Arc::clone(&self.air);
        thread::spawn(move || {
            let longest = PATHS.iter().map(|(delay, _)| *delay).max().unwrap_or(0);
            let mut past = VecDeque::from(vec![0.0_f32; longest + STEP]);
            let mut bytes = [0; 4 * STEP];
            let mut at = 0;
            while from.read_exact(&mut bytes).is_ok() {
                let played = bytes.as_chunks::<4>().0.iter().map(|sample| f32::from_le_bytes(*sample));
                past.drain(..STEP);
                past.extend(played);
                let mut air = lock(&air);
                if past.range(longest..).any(|sample| sample.abs() > LOUD) {
                    air.loud.push(Instant::now());
                }
                let heard = (0..STEP).flat_map(|n| {
                    let echo: f32 = PATHS.iter().map(|(delay, gain)| gain * past[longest + n - delay]).sum();
                    let noise = air.noise.get(at % air.noise.len().max(1)).copied().unwrap_or_default();
                    at += 1;
                    let sample = echo + noise + air.driver.pop_front().unwrap_or_default();
                    sample.clamp(-1.0, 1.0).to_le_bytes()
                });
                let heard: Vec<u8> = heard.collect();
                drop(air);
                if to.write_all(&heard).and_then(|()| to.flush()).is_err() {
                    return;
                }
            }
        });
    }

    fn stop_tools(&mut self) {
        for mut tool in self.tools.drain(..) {
            let _ = tool.kill();
            let _ = tool.wait();
        }
    }
}

impl Drop for Cabin {
    fn drop(&mut self) {
        self.stop_tools();
    }
}

fn lock(air: &Mutex<Air>) -> MutexGuard<'_, Air> {
    air.lock().unwrap_or_else(PoisonError::into_inner)
}

fn socket(folder: &TempDir) -> String {
    folder.path().join("sound").display().to_string()
}

/// PulseAudio with two cables; returns once it answers.
fn serve(folder: &TempDir) -> Running {
    let _ = std::fs::remove_file(socket(folder));
    let modules = [
        format!("module-native-protocol-unix socket={} auth-anonymous=1", socket(folder)),
        "module-null-sink sink_name=cabin_mic format=s16le rate=16000 channels=1".to_owned(),
        "module-null-sink sink_name=cabin_speaker format=s16le rate=48000 channels=2".to_owned(),
    ];
    let mut command = Command::new("pulseaudio");
    command.args(["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"]);
    command.args(modules.iter().flat_map(|module| ["-L", module]));
    command.env("XDG_RUNTIME_DIR", folder.path()).env("HOME", folder.path()).stderr(Stdio::null());
    let server = Running::start(&mut command);
    let address = format!("unix:{}", socket(folder));
    let begin = Instant::now();
    let answers = || Command::new("pactl").args(["-s", &address, "info"]).output().unwrap().status.success();
    while !answers() {
        assert!(begin.elapsed() < PATIENCE, "PulseAudio does not start");
    }
    server
}
