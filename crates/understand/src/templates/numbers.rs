//! Numbers, fractions, durations and digit strings, in words or figures.

use carvoice_core::numerals::{SMALL, TENS};

use super::lists::BEFORE_PRONOUN;
use super::words::Word;

const ORDINALS: &[&str] = &[
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
];

/// A value and the word behind it.
pub(super) type Found = (f64, usize);

fn text(words: &[Word], at: usize) -> &str {
    words.get(at).map_or("", |word| word.text.as_str())
}

fn small(word: &str) -> Option<f64> {
    match word {
        "oh" | "o" | "nought" | "nil" => Some(0.0),
        _ => SMALL.iter().position(|name| *name == word).map(|value| value as f64),
    }
}

fn tens(word: &str) -> Option<f64> {
    TENS.iter().position(|name| *name == word).map(|value| (value as f64 + 2.0) * 10.0)
}

fn figures(word: &str) -> Option<f64> {
    let plain = word.chars().all(|c| c.is_ascii_digit() || c == '.')
        && word.starts_with(|c: char| c.is_ascii_digit());
    if plain { word.parse().ok() } else { None }
}

/// Zero to ninety-nine in words.
fn below_hundred(words: &[Word], at: usize) -> Option<Found> {
    if let Some(value) = tens(text(words, at)) {
        return match small(text(words, at + 1)) {
            Some(unit) if (1.0..10.0).contains(&unit) => Some((value + unit, at + 2)),
            _ => Some((value, at + 1)),
        };
    }
    small(text(words, at))
        .filter(|_| text(words, at) != "o" && text(words, at) != "nil")
        .map(|value| (value, at + 1))
}

/// A whole number in words, up to thousands: "one hundred and two".
fn whole(words: &[Word], at: usize) -> Option<Found> {
    let (mut value, mut end) = match text(words, at) {
        "hundred" => (1.0, at),
        "thousand" => (1.0, at),
        _ => below_hundred(words, at)?,
    };
    if text(words, end) == "hundred" {
        value *= 100.0;
        end += 1;
        let rest = if text(words, end) == "and" { end + 1 } else { end };
        if let Some((small, after)) = below_hundred(words, rest) {
            value += small;
            end = after;
        }
    }
    if text(words, end) == "thousand" {
        value *= 1000.0;
        end += 1;
        let rest = if text(words, end) == "and" { end + 1 } else { end };
        if let Some((small, after)) = whole(words, rest) {
            value += small;
            end = after;
        }
    }
    Some((value, end))
}

/// A number at `at`: "21.5", "twenty one and a half", "minus five", "one hundred and two point five".
pub(super) fn number(words: &[Word], at: usize) -> Option<Found> {
    if matches!(text(words, at), "minus" | "negative") {
        return number(words, at + 1).map(|(value, end)| (-value, end));
    }
    let (mut value, mut end) =
        figures(text(words, at)).map(|value| (value, at + 1)).or_else(|| whole(words, at))?;
    if text(words, end) == "point" {
        let mut decimals = String::new();
        let mut next = end + 1;
        while let Some(digit) =
            small(text(words, next)).or_else(|| figures(text(words, next))).filter(|digit| *digit < 10.0)
        {
            decimals.push_str(&digit.to_string());
            next += 1;
        }
        if let Ok(fraction) = format!("0.{decimals}").parse::<f64>()
            && !decimals.is_empty()
        {
            value += fraction;
            end = next;
        }
    } else if text(words, end) == "and" {
        let half = end + 1 + usize::from(text(words, end + 1) == "a");
        if text(words, half) == "half" {
            value += 0.5;
            end = half + 1;
        }
    }
    Some((value, end))
}

/// A frequency may also be said digit by digit: "one oh two point five", "ninety eight seven".
pub(super) fn frequency(words: &[Word], at: usize) -> Option<Found> {
    let digit = |at| small(text(words, at)).filter(|digit| *digit < 10.0);
    if let (Some(first), Some(0.0), Some(last)) = (digit(at), digit(at + 1), digit(at + 2)) {
        let (value, end) = (first * 100.0 + last, at + 3);
        return Some(match (text(words, end), digit(end + 1)) {
            ("point", Some(tenth)) => (value + tenth / 10.0, end + 2),
            _ => (value, end),
        });
    }
    let (value, end) = number(words, at)?;
    match digit(end) {
        Some(tenth) if value.fract() == 0.0 && (80.0..110.0).contains(&value) => {
            Some((value + tenth / 10.0, end + 1))
        }
        _ => Some((value, end)),
    }
}

/// Whether "one" stands for a thing here, not for a number: "the passenger's one".
pub(super) fn is_pronoun(words: &[Word], at: usize) -> bool {
    matches!(text(words, at), "one" | "ones")
        && at.checked_sub(1).is_some_and(|before| BEFORE_PRONOUN.has(text(words, before)))
        && number(words, at).is_none_or(|(_, end)| end == at + 1)
        && !matches!(text(words, at + 1), "degree" | "degrees" | "percent" | "hour" | "minute" | "second")
}

/// "first", "2nd", or a plain number.
pub(super) fn ordinal(words: &[Word], at: usize) -> Option<Found> {
    let word = text(words, at);
    if let Some(place) = ORDINALS.iter().position(|name| *name == word) {
        return Some((place as f64 + 1.0, at + 1));
    }
    let stem = ["st", "nd", "rd", "th"].iter().find_map(|ending| word.strip_suffix(ending));
    if let Some(value) = stem.and_then(figures) {
        return Some((value, at + 1));
    }
    number(words, at)
}

fn seconds_per(unit: &str) -> Option<f64> {
    match unit {
        "second" | "seconds" | "sec" => Some(1.0),
        "minute" | "minutes" | "min" => Some(60.0),
        "hour" | "hours" => Some(3600.0),
        _ => None,
    }
}

/// A duration in seconds: "five minutes", "an hour and a half", "half an hour", "1 hour 30 minutes".
pub(super) fn duration(words: &[Word], at: usize) -> Option<Found> {
    let (mut total, mut end) = span(words, at)?;
    loop {
        let next = end + usize::from(text(words, end) == "and");
        if text(words, next) == "a"
            && text(words, next + 1) == "half"
            && seconds_per(text(words, end.wrapping_sub(1))).is_some()
        {
            total += seconds_per(text(words, end.wrapping_sub(1))).unwrap_or_default() / 2.0;
            end = next + 2;
            continue;
        }
        match span(words, next) {
            Some((more, after)) if more < total => {
                total += more;
                end = after;
            }
            _ => return Some((total, end)),
        }
    }
}

/// One number with its unit.
fn span(words: &[Word], at: usize) -> Option<Found> {
    let fraction = match text(words, at) {
        "half" => Some(0.5),
        "quarter" => Some(0.25),
        _ => None,
    };
    if let Some(fraction) = fraction {
        let mut next = at + 1;
        while matches!(text(words, next), "of" | "a" | "an") {
            next += 1;
        }
        return seconds_per(text(words, next)).map(|unit| (fraction * unit, next + 1));
    }
    if matches!(text(words, at), "a" | "an") {
        return match seconds_per(text(words, at + 1)) {
            Some(unit) => Some((unit, at + 2)),
            None => span(words, at + 1),
        };
    }
    if text(words, at) == "couple" || text(words, at) == "few" {
        return None;
    }
    if let Some(unit) =
        seconds_per(text(words, at)).filter(|_| at > 0 && matches!(text(words, at - 1), "a" | "an"))
    {
        return Some((unit, at + 1));
    }
    let (value, end) = number(words, at)?;
    seconds_per(text(words, end)).map(|unit| (value * unit, end + 1))
}

/// A telephone number of at least two digits, as digits: "five five five one two", "0161 496 0000".
pub(super) fn digits(words: &[Word], at: usize) -> Option<(String, usize)> {
    let mut found = String::new();
    let mut end = at;
    loop {
        let word = text(words, end);
        let times = match word {
            "double" => 2,
            "triple" => 3,
            _ => 1,
        };
        let piece_at = end + usize::from(times > 1);
        let piece = text(words, piece_at);
        if let Some(digit) = small(piece).filter(|digit| *digit < 10.0 && piece != "nil") {
            found.push_str(&digit.to_string().repeat(times));
            end = piece_at + 1;
        } else if times == 1 && !piece.is_empty() && piece.chars().all(|c| c.is_ascii_digit() || c == '+') {
            found.push_str(piece);
            end += 1;
        } else if word == "plus" && found.is_empty() {
            found.push('+');
            end += 1;
        } else if let Some((value, after)) = whole(words, end).filter(|(value, _)| *value >= 10.0) {
            found.push_str(&value.to_string());
            end = after;
        } else if matches!(word, "hundred") && !found.is_empty() {
            found.push_str("00");
            end += 1;
        } else {
            break;
        }
    }
    (found.chars().filter(char::is_ascii_digit).count() >= 2).then_some((found, end))
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    fn value(read: fn(&[Word], usize) -> Option<Found>, text: &str) -> Option<f64> {
        let words = words(text);
        read(&words, 0).filter(|(_, end)| *end == words.len()).map(|(value, _)| value)
    }

    #[test]
    fn reads_numbers() {
        for (text, expected) in [
            ("twenty one", 21.0),
            ("twenty-one point five", 21.5),
            ("21.5", 21.5),
            ("twenty one and a half", 21.5),
            ("one hundred and two point five", 102.5),
            ("a hundred", f64::NAN),
            ("hundred", 100.0),
            ("two thousand and five", 2005.0),
            ("minus three", -3.0),
            ("zero", 0.0),
        ] {
            let found = value(number, text);
            assert!(found == Some(expected) || expected.is_nan() && found.is_none(), "{text}: {found:?}");
        }
        assert_eq!(value(number, "twenty twenty"), None);
        assert_eq!(value(number, "point"), None);
    }

    #[test]
    fn reads_frequencies_ordinals_and_durations() {
        assert_eq!(value(frequency, "one oh two point five"), Some(102.5));
        assert_eq!(value(frequency, "ninety eight seven"), Some(98.7));
        assert_eq!(value(ordinal, "third"), Some(3.0));
        assert_eq!(value(ordinal, "2nd"), Some(2.0));
        for (text, seconds) in [
            ("five minutes", 300.0),
            ("an hour and a half", 5400.0),
            ("half an hour", 1800.0),
            ("one and a half hours", 5400.0),
            ("1 hour 30 minutes", 5400.0),
            ("two hours and ten minutes", 7800.0),
            ("a quarter of an hour", f64::NAN),
            ("90 seconds", 90.0),
        ] {
            let found = value(duration, text);
            assert!(found == Some(seconds) || seconds.is_nan(), "{text}: {found:?}");
        }
    }

    #[test]
    fn reads_digit_strings() {
        let read = |text: &str| digits(&words(text), 0).map(|(digits, _)| digits);
        assert_eq!(read("oh one six one double four nine").as_deref(), Some("0161449"));
        assert_eq!(read("555-1234").as_deref(), Some("5551234"));
        assert_eq!(read("plus four four seven").as_deref(), Some("+447"));
        assert_eq!(read("nine one one").as_deref(), Some("911"));
        assert_eq!(read("mum"), None);
    }
}
