//! What every [`Transcriber`] does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use carvoice_core::audio::{SAMPLE_RATE, Speech};
use carvoice_core::engine::{Cancel, EngineError, Transcriber, Transcript, TurnId};

/// Runs the whole suite with `speech` that says `words`, in lower case and without punctuation.
///
/// # Panics
/// When the engine breaks the contract.
pub fn suite(engine: &mut dyn Transcriber, speech: &Speech, words: &str) {
    hears(engine, speech, words);
    hears_nothing_in_nothing(engine);
    refuses_what_is_too_long(engine);
    hears(engine, speech, words);
    stops_when_cancelled(engine, speech);
    hears(engine, speech, words);
    bears_any_samples(engine);
    hears(engine, speech, words);
}

/// Lower-case words without punctuation, with single spaces.
#[must_use]
pub fn plain(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '\'');
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

fn hears(engine: &mut dyn Transcriber, speech: &Speech, words: &str) {
    let transcript = engine.transcribe(speech, &Cancel::never()).expect("speech is transcribed");
    assert_eq!(plain(&transcript.text), words);
    assert_eq!(transcript.text.trim(), transcript.text);
    assert!(transcript.confidence > 0.0 && transcript.confidence <= 1.0, "{transcript:?}");
}

fn hears_nothing_in_nothing(engine: &mut dyn Transcriber) {
    let transcript = engine.transcribe(&Speech::from([]), &Cancel::never()).expect("no speech is no error");
    assert_eq!(transcript, Transcript::default());
}

fn refuses_what_is_too_long(engine: &mut dyn Transcriber) {
    let speech = vec![0.0; 30 * SAMPLE_RATE as usize + 1].into();
    let result = engine.transcribe(&speech, &Cancel::never());
    assert!(matches!(result, Err(EngineError::Failed(_))), "{result:?}");
}

fn stops_when_cancelled(engine: &mut dyn Transcriber, speech: &Speech) {
    let current = Arc::new(AtomicU64::new(1));
    let cancel = Cancel::new(TurnId(1), Arc::clone(&current));
    assert!(engine.transcribe(speech, &cancel).is_ok(), "the turn is not over");
    current.store(2, Ordering::Release);
    let result = engine.transcribe(speech, &cancel);
    assert!(matches!(result, Err(EngineError::Cancelled)), "{result:?}");
}

fn bears_any_samples(engine: &mut dyn Transcriber) {
    for samples in [
        vec![0.1],
        vec![f32::NAN; 1_000],
        vec![f32::INFINITY; 20_000],
        [f32::NEG_INFINITY, 0.3, f32::MAX, f32::MIN_POSITIVE].repeat(5_000),
    ] {
        let transcript =
            engine.transcribe(&samples.into(), &Cancel::never()).expect("broken samples are borne");
        assert!((0.0..=1.0).contains(&transcript.confidence), "{transcript:?}");
    }
}
