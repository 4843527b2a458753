//! Confidence out of the model's probabilities.

use carvoice_understand::trust::Calibration;

/// Platt scaling: logistic regression of "right" on the model's log-odds, by gradient ascent with the
/// targets smoothed as Platt proposes, so that a perfect record does not mean certainty.
pub fn platt(pairs: &[(f64, bool)]) -> Calibration {
    const STEPS: usize = 4000;
    const RATE: f64 = 0.05;
    let right = pairs.iter().filter(|pair| pair.1).count() as f64;
    let wrong = pairs.len() as f64 - right;
    let mut calibration = Calibration::NONE;
    if pairs.is_empty() {
        return calibration;
    }
    let target = |is: bool| if is { (right + 1.0) / (right + 2.0) } else { 1.0 / (wrong + 2.0) };
    let odds: Vec<(f64, f64)> = pairs
        .iter()
        .map(|(log_prob, is)| {
            let odds = log_prob - (-log_prob.exp_m1()).max(f64::MIN_POSITIVE).ln();
            (odds.clamp(-12.0, 12.0), target(*is))
        })
        .collect();
    for _ in 0..STEPS {
        let (mut slope, mut offset) = (0.0, 0.0);
        for (odds, target) in &odds {
            let error = target - 1.0 / (1.0 + (-(calibration.slope * odds + calibration.offset)).exp());
            slope += error * odds;
            offset += error;
        }
        calibration.slope = (calibration.slope + RATE * slope / odds.len() as f64).max(0.05);
        calibration.offset += RATE * offset / odds.len() as f64;
    }
    calibration
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_is_too_sure_of_itself_is_calibrated() {
        // Says 0.95 and is right three times in four; says 0.3 and is right once in ten.
        let pairs: Vec<(f64, bool)> = (0..400)
            .map(|index| {
                if index % 2 == 0 { (0.95_f64.ln(), index % 8 != 0) } else { (0.3_f64.ln(), index % 20 == 1) }
            })
            .collect();
        let calibration = platt(&pairs);
        assert!((calibration.confidence(0.95_f64.ln()) - 0.75).abs() < 0.03, "{calibration:?}");
        assert!((calibration.confidence(0.3_f64.ln()) - 0.1).abs() < 0.03, "{calibration:?}");
    }
}
