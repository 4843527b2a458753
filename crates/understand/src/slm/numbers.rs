//! Numbers typed digit by digit, kept legal at every step.

use carvoice_core::catalogue::NumberKind;

/// Most decimals that are told apart.
const MOST_DECIMALS: u32 = 3;

/// The values of a number slot that are 0 or more, in units of its last decimal.
#[derive(Clone, Debug)]
pub(super) struct Range {
    decimals: u32,
    first: u64,
    last: u64,
    step: u64,
}

/// The beginning of a number as it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// Digits so far as one whole number.
    value: u64,
    digits: u32,
    /// Digits after the point; none before there is one.
    decimals: Option<u32>,
}

impl Range {
    /// None when no value of 0 or more is legal or they have more than three decimals.
    pub(super) fn new(kind: &NumberKind) -> Option<Self> {
        let whole = |value: f64, decimals: u32| {
            let scaled = value * f64::from(10u32.pow(decimals));
            ((scaled - scaled.round()).abs() < 1e-6).then(|| scaled.round() as i64)
        };
        let decimals = (0..=MOST_DECIMALS)
            .find(|&decimals| [kind.min, kind.step].iter().all(|value| whole(*value, decimals).is_some()))?;
        let step = u64::try_from(whole(kind.step, decimals)?).ok().filter(|step| *step > 0)?;
        let (min, max) =
            (whole(kind.min, decimals)?, (kind.max * f64::from(10u32.pow(decimals)) + 1e-6).floor() as i64);
        let first = if min < 0 { min.rem_euclid(step as i64) } else { min };
        (first <= max).then_some(Self { decimals, first: first as u64, last: max as u64, step })
    }

    fn contains(&self, value: u64) -> bool {
        (self.first..=self.last).contains(&value) && (value - self.first).is_multiple_of(self.step)
    }

    /// The legal values from `low` to `high`.
    fn between(&self, low: u64, high: u64) -> impl Iterator<Item = u64> + use<> {
        let start = self.first + low.saturating_sub(self.first).div_ceil(self.step) * self.step;
        (start..=high.min(self.last)).step_by(self.step as usize)
    }

    /// Whether what is typed is a whole legal number in its shortest form.
    pub(super) fn is_complete(&self, typed: Typed) -> bool {
        let shortest = typed.decimals.is_none_or(|decimals| decimals > 0 && !typed.value.is_multiple_of(10));
        let missing = self.decimals.checked_sub(typed.decimals.unwrap_or(0));
        typed.digits > 0
            && shortest
            && missing.is_some_and(|missing| self.contains(typed.value * 10u64.pow(missing)))
    }

    /// What is typed after one more character, if it can still become a legal number.
    pub(super) fn push(&self, typed: Typed, c: char) -> Option<Typed> {
        let next = match (c.to_digit(10), typed.decimals) {
            (Some(_), None) if typed.digits > 0 && typed.value == 0 => return None,
            (Some(_), _) if typed.digits >= 15 => return None,
            (Some(digit), decimals) => Typed {
                value: typed.value * 10 + u64::from(digit),
                digits: typed.digits + 1,
                decimals: decimals.map(|decimals| decimals + 1),
            },
            (None, None) if c == '.' && typed.digits > 0 => Typed { decimals: Some(0), ..typed },
            (None, _) => return None,
        };
        self.is_viable(next).then_some(next)
    }

    fn is_viable(&self, typed: Typed) -> bool {
        let unit = 10u64.pow(self.decimals);
        match typed.decimals {
            // More digits may follow before the point, unless the number began with its only zero.
            None => {
                let most = if typed.value == 0 { 1 } else { 12 };
                (0..most).map(|more| 10u64.saturating_pow(more)).any(|more| {
                    let low = typed.value.saturating_mul(more).saturating_mul(unit);
                    let high = (typed.value + 1).saturating_mul(more).saturating_mul(unit) - 1;
                    self.between(low, high).next().is_some()
                })
            }
            // The shortest form has no zero at its end, so a legal value must have a digit other than
            // zero from the last one typed on (or after the point).
            Some(decimals) if decimals <= self.decimals => {
                let rest = 10u64.pow(self.decimals - decimals);
                let significant = if decimals == 0 { rest } else { rest * 10 };
                let low = typed.value * rest;
                self.between(low, low + rest - 1).any(|value| !value.is_multiple_of(significant))
            }
            Some(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use carvoice_core::catalogue::Unit;
    use proptest::prelude::*;

    use super::*;

    fn kind(min: f64, max: f64, step: f64) -> NumberKind {
        NumberKind { unit: Unit::None, min, max, step, words: Vec::new() }
    }

    fn typed(range: &Range, text: &str) -> Option<Typed> {
        text.chars().try_fold(Typed::default(), |typed, c| range.push(typed, c))
    }

    fn accepts(range: &Range, text: &str) -> bool {
        typed(range, text).is_some_and(|typed| range.is_complete(typed))
    }

    #[test]
    fn every_legal_number_can_be_typed_and_no_other() {
        for kind in [
            kind(16.0, 30.0, 0.5),
            kind(0.0, 100.0, 1.0),
            kind(-5.0, 5.0, 0.25),
            kind(87.5, 108.0, 0.1),
            kind(1.0, 86400.0, 1.0),
        ] {
            let range = Range::new(&kind).unwrap();
            for hundredths in (0..20_000).step_by(5) {
                let value = f64::from(hundredths) / 100.0;
                assert_eq!(accepts(&range, &value.to_string()), kind.allows(value), "{value} in {kind:?}");
            }
        }
    }

    #[test]
    fn other_forms_are_not_numbers() {
        let range = Range::new(&kind(0.0, 30.0, 0.5)).unwrap();
        for text in ["", ".5", "21.", "21.0", "021", "00", "21.50", "-1", "1e1", "31"] {
            assert!(!accepts(&range, text), "{text}");
        }
    }

    #[test]
    fn a_slot_without_a_legal_number_has_no_range() {
        assert!(Range::new(&kind(-5.0, -1.0, 1.0)).is_none());
        assert!(Range::new(&kind(0.0, 1.0, 0.00001)).is_none());
    }

    proptest! {
        #[test]
        fn what_is_viable_leads_to_a_number(choices in prop::collection::vec(0usize..11, 0..20)) {
            let range = Range::new(&kind(87.5, 1710.0, 0.1)).unwrap();
            let mut now = Typed::default();
            for choice in choices {
                let options: Vec<Typed> = "0123456789.".chars().filter_map(|c| range.push(now, c)).collect();
                prop_assert!(!options.is_empty() || range.is_complete(now));
                match options.get(choice) {
                    Some(next) => now = *next,
                    None => break,
                }
            }
        }
    }
}
