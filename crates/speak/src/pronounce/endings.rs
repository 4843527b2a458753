//! Words that are another word with an ending: -s, -'s, -ed, -ing.

/// A word taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Plural, possessive, third person.
    S,
    /// Past.
    Ed,
    /// Progressive.
    Ing,
}

impl Ending {
    /// Phonemes of a stem with this ending.
    pub(super) fn join(self, stem: &str) -> String {
        let last = stem.chars().next_back().unwrap_or_default();
        match self {
            Self::S if "ptkfθ".contains(last) => format!("{stem}s"),
            Self::S if "szʃʒʧʤ".contains(last) => format!("{stem}ᵻz"),
            Self::S => format!("{stem}z"),
            Self::Ed if last == 't' => format!("{}ᵻd", flap(stem)),
            Self::Ed if last == 'd' => format!("{stem}ᵻd"),
            Self::Ed if "pkfθʃsʧ".contains(last) => format!("{stem}t"),
            Self::Ed => format!("{stem}d"),
            Self::Ing => format!("{}ɪŋ", flap(stem)),
        }
    }
}

/// American "t" between vowels is a tap: "heat" and "heating".
fn flap(stem: &str) -> String {
    match stem.strip_suffix('t') {
        Some(before) if before.ends_with(|phoneme| "AIOWYiuæɑəɛɪɹʊʌ".contains(phoneme)) => {
            format!("{before}T")
        }
        _ => stem.to_owned(),
    }
}

/// The stems `word` may have, most likely first.
pub(super) fn stems(word: &str) -> Vec<(Ending, String)> {
    let mut stems = Vec::new();
    if let Some(stem) = word.strip_suffix("'s").or_else(|| word.strip_suffix("s'")) {
        stems.push((Ending::S, stem.to_owned()));
        stems.push((Ending::S, format!("{stem}s")));
    } else if let Some(stem) = word.strip_suffix('s').filter(|stem| !stem.ends_with('s') && stem.len() > 1) {
        stems.push((Ending::S, stem.to_owned()));
        stems.extend(stem.strip_suffix('e').map(|stem| (Ending::S, stem.to_owned())));
        stems.extend(stem.strip_suffix("ie").map(|stem| (Ending::S, format!("{stem}y"))));
    } else if let Some(stem) = word.strip_suffix("ed").filter(|stem| stem.len() > 1) {
        stems.push((Ending::Ed, format!("{stem}e")));
        stems.push((Ending::Ed, stem.to_owned()));
        stems.extend(undoubled(stem).map(|stem| (Ending::Ed, stem)));
        stems.extend(stem.strip_suffix('i').map(|stem| (Ending::Ed, format!("{stem}y"))));
    } else if let Some(stem) = word.strip_suffix("ing").filter(|stem| stem.len() > 1) {
        stems.push((Ending::Ing, stem.to_owned()));
        stems.push((Ending::Ing, format!("{stem}e")));
        stems.extend(undoubled(stem).map(|stem| (Ending::Ing, stem)));
    }
    stems
}

/// "stopp" is "stop" with its last letter doubled.
fn undoubled(stem: &str) -> Option<String> {
    let mut letters = stem.chars().rev();
    let (last, before) = (letters.next()?, letters.next()?);
    let doubled = last == before && !"aeiou".contains(last);
    doubled.then(|| stem.chars().take(stem.chars().count() - 1).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_follow_the_last_sound() {
        assert_eq!(Ending::S.join("sˈit"), "sˈits");
        assert_eq!(Ending::S.join("wˈɪndO"), "wˈɪndOz");
        assert_eq!(Ending::S.join("pˈAʤ"), "pˈAʤᵻz");
        assert_eq!(Ending::Ed.join("lˈɑk"), "lˈɑkt");
        assert_eq!(Ending::Ed.join("hˈit"), "hˈiTᵻd");
        assert_eq!(Ending::Ed.join("fˈOld"), "fˈOldᵻd");
        assert_eq!(Ending::Ing.join("hˈit"), "hˈiTɪŋ");
        assert_eq!(Ending::Ing.join("kˈɔl"), "kˈɔlɪŋ");
    }

    #[test]
    fn stems_are_found() {
        let has =
            |word: &str, stem: &str| assert!(stems(word).iter().any(|(_, found)| found == stem), "{word}");
        has("stations", "station");
        has("boxes", "box");
        has("batteries", "battery");
        has("driver's", "driver");
        has("drivers'", "driver");
        has("muted", "mute");
        has("stopped", "stop");
        has("navigating", "navigate");
        has("tuning", "tune");
        has("dimming", "dim");
        assert!(stems("glass").is_empty());
        assert!(stems("s").is_empty());
        assert!(stems("").is_empty());
    }
}
