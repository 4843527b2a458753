//! `carvoice skills`: shows and checks manifests.

use std::path::PathBuf;
use std::process::ExitCode;

use carvoice_core::catalogue::{Intent, ManifestError, SlotKind};
use serde::Serialize;

use crate::cli::Skills;
use crate::config::Config;
use crate::output::{Output, status};
use crate::{overlap, skills};

pub fn run(command: &Skills, config: &Config, output: Output) -> anyhow::Result<ExitCode> {
    match command {
        Skills::List => list(config, output),
        Skills::Check { files } => check(files, output),
    }
}

#[derive(Serialize)]
struct IntentLine<'a> {
    intent: &'a str,
    slots: Vec<String>,
    confirm: bool,
    parked_only: bool,
    call: Option<String>,
}

fn list(config: &Config, output: Output) -> anyhow::Result<ExitCode> {
    let (catalogue, faults) = skills::load(&config.skills.folders);
    for intent in catalogue.intents() {
        let line = IntentLine {
            intent: &intent.name,
            slots: intent
                .slots
                .iter()
                .map(|slot| format!("{}{}", slot.name, if slot.required { "" } else { "?" }))
                .collect(),
            confirm: intent.risk.confirm,
            parked_only: intent.risk.parked_only,
            call: calls(intent),
        };
        output.line(&line, || describe(intent, &line))?;
    }
    for fault in &faults {
        eprintln!("{fault}");
    }
    Ok(status(faults.is_empty()))
}

/// Where it goes, in the order of trying.
fn calls(intent: &Intent) -> Option<String> {
    let calls = intent.instead.iter().chain(&intent.call);
    let names: Vec<String> = calls.map(|call| format!("{}.{}", call.interface, call.member.name())).collect();
    Some(names.join(" or ")).filter(|names| !names.is_empty())
}

fn describe(intent: &Intent, line: &IntentLine<'_>) -> String {
    let slots = intent.slots.iter().map(|slot| {
        let range = match &slot.kind {
            SlotKind::Number(number) => format!(" {}–{}", number.min, number.max),
            SlotKind::Choice(choices) => {
                let values: Vec<&str> = choices.iter().map(|choice| choice.value.as_str()).collect();
                format!(" {}", values.join("|"))
            }
            SlotKind::Text | SlotKind::Digits => String::new(),
        };
        format!("{}{}{range}", slot.name, if slot.required { "" } else { "?" })
    });
    let slots: Vec<String> = slots.collect();
    format!("{:30} {:40} {}", line.intent, line.call.as_deref().unwrap_or("-"), slots.join(", "))
}

#[derive(Serialize)]
struct Finding<'a> {
    file: &'a str,
    line: usize,
    message: &'a str,
    column: usize,
    severity: Severity,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    /// The manifest works.
    Warning,
    /// The manifest is refused.
    Error,
}

fn check(files: &[PathBuf], output: Output) -> anyhow::Result<ExitCode> {
    let found = skills::read(files).map_err(|fault| vec![fault]).and_then(|added| {
        let catalogue = skills::with(&added)?;
        Ok(overlap::find(&catalogue, &added))
    });
    let (faults, severity) = match found {
        Ok(overlaps) => (overlaps, Severity::Warning),
        Err(errors) => (errors, Severity::Error),
    };
    for ManifestError { file, line, column, message } in &faults {
        let finding = Finding { file, line: *line, message, column: *column, severity };
        let mark = if severity == Severity::Warning { "warning: " } else { "" };
        output.line(&finding, || format!("{file}:{line}:{column}: {mark}{message}"))?;
    }
    if faults.is_empty() && !output.is_json() {
        println!(
            "{} {} no mistake found",
            files.len(),
            if files.len() == 1 { "manifest," } else { "manifests," }
        );
    }
    Ok(status(faults.is_empty() || severity == Severity::Warning))
}
