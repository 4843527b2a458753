//! `carvoice parse`: text to commands, without doing anything.

use std::io::BufRead;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use carvoice_core::engine::{Cancel, Context, Understander};
use carvoice_core::policy::Policy;
use carvoice_core::turn::{Dialogue, MAX_TEXT, Surroundings, assess_in};
use serde::Serialize;

use crate::cli::Parse;
use crate::config::Config;
use crate::output::{Output, milliseconds, rounded};
use crate::{engines, skills};

#[derive(Serialize)]
struct Line<'a> {
    text: &'a str,
    commands: Vec<CommandLine>,
    verdict: &'static str,
    reply: String,
    ms: f64,
}

#[derive(Serialize)]
struct CommandLine {
    intent: String,
    slots: carvoice_core::command::Slots,
    confidence: f64,
}

pub fn run(parse: &Parse, config: &Config, output: Output) -> anyhow::Result<ExitCode> {
    let (catalogue, faults) = skills::load(&config.skills.folders);
    for fault in faults {
        eprintln!("{fault}");
    }
    let mut parser = Parser {
        understander: engines::understander(config, &catalogue),
        policy: engines::policy(&catalogue),
        dialogue: Dialogue::new(Duration::from_secs_f64(config.turn.memory_s)),
        begin: Instant::now(),
        config,
        output,
    };
    if !parse.text.is_empty() {
        parser.line(&parse.text.join(" "))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut input = std::io::stdin().lock();
    let mut bytes = Vec::new();
    while input.read_until(b'\n', &mut bytes).context("cannot read standard input")? > 0 {
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim_end_matches(['\n', '\r']);
        if parse.dialogue && line.trim().is_empty() {
            parser.forget();
        } else {
            parser.line(line)?;
            if !parse.dialogue {
                parser.forget();
            }
        }
        bytes.clear();
    }
    Ok(ExitCode::SUCCESS)
}

struct Parser<'a> {
    understander: Box<dyn Understander>,
    policy: Policy,
    dialogue: Dialogue,
    begin: Instant,
    config: &'a Config,
    output: Output,
}

impl Parser<'_> {
    /// Begins a new conversation.
    fn forget(&mut self) {
        self.dialogue = Dialogue::new(Duration::from_secs_f64(self.config.turn.memory_s));
    }

    fn line(&mut self, text: &str) -> anyhow::Result<()> {
        let length = text.chars().count();
        if length > MAX_TEXT {
            eprintln!(
                "carvoice: {length} characters are too many for one utterance; at most {MAX_TEXT} are read"
            );
        }
        let (begin, now) = (Instant::now(), self.begin.elapsed());
        let context: Context = self.dialogue.context(now);
        let meaning = self.understander.understand(text, &context, &Cancel::never())?;
        let around = Surroundings { car: Some(&self.config.vehicle), ..Surroundings::default() };
        let assessment = assess_in(&self.policy, &mut self.dialogue, &meaning, around, now);
        let commands = assessment.commands.into_iter().map(|(command, confidence)| CommandLine {
            intent: command.intent,
            slots: command.slots,
            confidence: rounded(confidence, 4),
        });
        let line = Line {
            text,
            commands: commands.collect(),
            verdict: assessment.verdict.as_str(),
            reply: assessment.reply,
            ms: milliseconds(begin.elapsed()),
        };
        self.output.line(&line, || line.describe())
    }
}

impl Line<'_> {
    fn describe(&self) -> String {
        let commands: Vec<String> = self
            .commands
            .iter()
            .map(|command| {
                let slots = command.slots.iter().map(|(name, value)| format!(" {name}={value}"));
                format!("{}{}", command.intent, slots.collect::<String>())
            })
            .collect();
        let commands = if commands.is_empty() { "-".to_owned() } else { commands.join(" ; ") };
        format!("{:8} {commands}\n         \"{}\"", self.verdict, self.reply)
    }
}
