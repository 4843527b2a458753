//! `carvoice-train`: measures how well words are understood, compares two runs, calibrates how far the
//! language model is trusted, and teaches wake words. The sentences are made and the adapter is trained by the
//! Python beside it (`py`).

#![allow(unreachable_pub, reason = "nothing outside this program can reach anything")]

mod calibrate;
mod draw;
mod engine;
mod eval;
mod figures;
mod platt;
mod plot;
mod sentences;
mod wake;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Measures how well words are understood, and calibrates how far the language model is trusted.
#[derive(Parser)]
#[command(
    version,
    after_help = "Examples:
  carvoice-train eval crates/train/dev/reviewed.tsv --errors
  carvoice-train eval crates/train/dev/*.tsv --save before.json
  carvoice-train eval crates/train/dev/*.tsv --against before.json
  carvoice-train calibrate crates/train/dev/*.tsv --write models/cabin-lora.safetensors"
)]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Prints how well the sentences of files are understood.
    Eval(eval::Options),
    /// Fits the model's confidence to how often it is right, and chooses its thresholds.
    Calibrate(calibrate::Options),
    /// Draws training sentences from the skill manifests.
    Draw(draw::Options),
    /// Teaches a wake word.
    Wake(wake::Options),
}

/// What understands the sentences.
#[derive(Args, Clone, Debug)]
struct EngineOptions {
    /// Templates alone, without the language model.
    #[arg(long)]
    templates: bool,
    /// The language model (GGUF); the one of the model store when left out.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// The adapter (safetensors); "none" for the model as it was published.
    #[arg(long, value_name = "FILE", default_value = "models/cabin-lora.safetensors")]
    adapter: PathBuf,
    /// Threads of the model.
    #[arg(long, value_name = "N", default_value_t = 2)]
    threads: usize,
    /// Manifests of added skills.
    #[arg(long, value_name = "FILE")]
    skill: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Task::Eval(options) => eval::run(&options),
        Task::Calibrate(options) => calibrate::run(&options),
        Task::Draw(options) => draw::run(&options),
        Task::Wake(options) => wake::run(&options),
    };
    match result {
        Ok(status) => status,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "carvoice-train: {error:#}");
            ExitCode::FAILURE
        }
    }
}
