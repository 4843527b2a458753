//! From a transcript to the words that templates are made of: lower case, contractions written out,
//! one spelling, units and signs as words. Every word knows where in the transcript it came from.

use std::ops::Range;

use super::lists::{AFTER_IS, ARTICLES, BEFORE_GERUND, IDLE, IS_WORDS, STEMS_IN_E};

/// A word of the utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Normal form.
    pub(super) text: String,
    /// Bytes of the transcript it stands for.
    pub(super) span: Range<usize>,
    /// Says nothing: an article, "please", a hesitation. May be skipped anywhere.
    pub(super) idle: bool,
    /// Punctuation behind it.
    pub(super) pause: Pause,
}

/// Punctuation behind a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pause {
    None,
    Comma,
    Stop,
}

/// Words that are idle only together.
const IDLE_PAIRS: &[(&str, &str)] = &[
    ("right", "now"),
    ("you", "know"),
    ("kind", "of"),
    ("sort", "of"),
    ("right", "away"),
    ("straight", "away"),
];

/// One spelling for words with several, written out short forms, and the common slips of transcription.
const SPELLINGS: &[(&str, &str)] = &[
    ("colour", "color"),
    ("colours", "colors"),
    ("tyre", "tire"),
    ("tyres", "tires"),
    ("grey", "gray"),
    ("favourite", "favorite"),
    ("favourites", "favorites"),
    ("centre", "center"),
    ("windscreen", "windshield"),
    ("programme", "program"),
    ("neighbourhood", "neighborhood"),
    ("kilometre", "kilometer"),
    ("kilometres", "kilometers"),
    ("metre", "meter"),
    ("metres", "meters"),
    ("odour", "odor"),
    ("parlour", "parlor"),
    ("theatre", "theater"),
    ("aircon", "air con"),
    ("drivers", "driver"),
    ("passengers", "passenger"),
    ("an", "a"),
    ("ok", "okay"),
    ("cannot", "can not"),
    ("wanna", "want to"),
    ("gonna", "going to"),
    ("gotta", "have to"),
    ("gimme", "give me"),
    ("lemme", "let me"),
    ("whats", "what is"),
    ("dont", "do not"),
    ("cant", "can not"),
    ("im", "i am"),
    ("u", "you"),
    ("plz", "please"),
    ("km", "kilometers"),
    ("mins", "minutes"),
    ("secs", "seconds"),
    ("hrs", "hours"),
    ("cos", "because"),
    ("cuz", "because"),
    ("co-driver", "co driver"),
    ("yeah", "yes"),
    ("yep", "yes"),
    ("yup", "yes"),
    ("nope", "no"),
    ("nah", "no"),
    ("'cause", "because"),
];

/// Units that may be written onto a number.
const UNITS: &[(&str, &str)] = &[
    ("f", "fahrenheit"),
    ("c", "celsius"),
    ("fm", "fm"),
    ("am", "am"),
    ("pm", "pm"),
    ("km", "kilometers"),
    ("kmh", "kmh"),
    ("kph", "kph"),
    ("mph", "mph"),
    ("min", "minutes"),
    ("mins", "minutes"),
    ("sec", "seconds"),
    ("secs", "seconds"),
    ("s", "seconds"),
    ("h", "hours"),
    ("hr", "hours"),
    ("hrs", "hours"),
    ("mhz", "megahertz"),
    ("khz", "kilohertz"),
    ("deg", "degrees"),
    ("degrees", "degrees"),
];

/// Takes a transcript apart.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut at = 0;
    for chunk in
        text.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '/' | '\u{2014}' | '\u{2013}'))
    {
        add_chunk(chunk, at, &mut words);
        at += chunk.len();
    }
    write_out_is(text, &mut words);
    join_letters(&mut words);
    plain_verbs(&mut words);
    mark_idle(&mut words);
    words
}

/// The words of a template, where every word counts but the idle ones.
pub(super) fn template_words(text: &str) -> Vec<String> {
    words(text).into_iter().filter(|word| !ARTICLES.has(&word.text)).map(|word| word.text).collect()
}

/// One run of characters between spaces.
fn add_chunk(chunk: &str, offset: usize, words: &mut Vec<Word>) {
    let mut start = 0;
    let piece = |from: usize, to: usize, words: &mut Vec<Word>| {
        if let Some(text) = chunk.get(from..to).filter(|text| !text.is_empty()) {
            add_piece(text, offset + from, words);
        }
    };
    for (at, c) in chunk.char_indices() {
        let end = at + c.len_utf8();
        let inside_number = matches!(c, '.' | ',' | ':')
            && chunk.get(start..at).is_some_and(|left| left.ends_with(|c: char| c.is_ascii_digit()))
            && chunk.get(end..).is_some_and(|right| right.starts_with(|c: char| c.is_ascii_digit()));
        if c.is_alphanumeric() || matches!(c, '\'' | '\u{2019}' | '+') || inside_number {
            continue;
        }
        if c == '.' && is_initials(chunk, at) {
            continue;
        }
        piece(start, at, words);
        start = end;
        let sign = match c {
            '%' => "percent",
            '°' | 'º' => "degrees",
            '&' => "and",
            _ => "",
        };
        if !sign.is_empty() {
            words.push(Word {
                text: sign.to_owned(),
                span: offset + at..offset + end,
                idle: false,
                pause: Pause::None,
            });
        }
        let pause = match c {
            ',' | ':' | '\u{2014}' | '\u{2013}' => Pause::Comma,
            '.' | '?' | '!' | ';' => Pause::Stop,
            _ => Pause::None,
        };
        if let Some(last) = words.last_mut() {
            last.pause = last.pause.max(pause);
        }
    }
    piece(start, chunk.len(), words);
}

/// Whether the full stop at `at` belongs to initials: "a.c.", "p.m.".
fn is_initials(chunk: &str, at: usize) -> bool {
    let chunk = chunk.trim_end();
    let letters = chunk.split('.').filter(|part| !part.is_empty());
    let short =
        letters.clone().all(|part| part.chars().count() == 1 && part.chars().all(char::is_alphabetic));
    short && letters.count() > 1 && at > 0
}

/// A piece of letters, digits and apostrophes.
fn add_piece(piece: &str, offset: usize, words: &mut Vec<Word>) {
    let mut text = piece.replace('\u{2019}', "'").to_lowercase();
    text.retain(|c| c != '.' || piece.starts_with(|c: char| c.is_ascii_digit()));
    let text = text.trim_matches('\'');
    let span = offset..offset + piece.len();
    let mut push = |text: &str| {
        let plain = SPELLINGS.iter().find(|(spelling, _)| *spelling == text).map_or(text, |(_, plain)| plain);
        for part in plain.split(' ').filter(|part| !part.is_empty()) {
            words.push(Word { text: part.to_owned(), span: span.clone(), idle: false, pause: Pause::None });
        }
    };
    let digits = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | ':' | '+')));
    if let Some((number, letters)) = digits.filter(|at| *at > 0).and_then(|at| text.split_at_checked(at))
        && let Some((_, unit)) = UNITS.iter().find(|(short, _)| *short == letters)
    {
        push(number);
        push(unit);
        return;
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) && text.contains(',') {
        push(&text.replace(',', ""));
        return;
    }
    match text.rsplit_once('\'') {
        None => push(text),
        Some(("can", "t")) => ["can", "not"].into_iter().for_each(push),
        Some(("won", "t")) => ["will", "not"].into_iter().for_each(push),
        Some(("let", "s")) => ["let", "us"].into_iter().for_each(push),
        Some((left, "t")) if left.ends_with('n') => {
            push(left.strip_suffix('n').unwrap_or(left));
            push("not");
        }
        Some((left, "m")) => [left, "am"].into_iter().for_each(push),
        Some((left, "re")) => [left, "are"].into_iter().for_each(push),
        Some((left, "ve")) => [left, "have"].into_iter().for_each(push),
        Some((left, "ll")) => [left, "will"].into_iter().for_each(push),
        Some((left, "d")) => [left, "would"].into_iter().for_each(push),
        Some((left, "s")) if IS_WORDS.has(left) => [left, "is"].into_iter().for_each(push),
        // A possessive: "the driver's window". Its text stays whole in the transcript.
        Some((left, "s")) => push(left),
        Some((left, right)) => push(&format!("{left}{right}")),
    }
}

/// "a c" and "e t a", spelled letter by letter, become words.
fn join_letters(words: &mut Vec<Word>) {
    for (letters, word) in
        [(&["a", "c"][..], "ac"), (&["e", "t", "a"], "eta"), (&["f", "m"], "fm"), (&["u", "s", "b"], "usb")]
    {
        let mut at = 0;
        while at + letters.len() <= words.len() {
            let found = words
                .iter()
                .skip(at)
                .zip(letters)
                .all(|(word, letter)| word.text == *letter && word.pause == Pause::None)
                || words
                    .iter()
                    .skip(at)
                    .take(letters.len() - 1)
                    .zip(letters)
                    .all(|(word, letter)| word.text == *letter && word.pause == Pause::None)
                    && words
                        .get(at + letters.len() - 1)
                        .is_some_and(|last| Some(&last.text.as_str()) == letters.last());
            if found {
                let end = words.get(at + letters.len() - 1).map(|last| (last.span.end, last.pause));
                words.drain(at + 1..at + letters.len());
                if let (Some(first), Some((end, pause))) = (words.get_mut(at), end) {
                    first.text = word.to_owned();
                    first.span.end = end;
                    first.pause = pause;
                }
            }
            at += 1;
        }
    }
}

/// "The wheel's freezing" is written out; "the wheel's heater" is a possessive.
fn write_out_is(text: &str, words: &mut Vec<Word>) {
    for at in (1..words.len()).rev() {
        let Some([noun, next]) = words.get(at - 1..=at) else { continue };
        let spoken = text.get(noun.span.clone()).unwrap_or_default();
        let is_short = ["'s", "\u{2019}s"].iter().any(|ending| spoken.ends_with(ending));
        if is_short && noun.text != "is" && noun.span != next.span && AFTER_IS.has(&next.text) {
            let is = Word { text: "is".to_owned(), ..noun.clone() };
            words.insert(at, is);
        }
    }
}

/// "Would you mind opening the window" asks to open it.
fn plain_verbs(words: &mut [Word]) {
    for at in 1..words.len() {
        let Some([before, word]) = words.get_mut(at - 1..=at) else { continue };
        let Some(stem) = word.text.strip_suffix("ing").filter(|stem| stem.len() > 1) else { continue };
        if !BEFORE_GERUND.has(&before.text) {
            continue;
        }
        let mut letters = stem.chars().rev();
        let doubled =
            letters.next().filter(|last| letters.next() == Some(*last) && !matches!(last, 'l' | 's'));
        word.text = match doubled {
            Some(last) => stem.strip_suffix(last).unwrap_or(stem).to_owned(),
            None if STEMS_IN_E.has(stem) => format!("{stem}e"),
            None => stem.to_owned(),
        };
    }
}

fn mark_idle(words: &mut [Word]) {
    for word in words.iter_mut() {
        word.idle = IDLE.has(&word.text);
    }
    for at in 1..words.len() {
        let pair = match words.get(at - 1..=at) {
            Some([first, second]) => (first.text.as_str(), second.text.as_str()),
            _ => continue,
        };
        if IDLE_PAIRS.contains(&pair) {
            words.iter_mut().skip(at - 1).take(2).for_each(|word| word.idle = true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        words(text).iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn writes_out_what_was_said() {
        for (text, expected) in [
            ("Set it to 21.5°C.", "set it to 21.5 degrees c"),
            ("Turn the A/C on!", "turn the ac on"),
            ("turn the a.c. on", "turn the ac on"),
            ("70F, please", "70 fahrenheit please"),
            ("I'm cold, don't stop", "i am cold do not stop"),
            ("What\u{2019}s the driver\u{2019}s temp?", "what is the driver temp"),
            ("twenty-one", "twenty one"),
            ("Tune to 102.5FM", "tune to 102.5 fm"),
            ("50% at 7:30", "50 percent at 7:30"),
            ("1,000 metres", "1000 meters"),
            ("won't, can't, let's", "will not can not let us"),
            ("", ""),
        ] {
            assert_eq!(plain(text), expected);
        }
    }

    #[test]
    fn keeps_places_and_pauses() {
        let words = words("Hey, call Mum's mobile.");
        assert_eq!(words[0].pause, Pause::Comma);
        assert_eq!(&"Hey, call Mum's mobile."[words[2].span.clone()], "Mum's");
        assert_eq!(words[3].pause, Pause::Stop);
        assert!(super::words("open the window right now").iter().filter(|word| word.idle).count() == 3);
    }
}
