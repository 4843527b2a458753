//! Speech to text with Whisper, through whisper.cpp.

use std::borrow::Cow;
use std::ffi::c_void;
use std::fmt::Display;
use std::path::Path;

use carvoice_core::audio::{SAMPLE_RATE, Speech, seconds};
use carvoice_core::engine::{Cancel, EngineError, Transcriber, Transcript};
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperError, WhisperState,
};

use crate::{ggml, hallucination};

/// Whisper's window.
const LONGEST_S: f64 = 30.0;
/// Shorter clips are padded with silence: whisper.cpp gives nothing below 0.1 s and little below a second.
const SHORTEST: usize = SAMPLE_RATE as usize;
/// Encoder positions of the whole window of 30 s, 50 per second.
const FULL_CONTEXT: i32 = 1500;
/// Positions kept beyond the clip. With fewer the decoder repeats itself.
const MARGIN: i32 = 64;
/// The same for a second decode. It mends as many errors as the whole window does, in a quarter of the time.
const WIDE_MARGIN: i32 = 256;
/// Mean log-probability of the tokens below which a clip is decoded again: it flags most of the errors
/// that trimming makes, and few right results.
const DOUBTFUL: f64 = -1.0;
/// Below this confidence what Whisper makes up from noise is not believed.
const MADE_UP: f64 = 0.6;
/// More threads than this only wait for each other.
const MOST_THREADS: usize = 64;
const NAME: &str = "whisper-base";

/// A Whisper model and the buffers of one decoder.
pub struct Whisper {
    state: WhisperState,
    params: FullParams<'static, 'static>,
}

impl Whisper {
    /// Loads a ggml file and decodes once, so that the first command is not slower than the others.
    /// `threads` is the number of processor threads, brought into 1..=64.
    ///
    /// # Errors
    /// [`EngineError::Model`] when the file is missing, cut short or another model.
    pub fn load(path: &Path, threads: usize) -> Result<Self, EngineError> {
        whisper_rs::install_logging_hooks();
        let told = |reason: &dyn Display| EngineError::model(NAME, format!("{}: {reason}", path.display()));
        ggml::check(path).map_err(|reason| told(&reason))?;
        let bad = |reason: WhisperError| told(&reason);
        let mut settings = WhisperContextParameters::default();
        settings.use_gpu(false);
        let context = WhisperContext::new_with_params(path, settings).map_err(bad)?;
        let state = context.create_state().map_err(bad)?;
        let mut whisper = Self { state, params: params(threads) };
        whisper.decode(&vec![0.0; SHORTEST], audio_context(SHORTEST, MARGIN), &Cancel::never())?;
        Ok(whisper)
    }

    /// One pass over `speech` with an encoder context of `positions`.
    fn decode(&mut self, speech: &[f32], positions: i32, cancel: &Cancel) -> Result<Decoded, EngineError> {
        cancel.check()?;
        let mut params = self.params.clone();
        params.set_audio_ctx(positions);
        params.set_max_tokens((8.0 + 8.0 * seconds(speech.len(), SAMPLE_RATE)) as i32);
        // SAFETY: whisper.cpp calls back only while `full` below runs, and `cancel` outlives that call.
        // `stop` only reads it, through atomics, so any thread may call it, and it does not unwind.
        unsafe {
            params.set_abort_callback(Some(stop));
            params.set_abort_callback_user_data(std::ptr::from_ref(cancel).cast_mut().cast());
        }
        let run = self.state.full(params, speech);
        cancel.check()?;
        run.map_err(|reason| EngineError::failed(format!("Whisper: {reason}")))?;
        Ok(self.read())
    }

    fn read(&self) -> Decoded {
        let mut decoded = Decoded::default();
        let (mut sum, mut tokens) = (0.0, 0);
        for segment in self.state.as_iter() {
            decoded.text.push_str(&segment.to_str_lossy().unwrap_or_default());
            for token in (0..segment.n_tokens()).filter_map(|index| segment.get_token(index)) {
                sum += f64::from(token.token_data().plog);
                tokens += 1;
            }
        }
        decoded.text = decoded.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mean = sum / f64::from(tokens);
        decoded.log_prob = if mean.is_nan() { f64::NEG_INFINITY } else { mean };
        decoded
    }
}

impl Transcriber for Whisper {
    fn transcribe(&mut self, speech: &Speech, cancel: &Cancel) -> Result<Transcript, EngineError> {
        if speech.is_empty() {
            return Ok(Transcript::default());
        }
        let length = seconds(speech.len(), SAMPLE_RATE);
        if length > LONGEST_S {
            return Err(EngineError::failed(format!(
                "{length:.0} s of speech; at most {LONGEST_S} s are heard at once"
            )));
        }
        let samples = prepared(speech);
        let mut decoded = self.decode(&samples, audio_context(samples.len(), MARGIN), cancel)?;
        if decoded.is_doubtful() {
            let again = self.decode(&samples, audio_context(samples.len(), WIDE_MARGIN), cancel)?;
            if again.is_better_than(&decoded) {
                decoded = again;
            }
        }
        Ok(decoded.transcript())
    }
}

/// Text as decoded, before it is believed.
#[derive(Clone, Debug, Default, PartialEq)]
struct Decoded {
    text: String,
    /// Mean over the tokens.
    log_prob: f64,
}

impl Decoded {
    fn is_doubtful(&self) -> bool {
        (!self.text.is_empty() && self.log_prob < DOUBTFUL) || hallucination::repeats_itself(&self.text)
    }

    /// Repeats are probable to the decoder, so they are looked at first.
    fn is_better_than(&self, other: &Self) -> bool {
        let circles = |decoded: &Self| hallucination::repeats_itself(&decoded.text);
        match (circles(self), circles(other)) {
            (false, true) => true,
            (true, false) => false,
            _ => self.log_prob > other.log_prob,
        }
    }

    fn transcript(&self) -> Transcript {
        let text = hallucination::without_captions(&self.text);
        let confidence = self.log_prob.exp().clamp(0.0, 1.0);
        let from_noise = hallucination::is_from_noise(&text) && confidence < MADE_UP;
        if text.is_empty() || from_noise || hallucination::repeats_itself(&text) {
            return Transcript::default();
        }
        Transcript { text, confidence }
    }
}

/// Speech as whisper.cpp can bear it: long enough, every sample a number in -1.0..=1.0.
fn prepared(speech: &[f32]) -> Cow<'_, [f32]> {
    let fits = |sample: &f32| (-1.0..=1.0).contains(sample);
    if speech.len() >= SHORTEST && speech.iter().all(fits) {
        return Cow::Borrowed(speech);
    }
    let sound = |sample: &f32| if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
    let mut samples: Vec<f32> = speech.iter().map(sound).collect();
    samples.resize(speech.len().max(SHORTEST), 0.0);
    Cow::Owned(samples)
}

/// Greedy decoding of English. Made once: setting the language leaks its name.
fn params(threads: usize) -> FullParams<'static, 'static> {
    let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    params.set_n_threads(threads.clamp(1, MOST_THREADS) as i32);
    params.set_language(Some("en"));
    params.set_print_special(false);
    params.set_print_progress(false);
    params.set_print_realtime(false);
    params.set_print_timestamps(false);
    params.set_no_context(true);
    // The closing timestamp ends the segment; without timestamps a trimmed context repeats for ever.
    params.set_no_timestamps(false);
    params.set_single_segment(true);
    params.set_temperature_inc(0.0);
    params.set_suppress_blank(true);
    params
}

/// Encoder positions for a clip: its length and a margin, rounded up to a multiple that the kernels like.
fn audio_context(samples: usize, margin: i32) -> i32 {
    let needed = ((seconds(samples, SAMPLE_RATE) * 50.0).ceil() as i32).saturating_add(margin);
    (needed.saturating_add(63) / 64 * 64).clamp(64, FULL_CONTEXT)
}

/// Asked by whisper.cpp between two steps of a decode.
///
/// # Safety
/// `cancel` points to a [`Cancel`] that lives until this returns.
unsafe extern "C" fn stop(cancel: *mut c_void) -> bool {
    // SAFETY: see above.
    unsafe { &*cancel.cast::<Cancel>() }.is_cancelled()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str, log_prob: f64) -> Decoded {
        Decoded { text: text.to_owned(), log_prob }
    }

    #[test]
    fn the_context_covers_the_clip() {
        assert_eq!(audio_context(16_000, MARGIN), 128);
        assert_eq!(audio_context(5 * 16_000, MARGIN), 320);
        assert_eq!(audio_context(5 * 16_000, WIDE_MARGIN), 512);
        assert_eq!(audio_context(30 * 16_000, MARGIN), FULL_CONTEXT);
        assert_eq!(audio_context(usize::MAX, MARGIN), FULL_CONTEXT);
    }

    #[test]
    fn what_noise_makes_is_not_believed() {
        let circles = "Turn off. ".repeat(9);
        let made_up = [("[Music]", -0.1), ("...", -0.1), ("", 0.0), ("Thank you.", -1.2), (&circles, -0.1)];
        for (text, log_prob) in made_up {
            assert_eq!(decoded(text, log_prob).transcript(), Transcript::default(), "{text}");
        }
        assert_eq!(decoded("Thank you.", -0.1).transcript().text, "Thank you.");
        assert_eq!(decoded("Mute it. (music)", -0.1).transcript().text, "Mute it.");
    }

    #[test]
    fn confidence_is_a_probability() {
        for (log_prob, expected) in [(0.1, 1.0), (-0.5, (-0.5_f64).exp()), (f64::NEG_INFINITY, 0.0)] {
            assert_eq!(decoded("Go home.", log_prob).transcript().confidence, expected);
        }
    }

    #[test]
    fn circles_are_never_the_better_text() {
        let (good, poor) = (decoded("Play jazz.", -1.1), decoded("Place them jazz.", -1.4));
        let circles = decoded(&"jazz ".repeat(20), -0.01);
        assert!(good.is_better_than(&poor) && !poor.is_better_than(&good));
        assert!(poor.is_better_than(&circles) && !circles.is_better_than(&poor));
        assert!(circles.is_doubtful() && good.is_doubtful());
        assert!(!decoded("Play jazz.", -0.2).is_doubtful() && !decoded("", -9.0).is_doubtful());
    }

    #[test]
    fn sound_is_made_long_and_tame() {
        let samples = prepared(&[0.5, f32::NAN, f32::INFINITY, -7.0]);
        assert_eq!((samples.len(), &samples[..5]), (SHORTEST, &[0.5, 0.0, 0.0, -1.0, 0.0][..]));
        let plain = vec![0.1; SHORTEST + 1];
        assert!(matches!(prepared(&plain), Cow::Borrowed(same) if same.len() == SHORTEST + 1));
    }
}
