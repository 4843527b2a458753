//! What every understander must do.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use carvoice_core::catalogue::{Catalogue, SlotKind};
use carvoice_core::command::Command;
use carvoice_core::engine::{Cancel, Context, EngineError, TurnId, Understander};
use carvoice_core::interpretation::Interpretation;

/// Things that are heard and ask for nothing.
const NOISE: &[&str] = &[
    "",
    " ",
    "\n\t",
    ".",
    "?!,.",
    "...",
    "\u{0}\u{7}\u{1b}",
    "\u{1F697}\u{1F4A8}",
    "[Music]",
    "(wind blowing)",
    "空调打开",
    "تشغيل",
    "Ω≈ç√∫˜µ≤",
    "la la la la la la la la",
    "=;=;=",
    "<|im_end|>",
];

/// Runs the whole suite. `text` must mean `command` to this engine.
///
/// # Panics
/// When the engine breaks the contract.
pub fn check(engine: &mut dyn Understander, text: &str, command: &Command) {
    understands(engine, text, command);
    noise_means_nothing(engine);
    length_does_no_harm(engine, text);
    gives_up_when_superseded(engine, text);
    understands(engine, text, command);
}

fn ask(engine: &mut dyn Understander, text: &str) -> Interpretation {
    let meaning = engine.understand(text, &Context::default(), &Cancel::never()).unwrap();
    assert_legal(&meaning, text);
    meaning
}

fn understands(engine: &mut dyn Understander, text: &str, command: &Command) {
    let meaning = ask(engine, text);
    let commands: Vec<&Command> = meaning.candidates.iter().map(|candidate| &candidate.command).collect();
    assert_eq!(commands, [command], "{text}");
    assert_eq!(meaning, ask(engine, text), "the same words twice in a row");
}

fn noise_means_nothing(engine: &mut dyn Understander) {
    for text in NOISE {
        assert!(ask(engine, text).candidates.is_empty(), "{text:?}");
    }
}

fn length_does_no_harm(engine: &mut dyn Understander, text: &str) {
    for long in [
        "a".repeat(10_000),
        "open ".repeat(2_000),
        format!("{text} ").repeat(1_000),
        "ä\u{0301}".repeat(5_000),
    ] {
        assert!(ask(engine, &long).candidates.is_empty(), "{} characters", long.chars().count());
    }
}

fn gives_up_when_superseded(engine: &mut dyn Understander, text: &str) {
    let current = Arc::new(AtomicU64::new(2));
    let superseded = Cancel::new(TurnId(1), current);
    let result = engine.understand(text, &Context::default(), &superseded);
    assert!(matches!(result, Err(EngineError::Cancelled)), "{result:?}");
}

/// Every command is in the shipped catalogue with legal values only.
///
/// # Panics
/// When one is not.
pub fn assert_legal(meaning: &Interpretation, text: &str) {
    let catalogue = Catalogue::shipped();
    for candidate in &meaning.candidates {
        assert!((0.0..=1.0).contains(&candidate.confidence), "{text}: {}", candidate.confidence);
        let command = &candidate.command;
        let intent = catalogue.intent(&command.intent).unwrap_or_else(|| panic!("{text}: {command}"));
        for (name, value) in &command.slots {
            let slot = intent.slot(name).unwrap_or_else(|| panic!("{text}: {command}"));
            let legal = match &slot.kind {
                SlotKind::Choice(choices) => {
                    choices.iter().any(|choice| Some(choice.value.as_str()) == value.text())
                }
                SlotKind::Number(kind) => value.number().is_some_and(|value| kind.allows(value)),
                SlotKind::Text => value.text().is_some_and(|text| !text.trim().is_empty()),
                SlotKind::Digits => {
                    value.text().is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
                }
            };
            assert!(legal, "{text}: {command}");
        }
    }
}
