//! `carvoice demo`: the product at work. Starts a private bus, the simulated car and the service, speaks
//! to the service with the project's own voice, and checks what the car did.

mod cabin;
mod scenes;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use serde::Serialize;

use crate::cli::Demo;
use crate::config::Config;
use crate::engines;
use crate::output::{Output, status};
use cabin::{Cabin, Observed};
use scenes::{SCENES, Scene};

/// Times in the summary, with the names they have in `replay`.
const ACTION: &str = "end_of_speech_to_action";
const FIRST_AUDIO: &str = "end_of_speech_to_first_audio";

#[derive(Serialize)]
struct Line<'a> {
    said: &'a str,
    speed_kmh: f64,
    #[serde(flatten)]
    observed: &'a Observed,
    fault: Option<String>,
}

pub fn run(demo: &Demo, config: &Config, output: Output) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(&demo.out).with_context(|| format!("cannot make {}", demo.out.display()))?;
    let tell = |text: &str| {
        if !output.is_json() {
            println!("{text}");
        }
    };
    tell("Starting a private message bus, the simulated car and the assistant …");
    let mut voice = engines::voice(config).map_err(|reason| anyhow!(reason))?;
    let mut cabin = Cabin::start(&demo.out)?;
    tell(&format!("Ready after {:.1} s.\n", cabin.ready_after.as_secs_f64()));

    let mut faults = 0;
    let mut rows = Vec::new();
    for (number, scene) in SCENES.iter().enumerate() {
        let speech = engines::speech(&mut voice, scene.said)?;
        cabin.drive(scene.speed_kmh)?;
        let observed = cabin.say(&speech)?;
        let fault = scene.fault(&observed);
        faults += usize::from(fault.is_some());
        let line = Line { said: scene.said, speed_kmh: scene.speed_kmh, observed: &observed, fault };
        output.line(&line, || block(number + 1, scene, &line, &demo.out))?;
        rows.push(observed);
    }
    let memory = cabin.peak_memory();
    drop(cabin);
    if !output.is_json() {
        summary(&rows, memory, faults, &demo.out);
        invite(config);
    }
    Ok(status(faults == 0))
}

/// One scene as people read it.
fn block(number: usize, scene: &Scene, line: &Line<'_>, out: &Path) -> String {
    let observed = line.observed;
    let or_none =
        |lines: &[String]| if lines.is_empty() { "-".to_owned() } else { lines.join("\n                 ") };
    let latency = |name: &str| observed.timings.get(name).map_or("-".to_owned(), |ms| format!("{ms:.0} ms"));
    let speed =
        if scene.speed_kmh > 0.0 { format!("at {:.0} km/h", scene.speed_kmh) } else { "parked".to_owned() };
    let reply = observed
        .reply_file
        .as_deref()
        .map_or(String::new(), |file| format!("  ({})", out.join(file).display()));
    let verdict = match &line.fault {
        None => "as expected".to_owned(),
        Some(fault) => format!("NOT AS EXPECTED: {fault}"),
    };
    format!(
        "{number:2}. you say        \"{}\"  ({speed})\n    it hears       \"{}\"  ({:.0} % sure)\n    command        {}\n    \
         the car gets   {}\n    outcome        {}, {verdict}\n    it answers     \"{}\"{reply}\n    \
         latency        end of speech to action {}, to first sound {}\n",
        scene.said,
        observed.transcript,
        observed.confidence * 100.0,
        or_none(&observed.commands).replace("                 ", "                   "),
        or_none(&observed.calls).replace("                 ", "                   "),
        observed.outcome,
        observed.reply,
        latency(ACTION),
        latency(FIRST_AUDIO),
    )
}

fn summary(rows: &[Observed], memory: Option<f64>, faults: usize, out: &Path) {
    println!("{:3} {:44} {:10} {:>10} {:>12}", "", "heard", "outcome", "to action", "first sound");
    for (number, row) in rows.iter().enumerate() {
        let cell = |name: &str| row.timings.get(name).map_or("-".to_owned(), |ms| format!("{ms:.0} ms"));
        let heard: String = row.transcript.chars().take(44).collect();
        println!(
            "{:2}. {heard:44} {:10} {:>10} {:>12}",
            number + 1,
            row.outcome,
            cell(ACTION),
            cell(FIRST_AUDIO)
        );
    }
    let mut actions: Vec<f64> = rows.iter().filter_map(|row| row.timings.get(ACTION).copied()).collect();
    actions.sort_by(f64::total_cmp);
    if let Some(median) = actions.get(actions.len() / 2) {
        println!("\nEnd of speech to D-Bus call: median {median:.0} ms over {} commands.", actions.len());
    }
    if let Some(memory) = memory {
        println!("Peak memory of the service: {memory:.0} MB.");
    }
    println!("Replies: {}/reply-*.wav", out.display());
    match faults {
        0 => println!("All {} scenes went as expected.", rows.len()),
        1 => println!("1 scene did NOT go as expected."),
        _ => println!("{faults} scenes did NOT go as expected."),
    }
}

/// How to go on, with a microphone or without.
fn invite(config: &Config) {
    let program = std::env::args().next().unwrap_or_else(|| "carvoice".to_owned());
    if engines::microphone(config).is_ok() {
        println!(
            "\nThere is a microphone here. Talk to it: in one terminal\n    {program}-vehicle & {program} daemon\n\
             and in another, each time you want to speak,\n    {program} listen"
        );
    } else {
        println!(
            "\nNo microphone was found here. Write to it instead: in one terminal\n    {program}-vehicle & {program} daemon\n\
             and in another\n    {program} ask \"open the window halfway\""
        );
    }
}
