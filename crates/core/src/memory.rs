//! What the driver asked to keep, and local time as it is kept.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Something that is kept beyond the end of the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What it is.
    pub kind: Kind,
    /// The label of a timer (may be empty), the text of a reminder, the name of a place.
    pub text: String,
    /// When it is due; none for a place and for a reminder without a time.
    pub due: Option<LocalTime>,
    /// Where a place is, in the words that a navigation takes; none for all else.
    pub place: Option<String>,
}

/// Kinds of notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A running timer.
    Timer,
    /// Something to be reminded of.
    Reminder,
    /// A place with a name.
    Place,
}

impl Kind {
    /// The name in a file and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timer => "timer",
            Self::Reminder => "reminder",
            Self::Place => "place",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no kind {0:?}; expected timer, reminder or place")]
pub struct UnknownKind(pub String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        let all = [Self::Timer, Self::Reminder, Self::Place];
        all.into_iter().find(|kind| kind.as_str() == word).ok_or_else(|| UnknownKind(word.to_owned()))
    }
}

/// A change of what is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Keep this.
    Keep(Note),
    /// Forget the notes that are equal to this.
    Forget(Note),
}

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

/// Date and time on the clock of the place where the car is, in whole seconds. A reminder "at eight" is due
/// when that clock shows eight, whatever happened to the time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime(i64);

impl LocalTime {
    /// The time that is so many seconds behind the beginning of 1970 on the same clock.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        // What lies beyond the year 9999 or before 0 is a fault of a file, and would not be shown right.
        Self(seconds.clamp(-62_167_219_200, 253_402_300_799))
    }

    /// Midnight at the beginning of a day; month and day from 1.
    #[must_use]
    pub fn midnight(year: i32, month: u8, day: u8) -> Self {
        // The year begins in March, so that the leap day is its last.
        let (year, month) = (i64::from(year), i64::from(month));
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        let days = 365 * year + leap_days + (153 * month + 2) / 5 + i64::from(day) - 1;
        // Days from that March of the year 0 to 1970.
        Self::from_seconds((days - 719_468) * DAY)
    }

    /// Seconds since the beginning of 1970 on this clock.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// So many seconds later.
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self::from_seconds(self.0.saturating_add(seconds))
    }

    /// Whole days since the beginning of 1970.
    #[must_use]
    pub fn day_number(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// Midnight at the beginning of this day, and of the days after it.
    #[must_use]
    pub fn days_later(self, days: i64) -> Self {
        Self::from_seconds((self.day_number() + days) * DAY)
    }

    /// Day of the week, 0 is Sunday.
    #[must_use]
    pub fn weekday(self) -> u8 {
        // The first day of 1970 was a Thursday.
        (self.day_number() + 4).rem_euclid(7) as u8
    }

    /// Year, month and day of the month, both from 1.
    #[must_use]
    pub fn date(self) -> (i32, u8, u8) {
        let days = self.day_number() + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let (year, month) = if month < 10 { (0, month + 3) } else { (1, month - 9) };
        ((era * 400 + year_of_era + year) as i32, month as u8, day as u8)
    }

    /// Hour, minute and second of the day.
    #[must_use]
    pub fn time(self) -> (u8, u8, u8) {
        let seconds = self.0.rem_euclid(DAY);
        ((seconds / 3600) as u8, (seconds / MINUTE % 60) as u8, (seconds % MINUTE) as u8)
    }
}

impl fmt::Display for LocalTime {
    /// As in RFC 3339, without a zone: `2025-03-05T08:00:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((year, month, day), (hour, minute, second)) = (self.date(), self.time());
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

impl Serialize for LocalTime {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (year, month, day, number, weekday) in [
            (1970, 1, 1, 0, 4),
            (2000, 2, 29, 11_016, 2),
            (2000, 3, 1, 11_017, 3),
            (2025, 12, 31, 20_453, 3),
            (1969, 12, 31, -1, 3),
        ] {
            let midnight = LocalTime::midnight(year, month, day);
            assert_eq!((midnight.day_number(), midnight.weekday()), (number, weekday), "{midnight}");
            assert_eq!((midnight.date(), midnight.time()), ((year, month, day), (0, 0, 0)));
        }
        for day in 0..150_000 {
            let midnight = LocalTime::from_seconds(day * DAY);
            let (year, month, of_month) = midnight.date();
            assert_eq!(LocalTime::midnight(year, month, of_month), midnight);
        }
    }

    #[test]
    fn a_time_is_written_to_the_second() {
        let time = LocalTime::midnight(2025, 3, 5).plus(8 * 3600 + 61);
        assert_eq!(time.to_string(), "2025-03-05T08:01:01");
        assert_eq!(LocalTime::from_seconds(i64::MAX).to_string(), "9999-12-31T23:59:59");
        assert_eq!(time.days_later(1).to_string(), "2025-03-06T00:00:00");
    }

    #[test]
    fn kinds_are_read_back() {
        assert_eq!("place".parse(), Ok(Kind::Place));
        assert_eq!("contact".parse::<Kind>(), Err(UnknownKind("contact".to_owned())));
    }
}
