//! What a compiled phrase cannot do without: so most sentences are ruled out before they are tried.

use std::collections::BTreeSet;

use super::pattern::{A_NUMBER, Node, WordId};

/// Adds the sets of words of which one each must be said.
pub(super) fn needs(node: &Node, needed: &mut Vec<BTreeSet<WordId>>) {
    match node {
        Node::Word(word) => needed.push(BTreeSet::from([*word])),
        Node::Number(_) => needed.push(BTreeSet::from([A_NUMBER])),
        Node::Span(_, inner) => needs(inner, needed),
        Node::Sequence(parts) => parts.iter().for_each(|part| needs(part, needed)),
        Node::Choice(parts) => {
            let mut union = BTreeSet::new();
            for part in parts {
                let mut own = Vec::new();
                needs(part, &mut own);
                match own.into_iter().min_by_key(BTreeSet::len) {
                    Some(smallest) => union.extend(smallest),
                    None => return,
                }
            }
            needed.push(union);
        }
        Node::Empty
        | Node::Optional(_)
        | Node::Value(..)
        | Node::Digits(_)
        | Node::Text(_)
        | Node::Wild(_) => {}
    }
}

/// Words that a phrase can begin with; none when any word can.
pub(super) fn first_words(node: &Node) -> Option<BTreeSet<WordId>> {
    let mut first = BTreeSet::new();
    match add_first(node, &mut first) {
        Some(false) => Some(first),
        _ => None,
    }
}

/// Adds to `first` and tells whether the phrase can be silent; none when it can begin with any word.
fn add_first(node: &Node, first: &mut BTreeSet<WordId>) -> Option<bool> {
    match node {
        Node::Empty | Node::Value(..) => Some(true),
        Node::Word(word) => {
            first.insert(*word);
            Some(false)
        }
        Node::Number(_) => {
            first.insert(A_NUMBER);
            Some(false)
        }
        Node::Span(_, inner) => add_first(inner, first),
        Node::Optional(inner) => add_first(inner, first).map(|_| true),
        Node::Sequence(parts) => {
            for part in parts {
                if !add_first(part, first)? {
                    return Some(false);
                }
            }
            Some(true)
        }
        Node::Choice(parts) => {
            let mut silent = false;
            for part in parts {
                silent |= add_first(part, first)?;
            }
            Some(silent)
        }
        Node::Digits(_) | Node::Text(_) | Node::Wild(_) => None,
    }
}
