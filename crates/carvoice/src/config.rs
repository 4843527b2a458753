//! Configuration: the shipped `config.toml` is the default and, at once, the list of legal keys.

use std::path::{Path, PathBuf};

use carvoice_core::car::CarState;
use carvoice_models::{Store, StoreError};
use serde::Deserialize;
use toml::{Table, Value};

const SHIPPED: &str = include_str!("../../../config.toml");
const SYSTEM_FILE: &str = "/etc/carvoice/config.toml";
const SYSTEM_FOLDER: &str = "/etc/carvoice/config.d";

/// Every setting, resolved. The meaning of each key is told in `config.toml`.
#[derive(Clone, Debug, Deserialize)]
pub struct Config {
    #[serde(rename = "version")]
    _version: u32,
    pub bus: String,
    pub audio: Audio,
    pub wake: Wake,
    pub listen: Listen,
    pub transcribe: Transcribe,
    pub understand: Understand,
    pub speak: Speak,
    pub turn: Turn,
    pub memory: Memory,
    pub skills: Skills,
    pub models: Models,
    pub privacy: Privacy,
    pub vehicle: CarState,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Audio {
    pub input: String,
    pub output: String,
    pub host: String,
    pub duck_percent: f64,
    pub echo_cancellation: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Wake {
    pub word: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Listen {
    pub threshold: f32,
    pub pause_ms: u64,
    pub hangover_ms: u64,
    pub max_utterance_s: u64,
    pub no_speech_s: u64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Transcribe {
    pub threads: usize,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Understand {
    pub language_model: bool,
    pub adapter: PathBuf,
    pub threads: usize,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Speak {
    pub speed: f32,
    pub volume: f32,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Turn {
    pub follow_up_s: f64,
    pub question_s: f64,
    pub memory_s: f64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Memory {
    pub path: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Skills {
    pub folders: Vec<PathBuf>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Models {
    pub public_key: String,
    pub self_test: bool,
    /// The store; the service names another one when it refuses the newest set. No key of the file.
    #[serde(skip, default = "carvoice_models::default_folder")]
    pub folder: PathBuf,
}

impl Models {
    /// The store, its manifest signed as configured.
    ///
    /// # Errors
    /// What is wrong with the manifest, its signature or the key.
    pub fn store(&self) -> Result<Store, StoreError> {
        Store::open_signed(&self.folder, &self.public_key)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct Privacy {
    pub log_transcripts: bool,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {key}: {expected}")]
pub struct ConfigError {
    file: String,
    key: String,
    expected: String,
}

/// What `--set` is called where files are named.
const COMMAND_LINE: &str = "--set";

impl ConfigError {
    /// Whether the command line is at fault rather than a file.
    pub fn is_usage(&self) -> bool {
        self.file == COMMAND_LINE
    }
}

fn error(file: &str, key: &str, expected: impl Into<String>) -> ConfigError {
    ConfigError { file: file.to_owned(), key: key.to_owned(), expected: expected.into() }
}

impl Config {
    /// Built-in default < system files < `extra` < `sets` (`key=value`).
    ///
    /// # Errors
    /// Names the file and the key of the first unknown key, wrong type or value out of range.
    pub fn load(extra: Option<&Path>, sets: &[String]) -> Result<Self, ConfigError> {
        let mut files = Vec::new();
        files.extend(Some(PathBuf::from(SYSTEM_FILE)).filter(|file| file.exists()));
        files.extend(manifests(Path::new(SYSTEM_FOLDER)));
        files.extend(extra.map(Path::to_path_buf));

        let shipped = parse("built-in config.toml", SHIPPED)?;
        let mut merged = shipped.clone();
        for path in files {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(&path)
                .map_err(|reason| error(&name, "cannot be read", reason.to_string()))?;
            merge(&mut merged, parse(&name, &text)?, &shipped, &name, "")?;
        }
        for set in sets {
            merge(&mut merged, parse_set(set)?, &shipped, COMMAND_LINE, "")?;
        }
        let mut config: Self = merged
            .try_into()
            .map_err(|reason: toml::de::Error| error("configuration", "value", reason.message()))?;
        config.check()?;
        let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        config.skills.folders = at_home(std::mem::take(&mut config.skills.folders), home.as_deref());
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let in_range = |key: &str, value: f64, low: f64, high: f64| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(error("configuration", key, format!("{value} is outside {low} to {high}")))
            }
        };
        if self._version != 1 {
            return Err(error("configuration", "version", "this carvoice reads version 1"));
        }
        if !["auto", "alsa", "pulseaudio"].contains(&self.audio.host.as_str()) {
            return Err(error(
                "configuration",
                "audio.host",
                "expected \"auto\", \"alsa\" or \"pulseaudio\"",
            ));
        }
        in_range("audio.duck_percent", self.audio.duck_percent, 0.0, 100.0)?;
        in_range("listen.threshold", f64::from(self.listen.threshold), 0.05, 0.95)?;
        in_range("listen.pause_ms", self.listen.pause_ms as f64, 0.0, self.listen.hangover_ms as f64)?;
        in_range("listen.hangover_ms", self.listen.hangover_ms as f64, 100.0, 3000.0)?;
        in_range("listen.max_utterance_s", self.listen.max_utterance_s as f64, 2.0, 28.0)?;
        in_range("listen.no_speech_s", self.listen.no_speech_s as f64, 1.0, 30.0)?;
        in_range("transcribe.threads", self.transcribe.threads as f64, 1.0, 64.0)?;
        in_range("understand.threads", self.understand.threads as f64, 1.0, 64.0)?;
        in_range("speak.speed", f64::from(self.speak.speed), 0.5, 2.0)?;
        in_range("speak.volume", f64::from(self.speak.volume), 0.0, 1.0)?;
        in_range("turn.follow_up_s", self.turn.follow_up_s, 0.0, 30.0)?;
        in_range("turn.question_s", self.turn.question_s, 1.0, 60.0)?;
        in_range("turn.memory_s", self.turn.memory_s, 0.0, 3600.0)?;
        in_range("vehicle.speed_kmh", self.vehicle.speed_kmh, 0.0, 400.0)?;
        in_range("vehicle.window_open", self.vehicle.window_open, 0.0, 100.0)?;
        in_range("vehicle.sunroof_open", self.vehicle.sunroof_open, 0.0, 100.0)?;
        in_range("vehicle.shade_open", self.vehicle.shade_open, 0.0, 100.0)?;
        in_range("vehicle.fan_level", self.vehicle.fan_level, 0.0, 7.0)
    }
}

/// The folders with `home` in the place of `~`; without a home those that need one are left out.
fn at_home(folders: Vec<PathBuf>, home: Option<&Path>) -> Vec<PathBuf> {
    let place = |folder: PathBuf| match folder.strip_prefix("~") {
        Ok(inside) => home.map(|home| home.join(inside)),
        Err(_) => Some(folder),
    };
    folders.into_iter().filter_map(place).collect()
}

/// The `*.toml` files of a folder in order of name; none if there is no such folder.
pub fn manifests(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
}

fn parse(file: &str, text: &str) -> Result<Table, ConfigError> {
    text.parse::<Table>().map_err(|reason| {
        let line = reason
            .span()
            .map_or(1, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        error(file, &format!("line {line}"), reason.message())
    })
}

/// `a.b=value` as a table. The value is TOML, or else taken as text, so that quotes can be left out.
fn parse_set(set: &str) -> Result<Table, ConfigError> {
    let Some((key, value)) = set.split_once('=') else {
        return Err(error(COMMAND_LINE, set, "expected key=value, e.g. vehicle.speed_kmh=80"));
    };
    let value = format!("v = {value}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("v"))
        .unwrap_or_else(|| Value::String(value.to_owned()));
    let nested = key
        .trim()
        .rsplit('.')
        .fold(value, |inner, part| Value::Table(std::iter::once((part.to_owned(), inner)).collect()));
    match nested {
        Value::Table(table) => Ok(table),
        _ => Err(error(COMMAND_LINE, set, "expected key=value")),
    }
}

/// Puts `layer` over `target`. `schema` is the shipped table: what is not there is unknown.
fn merge(
    target: &mut Table,
    layer: Table,
    schema: &Table,
    file: &str,
    prefix: &str,
) -> Result<(), ConfigError> {
    for (key, value) in layer {
        let full = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        let Some(expected) = schema.get(&key) else {
            let known: Vec<&str> = schema.keys().map(String::as_str).collect();
            return Err(error(file, &full, format!("unknown key; expected one of {}", known.join(", "))));
        };
        match (expected, value) {
            (Value::Table(inner_schema), Value::Table(inner)) => {
                if let Some(Value::Table(inner_target)) = target.get_mut(&key) {
                    merge(inner_target, inner, inner_schema, file, &full)?;
                }
            }
            (Value::Float(_), Value::Integer(whole)) => {
                target.insert(key, Value::Float(whole as f64));
            }
            (expected, value) if expected.same_type(&value) => {
                target.insert(key, value);
            }
            (expected, value) => {
                return Err(error(
                    file,
                    &full,
                    format!("expected {}, found {}", expected.type_str(), value.type_str()),
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(sets: &[&str]) -> Result<Config, String> {
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        Config::load(None, &sets).map_err(|reason| reason.to_string())
    }

    #[test]
    fn the_shipped_file_is_complete() {
        assert_eq!(load(&[]).unwrap().vehicle, CarState::default());
    }

    #[test]
    fn a_set_overrides_with_or_without_quotes() {
        let config = load(&["vehicle.speed_kmh=80", "bus=system", "audio.input=\"none\""]).unwrap();
        assert_eq!(config.vehicle.speed_kmh, 80.0);
        assert_eq!((config.bus.as_str(), config.audio.input.as_str()), ("system", "none"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (set, expected) in [
            ("listen.hangover=3", "--set: listen.hangover: unknown key; expected one of hangover_ms"),
            ("bus=3", "--set: bus: expected string, found integer"),
            ("vehicle.speed_kmh=-3", "vehicle.speed_kmh: -3 is outside 0 to 400"),
            ("audio=loud", "--set: audio: expected table, found string"),
            ("version=2", "version: this carvoice reads version 1"),
            ("nonsense", "--set: nonsense: expected key=value"),
        ] {
            let message = load(&[set]).unwrap_err();
            assert!(message.contains(expected), "{set}: {message}");
        }
    }

    #[test]
    fn folders_may_be_in_the_home_of_the_user() {
        let folders = || vec![PathBuf::from("/etc/x"), PathBuf::from("~/.config/x")];
        let found = at_home(folders(), Some(Path::new("/home/me")));
        assert_eq!(found, [Path::new("/etc/x"), Path::new("/home/me/.config/x")]);
        assert_eq!(at_home(folders(), None), [Path::new("/etc/x")]);
    }

    #[test]
    fn a_file_is_named_with_its_line() {
        let folder = std::env::temp_dir().join(format!("carvoice-config-{}", std::process::id()));
        std::fs::write(&folder, "version = 1\n[turn\n").unwrap();
        let message = Config::load(Some(&folder), &[]).unwrap_err().to_string();
        std::fs::remove_file(&folder).unwrap();
        assert!(message.contains("line 2"), "{message}");
    }
}
