//! Stress marks in phoneme strings: ˈ primary and ˌ secondary, each before its vowel.

/// Mark of primary stress.
pub(super) const PRIMARY: char = 'ˈ';
/// Mark of secondary stress.
pub(super) const SECONDARY: char = 'ˌ';

/// Vowels; A I O W Y are diphthongs.
pub(super) fn is_vowel(phoneme: char) -> bool {
    "AIOWYaiuæɑɐɔəɛɜɪʊʌᵻ".contains(phoneme)
}

/// Secondary stress on the first vowel, unless there is stress already.
pub(super) fn at_least_secondary(phonemes: &str) -> String {
    match phonemes.find(is_vowel) {
        Some(vowel) if !phonemes.contains([PRIMARY, SECONDARY]) => {
            let (before, after) = phonemes.split_at(vowel);
            format!("{before}{SECONDARY}{after}")
        }
        _ => phonemes.to_owned(),
    }
}

/// Primary stress becomes secondary; secondary stress beside it goes.
pub(super) fn weaken(phonemes: &str) -> String {
    if !phonemes.contains(PRIMARY) {
        return phonemes.to_owned();
    }
    phonemes
        .chars()
        .filter(|phoneme| *phoneme != SECONDARY)
        .map(|phoneme| if phoneme == PRIMARY { SECONDARY } else { phoneme })
        .collect()
}

/// Stress of letters read by name: the last one leads ("ˌɛfˈɛm").
pub(super) fn of_initials(phonemes: &str) -> String {
    let weak = weaken(phonemes);
    match weak.rfind(SECONDARY) {
        Some(last) => {
            let (before, after) = weak.split_at(last);
            format!("{before}{PRIMARY}{}", after.trim_start_matches(SECONDARY))
        }
        None => weak,
    }
}

/// Stress of a compound: where more than half of its parts have primary stress, the lightest half of
/// the parts is weakened ("twˈɛnti" + "wˈʌn" keeps one).
pub(super) fn of_compound(parts: &mut [String]) {
    let stressed = parts.iter().filter(|part| part.contains(PRIMARY)).count();
    if parts.len() < 2 || stressed <= parts.len().div_ceil(2) {
        return;
    }
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|index| parts.get(*index).map(|part| (part.contains(PRIMARY), heaviness(part))));
    let count = parts.len() / 2;
    for index in order.into_iter().take(count) {
        if let Some(part) = parts.get_mut(index) {
            *part = weaken(part);
        }
    }
}

/// Phonemes of a part, long ones twice.
fn heaviness(part: &str) -> usize {
    part.chars().map(|phoneme| if "AIOWYʤʧ".contains(phoneme) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_move() {
        assert_eq!(at_least_secondary("ðɪs"), "ðˌɪs");
        assert_eq!(at_least_secondary("tˈu"), "tˈu");
        assert_eq!(at_least_secondary("m"), "m");
        assert_eq!(weaken("tˈɛləfˌOn"), "tˌɛləfOn");
        assert_eq!(weaken("ðə"), "ðə");
        assert_eq!(of_initials("ˈɛfˈɛm"), "ˌɛfˈɛm");
    }

    #[test]
    fn compounds_have_one_leader() {
        let mut parts = ["kˈɑɹ".to_owned(), "pˈɑɹkɪŋ".to_owned()];
        of_compound(&mut parts);
        assert_eq!(parts, ["kˌɑɹ", "pˈɑɹkɪŋ"]);
    }
}
