//! The voice assistant: command line, configuration, threads, supervision. The only crate that
//! knows all the others.

#![allow(clippy::print_stderr, reason = "diagnostics of a command go to standard error")]
#![allow(unreachable_pub, reason = "nothing outside this program can reach anything")]

mod announcer;
mod cli;
mod commands;
mod config;
mod engines;
mod log;
mod output;
mod overlap;
mod pipeline;
mod reception;
mod sandbox;
mod self_test;
mod skills;
mod stage;
mod supervision;
mod usage;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    log::init();
    match commands::run(cli) {
        Ok(status) => status,
        // Whoever reads the output has seen enough: `carvoice models list | head -1`.
        Err(reason) if is_closed(&reason) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("carvoice: {reason:#}");
            match reason.downcast_ref::<config::ConfigError>() {
                Some(fault) if fault.is_usage() => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn is_closed(reason: &anyhow::Error) -> bool {
    let io = reason.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}
