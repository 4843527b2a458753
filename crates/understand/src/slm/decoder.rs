//! Scores answers and writes its own, within the grammar.

use std::time::Instant;

use candle_core::Tensor;
use carvoice_core::catalogue::Catalogue;
use carvoice_core::engine::{Cancel, EngineError};

use super::cache::KvCache;
use super::grammar::{Grammar, Walk};
use super::language::END;
use super::model::{Model, with_slice};
use super::tokenizer::Tokenizer;

/// Longest answer in tokens. Four commands with long texts stay below; a model that copies the whole of
/// a long utterance does not.
const LONGEST_ANSWER: usize = 96;

/// Tokens read between two looks at the limits. Whole prompts of commands fit into one.
const TOKENS_PER_STEP: usize = 64;

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
    fn add(&mut self, log_prob: f64) {
        self.log_prob += log_prob;
        self.choices += 1;
        self.weakest = self.weakest.min(log_prob);
    }
}

/// The model with its grammar, and the memory of what it read last.
///
/// What the next utterance has in common with the last, at least the fixed prefix, is not read again: the
/// cache is taken back to where they part.
pub struct Decoder {
    model: Model,
    tokenizer: Tokenizer,
    grammar: Grammar,
    prefix: Vec<u32>,
    cache: KvCache,
    /// What the cache holds.
    read: Vec<u32>,
    /// Hidden states of `read`, one after the other.
    hidden: Vec<f32>,
}

impl Decoder {
    /// A decoder that puts `prefix` in front of every prompt, and has read it.
    ///
    /// # Errors
    /// When the grammar cannot be compiled or the prefix is longer than the model's cache.
    pub fn new(model: Model, tokenizer: Tokenizer, catalogue: &Catalogue, prefix: &str) -> Result<Self, EngineError> {
        let grammar = Grammar::compile(catalogue, &|text| tokenizer.encode(text))?;
        let prefix = tokenizer.encode(prefix)?;
        let cache = model.cache();
        let mut decoder =
            Self { model, tokenizer, grammar, prefix, cache, read: Vec::new(), hidden: Vec::new() };
        let prefix = decoder.prefix.clone();
        decoder.read_to(&prefix, || Ok(()))?;
        Ok(decoder)
    }

    /// Scores `answers` to the utterance `words`. The first is read together with the prompt in one
    /// pass; a further one costs a pass only from where it has its first choice after another
    /// token. None for an answer that the grammar does not admit.
    ///
    /// # Errors
    /// When a limit is reached or the utterance is too long for the cache.
    pub fn score(
        &mut self,
        words: &str,
        answers: &[&str],
        limits: Limits<'_>,
    ) -> Result<Vec<Option<Score>>, EngineError> {
        let prompt = self.prompt(words)?;
        answers.iter().map(|answer| self.score_one(words, &prompt, answer, limits)).collect()
    }

    fn score_one(
        &mut self,
        words: &str,
        prompt: &[u32],
        answer: &str,
        limits: Limits<'_>,
    ) -> Result<Option<Score>, EngineError> {
        let tokens = self.tokenizer.encode(answer)?;
        let Some(choices) = choices(self.walk(words)?, &tokens) else { return Ok(None) };
        let Some((last, ..)) = choices.last() else { return Ok(Some(Score::default())) };
        // The token at the last choice is predicted by what comes before it.
        let text = [prompt, &tokens[..*last]].concat();
        self.read_to(&text, || limits.check())?;
        let mut score = Score::default();
        for (at, token, allowed) in &choices {
            let log_probs = self.log_probs(prompt.len() + at, allowed)?;
            let chosen = allowed.iter().zip(log_probs).find(|(other, _)| *other == token);
            score.add(chosen.map_or(f64::NEG_INFINITY, |(_, log_prob)| log_prob));
        }
        Ok(Some(score))
    }

    /// The answer that follows the most probable token at every choice, with its score. Tokens without
    /// an alternative are read together with the next choice's.
    ///
    /// # Errors
    /// When a limit is reached, or the utterance or the answer is too long.
    pub fn decode(&mut self, words: &str, limits: Limits<'_>) -> Result<(String, Score), EngineError> {
        let prompt = self.prompt(words)?;
        let mut walk = self.walk(words)?;
        let mut text = prompt.clone();
        let mut score = Score::default();
        while !walk.is_done() {
            if text.len() - prompt.len() >= LONGEST_ANSWER {
                return Err(EngineError::failed("the answer does not end"));
            }
            let allowed = walk.allowed();
            let token = if let &[token] = allowed.as_slice() {
                token
            } else {
                self.read_to(&text, || limits.check())?;
                let log_probs = self.log_probs(text.len(), &allowed)?;
                let best = allowed.iter().zip(log_probs).max_by(|a, b| a.1.total_cmp(&b.1));
                let Some((&token, log_prob)) = best else {
                    return Err(EngineError::failed("the grammar leaves no token"));
                };
                score.add(log_prob);
                token
            };
            if !walk.advance(token) {
                return Err(EngineError::failed("the grammar refused its own token"));
            }
            text.push(token);
        }
        Ok((self.tokenizer.decode(&text[prompt.len()..])?, score))
    }

    fn prompt(&self, words: &str) -> Result<Vec<u32>, EngineError> {
        Ok([self.prefix.as_slice(), &self.tokenizer.encode(&format!("{words}{END}"))?].concat())
    }

    fn walk(&self, words: &str) -> Result<Walk<'_>, EngineError> {
        self.grammar.begin(words, &|text| self.tokenizer.encode(text))
    }

    /// Makes the cache hold exactly `text`, reading only what differs from what it holds.
    fn read_to(&mut self, text: &[u32], check: impl Fn() -> Result<(), EngineError>) -> Result<(), EngineError> {
        let common = self.read.iter().zip(text).take_while(|(old, new)| old == new).count();
        let width = self.model.dimensions().hidden;
        self.cache.truncate(common);
        self.read.truncate(common);
        self.hidden.truncate(common * width);
        for tokens in text[common..].chunks(TOKENS_PER_STEP) {
            check()?;
            let hidden = self.model.forward(tokens, &mut self.cache).map_err(EngineError::failed)?;
            self.keep(tokens, &hidden)?;
        }
        Ok(())
    }

    fn keep(&mut self, tokens: &[u32], hidden: &Tensor) -> Result<(), EngineError> {
        self.read.extend(tokens);
        with_slice(hidden, |hidden| self.hidden.extend(hidden)).map_err(EngineError::failed)
    }

    /// Log-probabilities of the `allowed` tokens, among themselves, after the first `length` tokens read.
    fn log_probs(&self, length: usize, allowed: &[u32]) -> Result<Vec<f64>, EngineError> {
        let width = self.model.dimensions().hidden;
        let start = length.saturating_sub(1) * width;
        let hidden = self.hidden.get(start..start + width).ok_or_else(|| EngineError::failed("nothing was read"))?;
        let logits = self.model.logits_of(hidden, allowed).map_err(EngineError::failed)?;
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = logits.iter().map(|logit| f64::from(logit - largest).exp()).sum();
        Ok(logits.iter().map(|logit| f64::from(logit - largest) - sum.ln()).collect())
    }
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
