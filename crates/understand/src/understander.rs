//! Templates and model together: the templates draft, the model decides.

mod named;

use std::path::Path;
use std::time::{Duration, Instant};

use carvoice_core::car::Side;
use carvoice_core::catalogue::{Catalogue, Slot, SlotKind};
use carvoice_core::command::{Command, SlotValue};
use carvoice_core::engine::{Cancel, Context, EngineError, Understander};
use carvoice_core::interpretation::{Candidate, Interpretation, Problem};

use crate::slm::adapter::Adapter;
use crate::slm::decoder::{Decoder, Limits};
use crate::slm::gguf::Gguf;
use crate::slm::language::{self, Answer, END, LATER, NONE, Prompt};
use crate::slm::model::Model;
use crate::slm::prefix;
use crate::slm::tokenizer::Tokenizer;
use crate::templates::{Matcher, Reading};
use crate::trust::{Draft, Trust, Verdict};

/// Longest utterance that is looked at, in characters: half a minute of fast speech.
const LONGEST_UTTERANCE: usize = 400;

/// Tokens the model can keep in mind: an utterance (at most about 200, unless it is in a script of which the
/// vocabulary knows only bytes) with its answer.
const CAPACITY: usize = 512;

/// The same with examples or added skills in front, which are up to about 600.
const CAPACITY_WITH_PREFIX: usize = 1024;

/// How long the model may think about one utterance. Then the draft stands.
const BUDGET: Duration = Duration::from_secs(1);

/// How long it may think when it is measured.
const MEASURING: Duration = Duration::from_secs(60);

/// What templates and model each make of an utterance.
#[derive(Clone, Debug)]
pub struct Opinions {
    /// The templates' reading.
    pub reading: Reading,
    /// Natural logarithms of the probabilities that the model gives to the draft of the templates, to
    /// `none` and to `later`. None where there is no draft or it cannot be written.
    pub draft: Option<(f64, f64, f64)>,
    /// Whether the draft has free text or leaves words unexplained.
    pub loose: bool,
    /// Whether the conversation settles the draft and the model is not asked.
    pub settled: bool,
    /// The model's own answer and its log-probability.
    pub own: Option<(Answer, f64)>,
}

/// Words to commands by templates and, where it is there, the small language model.
pub struct SlmUnderstander {
    catalogue: Catalogue,
    matcher: Matcher,
    slm: Option<Slm>,
}

/// Where the parts of the language model are.
pub struct ModelFiles<'a> {
    /// The weights (GGUF).
    pub model: &'a Path,
    /// The adapter that taught it the catalogue; none for the model as it was published.
    pub adapter: Option<&'a Path>,
    /// Where what it reads before every prompt is kept for the next start, if it is. A file that cannot be
    /// read or written costs only time.
    pub snapshot: Option<&'a Path>,
}

struct Slm {
    decoder: Decoder,
    trust: Trust,
    /// Whether it learnt the language, the lines about the conversation included.
    trained: bool,
}

impl SlmUnderstander {
    /// Templates alone, for a car with the steering wheel on this side: what is left when the model
    /// cannot be had.
    #[must_use]
    pub fn without_model(catalogue: &Catalogue, steering: Side) -> Self {
        Self { catalogue: catalogue.clone(), matcher: Matcher::with_steering(catalogue, steering), slm: None }
    }

    /// Adds the model, merged with its adapter, computing on `threads` threads. Takes about half a second, and
    /// without an adapter a second more to read the examples.
    ///
    /// # Errors
    /// [`EngineError::Model`] when one of the files is missing, damaged or of another kind.
    pub fn with_model(mut self, files: &ModelFiles<'_>, threads: usize) -> Result<Self, EngineError> {
        let adapter = files.adapter.map(Adapter::open).transpose()?;
        let gguf = Gguf::open(files.model)?;
        let tokenizer = Tokenizer::new(&gguf)?;
        let (prefix, trust) = match &adapter {
            Some(adapter) => {
                (prefix::declarations(&self.catalogue), adapter.trust().unwrap_or(Trust::TRAINED))
            }
            None => (prefix::examples(&self.catalogue), Trust::UNTRAINED),
        };
        let capacity = if prefix.is_empty() { CAPACITY } else { CAPACITY_WITH_PREFIX };
        let trained = adapter.is_some();
        let model = Model::load(&gguf, adapter.as_ref(), capacity, threads)?;
        let decoder = Decoder::new(model, tokenizer, &self.catalogue, &prefix, files.snapshot)?;
        self.slm = Some(Slm { decoder, trust, trained });
        Ok(self)
    }

    /// Trusts the model otherwise from now on, for measuring. Nothing without a model.
    pub fn set_trust(&mut self, trust: Trust) {
        if let Some(slm) = &mut self.slm {
            slm.trust = trust;
        }
    }

    /// What templates and model each make of an utterance, for measuring and calibrating. None without a
    /// model.
    ///
    /// # Errors
    /// When the utterance is too long for the model.
    pub fn opinions(&mut self, text: &str, context: &Context) -> Result<Option<Opinions>, EngineError> {
        let reading = self.matcher.read(text, context);
        let Some(slm) = &mut self.slm else { return Ok(None) };
        let prompt = slm.prompt(&self.catalogue, &self.matcher, text, context);
        let cancel = Cancel::never();
        let limits = Limits { cancel: &cancel, deadline: Instant::now() + MEASURING };
        let commands = reading.commands();
        let draft = slm.draft(&self.catalogue, &prompt, &reading, &commands, limits)?;
        let loose = draft.is_some_and(|draft| draft.loose);
        let draft = draft.map(|draft| (draft.log_prob, draft.none, draft.later));
        let own = slm.own(&self.catalogue, &prompt, f64::NEG_INFINITY, limits)?;
        let settled = is_settled(&reading, &commands, &prompt, context);
        Ok(Some(Opinions { reading, draft, loose, settled, own }))
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
        let named = |word: &str| self.catalogue.intent(word).is_some();
        // Nobody speaks in the names of intents; written, they would be an answer put into the model's mouth.
        if long
            || is_sound(text)
            || is_caption(text)
            || !text.contains(char::is_alphanumeric)
            || text.split_whitespace().any(named)
        {
            return Ok(Interpretation::default());
        }
        let reading = self.matcher.read(text, context);
        let Some(slm) = &mut self.slm else { return Ok(reading.interpretation) };
        let limits = Limits { cancel, deadline: Instant::now() + BUDGET };
        let prompt = slm.prompt(&self.catalogue, &self.matcher, text, context);
        let commands = reading.commands();
        if is_settled(&reading, &commands, &prompt, context) {
            return Ok(reading.interpretation);
        }
        let verdict = slm.judge(&self.catalogue, &prompt, &reading, &commands, limits).and_then(|verdict| {
            let named = self.matcher.named(text);
            slm.with_named(&self.catalogue, &prompt, &named, !commands.is_empty(), verdict, limits)
        });
        match verdict {
            Ok(verdict) => {
                let verdict = faithful(&self.catalogue, &self.matcher, text, verdict);
                Ok(carry_out(&self.catalogue, verdict, reading.interpretation))
            }
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
    fn prompt(&self, catalogue: &Catalogue, matcher: &Matcher, text: &str, context: &Context) -> Prompt {
        let pending = context.pending.as_ref().map(|pending| &pending.command);
        let about: Vec<&Command> = pending.into_iter().chain(context.recent.last()).collect();
        let prompt = if self.trained { Prompt::new(catalogue, text, context) } else { Prompt::alone(text) };
        prompt.with_numbers(matcher.sayable_numbers(text, &about))
    }

    fn judge(
        &mut self,
        catalogue: &Catalogue,
        prompt: &Prompt,
        reading: &Reading,
        commands: &[Command],
        limits: Limits<'_>,
    ) -> Result<Verdict, EngineError> {
        if commands.is_empty() {
            let own = self.own(catalogue, prompt, self.trust.floor(false), limits)?;
            return Ok(self.trust.on_own(own));
        }
        let Some(draft) = self.draft(catalogue, prompt, reading, commands, limits)? else {
            return Ok(Verdict::Keep(None));
        };
        if let Some(verdict) = self.trust.on_draft(&draft) {
            return Ok(verdict);
        }
        let own = self.own(catalogue, prompt, self.trust.floor(true), limits)?;
        Ok(self.trust.on_doubted(&draft, own))
    }

    /// The draft with what the model thinks of it. None for one that the model's language cannot express,
    /// which is beyond its judgement.
    fn draft<'a>(
        &mut self,
        catalogue: &Catalogue,
        prompt: &Prompt,
        reading: &Reading,
        commands: &'a [Command],
        limits: Limits<'_>,
    ) -> Result<Option<Draft<'a>>, EngineError> {
        let Ok(draft) = language::write(catalogue, commands) else { return Ok(None) };
        let answers = [draft.as_str(), &format!("{NONE}{END}"), &format!("{LATER}{END}")];
        let scores = self.decoder.score(prompt, &answers, limits)?;
        let [Some(draft), Some(none), Some(later)] = scores[..] else { return Ok(None) };
        Ok(Some(Draft {
            commands,
            loose: reading.cover < 1.0 || commands.iter().any(|command| has_free_text(catalogue, command)),
            open: reading.interpretation.candidates.iter().any(|candidate| candidate.problem.is_some()),
            log_prob: draft.log_prob,
            none: none.log_prob,
            later: later.log_prob,
        }))
    }

    /// The model's own answer with its log-probability, unless that is below `floor`.
    fn own(
        &mut self,
        catalogue: &Catalogue,
        prompt: &Prompt,
        floor: f64,
        limits: Limits<'_>,
    ) -> Result<Option<(Answer, f64)>, EngineError> {
        if floor >= 0.0 {
            return Ok(None);
        }
        let Some((answer, score)) = self.decoder.decode(prompt, floor, limits)? else { return Ok(None) };
        let answer = language::read(catalogue, &answer).map_err(EngineError::failed)?;
        Ok(Some((answer, score.log_prob)))
    }
}

/// Whether the conversation alone settles what is meant: the model knows nothing of it, or a question was
/// answered by a plain yes or no.
fn is_settled(reading: &Reading, commands: &[Command], prompt: &Prompt, context: &Context) -> bool {
    const ANSWERS: [&str; 4] = ["assistant.yes", "assistant.no", "assistant.cancel", "assistant.stop"];
    let plain = |commands: &[Command]| matches!(commands, [only] if ANSWERS.contains(&only.intent.as_str()));
    reading.from_context && !prompt.has_context()
        || context.pending.is_some() && reading.cover >= 1.0 && plain(commands)
}

/// The model's own commands with texts as they were spoken, and without numbers that were not: those
/// commands are asked about.
fn faithful(catalogue: &Catalogue, matcher: &Matcher, text: &str, verdict: Verdict) -> Verdict {
    let (mut commands, confidence, sure) = match verdict {
        Verdict::Act(commands, confidence) => (commands, confidence, true),
        Verdict::Ask(commands, confidence) => (commands, confidence, false),
        other => return other,
    };
    let made_up = matcher.made_up_numbers(text, &commands);
    for (index, command) in commands.iter_mut().enumerate() {
        command.slots.retain(|name, _| !made_up.contains(&(index, name.clone())));
        let Some(intent) = catalogue.intent(&command.intent) else { continue };
        for (name, value) in &mut command.slots {
            let free = intent.slot(name).is_some_and(|slot| matches!(slot.kind, SlotKind::Text));
            if let (true, SlotValue::Text(value)) = (free, value) {
                *value = language::as_spoken(text, value);
            }
        }
    }
    if sure && made_up.is_empty() {
        Verdict::Act(commands, confidence)
    } else {
        Verdict::Ask(commands, confidence)
    }
}

fn carry_out(catalogue: &Catalogue, verdict: Verdict, mut draft: Interpretation) -> Interpretation {
    match verdict {
        Verdict::Keep(confidence) => {
            for candidate in &mut draft.candidates {
                candidate.confidence = confidence.unwrap_or(candidate.confidence);
            }
            draft
        }
        Verdict::Nothing => Interpretation::default(),
        // Which order it was is known from the draft, if there is one.
        Verdict::Later if draft.candidates.is_empty() => {
            Interpretation { later: true, ..Interpretation::default() }
        }
        Verdict::Later => {
            for candidate in &mut draft.candidates {
                candidate.problem = Some(Problem::NotNow);
            }
            Interpretation { left_over: None, ..draft }
        }
        Verdict::Doubt => {
            for candidate in &mut draft.candidates {
                candidate.problem.get_or_insert(Problem::Unsure);
            }
            draft
        }
        Verdict::Act(commands, confidence) => own_reading(catalogue, commands, confidence, None),
        Verdict::Ask(commands, confidence) => {
            own_reading(catalogue, commands, confidence, Some(&Problem::Unsure))
        }
    }
}

fn own_reading(
    catalogue: &Catalogue,
    commands: Vec<Command>,
    confidence: f64,
    problem: Option<&Problem>,
) -> Interpretation {
    let candidate = |command: Command| {
        let missing = catalogue.intent(&command.intent).and_then(|intent| intent.missing(&command.slots));
        let missing = missing.map(|slot| Problem::Missing { slot: slot.name.clone() });
        Candidate { command, confidence, problem: missing.or_else(|| problem.cloned()) }
    };
    Interpretation { candidates: commands.into_iter().map(candidate).collect(), ..Interpretation::default() }
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

/// Whether the text is what Whisper, which learnt from subtitles, makes of noise.
fn is_caption(text: &str) -> bool {
    const CAPTIONS: [&str; 5] =
        ["for watching", "please subscribe", "like and subscribe", "subtitles by", "in the next video"];
    let plain = language::words(text);
    CAPTIONS.iter().any(|caption| plain.starts_with(caption) || plain.ends_with(caption))
}

fn has_free_text(catalogue: &Catalogue, command: &Command) -> bool {
    let is_text = |slot: &Slot| matches!(slot.kind, SlotKind::Text) && command.slots.contains_key(&slot.name);
    catalogue.intent(&command.intent).is_some_and(|intent| intent.slots.iter().any(is_text))
}
