//! `carvoice-train wake`: teaches a wake word from recordings of it and of everything else.

mod curve;
mod fit;
mod sounds;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use carvoice_listen::Silero;
use carvoice_listen::wake::Features;
use carvoice_models::{Store, default_folder};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use sounds::{Clip, Mixer, Sounds};

/// Score from which a step counts as the word: of "computer", the least at which no held-out recording woke it
/// at 10 dB. The curve that is printed tells what another one would do.
const THRESHOLD: f32 = 0.95;

/// Versions of every recording of the word, and of every other: clean ones, and such with noise.
const VERSIONS: usize = 4;
const OTHER_VERSIONS: usize = 1;

/// Levels of speech over noise at which the held-out recordings are heard, in dB.
const LEVELS: [Option<f32>; 3] = [None, Some(10.0), Some(5.0)];

/// Teaches a wake word from recordings of it and of everything else.
#[derive(Args)]
pub struct Options {
    /// The word, as the text of its recordings.
    #[arg(long, default_value = "computer")]
    word: String,
    /// Folder of folders of recordings, each with a manifest.jsonl (`audio`, `text`).
    #[arg(long, value_name = "DIR", default_value = "../shared/data/speech")]
    speech: PathBuf,
    /// Folder of folders of noise.
    #[arg(long, value_name = "DIR", default_value = "../shared/data/noise")]
    noise: PathBuf,
    /// The same seed gives the same wake word.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Draws misses against false alarms of the held-out recordings.
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// The file to write.
    #[arg(value_name = "OUT.safetensors")]
    out: PathBuf,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let store = Store::open(default_folder())?;
    let mut voice = Silero::load(&store.path("silero-vad")?)?;
    let mut features = Features::load(&store.path("wake-mel")?, &store.path("wake-embedding")?)?;
    let sounds = Sounds::read(&options.speech, &options.noise, &options.word, &mut voice)?;
    let spoken = sounds.clips.iter().filter(|clip| clip.word_end.is_some()).count();
    ensure!(
        spoken >= 20,
        "{spoken} recordings of {:?} in {}; 20 are the least",
        options.word,
        options.speech.display()
    );
    println!("{spoken} recordings of {:?}, {} of other speech", options.word, sounds.clips.len() - spoken);

    let mut mixer = Mixer::new(&sounds, options.seed);
    let mut examples = fit::Examples::default();
    let taught: Vec<&Clip> = sounds.clips.iter().filter(|clip| !clip.held_out).collect();
    let bar = bar(taught.len(), "embedding");
    for clip in taught {
        bar.inc(1);
        let versions = if clip.word_end.is_some() { VERSIONS } else { OTHER_VERSIONS };
        for version in 0..versions {
            let sound = mixer.lesson(clip, version);
            examples.add(&mut features, &sound)?;
        }
    }
    bar.finish_and_clear();
    let classifier = fit::fit(&examples, &options.word, THRESHOLD, options.seed)?;

    let held_out: Vec<&Clip> = sounds.clips.iter().filter(|clip| clip.held_out).collect();
    let curves = curve::measure(&mut features, &classifier, &mut mixer, &held_out, &LEVELS)?;
    curve::print(&curves, THRESHOLD);
    if let Some(path) = &options.plot {
        curve::draw(path, &curves)?;
    }
    let file = classifier.write().map_err(anyhow::Error::msg)?;
    std::fs::write(&options.out, file).with_context(|| format!("cannot write {}", options.out.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn bar(length: usize, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {eta}");
    ProgressBar::new(length as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(what)
}
