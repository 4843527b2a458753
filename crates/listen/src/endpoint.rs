//! Endpointing: where an utterance begins and ends.

use std::collections::VecDeque;
use std::time::Duration;

use carvoice_core::audio::{SAMPLE_RATE, Speech};

/// Voiced frames lie this far above those that keep an utterance going, so that a soft ending is not cut.
const HYSTERESIS: f32 = 0.15;
/// Sound kept after the last voiced frame: final consonants are not voiced.
const TAIL: Duration = Duration::from_millis(200);

/// How the endpointer decides.
#[derive(Clone, Debug)]
pub struct Options {
    /// Probability from which a frame is speech, 0.0..=1.0.
    pub threshold: f32,
    /// Speech must last this long to count: a click does not.
    pub min_speech: Duration,
    /// Silence that ends an utterance.
    pub hangover: Duration,
    /// Sound kept from before the first voiced frame.
    pub pre_roll: Duration,
    /// Longest utterance; it ends there in any case.
    pub max_utterance: Duration,
    /// How long to wait for speech.
    pub no_speech: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threshold: 0.5,
            min_speech: Duration::from_millis(64),
            hangover: Duration::from_millis(400),
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
    Waiting { voiced_from: Option<u64> },
    Speaking { speech: Vec<f32>, from: u64, voiced_to: u64 },
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
    phase: Phase,
    recent: VecDeque<f32>,
}

impl Endpointer {
    /// An endpointer at rest.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options, position: 0, began: 0, hold: false, phase: Phase::Off, recent: VecDeque::new() }
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

    /// Begins to listen. With `hold` the utterance lasts until [`Endpointer::finish`], however long the
    /// speaker pauses, though not beyond the longest utterance.
    pub fn begin(&mut self, hold: bool) {
        self.began = self.position;
        self.hold = hold;
        self.phase = Phase::Waiting { voiced_from: None };
    }

    /// Stops listening; what was heard is dropped.
    pub fn stop(&mut self) {
        self.phase = Phase::Off;
    }

    /// The speaker says that this was it: the utterance as far as it was heard.
    pub fn finish(&mut self) -> Option<Heard> {
        match std::mem::replace(&mut self.phase, Phase::Off) {
            Phase::Off => None,
            Phase::Waiting { .. } => Some(Heard::NoSpeech),
            Phase::Speaking { speech, from, voiced_to } => Some(self.ended(speech, from, voiced_to)),
        }
    }

    /// Takes the next frame and its probability of speech.
    pub fn push(&mut self, frame: &[f32], probability: f32) -> Option<Heard> {
        let start = self.position;
        self.position += frame.len() as u64;
        let heard = self.listen(start, frame, probability);
        self.recent.extend(frame);
        // The frames that made sure that this is speech belong to the utterance too.
        let keep = samples(self.options.pre_roll + self.options.min_speech) as usize + frame.len();
        self.recent.drain(..self.recent.len().saturating_sub(keep));
        heard
    }

    fn listen(&mut self, start: u64, frame: &[f32], probability: f32) -> Option<Heard> {
        let end = self.position;
        match &mut self.phase {
            Phase::Off => None,
            Phase::Waiting { voiced_from } => {
                if probability < self.options.threshold {
                    *voiced_from = None;
                    let waited = end.saturating_sub(self.began);
                    let limit = if self.hold { self.options.max_utterance } else { self.options.no_speech };
                    if waited >= samples(limit) {
                        self.phase = Phase::Off;
                        return Some(Heard::NoSpeech);
                    }
                    return None;
                }
                let at = *voiced_from.get_or_insert(start);
                if end - at < samples(self.options.min_speech) {
                    return None;
                }
                // What is remembered ends where this frame begins.
                let wanted = (start - at.saturating_sub(samples(self.options.pre_roll))) as usize;
                let skip = self.recent.len().saturating_sub(wanted);
                let mut speech: Vec<f32> = self.recent.iter().skip(skip).copied().collect();
                let from = start - speech.len() as u64;
                speech.extend_from_slice(frame);
                self.phase = Phase::Speaking { speech, from, voiced_to: end };
                Some(Heard::Started { at })
            }
            Phase::Speaking { speech, from, voiced_to } => {
                speech.extend_from_slice(frame);
                if probability >= self.options.threshold - HYSTERESIS {
                    *voiced_to = end;
                }
                let silent = !self.hold && end - *voiced_to >= samples(self.options.hangover);
                let long = end - *from >= samples(self.options.max_utterance);
                if !silent && !long {
                    return None;
                }
                let (speech, from, voiced_to) = (std::mem::take(speech), *from, *voiced_to);
                self.phase = Phase::Off;
                Some(self.ended(speech, from, voiced_to))
            }
        }
    }

    fn ended(&self, mut speech: Vec<f32>, from: u64, voiced_to: u64) -> Heard {
        speech.truncate((voiced_to + samples(TAIL) - from) as usize);
        Heard::Ended { speech: speech.into(), ended_at: voiced_to }
    }
}

fn samples(time: Duration) -> u64 {
    (time.as_secs_f64() * f64::from(SAMPLE_RATE)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: usize = 512;

    /// Plays frames, one digit each as probability in tenths, and gives what was heard with the
    /// number of the frame. Sample values are frame numbers.
    fn hear(endpointer: &mut Endpointer, probabilities: &str) -> Vec<(usize, Heard)> {
        let mut heard = Vec::new();
        for (number, digit) in probabilities.bytes().enumerate() {
            let frame = [number as f32; FRAME];
            let event = endpointer.push(&frame, f32::from(digit - b'0') / 10.0);
            heard.extend(event.map(|event| (number, event)));
        }
        heard
    }

    fn frames(count: usize) -> Duration {
        Duration::from_secs_f64((count * FRAME) as f64 / f64::from(SAMPLE_RATE))
    }

    fn endpointer() -> Endpointer {
        Endpointer::new(Options {
            threshold: 0.5,
            min_speech: frames(2),
            hangover: frames(4),
            pre_roll: frames(3),
            max_utterance: frames(40),
            no_speech: frames(20),
        })
    }

    #[test]
    fn an_utterance_has_its_first_word_and_ends_after_the_hangover() {
        let mut endpointer = endpointer();
        endpointer.begin(false);
        let heard = hear(&mut endpointer, "000000999490000000");
        assert_eq!(heard[0], (7, Heard::Started { at: 6 * FRAME as u64 }));
        let (when, Heard::Ended { speech, ended_at }) = &heard[1] else { panic!("{heard:?}") };
        assert_eq!((*when, *ended_at), (14, 11 * FRAME as u64));
        assert_eq!(speech[0], 3.0, "three frames of pre-roll");
        assert_eq!(heard.len(), 2, "once ended it does not listen");
    }

    #[test]
    fn a_click_is_not_speech() {
        let mut endpointer = endpointer();
        endpointer.begin(false);
        assert_eq!(hear(&mut endpointer, "00900090000000000000"), [(19, Heard::NoSpeech)]);
    }

    #[test]
    fn without_a_beginning_nothing_is_heard() {
        assert_eq!(hear(&mut endpointer(), "9999999999000000"), []);
    }

    #[test]
    fn a_held_button_waits_through_pauses() {
        let mut endpointer = endpointer();
        endpointer.begin(true);
        let heard = hear(&mut endpointer, "999000000000000999");
        assert_eq!(heard.len(), 1, "{heard:?}");
        let Some(Heard::Ended { speech, .. }) = endpointer.finish() else { panic!() };
        assert_eq!(speech.len(), 18 * FRAME);
        assert_eq!(endpointer.finish(), None);
    }

    #[test]
    fn a_held_button_without_speech_is_told() {
        let mut endpointer = endpointer();
        endpointer.begin(true);
        hear(&mut endpointer, "000");
        assert_eq!(endpointer.finish(), Some(Heard::NoSpeech));
    }

    #[test]
    fn endless_speech_is_cut_at_the_limit() {
        let mut endpointer = endpointer();
        endpointer.begin(false);
        let heard = hear(&mut endpointer, &"9".repeat(60));
        assert!(matches!(heard[..], [(1, Heard::Started { .. }), (39, Heard::Ended { .. })]), "{heard:?}");
    }

    #[test]
    fn stopping_drops_what_was_heard() {
        let mut endpointer = endpointer();
        endpointer.begin(false);
        hear(&mut endpointer, "9999");
        endpointer.stop();
        assert_eq!(hear(&mut endpointer, "0000000000000000000000"), []);
    }
}
