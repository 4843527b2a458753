//! The pipeline's time. In a car it is wall time. In a fast replay it jumps over the waiting for
//! recorded speech to pass, and only over that: while a turn is being worked on it runs as usual, so
//! that latencies are those of a real-time run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use carvoice_core::engine::AudioSource;
use carvoice_core::{audio::SAMPLE_RATE, engine::AudioError};

/// Monotonic time since the pipeline's start. Clones share it.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    start: Instant,
    skipped_us: AtomicU64,
    may_skip: AtomicBool,
    fast: bool,
}

impl Clock {
    pub fn new(fast: bool) -> Self {
        Self(Arc::new(Inner {
            start: Instant::now(),
            skipped_us: AtomicU64::new(0),
            may_skip: AtomicBool::new(false),
            fast,
        }))
    }

    pub fn now(&self) -> Duration {
        self.0.start.elapsed() + Duration::from_micros(self.0.skipped_us.load(Ordering::Acquire))
    }

    /// Whether waiting may be skipped from now on: true while the pipeline only waits for sound.
    pub fn may_skip(&self, may: bool) {
        self.0.may_skip.store(may, Ordering::Release);
    }

    /// Returns at `due`, at once in a fast replay that only waits for sound.
    pub fn wait_until(&self, due: Duration) {
        let left = due.saturating_sub(self.now());
        if left.is_zero() {
            return;
        }
        if self.0.fast && self.0.may_skip.load(Ordering::Acquire) {
            self.0.skipped_us.fetch_add(left.as_micros() as u64, Ordering::AcqRel);
        } else {
            std::thread::sleep(left);
        }
    }
}

/// A recording that gives its samples when they would have been spoken.
pub struct Paced<S> {
    source: S,
    clock: Clock,
    due: Duration,
}

impl<S: AudioSource> Paced<S> {
    pub fn new(source: S, clock: Clock) -> Self {
        Self { source, due: clock.now(), clock }
    }
}

impl<S: AudioSource> AudioSource for Paced<S> {
    fn read(&mut self, out: &mut [f32], wait: Duration) -> Result<usize, AudioError> {
        let samples = self.source.read(out, wait)?;
        self.due += Duration::from_secs_f64(samples as f64 / f64::from(SAMPLE_RATE));
        self.clock.wait_until(self.due);
        Ok(samples)
    }
}
