//! The rules of all manifests: phrases with a name.

use std::collections::BTreeSet;

use super::manifest::{File, Reader, position};
use super::phrase::Phrase;
use super::{ManifestError, raw, suggest};

/// A named phrase and where it stands.
pub(super) struct Rule {
    pub(super) text: String,
    pub(super) phrase: Phrase,
    file: String,
    at: (usize, usize),
}

impl Reader {
    /// Takes in the rules of one manifest.
    pub(super) fn rules(&mut self, file: &File<'_>, manifest: &raw::Manifest) {
        for (name, text) in &manifest.rules {
            if self.rules.contains_key(name) {
                self.report(file, text.span(), format!("the rule `{name}` is defined twice"));
                continue;
            }
            match Phrase::parse(text.get_ref()) {
                Ok(phrase) => {
                    let rule = Rule {
                        text: text.get_ref().clone(),
                        phrase,
                        file: file.name.to_owned(),
                        at: position(file.text, text.span().start),
                    };
                    self.rules.insert(name.clone(), rule);
                }
                Err(message) => self.report(file, text.span(), format!("rule `{name}`: {message}")),
            }
        }
    }

    /// Unknown rules inside rules, and rules that lead back to themselves.
    pub(super) fn check_rules(&mut self) {
        let mut errors = Vec::new();
        for (name, rule) in &self.rules {
            let mut report = |message: String| {
                let (line, column) = rule.at;
                errors.push(ManifestError { file: rule.file.clone(), line, column, message });
            };
            for inner in mentioned(&rule.phrase) {
                if !self.rules.contains_key(inner) {
                    report(format!("unknown rule `{inner}`{}", self.rule_hint(inner)));
                }
            }
            let mut seen = BTreeSet::new();
            let mut open = mentioned(&rule.phrase);
            while let Some(inner) = open.pop() {
                if inner == name {
                    report(format!("the rule `{name}` refers to itself"));
                    break;
                }
                if seen.insert(inner) {
                    open.extend(
                        self.rules.get(inner).map(|rule| mentioned(&rule.phrase)).unwrap_or_default(),
                    );
                }
            }
        }
        // A rule that leads back to itself would make every walk over it endless.
        if errors.iter().any(|error: &ManifestError| error.message.ends_with("refers to itself")) {
            self.rules.clear();
        }
        self.errors.extend(errors);
    }

    /// A suggestion for a rule that does not exist.
    pub(super) fn rule_hint(&self, name: &str) -> String {
        suggest::hint(name, self.rules.keys().map(String::as_str))
    }
}

/// Names of the rules that a phrase uses itself.
pub(super) fn mentioned(phrase: &Phrase) -> Vec<&str> {
    let mut names = Vec::new();
    phrase.visit(&mut |part| match part {
        Phrase::Rule(name) | Phrase::Slot { rule: Some(name), .. } => names.push(name.as_str()),
        _ => {}
    });
    names
}
