//! Numbers with what belongs to them: signs, units, currencies, telephone numbers, roads.

use super::numbers::{MOST_DIGITS, cardinal, digit, ordinal, pairs, road};
use super::scanner::{Scanner, starts_with_whole};
use super::tables::{CURRENCIES, Currency, UNITS, Unit, month};

/// A written number: "1,250.75".
struct Amount<'a> {
    /// Digits before the point, without separators; may be empty.
    whole: String,
    /// Digits after the point.
    fraction: Option<&'a str>,
    /// Whether thousands are separated.
    grouped: bool,
}

impl Amount<'_> {
    fn is_one(&self) -> bool {
        self.whole == "1" && self.fraction.is_none()
    }

    fn value(&self) -> Option<u64> {
        (self.whole.len() <= MOST_DIGITS).then(|| self.whole.parse().ok()).flatten()
    }
}

impl Scanner<'_> {
    /// A number with everything that belongs to it. False when none comes next.
    pub(super) fn number(&mut self) -> bool {
        if self.range_end() {
            return true;
        }
        let sign = self.rest.chars().next().filter(|sign| "+-".contains(*sign));
        let stands_free = self.before.is_none_or(|before| !before.is_alphanumeric());
        if sign.is_some() && !stands_free {
            return false;
        }
        let body = self.rest.strip_prefix(['+', '-']).unwrap_or(self.rest);
        if !body.starts_with(|next: char| next.is_ascii_digit()) {
            return sign.is_none() && self.decimal_without_whole();
        }
        if self.telephone() {
            return true;
        }
        match sign {
            Some('-') => self.say("minus"),
            Some(_) => self.say("plus"),
            None if self.time_of_day() || self.date() => return true,
            None => {}
        }
        self.take_until(body);
        self.quantity();
        true
    }

    /// "$12.99": the sign before the amount.
    pub(super) fn money(&mut self) -> bool {
        let Some((currency, rest)) = currency(self.rest) else { return false };
        let Some((amount, rest)) = amount(rest.strip_prefix(' ').unwrap_or(rest)) else { return false };
        self.take_until(rest);
        self.say_money(&amount, currency);
        true
    }

    /// An amount and its unit. The next character is a digit.
    fn quantity(&mut self) {
        let Some((amount, rest)) = amount(self.rest) else { return };
        self.take_until(rest);
        if let Some((currency, rest)) = currency(rest.strip_prefix(' ').unwrap_or(rest)) {
            self.take_until(rest);
            self.say_money(&amount, currency);
        } else if self.decade(&amount)
            || self.ordinal_suffix(&amount)
            || self.day_and_month(&amount)
            || self.simple_fraction(&amount)
        {
            // Said.
        } else {
            self.say_amount(&amount);
            if !self.half_of_day() {
                self.degrees(&amount);
                self.unit(&amount);
            }
        }
    }

    /// ".5" or the ".3" of "1.2.3".
    fn decimal_without_whole(&mut self) -> bool {
        let Some(digits) =
            self.rest.strip_prefix('.').map(leading_digits).filter(|digits| !digits.is_empty())
        else {
            return false;
        };
        if self.before.is_some_and(char::is_alphabetic) {
            return false;
        }
        self.take(1 + digits.len());
        self.say("point");
        self.say_digits(digits);
        self.unit(&Amount { whole: String::new(), fraction: Some(digits), grouped: false });
        true
    }

    /// The "-5" of "3-5".
    fn range_end(&mut self) -> bool {
        let Some(end) = self.rest.strip_prefix(['-', '–']) else { return false };
        if !self.before.is_some_and(|before| before.is_ascii_digit()) || leading_digits(end).is_empty() {
            return false;
        }
        self.take_until(end);
        self.say("to");
        self.quantity();
        true
    }

    fn say_amount(&mut self, amount: &Amount) {
        match amount.value() {
            _ if amount.fraction.is_none() && self.is_dialled() => self.say_digits(&amount.whole),
            Some(value) if !(amount.whole.len() > 1 && amount.whole.starts_with('0')) => {
                if !amount.grouped && amount.fraction.is_none() && self.is_year(value) {
                    self.say_all(pairs(value));
                } else {
                    self.say_all(cardinal(value));
                }
            }
            _ => self.say_digits(&amount.whole),
        }
        if let Some(fraction) = amount.fraction {
            self.say("point");
            self.say_digits(fraction);
        }
    }

    /// Whether a number of four digits is read in pairs: a year, or a house number before a street.
    fn is_year(&self, value: u64) -> bool {
        const BEFORE_YEAR: [&str; 7] = ["in", "of", "since", "until", "from", "by", "year"];
        let last = self.last_word().or_else(|| self.word_before_comma()).unwrap_or_default();
        let street = self.rest.strip_prefix(' ').is_some_and(|rest| rest.starts_with(char::is_uppercase));
        let year = BEFORE_YEAR.contains(&last) || month(last).is_some();
        (1100..=9999).contains(&value) && street
            || (1100..=2099).contains(&value) && year && !self.unit_follows()
    }

    /// Whether a number follows that is dialled: "Calling 911".
    fn is_dialled(&self) -> bool {
        let last = self.last_word().unwrap_or_default().to_lowercase();
        matches!(last.as_str(), "call" | "calling" | "dial" | "dialing" | "dialling")
    }

    /// "1990s".
    fn decade(&mut self, amount: &Amount) -> bool {
        let Some(value) = amount.value().filter(|value| (1100..=2099).contains(value) && value % 10 == 0)
        else {
            return false;
        };
        if amount.fraction.is_some() || amount.grouped || !starts_with_whole(self.rest, "s") {
            return false;
        }
        self.take(1);
        let mut words: Vec<String> = pairs(value).into_iter().map(str::to_owned).collect();
        if let Some(last) = words.last_mut() {
            *last = last.strip_suffix('y').map_or_else(|| format!("{last}s"), |stem| format!("{stem}ies"));
        }
        self.say_all(words);
        true
    }

    fn say_digits(&mut self, digits: &str) {
        self.say_all(digits.chars().filter_map(digit));
    }

    /// "21st".
    fn ordinal_suffix(&mut self, amount: &Amount) -> bool {
        let Some(suffix) =
            ["st", "nd", "rd", "th"].into_iter().find(|suffix| starts_with_whole(self.rest, suffix))
        else {
            return false;
        };
        let Some(value) = amount.value().filter(|_| amount.fraction.is_none()) else { return false };
        self.take(suffix.len());
        self.say_all(ordinal(value));
        true
    }

    fn day_and_month(&mut self, amount: &Amount) -> bool {
        amount.fraction.is_none() && amount.value().is_some_and(|day| self.month_of_day(day))
    }

    /// "3/4", "1/2".
    fn simple_fraction(&mut self, amount: &Amount) -> bool {
        let Some(below) = self.rest.strip_prefix('/').map(leading_digits) else { return false };
        let (Some(above), Ok(parts)) = (amount.value(), below.parse::<u64>()) else { return false };
        if amount.fraction.is_some() || above == 0 || above >= parts || parts > 10 {
            return false;
        }
        self.take(1 + below.len());
        self.say_all(cardinal(above));
        match (parts, above) {
            (2, _) => self.say("half"),
            (4, 1) => self.say("quarter"),
            (4, _) => self.say("quarters"),
            (_, 1) => self.say_all(ordinal(parts)),
            _ => self.say_all(ordinal(parts).into_iter().map(|part| part + "s")),
        }
        true
    }

    /// "°", "°C", "°F", "%" after an amount.
    fn degrees(&mut self, amount: &Amount) {
        let rest = self.rest.strip_prefix(' ').unwrap_or(self.rest);
        if let Some(rest) = rest.strip_prefix('℃') {
            self.take_until(rest);
            self.say(if amount.is_one() { "degree Celsius" } else { "degrees Celsius" });
        } else if let Some(rest) = rest.strip_prefix('°') {
            self.take_until(rest);
            self.say(if amount.is_one() { "degree" } else { "degrees" });
            let scale = rest.strip_prefix(' ').unwrap_or(rest);
            for (letter, name) in [("C", "Celsius"), ("F", "Fahrenheit")] {
                if starts_with_whole(scale, letter) {
                    self.take_until(&scale[1..]);
                    self.say(name);
                }
            }
        }
    }

    /// A unit after an amount, with "/100 km" where it follows.
    fn unit(&mut self, amount: &Amount) {
        let Some((unit, rest)) = unit(self.rest) else { return };
        self.take_until(rest);
        self.say(if amount.is_one() { unit.one } else { unit.many });
        if let Some(rest) = rest.strip_prefix("/100 km").or_else(|| rest.strip_prefix("/100km")) {
            self.take_until(rest);
            self.say("per hundred kilometers");
        }
    }

    fn unit_follows(&self) -> bool {
        unit(self.rest).is_some() || self.rest.trim_start_matches(' ').starts_with(['°', '%'])
    }

    fn say_money(&mut self, amount: &Amount, currency: &Currency) {
        let [one, many] = currency.whole;
        let cents =
            amount.fraction.filter(|cents| cents.len() == 2).and_then(|cents| cents.parse::<u64>().ok());
        let (Some(cents), Some([cent, several])) = (cents, currency.hundredth) else {
            self.say_amount(amount);
            // "$1.2 million": the scale comes before the currency.
            let scale = ["thousand", "million", "billion"]
                .into_iter()
                .find(|scale| self.rest.strip_prefix(' ').is_some_and(|rest| starts_with_whole(rest, scale)));
            if let Some(scale) = scale {
                self.take(1 + scale.len());
                self.say(scale);
            }
            return self.say(if amount.is_one() && scale.is_none() { one } else { many });
        };
        let whole = Amount { whole: amount.whole.clone(), fraction: None, grouped: true };
        if whole.value() != Some(0) {
            self.say_amount(&whole);
            self.say(if whole.is_one() { one } else { many });
        }
        if cents > 0 {
            if whole.value() != Some(0) {
                self.say("and");
            }
            self.say_all(cardinal(cents));
            self.say(if cents == 1 { cent } else { several });
        }
    }

    /// A telephone number, digit by digit with pauses between its groups: "+49 170 1234567",
    /// "555-0142", or seven digits and more in a row. The next character is a digit or "+".
    fn telephone(&mut self) -> bool {
        let international = self.rest.starts_with('+');
        let mut rest = self.rest.strip_prefix('+').unwrap_or(self.rest);
        let mut groups = Vec::new();
        loop {
            let group = leading_digits(rest);
            if group.is_empty() {
                break;
            }
            groups.push(group);
            rest = &rest[group.len()..];
            let spaced = international || groups[0].starts_with('0');
            let joined = rest.starts_with('-') || spaced && rest.starts_with([' ', '/']);
            if !joined || leading_digits(&rest[1..]).is_empty() {
                break;
            }
            rest = &rest[1..];
        }
        let digits: usize = groups.iter().map(|group| group.len()).sum();
        let american =
            matches!(groups.iter().map(|group| group.len()).collect::<Vec<_>>()[..], [3, 4] | [3, 3, 4]);
        let goes_on = rest.starts_with(['.', ',', ':']) && !leading_digits(&rest[1..]).is_empty();
        let alone =
            groups.len() == 1 || international || groups.first().is_some_and(|group| group.starts_with('0'));
        if goes_on || digits < 7 || !(american || alone) {
            return false;
        }
        self.take_until(rest);
        if international {
            self.say("plus");
        }
        for (index, group) in groups.iter().flat_map(|group| in_breaths(group)).enumerate() {
            if index > 0 {
                self.pause(',');
            }
            self.say_digits(group);
        }
        true
    }

    /// The number of a road, "9" of "A9" or "-101" of "US-101". The letters have been said.
    pub(super) fn road_number(&mut self) {
        let digits = leading_digits(self.rest.strip_prefix('-').unwrap_or(self.rest));
        let hyphen = usize::from(self.rest.starts_with('-'));
        self.take(hyphen + digits.len());
        match digits.parse() {
            Ok(number) if !digits.starts_with('0') => self.say_all(road(number)),
            _ => self.say_digits(digits),
        }
    }
}

/// The groups in which the digits of one run are said: threes, and at most four at the end.
fn in_breaths(digits: &str) -> Vec<&str> {
    let mut groups = Vec::new();
    let mut rest = digits;
    while rest.len() > 4 {
        let (group, after) = rest.split_at(3);
        groups.push(group);
        rest = after;
    }
    groups.push(rest);
    groups
}

/// The amount at the start of `text`, which must begin with a digit, and what follows.
fn amount(text: &str) -> Option<(Amount<'_>, &str)> {
    let first = leading_digits(text);
    if first.is_empty() {
        return None;
    }
    let mut whole = first.to_owned();
    let mut rest = &text[first.len()..];
    let mut grouped = false;
    while let Some(group) =
        rest.strip_prefix(',').map(leading_digits).filter(|group| group.len() == 3 && first.len() < 4)
    {
        whole.push_str(group);
        rest = &rest[1 + group.len()..];
        grouped = true;
    }
    let fraction = rest.strip_prefix('.').map(leading_digits).filter(|digits| !digits.is_empty());
    if let Some(digits) = fraction {
        rest = &rest[1 + digits.len()..];
    }
    Some((Amount { whole, fraction, grouped }, rest))
}

fn leading_digits(text: &str) -> &str {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    &text[..count]
}

/// The currency at the start of `text` and what follows.
fn currency(text: &str) -> Option<(&'static Currency, &str)> {
    CURRENCIES.iter().find_map(|currency| {
        let sign = currency.signs.iter().find(|sign| {
            let word = sign.starts_with(|first: char| first.is_ascii_alphabetic());
            if word { starts_with_whole(text, sign) } else { text.starts_with(**sign) }
        })?;
        Some((currency, &text[sign.len()..]))
    })
}

/// The unit at the start of `text`, after at most one space, and what follows.
fn unit(text: &str) -> Option<(&'static Unit, &str)> {
    let text = text.strip_prefix(' ').unwrap_or(text);
    UNITS
        .iter()
        .filter(|unit| starts_with_whole(text, unit.symbol))
        .max_by_key(|unit| unit.symbol.len())
        .map(|unit| (unit, &text[unit.symbol.len()..]))
}
