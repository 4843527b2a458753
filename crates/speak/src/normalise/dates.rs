//! Times of day and dates.

use super::numbers::{cardinal, ordinal, pairs};
use super::scanner::{Scanner, is_letter, starts_with_whole};
use super::tables::{MONTHS, month};

impl Scanner<'_> {
    /// "7:30", "14:05:10", "9:07 a.m.". The next character is a digit.
    pub(super) fn time_of_day(&mut self) -> bool {
        let Some((hour, rest)) = up_to_two_digits(self.rest, 1) else { return false };
        let Some((minute, mut rest)) = rest.strip_prefix(':').and_then(|rest| up_to_two_digits(rest, 2))
        else {
            return false;
        };
        let mut second = None;
        if let Some((value, after)) = rest.strip_prefix(':').and_then(|rest| up_to_two_digits(rest, 2)) {
            second = Some(value);
            rest = after;
        }
        if hour > 24 || minute > 59 || second.is_some_and(|second| second > 59) || begins_number(rest) {
            return false;
        }
        self.take_until(rest);
        let half = half_of_day(rest);
        if hour % 24 == 0 && minute == 0 && second.is_none() && half.is_none() {
            self.say("midnight");
            return true;
        }
        self.say_all(cardinal(hour));
        match minute {
            0 if half.is_none() && second.is_none() && hour <= 12 => self.say("o'clock"),
            0 if half.is_none() => self.say("hundred"),
            0 => {}
            1..10 => {
                self.say("oh");
                self.say_all(cardinal(minute));
            }
            _ => self.say_all(cardinal(minute)),
        }
        if let Some(second) = second.filter(|second| *second > 0) {
            self.say("and");
            self.say_all(cardinal(second));
            self.say(if second == 1 { "second" } else { "seconds" });
        }
        self.half_of_day();
        true
    }

    /// "a.m." or "PM" after an hour, if it is there.
    pub(super) fn half_of_day(&mut self) -> bool {
        let Some((letters, rest)) = half_of_day(self.rest) else { return false };
        self.take_until(rest);
        self.spell(letters);
        self.full_stop_of_abbreviation();
        true
    }

    /// "2026-03-04", "1/4/2027" with the month first as in American English, "21.10.2026" with the
    /// day first as in Europe. The next character is a digit.
    pub(super) fn date(&mut self) -> bool {
        let Some((first, separator, second, third, rest)) = three_parts(self.rest) else { return false };
        let Some((year, month, day)) = (match separator {
            '-' if first.len() == 4 => ordered(first, second, third),
            '/' if third.len() != 3 => {
                ordered(third, first, second).or_else(|| ordered(third, second, first))
            }
            '.' if third.len() == 4 => ordered(third, second, first),
            _ => None,
        }) else {
            return false;
        };
        self.take_until(rest);
        self.say(MONTHS.get(month - 1).copied().unwrap_or_default());
        self.say_all(ordinal(day));
        self.pause(',');
        self.say_all(pairs(year));
        true
    }

    /// The day and the year after a month: "March 3", "Mar. 3rd, 2026".
    pub(super) fn day_of_month(&mut self) {
        let Some((day, mut rest)) = self.rest.strip_prefix(' ').and_then(|rest| up_to_two_digits(rest, 1))
        else {
            return;
        };
        for suffix in ["st", "nd", "rd", "th"] {
            if starts_with_whole(rest, suffix) {
                rest = &rest[suffix.len()..];
            }
        }
        let more =
            begins_number(rest) || rest.starts_with(|next: char| is_letter(next) || "%°€$£".contains(next));
        if !(1..=31).contains(&day) || more {
            return;
        }
        self.take_until(rest);
        self.say_all(ordinal(day));
        let year = rest.strip_prefix(',').unwrap_or(rest).strip_prefix(' ').and_then(four_digits);
        if let Some((year, rest)) = year {
            self.take_until(rest);
            self.pause(',');
            self.say_all(pairs(year));
        }
    }

    /// The month after a day: " March" of "3 March". `day` has been passed, nothing was said yet.
    pub(super) fn month_of_day(&mut self, day: u64) -> bool {
        let Some(name) =
            self.rest.strip_prefix(' ').map(|rest| rest.split(|c| !is_letter(c)).next().unwrap_or_default())
        else {
            return false;
        };
        if !(1..=31).contains(&day) || month(name).is_none() {
            return false;
        }
        if self.last_word() != Some("the") {
            self.say("the");
        }
        self.say_all(ordinal(day));
        self.say("of");
        self.take(1 + name.len());
        self.say(name);
        true
    }
}

/// Year, month and day as numbers, if they can be a date.
fn ordered(year: &str, month: &str, day: &str) -> Option<(u64, usize, u64)> {
    let century = if year.len() == 2 { 2000 } else { 0 };
    let year = century + year.parse::<u64>().ok()?;
    let month = month.parse().ok().filter(|month| (1..=12).contains(month))?;
    let day = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    (1000..=9999).contains(&year).then_some((year, month, day))
}

/// Three runs of digits with the same separator between them, and what follows.
fn three_parts(text: &str) -> Option<(&str, char, &str, &str, &str)> {
    let (first, rest) = digits(text, 4)?;
    let separator = rest.chars().next().filter(|separator| "-/.".contains(*separator))?;
    let (second, rest) = digits(&rest[1..], 2)?;
    let (third, rest) = digits(rest.strip_prefix(separator)?, 4)?;
    (!begins_number(rest)).then_some((first, separator, second, third, rest))
}

/// Up to `most` digits with no digit after them.
fn digits(text: &str, most: usize) -> Option<(&str, &str)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    (1..=most).contains(&count).then(|| text.split_at(count))
}

fn up_to_two_digits(text: &str, least: usize) -> Option<(u64, &str)> {
    let (number, rest) = digits(text, 2).filter(|(number, _)| number.len() >= least)?;
    Some((number.parse().ok()?, rest))
}

fn four_digits(text: &str) -> Option<(u64, &str)> {
    let (number, rest) = digits(text, 4)?;
    let number = number.parse().ok().filter(|number| (1000..=9999).contains(number))?;
    (!begins_number(rest)).then_some((number, rest))
}

/// Whether a number would go on with `rest`: a digit, or a separator and a digit.
fn begins_number(rest: &str) -> bool {
    let rest = rest.strip_prefix([':', '.', ',', '/']).unwrap_or(rest);
    rest.starts_with(|next: char| next.is_ascii_digit())
}

/// "AM" or "PM" at the start of `text` in any of its spellings, and what follows.
fn half_of_day(text: &str) -> Option<(&'static str, &str)> {
    let text = text.strip_prefix(' ').unwrap_or(text);
    [("AM", ["a.m.", "am", "a.m"]), ("PM", ["p.m.", "pm", "p.m"])].into_iter().find_map(
        |(letters, spellings)| {
            spellings.into_iter().find_map(|spelling| {
                let head = text.get(..spelling.len()).filter(|head| head.eq_ignore_ascii_case(spelling))?;
                starts_with_whole(text, head).then(|| (letters, &text[spelling.len()..]))
            })
        },
    )
}
