//! Endpointing: where an utterance begins and ends.

use std::collections::VecDeque;
use std::time::Duration;

use carvoice_core::audio::{SAMPLE_RATE, Speech};

/// How far below the threshold a frame still keeps an utterance going, so that a soft ending is not cut;
/// at most half the threshold. The value is that of Silero's own endpointing.
const HYSTERESIS: f32 = 0.15;
/// Sound kept after the last frame of speech: the probability falls before the final consonant ends.
const TAIL: Duration = Duration::from_millis(200);

/// Speech that begins so soon behind a wake word is heard together with the word: cut in between, its first
/// sound would be lost.
const WAKE_GAP: Duration = Duration::from_millis(350);
/// Sound kept from before such speech: a wake word.
const WAKE_ROLL: Duration = Duration::from_millis(1200);
/// Speech that ends so soon behind a wake word is the end of the word.
const WAKE_END: Duration = Duration::from_millis(350);

/// How the endpointer decides. Any values are safe; those that make no sense, such as a longest utterance
/// below the shortest speech, make utterances that make no sense.
#[derive(Clone, Debug)]
pub struct Options {
    /// Probability from which a frame is speech, 0.0..=1.0. Below it by 0.15, though at least half of it,
    /// a frame keeps an utterance going.
    pub threshold: f32,
    /// Speech must last this long to count: a click does not.
    pub min_speech: Duration,
    /// Silence after which the utterance may be over; zero for not to tell.
    pub pause: Duration,
    /// Silence that ends an utterance.
    pub hangover: Duration,
    /// Sound kept from before the first voiced frame.
    pub pre_roll: Duration,
    /// Longest utterance with its pre-roll; it ends there in any case. Also how long a held button waits
    /// for speech.
    pub max_utterance: Duration,
    /// How long to wait for speech that is not held by a button.
    pub no_speech: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threshold: 0.5,
            min_speech: Duration::from_millis(64),
            pause: Duration::from_millis(160),
            hangover: Duration::from_millis(700),
            pre_roll: Duration::from_millis(400),
            max_utterance: Duration::from_secs(15),
            no_speech: Duration::from_secs(6),
        }
    }
}

/// What was heard. Positions count samples since the endpointer was made.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// Speech began.
    Started {
        /// Position of the first voiced frame.
        at: u64,
    },
    /// The utterance may be complete.
    Paused {
        /// The utterance so far.
        speech: Speech,
        /// Position at which the last voiced frame ended.
        ended_at: u64,
    },
    /// Behind a pause the speech goes on.
    Resumed,
    /// The utterance is complete.
    Ended {
        /// The utterance, with a little silence around it.
        speech: Speech,
        /// Position at which the last voiced frame ended.
        ended_at: u64,
    },
    /// Nobody spoke.
    NoSpeech,
}

#[derive(Debug)]
enum Phase {
    Off,
    /// `voiced_from` is the position where the speech began that is not yet long enough.
    Waiting {
        voiced_from: Option<u64>,
    },
    /// `speech` begins at the position `from`; speech was last heard up to `voiced_to`. `hangover` is the silence
    /// that ends it, unless it goes on.
    Speaking {
        speech: Vec<f32>,
        from: u64,
        voiced_to: u64,
        paused: bool,
        hangover: Duration,
    },
}

/// Makes utterances of frames and their probabilities of speech. Listens only between
/// [`Endpointer::begin`] and the next [`Heard::Ended`] or [`Heard::NoSpeech`], but always remembers
/// the sound just before.
#[derive(Debug)]
pub struct Endpointer {
    options: Options,
    position: u64,
    began: u64,
    hold: bool,
    /// Where a wake word ended, behind which this utterance is spoken.
    woken_at: Option<u64>,
    phase: Phase,
    recent: VecDeque<f32>,
}

impl Endpointer {
    /// An endpointer at rest.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            position: 0,
            began: 0,
            hold: false,
            woken_at: None,
            phase: Phase::Off,
            recent: VecDeque::new(),
        }
    }

    /// Samples seen so far.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Whether an utterance is being waited for or heard.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        !matches!(self.phase, Phase::Off)
    }

    /// Whether an utterance is being heard.
    #[must_use]
    pub fn is_speaking(&self) -> bool {
        matches!(self.phase, Phase::Speaking { .. })
    }

    /// Begins to listen behind a wake word that ended at the position `at`. The end of the word is no
    /// utterance, and what follows without a pause has the word in front.
    pub fn begin_behind(&mut self, at: u64) {
        self.begin(false);
        self.woken_at = Some(at);
    }

    /// Begins to listen, afresh if it already did. With `hold` the utterance lasts until [`Endpointer::finish`], however long the
    /// speaker pauses, though not beyond the longest utterance.
    pub fn begin(&mut self, hold: bool) {
        self.began = self.position;
        self.hold = hold;
        self.woken_at = None;
        self.phase = Phase::Waiting { voiced_from: None };
    }

    /// Stops listening; what was heard is dropped.
    pub fn stop(&mut self) {
        self.phase = Phase::Off;
    }

    /// Ends the utterance when it has been silent for so long, unless it goes on.
    pub fn end_after(&mut self, silence: Duration) {
        if let Phase::Speaking { paused: true, hangover, .. } = &mut self.phase {
            *hangover = silence;
        }
    }

    /// The speaker says that this was it: the utterance as far as it was heard; nothing when nobody listened.
    pub fn finish(&mut self) -> Option<Heard> {
        match std::mem::replace(&mut self.phase, Phase::Off) {
            Phase::Off => None,
            Phase::Waiting { .. } => Some(Heard::NoSpeech),
            Phase::Speaking { speech, from, voiced_to, .. } => Some(ended(speech, from, voiced_to)),
        }
    }

    /// Takes the next frame, of any length, and its probability of speech. A probability that is no number
    /// counts as none.
    pub fn push(&mut self, frame: &[f32], probability: f32) -> Option<Heard> {
        let start = self.position;
        self.position = start.saturating_add(frame.len() as u64);
        let heard = self.listen(start, frame, probability);
        self.recent.extend(frame);
        // The frames that made sure that this is speech belong to the utterance too.
        let keep = samples(self.options.pre_roll.max(WAKE_ROLL))
            .saturating_add(samples(self.options.min_speech))
            .saturating_add(frame.len() as u64);
        let keep = usize::try_from(keep).unwrap_or(usize::MAX);
        self.recent.drain(..self.recent.len().saturating_sub(keep));
        heard
    }

    fn listen(&mut self, start: u64, frame: &[f32], probability: f32) -> Option<Heard> {
        let end = self.position;
        let threshold = self.options.threshold;
        match &mut self.phase {
            Phase::Off => None,
            // Without the hysteresis: a breath before the first word would be taken for a whole utterance.
            Phase::Waiting { voiced_from } if probability >= threshold => {
                let at = *voiced_from.get_or_insert(start);
                if end.saturating_sub(at) < samples(self.options.min_speech) {
                    return None;
                }
                let joined = self.woken_at.is_some_and(|woken| at < woken + samples(WAKE_GAP));
                let pre_roll = if joined { WAKE_ROLL } else { self.options.pre_roll };
                let mut speech = before(&self.recent, start, at, samples(pre_roll));
                let from = start.saturating_sub(speech.len() as u64);
                speech.extend_from_slice(frame);
                let hangover = self.options.hangover;
                self.phase = Phase::Speaking { speech, from, voiced_to: end, paused: false, hangover };
                Some(Heard::Started { at })
            }
            Phase::Waiting { voiced_from } => {
                *voiced_from = None;
                let limit = if self.hold { self.options.max_utterance } else { self.options.no_speech };
                if end.saturating_sub(self.began) < samples(limit) {
                    return None;
                }
                self.phase = Phase::Off;
                Some(Heard::NoSpeech)
            }
            Phase::Speaking { speech, from, voiced_to, paused, hangover } => {
                speech.extend_from_slice(frame);
                let goes_on = probability >= (threshold - HYSTERESIS).max(threshold / 2.0);
                if goes_on {
                    *voiced_to = end;
                }
                let silence = end.saturating_sub(*voiced_to);
                let silent = !goes_on && !self.hold && silence >= samples(*hangover);
                let long = end.saturating_sub(*from) >= samples(self.options.max_utterance);
                if !silent && !long && goes_on && *paused {
                    (*paused, *hangover) = (false, self.options.hangover);
                    return Some(Heard::Resumed);
                }
                let pause = samples(self.options.pause);
                if !silent && !long && !self.hold && !*paused && pause > 0 && silence >= pause {
                    *paused = true;
                    return Some(Heard::Paused {
                        speech: whole(speech, *from, *voiced_to),
                        ended_at: *voiced_to,
                    });
                }
                if !silent && !long {
                    return None;
                }
                if self.woken_at.is_some_and(|woken| *voiced_to < woken + samples(WAKE_END)) {
                    self.phase = Phase::Waiting { voiced_from: None };
                    return None;
                }
                let (speech, from, voiced_to) = (std::mem::take(speech), *from, *voiced_to);
                self.phase = Phase::Off;
                Some(ended(speech, from, voiced_to))
            }
        }
    }
}

/// The end of `recent`, which reaches up to the position `start`, from `pre_roll` samples before `at`.
fn before(recent: &VecDeque<f32>, start: u64, at: u64, pre_roll: u64) -> Vec<f32> {
    let wanted = start.saturating_sub(at).saturating_add(pre_roll);
    let skip = recent.len().saturating_sub(usize::try_from(wanted).unwrap_or(usize::MAX));
    recent.iter().skip(skip).copied().collect()
}

fn ended(speech: Vec<f32>, from: u64, voiced_to: u64) -> Heard {
    Heard::Ended { speech: whole(&speech, from, voiced_to), ended_at: voiced_to }
}

/// The utterance with a little silence behind it.
fn whole(speech: &[f32], from: u64, voiced_to: u64) -> Speech {
    let wanted = usize::try_from(voiced_to.saturating_add(samples(TAIL)).saturating_sub(from));
    speech[..speech.len().min(wanted.unwrap_or(usize::MAX))].to_vec().into()
}

/// Samples in `time`; as many as there are numbers when that is more.
fn samples(time: Duration) -> u64 {
    (time.as_secs_f64() * f64::from(SAMPLE_RATE)) as u64
}

#[cfg(test)]
mod tests;
