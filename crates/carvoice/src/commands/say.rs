//! `carvoice say`: text to sound.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use carvoice_core::audio::seconds;
use carvoice_core::engine::{AudioSink, Cancel, Synthesizer};
use carvoice_core::turn::MAX_TEXT;
use serde::Serialize;

use crate::cli::Say;
use crate::config::Config;
use crate::engines;
use crate::output::{Output, milliseconds, rounded};

#[derive(Serialize)]
struct Line<'a> {
    text: &'a str,
    audio_s: f64,
    first_audio_ms: f64,
    ms: f64,
}

pub fn run(say: &Say, config: &Config, output: Output) -> anyhow::Result<ExitCode> {
    let text = say.text.join(" ");
    let length = text.chars().count();
    anyhow::ensure!(
        length <= MAX_TEXT,
        "{length} characters are too many; at most {MAX_TEXT} are spoken at once"
    );
    let mut voice = engines::voice(config).map_err(|reason| anyhow!(reason))?;
    let mut speaker: Option<Box<dyn AudioSink>> = match &say.out {
        Some(_) => None,
        None => Some(
            engines::loudspeaker(config, voice.sample_rate(), &carvoice_audio::Reference::default())
                .map_err(|reason| anyhow!(reason))
                .context("there is no loudspeaker; use --out FILE.wav to write a file")?,
        ),
    };
    let begin = Instant::now();
    let mut first = None;
    let mut samples = Vec::new();
    let mut lost = None;
    voice.synthesize(&text, &Cancel::never(), &mut |chunk| {
        first.get_or_insert_with(|| begin.elapsed());
        samples.extend_from_slice(chunk);
        if let Some(speaker) = &mut speaker
            && lost.is_none()
        {
            lost = speaker.write(chunk).err();
        }
    })?;
    let made = begin.elapsed();
    if let Some(reason) = lost {
        return Err(reason.into());
    }
    let Some(first) = first else { anyhow::bail!("there is no word to say in {text:?}") };
    if let Some(file) = &say.out {
        carvoice_audio::write_wav(file, &samples, voice.sample_rate())?;
    }
    if let Some(speaker) = speaker {
        while !speaker.queued().is_zero() {
            std::thread::sleep(speaker.queued().min(Duration::from_millis(50)));
        }
    }
    let line = Line {
        text: &text,
        audio_s: rounded(seconds(samples.len(), voice.sample_rate()), 3),
        first_audio_ms: milliseconds(first),
        ms: milliseconds(made),
    };
    output.line(&line, || match &say.out {
        Some(file) => format!("{}: {:.1} s", file.display(), line.audio_s),
        None => format!("{:.1} s spoken", line.audio_s),
    })?;
    Ok(ExitCode::SUCCESS)
}
