//! What Whisper makes up. It was trained on subtitles: out of silence and noise come captions, farewells
//! and endless repeats.

/// Longest group of words that is looked for again and again.
const LONGEST_GROUP: usize = 8;
/// Times in a row that a single word, and a group of several, are not said by anybody: "no, no, no, no"
/// is said.
const REPEATS: (usize, usize) = (6, 4);

/// What Whisper writes most often when nobody speaks, in lower case and without punctuation.
const FROM_NOISE: [&str; 12] = [
    "bye",
    "hmm",
    "oh",
    "okay",
    "please subscribe",
    "so",
    "thank you",
    "thank you for watching",
    "thank you very much",
    "thanks for watching",
    "uh",
    "you",
];

/// The text without captions such as "\[Music\]", "(engine revving)", "\*coughs\*" and "♪ … ♪", with single
/// spaces. Empty when no word is left.
pub(crate) fn without_captions(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, open)) = rest.char_indices().find(|(_, letter)| closing(*letter).is_some()) {
        let (before, from) = rest.split_at(at);
        let inside = from.get(open.len_utf8()..).unwrap_or_default();
        kept.push_str(before);
        match closing(open).and_then(|close| inside.split_once(close)) {
            Some((_, after)) => rest = after,
            // Never closed: no caption.
            None => {
                kept.push(' ');
                rest = inside;
            }
        }
    }
    kept.push_str(rest);
    if !kept.contains(char::is_alphanumeric) {
        return String::new();
    }
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn closing(open: char) -> Option<char> {
    match open {
        '[' => Some(']'),
        '(' => Some(')'),
        '*' | '♪' => Some(open),
        _ => None,
    }
}

/// Whether the text is one of those that come from noise.
pub(crate) fn is_from_noise(text: &str) -> bool {
    FROM_NOISE.contains(&words(text).join(" ").as_str())
}

/// Whether the decoder runs in circles: the same word or group of words again and again.
pub(crate) fn repeats_itself(text: &str) -> bool {
    let words = words(text);
    (1..=LONGEST_GROUP).any(|size| {
        let times = if size == 1 { REPEATS.0 } else { REPEATS.1 };
        words
            .windows(size * times)
            .any(|run| run.iter().zip(run.iter().skip(size)).all(|(one, next)| one == next))
    })
}

fn words(text: &str) -> Vec<String> {
    let parts = text.split(|letter: char| !letter.is_alphanumeric() && letter != '\'');
    parts.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_go_and_words_stay() {
        for (text, expected) in [
            ("", ""),
            (" . . .", ""),
            ("[Music]", ""),
            ("(engine revving)", ""),
            ("*coughs*", ""),
            ("♪ la la la ♪", ""),
            (" Open the  window. [BLANK_AUDIO]", "Open the window."),
            ("[Music] Play (applause) jazz [Music]", "Play jazz"),
            ("Set it to 21.5", "Set it to 21.5"),
            ("Play [the radio", "Play the radio"),
            ("5 * 3", "5 3"),
            ("🚗 [größe] ä", "🚗 ä"),
        ] {
            assert_eq!(without_captions(text), expected, "{text:?}");
        }
    }

    #[test]
    fn circles_are_seen_and_emphasis_is_not_one() {
        for text in [
            "mute mute mute mute mute mute",
            "Turn off, turn off. Turn off! Turn off",
            &"Turn off the air conditioning. ".repeat(4),
            "so it goes on and on and on and on and",
        ] {
            assert!(repeats_itself(text), "{text}");
        }
        for text in
            ["", "no, no, no, no, not that", "call zero zero zero one two two", "twenty two, twenty two"]
        {
            assert!(!repeats_itself(text), "{text}");
        }
    }

    #[test]
    fn phrases_from_noise_are_known_in_any_punctuation() {
        assert!(is_from_noise(" Thank you."));
        assert!(is_from_noise("Thanks for watching!"));
        assert!(!is_from_noise("Thank you, turn it off."));
        assert!(!is_from_noise(""));
    }
}
