//! Scores answers and writes its own, within the grammar.

use std::path::Path;
use std::time::Instant;

use carvoice_core::catalogue::{Catalogue, Intent};
use carvoice_core::engine::{Cancel, EngineError};

use super::grammar::{Grammar, Walk};
use super::language::Prompt;
use super::model::Model;
use super::reader::Reader;
use super::tokenizer::Tokenizer;

/// Longest answer in tokens. Four commands with long texts stay below; a model that copies the whole of
/// a long utterance does not.
const LONGEST_ANSWER: usize = 96;

/// When to stop.
#[derive(Clone, Copy)]
pub struct Limits<'a> {
    /// Stops when a newer turn began.
    pub cancel: &'a Cancel,
    /// Stops at this moment.
    pub deadline: Instant,
}

impl Limits<'_> {
    fn check(&self) -> Result<(), EngineError> {
        self.cancel.check()?;
        if Instant::now() >= self.deadline { Err(EngineError::failed("out of time")) } else { Ok(()) }
    }
}

/// How likely the model finds an answer among all that the grammar admits for the utterance.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Natural logarithm of the probability. Tokens without an alternative count nothing, so the
    /// probabilities of all admitted answers sum to one.
    pub log_prob: f64,
    /// Tokens at which there was a choice.
    pub choices: usize,
    /// Logarithm of the least probable choice; 0 without one.
    pub weakest: f64,
}

impl Score {
    /// The probability itself.
    #[must_use]
    pub fn probability(&self) -> f64 {
        self.log_prob.exp()
    }

    fn add(&mut self, log_prob: f64) {
        self.log_prob += log_prob;
        self.choices += 1;
        self.weakest = self.weakest.min(log_prob);
    }
}

/// The model with its tokenizer and grammar.
pub struct Decoder {
    reader: Reader,
    tokenizer: Tokenizer,
    grammar: Grammar,
    prefix: Vec<u32>,
}

impl Decoder {
    /// A decoder that puts `prefix` in front of every prompt, and has read it: from the `snapshot` file, if
    /// that has it, which is written otherwise.
    ///
    /// # Errors
    /// When the grammar cannot be compiled or the prefix is longer than the model's cache.
    pub fn new(
        model: Model,
        tokenizer: Tokenizer,
        catalogue: &Catalogue,
        prefix: &str,
        snapshot: Option<&Path>,
    ) -> Result<Self, EngineError> {
        let grammar = Grammar::compile(catalogue, &|text| tokenizer.encode(text))?;
        let prefix = if prefix.is_empty() { Vec::new() } else { tokenizer.begin(prefix)? };
        let mut reader = Reader::new(model);
        match snapshot {
            Some(file) => reader.read_prefix(&prefix, file)?,
            None => reader.read(&prefix, || Ok(()))?,
        }
        Ok(Self { reader, tokenizer, grammar, prefix })
    }

    /// Scores `answers` to the prompt. The first is read together with the prompt in one
    /// pass; a further one costs a pass only from where it has its first choice after another
    /// token. None for an answer that the grammar does not admit.
    ///
    /// # Errors
    /// When a limit is reached or the utterance is too long for the cache.
    pub fn score(
        &mut self,
        prompt: &Prompt,
        answers: &[&str],
        limits: Limits<'_>,
    ) -> Result<Vec<Option<Score>>, EngineError> {
        let read = self.tokens(prompt)?;
        let walk = self.grammar.begin(prompt, &|text| self.tokenizer.encode(text))?;
        let mut scores = Vec::with_capacity(answers.len());
        for answer in answers {
            let answer = self.tokenizer.encode(answer)?;
            scores.push(score_one(&mut self.reader, walk.clone(), &read, &answer, limits)?);
        }
        Ok(scores)
    }

    /// The answer that follows the most probable token at every choice, with its score. Tokens without
    /// an alternative are read together with the next choice's. None as soon as its log-probability is
    /// below `floor`.
    ///
    /// # Errors
    /// When a limit is reached, or the utterance or the answer is too long.
    pub fn decode(
        &mut self,
        prompt: &Prompt,
        floor: f64,
        limits: Limits<'_>,
    ) -> Result<Option<(String, Score)>, EngineError> {
        let read = self.tokens(prompt)?;
        let walk = self.grammar.begin(prompt, &|text| self.tokenizer.encode(text))?;
        let Some((answer, score)) = write(&mut self.reader, walk, &read, floor, limits)? else {
            return Ok(None);
        };
        Ok(Some((self.tokenizer.decode(&answer)?, score)))
    }

    /// The answer that follows the most probable token at every choice, with its score, among commands of
    /// `intents` alone.
    ///
    /// # Errors
    /// When there is none, a limit is reached, or the utterance or the answer is too long.
    pub fn decode_among(
        &mut self,
        prompt: &Prompt,
        intents: &[Intent],
        limits: Limits<'_>,
    ) -> Result<(String, Score), EngineError> {
        let encode = |text: &str| self.tokenizer.encode(text);
        let read = self.tokens(prompt)?;
        let grammar = Grammar::of(intents, &encode)?;
        let walk = grammar.begin(prompt, &encode)?;
        let written = write(&mut self.reader, walk, &read, f64::NEG_INFINITY, limits)?;
        let (answer, score) = written.ok_or_else(|| EngineError::failed("no answer"))?;
        Ok((self.tokenizer.decode(&answer)?, score))
    }

    fn tokens(&self, prompt: &Prompt) -> Result<Vec<u32>, EngineError> {
        let text = prompt.text();
        if self.prefix.is_empty() {
            return self.tokenizer.begin(&text);
        }
        Ok([self.prefix.as_slice(), &self.tokenizer.encode(&text)?].concat())
    }
}

/// The tokens that follow the prompt of the tokens `read` on the most probable way of `walk`, with their score.
/// None as soon as the log-probability is below `floor`.
fn write(
    reader: &mut Reader,
    mut walk: Walk<'_>,
    read: &[u32],
    floor: f64,
    limits: Limits<'_>,
) -> Result<Option<(Vec<u32>, Score)>, EngineError> {
    let mut text = read.to_vec();
    let mut score = Score::default();
    while !walk.is_done() {
        if text.len() - read.len() >= LONGEST_ANSWER {
            return Err(EngineError::failed("the answer does not end"));
        }
        let allowed = walk.allowed();
        let token = if let &[token] = allowed.as_slice() {
            token
        } else {
            reader.read(&text, || limits.check())?;
            let log_probs = reader.log_probs(text.len(), &allowed)?;
            let best = allowed.iter().zip(log_probs).max_by(|a, b| a.1.total_cmp(&b.1));
            let Some((&token, log_prob)) = best else {
                return Err(EngineError::failed("the grammar leaves no token"));
            };
            score.add(log_prob);
            if score.log_prob < floor {
                return Ok(None);
            }
            token
        };
        if !walk.advance(token) {
            return Err(EngineError::failed("the grammar refused its own token"));
        }
        text.push(token);
    }
    Ok(Some((text.split_off(read.len()), score)))
}

/// The score of `answer` to the prompt of the tokens `read`.
fn score_one(
    reader: &mut Reader,
    walk: Walk<'_>,
    read: &[u32],
    answer: &[u32],
    limits: Limits<'_>,
) -> Result<Option<Score>, EngineError> {
    let Some(choices) = choices(walk, answer) else { return Ok(None) };
    let Some((last, ..)) = choices.last() else { return Ok(Some(Score::default())) };
    // The token at the last choice is predicted by what comes before it.
    reader.read(&[read, &answer[..*last]].concat(), || limits.check())?;
    let mut score = Score::default();
    for (at, token, allowed) in &choices {
        let log_probs = reader.log_probs(read.len() + at, allowed)?;
        let chosen = allowed.iter().zip(log_probs).find(|(other, _)| *other == token);
        score.add(chosen.map_or(f64::NEG_INFINITY, |(_, log_prob)| log_prob));
    }
    Ok(Some(score))
}

/// The choices on the way of `answer` through the grammar: how many tokens come before, the token
/// taken, and all that were allowed. None when the way ends early or leaves the grammar.
fn choices(mut walk: Walk<'_>, answer: &[u32]) -> Option<Vec<(usize, u32, Vec<u32>)>> {
    let mut choices = Vec::new();
    for (at, &token) in answer.iter().enumerate() {
        let allowed = walk.allowed();
        if !walk.advance(token) {
            return None;
        }
        if allowed.len() > 1 {
            choices.push((at, token, allowed));
        }
    }
    walk.is_done().then_some(choices)
}
