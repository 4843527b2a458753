//! `carvoice transcribe`: recordings to text.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::anyhow;
use carvoice_core::audio::{SAMPLE_RATE, Speech, seconds};
use carvoice_core::engine::{Cancel, EngineError, Transcriber, Transcript};
use serde::Serialize;

use crate::config::Config;
use crate::engines;
use crate::output::{Output, milliseconds, rounded, status};

/// Whisper hears at most 30 s at once; longer recordings are cut into parts of this length.
const PART_S: usize = 28;

#[derive(Serialize)]
struct Line {
    file: String,
    text: String,
    confidence: f64,
    audio_s: f64,
    ms: f64,
}

pub fn run(files: &[PathBuf], config: &Config, output: Output) -> anyhow::Result<ExitCode> {
    let mut whisper = engines::whisper(config).map_err(|reason| anyhow!(reason))?;
    let mut all_good = true;
    for file in files {
        let line = carvoice_audio::read(file).map_err(anyhow::Error::from).and_then(|speech| {
            let begin = Instant::now();
            let transcript = transcribe(whisper.as_mut(), &speech)?;
            Ok(Line {
                file: file.display().to_string(),
                text: transcript.text,
                confidence: rounded(transcript.confidence, 4),
                audio_s: rounded(seconds(speech.len(), SAMPLE_RATE), 3),
                ms: milliseconds(begin.elapsed()),
            })
        });
        match line {
            Ok(line) => output.line(&line, || line.text.clone())?,
            Err(reason) => {
                all_good = false;
                eprintln!("{reason:#}");
            }
        }
    }
    Ok(status(all_good))
}

fn transcribe(whisper: &mut dyn Transcriber, speech: &Speech) -> Result<Transcript, EngineError> {
    let cancel = Cancel::never();
    let part = PART_S * SAMPLE_RATE as usize;
    if speech.len() <= part {
        return whisper.transcribe(speech, &cancel);
    }
    let mut whole = Transcript { text: String::new(), confidence: 1.0 };
    for samples in speech.chunks(part) {
        let heard = whisper.transcribe(&samples.into(), &cancel)?;
        if !heard.text.is_empty() {
            whole.text = format!("{} {}", whole.text, heard.text).trim().to_owned();
            whole.confidence = whole.confidence.min(heard.confidence);
        }
    }
    Ok(whole)
}
