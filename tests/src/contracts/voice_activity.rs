//! What every [`VoiceActivity`] does.

use carvoice_core::engine::{EngineError, VoiceActivity};

/// Runs the whole suite with `speech` that begins at once. Every probability in it is 0.0..=1.0.
///
/// # Panics
/// When the engine breaks the contract.
pub fn suite(engine: &mut dyn VoiceActivity, speech: &[f32]) {
    let fresh = probabilities(engine, speech);
    assert!(spoken(&fresh) > 0.5, "speech is not heard: {fresh:?}");
    hears_nothing_in_silence(engine);
    refuses_other_frames(engine);
    engine.reset();
    assert_eq!(probabilities(engine, speech), fresh, "a reset forgets the stream");
    bears_any_samples(engine);
    let after = probabilities(engine, speech);
    assert!(spoken(&after) > 0.5, "deaf after broken samples: {after:?}");
    engine.reset();
    assert_eq!(probabilities(engine, speech), fresh, "a reset forgets broken samples");
}

/// Probability of each whole frame of `sound`.
///
/// # Panics
/// When the engine fails or gives no probability.
pub fn probabilities(engine: &mut dyn VoiceActivity, sound: &[f32]) -> Vec<f32> {
    let frames = sound.chunks_exact(engine.frame());
    frames
        .map(|frame| {
            let probability = engine.push(frame).expect("a frame is judged");
            assert!((0.0..=1.0).contains(&probability), "{probability}");
            probability
        })
        .collect()
}

/// Share of the frames that are more likely speech than not.
#[must_use]
pub fn spoken(probabilities: &[f32]) -> f64 {
    let count = probabilities.iter().filter(|probability| **probability >= 0.5).count();
    count as f64 / probabilities.len().max(1) as f64
}

fn hears_nothing_in_silence(engine: &mut dyn VoiceActivity) {
    engine.reset();
    let sound = vec![0.0; 40 * engine.frame()];
    let silence = probabilities(engine, &sound);
    assert!(spoken(&silence) == 0.0, "{silence:?}");
}

fn refuses_other_frames(engine: &mut dyn VoiceActivity) {
    let size = engine.frame();
    for other in [0, 1, size - 1, size + 1, 3 * size] {
        let result = engine.push(&vec![0.0; other]);
        assert!(matches!(result, Err(EngineError::Failed(_))), "{other}: {result:?}");
    }
    assert!(engine.push(&vec![0.0; size]).is_ok(), "usable after an error");
}

fn bears_any_samples(engine: &mut dyn VoiceActivity) {
    for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN_POSITIVE] {
        let mut frame = vec![0.1; engine.frame()];
        frame[7] = broken;
        probabilities(engine, &frame);
        frame.fill(broken);
        probabilities(engine, &frame);
    }
}
