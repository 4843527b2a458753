//! Templates and model together: the templates draft, the model decides.

use std::path::Path;
use std::time::{Duration, Instant};

use carvoice_core::car::Side;
use carvoice_core::catalogue::{Catalogue, Slot, SlotKind};
use carvoice_core::command::Command;
use carvoice_core::engine::{Cancel, Context, EngineError, Understander};
use carvoice_core::interpretation::{Candidate, Interpretation, Problem};

use crate::slm::adapter::Adapter;
use crate::slm::decoder::{Decoder, Limits, Score};
use crate::slm::gguf::Gguf;
use crate::slm::language::{self, END, NONE};
use crate::slm::model::Model;
use crate::slm::prefix;
use crate::slm::tokenizer::Tokenizer;
use crate::templates::{Matcher, Reading};

/// Longest utterance that is looked at, in characters: half a minute of fast speech.
const LONGEST_UTTERANCE: usize = 400;

/// Tokens the model can keep in mind: an utterance (at most about 200, unless it is in a script of which the
/// vocabulary knows only bytes) with its answer.
const CAPACITY: usize = 512;

/// The same with the examples in front, which are about 600.
const CAPACITY_WITH_EXAMPLES: usize = 1024;

/// How long the model may think about one utterance. Then the draft stands.
const BUDGET: Duration = Duration::from_secs(1);

/// How far the model is trusted. All are probabilities the model gives among the answers that the grammar
/// admits for the utterance; 0.0 always holds, above 1.0 never.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// A draft whose every word is a template's is dropped when `none` is at least this likely.
    pub veto_firm: f64,
    /// A draft with free text, which any words satisfy, or that leaves words unexplained is dropped
    /// when `none` is at least this likely.
    pub veto_loose: f64,
    /// A draft less likely than this is doubted: the model writes its own answer.
    pub doubt: f64,
    /// The model's own answer replaces a doubted draft when it is at least this likely. Otherwise the
    /// draft is asked about.
    pub replace: f64,
    /// The model's own answer stands without a draft when it is at least this likely.
    pub alone: f64,
    /// Without a draft, an answer at least this likely but not enough to stand is asked about; a less
    /// likely one is taken for talk.
    pub ask: f64,
}

impl Thresholds {
    /// For the model as it was published, which knows the catalogue from a few examples only: it may
    /// veto a draft when it is all but certain, and never acts on its own.
    ///
    /// Measured on 1 000 sentences of clinc150 that ask nothing of a car, 9 of which the templates took for a
    /// complete command, and on 270 car commands, 76 of them drafted: `none` tells the two apart with
    /// an area under the curve of 0.78. These values lose none of the 76 and take back one mistake.
    /// Answers of its own are wrong from a probability of 0.6 down and too few above.
    pub const UNTRAINED: Self =
        Self { veto_firm: 0.97, veto_loose: 0.92, doubt: 0.0, replace: 1.1, alone: 1.1, ask: 1.1 };

    /// For a model with an adapter trained on the catalogue. Provisional until one was measured.
    pub const TRAINED: Self =
        Self { veto_firm: 0.9, veto_loose: 0.5, doubt: 0.2, replace: 0.7, alone: 0.8, ask: 0.4 };
}

/// Words to commands by templates and, where it is there, the small language model.
pub struct SlmUnderstander {
    catalogue: Catalogue,
    matcher: Matcher,
    slm: Option<Slm>,
}

struct Slm {
    decoder: Decoder,
    thresholds: Thresholds,
}

/// What the model makes of a reading.
enum Verdict {
    Keep,
    Drop,
    /// The draft is asked about.
    Doubt,
    /// These instead, with their probability.
    Replace(Vec<Command>, f64),
}

impl SlmUnderstander {
    /// Templates alone, for a car with the steering wheel on this side: what is left when the model
    /// cannot be had.
    #[must_use]
    pub fn without_model(catalogue: &Catalogue, steering: Side) -> Self {
        Self { catalogue: catalogue.clone(), matcher: Matcher::with_steering(catalogue, steering), slm: None }
    }

    /// Adds the model in the GGUF file at `model`, merged with the adapter at `adapter`, computing on
    /// `threads` threads. Takes about 0.3 s, and without an adapter a second more to read the examples.
    ///
    /// # Errors
    /// [`EngineError::Model`] when one of the files is missing, damaged or of another kind.
    pub fn with_model(
        mut self,
        model: &Path,
        adapter: Option<&Path>,
        threads: usize,
    ) -> Result<Self, EngineError> {
        let adapter = adapter.map(Adapter::open).transpose()?;
        let mut gguf = Gguf::open(model)?;
        let tokenizer = Tokenizer::new(&gguf)?;
        let (prefix, capacity, thresholds) = match adapter {
            Some(_) => (String::new(), CAPACITY, Thresholds::TRAINED),
            None => (prefix::examples(&self.catalogue), CAPACITY_WITH_EXAMPLES, Thresholds::UNTRAINED),
        };
        let model = Model::load(&mut gguf, adapter.as_ref(), capacity, threads)?;
        let decoder = Decoder::new(model, tokenizer, &self.catalogue, &prefix)?;
        self.slm = Some(Slm { decoder, thresholds });
        Ok(self)
    }

    /// Trusts the model otherwise from now on, for measuring. Nothing without a model.
    pub fn set_thresholds(&mut self, thresholds: Thresholds) {
        if let Some(slm) = &mut self.slm {
            slm.thresholds = thresholds;
        }
    }

    /// Whether the model is there.
    #[must_use]
    pub fn has_model(&self) -> bool {
        self.slm.is_some()
    }
}

impl Understander for SlmUnderstander {
    fn understand(
        &mut self,
        text: &str,
        context: &Context,
        cancel: &Cancel,
    ) -> Result<Interpretation, EngineError> {
        cancel.check()?;
        let long = text.chars().nth(LONGEST_UTTERANCE).is_some();
        if long || is_sound(text) || !text.contains(char::is_alphanumeric) {
            return Ok(Interpretation::default());
        }
        let reading = self.matcher.read(text, context);
        let Some(slm) = &mut self.slm else { return Ok(reading.interpretation) };
        let limits = Limits { cancel, deadline: Instant::now() + BUDGET };
        match slm.judge(&self.catalogue, text, &reading, limits) {
            Ok(verdict) => Ok(slm.carry_out(&self.catalogue, verdict, reading.interpretation)),
            Err(EngineError::Cancelled) => Err(EngineError::Cancelled),
            Err(error) => {
                tracing::warn!(%error, "the language model gave no verdict; the templates' reading stands");
                Ok(reading.interpretation)
            }
        }
    }

    fn lacks_model(&self) -> bool {
        !self.has_model()
    }
}

impl Slm {
    fn judge(
        &mut self,
        catalogue: &Catalogue,
        text: &str,
        reading: &Reading,
        limits: Limits<'_>,
    ) -> Result<Verdict, EngineError> {
        let candidates = &reading.interpretation.candidates;
        // The model does not see the conversation, and a draft with a problem is asked about anyway.
        if reading.from_context || candidates.iter().any(|candidate| candidate.problem.is_some()) {
            return Ok(Verdict::Keep);
        }
        let words = language::words(text);
        if candidates.is_empty() {
            return self.own(catalogue, &words, limits);
        }
        let commands: Vec<Command> = candidates.iter().map(|candidate| candidate.command.clone()).collect();
        // A draft that the model's language cannot express is beyond its judgement.
        let Ok(draft) = language::write(catalogue, &commands) else { return Ok(Verdict::Keep) };
        let scores = self.decoder.score(&words, &[&draft, &format!("{NONE}{END}")], limits)?;
        let [Some(draft), Some(none)] = scores[..] else { return Ok(Verdict::Keep) };
        let loose = reading.cover < 1.0 || commands.iter().any(|command| has_free_text(catalogue, command));
        let veto = if loose { self.thresholds.veto_loose } else { self.thresholds.veto_firm };
        if none.probability() >= veto {
            return Ok(Verdict::Drop);
        }
        if draft.probability() >= self.thresholds.doubt {
            return Ok(Verdict::Keep);
        }
        self.instead(catalogue, &words, &commands, limits)
    }

    /// The model's own answer in place of a doubted draft.
    fn instead(
        &mut self,
        catalogue: &Catalogue,
        words: &str,
        draft: &[Command],
        limits: Limits<'_>,
    ) -> Result<Verdict, EngineError> {
        let own = self.decode(catalogue, words, self.thresholds.replace, limits)?;
        Ok(match own {
            Some((commands, _)) if commands == draft => Verdict::Keep,
            Some((commands, _)) if commands.is_empty() => Verdict::Drop,
            Some((commands, score)) => Verdict::Replace(commands, score.probability()),
            None => Verdict::Doubt,
        })
    }

    /// The model's own answer where the templates are silent.
    fn own(
        &mut self,
        catalogue: &Catalogue,
        words: &str,
        limits: Limits<'_>,
    ) -> Result<Verdict, EngineError> {
        let least = self.thresholds.alone.min(self.thresholds.ask);
        Ok(match self.decode(catalogue, words, least, limits)? {
            Some((commands, score)) if !commands.is_empty() => {
                Verdict::Replace(commands, score.probability())
            }
            _ => Verdict::Keep,
        })
    }

    /// The model's own answer when it is at least as likely as `least`.
    fn decode(
        &mut self,
        catalogue: &Catalogue,
        words: &str,
        least: f64,
        limits: Limits<'_>,
    ) -> Result<Option<(Vec<Command>, Score)>, EngineError> {
        if least > 1.0 {
            return Ok(None);
        }
        let Some((answer, score)) = self.decoder.decode(words, least.ln(), limits)? else { return Ok(None) };
        let commands = language::read(catalogue, &answer).map_err(EngineError::failed)?;
        Ok(Some((commands, score)))
    }

    fn carry_out(&self, catalogue: &Catalogue, verdict: Verdict, draft: Interpretation) -> Interpretation {
        match verdict {
            Verdict::Keep => draft,
            Verdict::Drop => Interpretation::default(),
            Verdict::Doubt => {
                let unsure = |candidate| Candidate { problem: Some(Problem::Unsure), ..candidate };
                Interpretation { candidates: draft.candidates.into_iter().map(unsure).collect(), ..draft }
            }
            Verdict::Replace(commands, confidence) => {
                let least =
                    if draft.candidates.is_empty() { self.thresholds.alone } else { self.thresholds.replace };
                let candidate = |command: Command| {
                    let missing =
                        catalogue.intent(&command.intent).and_then(|intent| intent.missing(&command.slots));
                    let problem = match missing {
                        Some(slot) => Some(Problem::Missing { slot: slot.name.clone() }),
                        None => (confidence < least).then_some(Problem::Unsure),
                    };
                    Candidate { command, confidence, problem }
                };
                Interpretation { candidates: commands.into_iter().map(candidate).collect(), left_over: None }
            }
        }
    }
}

/// Whether the text is what Whisper prints for something that is no speech: "[Music]", "(wind blowing)",
/// "*sigh*".
fn is_sound(text: &str) -> bool {
    let text = text.trim();
    [('[', ']'), ('(', ')'), ('*', '*'), ('♪', '♪')].iter().any(|marks| {
        let inner = text.strip_prefix(marks.0).and_then(|text| text.strip_suffix(marks.1));
        inner.is_some_and(|inner| !inner.contains([marks.0, marks.1]))
    })
}

fn has_free_text(catalogue: &Catalogue, command: &Command) -> bool {
    let is_text = |slot: &Slot| matches!(slot.kind, SlotKind::Text) && command.slots.contains_key(&slot.name);
    catalogue.intent(&command.intent).is_some_and(|intent| intent.slots.iter().any(is_text))
}
