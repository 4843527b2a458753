//! Numbers as American English words.

use carvoice_core::numerals::{SMALL, TENS};

const SCALES: [(u64, &str); 4] = [
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1_000, "thousand"),
];

/// Most digits that are read as one number; more are read one by one.
pub(super) const MOST_DIGITS: usize = 15;

/// "one hundred twenty one". Numbers of at most [`MOST_DIGITS`] digits.
pub(super) fn cardinal(number: u64) -> Vec<&'static str> {
    let mut words = Vec::new();
    let mut rest = number;
    for (scale, name) in SCALES {
        if rest >= scale {
            below_thousand(rest / scale, &mut words);
            words.push(name);
            rest %= scale;
        }
    }
    if rest > 0 || words.is_empty() {
        below_thousand(rest, &mut words);
    }
    words
}

fn below_thousand(number: u64, words: &mut Vec<&'static str>) {
    let mut rest = number % 1000;
    if rest >= 100 {
        words.extend([small(rest / 100), "hundred"]);
        rest %= 100;
        if rest == 0 {
            return;
        }
    }
    if rest < 20 {
        words.push(small(rest));
    } else {
        words.extend(TENS.get(usize::try_from(rest / 10 - 2).unwrap_or_default()));
        if !rest.is_multiple_of(10) {
            words.push(small(rest % 10));
        }
    }
}

fn small(number: u64) -> &'static str {
    usize::try_from(number).ok().and_then(|index| SMALL.get(index)).copied().unwrap_or_default()
}

/// "twenty first".
pub(super) fn ordinal(number: u64) -> Vec<String> {
    let mut words: Vec<String> = cardinal(number).into_iter().map(str::to_owned).collect();
    if let Some(last) = words.last_mut() {
        *last = match last.as_str() {
            "one" => "first".into(),
            "two" => "second".into(),
            "three" => "third".into(),
            "five" => "fifth".into(),
            "eight" => "eighth".into(),
            "nine" => "ninth".into(),
            "twelve" => "twelfth".into(),
            other => {
                other.strip_suffix('y').map_or_else(|| format!("{other}th"), |stem| format!("{stem}ieth"))
            }
        };
    }
    words
}

/// Four digits in pairs, as years and house numbers are read: "nineteen oh five", "sixteen hundred",
/// "two thousand six". Numbers of 1000..=9999.
pub(super) fn pairs(number: u64) -> Vec<&'static str> {
    let (high, low) = (number / 100, number % 100);
    if high % 10 == 0 && low < 10 {
        return cardinal(number);
    }
    let mut words = cardinal(high);
    match low {
        0 => words.push("hundred"),
        1..10 => words.extend(["oh", small(low)]),
        _ => words.extend(cardinal(low)),
    }
    words
}

/// Three digits as road numbers are read: "one oh one", "two eighty", "three hundred".
pub(super) fn road(number: u64) -> Vec<&'static str> {
    let (high, low) = (number / 100, number % 100);
    if !(1..10).contains(&high) || low == 0 {
        return cardinal(number);
    }
    let mut words = vec![small(high)];
    if low < 10 {
        words.push("oh");
    }
    words.extend(cardinal(low));
    words
}

/// Name of a decimal digit.
pub(super) fn digit(digit: char) -> Option<&'static str> {
    digit.to_digit(10).map(|value| small(value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &[impl AsRef<str>], expected: &str) {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        assert_eq!(words.join(" "), expected);
    }

    #[test]
    fn cardinals() {
        check(&cardinal(0), "zero");
        check(&cardinal(21), "twenty one");
        check(&cardinal(300), "three hundred");
        check(&cardinal(1250), "one thousand two hundred fifty");
        check(&cardinal(1_000_001), "one million one");
        check(
            &cardinal(999_999_999_999_999),
            "nine hundred ninety nine trillion nine hundred ninety nine billion nine hundred ninety nine million \
             nine hundred ninety nine thousand nine hundred ninety nine",
        );
    }

    #[test]
    fn ordinals() {
        check(&ordinal(1), "first");
        check(&ordinal(12), "twelfth");
        check(&ordinal(20), "twentieth");
        check(&ordinal(42), "forty second");
        check(&ordinal(100), "one hundredth");
    }

    #[test]
    fn years_and_roads() {
        check(&pairs(1905), "nineteen oh five");
        check(&pairs(2006), "two thousand six");
        check(&pairs(2026), "twenty twenty six");
        check(&pairs(1600), "sixteen hundred");
        check(&road(101), "one oh one");
        check(&road(280), "two eighty");
        check(&road(300), "three hundred");
        check(&road(95), "ninety five");
    }
}
