//! Speech to text with Whisper, through whisper.cpp.

use std::ffi::c_void;
use std::path::Path;

use carvoice_core::audio::{SAMPLE_RATE, Speech, seconds};
use carvoice_core::engine::{Cancel, EngineError, Transcriber, Transcript};
use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState};

use crate::ggml;

/// Whisper's window.
const LONGEST_S: f64 = 30.0;
/// Shorter clips are padded with silence: whisper.cpp gives nothing below 0.1 s and little below a second.
const SHORTEST: usize = SAMPLE_RATE as usize;
/// Encoder positions of the whole window of 30 s, 50 per second.
const FULL_CONTEXT: i32 = 1500;
/// Positions kept beyond the clip. With fewer the decoder repeats itself.
const CONTEXT_MARGIN: i32 = 64;
/// Mean log-probability of the tokens below which a trimmed decode is done again over the whole
/// window: it flags most of the errors that trimming makes, and few right results.
const DOUBTFUL: f64 = -1.0;
/// Below this confidence what Whisper makes up from noise is not believed.
const MADE_UP: f64 = 0.6;
/// A word said this often in a row is a decoder that runs in circles.
const MOST_REPEATS: usize = 5;
const NAME: &str = "whisper-base";

/// What Whisper writes most often when nobody speaks.
const FROM_NOISE: [&str; 9] =
    ["thank you", "thanks for watching", "you", "bye", "thank you for watching", "so", "oh", "okay", "hmm"];

/// A Whisper model and the buffers of one decoder.
pub struct Whisper {
    state: WhisperState,
    params: FullParams<'static, 'static>,
}

impl Whisper {
    /// Loads a ggml file and decodes once, so that the first command is not slower than the others.
    /// `threads` is the number of processor threads.
    ///
    /// # Errors
    /// [`EngineError::Model`] when the file is missing, cut short or another model.
    pub fn load(path: &Path, threads: usize) -> Result<Self, EngineError> {
        whisper_rs::install_logging_hooks();
        ggml::check(path).map_err(|reason| EngineError::model(NAME, reason))?;
        let bad = |reason| EngineError::model(NAME, format!("{}: {reason}", path.display()));
        let mut settings = WhisperContextParameters::default();
        settings.use_gpu(false);
        let context = WhisperContext::new_with_params(path, settings).map_err(bad)?;
        let state = context.create_state().map_err(bad)?;
        let mut whisper = Self { state, params: params(threads) };
        whisper.decode(&vec![0.0; SHORTEST], audio_context(SHORTEST), &Cancel::never())?;
        Ok(whisper)
    }

    /// One pass over `speech` with an encoder context of `positions`.
    fn decode(&mut self, speech: &[f32], positions: i32, cancel: &Cancel) -> Result<Decoded, EngineError> {
        cancel.check()?;
        let mut params = self.params.clone();
        params.set_audio_ctx(positions);
        params.set_max_tokens((8.0 + 8.0 * seconds(speech.len(), SAMPLE_RATE)) as i32);
        // SAFETY: whisper.cpp calls back only while `full` below runs, and `cancel` outlives that call;
        // `stop` only reads it.
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
        decoded.log_prob = if tokens == 0 { f64::NEG_INFINITY } else { sum / f64::from(tokens) };
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
            return Err(EngineError::failed(format!("{length:.0} s of speech; at most {LONGEST_S} s are heard at once")));
        }
        let mut padded = Vec::new();
        let samples: &[f32] = if speech.len() < SHORTEST {
            padded.extend_from_slice(speech);
            padded.resize(SHORTEST, 0.0);
            &padded
        } else {
            speech
        };
        let mut decoded = self.decode(samples, audio_context(samples.len()), cancel)?;
        if decoded.is_doubtful() {
            let again = self.decode(samples, FULL_CONTEXT, cancel)?;
            if again.log_prob > decoded.log_prob || decoded.runs_in_circles() {
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
        (!self.text.is_empty() && self.log_prob < DOUBTFUL) || self.runs_in_circles()
    }

    /// The same word, or pair or triple of words, again and again.
    fn runs_in_circles(&self) -> bool {
        let lower = self.text.to_lowercase();
        let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        (1..=3).any(|period| {
            let mut run = 0;
            words.iter().zip(words.iter().skip(period)).any(|(one, next)| {
                run = if one == next { run + 1 } else { 0 };
                run >= period * MOST_REPEATS
            })
        })
    }

    /// Sounds put into brackets, and the phrases Whisper hears in noise.
    fn is_made_up(&self) -> bool {
        let text = self.text.trim();
        let bracketed = [('[', ']'), ('(', ')'), ('*', '*')]
            .iter()
            .any(|(open, close)| text.starts_with(*open) && text.ends_with(*close));
        let words = text.to_lowercase();
        let words = words.trim_matches(|c: char| !c.is_alphanumeric());
        let confident = self.log_prob.exp() >= MADE_UP;
        bracketed || words.is_empty() || (FROM_NOISE.contains(&words) && !confident) || self.runs_in_circles()
    }

    fn transcript(self) -> Transcript {
        if self.is_made_up() {
            return Transcript::default();
        }
        Transcript { confidence: self.log_prob.exp().clamp(0.0, 1.0), text: self.text }
    }
}

fn params(threads: usize) -> FullParams<'static, 'static> {
    let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    params.set_n_threads(i32::try_from(threads).unwrap_or(1).max(1));
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

/// Encoder positions for a clip: its length, a margin, rounded up to a multiple that the kernels like.
fn audio_context(samples: usize) -> i32 {
    let needed = (seconds(samples, SAMPLE_RATE) * 50.0).ceil() as i32 + CONTEXT_MARGIN;
    ((needed + 63) / 64 * 64).min(FULL_CONTEXT)
}

/// Asked by whisper.cpp between two steps of a decode.
///
/// # Safety
/// `cancel` points to a live [`Cancel`].
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
        assert_eq!(audio_context(16_000), 128);
        assert_eq!(audio_context(5 * 16_000), 320);
        assert_eq!(audio_context(30 * 16_000), FULL_CONTEXT);
    }

    #[test]
    fn what_noise_makes_is_not_believed() {
        for (text, log_prob) in [("[Music]", -0.1), ("(engine revving)", -0.1), ("Thank you.", -1.2), ("...", -0.1)] {
            assert_eq!(decoded(text, log_prob).transcript(), Transcript::default(), "{text}");
        }
        assert_eq!(decoded("Thank you.", -0.1).transcript().text, "Thank you.");
    }

    #[test]
    fn circles_are_seen_and_repeats_are_not() {
        assert!(decoded("mute mute mute mute mute mute mute", -0.1).runs_in_circles());
        assert!(decoded("turn off, turn off, turn off, turn off, turn off, turn off, turn off.", -0.1).runs_in_circles());
        assert!(!decoded("call zero zero zero one two two", -0.1).runs_in_circles());
        assert!(!decoded("no, no, no, twenty two", -0.1).runs_in_circles());
    }
}
