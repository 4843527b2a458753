//! "Did you mean".

/// ` (did you mean `x`?)` for the known name nearest to `typed`, or nothing when none is near.
pub(super) fn hint<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    known
        .into_iter()
        .map(|name| (distance(typed, name), name))
        .filter(|(edits, name)| *edits <= (name.len().max(typed.len()) / 3).max(1))
        .min()
        .map(|(_, name)| format!(" (did you mean `{name}`?)"))
        .unwrap_or_default()
}

/// Levenshtein distance: insertions, deletions and replacements that turn one into the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for (pair, b) in row.windows(2).zip(&to) {
            if let [diagonal, above] = *pair {
                left = (diagonal + usize::from(a != *b)).min(above + 1).min(left + 1);
                next.push(left);
            }
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_the_nearest() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(hint("sentance", ["sentences", "slots"]), " (did you mean `sentences`?)");
        assert_eq!(hint("colour", ["slots", "risk"]), "");
    }
}
