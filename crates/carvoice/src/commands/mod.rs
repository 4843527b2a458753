//! One module per command.

mod bench;
mod client;
mod daemon;
mod demo;
mod doctor;
mod memory;
mod models;
mod parse;
mod replay;
mod say;
mod skills;
mod transcribe;

use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;

use crate::cli::{Cli, Command};
use crate::config::Config;
use crate::output::Output;

/// Runs the command; its exit status says whether what was asked for worked.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let output = Output::new(cli.global.json);
    match cli.command {
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "carvoice", &mut std::io::stdout());
            return Ok(ExitCode::SUCCESS);
        }
        Command::Man { folder } => {
            std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            clap_mangen::generate_to(Cli::command(), &folder)
                .with_context(|| format!("cannot write to {}", folder.display()))?;
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let config = Config::load(cli.global.config.as_deref(), &cli.global.set)?;
    match &cli.command {
        Command::Bench(bench) => bench::run(bench, &config, output),
        Command::Demo(demo) => demo::run(demo, &config, output),
        Command::Doctor => doctor::run(&config, output),
        Command::Daemon => daemon::run(config),
        Command::Parse(parse) => parse::run(parse, &config, output),
        Command::Transcribe(files) => transcribe::run(&files.files, &config, output),
        Command::Replay(replay) => replay::run(replay, &config, output),
        Command::Say(say) => say::run(say, &config, output),
        Command::Memory(memory) => memory::run(memory, &config, output),
        Command::Models(models) => models::run(models, &config, output),
        Command::Skills(skills) => skills::run(skills, &config, output),
        command => client::run(command, &config, output),
    }
}
