//! Spoken commands through the whole pipeline, on the real models.

use std::time::Duration;

use carvoice_audio::write_wav;
use carvoice_core::audio::SAMPLE_RATE;
use carvoice_tests::cli::carvoice;
use carvoice_tests::speech::{say, say_between};
use serde_json::Value;
use tempfile::TempDir;

const SPOKEN: &str = include_str!("spoken.toml");

/// `intent slot=value …` of a command in JSON.
fn words(command: &Value) -> String {
    let slots = command["slots"].as_object().unwrap().iter();
    let slots = slots.map(|(name, value)| format!(" {name}={}", value.to_string().trim_matches('"')));
    format!("{}{}", command["intent"].as_str().unwrap(), slots.collect::<String>())
}

fn summaries(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["event"] == "summary").collect()
}

#[test]
fn spoken_commands_come_out_right() {
    let spoken = SPOKEN.parse::<toml::Table>().unwrap();
    let spoken = spoken["spoken"].as_array().unwrap();
    let folder = TempDir::new().unwrap();
    let files: Vec<String> = spoken
        .iter()
        .enumerate()
        .map(|(number, one)| {
            let path = folder.path().join(format!("{number:02}.wav"));
            let quarter = Duration::from_millis(250);
            write_wav(&path, &say_between(quarter, one["text"].as_str().unwrap(), quarter), SAMPLE_RATE)
                .unwrap();
            path.display().to_string()
        })
        .collect();
    let mut arguments = vec!["replay", "--fast", "--json"];
    arguments.extend(files.iter().map(String::as_str));
    let run = carvoice(&arguments, "");
    assert_eq!(run.status, 0, "{}", run.err);
    let lines = run.json();
    let summaries = summaries(&lines);
    assert_eq!(summaries.len(), spoken.len());
    let mut wrong = Vec::new();
    for (one, summary) in spoken.iter().zip(summaries) {
        let expected: Vec<&str> =
            one["commands"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
        let got: Vec<String> = summary["commands"].as_array().unwrap().iter().map(words).collect();
        if got != expected {
            wrong.push(format!("{}: {got:?} from {}", one["text"], summary["transcript"]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_replay_tells_what_happens_in_order_and_keeps_the_reply() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("command.wav");
    write_wav(&file, &say("Open the boot."), SAMPLE_RATE).unwrap();
    let out = folder.path().join("replies");
    let (file, out_text) = (file.display().to_string(), out.display().to_string());
    let run = carvoice(
        &["replay", &file, "--fast", "--json", "--out", &out_text, "--set", "vehicle.speed_kmh=50"],
        "",
    );
    assert_eq!(run.status, 0, "{}", run.err);
    let lines = run.json();
    let events: Vec<&str> =
        lines.iter().filter_map(|line| line["event"].as_str()).filter(|event| *event != "state").collect();
    assert_eq!(
        events,
        [
            "turn_started",
            "partial_transcript",
            "transcript",
            "reply",
            "speaking_started",
            "speaking_ended",
            "turn_ended",
            "summary"
        ]
    );
    let summary = lines.last().unwrap();
    assert_eq!(
        (&summary["outcome"], &summary["commands"]),
        (&Value::from("refused"), &serde_json::json!([]))
    );
    for key in ["end_of_speech_to_endpoint", "end_of_speech_to_first_audio"] {
        assert!(summary["latency"][key].as_f64().unwrap() > 0.0, "{key}: {summary}");
    }
    // Zero where the words were known before the utterance ended.
    assert!(summary["latency"]["endpoint_to_transcript"].as_f64().unwrap() >= 0.0, "{summary}");
    assert!(out.join("command.reply.wav").exists());
}

#[test]
fn silence_is_no_command() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("silence.wav");
    write_wav(&file, &vec![0.0; SAMPLE_RATE as usize], SAMPLE_RATE).unwrap();
    let run = carvoice(&["replay", "--fast", "--json", file.to_str().unwrap()], "");
    assert_eq!(run.status, 0, "{}", run.err);
    assert_eq!(summaries(&run.json())[0]["commands"], serde_json::json!([]));
}
