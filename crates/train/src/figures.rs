//! Figures over many sentences.

use std::collections::BTreeSet;

use carvoice_core::command::Command;
use carvoice_understand::slm::language::Answer;
use serde::{Deserialize, Serialize};

use crate::engine::Outcome;
use crate::sentences::{Sentence, plain};

/// Bins of the calibration error, as in C. Guo et al., "On calibration of modern neural networks", 2017.
pub const BINS: usize = 10;

/// One sentence, measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Words as spoken.
    pub text: String,
    /// File it stands in.
    pub source: String,
    /// Domain of what was expected.
    pub domain: String,
    /// Whether nothing was expected.
    pub talk: bool,
    /// Whether commands and verdict are right.
    pub exact: bool,
    /// Whether the intents are right.
    pub intent: bool,
    /// Slot values right, expected and given.
    pub slots: (usize, usize, usize),
    /// Verdict given.
    pub verdict: String,
    /// Commands given.
    pub got: String,
    /// What would have been right.
    pub expected: String,
    /// Least confidence of the commands given; none without a command.
    pub confidence: Option<f64>,
    /// Time taken, in milliseconds.
    pub ms: f64,
}

impl Row {
    pub fn new(sentence: &Sentence, source: &str, outcome: &Outcome) -> Self {
        let commands: Vec<Command> = outcome.commands.iter().map(|(command, _)| command.clone()).collect();
        let exact = sentence.is_met(&commands, outcome.verdict);
        let wanted = || sentence.expected.iter().filter_map(|expected| expected.answer.as_ref());
        let intent =
            exact || wanted().any(|answer| intents(answer) == intents(&Answer::Commands(commands.clone())));
        let right: Vec<Command> = match wanted().next() {
            // A right answer is compared with itself, whichever of several it is.
            _ if exact => commands.clone(),
            Some(Answer::Commands(commands)) => commands.clone(),
            _ => Vec::new(),
        };
        let (expected, given) = (slots(&right), slots(&commands));
        let lines: Vec<&str> = sentence.expected.iter().map(|expected| expected.line.as_str()).collect();
        let least = outcome.commands.iter().map(|(_, confidence)| *confidence).reduce(f64::min);
        Self {
            text: sentence.text.clone(),
            source: source.to_owned(),
            domain: sentence.domain(),
            talk: sentence.is_talk(),
            exact,
            intent,
            slots: (expected.intersection(&given).count(), expected.len(), given.len()),
            verdict: outcome.verdict.to_owned(),
            got: written(&commands),
            expected: lines.join(" || "),
            confidence: least,
            ms: outcome.ms,
        }
    }

    /// Whether something would have been done at once that was not asked for.
    pub fn is_wrong_action(&self) -> bool {
        self.verdict == "act" && !self.exact
    }
}

/// Commands as people read them.
pub fn written(commands: &[Command]) -> String {
    if commands.is_empty() {
        return "none".to_owned();
    }
    commands.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ; ")
}

fn intents(answer: &Answer) -> Vec<&str> {
    match answer {
        Answer::Commands(commands) => commands.iter().map(|command| command.intent.as_str()).collect(),
        Answer::Nothing | Answer::Later => Vec::new(),
    }
}

fn slots(commands: &[Command]) -> BTreeSet<(String, String, String)> {
    let values = commands.iter().flat_map(|command| {
        let intent = command.intent.clone();
        plain(command).slots.into_iter().map(move |(name, value)| (intent.clone(), name, value.to_string()))
    });
    values.collect()
}

/// A share as a count of a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub part: usize,
    pub whole: usize,
}

impl Share {
    fn of<'a>(rows: impl Iterator<Item = &'a Row>, is: impl Fn(&Row) -> bool) -> Self {
        rows.fold(Self::default(), |share, row| Self {
            part: share.part + usize::from(is(row)),
            whole: share.whole + 1,
        })
    }

    /// 0.0..=1.0; 0 of nothing is 0.
    pub fn ratio(self) -> f64 {
        self.part as f64 / self.whole.max(1) as f64
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:5.1} % ({}/{})", 100.0 * self.ratio(), self.part, self.whole)
    }
}

/// All figures of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// Commands, slots and verdict right, of sentences that ask something of the car.
    pub exact: Share,
    /// Intents right, of the same.
    pub intent: Share,
    /// Harmonic mean of precision and recall of slot values, 0.0..=1.0.
    pub slot_f1: f64,
    /// Talk that comes to nothing.
    pub out_of_domain_recall: Share,
    /// Talk that is acted on at once.
    pub false_accepts: Share,
    /// Orders that come to nothing.
    pub lost: Share,
    /// Sentences of which something would have been done at once that was not asked for.
    pub wrong_actions: Share,
    /// Expected calibration error, 0.0..=1.0, over sentences with a command.
    pub calibration_error: f64,
    /// Median time in milliseconds.
    pub p50_ms: f64,
    /// 95th percentile of the time in milliseconds.
    pub p95_ms: f64,
}

impl Figures {
    pub fn of(rows: &[Row]) -> Self {
        let orders = || rows.iter().filter(|row| !row.talk);
        let talk = || rows.iter().filter(|row| row.talk);
        let (right, expected, given) = rows
            .iter()
            .fold((0, 0, 0), |sum, row| (sum.0 + row.slots.0, sum.1 + row.slots.1, sum.2 + row.slots.2));
        let mut times: Vec<f64> = rows.iter().map(|row| row.ms).collect();
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times.get(((times.len() as f64 - 1.0) * share).round() as usize).copied();
        Self {
            exact: Share::of(orders(), |row| row.exact),
            intent: Share::of(orders(), |row| row.intent),
            slot_f1: 2.0 * right as f64 / (expected + given).max(1) as f64,
            out_of_domain_recall: Share::of(talk(), |row| row.exact),
            false_accepts: Share::of(talk(), |row| row.verdict == "act"),
            lost: Share::of(orders(), |row| row.verdict == "none" && !row.exact),
            wrong_actions: Share::of(rows.iter(), Row::is_wrong_action),
            calibration_error: calibration_error(rows),
            p50_ms: at(0.5).unwrap_or_default(),
            p95_ms: at(0.95).unwrap_or_default(),
        }
    }
}

/// Confidence against the share that is right, in [`BINS`] bins of equal width: mean confidence, share
/// right, number.
pub fn reliability(pairs: impl Iterator<Item = (f64, bool)>) -> Vec<(f64, f64, usize)> {
    let mut bins = vec![(0.0, 0.0, 0usize); BINS];
    for (confidence, right) in pairs {
        let place = ((confidence * BINS as f64) as usize).min(BINS - 1);
        if let Some(bin) = bins.get_mut(place) {
            *bin = (bin.0 + confidence, bin.1 + f64::from(u8::from(right)), bin.2 + 1);
        }
    }
    let mean = |(confidence, right, number): (f64, f64, usize)| {
        (confidence / number as f64, right / number as f64, number)
    };
    bins.into_iter().filter(|bin| bin.2 > 0).map(mean).collect()
}

fn calibration_error(rows: &[Row]) -> f64 {
    let pairs = rows.iter().filter_map(|row| Some((row.confidence?, row.exact)));
    let bins = reliability(pairs);
    let number: usize = bins.iter().map(|bin| bin.2).sum();
    bins.iter().map(|(confidence, right, n)| (confidence - right).abs() * *n as f64).sum::<f64>()
        / number.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(talk: bool, exact: bool, verdict: &str, confidence: Option<f64>) -> Row {
        Row {
            text: String::new(),
            source: String::new(),
            domain: String::new(),
            talk,
            exact,
            intent: exact,
            slots: (usize::from(exact), 1, 1),
            verdict: verdict.to_owned(),
            got: String::new(),
            expected: String::new(),
            confidence,
            ms: 1.0,
        }
    }

    #[test]
    fn every_share_counts_what_it_names() {
        let rows = [
            row(false, true, "act", Some(0.9)),
            row(false, false, "act", Some(0.9)),
            row(false, false, "none", None),
            row(true, true, "none", None),
            row(true, false, "act", Some(0.2)),
            row(true, false, "clarify", Some(0.2)),
        ];
        let figures = Figures::of(&rows);
        assert_eq!(figures.exact, Share { part: 1, whole: 3 });
        assert_eq!(figures.lost, Share { part: 1, whole: 3 });
        assert_eq!(figures.out_of_domain_recall, Share { part: 1, whole: 3 });
        assert_eq!(figures.false_accepts, Share { part: 1, whole: 3 });
        assert_eq!(figures.wrong_actions, Share { part: 2, whole: 6 });
        assert!((figures.slot_f1 - 2.0 / 6.0).abs() < 1e-9);
        // Two at 0.9 of which one is right, two at 0.2 of which none is.
        assert!((figures.calibration_error - (0.4 + 0.2) / 2.0).abs() < 1e-9);
    }
}
