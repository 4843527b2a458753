//! The voice: text in, samples out.

use std::path::PathBuf;

use carvoice_core::engine::{Cancel, EngineError, Synthesizer};
use tracing::debug;

use crate::normalise::{Token, normalise};
use crate::phrase::phrases;
use crate::prompts::Prompts;
use crate::pronounce::Pronouncer;
use crate::sound::{Network, Noise, SAMPLE_RATE, Silence, Vocoder};

/// Sound kept for phrases that are said again: a minute, 5.8 MB.
const PROMPT_SAMPLES: usize = 60 * SAMPLE_RATE as usize;
/// Samples of a kept sound that are given out together: 0.25 s.
const PROMPT_BLOCK: usize = SAMPLE_RATE as usize / 4;
/// Seed of the noise in the voice; any number will do, a fixed one makes replies reproducible.
const SEED: u64 = 1;
/// Paces at which the voice is still understood.
const SPEEDS: std::ops::RangeInclusive<f32> = 0.5..=2.0;

/// Files of a voice, made by `carvoice models fetch`.
#[derive(Clone, Debug)]
pub struct VoiceFiles {
    /// The acoustic network, `voice-heart.onnx`.
    pub network: PathBuf,
    /// The network that reads unknown words, `voice-unknown-words.onnx`.
    pub unknown_words: PathBuf,
    /// Lexicon and phoneme tables, `voice-lexicon.txt`.
    pub lexicon: PathBuf,
}

/// A neural voice at 24 kHz. Speaks American English; the same text always gives the same samples.
pub struct Voice {
    pronouncer: Pronouncer,
    network: Network,
    vocoder: Vocoder,
    prompts: Prompts,
    speed: f32,
    volume: f32,
}

impl Voice {
    /// Loads a voice, which takes one to two seconds.
    ///
    /// # Errors
    /// [`EngineError::Model`] when a file is missing, damaged or of another kind.
    pub fn load(files: &VoiceFiles) -> Result<Self, EngineError> {
        Ok(Self {
            pronouncer: Pronouncer::load(&files.lexicon, &files.unknown_words)?,
            network: Network::load(&files.network)?,
            vocoder: Vocoder::new(),
            prompts: Prompts::new(PROMPT_SAMPLES),
            speed: 1.0,
            volume: 1.0,
        })
    }

    /// Sets the pace, 0.5 (slow) to 2.0 (fast); 1.0 unless set.
    ///
    /// # Errors
    /// [`EngineError::Failed`] outside that range; the pace stays as it was.
    pub fn set_speed(&mut self, speed: f32) -> Result<(), EngineError> {
        if !SPEEDS.contains(&speed) {
            return Err(EngineError::failed(format!("voice speed {speed} is not in 0.5 to 2.0")));
        }
        if speed != self.speed {
            self.speed = speed;
            self.prompts.clear();
        }
        Ok(())
    }

    /// Sets the loudness as a factor, 0.0 (silent) to 1.0; 1.0 unless set.
    ///
    /// # Errors
    /// [`EngineError::Failed`] outside that range; the loudness stays as it was.
    pub fn set_volume(&mut self, volume: f32) -> Result<(), EngineError> {
        if !(0.0..=1.0).contains(&volume) {
            return Err(EngineError::failed(format!("voice volume {volume} is not in 0.0 to 1.0")));
        }
        self.volume = volume;
        Ok(())
    }

    /// From now on says `word` (in any case) as `sound`: in other words ("Siobhan" as "shivawn"), or in
    /// phonemes between slashes ("/ʃəvˈɔn/").
    ///
    /// # Errors
    /// [`EngineError::Failed`] when `sound` has a phoneme that the voice does not know, or no sound at all.
    pub fn set_pronunciation(&mut self, word: &str, sound: &str) -> Result<(), EngineError> {
        self.pronouncer.set_override(word, sound)?;
        self.prompts.clear();
        Ok(())
    }

    /// Phonemes of `text` as the voice will say them, one string per phrase. For tests and for whoever
    /// writes pronunciations.
    ///
    /// # Errors
    /// [`EngineError::Failed`] when the network for unknown words fails.
    pub fn phonemes(&self, text: &str) -> Result<Vec<String>, EngineError> {
        phrases(&normalise(text)).into_iter().map(|phrase| self.pronouncer.phonemes(phrase)).collect()
    }

    /// Makes the sound of phrases that will be said often, so that they come at once.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] when a newer turn began; what was made until then is kept.
    pub fn prewarm(&mut self, phrases: &[&str], cancel: &Cancel) -> Result<(), EngineError> {
        phrases.iter().try_for_each(|phrase| self.synthesize(phrase, cancel, &mut |_| {}))
    }

    /// Makes the samples of `text` at full volume, block by block.
    fn render(&self, text: &str, cancel: &Cancel, out: &mut dyn FnMut(&[f32])) -> Result<(), EngineError> {
        let tokens = normalise(text);
        let mut noise = Noise::new(SEED);
        let mut silence = Silence::new();
        for phrase in phrases(&tokens) {
            cancel.check()?;
            let phonemes = self.pronouncer.numbers(phrase)?;
            if phonemes.is_empty() {
                continue;
            }
            let frames = self.network.run(&phonemes, self.speed)?;
            cancel.check()?;
            self.vocoder.render(&frames, &mut noise, cancel, &mut |samples| silence.push(samples, out))?;
            silence.end_phrase(phrase.last().is_some_and(Token::ends_sentence));
        }
        cancel.check()?;
        silence.finish(out);
        Ok(())
    }
}

impl Synthesizer for Voice {
    fn sample_rate(&self) -> u32 {
        SAMPLE_RATE
    }

    fn synthesize(
        &mut self,
        text: &str,
        cancel: &Cancel,
        out: &mut dyn FnMut(&[f32]),
    ) -> Result<(), EngineError> {
        cancel.check()?;
        let text = text.trim();
        let volume = self.volume;
        let mut scaled = Vec::new();
        let mut out = |samples: &[f32]| {
            scaled.clear();
            scaled.extend(samples.iter().map(|sample| (sample * volume).clamp(-1.0, 1.0)));
            out(&scaled);
        };
        if let Some(samples) = self.prompts.get(text) {
            return samples.chunks(PROMPT_BLOCK).try_for_each(|block| {
                cancel.check()?;
                out(block);
                Ok(())
            });
        }
        let mut made = Vec::new();
        self.render(text, cancel, &mut |samples| {
            // Long replies are said once; keeping them would push the short ones out.
            if made.len() <= PROMPT_SAMPLES / 4 {
                made.extend_from_slice(samples);
            }
            out(samples);
        })?;
        debug!(samples = made.len(), "synthesised");
        self.prompts.insert(text, made);
        Ok(())
    }
}
