//! What every [`AudioSource`] and every [`AudioSink`] does.

use std::time::{Duration, Instant};

use carvoice_core::engine::{AudioError, AudioSink, AudioSource};

/// Longest wait for a piece of sound.
const WAIT: Duration = Duration::from_millis(100);

/// Reads a source to its end, or until it gave `enough` samples, and gives what was heard.
///
/// # Panics
/// When the source breaks the contract.
pub fn source(source: &mut dyn AudioSource, enough: usize) -> Vec<f32> {
    const UNTOUCHED: f32 = 9.0;
    assert_eq!(source.read(&mut [], WAIT).expect("a read of nothing"), 0);
    let mut heard = Vec::new();
    let start = Instant::now();
    // Sizes that fit no block of anything.
    for size in [1, 333, 512, 7, 1_600].into_iter().cycle() {
        let mut out = vec![UNTOUCHED; size];
        match source.read(&mut out, WAIT) {
            Ok(count) => {
                let (fresh, rest) = out.split_at(count);
                assert!(rest.iter().all(|&sample| sample == UNTOUCHED), "written beyond the count");
                assert!(fresh.iter().all(|sample| sample.abs() <= 1.0), "out of range, or no number");
                heard.extend_from_slice(fresh);
            }
            Err(AudioError::Gone(name)) => {
                assert!(!name.is_empty(), "nameless");
                let again = source.read(&mut [0.0; 8], WAIT);
                assert!(matches!(again, Err(AudioError::Gone(_))), "came back: {again:?}");
                return heard;
            }
            Err(error) => panic!("{error}"),
        }
        assert!(start.elapsed() < Duration::from_secs(20), "neither sound nor an end");
        if heard.len() >= enough {
            return heard;
        }
    }
    heard
}

/// Writes to a sink, stops it and writes again; `play` lets time pass for sinks that need to be told.
///
/// # Panics
/// When the sink breaks the contract.
pub fn sink(sink: &mut dyn AudioSink, play: &mut dyn FnMut(Duration)) {
    let rate = sink.sample_rate();
    assert!(rate >= 8_000, "{rate}");
    let part = vec![0.1; rate as usize / 10];

    sink.write(&[]).expect("nothing is always taken");
    assert_eq!(sink.queued(), Duration::ZERO);
    sink.write(&part).expect("a tenth of a second");
    assert!(sink.queued() <= Duration::from_millis(100), "more than was written: {:?}", sink.queued());

    sink.stop();
    assert_eq!(sink.queued(), Duration::ZERO, "after a stop");
    sink.stop();

    sink.write(&part).expect("speech after a stop");
    let start = Instant::now();
    while sink.queued() > Duration::ZERO {
        play(Duration::from_millis(10));
        assert!(start.elapsed() < Duration::from_secs(10), "still {:?} to play", sink.queued());
    }
}
