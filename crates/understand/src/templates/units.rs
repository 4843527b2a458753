//! Numbers into the units of their slots.

use carvoice_core::catalogue::{NumberKind, Unit};

use super::words::Word;

/// A bare number in this range is a Fahrenheit temperature: no cabin is heated to 61 °C.
const BARE_FAHRENHEIT: std::ops::RangeInclusive<f64> = 61.0..=86.0;

/// The legal value that `number`, followed by the words from `end` on, stands for, if there is one, and
/// where its unit ends. A unit that does not fit makes it illegal.
pub(super) fn value(number: f64, kind: &NumberKind, words: &[Word], end: usize) -> (Option<f64>, usize) {
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let is_percent = text(end) == "percent";
    let unit_at = end + usize::from(matches!(text(end), "degree" | "degrees"));
    let is_fahrenheit = matches!(text(unit_at), "fahrenheit" | "f");
    let is_celsius = matches!(text(unit_at), "celsius" | "centigrade" | "c");
    let (converted, after) = match kind.unit {
        Unit::Celsius if is_percent => return (None, end + 1),
        Unit::Celsius => {
            let celsius = if is_fahrenheit || !is_celsius && BARE_FAHRENHEIT.contains(&number) {
                (number - 32.0) / 1.8
            } else {
                number
            };
            (round(celsius, kind.step), unit_at + usize::from(is_fahrenheit || is_celsius))
        }
        Unit::CelsiusDifference => {
            let celsius = if is_fahrenheit { number / 1.8 } else { number };
            (round(celsius, kind.step), unit_at + usize::from(is_fahrenheit || is_celsius))
        }
        Unit::Percent => (number, end + usize::from(is_percent)),
        Unit::None if is_percent || text(end) == "degrees" => return (None, end + 1),
        Unit::None | Unit::Seconds | Unit::Ordinal => (number, end),
        // FM is written in MHz, AM in kHz; between the two bands there is nothing.
        Unit::Frequency => {
            let legal = (87.5..=108.0).contains(&number)
                || (520.0..=1710.0).contains(&number) && number.fract() == 0.0;
            return (Some(number).filter(|_| legal), end);
        }
    };
    (Some(converted).filter(|value| kind.allows(*value)), after)
}

fn round(value: f64, step: f64) -> f64 {
    (value / step).round() * step
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    fn kind(unit: Unit, min: f64, max: f64, step: f64) -> NumberKind {
        NumberKind { unit, min, max, step, words: Vec::new() }
    }

    #[test]
    fn converts_temperatures() {
        let kind = kind(Unit::Celsius, 16.0, 30.0, 0.5);
        for (number, after, expected) in [
            (70.0, "", Some(21.0)),
            (70.0, "degrees fahrenheit", Some(21.0)),
            (21.3, "degrees", Some(21.5)),
            (86.0, "", Some(30.0)),
            (70.0, "degrees celsius", None),
            (20.0, "fahrenheit", None),
            (40.0, "", None),
            (20.0, "percent", None),
        ] {
            assert_eq!(value(number, &kind, &words(after), 0).0, expected, "{number} {after}");
        }
    }

    #[test]
    fn refuses_what_a_slot_does_not_allow() {
        let fan = kind(Unit::None, 0.0, 7.0, 1.0);
        assert_eq!(value(4.0, &fan, &[], 0).0, Some(4.0));
        assert_eq!(value(40.0, &fan, &words("percent"), 0), (None, 1));
        assert_eq!(value(2.5, &fan, &[], 0).0, None);
        let by = kind(Unit::CelsiusDifference, 0.5, 14.0, 0.5);
        assert_eq!(value(5.0, &by, &words("degrees fahrenheit"), 0).0, Some(3.0));
        let radio = kind(Unit::Frequency, 87.5, 1710.0, 0.01);
        assert_eq!(value(102.5, &radio, &[], 0).0, Some(102.5));
        assert_eq!(value(200.0, &radio, &[], 0).0, None);
        assert_eq!(value(810.0, &radio, &[], 0).0, Some(810.0));
    }
}
