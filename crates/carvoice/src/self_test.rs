//! Whether a set of models works: the voice speaks a sentence, Whisper hears it, and it is understood. Done once
//! for each set, before the service uses it.

use std::fs;
use std::path::PathBuf;

use carvoice_core::engine::{Cancel, Context};
use carvoice_models::{Store, StoreError};

use crate::config::Config;
use crate::{engines, skills};

/// Short, and with what an order has: an intent, a number, a unit.
const SENTENCE: &str = "Set the temperature to twenty one degrees.";
const INTENT: &str = "climate.set_temperature";
/// File in the cache folder with the sets that passed, one a line.
const PASSED: &str = "self-test";

/// Why the newest set of models is not used.
pub struct Refused {
    pub reason: String,
    /// Whether the set before it is used instead.
    pub replaced: bool,
}

/// Tests the set in use unless it has passed before. One that fails gives way to the one before, which is then
/// named in `config`.
pub fn choose(config: &mut Config) -> Option<Refused> {
    if !config.models.self_test {
        return None;
    }
    let reason = passes(config).err()?;
    // The set in use may be so broken that it does not open.
    let store = Store::open_to_change(&config.models.folder, &config.models.public_key).ok();
    let mut earlier = config.clone();
    let replaced = store.and_then(|store| store.previous()).is_some_and(|folder| {
        earlier.models.folder = folder;
        passes(&earlier).is_ok()
    });
    if replaced {
        config.models.folder = earlier.models.folder;
    }
    Some(Refused { reason, replaced })
}

/// Ok when the set passes, now or at an earlier start of this version.
fn passes(config: &Config) -> Result<(), String> {
    let store = config.models.store().map_err(|fault| fault.to_string())?;
    let name = format!("{} {}", env!("CARGO_PKG_VERSION"), store.set());
    let known = passed()
        .is_some_and(|file| fs::read_to_string(file).is_ok_and(|text| text.lines().any(|line| line == name)));
    // A set that passed once can be damaged later. Sizes cost nothing; checksums are compared as it is loaded.
    let mut whole = true;
    for one in store.list() {
        match one.result {
            Ok(_) => {}
            // A device may do with fewer models, and a missing one is told by the engine that lacks it.
            Err(StoreError::Missing { .. }) => whole = false,
            Err(fault) => return Err(fault.to_string()),
        }
    }
    if known || !whole {
        return Ok(());
    }
    run(config)?;
    remember(&name);
    Ok(())
}

/// Speaks, hears and understands.
///
/// # Errors
/// Which of the three failed, and how.
pub fn run(config: &Config) -> Result<(), String> {
    let mut voice = engines::voice(config)?;
    let speech = engines::speech(&mut voice, SENTENCE).map_err(|fault| format!("{fault:#}"))?;
    drop(voice);
    let heard = engines::whisper(config)?
        .transcribe(&speech, &Cancel::never())
        .map_err(|fault| fault.to_string())?
        .text;
    let (catalogue, _) = skills::load(&[]);
    let meaning = engines::understander(config, &catalogue)
        .understand(&heard, &Context::default(), &Cancel::never())
        .map_err(|fault| fault.to_string())?;
    match meaning.candidates.first() {
        Some(first) if first.command.intent == INTENT => Ok(()),
        _ => Err(format!("these models hear {SENTENCE:?} as {heard:?} and do not understand it")),
    }
}

fn passed() -> Option<PathBuf> {
    engines::cache_folder().map(|folder| folder.join(PASSED))
}

/// A folder that cannot be written costs the test at the next start and nothing else. Only this set is
/// remembered, and the one before.
fn remember(name: &str) {
    let Some(file) = passed() else { return };
    let before = fs::read_to_string(&file).unwrap_or_default();
    let lines: Vec<&str> = [name].into_iter().chain(before.lines()).take(2).collect();
    let _ = file.parent().map(fs::create_dir_all);
    let _ = fs::write(&file, lines.join("\n") + "\n");
}
