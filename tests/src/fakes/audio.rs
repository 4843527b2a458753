//! A microphone and a loudspeaker that follow a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use carvoice_core::engine::{AudioError, AudioSink, AudioSource};

/// Gives what the script says, one step per read; a step longer than the read is given in parts.
/// After the script the device is gone.
#[derive(Debug, Default)]
pub struct ScriptedSource {
    /// Pieces of sound and errors, in order. An empty piece is silence from the device.
    pub steps: VecDeque<Result<Vec<f32>, AudioError>>,
}

impl ScriptedSource {
    /// A source that gives these pieces of sound.
    #[must_use]
    pub fn new(pieces: impl IntoIterator<Item = Vec<f32>>) -> Self {
        Self { steps: pieces.into_iter().map(Ok).collect() }
    }
}

impl AudioSource for ScriptedSource {
    fn read(&mut self, out: &mut [f32], _wait: Duration) -> Result<usize, AudioError> {
        if out.is_empty() && !self.steps.is_empty() {
            return Ok(0);
        }
        let mut piece =
            self.steps.pop_front().unwrap_or_else(|| Err(AudioError::Gone("the script".into())))?;
        let count = piece.len().min(out.len());
        out[..count].copy_from_slice(&piece[..count]);
        if count < piece.len() {
            self.steps.push_front(Ok(piece.split_off(count)));
        }
        Ok(count)
    }
}

/// Keeps what is written in a queue until the test plays it. Clones share one loudspeaker, so that
/// the test can watch what the pipeline does.
#[derive(Clone, Debug, Default)]
pub struct ScriptedSink(Arc<Mutex<Loudspeaker>>);

/// State of a [`ScriptedSink`].
#[derive(Debug, Default)]
pub struct Loudspeaker {
    /// Written and not yet played.
    pub queue: VecDeque<f32>,
    /// Played, in order.
    pub played: Vec<f32>,
    /// How often it was stopped.
    pub stops: usize,
    /// What goes wrong at the next writes; when empty, nothing does.
    pub errors: VecDeque<AudioError>,
}

impl ScriptedSink {
    /// Samples per second.
    pub const SAMPLE_RATE: u32 = 24_000;

    /// Looks at the loudspeaker, or breaks it.
    pub fn with<T>(&self, look: impl FnOnce(&mut Loudspeaker) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    /// Plays so much of the queue.
    pub fn play(&self, time: Duration) {
        self.with(|loudspeaker| {
            let samples = (time.as_secs_f64() * f64::from(Self::SAMPLE_RATE)) as usize;
            let count = samples.min(loudspeaker.queue.len());
            loudspeaker.played.extend(loudspeaker.queue.drain(..count));
        });
    }
}

impl AudioSink for ScriptedSink {
    fn sample_rate(&self) -> u32 {
        Self::SAMPLE_RATE
    }

    fn write(&mut self, samples: &[f32]) -> Result<(), AudioError> {
        self.with(|loudspeaker| match loudspeaker.errors.pop_front() {
            Some(error) => Err(error),
            None => {
                loudspeaker.queue.extend(samples);
                Ok(())
            }
        })
    }

    fn stop(&mut self) {
        self.with(|loudspeaker| {
            loudspeaker.queue.clear();
            loudspeaker.stops += 1;
        });
    }

    fn queued(&self) -> Duration {
        let samples = self.with(|loudspeaker| loudspeaker.queue.len());
        Duration::from_secs_f64(samples as f64 / f64::from(Self::SAMPLE_RATE))
    }
}
