//! How each engine is built from the configuration and the model store.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context;
use carvoice_audio::{EchoCanceller, Microphone, PipeSource, Reference, Resampler, Selection, Speaker};
use carvoice_bus::{BusKind, DbusActuator};
use carvoice_core::audio::{SAMPLE_RATE, Speech};
use carvoice_core::catalogue::Catalogue;
use carvoice_core::engine::{
    Actuator, AudioSink, AudioSource, Cancel, Memory, Synthesizer, Transcriber, Understander, VoiceActivity,
    WakeWord,
};
use carvoice_core::policy::{self, Policy};
use carvoice_core::turn::{self, Machine};
use carvoice_listen::wake::Wake;
use carvoice_listen::{Silero, Whisper};
use carvoice_speak::{Voice, VoiceFiles};
use carvoice_understand::understander::{ModelFiles, SlmUnderstander};

use crate::config::Config;
use crate::pipeline::Engines;
use crate::pipeline::guard::Make;
use crate::pipeline::listen::Ears;

/// The catalogue in use; replaced as a whole when skills are read again.
pub type SharedCatalogue = Arc<RwLock<Arc<Catalogue>>>;

/// Samples per second of the voice, before it is loaded.
pub const VOICE_RATE: u32 = 24_000;

/// Names in `models/manifest.toml`.
const WHISPER: &str = "whisper-base";
const VOICE_ACTIVITY: &str = "silero-vad";
const WAKE_MEL: &str = "wake-mel";
const WAKE_EMBEDDING: &str = "wake-embedding";
const LANGUAGE_MODEL: &str = "smollm2-135m";
const ADAPTER: &str = "cabin-lora";
const VOICE: &str = "voice-heart";
const UNKNOWN_WORDS: &str = "voice-unknown-words";
const LEXICON: &str = "voice-lexicon";

fn model(config: &Config, name: &str) -> Result<PathBuf, String> {
    config.models.store().and_then(|store| store.path(name)).map_err(text)
}

fn text(reason: impl std::fmt::Display) -> String {
    reason.to_string()
}

pub fn whisper(config: &Config) -> Result<Box<dyn Transcriber>, String> {
    let whisper = Whisper::load(&model(config, WHISPER)?, config.transcribe.threads).map_err(text)?;
    Ok(Box::new(whisper))
}

pub fn voice_activity(config: &Config) -> Result<Box<dyn VoiceActivity>, String> {
    Ok(Box::new(Silero::load(&model(config, VOICE_ACTIVITY)?).map_err(text)?))
}

/// The wake word of the configuration: the name of one that comes with carvoice, or a file.
pub fn wake_word(config: &Config) -> Result<Box<dyn WakeWord>, String> {
    let word = Path::new(&config.wake.word);
    let classifier = match word.extension() {
        Some(_) => word.to_owned(),
        None => model(config, &format!("wake-{}", config.wake.word))?,
    };
    let (mel, embedding) = (model(config, WAKE_MEL)?, model(config, WAKE_EMBEDDING)?);
    Ok(Box::new(Wake::load(&mel, &embedding, &classifier).map_err(text)?))
}

pub fn voice(config: &Config) -> Result<Voice, String> {
    let files = VoiceFiles {
        network: model(config, VOICE)?,
        unknown_words: model(config, UNKNOWN_WORDS)?,
        lexicon: model(config, LEXICON)?,
    };
    let mut voice = Voice::load(&files).map_err(text)?;
    voice.set_speed(config.speak.speed).map_err(text)?;
    voice.set_volume(config.speak.volume).map_err(text)?;
    Ok(voice)
}

/// A text as the microphone would hear it from the voice.
pub fn speech(voice: &mut Voice, words: &str) -> anyhow::Result<Speech> {
    let mut samples = Vec::new();
    voice.synthesize(words, &Cancel::never(), &mut |chunk| samples.extend_from_slice(chunk))?;
    let mut resampler =
        Resampler::new(voice.sample_rate(), SAMPLE_RATE).context("the voice has no sample rate")?;
    let mut heard = Vec::new();
    resampler.push(&samples, &mut heard);
    resampler.finish(&mut heard);
    Ok(heard.into())
}

/// The understander over these skills. A language model that cannot be loaded is told in the log, and
/// the sentence templates work alone.
pub fn understander(config: &Config, catalogue: &Catalogue) -> Box<dyn Understander> {
    let templates = || SlmUnderstander::without_model(catalogue, config.vehicle.steering);
    if !config.understand.language_model {
        return Box::new(templates());
    }
    let with_model = model(config, LANGUAGE_MODEL).and_then(|file| {
        let adapter = adapter(config)?;
        let snapshot = cache_folder().map(|folder| folder.join("prompt.snapshot"));
        let files = ModelFiles { model: &file, adapter: adapter.as_deref(), snapshot: snapshot.as_deref() };
        templates().with_model(&files, config.understand.threads).map_err(text)
    });
    Box::new(with_model.unwrap_or_else(|reason| {
        tracing::warn!("sentence templates work alone: {reason}");
        templates()
    }))
}

/// Where what can be computed again is kept: the folder that systemd gives the service, or the user's.
pub fn cache_folder() -> Option<PathBuf> {
    own_folder("CACHE_DIRECTORY", "XDG_CACHE_HOME", ".cache")
}

/// A folder of our own: the one that systemd gives the service, or the user's below `home`.
fn own_folder(given: &str, users: &str, home: &str) -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder(given).or_else(|| {
        let users = folder(users).or_else(|| folder("HOME").map(|folder| folder.join(home)));
        users.map(|users| users.join("carvoice"))
    })
}

/// The file with what the driver asked to keep: that of the configuration, or one in the folder for state.
///
/// # Errors
/// When neither names a folder.
pub fn memory_file(config: &Config) -> Result<PathBuf, String> {
    if !config.memory.path.as_os_str().is_empty() {
        return Ok(config.memory.path.clone());
    }
    let folder = own_folder("STATE_DIRECTORY", "XDG_STATE_HOME", ".local/state");
    let folder = folder.ok_or("there is no home folder to keep anything in; set memory.path")?;
    Ok(folder.join("memory.db"))
}

/// The adapter of the configuration: none, the one of the store, or any file.
fn adapter(config: &Config) -> Result<Option<PathBuf>, String> {
    let configured = &config.understand.adapter;
    if configured.as_os_str().is_empty() {
        Ok(None)
    } else if configured == Path::new(ADAPTER) {
        model(config, ADAPTER).map(Some)
    } else {
        Ok(Some(configured.to_owned()))
    }
}

/// Which bus the configuration names.
pub fn bus_kind(config: &Config) -> BusKind {
    // What is no address either is told when it is connected to.
    config.bus.parse().unwrap_or_else(|_| BusKind::Address(config.bus.clone()))
}

fn selection(config: &Config, device: &str) -> Selection {
    let named = |name: &str, default: &str| Some(name.to_owned()).filter(|name| name != default);
    Selection { host: named(&config.audio.host, "auto"), device: named(device, "default") }
}

/// The loudspeaker that `audio.output` names, opened for mono sound at `rate`; `reference` is told what it
/// plays.
pub fn loudspeaker(config: &Config, rate: u32, reference: &Reference) -> Result<Box<dyn AudioSink>, String> {
    match config.audio.output.as_str() {
        "none" => Err("audio.output is \"none\"; name a device to hear replies".to_owned()),
        device => Ok(Box::new(Speaker::open(&selection(config, device), rate, reference).map_err(text)?)),
    }
}

/// The microphone that `audio.input` names.
pub fn microphone(config: &Config) -> Result<Box<dyn AudioSource>, String> {
    match config.audio.input.as_str() {
        "none" => Err("audio.input is \"none\"; name a device to be heard".to_owned()),
        input => match input.strip_prefix("pipe:") {
            Some(path) => Ok(Box::new(PipeSource::open(Path::new(path)).map_err(text)?)),
            None => Ok(Box::new(Microphone::open(&selection(config, input)).map_err(text)?)),
        },
    }
}

/// The microphone without what `reference` plays, if so configured.
pub fn ears(config: &Config, reference: &Reference) -> Result<Box<dyn AudioSource>, String> {
    let microphone = microphone(config)?;
    if !config.audio.echo_cancellation {
        return Ok(microphone);
    }
    Ok(Box::new(EchoCanceller::new(microphone, reference.clone())))
}

/// Where a pipeline's sound comes from and goes to, and which car it moves.
pub struct Ends {
    pub source: Make<Box<dyn AudioSource>>,
    pub sink: Make<Box<dyn AudioSink>>,
    pub bus: BusKind,
    /// Whether a wake word is listened for.
    pub wakes: bool,
    /// Where what is kept is kept; none to keep nothing beyond the end of the pipeline, an error
    /// where there is no place for it.
    pub memory: Option<Result<PathBuf, String>>,
}

/// How to build every engine of a pipeline.
pub fn all(config: &Arc<Config>, catalogue: &SharedCatalogue, ends: Ends) -> Engines {
    let [for_whisper, for_voice, for_slm, for_wake, for_ears] = [(); 5].map(|()| Arc::clone(config));
    let [skills, calls] = [(); 2].map(|()| Arc::clone(catalogue));
    let duck_percent = config.audio.duck_percent;
    Engines {
        ears: Ears {
            source: ends.source,
            voice_activity: Box::new(move || voice_activity(&for_ears)),
            wake: ends.wakes.then(|| Box::new(move || wake_word(&for_wake)) as Make<Box<dyn WakeWord>>),
            options: carvoice_listen::Options {
                threshold: config.listen.threshold,
                pause: Duration::from_millis(config.listen.pause_ms),
                hangover: Duration::from_millis(config.listen.hangover_ms),
                max_utterance: Duration::from_secs(config.listen.max_utterance_s),
                no_speech: Duration::from_secs(config.listen.no_speech_s),
                ..Default::default()
            },
        },
        transcriber: Box::new(move || whisper(&for_whisper)),
        understander: Box::new(move || Ok(understander(&for_slm, &current(&skills)))),
        synthesizer: Box::new(move || Ok(Box::new(voice(&for_voice)?) as Box<dyn Synthesizer>)),
        sink: ends.sink,
        actuator: Box::new(move || {
            let actuator = DbusActuator::new(ends.bus.clone(), current(&calls)).ducking(duck_percent);
            Ok(Box::new(actuator) as Box<dyn Actuator>)
        }),
        memory: ends.memory.map(|path| {
            let open = move || carvoice_memory::Store::open(&path.clone()?).map_err(text);
            Box::new(move || Ok(Box::new(open()?) as Box<dyn Memory>)) as Make<Box<dyn Memory>>
        }),
    }
}

/// The catalogue at this moment.
pub fn current(catalogue: &SharedCatalogue) -> Arc<Catalogue> {
    Arc::clone(&catalogue.read().unwrap_or_else(PoisonError::into_inner))
}

/// The wake word as Whisper would write it: the name of its classifier.
fn wake_phrase(config: &Config) -> String {
    let name = Path::new(&config.wake.word).file_stem().unwrap_or_default().to_string_lossy();
    name.strip_prefix("wake-").unwrap_or(&name).replace(['-', '_'], " ")
}

/// The turn machine as configured.
pub fn machine(config: &Config, catalogue: &Catalogue) -> Machine {
    let seconds = Duration::from_secs_f64;
    let settings = turn::Settings {
        wake_word: wake_phrase(config),
        barge_in: config.audio.echo_cancellation,
        follow_up: seconds(config.turn.follow_up_s),
        question: seconds(config.turn.question_s),
        memory: seconds(config.turn.memory_s),
        no_speech: Duration::from_secs(config.listen.no_speech_s),
        max_utterance: Duration::from_secs(config.listen.max_utterance_s),
    };
    Machine::new(policy(catalogue), settings)
}

/// The policy over these skills.
pub fn policy(catalogue: &Catalogue) -> Policy {
    Policy::new(catalogue.clone(), policy::Settings::default())
}
