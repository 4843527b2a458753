//! Words whose sound depends on their neighbours: function words and homographs.
//!
//! A reply is a short, plain sentence, so a look at the word before and the word after is enough;
//! a part-of-speech tagger would be a model of its own.

use super::lexicon::Entry;

/// What stands around a word.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Around<'a> {
    /// Word before in small letters; empty at the start of a clause.
    pub(super) before: &'a str,
    /// Word after in small letters; empty at the end of a clause.
    pub(super) after: &'a str,
    /// Whether the next sound is a vowel; none before a pause.
    pub(super) vowel_follows: Option<bool>,
}

const DIGITS: &[&str] = &["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const ARTICLES: &[&str] = &["the", "a", "an", "my", "your", "his", "her", "its", "our", "their"];
const POINTERS: &[&str] = &[
    "this", "that", "these", "those", "no", "any", "some", "every", "each", "of", "in", "on", "for", "with",
    "from", "without", "by", "at", "new", "last", "next",
];
const BEFORE_VERB: &[&str] = &[
    "to", "will", "would", "can", "could", "should", "shall", "may", "might", "must", "do", "does", "did",
    "don't", "doesn't", "didn't", "can't", "cannot", "couldn't", "won't", "wouldn't", "i", "you", "we",
    "they", "i'll", "you'll", "we'll", "please", "let's", "not", "who",
];
const BEFORE_PARTICIPLE: &[&str] = &[
    "have", "has", "had", "i've", "you've", "we've", "is", "are", "was", "were", "been", "be", "being",
    "already",
];
const SUBJECTS: &[&str] = &[
    "i", "you", "he", "she", "it", "we", "they", "the", "a", "an", "my", "your", "there", "i'm", "you're",
    "it's",
];

/// Sound of a function word, if its neighbours decide it.
pub(super) fn function_word(word: &str, around: Around) -> Option<&'static str> {
    Some(match (word, around.vowel_follows) {
        ("a", Some(_)) => "ɐ",
        ("an", Some(_)) => "ɐn",
        ("the", Some(true)) => "ði",
        ("the", _) => "ðə",
        ("to", Some(true)) => "tʊ",
        ("to", Some(false)) => "tə",
        ("i", _) => "ˌI",
        ("in", None) => "ˈɪn",
        ("am", Some(_)) => "ɐm",
        ("point", _) if DIGITS.contains(&around.after) => "pYnt",
        ("used", _) if around.after == "to" => "jˈust",
        _ => return None,
    })
}

/// Sound of a word of the lexicon between its neighbours; empty when its letters are read by name.
pub(super) fn choose<'a>(word: &str, entry: Entry<'a>, around: Around) -> &'a str {
    let strong = if around.vowel_follows.is_none() { entry.in_role("None") } else { None };
    let role = match word {
        // "that" points unless it joins two clauses.
        "that" if !SUBJECTS.contains(&around.after) => entry.in_role("DT"),
        "read" | "reread" | "wound" if BEFORE_PARTICIPLE.contains(&around.before) => entry.in_role("VBN"),
        _ if is_noun(around) => entry.in_role("NOUN"),
        _ if is_verb(around) => entry.in_role("VERB"),
        _ => None,
    };
    strong.or(role).unwrap_or(entry.usual)
}

fn is_noun(around: Around) -> bool {
    ARTICLES.contains(&around.before) || POINTERS.contains(&around.before)
}

/// After a word that wants a verb, or an order at the start of a clause ("Close the window").
fn is_verb(around: Around) -> bool {
    let order = matches!(around.before, "" | "and" | "then") && ARTICLES.contains(&around.after);
    BEFORE_VERB.contains(&around.before) || order
}

#[cfg(test)]
mod tests {
    use super::super::lexicon::tests::lexicon;
    use super::*;

    #[track_caller]
    fn check(before: &str, word: &str, after: &str, expected: &str) {
        let lexicon = lexicon(&[
            "close\tklˈOs\tNOUN=klˈOz\tVERB=klˈOz",
            "have\thæv\tNone=hˈæv",
            "read\tɹˈid\tVBN=ɹˈɛd",
            "record\tɹˈɛkəɹd\tVERB=ɹəkˈɔɹd",
            "that\tðæt\tDT=ðˈæt",
        ]);
        let around = Around { before, after, vowel_follows: (!after.is_empty()).then_some(false) };
        assert_eq!(choose(word, lexicon.entry(word).unwrap(), around), expected, "{before} {word} {after}");
    }

    #[test]
    fn homographs() {
        check("to", "close", "the", "klˈOz");
        check("", "close", "the", "klˈOz");
        check("is", "close", "by", "klˈOs");
        check("i've", "read", "it", "ɹˈɛd");
        check("to", "read", "it", "ɹˈid");
        check("the", "record", "", "ɹˈɛkəɹd");
        check("can't", "record", "it", "ɹəkˈɔɹd");
        check("catch", "that", "", "ðˈæt");
        check("think", "that", "you", "ðæt");
        check("i", "have", "", "hˈæv");
    }

    #[test]
    fn function_words() {
        let say = |word, vowel_follows| function_word(word, Around { vowel_follows, ..Around::default() });
        assert_eq!(say("the", Some(true)), Some("ði"));
        assert_eq!(say("the", Some(false)), Some("ðə"));
        assert_eq!(say("to", None), None);
        assert_eq!(say("a", None), None);
        assert_eq!(say("window", Some(true)), None);
    }
}
