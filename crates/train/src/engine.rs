//! The understander and the policy that a sentence goes through, as in `carvoice parse`.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use carvoice_core::car::{CarState, Side};
use carvoice_core::catalogue::Catalogue;
use carvoice_core::command::Command;
use carvoice_core::engine::{Cancel, Context, Understander};
use carvoice_core::policy::{self, Policy};
use carvoice_core::turn::{Dialogue, Surroundings, assess_in};
use carvoice_models::{Store, default_folder};
use carvoice_understand::understander::{ModelFiles, SlmUnderstander};

use crate::EngineOptions;
use crate::sentences::Sentence;

/// Name of the base model in the store.
const MODEL: &str = "smollm2-135m";

/// How long a conversation is remembered. Sentences of a file follow one another at once.
const MEMORY: Duration = Duration::from_secs(3600);

/// The catalogue with the skills of the options.
pub fn catalogue(options: &EngineOptions) -> anyhow::Result<Catalogue> {
    let mut added = Vec::new();
    for file in &options.skill {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        added.push((file.display().to_string(), text));
    }
    let mut files = Catalogue::shipped_files().to_vec();
    files.extend(added.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    Catalogue::parse(&files).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!(faults.join("\n"))
    })
}

/// The understander of the options.
pub fn understander(options: &EngineOptions, catalogue: &Catalogue) -> anyhow::Result<SlmUnderstander> {
    let templates = SlmUnderstander::without_model(catalogue, Side::Left);
    if options.templates {
        return Ok(templates);
    }
    let model = match &options.model {
        Some(model) => model.clone(),
        None => Store::open(default_folder())?.path(MODEL)?,
    };
    let adapter = (options.adapter.as_os_str() != "none").then_some(options.adapter.as_path());
    Ok(templates.with_model(&ModelFiles { model: &model, adapter, snapshot: None }, options.threads)?)
}

/// What became of a sentence.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Commands in spoken order with their confidence.
    pub commands: Vec<(Command, f64)>,
    /// As `parse` prints it.
    pub verdict: &'static str,
    /// Time taken, in milliseconds.
    pub ms: f64,
}

/// Takes sentences as `carvoice parse --dialogue` does, for a parked car.
pub struct Listener {
    pub understander: SlmUnderstander,
    policy: Policy,
    dialogue: Dialogue,
}

impl Listener {
    pub fn new(options: &EngineOptions, catalogue: &Catalogue) -> anyhow::Result<Self> {
        let understander = understander(options, catalogue)?;
        let policy = Policy::new(catalogue.clone(), policy::Settings::default());
        Ok(Self { understander, policy, dialogue: Dialogue::new(MEMORY) })
    }

    /// The conversation before `sentence`, which may begin a new one.
    pub fn context(&mut self, sentence: &Sentence) -> Context {
        if sentence.first {
            self.dialogue = Dialogue::new(MEMORY);
        }
        self.dialogue.context(Duration::ZERO)
    }

    pub fn hear(&mut self, sentence: &Sentence) -> anyhow::Result<Outcome> {
        let context = self.context(sentence);
        let begin = Instant::now();
        let meaning = self.understander.understand(&sentence.text, &context, &Cancel::never())?;
        let ms = begin.elapsed().as_secs_f64() * 1000.0;
        let car = CarState::default();
        let around = Surroundings { car: Some(&car), ..Surroundings::default() };
        let assessment = assess_in(&self.policy, &mut self.dialogue, &meaning, around, Duration::ZERO);
        Ok(Outcome { commands: assessment.commands, verdict: assessment.verdict.as_str(), ms })
    }
}
