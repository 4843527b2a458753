//! `carvoice bench`: how long each stage takes here, and what the process uses.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::anyhow;
use carvoice_core::audio::Speech;
use carvoice_core::engine::{Cancel, Context, Synthesizer};
use serde::Serialize;

use crate::cli::{Bench, Stage as Part};
use crate::commands::replay::Summary;
use crate::config::Config;
use crate::output::{Output, milliseconds, rounded};
use crate::stage::Stage;
use crate::{engines, skills, usage};

/// What is spoken: short and long, one command and two, and one that is not for the car.
const SENTENCES: [&str; 8] = [
    "Set the temperature to twenty one degrees.",
    "Open the driver's window halfway and play some jazz.",
    "I'm freezing.",
    "Turn the volume down.",
    "Switch on the seat heating for the passenger.",
    "Navigate to the nearest petrol station.",
    "Who won the cup final?",
    "Close all the windows.",
];
/// What is answered.
const REPLIES: [&str; 4] = [
    "21 degrees.",
    "I can't open the boot while we are moving.",
    "The driver's window is half open.",
    "Playing jazz.",
];

/// A distribution in milliseconds.
#[derive(Debug, Serialize)]
struct Distribution {
    p50: f64,
    p95: f64,
    p99: f64,
    n: usize,
}

impl Distribution {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        // Nearest rank.
        let rank = |share: f64| {
            let index = ((share * values.len() as f64).ceil() as usize).max(1) - 1;
            values.get(index).map(|value| rounded(*value, 1))
        };
        Some(Self { p50: rank(0.5)?, p95: rank(0.95)?, p99: rank(0.99)?, n: values.len() })
    }
}

#[derive(Serialize)]
struct Report {
    version: &'static str,
    cores: usize,
    rounds: u32,
    /// Milliseconds by stage.
    latency: BTreeMap<String, Distribution>,
    load_ms: BTreeMap<&'static str, f64>,
    peak_memory_mb: Option<f64>,
    /// Processor time over wall time of the whole run; 1 is one core.
    processor: f64,
}

pub fn run(bench: &Bench, config: &Config, output: Output) -> anyhow::Result<ExitCode> {
    let (begin, processor) = (Instant::now(), usage::processor_s());
    let mut load_ms = BTreeMap::new();
    let mut voice =
        timed("voice", &mut load_ms, || engines::voice(config)).map_err(|reason| anyhow!(reason))?;
    let speeches: Vec<Speech> =
        SENTENCES.iter().map(|text| engines::speech(&mut voice, text)).collect::<anyhow::Result<_>>()?;
    let wanted = |part: Part| bench.stage == Part::All || bench.stage == part;
    let mut samples: BTreeMap<String, Vec<f64>> = BTreeMap::new();

    if wanted(Part::Speak) {
        drop(voice);
        for round in 0..bench.rounds {
            // A fresh voice each round: one that has spoken a reply before keeps its sound.
            let mut voice = engines::voice(config).map_err(|reason| anyhow!(reason))?;
            for reply in REPLIES {
                let from = Instant::now();
                let mut first = None;
                voice.synthesize(reply, &Cancel::never(), &mut |_| {
                    first.get_or_insert_with(|| from.elapsed());
                })?;
                if let Some(first) = first {
                    samples.entry("speak_first_audio".to_owned()).or_default().push(milliseconds(first));
                }
                samples.entry("speak".to_owned()).or_default().push(milliseconds(from.elapsed()));
            }
            tell(output, "speak", round, bench.rounds);
        }
    }
    if wanted(Part::Transcribe) {
        let mut whisper =
            timed("whisper", &mut load_ms, || engines::whisper(config)).map_err(|reason| anyhow!(reason))?;
        for round in 0..bench.rounds {
            for speech in &speeches {
                let from = Instant::now();
                whisper.transcribe(speech, &Cancel::never())?;
                samples.entry("transcribe".to_owned()).or_default().push(milliseconds(from.elapsed()));
            }
            tell(output, "transcribe", round, bench.rounds);
        }
    }
    if wanted(Part::Understand) {
        let (catalogue, _) = skills::load(&config.skills.folders);
        let mut understander = timed("understander", &mut load_ms, || {
            Ok::<_, String>(engines::understander(config, &catalogue))
        })
        .map_err(|reason| anyhow!(reason))?;
        for round in 0..bench.rounds {
            for text in SENTENCES {
                let from = Instant::now();
                understander.understand(text, &Context::default(), &Cancel::never())?;
                samples.entry("understand".to_owned()).or_default().push(milliseconds(from.elapsed()));
            }
            tell(output, "understand", round, bench.rounds);
        }
    }
    if wanted(Part::Turn) {
        let from = Instant::now();
        let mut stage = Stage::start(config, true)?;
        load_ms.insert("pipeline", milliseconds(from.elapsed()));
        for round in 0..bench.rounds {
            for speech in &speeches {
                let mut summary = Summary::default();
                stage.play(speech, |happened| {
                    summary.add(&happened.notice);
                    Ok(())
                })?;
                drop(stage.take_reply());
                for (name, ms) in summary.delays() {
                    samples.entry(format!("turn.{name}")).or_default().push(ms);
                }
            }
            tell(output, "turn", round, bench.rounds);
        }
    }
    let latency =
        samples.into_iter().filter_map(|(name, values)| Some((name, Distribution::of(values)?))).collect();
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        rounds: bench.rounds,
        latency,
        load_ms,
        peak_memory_mb: usage::peak_memory_mb(None).map(f64::round),
        processor: rounded((usage::processor_s() - processor) / begin.elapsed().as_secs_f64(), 2),
    };
    output.line(&report, || describe(&report))?;
    Ok(ExitCode::SUCCESS)
}

fn timed<T, E>(
    name: &'static str,
    times: &mut BTreeMap<&'static str, f64>,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let from = Instant::now();
    let made = work()?;
    times.insert(name, milliseconds(from.elapsed()).round());
    Ok(made)
}

fn tell(output: Output, stage: &str, round: u32, rounds: u32) {
    if !output.is_json() {
        eprint!(
            "\r{stage}: round {} of {rounds}   {}",
            round + 1,
            if round + 1 == rounds { "\n" } else { "" }
        );
    }
}

fn describe(report: &Report) -> String {
    let mut text =
        format!("{:38} {:>9} {:>9} {:>9} {:>6}\n", "stage, milliseconds", "p50", "p95", "p99", "n");
    for (name, one) in &report.latency {
        text.push_str(&format!("{name:38} {:9.1} {:9.1} {:9.1} {:6}\n", one.p50, one.p95, one.p99, one.n));
    }
    for (name, ms) in &report.load_ms {
        text.push_str(&format!("{:38} {ms:9.0}\n", format!("loading: {name}")));
    }
    if let Some(memory) = report.peak_memory_mb {
        text.push_str(&format!("{:38} {memory:9.0} MB\n", "peak memory of this run, not of the service"));
    }
    text.push_str(&format!("{:38} {:9.2} of {} cores", "processor", report.processor, report.cores));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_nearest() {
        let one = Distribution::of((1..=100).map(f64::from).collect()).unwrap();
        assert_eq!((one.p50, one.p95, one.p99, one.n), (50.0, 95.0, 99.0, 100));
        assert!(Distribution::of(vec![]).is_none());
    }
}
