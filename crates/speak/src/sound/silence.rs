//! The silence before, between and after phrases.
//!
//! The network begins and ends every phrase with a third of a second of silence. Before the first
//! phrase that is delay, and between two clauses it is a gap.

use super::SAMPLE_RATE;

/// Quieter than -60 dB is silence.
const SILENCE: f32 = 0.001;

/// Samples in so many milliseconds.
const fn milliseconds(count: usize) -> usize {
    count * SAMPLE_RATE as usize / 1000
}

/// Before the first sound, so that it does not begin with a click.
const BEFORE: usize = milliseconds(20);
/// Between two clauses of a sentence.
const CLAUSE: usize = milliseconds(150);
/// Between two sentences.
const SENTENCE: usize = milliseconds(400);
/// After the last sound.
const AFTER: usize = milliseconds(100);

/// Passes phrases on with pauses of the right length.
pub(crate) struct Silence {
    /// Silence that was heard but not passed on yet.
    held: Vec<f32>,
    /// Most of it to pass on before the next sound; all of it inside a phrase.
    most: Option<usize>,
    sounded: bool,
}

impl Silence {
    /// Before the first phrase.
    pub(crate) fn new() -> Self {
        Self { held: Vec::new(), most: Some(BEFORE), sounded: false }
    }

    /// Takes the next samples of a phrase.
    pub(crate) fn push(&mut self, samples: &[f32], out: &mut dyn FnMut(&[f32])) {
        let loud = |sample: &f32| sample.abs() > SILENCE;
        let (Some(first), Some(last)) = (samples.iter().position(loud), samples.iter().rposition(loud))
        else {
            self.held.extend_from_slice(samples);
            return;
        };
        let (before, rest) = samples.split_at(first);
        let (sound, after) = rest.split_at(last + 1 - first);
        self.held.extend_from_slice(before);
        let most = self.most.take().unwrap_or(self.held.len());
        self.held.drain(..self.held.len().saturating_sub(most));
        self.held.extend_from_slice(sound);
        out(&self.held);
        self.sounded = true;
        self.held.clear();
        self.held.extend_from_slice(after);
    }

    /// A phrase is over; did a sentence end with it?
    pub(crate) fn end_phrase(&mut self, sentence: bool) {
        if self.sounded {
            self.most = Some(if sentence { SENTENCE } else { CLAUSE });
        }
    }

    /// The reply is over.
    pub(crate) fn finish(self, out: &mut dyn FnMut(&[f32])) {
        let after = self.held.get(..AFTER).unwrap_or(&self.held);
        if self.sounded && !after.is_empty() {
            out(after);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths of sound (+) and silence (-) that come out for phrases of such lengths.
    fn pass(phrases: &[(&[i32], bool)]) -> Vec<i32> {
        let mut out = Vec::new();
        let mut silence = Silence::new();
        for (runs, sentence) in phrases {
            for run in *runs {
                let sample = if *run > 0 { 0.5 } else { 0.0 };
                silence.push(&vec![sample; run.unsigned_abs() as usize], &mut |samples| {
                    out.extend_from_slice(samples)
                });
            }
            silence.end_phrase(*sentence);
        }
        silence.finish(&mut |samples| out.extend_from_slice(samples));
        let mut runs: Vec<i32> = Vec::new();
        for sample in out {
            let step = if sample > 0.0 { 1 } else { -1 };
            match runs.last_mut() {
                Some(run) if run.signum() == step => *run += step,
                _ => runs.push(step),
            }
        }
        runs
    }

    #[test]
    fn pauses_have_the_length_of_their_place() {
        let phrase: &[i32] = &[-7000, 100, -9000, 100, -9000];
        let (before, clause, sentence, after) =
            (-(BEFORE as i32), -(CLAUSE as i32), -(SENTENCE as i32), -(AFTER as i32));
        assert_eq!(
            pass(&[(phrase, false), (phrase, true), (phrase, true)]),
            [before, 100, -9000, 100, clause, 100, -9000, 100, sentence, 100, -9000, 100, after]
        );
    }

    #[test]
    fn silence_alone_is_nothing() {
        assert!(pass(&[(&[-5000], true)]).is_empty());
        assert_eq!(pass(&[(&[10], true)]), [10]);
    }
}
