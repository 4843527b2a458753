//! Checks that all domains share.

use crate::refusal::Refusal;

/// The value, if it is a number within the range.
pub(crate) fn in_range(what: &str, value: f64, min: f64, max: f64) -> Result<f64, Refusal> {
    // Not-a-number is in no range.
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(Refusal::OutOfRange(format!("{what} {value} is not within {min} to {max}")))
    }
}

/// The value, if it is within the range and a whole number of steps.
pub(crate) fn on_step(what: &str, value: f64, min: f64, max: f64, step: f64) -> Result<f64, Refusal> {
    let value = in_range(what, value, min, max)?;
    if ((value - min) / step).fract() == 0.0 {
        Ok(value)
    } else {
        Err(Refusal::OutOfRange(format!("{what} {value} is not a multiple of {step}")))
    }
}

/// The choice of this name.
pub(crate) fn one_of(
    what: &str,
    value: &str,
    choices: &'static [&'static str],
) -> Result<&'static str, Refusal> {
    choices.iter().find(|choice| **choice == value).copied().ok_or_else(|| {
        Refusal::InvalidArgument(format!("{what} {value:?} is none of {}", choices.join(", ")))
    })
}

/// A name or phrase: something in it, not endless, one line.
pub(crate) fn words(what: &str, value: &str) -> Result<String, Refusal> {
    const LONGEST: usize = 500;
    let value = value.trim();
    if value.is_empty() {
        Err(Refusal::InvalidArgument(format!("{what} is empty")))
    } else if value.chars().count() > LONGEST {
        Err(Refusal::InvalidArgument(format!("{what} is longer than {LONGEST} characters")))
    } else if value.chars().any(char::is_control) {
        Err(Refusal::InvalidArgument(format!("{what} holds control characters")))
    } else {
        Ok(value.to_owned())
    }
}

/// True for `up`, false for `down`.
pub(crate) fn upward(direction: &str) -> Result<bool, Refusal> {
    Ok(one_of("direction", direction, &["up", "down"])? == "up")
}

/// A value that can be raised and lowered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// What it is, for messages.
    pub(crate) what: &'static str,
    /// Lowest value.
    pub(crate) min: f64,
    /// Highest value.
    pub(crate) max: f64,
    /// By how much it changes when no amount is given.
    pub(crate) step: f64,
}

impl Scale {
    /// `now` raised or lowered by `amount`, by the own step for an amount of 0. The own step stops
    /// at the end of the scale; an amount beyond the end is refused, as is any step at the end.
    pub(crate) fn moved(&self, now: f64, up: bool, amount: f64) -> Result<f64, Refusal> {
        let Self { what, min, max, step } = *self;
        let end = if up { max } else { min };
        if now == end {
            return Err(Refusal::refused(format!("{what} is already at {end}")));
        }
        let amount = in_range("amount", amount, 0.0, max - min)?;
        let change = if amount == 0.0 { step } else { amount };
        let target = if up { now + change } else { now - change };
        if amount == 0.0 { Ok(target.clamp(min, max)) } else { in_range(what, target, min, max) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAN: Scale = Scale { what: "fan", min: 0.0, max: 7.0, step: 2.0 };

    #[test]
    fn numbers_have_ranges_and_steps() {
        assert_eq!(in_range("level", 7.0, 0.0, 7.0), Ok(7.0));
        for value in [7.5, -0.1, f64::NAN, f64::INFINITY] {
            assert!(matches!(in_range("level", value, 0.0, 7.0), Err(Refusal::OutOfRange(_))));
        }
        assert_eq!(on_step("temperature", 21.5, 16.0, 30.0, 0.5), Ok(21.5));
        assert!(on_step("temperature", 21.3, 16.0, 30.0, 0.5).is_err());
    }

    #[test]
    fn scales_end() {
        assert_eq!(FAN.moved(3.0, true, 0.0), Ok(5.0));
        assert_eq!(FAN.moved(6.0, true, 0.0), Ok(7.0));
        assert_eq!(FAN.moved(6.0, false, 5.0), Ok(1.0));
        assert!(matches!(FAN.moved(6.0, true, 2.0), Err(Refusal::OutOfRange(_))));
        assert!(matches!(FAN.moved(7.0, true, 0.0), Err(Refusal::Refused(_))));
        assert!(matches!(FAN.moved(3.0, true, -1.0), Err(Refusal::OutOfRange(_))));
    }

    #[test]
    fn phrases_are_one_line() {
        assert_eq!(words("destination", " Ulm "), Ok("Ulm".into()));
        assert!(words("destination", "  ").is_err());
        assert!(words("destination", "a\nb").is_err());
        assert!(words("destination", &"x".repeat(501)).is_err());
    }
}
