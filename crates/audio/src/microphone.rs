//! The microphone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use carvoice_core::audio::SAMPLE_RATE;
use carvoice_core::engine::{AudioError, AudioSource};
use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{
    BufferSize, Device, FromSample, SampleFormat, SizedSample, Stream, StreamConfig, SupportedBufferSize,
};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::device::{Direction, Selection, Watch, classify, find, is_passing, quietly};
use crate::file::downmix;
use crate::real_time;
use crate::resample::Resampler;

/// Sound that the ring holds: a reader may stall that long, e.g. while a model loads.
const RING: Duration = Duration::from_secs(2);

/// Periods per second asked of the device, i.e. 20 ms each. The defaults of sound systems go up to 2 s.
const PERIODS_PER_SECOND: u32 = 50;

/// A device that gives nothing for so long is taken for gone. Sound servers wake an idle source
/// only after up to 2 s.
const STARVATION: Duration = Duration::from_secs(3);

/// How often the ring is looked at while waiting: a quarter of a period.
const POLL: Duration = Duration::from_millis(5);

/// A microphone in any format, as mono at [`SAMPLE_RATE`].
///
/// The callback of the sound system pushes samples into a ring; conversion happens in
/// [`AudioSource::read`]. When the ring is full the newest sound is dropped and counted. After an
/// error this value stays unusable: open a new one.
pub struct Microphone {
    // Before the rest, so that the callback has ended when the ring goes.
    _stream: Stream,
    name: String,
    ring: Consumer<f32>,
    channels: usize,
    resampler: Resampler,
    dropped: Arc<AtomicU64>,
    failure: Arc<OnceLock<cpal::Error>>,
    last_sound: Instant,
    watch: Option<Watch>,
    interleaved: Vec<f32>,
    mono: Vec<f32>,
    /// Converted and not yet read.
    ready: Vec<f32>,
}

impl Microphone {
    /// Opens and starts a microphone.
    ///
    /// # Errors
    /// [`AudioError::Gone`] without such a device, [`AudioError::Busy`] when another program holds
    /// it, and whatever else the sound system says.
    pub fn open(selection: &Selection) -> Result<Self, AudioError> {
        quietly(|| Self::start(selection))
    }

    fn start(selection: &Selection) -> Result<Self, AudioError> {
        let (host, device, name) = find(selection, Direction::Input)?;
        let failed = |error: cpal::Error| classify(&error, &name);
        let supported = device.default_input_config().map_err(failed)?;
        let mut config = supported.config();
        config.buffer_size = period(supported.sample_rate(), supported.buffer_size());
        let resampler = Resampler::new(config.sample_rate, SAMPLE_RATE).filter(|_| config.channels > 0);
        let resampler = resampler.ok_or_else(|| {
            AudioError::Unsupported(format!("the audio device {name} names no sample rate; choose another"))
        })?;
        let capacity = RING.as_secs() as usize * config.sample_rate as usize * usize::from(config.channels);
        let (producer, ring) = RingBuffer::new(capacity);
        let dropped = Arc::new(AtomicU64::new(0));
        let failure = Arc::new(OnceLock::new());
        let capture = Capture::new(producer, usize::from(config.channels), dropped.clone());
        let stream =
            build(&device, config, supported.sample_format(), capture, failure.clone()).map_err(failed)?;
        stream.play().map_err(failed)?;
        tracing::debug!(device = name, ?config, "microphone open");
        Ok(Self {
            _stream: stream,
            name,
            ring,
            channels: usize::from(config.channels),
            resampler,
            dropped,
            failure,
            last_sound: Instant::now(),
            watch: Watch::new(host, &device),
            interleaved: Vec::new(),
            mono: Vec::new(),
            ready: Vec::new(),
        })
    }

    /// Frames of the device dropped so far because the ring was full (`capture_dropped`). The
    /// counter goes on counting after the microphone was given away.
    #[must_use]
    pub fn dropped(&self) -> Arc<AtomicU64> {
        self.dropped.clone()
    }

    /// Moves what the ring holds through the resampler; false when it held nothing.
    fn convert(&mut self) -> bool {
        let waiting = self.ring.slots() / self.channels * self.channels;
        let Ok(chunk) = self.ring.read_chunk(waiting) else { return false };
        if chunk.is_empty() {
            return false;
        }
        let (first, second) = chunk.as_slices();
        self.interleaved.clear();
        self.interleaved.extend_from_slice(first);
        self.interleaved.extend_from_slice(second);
        chunk.commit_all();
        self.mono.clear();
        downmix(&self.interleaved, self.channels, &mut self.mono);
        self.resampler.push(&self.mono, &mut self.ready);
        true
    }
}

impl AudioSource for Microphone {
    fn read(&mut self, out: &mut [f32], wait: Duration) -> Result<usize, AudioError> {
        let start = Instant::now();
        loop {
            if self.convert() {
                self.last_sound = Instant::now();
            }
            if !self.ready.is_empty() || out.is_empty() {
                let count = out.len().min(self.ready.len());
                out.iter_mut().zip(self.ready.drain(..count)).for_each(|(out, sample)| *out = sample);
                return Ok(count);
            }
            if let Some(error) = self.failure.get() {
                return Err(classify(error, &self.name));
            }
            if self.last_sound.elapsed() >= STARVATION {
                return Err(AudioError::Gone(self.name.clone()));
            }
            if self.watch.as_mut().is_some_and(Watch::is_gone) {
                tracing::warn!(
                    device = self.name,
                    "the microphone left; what the sound system gave in its place is not heard"
                );
                return Err(AudioError::Gone(self.name.clone()));
            }
            let left = wait.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(0);
            }
            thread::sleep(left.min(POLL));
        }
    }
}

/// The callback's end of the ring. Runs on the sound system's thread: no lock, no allocation, no log.
struct Capture {
    ring: Producer<f32>,
    channels: usize,
    dropped: Arc<AtomicU64>,
    /// Whether real-time priority was asked for.
    asked: bool,
}

impl Capture {
    fn new(ring: Producer<f32>, channels: usize, dropped: Arc<AtomicU64>) -> Self {
        Self { ring, channels, dropped, asked: false }
    }

    /// Pushes whole frames, so that a full ring never swaps the channels.
    fn push<T>(&mut self, samples: &[T])
    where
        T: Copy,
        f32: FromSample<T>,
    {
        if !self.asked {
            self.asked = true;
            real_time::ask();
        }
        let room = self.ring.slots() / self.channels * self.channels;
        let fitting = samples.len().min(room);
        if let Ok(chunk) = self.ring.write_chunk_uninit(fitting) {
            chunk.fill_from_iter(samples.iter().map(|&sample| f32::from_sample_(sample)));
        }
        let lost = (samples.len() - fitting) / self.channels;
        if lost > 0 {
            self.dropped.fetch_add(lost as u64, Ordering::Relaxed);
        }
    }
}

/// A period of 20 ms, or the nearest that the device can do.
fn period(rate: u32, supported: &SupportedBufferSize) -> BufferSize {
    let wanted = (rate / PERIODS_PER_SECOND).max(1);
    match *supported {
        SupportedBufferSize::Range { min, max } if min <= max => BufferSize::Fixed(wanted.clamp(min, max)),
        _ => BufferSize::Fixed(wanted),
    }
}

fn build(
    device: &Device,
    config: StreamConfig,
    format: SampleFormat,
    capture: Capture,
    failure: Arc<OnceLock<cpal::Error>>,
) -> Result<Stream, cpal::Error> {
    fn typed<T>(
        device: &Device,
        config: StreamConfig,
        mut capture: Capture,
        failure: Arc<OnceLock<cpal::Error>>,
    ) -> Result<Stream, cpal::Error>
    where
        T: SizedSample,
        f32: FromSample<T>,
    {
        let on_error = move |error: cpal::Error| {
            if !is_passing(&error) {
                // The first failure is the one to tell.
                let _ = failure.set(error);
            }
        };
        device.build_input_stream::<T, _, _>(config, move |samples, _| capture.push(samples), on_error, None)
    }
    match format {
        SampleFormat::I8 => typed::<i8>(device, config, capture, failure),
        SampleFormat::I16 => typed::<i16>(device, config, capture, failure),
        SampleFormat::I24 => typed::<cpal::I24>(device, config, capture, failure),
        SampleFormat::I32 => typed::<i32>(device, config, capture, failure),
        SampleFormat::I64 => typed::<i64>(device, config, capture, failure),
        SampleFormat::U8 => typed::<u8>(device, config, capture, failure),
        SampleFormat::U16 => typed::<u16>(device, config, capture, failure),
        SampleFormat::U24 => typed::<cpal::U24>(device, config, capture, failure),
        SampleFormat::U32 => typed::<u32>(device, config, capture, failure),
        SampleFormat::U64 => typed::<u64>(device, config, capture, failure),
        SampleFormat::F32 => typed::<f32>(device, config, capture, failure),
        SampleFormat::F64 => typed::<f64>(device, config, capture, failure),
        _ => Err(cpal::Error::new(cpal::ErrorKind::UnsupportedConfig)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(capacity: usize, channels: usize) -> (Capture, Consumer<f32>) {
        let (ring, consumer) = RingBuffer::new(capacity);
        (Capture::new(ring, channels, Arc::default()), consumer)
    }

    #[test]
    fn samples_of_every_width_become_minus_one_to_one() {
        let (mut capture, mut ring) = capture(8, 1);
        capture.push(&[i16::MIN, 16_384]);
        capture.push(&[0u8, 192]);
        capture.push(&[-0.25f64]);
        let heard: Vec<f32> = std::iter::from_fn(|| ring.pop().ok()).collect();
        assert_eq!(heard, [-1.0, 0.5, -1.0, 0.5, -0.25]);
    }

    #[test]
    fn a_full_ring_drops_whole_frames_and_counts_them() {
        let (mut capture, mut ring) = capture(5, 2);
        capture.push(&[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!(capture.dropped.load(Ordering::Relaxed), 2);
        capture.push(&[9.0f32, 10.0]);
        assert_eq!(capture.dropped.load(Ordering::Relaxed), 3);
        let heard: Vec<f32> = std::iter::from_fn(|| ring.pop().ok()).collect();
        assert_eq!(heard, [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn the_period_is_20_ms_within_what_the_device_can_do() {
        assert_eq!(period(48_000, &SupportedBufferSize::Unknown), BufferSize::Fixed(960));
        let range = |min, max| SupportedBufferSize::Range { min, max };
        assert_eq!(period(16_000, &range(16, 4_096)), BufferSize::Fixed(320));
        assert_eq!(period(16_000, &range(1_024, 4_096)), BufferSize::Fixed(1_024));
        assert_eq!(period(48_000, &range(16, 512)), BufferSize::Fixed(512));
        assert_eq!(period(10, &range(0, 0)), BufferSize::Fixed(0));
    }
}
