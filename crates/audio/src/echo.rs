//! Echo cancellation: takes what the loudspeaker plays out of what the microphone hears.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aec3::api::config::EchoCanceller3Config;
use aec3::api::control::EchoControl;
use aec3::audio_processing::aec3::echo_canceller3::EchoCanceller3;
use aec3::audio_processing::audio_buffer::AudioBuffer;
use aec3::audio_processing::stream_config::StreamConfig;
use carvoice_core::audio::SAMPLE_RATE;
use carvoice_core::engine::{AudioError, AudioSource};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::resample::Resampler;

/// Samples that the canceller takes at once: 10 ms.
const FRAME: usize = SAMPLE_RATE as usize / 100;

/// Parts of a second that the ring from the loudspeaker holds. The microphone is read every 20 ms.
const RING_PARTS: u32 = 2;

/// Played sound that is always kept ahead of the microphone, so that the loudspeaker may be late a little.
const LEAD: usize = FRAME;

/// How long after the last sound of the loudspeaker the canceller still works: the longest delay that it can
/// find, and the echo's own length.
const TAIL: usize = SAMPLE_RATE as usize;

/// Louder than this is sound; below is what a resampler leaves of silence.
const SILENCE: f32 = 1e-5;

/// What the loudspeaker plays, for the canceller. Clones share it; a loudspeaker that is opened anew takes
/// the place of the one before.
#[derive(Clone, Default)]
pub struct Reference(Arc<Mutex<Option<Tap>>>);

struct Tap {
    ring: Consumer<f32>,
    resampler: Resampler,
}

impl Reference {
    /// The end for the callback of a loudspeaker at this rate.
    pub(crate) fn connect(&self, sample_rate: NonZero<u32>) -> Producer<f32> {
        let (producer, ring) = RingBuffer::new((sample_rate.get() / RING_PARTS).max(1) as usize);
        let resampler = Resampler::new(sample_rate.get(), SAMPLE_RATE);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            resampler.map(|resampler| Tap { ring, resampler });
        producer
    }

    /// Moves to `played` what was played meanwhile.
    fn follow(&self, played: &mut VecDeque<f32>) {
        let mut tap = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Tap { ring, resampler }) = &mut *tap else { return };
        let waiting = ring.slots();
        let full = waiting == ring.buffer().capacity();
        let Ok(chunk) = ring.read_chunk(waiting) else { return };
        let (first, second) = chunk.as_slices();
        let mut fresh = Vec::with_capacity(waiting);
        resampler.push(first, &mut fresh);
        resampler.push(second, &mut fresh);
        chunk.commit_all();
        // A full ring has lost sound: nobody read the microphone. What is left is too old.
        if full {
            played.clear();
        } else {
            played.extend(fresh);
        }
    }
}

/// A microphone without the echo of the loudspeaker, by WebRTC's AEC3.
///
/// Both streams go on in step: for each 10 ms that were heard 10 ms of what was played are taken. The time
/// between the two is found by AEC3 itself, up to half a second. While nothing is played, and one second
/// after, sound passes unchanged and costs nothing. Sound comes up to 18 ms later than without.
pub struct EchoCanceller {
    source: Box<dyn AudioSource>,
    reference: Reference,
    /// What was played and is still to be taken.
    played: VecDeque<f32>,
    /// The least that `played` held during this second of rest.
    spare: usize,
    /// Samples since the last sound of the loudspeaker.
    rested: usize,
    engine: Engine,
    heard: Vec<f32>,
    clean: VecDeque<f32>,
}

impl EchoCanceller {
    /// Listens to `source` without what `reference` plays.
    #[must_use]
    pub fn new(source: Box<dyn AudioSource>, reference: Reference) -> Self {
        Self {
            source,
            reference,
            played: VecDeque::new(),
            spare: usize::MAX,
            rested: TAIL,
            engine: Engine::new(),
            heard: Vec::new(),
            clean: VecDeque::new(),
        }
    }

    /// The next 10 ms of what was played. A loudspeaker that is late gets silence in its place, and is that
    /// much ahead from then on.
    fn next_played(&mut self) -> [f32; FRAME] {
        let mut frame = [0.0; FRAME];
        let count = self.played.len().min(FRAME);
        frame.iter_mut().zip(self.played.drain(..count)).for_each(|(to, from)| *to = from);
        self.spare = self.spare.min(self.played.len());
        frame
    }

    /// Cleans the 10 ms of `frame`.
    fn cancel(&mut self, frame: &mut [f32; FRAME]) {
        let played = self.next_played();
        if played.iter().any(|sample| sample.abs() > SILENCE) {
            (self.rested, self.spare) = (0, usize::MAX);
        } else if self.rested < TAIL {
            self.rested += FRAME;
        } else {
            return self.rest();
        }
        self.engine.cancel(&played, frame);
    }

    /// Once a second of rest, what was never needed is dropped: were it to grow, an echo would come before
    /// its sound. Not while something plays, because it changes the delay.
    fn rest(&mut self) {
        self.rested += FRAME;
        if self.rested >= 2 * TAIL {
            self.played.drain(..self.spare.saturating_sub(LEAD).min(self.played.len()));
            (self.rested, self.spare) = (TAIL, usize::MAX);
        }
    }
}

/// AEC3 with its buffers, at one band of 16 kHz.
struct Engine {
    echo: EchoCanceller3,
    format: StreamConfig,
    render: AudioBuffer,
    capture: AudioBuffer,
}

// SAFETY: only two boxes in `EchoCanceller3` keep it from being `Send`, because their traits do not ask for it:
// the block processor and the near-end detector. aec3 =0.4.0 fills them itself with structs of numbers and
// vectors; it has no shared cell, raw pointer or thread-local there. The version is pinned for this reason.
unsafe impl Send for Engine {}

impl Engine {
    fn new() -> Self {
        let rate = SAMPLE_RATE as usize;
        let buffer = || AudioBuffer::from_sample_rates(rate, 1, rate, 1, rate);
        Self {
            echo: EchoCanceller3::new(EchoCanceller3Config::default(), rate as i32, 1, 1),
            format: StreamConfig::new(rate, 1, false),
            render: buffer(),
            capture: buffer(),
        }
    }

    fn cancel(&mut self, played: &[f32; FRAME], frame: &mut [f32; FRAME]) {
        self.render.copy_from(&[played], &self.format);
        self.echo.analyze_render(&mut self.render);
        self.capture.copy_from(&[frame], &self.format);
        self.echo.analyze_capture(&mut self.capture);
        self.echo.process_capture(&mut self.capture, false);
        self.capture.copy_to_stream(&self.format, &mut [frame]);
    }
}

impl AudioSource for EchoCanceller {
    fn read(&mut self, out: &mut [f32], wait: Duration) -> Result<usize, AudioError> {
        if self.clean.is_empty() {
            let mut samples = [0.0; 2 * FRAME];
            let count = self.source.read(&mut samples, wait)?;
            self.heard.extend(samples.iter().take(count));
            self.reference.follow(&mut self.played);
            let whole = self.heard.len() / FRAME * FRAME;
            let frames: Vec<f32> = self.heard.drain(..whole).collect();
            for frame in frames.as_chunks::<FRAME>().0 {
                let mut frame = *frame;
                self.cancel(&mut frame);
                self.clean.extend(frame);
            }
        }
        let count = out.len().min(self.clean.len());
        out.iter_mut().zip(self.clean.drain(..count)).for_each(|(to, from)| *to = from);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A microphone that hears what was given to it.
    struct Given(VecDeque<f32>);

    impl AudioSource for Given {
        fn read(&mut self, out: &mut [f32], _wait: Duration) -> Result<usize, AudioError> {
            let count = out.len().min(self.0.len());
            out.iter_mut().zip(self.0.drain(..count)).for_each(|(to, from)| *to = from);
            Ok(count)
        }
    }

    /// Noise whose loudness rises and falls like syllables.
    fn babble(seconds: usize) -> Vec<f32> {
        let mut state = 1_u32;
        let noise = |n: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let syllable = (n as f32 * std::f32::consts::TAU * 3.0 / SAMPLE_RATE as f32).sin().max(0.05);
            0.3 * syllable * ((state >> 8) as f32 / 8_388_608.0 - 1.0)
        };
        (0..seconds * SAMPLE_RATE as usize).map(noise).collect()
    }

    /// What is left of `mic` when `played` reaches the reference in pieces of `period` samples.
    fn clean(mic: &[f32], played: &[f32], period: usize) -> Vec<f32> {
        let reference = Reference::default();
        let mut callback = reference.connect(NonZero::new(SAMPLE_RATE).unwrap());
        let mut canceller = EchoCanceller::new(Box::new(Given(mic.iter().copied().collect())), reference);
        let (mut heard, mut given) = (Vec::new(), 0);
        let mut out = [0.0; 2 * FRAME];
        loop {
            // The loudspeaker takes a whole period as soon as the first sample of it is due.
            while given <= heard.len() && given < played.len() {
                let end = (given + period).min(played.len());
                played[given..end].iter().for_each(|sample| callback.push(*sample).unwrap());
                given = end;
            }
            match canceller.read(&mut out, Duration::ZERO).unwrap() {
                0 => return heard,
                count => heard.extend_from_slice(&out[..count]),
            }
        }
    }

    fn echo_of(played: &[f32], delay: usize, gain: f32) -> Vec<f32> {
        let late = vec![0.0; delay];
        late.into_iter().chain(played.iter().map(|sample| gain * sample)).take(played.len()).collect()
    }

    fn decibels(samples: &[f32]) -> f32 {
        10.0 * (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).log10()
    }

    #[test]
    fn an_echo_goes_however_late_it_is() {
        let played = babble(6);
        for (delay, period) in [(800, 320), (1_600, 640), (4_800, 320)] {
            let mic = echo_of(&played, delay, 0.5);
            let left = clean(&mic, &played, period);
            let from = 3 * SAMPLE_RATE as usize;
            let removed = decibels(&mic[from..]) - decibels(&left[from..]);
            assert!(removed > 25.0, "{removed} dB of an echo {delay} samples late");
        }
    }

    #[test]
    fn without_a_sound_from_the_loudspeaker_nothing_is_changed() {
        let mic = babble(2);
        assert_eq!(clean(&mic, &[], 320), mic);
        assert_eq!(clean(&mic, &vec![0.0; mic.len()], 320), mic);
    }

    #[test]
    fn a_voice_beside_the_echo_stays() {
        let played = babble(6);
        let voice: Vec<f32> = (0..played.len())
            .map(|n| if n < 4 * SAMPLE_RATE as usize { 0.0 } else { 0.2 * (n as f32 * 0.2).sin() })
            .collect();
        let mic: Vec<f32> = echo_of(&played, 1_600, 0.3).iter().zip(&voice).map(|(a, b)| a + b).collect();
        let left = clean(&mic, &played, 320);
        let from = 4 * SAMPLE_RATE as usize + 8_000;
        let lost = decibels(&voice[from..]) - decibels(&left[from..]);
        assert!(lost < 6.0, "{lost} dB of the voice");
    }

    #[test]
    fn a_new_loudspeaker_takes_the_place_of_the_old_one() {
        let reference = Reference::default();
        let rate = NonZero::new(SAMPLE_RATE).unwrap();
        let mut old = reference.connect(rate);
        let _new = reference.connect(rate);
        assert!(old.is_abandoned());
        assert!(old.push(0.1).is_ok());
    }
}
