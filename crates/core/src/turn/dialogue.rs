//! What the conversation remembers: recent commands, the open question, the vocabulary.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::effect::Rejection;
use crate::command::Command;
use crate::engine::{Context, Pending};
use crate::interpretation::{Candidate, Interpretation, Problem};

/// Commands remembered: those of a few turns, which is how far a "that" reaches back.
const MAX_RECENT: usize = 8;
/// Bounds of the vocabulary: a telephone book and a library of music, not a dictionary.
const MAX_KINDS: usize = 16;
const MAX_PHRASES: usize = 5000;
const MAX_PHRASE_CHARS: usize = 100;
/// How often a question is put before it is dropped.
const MAX_ASKED: u8 = 2;

/// A conversation. Lines or turns share it as long as they follow one another.
#[derive(Clone, Debug)]
pub struct Dialogue {
    memory: Duration,
    recent: VecDeque<(Duration, Command)>,
    asked: Option<Asked>,
    vocabulary: BTreeMap<String, Vec<String>>,
}

/// An open question.
#[derive(Clone, Debug)]
struct Asked {
    pending: Pending,
    question: String,
    times: u8,
}

/// One candidate with what the conversation knows of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What is asked for.
    pub candidate: Candidate,
    /// Whether the policy's question about it was answered with yes.
    pub confirmed: bool,
}

impl Dialogue {
    /// A conversation that forgets a command after `memory`.
    #[must_use]
    pub fn new(memory: Duration) -> Self {
        Self { memory, recent: VecDeque::new(), asked: None, vocabulary: BTreeMap::new() }
    }

    /// What the understander needs of it.
    #[must_use]
    pub fn context(&self, now: Duration) -> Context {
        let fresh = |(at, _): &&(Duration, Command)| now.saturating_sub(*at) <= self.memory;
        Context {
            recent: self.recent.iter().filter(fresh).map(|(_, command)| command.clone()).collect(),
            pending: self.pending().cloned(),
            vocabulary: self.vocabulary.clone(),
        }
    }

    /// The open question.
    #[must_use]
    pub fn pending(&self) -> Option<&Pending> {
        self.asked.as_ref().map(|asked| &asked.pending)
    }

    /// Forgets the open question.
    pub fn drop_question(&mut self) {
        self.asked = None;
    }

    /// Replaces the phrases of a kind.
    ///
    /// # Errors
    /// [`Rejection::InvalidArgument`] beyond 16 kinds, 5000 phrases of a kind or 100 characters of a phrase.
    pub fn set_vocabulary(&mut self, kind: String, phrases: Vec<String>) -> Result<(), Rejection> {
        let invalid = |reason: String| Err(Rejection::InvalidArgument(reason));
        if phrases.len() > MAX_PHRASES {
            return invalid(format!("{} phrases; at most {MAX_PHRASES} are taken", phrases.len()));
        }
        if phrases.iter().any(|phrase| phrase.chars().count() > MAX_PHRASE_CHARS) {
            return invalid(format!("a phrase has more than {MAX_PHRASE_CHARS} characters"));
        }
        if self.vocabulary.len() >= MAX_KINDS && !self.vocabulary.contains_key(&kind) {
            return invalid(format!("more than {MAX_KINDS} kinds of phrases"));
        }
        self.vocabulary.insert(kind, phrases);
        Ok(())
    }

    /// Turns an interpretation into requests: a yes becomes the command it confirms. The open
    /// question is thereby answered, or dropped because the talk went on.
    pub(super) fn resolve(&mut self, interpretation: &Interpretation) -> Vec<Request> {
        let open = if interpretation.candidates.is_empty() { None } else { self.asked.take() };
        let confirmable = open.map(|asked| asked.pending).filter(|pending| pending.slot.is_none());
        let mut requests: Vec<Request> = Vec::new();
        for candidate in &interpretation.candidates {
            let candidate = candidate.clone();
            let request = match &confirmable {
                Some(pending) if answers_yes(&candidate, pending) => {
                    let command = pending.command.clone();
                    Request { candidate: Candidate::complete(command, candidate.confidence), confirmed: true }
                }
                _ => Request { candidate, confirmed: false },
            };
            // "Yes, open the boot" is one order, not two.
            let again = request.confirmed && requests.iter().any(|earlier| earlier.confirmed);
            if !again {
                requests.push(request);
            }
        }
        requests
    }

    /// Remembers a command that is being done; not those to the assistant, which no "that" means.
    pub(super) fn remember(&mut self, command: &Command, now: Duration) {
        if command.intent.starts_with("assistant.") {
            return;
        }
        if self.recent.len() == MAX_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((now, command.clone()));
    }

    /// Remembers that a question is open.
    pub(super) fn ask(&mut self, pending: Pending, question: String) {
        self.asked = Some(Asked { pending, question, times: 1 });
    }

    /// The open question once more, unless it was put often enough; then it is dropped.
    pub(super) fn ask_again(&mut self) -> Option<String> {
        let mut asked = self.asked.take().filter(|asked| asked.times < MAX_ASKED)?;
        asked.times += 1;
        let question = asked.question.clone();
        self.asked = Some(asked);
        Some(question)
    }
}

/// A yes, or the very command once more.
fn answers_yes(candidate: &Candidate, pending: &Pending) -> bool {
    let same =
        || matches!(candidate.problem, None | Some(Problem::Implied)) && candidate.command == pending.command;
    candidate.command.intent == "assistant.yes" || same()
}
