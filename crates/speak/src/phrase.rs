//! Cuts a reply into phrases, the units that are synthesised one after the other.
//!
//! The network computes a phrase as a whole and takes time in proportion to its length, so the first
//! phrase decides how long the listener waits. Later phrases are computed while earlier ones play and
//! are longer, because every cut costs a little of the sentence's melody.

use crate::normalise::Token;

/// Longest sentence that is begun whole: about 4 s of speech.
const FIRST: usize = 60;
/// Longest later phrase: about 10 s of speech, which takes the network a third of a second, and well
/// below the 400 phonemes at which the voice's authors split.
const LATER: usize = 150;
/// A clause shorter than this sounds cut off when it stands alone.
const SHORTEST: usize = 8;

/// The phrases of `tokens` in order. Each has at least one word; together they have all words.
pub(crate) fn phrases(tokens: &[Token]) -> Vec<&[Token]> {
    let mut phrases = Vec::new();
    for sentence in tokens.split_inclusive(Token::ends_sentence) {
        let mut rest = sentence;
        while letters(rest) > 0 {
            let end = end_of_phrase(rest, phrases.is_empty());
            let (phrase, after) = rest.split_at(end);
            phrases.push(phrase);
            rest = after;
        }
    }
    phrases
}

/// Number of tokens in the first phrase of `sentence`, at least 1.
fn end_of_phrase(sentence: &[Token], first: bool) -> usize {
    let limit = if first { FIRST } else { LATER };
    if letters(sentence) <= limit {
        return sentence.len();
    }
    let mut length = 0;
    let mut clause = None;
    for (index, token) in sentence.iter().enumerate() {
        if length + token.letters() > LATER && index > 0 {
            return clause.unwrap_or(index);
        }
        length += token.letters();
        if token.ends_clause() && length >= SHORTEST && letters(&sentence[index + 1..]) >= SHORTEST {
            clause = Some(index + 1);
            if first {
                break;
            }
        }
    }
    clause.unwrap_or(sentence.len())
}

fn letters(tokens: &[Token]) -> usize {
    tokens.iter().map(Token::letters).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::{normalise, spoken};

    fn cut(text: &str) -> Vec<String> {
        phrases(&normalise(text)).into_iter().map(spoken).collect()
    }

    #[test]
    fn sentences_stand_alone() {
        assert_eq!(cut("Okay. The windows are closed."), ["Okay.", "The windows are closed."]);
        assert_eq!(cut("Dr. Smith is calling. Answer?"), ["Doctor Smith is calling.", "Answer?"]);
    }

    #[test]
    fn a_long_first_sentence_is_cut_at_its_first_clause() {
        let text = "The nearest charging station is in Springfield, twelve kilometers from here, and it has two free places.";
        assert_eq!(
            cut(text),
            [
                "The nearest charging station is in Springfield,",
                "twelve kilometers from here, and it has two free places."
            ]
        );
    }

    #[test]
    fn a_first_clause_of_one_word_is_not_cut_off() {
        let text =
            "Well, the nearest charging station that is open at this hour is in Springfield, I am afraid.";
        assert_eq!(
            cut(text)[0],
            "Well, the nearest charging station that is open at this hour is in Springfield,"
        );
    }

    #[test]
    fn no_phrase_is_too_long_and_no_word_is_lost() {
        let text = "word ".repeat(2000);
        let tokens = normalise(&text);
        let phrases = phrases(&tokens);
        assert!(phrases.iter().all(|phrase| letters(phrase) <= LATER));
        assert_eq!(phrases.iter().map(|phrase| phrase.len()).sum::<usize>(), 2000);
    }

    #[test]
    fn nothing_to_say_is_no_phrase() {
        assert!(cut("").is_empty());
        assert!(cut("… !? —").is_empty());
    }
}
