//! How far the model's word goes: its probabilities, calibrated, against thresholds.

use carvoice_core::command::Command;
use serde::{Deserialize, Serialize};

use crate::slm::language::Answer;

/// Turns a probability of the model into the share of such answers that are right, by a line in
/// log-odds (Platt scaling; J. Platt, "Probabilistic outputs for support vector machines", 1999). The slope
/// is the reciprocal of a temperature.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Factor of the log-odds, above 0.
    pub slope: f64,
    /// Log-odds where the model sees even chances.
    pub offset: f64,
}

impl Calibration {
    /// Takes the model at its word.
    pub const NONE: Self = Self { slope: 1.0, offset: 0.0 };

    /// The share of answers of this log-probability that are right, 0.0..=1.0.
    #[must_use]
    pub fn confidence(self, log_prob: f64) -> f64 {
        // log p - log(1 - p), with the second term right for p near 1 too.
        let odds = log_prob - (-log_prob.exp_m1()).max(f64::MIN_POSITIVE).ln();
        1.0 / (1.0 + (-(self.slope * odds + self.offset)).exp())
    }
}

/// How far the model is trusted. Thresholds are confidences: 0.0 always holds, above 1.0 never.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// Of a draft whose every word is a template's.
    pub firm: Calibration,
    /// Of a draft with free text, which any words satisfy, or with words left unexplained.
    pub loose: Calibration,
    /// Of the model's own answers.
    pub own: Calibration,
    /// A firm draft is dropped when the model finds it at least this likely, uncalibrated, that nothing is
    /// asked of the car now.
    pub veto_firm: f64,
    /// The same for a loose draft, and for one about which something is to be asked anyway.
    pub veto_loose: f64,
    /// A firm draft of less confidence is doubted: the model writes its own answer.
    pub doubt_firm: f64,
    /// The same for a loose draft.
    pub doubt_loose: f64,
    /// The model's own answer replaces a doubted draft at this confidence. Otherwise the draft is
    /// asked about.
    pub replace: f64,
    /// The model's own answer stands without a draft at this confidence.
    pub alone: f64,
    /// Without a draft, an answer of this confidence that is not enough to stand is asked about; a less
    /// certain one is taken for talk.
    pub ask: f64,
}

impl Trust {
    /// For the model as it was published, which knows the catalogue from a few examples only: it may
    /// veto a draft when it is all but certain, and never acts on its own.
    ///
    /// Measured on 1 000 sentences of clinc150 that ask nothing of a car, 9 of which the templates took for a
    /// complete command, and on 270 car commands, 76 of them drafted: `none` tells the two apart with
    /// an area under the curve of 0.78. These values lose none of the 76 and take back one mistake.
    /// Answers of its own are wrong from a probability of 0.6 down and too few above.
    pub const UNTRAINED: Self = Self {
        firm: Calibration::NONE,
        loose: Calibration::NONE,
        own: Calibration::NONE,
        veto_firm: 0.97,
        veto_loose: 0.92,
        doubt_firm: 0.0,
        doubt_loose: 0.0,
        replace: 1.1,
        alone: 1.1,
        ask: 1.1,
    };

    /// For an adapter whose file states nothing: the model vetoes, doubts and asks, and acts alone only
    /// when it is sure.
    pub const TRAINED: Self = Self {
        firm: Calibration::NONE,
        loose: Calibration::NONE,
        own: Calibration::NONE,
        veto_firm: 0.9,
        veto_loose: 0.6,
        doubt_firm: 0.02,
        doubt_loose: 0.05,
        replace: 0.9,
        alone: 0.9,
        ask: 0.6,
    };
}

/// What the templates drafted, for the model to judge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draft<'a> {
    /// The commands, at least one.
    pub commands: &'a [Command],
    /// Whether it has free text or leaves words unexplained.
    pub loose: bool,
    /// Whether something is to be asked about it anyway.
    pub open: bool,
    /// How likely the model finds it.
    pub log_prob: f64,
    /// How likely the model finds it that nothing is asked of the car.
    pub none: f64,
    /// How likely the model finds it that the order is to wait.
    pub later: f64,
}

/// What becomes of an utterance.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The templates' reading stands, with this confidence in its commands where the model has one.
    Keep(Option<f64>),
    /// Nothing is done.
    Nothing,
    /// Nothing is done now.
    Later,
    /// The draft is asked about.
    Doubt,
    /// The model's own commands with their confidence, to be done.
    Act(Vec<Command>, f64),
    /// The model's own commands with their confidence, to be asked about.
    Ask(Vec<Command>, f64),
}

impl Trust {
    /// The verdict on a draft; none where the model must write its own answer first.
    #[must_use]
    pub fn on_draft(&self, draft: &Draft<'_>) -> Option<Verdict> {
        let (none, later) = (draft.none.exp(), draft.later.exp());
        let veto = if draft.loose || draft.open { self.veto_loose } else { self.veto_firm };
        if none + later >= veto {
            return Some(if none >= later { Verdict::Nothing } else { Verdict::Later });
        }
        let (doubt, calibration) =
            if draft.loose { (self.doubt_loose, self.loose) } else { (self.doubt_firm, self.firm) };
        if doubt <= 0.0 {
            // A model that may not doubt does not know the commands well enough to be confident either.
            return Some(Verdict::Keep(None));
        }
        let confidence = calibration.confidence(draft.log_prob);
        (confidence >= doubt).then_some(Verdict::Keep(Some(confidence)))
    }

    /// The verdict on a doubted draft, given the model's own answer; none when it has no answer it is
    /// sure enough of.
    #[must_use]
    pub fn on_doubted(&self, draft: &Draft<'_>, own: Option<(Answer, f64)>) -> Verdict {
        let Some((answer, log_prob)) = own else { return Verdict::Doubt };
        let confidence = self.own.confidence(log_prob);
        match answer {
            Answer::Commands(commands) if commands == draft.commands => Verdict::Keep(Some(confidence)),
            _ if confidence < self.replace => Verdict::Doubt,
            Answer::Nothing => Verdict::Nothing,
            Answer::Later => Verdict::Later,
            Answer::Commands(commands) => Verdict::Act(commands, confidence),
        }
    }

    /// The verdict where there is no draft.
    #[must_use]
    pub fn on_own(&self, own: Option<(Answer, f64)>) -> Verdict {
        let Some((answer, log_prob)) = own else { return Verdict::Keep(None) };
        let confidence = self.own.confidence(log_prob);
        match answer {
            Answer::Commands(commands) if confidence >= self.alone => Verdict::Act(commands, confidence),
            Answer::Commands(commands) if confidence >= self.ask => Verdict::Ask(commands, confidence),
            Answer::Later if confidence >= self.ask => Verdict::Later,
            _ => Verdict::Keep(None),
        }
    }

    /// The least log-probability of an own answer that can matter, so that a hopeless one is not
    /// written to its end.
    #[must_use]
    pub fn floor(&self, doubted: bool) -> f64 {
        let least = if doubted { self.replace } else { self.alone.min(self.ask) };
        if least > 1.0 {
            return 0.0;
        }
        // The inverse of `confidence`: log-odds first, then the logarithm of the probability.
        let odds = ((least / (1.0 - least)).ln() - self.own.offset) / self.own.slope;
        -(-odds).exp().ln_1p()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SURE: Trust = Trust { doubt_firm: 0.5, doubt_loose: 0.5, ..Trust::TRAINED };

    fn draft(log_prob: f64, none: f64, commands: &[Command]) -> Draft<'_> {
        Draft { commands, loose: false, open: false, log_prob, none, later: -9.0 }
    }

    #[test]
    fn calibration_is_monotonic_and_stays_within_bounds() {
        for calibration in [Calibration::NONE, Calibration { slope: 0.4, offset: -1.0 }] {
            let confidences = [f64::NEG_INFINITY, -50.0, -1.0, -1e-3, -1e-12, 0.0]
                .map(|log_prob| calibration.confidence(log_prob));
            assert!(
                confidences.is_sorted() && confidences.iter().all(|c| (0.0..=1.0).contains(c)),
                "{confidences:?}"
            );
        }
        assert!((Calibration::NONE.confidence(0.7_f64.ln()) - 0.7).abs() < 1e-9);
    }

    #[test]
    fn the_floor_is_where_confidence_reaches_the_threshold() {
        let trust = Trust { own: Calibration { slope: 0.7, offset: -0.5 }, ..SURE };
        assert!((trust.own.confidence(trust.floor(true)) - trust.replace).abs() < 1e-9);
        assert!((trust.own.confidence(trust.floor(false)) - trust.ask).abs() < 1e-9);
        assert!(Trust::UNTRAINED.floor(false) >= 0.0);
        assert_eq!(Trust { alone: 0.0, ..SURE }.floor(false), f64::NEG_INFINITY);
    }

    #[test]
    fn a_draft_is_kept_vetoed_or_doubted() {
        let commands = [Command::new("media.next")];
        assert!(matches!(SURE.on_draft(&draft(-0.1, -3.0, &commands)), Some(Verdict::Keep(Some(_)))));
        assert_eq!(SURE.on_draft(&draft(-3.0, -0.05, &commands)), Some(Verdict::Nothing));
        let waits = Draft { later: -0.05, ..draft(-3.0, -9.0, &commands) };
        assert_eq!(SURE.on_draft(&waits), Some(Verdict::Later));
        assert_eq!(SURE.on_draft(&draft(-3.0, -1.0, &commands)), None);
        let loose = Draft { loose: true, ..draft(-3.0, -0.4, &commands) };
        assert_eq!(SURE.on_draft(&loose), Some(Verdict::Nothing));
        let trusting = Trust { doubt_firm: 0.02, ..SURE };
        assert!(matches!(trusting.on_draft(&draft(-3.0, -1.0, &commands)), Some(Verdict::Keep(Some(_)))));
        assert_eq!(trusting.on_draft(&Draft { loose: true, ..draft(-3.0, -1.0, &commands) }), None);
    }

    #[test]
    fn only_a_sure_answer_replaces_a_doubted_draft() {
        let (commands, other) = ([Command::new("media.next")], vec![Command::new("media.pause")]);
        let doubted = draft(-3.0, -1.0, &commands);
        let own = |log_prob| Some((Answer::Commands(other.clone()), log_prob));
        assert!(matches!(SURE.on_doubted(&doubted, own(-0.01)), Verdict::Act(..)));
        assert_eq!(SURE.on_doubted(&doubted, own(-0.5)), Verdict::Doubt);
        assert_eq!(SURE.on_doubted(&doubted, None), Verdict::Doubt);
        let same = Some((Answer::Commands(commands.to_vec()), -1.0));
        assert!(matches!(SURE.on_doubted(&doubted, same), Verdict::Keep(Some(_))));
    }

    #[test]
    fn without_a_draft_the_model_acts_asks_or_is_silent() {
        let own = |log_prob| Some((Answer::Commands(vec![Command::new("media.next")]), log_prob));
        assert!(matches!(SURE.on_own(own(-0.01)), Verdict::Act(..)));
        assert!(matches!(SURE.on_own(own(-0.4)), Verdict::Ask(..)));
        assert_eq!(SURE.on_own(own(-2.0)), Verdict::Keep(None));
        assert_eq!(SURE.on_own(Some((Answer::Later, -0.1))), Verdict::Later);
        assert_eq!(SURE.on_own(Some((Answer::Nothing, -0.1))), Verdict::Keep(None));
    }
}
