//! What every [`Synthesizer`] does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use carvoice_core::engine::{Cancel, EngineError, Synthesizer, TurnId};

/// Runs the whole suite.
///
/// # Panics
/// When the engine breaks the contract.
pub fn suite(engine: &mut dyn Synthesizer) {
    speaks(engine);
    repeats_itself(engine);
    says_nothing_when_there_is_nothing_to_say(engine);
    stops_when_cancelled(engine);
    speaks(engine);
}

fn say(engine: &mut dyn Synthesizer, text: &str) -> Vec<f32> {
    let mut samples = Vec::new();
    engine
        .synthesize(text, &Cancel::never(), &mut |chunk| {
            assert!(!chunk.is_empty(), "an empty chunk");
            samples.extend_from_slice(chunk);
        })
        .expect("plain words are said");
    samples
}

fn speaks(engine: &mut dyn Synthesizer) {
    let samples = say(engine, "The window is open.");
    assert!(engine.sample_rate() >= 16_000);
    assert!(samples.len() > engine.sample_rate() as usize / 20, "only {} samples", samples.len());
    assert!(samples.iter().all(|sample| sample.is_finite() && sample.abs() <= 1.0), "samples out of range");
    assert!(samples.iter().any(|sample| sample.abs() > 0.01), "silence");
}

fn repeats_itself(engine: &mut dyn Synthesizer) {
    assert!(
        say(engine, "Twenty one degrees.") == say(engine, "Twenty one degrees."),
        "two versions of one sentence"
    );
}

fn says_nothing_when_there_is_nothing_to_say(engine: &mut dyn Synthesizer) {
    for text in ["", "   ", "\n", "🚗💨", "…!?", "\u{0}\u{7}"] {
        assert!(say(engine, text).is_empty(), "{text:?} was said");
    }
}

fn stops_when_cancelled(engine: &mut dyn Synthesizer) {
    let current = Arc::new(AtomicU64::new(1));
    let cancel = Cancel::new(TurnId(1), Arc::clone(&current));
    let text = "The first sentence is said. The second sentence is not said at all. ".repeat(20);
    let mut chunks = 0;
    let result = engine.synthesize(&text, &cancel, &mut |_| {
        chunks += 1;
        current.store(2, Ordering::Release);
    });
    assert!(matches!(result, Err(EngineError::Cancelled)), "{result:?}");
    assert_eq!(chunks, 1, "chunks after the cancellation");

    let result = engine.synthesize("Too late.", &cancel, &mut |_| chunks += 1);
    assert!(matches!(result, Err(EngineError::Cancelled)), "{result:?}");
    assert_eq!(chunks, 1, "chunks of a cancelled turn");
}
