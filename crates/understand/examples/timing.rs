//! Times the language model alone, as JSON on standard output:
//! `timing MODEL.gguf [--adapter FILE] [--threads N] [--rounds N]`.
//!
//! A round reads a prompt of 8, of 12 and of 16 tokens into an empty cache, and writes 8 tokens behind the
//! first, each the most probable of the whole vocabulary (`decode`) or of 32 tokens (`decode_restricted`,
//! the usual number of choices that the grammar leaves).

#![allow(clippy::print_stderr, reason = "a program for the command line")]

use std::path::PathBuf;
use std::time::Instant;

use carvoice_core::engine::EngineError;
use carvoice_understand::slm::adapter::Adapter;
use carvoice_understand::slm::gguf::Gguf;
use carvoice_understand::slm::model::Model;
use carvoice_understand::slm::tokenizer::Tokenizer;
use serde_json::{Value, json};

/// Lengths of the prompts, in tokens. An utterance is 6 to 12.
const PROMPTS: [usize; 3] = [8, 12, 16];

/// Tokens written.
const WRITTEN: usize = 8;

/// Choices of the restricted head.
const CHOICES: u32 = 32;

/// Tokens of the cache.
const CAPACITY: usize = 512;

struct Options {
    model: PathBuf,
    adapter: Option<PathBuf>,
    threads: usize,
    rounds: usize,
}

fn main() {
    let result = options().and_then(|options| measure(&options).map_err(|error| error.to_string()));
    match result {
        Ok(report) => println!("{report}"),
        Err(reason) => {
            eprintln!("timing: {reason}");
            std::process::exit(2);
        }
    }
}

fn options() -> Result<Options, String> {
    let mut arguments = std::env::args().skip(1);
    let model =
        arguments.next().ok_or("usage: timing MODEL.gguf [--adapter FILE] [--threads N] [--rounds N]")?;
    let mut options = Options { model: model.into(), adapter: None, threads: 2, rounds: 20 };
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number =
            || value.parse().ok().filter(|n| *n > 0).ok_or_else(|| format!("{name} {value}: not a number"));
        match name.as_str() {
            "--adapter" => options.adapter = Some(value.into()),
            "--threads" => options.threads = number()?,
            "--rounds" => options.rounds = number()?,
            _ => return Err(format!("unknown option {name}")),
        }
    }
    Ok(options)
}

fn measure(options: &Options) -> Result<Value, EngineError> {
    let begin = Instant::now();
    let gguf = Gguf::open(&options.model)?;
    let tokenizer = Tokenizer::new(&gguf)?;
    let tokenizer_ms = milliseconds(begin);
    let adapter = options.adapter.as_deref().map(Adapter::open).transpose()?;
    let model = Model::load(&gguf, adapter.as_ref(), CAPACITY, options.threads)?;
    let load_ms = milliseconds(begin);
    drop((gguf, adapter));

    let mut timings =
        Timings { model: &model, prompts: Default::default(), full: Vec::new(), restricted: Vec::new() };
    for _ in 0..options.rounds {
        timings.round().map_err(EngineError::failed)?;
    }
    drop(tokenizer);
    let prefill: serde_json::Map<String, Value> = PROMPTS
        .iter()
        .zip(&mut timings.prompts)
        .map(|(tokens, times)| (tokens.to_string(), distribution(times)))
        .collect();
    Ok(json!({
        "threads": options.threads,
        "rounds": options.rounds,
        "tokenizer_ms": tokenizer_ms,
        "load_ms": load_ms,
        "resident_mb": resident_mb(),
        "prefill_ms": prefill,
        "decode_ms": distribution(&mut timings.full),
        "decode_restricted_ms": distribution(&mut timings.restricted),
    }))
}

struct Timings<'a> {
    model: &'a Model,
    prompts: [Vec<f64>; PROMPTS.len()],
    full: Vec<f64>,
    restricted: Vec<f64>,
}

impl Timings<'_> {
    fn round(&mut self) -> candle_core::Result<()> {
        let vocabulary = self.model.dimensions().vocabulary as u32;
        let text: Vec<u32> = (0..PROMPTS[2] as u32).map(|i| (1000 + 37 * i) % vocabulary).collect();
        let choices: Vec<u32> = (0..CHOICES).map(|i| (500 + 101 * i) % vocabulary).collect();
        let mut cache = self.model.cache();
        for (times, tokens) in self.prompts.iter_mut().zip(PROMPTS) {
            cache.truncate(0);
            let begin = Instant::now();
            let hidden = self.model.forward(&text[..tokens], &mut cache)?;
            let last = hidden.narrow(0, tokens - 1, 1)?;
            let mut next = best(&self.model.logits(&last)?.flatten_all()?.to_vec1()?);
            times.push(milliseconds(begin));
            if tokens > PROMPTS[0] {
                continue;
            }
            let begin = Instant::now();
            for _ in 0..WRITTEN {
                let hidden = self.model.forward(&[next], &mut cache)?;
                next = best(&self.model.logits(&hidden)?.flatten_all()?.to_vec1()?);
            }
            self.full.push(milliseconds(begin));
            cache.truncate(tokens);
            let begin = Instant::now();
            for _ in 0..WRITTEN {
                let hidden = self.model.forward(&[next], &mut cache)?.flatten_all()?.to_vec1()?;
                next = choices[best(&self.model.logits_of(&hidden, &choices)?) as usize];
            }
            self.restricted.push(milliseconds(begin));
        }
        Ok(())
    }
}

fn best(logits: &[f32]) -> u32 {
    let best = logits.iter().zip(0..).max_by(|a, b| a.0.total_cmp(b.0));
    best.map_or(0, |(_, index)| index)
}

fn milliseconds(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1e3
}

/// Nearest-rank percentiles.
fn distribution(times: &mut [f64]) -> Value {
    times.sort_by(f64::total_cmp);
    let rank = |share: f64| times.get(((share * times.len() as f64).ceil() as usize).max(1) - 1);
    json!({ "p50": rank(0.5), "p95": rank(0.95) })
}

/// Memory of this process that is in RAM, where Linux tells it.
fn resident_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}
