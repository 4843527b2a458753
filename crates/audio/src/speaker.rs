//! The loudspeaker.

use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use carvoice_core::engine::{AudioError, AudioSink};
use cpal::{BufferSize, Device};
use rodio::{ChannelCount, DeviceSinkBuilder, DeviceSinkError, MixerDeviceSink, SampleRate, Source};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::device::{Direction, Selection, classify, find, is_passing, quietly};
use crate::echo::Reference;
use crate::real_time;

/// Parts of a second that the ring holds: what [`AudioSink::write`] runs ahead of the loudspeaker.
/// Short, as the writer looks for a cancelled turn only between writes.
const RING_PARTS: u32 = 2;

/// A device that takes nothing for so long is taken for gone.
const STARVATION: Duration = Duration::from_secs(3);

/// Periods per second asked of the device, i.e. 25 ms each: a sound system queues two of them, and that is
/// how long a voice goes on after it was stopped.
const PERIODS_PER_SECOND: u32 = 40;

/// How often a full ring is looked at.
const POLL: Duration = Duration::from_millis(5);

/// A loudspeaker. Samples go through a ring into a source that never ends, so that the device stays
/// open and a reply starts within one period.
///
/// After an error this value stays unusable: open a new one.
pub struct Speaker {
    // Before the ring, so that the callback has ended when the ring goes.
    _sink: MixerDeviceSink,
    name: String,
    sample_rate: NonZero<u32>,
    ring: Producer<f32>,
    state: Arc<State>,
    failure: Arc<OnceLock<cpal::Error>>,
    /// Samples ever written.
    written: u64,
}

/// What writer and callback share.
#[derive(Default)]
struct State {
    /// Samples ever taken from the ring.
    taken: AtomicU64,
    /// Samples before this count are dropped instead of played.
    play_from: AtomicU64,
}

impl Speaker {
    /// Opens a loudspeaker for mono samples at `sample_rate` per second. What it plays is told to
    /// `reference` at the moment when it leaves for the sound system.
    ///
    /// # Errors
    /// [`AudioError::Gone`] without such a device, [`AudioError::Busy`] when another program holds
    /// it, and whatever else the sound system says.
    pub fn open(selection: &Selection, sample_rate: u32, reference: &Reference) -> Result<Self, AudioError> {
        let Some(sample_rate) = NonZero::new(sample_rate) else {
            return Err(AudioError::Unsupported("a loudspeaker needs a sample rate above 0".into()));
        };
        quietly(|| Self::start(selection, sample_rate, reference))
    }

    fn start(
        selection: &Selection,
        sample_rate: NonZero<u32>,
        reference: &Reference,
    ) -> Result<Self, AudioError> {
        let (_, device, name) = find(selection, Direction::Output)?;
        let failure = Arc::new(OnceLock::new());
        let mut sink = open_sink(&device, sample_rate, &failure).map_err(|error| refused(&error, &name))?;
        sink.log_on_drop(false);
        let (ring, consumer) = RingBuffer::new((sample_rate.get() / RING_PARTS).max(1) as usize);
        let state = Arc::new(State::default());
        let played = reference.connect(sample_rate);
        sink.mixer().add(RingSource {
            ring: consumer,
            played,
            state: state.clone(),
            sample_rate,
            taken: 0,
            asked: false,
        });
        tracing::debug!(device = name, config = ?sink.config(), "loudspeaker open");
        Ok(Self { _sink: sink, name, sample_rate, ring, state, failure, written: 0 })
    }

    fn check(&self) -> Result<(), AudioError> {
        self.failure.get().map_or(Ok(()), |error| Err(classify(error, &self.name)))
    }
}

impl AudioSink for Speaker {
    fn sample_rate(&self) -> u32 {
        self.sample_rate.get()
    }

    fn write(&mut self, samples: &[f32]) -> Result<(), AudioError> {
        let mut rest = samples;
        let mut last_progress = Instant::now();
        loop {
            self.check()?;
            let before = rest.len();
            rest = self.ring.push_partial_slice(rest).1;
            self.written += (before - rest.len()) as u64;
            if rest.is_empty() {
                return Ok(());
            }
            if rest.len() < before {
                last_progress = Instant::now();
            }
            if last_progress.elapsed() >= STARVATION {
                return Err(AudioError::Gone(self.name.clone()));
            }
            thread::sleep(POLL);
        }
    }

    fn stop(&mut self) {
        self.state.play_from.store(self.written, Ordering::Release);
    }

    /// What the ring still holds; the device has up to two periods (50 ms) more.
    fn queued(&self) -> Duration {
        let gone = self.state.taken.load(Ordering::Acquire).max(self.state.play_from.load(Ordering::Relaxed));
        let left = self.written.saturating_sub(gone);
        Duration::from_secs_f64(left as f64 / f64::from(self.sample_rate.get()))
    }
}

/// The callback's end of the ring. Runs on the sound system's thread: no lock, no allocation, no log.
struct RingSource {
    ring: Consumer<f32>,
    /// What was played, silence included. Full where nobody listens.
    played: Producer<f32>,
    state: Arc<State>,
    sample_rate: NonZero<u32>,
    taken: u64,
    /// Whether real-time priority was asked for.
    asked: bool,
}

impl Iterator for RingSource {
    type Item = f32;

    /// The next sample; silence when there is none. Never ends.
    fn next(&mut self) -> Option<f32> {
        if !self.asked {
            self.asked = true;
            real_time::ask();
        }
        let play_from = self.state.play_from.load(Ordering::Acquire);
        if self.taken < play_from {
            let stale = usize::try_from(play_from - self.taken).unwrap_or(usize::MAX);
            let stale = stale.min(self.ring.slots());
            if let Ok(chunk) = self.ring.read_chunk(stale) {
                chunk.commit_all();
                self.taken += stale as u64;
            }
        }
        let sample = match self.ring.pop() {
            Ok(sample) => {
                self.taken += 1;
                sample
            }
            Err(_) => 0.0,
        };
        self.state.taken.store(self.taken, Ordering::Release);
        let _ = self.played.push(sample);
        Some(sample)
    }
}

impl Source for RingSource {
    fn current_span_len(&self) -> Option<usize> {
        None
    }

    fn channels(&self) -> ChannelCount {
        ChannelCount::MIN
    }

    fn sample_rate(&self) -> SampleRate {
        self.sample_rate
    }

    fn total_duration(&self) -> Option<Duration> {
        None
    }
}

/// A stream in the voice's own format, else in the device's: the mixer then converts.
fn open_sink(
    device: &Device,
    sample_rate: NonZero<u32>,
    failure: &Arc<OnceLock<cpal::Error>>,
) -> Result<MixerDeviceSink, DeviceSinkError> {
    let builder = || {
        let failure = failure.clone();
        Ok(DeviceSinkBuilder::from_device(device.clone())?.with_error_callback(move |error: cpal::Error| {
            if !is_passing(&error) {
                // The first failure is the one to tell.
                let _ = failure.set(error);
            }
        }))
    };
    let period = BufferSize::Fixed((sample_rate.get() / PERIODS_PER_SECOND).max(1));
    let own = builder()?.with_channels(ChannelCount::MIN).with_sample_rate(sample_rate);
    let own = own.with_buffer_size(period).open_stream();
    own.or_else(|_| builder()?.open_stream())
}

fn refused(error: &DeviceSinkError, name: &str) -> AudioError {
    match error {
        DeviceSinkError::PlayError(cause)
        | DeviceSinkError::DefaultSinkConfigError(cause)
        | DeviceSinkError::BuildError(cause)
        | DeviceSinkError::SupportedConfigsError(cause) => classify(cause, name),
        DeviceSinkError::NoDevice => AudioError::Gone(name.to_owned()),
        DeviceSinkError::UnsupportedSampleFormat => AudioError::Unsupported(format!(
            "the audio device {name} has an unknown sample format; choose another device"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> (Producer<f32>, RingSource, Arc<State>) {
        let (producer, ring) = RingBuffer::new(8);
        let state = Arc::new(State::default());
        let sample_rate = NonZero::<u32>::MIN;
        let played = Reference::default().connect(sample_rate);
        (
            producer,
            RingSource { ring, played, state: state.clone(), sample_rate, taken: 0, asked: false },
            state,
        )
    }

    #[test]
    fn an_empty_ring_is_silence_and_not_the_end() {
        let (mut producer, mut source, state) = source();
        assert_eq!(source.next(), Some(0.0));
        producer.push(0.5).unwrap();
        assert_eq!((source.next(), source.next()), (Some(0.5), Some(0.0)));
        assert_eq!(state.taken.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_stop_drops_what_was_written_before_it_and_nothing_after() {
        let (mut producer, mut source, state) = source();
        producer.push_entire_slice(&[0.1, 0.2, 0.3]).unwrap();
        assert_eq!(source.next(), Some(0.1));
        state.play_from.store(3, Ordering::Relaxed);
        producer.push_entire_slice(&[0.9]).unwrap();
        assert_eq!((source.next(), source.next()), (Some(0.9), Some(0.0)));
        assert_eq!(state.taken.load(Ordering::Relaxed), 4);
    }
}
