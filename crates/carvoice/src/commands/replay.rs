//! `carvoice replay`: recordings through the whole pipeline, against a simulated vehicle.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use carvoice_core::command::Command;
use carvoice_core::engine::TurnId;
use carvoice_core::turn::{Notice, Outcome, Timings};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::Replay;
use crate::config::Config;
use crate::output::{Output, rounded, status};
use crate::stage::{Happened, Stage};

pub fn run(replay: &Replay, config: &Config, output: Output) -> anyhow::Result<ExitCode> {
    if let Some(folder) = &replay.out {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut stage = Stage::start(config, replay.fast)?;
    let missing = stage.missing();
    if !missing.is_empty() {
        return Err(anyhow!("missing: {}; `carvoice doctor` tells why", missing.join(", ")));
    }
    let mut all_good = true;
    for file in &replay.files {
        if let Err(reason) = play(&mut stage, file, replay, output) {
            all_good = false;
            eprintln!("{reason:#}");
        }
    }
    Ok(status(all_good))
}

fn play(stage: &mut Stage, file: &Path, replay: &Replay, output: Output) -> anyhow::Result<()> {
    let speech = carvoice_audio::read(file)?;
    let name = file.display().to_string();
    let mut summary = Summary::default();
    stage.play(&speech, |happened| {
        summary.add(&happened.notice);
        match event(happened) {
            Some((event, payload)) => show(&name, happened.t, event, payload, output),
            None => Ok(()),
        }
    })?;
    let reply = stage.take_reply();
    if let Some(folder) = &replay.out
        && !reply.is_empty()
    {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        carvoice_audio::write_wav(&folder.join(format!("{stem}.reply.wav")), &reply, stage.reply_rate())?;
    }
    let line = summary.line(&name);
    output.line(&line, || summary.describe(&name))
}

fn show(file: &str, t: f64, event: &str, payload: Pairs, output: Output) -> anyhow::Result<()> {
    let detail = serde_json::to_string(&payload)?;
    let line = EventLine { file, t: rounded(t, 3), event, payload };
    output.line(&line, || format!("{t:8.3} s  {event:18} {detail}"))
}

#[derive(Serialize)]
struct EventLine<'a> {
    file: &'a str,
    t: f64,
    event: &'a str,
    #[serde(flatten)]
    payload: Pairs,
}

/// An object whose keys keep their order.
struct Pairs(Vec<(&'static str, Value)>);

impl Serialize for Pairs {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[derive(Serialize)]
struct SummaryLine<'a> {
    file: &'a str,
    event: &'a str,
    transcript: String,
    commands: &'a [Command],
    outcome: String,
    latency: Latency,
}

/// Delays in milliseconds, to a tenth, in the order of the contract; null for what did not happen.
struct Latency(Vec<(&'static str, f64)>);

/// The names of the contract.
const DELAYS: [&str; 7] = [
    "end_of_speech_to_endpoint",
    "endpoint_to_transcript",
    "transcript_to_command",
    "command_to_ack",
    "ack_to_first_audio",
    "end_of_speech_to_action",
    "end_of_speech_to_first_audio",
];

impl Serialize for Latency {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let delay = |name| self.0.iter().find(|(known, _)| *known == name).map(|(_, ms)| rounded(*ms, 1));
        out.collect_map(DELAYS.into_iter().map(|name| (name, delay(name))))
    }
}

/// Name and payload of what happened, the keys as in the D-Bus signals.
fn event(happened: &Happened) -> Option<(&'static str, Pairs)> {
    let with_turn = |turn: &TurnId, rest: Vec<(&'static str, Value)>| {
        Pairs(std::iter::once(("turn", json!(turn.0))).chain(rest).collect())
    };
    Some(match &happened.notice {
        Notice::State(state) => ("state", Pairs(vec![("state", json!(state.to_string()))])),
        Notice::Muted(_) | Notice::Degraded(_) => return None,
        Notice::TurnStarted { turn, cause, zone } => {
            let zone = zone.map(|zone| zone.as_str()).unwrap_or_default();
            (
                "turn_started",
                with_turn(turn, vec![("cause", json!(cause.to_string())), ("zone", json!(zone))]),
            )
        }
        Notice::PartialTranscript { turn, text } => {
            ("partial_transcript", with_turn(turn, vec![("text", json!(text))]))
        }
        Notice::Transcript { turn, text, confidence } => {
            let confidence = rounded(*confidence, 4);
            ("transcript", with_turn(turn, vec![("text", json!(text)), ("confidence", json!(confidence))]))
        }
        Notice::Command { turn, command, confidence } => (
            "command",
            with_turn(
                turn,
                vec![
                    ("intent", json!(command.intent)),
                    ("slots", json!(command.slots)),
                    ("confidence", json!(rounded(*confidence, 4))),
                ],
            ),
        ),
        Notice::CommandResult { turn, intent, error } => (
            "command_result",
            with_turn(
                turn,
                vec![
                    ("intent", json!(intent)),
                    ("done", json!(error.is_none())),
                    ("error", json!(error.as_deref().unwrap_or_default())),
                ],
            ),
        ),
        Notice::Reply { turn, text } => ("reply", with_turn(turn, vec![("text", json!(text))])),
        Notice::SpeakingStarted { turn } => ("speaking_started", with_turn(turn, vec![])),
        Notice::SpeakingEnded { turn } => ("speaking_ended", with_turn(turn, vec![])),
        Notice::TurnEnded { turn, outcome, .. } => {
            ("turn_ended", with_turn(turn, vec![("outcome", json!(outcome.to_string()))]))
        }
    })
}

/// What a recording came to. With several turns in it: all words and commands, and the last turn's
/// outcome and times.
#[derive(Default)]
pub struct Summary {
    transcript: Vec<String>,
    commands: Vec<Command>,
    reply: Vec<String>,
    outcome: Option<Outcome>,
    timings: Timings,
}

impl Summary {
    /// Takes a notice into account.
    pub fn add(&mut self, notice: &Notice) {
        match notice {
            Notice::Transcript { text, .. } => self.transcript.push(text.clone()),
            Notice::Command { command, .. } => self.commands.push(command.clone()),
            Notice::Reply { text, .. } => self.reply.push(text.clone()),
            Notice::TurnEnded { outcome, timings, .. } => {
                self.outcome = Some(*outcome);
                self.timings = timings.clone();
            }
            _ => {}
        }
    }

    /// Delays of the last turn in milliseconds.
    pub fn delays(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.timings.delays()
    }

    /// All words heard.
    pub fn transcript(&self) -> String {
        self.transcript.join(" ")
    }

    fn outcome(&self) -> String {
        self.outcome.map_or_else(|| "unclear".to_owned(), |outcome| outcome.to_string())
    }

    fn line<'a>(&'a self, file: &'a str) -> SummaryLine<'a> {
        SummaryLine {
            file,
            event: "summary",
            transcript: self.transcript(),
            commands: &self.commands,
            outcome: self.outcome(),
            latency: Latency(self.delays().collect()),
        }
    }

    fn describe(&self, file: &str) -> String {
        let commands: Vec<String> = self.commands.iter().map(ToString::to_string).collect();
        let delays: Vec<String> = self.delays().map(|(name, ms)| format!("{name} {ms:.0} ms")).collect();
        format!(
            "{file}\n  heard    {}\n  command  {}\n  outcome  {}\n  reply    {}\n  latency  {}\n",
            self.transcript(),
            if commands.is_empty() { "-".to_owned() } else { commands.join(" ; ") },
            self.outcome(),
            self.reply.join(" "),
            delays.join(", ")
        )
    }
}
