//! A time of day as it is spoken: "five pm tomorrow", "half past six", "ten minutes".

use crate::memory::LocalTime;
use crate::numerals::{SMALL, TENS};

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
/// The hour meant by a day without one: the beginning of its business.
const MORNING: i64 = 8;

/// When that is, seen from `now`; none if the words are no time, or one that has passed.
pub(super) fn when(words: &str, now: LocalTime) -> Option<LocalTime> {
    let text = words.to_lowercase().replace("o'clock", " ").replace("p.m", "pm").replace("a.m", "am");
    let split = text.split(|c: char| !c.is_alphanumeric() && c != ':').filter(|word| !word.is_empty());
    let words: Vec<&str> = split.filter(|word| !FILLERS.contains(word)).collect();
    let time = length(&words).map(|seconds| now.plus(seconds)).or_else(|| moment(&words, now));
    time.filter(|time| *time > now)
}

const FILLERS: [&str; 13] =
    ["at", "on", "by", "in", "around", "about", "the", "for", "this", "next", "of", "and", "from"];
const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const PARTS: [(&str, i64); 8] = [
    ("morning", MORNING),
    ("noon", 12),
    ("midday", 12),
    ("lunch", 12),
    ("afternoon", 15),
    ("evening", 18),
    ("tonight", 20),
    ("night", 20),
];

/// Seconds of "ten minutes", "hour and a half", "two hours and ten minutes".
fn length(words: &[&str]) -> Option<i64> {
    let mut total = 0;
    let mut count: Option<f64> = None;
    let mut unit: Option<f64> = None;
    for word in words {
        let seconds = match word.trim_end_matches('s') {
            "second" => 1.0,
            "minute" | "min" => MINUTE as f64,
            "hour" => HOUR as f64,
            "day" => 24.0 * HOUR as f64,
            "week" => 7.0 * 24.0 * HOUR as f64,
            _ => {
                count = Some(match *word {
                    // "Half an hour" is half of it.
                    "a" | "an" => count.unwrap_or(1.0),
                    "half" => count.filter(|_| unit.is_none()).unwrap_or(0.0) + 0.5,
                    "quarter" => 0.25,
                    "couple" => 2.0,
                    "now" => continue,
                    number => count.filter(|count| *count >= 20.0).unwrap_or(0.0) + small(number)? as f64,
                });
                continue;
            }
        };
        // "An hour" may have lost its article; "this week" is no length.
        total += (count.take().or(Some(1.0).filter(|_| seconds <= HOUR as f64))? * seconds) as i64;
        unit = Some(seconds);
    }
    // "An hour and a half": what is left over counts in the unit before.
    total += (count.unwrap_or(0.0) * unit?) as i64;
    Some(total)
}

/// A day, a part of it, or a time of the clock.
fn moment(words: &[&str], now: LocalTime) -> Option<LocalTime> {
    let mut day = None;
    let mut part = None;
    let mut clock: Vec<&str> = Vec::new();
    for &word in words {
        if word == "today" {
            day = Some(0);
        } else if word == "tomorrow" {
            // "The day after tomorrow".
            let after = clock == ["day", "after"];
            if after {
                clock.clear();
            }
            day = Some(if after { 2 } else { 1 });
        } else if let Some(weekday) = DAYS.iter().position(|name| word.trim_end_matches('s') == *name) {
            let ahead = (weekday as i64 - i64::from(now.weekday())).rem_euclid(7);
            day = Some(if ahead == 0 { 7 } else { ahead });
        } else if word == "midnight" {
            day = day.or(Some(0)).map(|day| day + 1);
            part = Some(("midnight", 0));
        } else if let Some(&(name, hour)) = PARTS.iter().find(|(name, _)| *name == word) {
            part = Some((name, hour));
        } else {
            clock.push(word);
        }
    }
    let in_half = match part {
        Some((_, hour)) if hour >= 12 => Half::Second,
        Some(("morning", _)) => Half::First,
        _ => Half::Unsaid,
    };
    let (minutes, half) = match (clock.is_empty(), part) {
        (true, Some((_, hour))) => (hour * 60, Half::Given),
        (true, None) => (MORNING * 60, day.filter(|day| *day > 0).map(|_| Half::Given)?),
        (false, _) => time_of_clock(&clock, in_half)?,
    };
    let at = |day: i64, minutes: i64| now.days_later(day).plus(minutes * MINUTE);
    match (half, day) {
        (Half::Unsaid, Some(1..)) if (60..7 * 60).contains(&minutes) => Some(at(day?, minutes + 12 * 60)),
        // The next time that the clock shows it.
        (Half::Unsaid, None | Some(0)) => [0, 12 * 60, 24 * 60, 36 * 60]
            .into_iter()
            .map(|later| at(0, minutes + later))
            .find(|time| *time > now)
            .filter(|time| day.is_none() || time.day_number() == now.day_number()),
        (_, Some(day)) => Some(at(day, minutes)),
        (_, None) => [0, 1].into_iter().map(|day| at(day, minutes)).find(|time| *time > now),
    }
}

/// The half of the day that a time lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    First,
    Second,
    /// The hour is that of the whole day.
    Given,
    Unsaid,
}

/// Minutes since midnight of "five pm", "17:30", "half past six", "ten to six", "six fifteen".
fn time_of_clock(words: &[&str], said: Half) -> Option<(i64, Half)> {
    let (half, words): (Half, Vec<&str>) = match words {
        [words @ .., "pm"] => (Half::Second, words.to_vec()),
        [words @ .., "am"] => (Half::First, words.to_vec()),
        // "6pm".
        [words @ .., last] if last.ends_with("pm") => {
            (Half::Second, [words, &[last.trim_end_matches("pm")]].concat())
        }
        [words @ .., last] if last.ends_with("am") => {
            (Half::First, [words, &[last.trim_end_matches("am")]].concat())
        }
        words => (said, words.to_vec()),
    };
    let (hour, minute) = match words.as_slice() {
        [hour, "sharp"] | [hour] => match hour.split_once(':') {
            Some((hour, minute)) => (number(&[hour])?, number(&[minute])?),
            None => (number(&[hour])?, 0),
        },
        [before @ .., "past" | "after", hour] => (number(&[hour])?, fraction(before)?),
        [before @ .., "to" | "before" | "till", hour] => (number(&[hour])? - 1, 60 - fraction(before)?),
        [hour, minute @ ..] => (number(&[hour])?, number(minute)?),
        [] => return None,
    };
    let legal = (0..24).contains(&hour) && (0..60).contains(&minute);
    let in_day = match half {
        Half::First if hour == 12 => minute,
        Half::Second if hour < 12 => (hour + 12) * 60 + minute,
        _ => hour * 60 + minute,
    };
    let half = if half == Half::Unsaid && (1..=12).contains(&hour) { Half::Unsaid } else { Half::Given };
    legal.then_some((in_day, half))
}

fn fraction(words: &[&str]) -> Option<i64> {
    match words {
        ["half"] => Some(30),
        ["quarter"] | ["a", "quarter"] => Some(15),
        [words @ .., "minutes"] => number(words),
        words => number(words),
    }
}

/// "Twenty five", "7", "oh five".
fn number(words: &[&str]) -> Option<i64> {
    match words {
        [one] => small(one),
        ["oh" | "o", one] => small(one),
        [tens, one] => Some(small(tens).filter(|tens| *tens >= 20)? + small(one).filter(|one| *one < 10)?),
        _ => None,
    }
}

fn small(word: &str) -> Option<i64> {
    let place = |words: &[&str]| words.iter().position(|known| *known == word).map(|place| place as i64);
    // No clock shows more than sixty.
    place(&SMALL)
        .or_else(|| place(&TENS[..5]).map(|place| 10 * (place + 2)))
        .or_else(|| word.parse::<u8>().ok().map(i64::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tuesday, a few minutes past three in the afternoon.
    fn now() -> LocalTime {
        LocalTime::midnight(2025, 3, 4).plus(15 * HOUR + 5 * MINUTE)
    }

    #[test]
    fn spoken_times_are_those_of_the_clock() {
        for (words, expected) in [
            ("5", "2025-03-04T17:00:00"),
            ("at five", "2025-03-04T17:00:00"),
            ("three", "2025-03-05T03:00:00"),
            ("five pm tomorrow", "2025-03-05T17:00:00"),
            ("tomorrow at 8", "2025-03-05T08:00:00"),
            ("tomorrow at five", "2025-03-05T17:00:00"),
            ("tomorrow morning", "2025-03-05T08:00:00"),
            ("eight in the morning", "2025-03-05T08:00:00"),
            ("seven in the evening", "2025-03-04T19:00:00"),
            ("half past six", "2025-03-04T18:30:00"),
            ("quarter to six", "2025-03-04T17:45:00"),
            ("twenty five to six p.m.", "2025-03-04T17:35:00"),
            ("ten minutes past six", "2025-03-04T18:10:00"),
            ("17:30", "2025-03-04T17:30:00"),
            ("6:15 p.m.", "2025-03-04T18:15:00"),
            ("six fifteen", "2025-03-04T18:15:00"),
            ("6pm", "2025-03-04T18:00:00"),
            ("nine o'clock", "2025-03-04T21:00:00"),
            ("noon", "2025-03-05T12:00:00"),
            ("midnight", "2025-03-05T00:00:00"),
            ("tonight", "2025-03-04T20:00:00"),
            ("twelve am", "2025-03-05T00:00:00"),
            ("friday", "2025-03-07T08:00:00"),
            ("next tuesday at noon", "2025-03-11T12:00:00"),
            ("the day after tomorrow at nine", "2025-03-06T09:00:00"),
            ("ten minutes", "2025-03-04T15:15:00"),
            ("ten minutes from now", "2025-03-04T15:15:00"),
            ("twenty five minutes", "2025-03-04T15:30:00"),
            ("half an hour", "2025-03-04T15:35:00"),
            ("an hour and a half", "2025-03-04T16:35:00"),
            ("hour and a half", "2025-03-04T16:35:00"),
            ("one and a half hours", "2025-03-04T16:35:00"),
            ("a quarter of an hour", "2025-03-04T15:20:00"),
            ("two hours and ten minutes", "2025-03-04T17:15:00"),
            ("three days", "2025-03-07T15:05:00"),
        ] {
            let told = when(words, now()).map(|time| time.to_string());
            assert_eq!(told.as_deref(), Some(expected), "{words}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for words in [
            "we get home",
            "later",
            "today",
            "25",
            "today at 8 am",
            "this weekend",
            "",
            "twenty to",
            "half past",
            "five six seven",
            "every day",
            "zero minutes",
        ] {
            assert_eq!(when(words, now()), None, "{words}");
        }
    }
}
