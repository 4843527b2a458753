//! Sentences of the shipped skills, read by their templates. The data lies in `sentences/`, a file per
//! domain; `out_of_domain.toml` holds talk that is no command, `dialogue.toml` conversations.

use std::collections::BTreeMap;
use std::path::Path;

use carvoice_core::car::Side;
use carvoice_core::catalogue::Catalogue;
use carvoice_core::command::{Command, SlotValue};
use carvoice_core::engine::{Context, Pending};
use carvoice_core::interpretation::{Candidate, Problem};
use carvoice_understand::templates::Matcher;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Fewest sentences that each domain must have.
const PER_FAMILY: usize = 8;
/// Fewest lines of talk that is no command.
const OUT_OF_DOMAIN: usize = 150;

#[derive(Deserialize)]
struct Expected {
    #[serde(rename = "do")]
    intent: String,
    problem: Option<String>,
    #[serde(flatten)]
    slots: BTreeMap<String, SlotValue>,
}

#[derive(Deserialize)]
struct Turn {
    say: String,
    #[serde(flatten)]
    expected: Expected,
}

#[derive(Deserialize)]
struct Dialogue {
    turns: Vec<Turn>,
}

#[derive(Deserialize)]
struct Dialogues {
    dialogue: Vec<Dialogue>,
}

fn data<T: DeserializeOwned>(file: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sentences").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn problem(candidate: &Candidate) -> Option<&'static str> {
    candidate.problem.as_ref().map(|problem| match problem {
        Problem::Missing { .. } => "missing",
        Problem::Illegal { .. } => "illegal",
        Problem::Ambiguous { .. } => "ambiguous",
        Problem::NotNow => "not_now",
        Problem::Unsure => "unsure",
        Problem::Implied => "implied",
    })
}

/// `intent slot=value !problem`, one command a line.
fn shown(candidates: &[Candidate]) -> String {
    let line = |candidate: &Candidate| match problem(candidate) {
        Some(problem) => format!("{} !{problem}\n", candidate.command),
        None => format!("{}\n", candidate.command),
    };
    candidates.iter().map(line).collect()
}

fn wanted(expected: &Expected) -> String {
    let command = Command { intent: expected.intent.clone(), slots: expected.slots.clone() };
    match &expected.problem {
        Some(problem) => format!("{command} !{problem}\n"),
        None => format!("{command}\n"),
    }
}

fn check(file: &str) {
    let sentences: BTreeMap<String, Vec<Expected>> = data(file);
    assert!(sentences.len() >= PER_FAMILY, "{file} has only {} sentences", sentences.len());
    let matcher = Matcher::new(&Catalogue::shipped());
    let mut wrong = String::new();
    for (text, expected) in &sentences {
        let expected: String = expected.iter().map(wanted).collect();
        let found = shown(&matcher.read(text, &Context::default()).interpretation.candidates);
        if found != expected {
            wrong += &format!("{text}\n  expected: {expected}  found:    {found}\n");
        }
    }
    assert!(wrong.is_empty(), "{file}\n{wrong}");
}

#[test]
fn climate_sentences() {
    check("climate.toml");
}

#[test]
fn seat_and_steering_wheel_sentences() {
    check("seat.toml");
}

#[test]
fn window_roof_door_and_mirror_sentences() {
    check("body.toml");
}

#[test]
fn light_and_wiper_sentences() {
    check("light.toml");
}

#[test]
fn sound_and_media_sentences() {
    check("media.toml");
}

#[test]
fn navigation_sentences() {
    check("navigation.toml");
}

#[test]
fn telephone_and_message_sentences() {
    check("phone.toml");
}

#[test]
fn car_time_and_assistant_sentences() {
    check("other.toml");
}

#[test]
fn every_intent_has_a_sentence() {
    let files = ["climate", "seat", "body", "light", "media", "navigation", "phone", "other"];
    let sentences: Vec<BTreeMap<String, Vec<Expected>>> =
        files.map(|file| data(&format!("{file}.toml"))).into();
    let tested: Vec<&str> = sentences
        .iter()
        .flat_map(|file| file.values().flatten())
        .map(|expected| expected.intent.as_str())
        .collect();
    let catalogue = Catalogue::shipped();
    let untested: Vec<_> = catalogue
        .intents()
        .iter()
        .map(|intent| &intent.name)
        .filter(|name| !tested.contains(&name.as_str()))
        .collect();
    assert!(untested.is_empty(), "{untested:?}");
}

#[test]
fn talk_is_no_command() {
    let talk: BTreeMap<String, Vec<String>> = data("out_of_domain.toml");
    let lines: Vec<&String> = talk.values().flatten().collect();
    assert!(lines.len() >= OUT_OF_DOMAIN);
    let matcher = Matcher::new(&Catalogue::shipped());
    let mut wrong = String::new();
    for line in lines {
        let reading = matcher.read(line, &Context::default());
        if !reading.interpretation.candidates.is_empty() {
            wrong += &format!("{line}\n  found: {}", shown(&reading.interpretation.candidates));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn conversations_go_on() {
    let Dialogues { dialogue } = data("dialogue.toml");
    let matcher = Matcher::new(&Catalogue::shipped());
    for Dialogue { turns } in dialogue {
        let mut context = Context::default();
        for turn in turns {
            let found = matcher.read(&turn.say, &context).interpretation.candidates;
            let commands: String = found.iter().map(|candidate| format!("{}\n", candidate.command)).collect();
            assert_eq!(commands, wanted(&turn.expected), "{}", turn.say);
            context.pending = found.iter().find_map(|candidate| match &candidate.problem {
                Some(Problem::Missing { slot } | Problem::Illegal { slot, .. }) => {
                    Some(Pending { command: candidate.command.clone(), slot: Some(slot.clone()) })
                }
                _ => None,
            });
            context.recent.extend(
                found.into_iter().filter(|candidate| candidate.problem.is_none()).map(|found| found.command),
            );
        }
    }
}

#[test]
fn the_side_of_the_wheel_decides_what_is_left() {
    let left = Matcher::new(&Catalogue::shipped());
    let right = Matcher::with_steering(&Catalogue::shipped(), Side::Right);
    for (text, on_left, on_right) in [
        ("open the window behind the driver", "rear_left", "rear_right"),
        ("open the left window", "driver", "passenger"),
        ("open the rear left window", "rear_left", "rear_left"),
    ] {
        for (matcher, zone) in [(&left, on_left), (&right, on_right)] {
            let found = matcher.read(text, &Context::default()).interpretation.candidates;
            assert_eq!(found[0].command.slots["zone"].text(), Some(zone), "{text}");
        }
    }
}

#[test]
fn what_is_not_for_the_car_is_left_over() {
    let matcher = Matcher::new(&Catalogue::shipped());
    let reading = matcher.read("open the window and order me a pizza", &Context::default());
    assert_eq!(shown(&reading.interpretation.candidates), "window.set position=100\n");
    assert_eq!(reading.interpretation.left_over.as_deref(), Some("order me a pizza"));
    assert!(reading.cover < 1.0);
}
