//! Added skills that an utterance names by a word no shipped skill has. The model knows them from a line of
//! its prompt only: it tells an order from talk well, but is easily led to another skill. So it chooses
//! among the named ones alone.

use carvoice_core::catalogue::{Catalogue, Intent};
use carvoice_core::engine::EngineError;

use super::Slm;
use crate::slm::decoder::{Limits, Score};
use crate::slm::language::{self, Answer, END, LATER, NONE, Prompt};
use crate::trust::Verdict;

/// The named skill is asked about when the model finds it less likely than this that nothing is asked of
/// the car now.
const ASK_BELOW: f64 = 0.5;

/// It is done when the model finds that less likely than this.
const ACT_BELOW: f64 = 0.1;

/// It is done when the model prefers it so much among all commands of the named skills.
const PREFERRED: f64 = 0.5;

impl Slm {
    /// The verdict with the named skills in view; `drafted` tells whether the templates read something.
    pub(super) fn with_named(
        &mut self,
        catalogue: &Catalogue,
        prompt: &Prompt,
        named: &[Intent],
        drafted: bool,
        verdict: Verdict,
        limits: Limits<'_>,
    ) -> Result<Verdict, EngineError> {
        let is_named = |name: &str| named.iter().any(|intent| intent.name == name);
        let is_settled = match &verdict {
            Verdict::Keep(_) => drafted,
            Verdict::Act(commands, _) => commands.len() > 1 && commands.iter().any(|c| is_named(&c.intent)),
            Verdict::Later => true,
            Verdict::Nothing | Verdict::Doubt | Verdict::Ask(..) => false,
        };
        if named.is_empty() || is_settled {
            return Ok(verdict);
        }
        let (answer, score) = self.decoder.decode_among(prompt, named, limits)?;
        let talk = [NONE, LATER].map(|answer| format!("{answer}{END}"));
        let talk = self.decoder.score(prompt, &talk.each_ref().map(String::as_str), limits)?;
        let talk: f64 = talk.iter().flatten().map(Score::probability).sum();
        let Answer::Commands(commands) = language::read(catalogue, &answer).map_err(EngineError::failed)?
        else {
            return Ok(verdict);
        };
        let confidence = score.probability() * (1.0 - talk);
        Ok(if talk < ACT_BELOW && score.probability() >= PREFERRED {
            Verdict::Act(commands, confidence)
        } else if talk < ASK_BELOW {
            Verdict::Ask(commands, confidence)
        } else {
            verdict
        })
    }
}
