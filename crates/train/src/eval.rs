//! `carvoice-train eval`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use crate::engine::{Listener, catalogue};
use crate::figures::{Figures, Row};
use crate::{EngineOptions, plot, sentences};

/// Prints how well the sentences of files are understood.
#[derive(Args)]
pub struct Options {
    /// Files of sentences; crates/train/src/sentences.rs tells the format.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    engine: EngineOptions,
    /// Lists what came out wrong.
    #[arg(long)]
    errors: bool,
    /// Keeps the run for `--against`.
    #[arg(long, value_name = "FILE.json")]
    save: Option<PathBuf>,
    /// Compares with a run kept by `--save`.
    #[arg(long, value_name = "FILE.json")]
    against: Option<PathBuf>,
    /// Draws confidence against the share that is right.
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// The figures as one JSON object.
    #[arg(long)]
    json: bool,
}

/// What `--save` keeps.
#[derive(Serialize, Deserialize)]
struct Run {
    figures: Figures,
    rows: Vec<Row>,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let catalogue = catalogue(&options.engine)?;
    let mut files = Vec::new();
    for file in &options.files {
        files.push((file, sentences::read(&catalogue, file)?));
    }
    let mut listener = Listener::new(&options.engine, &catalogue)?;
    let bar = bar(files.iter().map(|(_, sentences)| sentences.len()).sum());
    let mut rows = Vec::new();
    for (file, sentences) in &files {
        for sentence in sentences {
            rows.push(Row::new(sentence, &name(file), &listener.hear(sentence)?));
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let run = Run { figures: Figures::of(&rows), rows };
    if options.json {
        println!("{}", serde_json::to_string(&run.figures)?);
    } else {
        print(&run, files.len() > 1);
    }
    if options.errors {
        errors(&run.rows);
    }
    if let Some(path) = &options.against {
        compare(&load(path)?, &run);
    }
    if let Some(path) = &options.save {
        let text = serde_json::to_string(&run)?;
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(path) = &options.plot {
        let pairs = run.rows.iter().filter_map(|row| Some((row.confidence?, row.exact)));
        plot::reliability(path, &[("confidence given with the commands", pairs.collect())])?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A progress bar for so many sentences, on standard error.
pub fn bar(number: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} sentences, {eta} left");
    ProgressBar::new(number as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn load(path: &Path) -> anyhow::Result<Run> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{} is not a run kept by --save of this version", path.display()))
}

fn print(run: &Run, by_source: bool) {
    let figures = &run.figures;
    println!("{} sentences", run.rows.len());
    println!("exact                {}", figures.exact);
    println!("intent               {}", figures.intent);
    println!("slot F1              {:5.1} %", 100.0 * figures.slot_f1);
    println!("out-of-domain recall {}", figures.out_of_domain_recall);
    println!("false accepts        {}", figures.false_accepts);
    println!("commands lost        {}", figures.lost);
    println!("wrong actions        {}", figures.wrong_actions);
    println!("calibration error    {:.3}", figures.calibration_error);
    println!("time                 p50 {:.1} ms, p95 {:.1} ms", figures.p50_ms, figures.p95_ms);
    if by_source {
        breakdown("file", &run.rows, |row| &row.source);
    }
    breakdown("domain", &run.rows, |row| &row.domain);
}

fn breakdown(title: &str, rows: &[Row], key: impl Fn(&Row) -> &String) {
    let mut groups: BTreeMap<&String, Vec<Row>> = BTreeMap::new();
    for row in rows {
        groups.entry(key(row)).or_default().push(row.clone());
    }
    println!("\n{title:16} right            wrong actions");
    for (name, rows) in groups {
        let right = rows.iter().filter(|row| row.exact).count();
        let wrong = rows.iter().filter(|row| row.is_wrong_action()).count();
        let share = 100.0 * right as f64 / rows.len() as f64;
        println!("{name:16} {share:5.1} % {:9} {wrong:7}", format!("{right}/{}", rows.len()));
    }
}

fn errors(rows: &[Row]) {
    println!();
    for row in rows.iter().filter(|row| !row.exact) {
        let mark = if row.is_wrong_action() { "WRONG ACTION" } else { &row.verdict };
        println!(
            "{mark:12} {:?}\n             got  {}\n             want {}",
            row.text, row.got, row.expected
        );
    }
}

fn compare(before: &Run, now: &Run) {
    let old: BTreeMap<(&str, &str), &Row> =
        before.rows.iter().map(|row| ((row.source.as_str(), row.text.as_str()), row)).collect();
    let pairs =
        now.rows.iter().filter_map(|row| Some((old.get(&(row.source.as_str(), row.text.as_str()))?, row)));
    let (better, worse): (Vec<_>, Vec<_>) =
        pairs.filter(|(old, row)| old.exact != row.exact).partition(|(_, row)| row.exact);
    println!("\nexact          {} before, {} now", before.figures.exact, now.figures.exact);
    println!("wrong actions  {} before, {} now", before.figures.wrong_actions, now.figures.wrong_actions);
    for (title, pairs) in [("better", better), ("worse", worse)] {
        println!("{} {title}", pairs.len());
        for (old, row) in pairs {
            println!("  {:?}: {} ({}) -> {} ({})", row.text, old.got, old.verdict, row.got, row.verdict);
        }
    }
}
