//! The commands that talk to the running service: status, listen, ask, stop, mute, unmute, monitor.

use std::process::ExitCode;
use std::time::Duration;

use carvoice_bus::{BusError, Client};
use serde::Serialize;
use serde_json::json;

use crate::cli::Command;
use crate::config::Config;
use crate::engines::bus_kind;
use crate::output::Output;

/// How long `monitor` waits before it looks whether the service is still there.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Runs one of them.
///
/// # Errors
/// When the bus or the service is not there, or the service refuses.
pub fn run(command: &Command, config: &Config, output: Output) -> anyhow::Result<ExitCode> {
    let client = Client::connect(bus_kind(config))?;
    match command {
        Command::Listen(listen) => {
            let turn = client.listen(listen.zone, false)?;
            output.line(&json!({ "turn": turn }), || format!("listening, turn {turn}"))?;
        }
        Command::Ask(ask) => {
            let turn = client.ask(&ask.text.join(" "))?;
            output.line(&json!({ "turn": turn }), || format!("asked, turn {turn}"))?;
        }
        Command::Stop => {
            client.cancel()?;
            output.line(&json!({}), || "stopped".to_owned())?;
        }
        Command::Mute | Command::Unmute => {
            let muted = matches!(command, Command::Mute);
            client.set_muted(muted)?;
            output.line(&json!({ "Muted": muted }), || if muted { "muted" } else { "unmuted" }.to_owned())?;
        }
        Command::Monitor => return monitor(client, output),
        _ => {
            let status = client.status()?;
            output.line(&status, || {
                let microphone = if status.muted { "closed" } else { "open" };
                let degraded = if status.degraded.is_empty() { "nothing".to_owned() } else { status.degraded.join(", ") };
                format!(
                    "state       {}\nmicrophone  {microphone}\nmissing     {degraded}\nversion     {}\nlanguage    {}\nintents     {}",
                    status.state, status.version, status.language, status.intents.len()
                )
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Line<'a> {
    signal: &'a str,
    payload: &'a serde_json::Value,
}

fn monitor(client: Client, output: Output) -> anyhow::Result<ExitCode> {
    let mut monitor = client.monitor()?;
    loop {
        match monitor.next_within(PATIENCE) {
            Some(Ok((signal, payload))) => {
                output.line(&Line { signal: &signal, payload: &payload }, || {
                    format!("{signal:18} {payload}")
                })?;
            }
            Some(Err(reason)) => return Err(BusError::into(reason)),
            None => {}
        }
    }
}
