//! `carvoice memory`: what the driver asked to keep, shown, copied and erased.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use carvoice_core::engine::Memory as _;
use carvoice_core::memory::{Kind, LocalTime, Note};
use carvoice_memory::{Store, damaged};
use serde_json::json;

use crate::cli::Memory;
use crate::config::Config;
use crate::engines::memory_file;
use crate::output::Output;

pub fn run(command: &Memory, config: &Config, output: Output) -> anyhow::Result<ExitCode> {
    let path = memory_file(config).map_err(anyhow::Error::msg)?;
    match command {
        Memory::List(of) => {
            for note in notes(&path, of.kind)? {
                output.line(&note, || told(&note))?;
            }
        }
        Memory::Export(of) => {
            for note in notes(&path, of.kind)? {
                Output::new(true).line(&note, String::new)?;
            }
        }
        Memory::Erase { of, yes } => return erase(&path, of.kind, *yes, output),
    }
    Ok(ExitCode::SUCCESS)
}

/// The notes of a kind, or all. Where there is no file nothing is kept, and none is made.
fn notes(path: &Path, kind: Option<Kind>) -> anyhow::Result<Vec<Note>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let mut notes = Store::open_sound(path)?.load()?;
    notes.retain(|note| kind.is_none_or(|kind| note.kind == kind));
    Ok(notes)
}

fn told(note: &Note) -> String {
    let due = note.due.as_ref().map(LocalTime::to_string).unwrap_or_default();
    let place = note.place.as_ref().map(|place| format!("  {place}")).unwrap_or_default();
    format!("{:8}  {due:19}  {}{place}", note.kind.as_str(), note.text)
}

fn erase(path: &Path, kind: Option<Kind>, yes: bool, output: Output) -> anyhow::Result<ExitCode> {
    let what = kind.map_or("everything that is kept".to_owned(), |kind| format!("every {kind}"));
    if !yes && !agreed(&format!("Erase {what} in {}? [y/N] ", path.display()))? {
        eprintln!("nothing was erased");
        return Ok(ExitCode::FAILURE);
    }
    let mut erased = 0;
    if path.exists() {
        erased = Store::open_sound(path)?.erase(kind)?;
    }
    // A damaged file holds notes of every kind that nobody can tell apart.
    let aside = if kind.is_none() { damaged(path) } else { Vec::new() };
    for file in &aside {
        std::fs::remove_file(file)?;
    }
    output.line(&json!({ "erased": erased, "files": aside.len() }), || match aside.len() {
        0 => format!("{erased} erased"),
        files => format!("{erased} erased, and {files} damaged files"),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Asks on the terminal.
fn agreed(question: &str) -> anyhow::Result<bool> {
    anyhow::ensure!(
        std::io::stdin().is_terminal(),
        "nobody can be asked here; say --yes to erase without a question"
    );
    eprint!("{question}");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
