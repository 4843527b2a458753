//! Speech for tests, made by the project's own voice: no recording is kept in the repository.
//!
//! Everything here is deterministic: the same arguments give the same samples.

use std::f32::consts::TAU;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use carvoice_audio::Resampler;
use carvoice_core::audio::{SAMPLE_RATE, Speech};
use carvoice_core::engine::{Cancel, Synthesizer};
use carvoice_speak::{Voice, VoiceFiles};

use crate::model;

/// Files of the voice in the model store.
#[must_use]
pub fn voice_files() -> VoiceFiles {
    VoiceFiles {
        network: model("voice-heart.onnx"),
        unknown_words: model("voice-unknown-words.onnx"),
        lexicon: model("voice-lexicon.txt"),
    }
}

/// The voice of the model store, loaded once per process.
///
/// # Panics
/// When it cannot be loaded.
pub fn voice() -> MutexGuard<'static, Voice> {
    static VOICE: OnceLock<Mutex<Voice>> = OnceLock::new();
    VOICE
        .get_or_init(|| Mutex::new(Voice::load(&voice_files()).expect("the voice loads")))
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// `text` as the voice says it, at 16 kHz, with hardly any silence before and after.
///
/// # Panics
/// When the voice fails.
#[must_use]
pub fn say(text: &str) -> Speech {
    let mut voice = voice();
    let mut resampler = Resampler::new(voice.sample_rate(), SAMPLE_RATE);
    let mut speech = Vec::new();
    voice
        .synthesize(text, &Cancel::never(), &mut |samples| match &mut resampler {
            Some(resampler) => resampler.push(samples, &mut speech),
            None => speech.extend_from_slice(samples),
        })
        .expect("the voice speaks");
    if let Some(resampler) = resampler {
        resampler.finish(&mut speech);
    }
    speech.into()
}

/// `text` between silences, as a microphone would hear it in a quiet room.
#[must_use]
pub fn say_between(before: Duration, text: &str, after: Duration) -> Speech {
    [&silence(before)[..], &say(text), &silence(after)].concat().into()
}

/// Digital silence.
#[must_use]
pub fn silence(length: Duration) -> Speech {
    vec![0.0; samples_in(length)].into()
}

/// Noise of a moving car: road rumble falling with frequency, wind, and the harmonics of an engine at
/// 2400 rpm. Root mean square 0.1, that is -20 dBFS.
#[must_use]
pub fn car_noise(length: Duration, seed: u64) -> Speech {
    let mut random = Random(seed);
    let (mut rumble, mut wind) = (0.0_f32, 0.0_f32);
    let mut noise: Vec<f32> = (0..samples_in(length))
        .map(|sample| {
            let seconds = sample as f32 / SAMPLE_RATE as f32;
            // One-pole low-pass filters at 30 Hz and 1 kHz.
            rumble += 0.0117 * (random.next() - rumble);
            wind += 0.325 * (random.next() - wind);
            let engine: f32 =
                (1..=8_u8).map(|h| (TAU * 40.0 * f32::from(h) * seconds).sin() / f32::from(h)).sum();
            10.0 * rumble + 0.3 * wind + 0.05 * engine
        })
        .collect();
    let scale = 0.1 / level(&noise).max(f32::MIN_POSITIVE);
    noise.iter_mut().for_each(|sample| *sample *= scale);
    noise.into()
}

/// `speech` in a moving car: broadband signal-to-noise ratio `snr` in dB, over the whole length.
#[must_use]
pub fn in_car(speech: &[f32], snr: f32, seed: u64) -> Speech {
    let length = Duration::from_secs_f64(speech.len() as f64 / f64::from(SAMPLE_RATE));
    let noise = car_noise(length + Duration::from_millis(1), seed);
    let gain = level(speech) / level(&noise).max(f32::MIN_POSITIVE) / 10.0_f32.powf(snr / 20.0);
    let mixed = speech.iter().zip(&*noise).map(|(speech, noise)| (speech + gain * noise).clamp(-1.0, 1.0));
    mixed.collect::<Vec<_>>().into()
}

/// Root mean square of the samples that are not silent.
fn level(samples: &[f32]) -> f32 {
    let (sum, count) = samples
        .iter()
        .filter(|sample| sample.abs() > 0.001)
        .fold((0.0_f64, 0_u32), |(sum, count), sample| (sum + f64::from(sample * sample), count + 1));
    (sum / f64::from(count.max(1))).sqrt() as f32
}

fn samples_in(length: Duration) -> usize {
    (length.as_secs_f64() * f64::from(SAMPLE_RATE)) as usize
}

/// Uniform noise in -1.0..1.0 (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 40) as f32 / 8_388_608.0 - 1.0
    }
}
