//! Files of sentences with what they should come to.
//!
//! One sentence per line: the words as spoken, then, behind tabs, one or more answers that are right, in the
//! language of the model (`climate.set_temperature temperature=21 ; media.play`, `none`, `later`), or `*` for any
//! command. ` !verdict` behind an answer asks for that verdict; without it, a complete command must not be asked
//! about as unclear. An empty line ends a conversation; in a
//! file without any, every line stands alone. Lines beginning with `#` are comments.

use std::path::Path;

use anyhow::{Context as _, bail};
use carvoice_core::catalogue::Catalogue;
use carvoice_core::command::{Command, SlotValue};
use carvoice_understand::slm::language::{self, Answer, END};

/// A sentence and what it should come to.
#[derive(Clone, Debug)]
pub struct Sentence {
    /// Words as spoken.
    pub text: String,
    /// What is right, at least one.
    pub expected: Vec<Expected>,
    /// Whether it begins a conversation, or stands alone.
    pub first: bool,
}

/// One right outcome.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The commands; none of them for `*`.
    pub answer: Option<Answer>,
    /// The verdict, where it matters.
    pub verdict: Option<String>,
    /// Whether it may be asked about because a slot is missing, or because any command will do.
    pub open: bool,
    /// The line as written, for messages.
    pub line: String,
}

impl Sentence {
    /// Whether it asks nothing of the car.
    pub fn is_talk(&self) -> bool {
        self.expected.iter().all(|expected| expected.answer == Some(Answer::Nothing))
    }

    /// Whether these commands with this verdict are right.
    pub fn is_met(&self, commands: &[Command], verdict: &str) -> bool {
        self.expected.iter().any(|expected| {
            let accepted = match &expected.verdict {
                Some(wanted) => wanted == verdict,
                None => verdict != "clarify" || expected.open,
            };
            accepted && expected.means(commands)
        })
    }

    /// Domain of the first command expected, or `none`.
    pub fn domain(&self) -> String {
        match self.expected.iter().find_map(|expected| expected.answer.as_ref()) {
            Some(Answer::Commands(commands)) if commands.len() > 1 => "several".to_owned(),
            Some(Answer::Commands(commands)) => commands
                .first()
                .and_then(|command| command.intent.split('.').next())
                .unwrap_or_default()
                .to_owned(),
            Some(Answer::Later) => "later".to_owned(),
            Some(Answer::Nothing) => "none".to_owned(),
            None => "any".to_owned(),
        }
    }
}

impl Expected {
    /// Whether it stands for these commands, whatever the verdict.
    pub fn means(&self, commands: &[Command]) -> bool {
        match &self.answer {
            None => !commands.is_empty(),
            // A delay is told by the verdict; the order may be listed.
            Some(Answer::Later) => true,
            Some(Answer::Nothing) => commands.is_empty(),
            Some(Answer::Commands(expected)) => {
                expected.len() == commands.len()
                    && expected.iter().zip(commands).all(|(one, other)| same(one, other))
            }
        }
    }
}

/// Whether two commands are one, but for the spelling of free text.
pub fn same(one: &Command, other: &Command) -> bool {
    plain(one) == plain(other)
}

/// The command with its free text in the form the model sees.
pub fn plain(command: &Command) -> Command {
    let mut plain = command.clone();
    for value in plain.slots.values_mut() {
        if let SlotValue::Text(text) = value {
            *text = language::words(text);
        }
    }
    plain
}

/// Reads a file.
///
/// # Errors
/// When it cannot be read, or a line is not as it should be: with file and line.
pub fn read(catalogue: &Catalogue, path: &Path) -> anyhow::Result<Vec<Sentence>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let conversations = text.trim().lines().any(|line| line.trim().is_empty());
    let mut sentences: Vec<Sentence> = Vec::new();
    let mut first = true;
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            first = true;
        } else if !line.starts_with('#') {
            let sentence = parse(catalogue, line, first || !conversations);
            sentences.push(sentence.with_context(|| format!("{}:{}", path.display(), number + 1))?);
            first = false;
        }
    }
    Ok(sentences)
}

fn parse(catalogue: &Catalogue, line: &str, first: bool) -> anyhow::Result<Sentence> {
    let mut parts = line.split('\t');
    let text = parts.next().unwrap_or_default().trim().to_owned();
    let expected: Vec<Expected> = parts
        .filter(|part| part.contains(['.', '*']) || ["none", "later"].contains(&part.trim()))
        .map(|part| expected(catalogue, part.trim()))
        .collect::<anyhow::Result<_>>()?;
    if expected.is_empty() {
        bail!("{text:?} has no answer behind a tab");
    }
    Ok(Sentence { text, expected, first })
}

fn expected(catalogue: &Catalogue, part: &str) -> anyhow::Result<Expected> {
    let (answer, verdict) = match part.rsplit_once(" !") {
        Some((answer, verdict)) => (answer.trim(), Some(verdict.trim().to_owned())),
        None => (part, None),
    };
    let verdict = verdict.or_else(|| (answer == "later").then(|| "clarify".to_owned()));
    let answer = match answer {
        "*" => None,
        answer => Some(language::read(catalogue, &format!("{answer}{END}"))?),
    };
    let open = match &answer {
        Some(Answer::Commands(commands)) => commands.iter().any(|command| {
            catalogue.intent(&command.intent).is_some_and(|intent| intent.missing(&command.slots).is_some())
        }),
        Some(_) => false,
        None => true,
    };
    Ok(Expected { answer, verdict, open, line: part.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hold_words_answers_and_verdicts() {
        let catalogue = Catalogue::shipped();
        let line = "Open the boot.\ttrunk.set state=open !confirm\tnone";
        let sentence = parse(&catalogue, line, true).unwrap();
        let boot = Command::new("trunk.set").with("state", "open");
        assert!(sentence.is_met(std::slice::from_ref(&boot), "confirm"));
        assert!(!sentence.is_met(&[boot], "act"));
        assert!(sentence.is_met(&[], "none") && !sentence.is_talk());
        for bad in ["no answer", "Open.\ttrunk.set state=ajar", "Open.\ttrunk.fly"] {
            assert!(parse(&catalogue, bad, true).is_err(), "{bad}");
        }
    }

    #[test]
    fn empty_lines_part_conversations() {
        let folder = std::env::temp_dir().join(format!("carvoice-train-{}", std::process::id()));
        std::fs::write(&folder, "Mute.\tvolume.set_mute state=on\nAgain.\tnone\n\nHello.\tassistant.greet\n")
            .unwrap();
        let first: Vec<bool> =
            read(&Catalogue::shipped(), &folder).unwrap().iter().map(|s| s.first).collect();
        std::fs::remove_file(&folder).unwrap();
        assert_eq!(first, [true, false, true]);
    }
}
