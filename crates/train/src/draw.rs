//! `carvoice-train draw`: sentences drawn from the skill manifests, labelled by the templates that read them.
//!
//! The model judges the drafts of these templates, so it must have seen what they read.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use carvoice_core::car::Side;
use carvoice_core::catalogue::{Catalogue, Intent, NumberKind, Phrase, Slot, SlotKind, Unit};
use carvoice_core::engine::Context;
use carvoice_core::interpretation::Problem;
use carvoice_understand::slm::language::{self, END, LATER};
use carvoice_understand::templates::Matcher;
use clap::Args;

/// Rules nest at most this deep; deeper ones are left out.
const DEEPEST: usize = 12;

/// Chances of words around a sentence, and of a second sentence.
const OPENED: f32 = 0.22;
const CLOSED: f32 = 0.12;
const TWO: f32 = 0.08;

const OPENERS: [&str; 16] = [
    "please",
    "can you",
    "could you",
    "could you please",
    "would you",
    "i'd like you to",
    "hey",
    "ok",
    "hey car",
    "well",
    "um",
    "right",
    "so",
    "can you please",
    "i want you to",
    "go ahead and",
];
const CLOSERS: [&str; 8] =
    ["please", "thanks", "thank you", "for me", "now", "would you", "if you can", "will you"];
const LINKS: [&str; 5] = ["and", "and then", "then", "and also", "plus"];

/// Draws sentences from the skill manifests, labelled by the templates that read them.
#[derive(Args)]
pub struct Options {
    /// How many.
    #[arg(long, default_value_t = 30_000)]
    count: usize,
    /// The same seed gives the same sentences.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Training sentences whose free texts ("query=…") are used as titles, names and places.
    #[arg(long, value_name = "FILE.tsv")]
    texts: PathBuf,
    /// The table to write: sentence, answer, source.
    #[arg(value_name = "OUT.tsv")]
    out: PathBuf,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let catalogue = Catalogue::shipped();
    let matcher = Matcher::with_steering(&catalogue, Side::Left);
    let texts = texts(&options.texts)?;
    let mut speaker = Speaker {
        catalogue: &catalogue,
        texts: &texts,
        chance: fastrand::Rng::with_seed(options.seed),
        depth: 0,
    };
    let (mut rows, mut seen) = (String::new(), HashSet::new());
    for _ in 0..options.count * 20 {
        if seen.len() >= options.count {
            break;
        }
        let Some(text) = speaker.utterance() else { continue };
        let text = language::words(&text);
        let Some(answer) = label(&catalogue, &matcher, &text) else { continue };
        if seen.insert(text.clone()) {
            rows += &format!("{text}\t{}\tmanifest\n", answer.trim_end_matches(END));
        }
    }
    std::fs::write(&options.out, rows).with_context(|| format!("cannot write {}", options.out.display()))?;
    println!("{} sentences", seen.len());
    Ok(ExitCode::SUCCESS)
}

/// What the templates read, if they explain every word and leave nothing open but a missing slot.
fn label(catalogue: &Catalogue, matcher: &Matcher, text: &str) -> Option<String> {
    let reading = matcher.read(text, &Context::default());
    if reading.cover < 1.0 || reading.from_context {
        return None;
    }
    let problems =
        reading.interpretation.candidates.iter().filter_map(|candidate| candidate.problem.as_ref());
    let mut late = false;
    for problem in problems {
        match problem {
            Problem::NotNow => late = true,
            Problem::Missing { .. } | Problem::Implied => {}
            _ => return None,
        }
    }
    if late {
        return Some(LATER.to_owned());
    }
    language::write(catalogue, &reading.commands()).ok()
}

/// Free texts of an answer column, by slot.
fn texts(path: &Path) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let table = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let catalogue = Catalogue::shipped();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for answer in table.lines().filter_map(|line| line.split('\t').nth(1)) {
        let Ok(language::Answer::Commands(commands)) = language::read(&catalogue, &format!("{answer}{END}"))
        else {
            continue;
        };
        for command in commands {
            let Some(intent) = catalogue.intent(&command.intent) else { continue };
            for (name, value) in command.slots {
                let kind = intent.slot(&name).map(|slot| &slot.kind);
                if matches!(kind, Some(SlotKind::Text | SlotKind::Digits)) {
                    found.entry(name).or_default().push(value.to_string());
                }
            }
        }
    }
    Ok(found)
}

/// Says sentences at random.
struct Speaker<'a> {
    catalogue: &'a Catalogue,
    texts: &'a BTreeMap<String, Vec<String>>,
    chance: fastrand::Rng,
    depth: usize,
}

impl Speaker<'_> {
    fn utterance(&mut self) -> Option<String> {
        let mut text = self.sentence()?;
        if self.chance.f32() < TWO {
            text = format!("{text} {} {}", self.chance.choice(LINKS)?, self.sentence()?);
        }
        if self.chance.f32() < OPENED {
            text = format!("{} {text}", self.chance.choice(OPENERS)?);
        }
        if self.chance.f32() < CLOSED {
            text = format!("{text} {}", self.chance.choice(CLOSERS)?);
        }
        Some(text)
    }

    fn sentence(&mut self) -> Option<String> {
        let intent = self.chance.choice(self.catalogue.intents())?;
        let group = self.chance.choice(&intent.sentences)?;
        let sentence = self.chance.choice(&group.sentences)?;
        self.parse(intent, sentence)
    }

    fn parse(&mut self, intent: &Intent, sentence: &str) -> Option<String> {
        if self.depth == DEEPEST {
            return None;
        }
        self.depth += 1;
        let said = Phrase::parse(sentence).ok().and_then(|phrase| self.say(intent, &phrase));
        self.depth -= 1;
        said
    }

    fn say(&mut self, intent: &Intent, phrase: &Phrase) -> Option<String> {
        match phrase {
            Phrase::Word(word) => Some(word.clone()),
            Phrase::Optional(part) if self.chance.f32() < 0.35 => self.say(intent, part),
            Phrase::Optional(_) => Some(String::new()),
            Phrase::Choice(options) => {
                let chosen = self.chance.usize(..options.len().max(1));
                self.say(intent, options.get(chosen)?)
            }
            Phrase::Sequence(parts) => {
                let parts: Option<Vec<String>> = parts.iter().map(|part| self.say(intent, part)).collect();
                Some(parts?.join(" "))
            }
            Phrase::Rule(name) => self.parse(intent, self.catalogue.rules().get(name)?),
            Phrase::Slot { name, rule, .. } => self.value(intent, intent.slot(name)?, rule.as_deref()),
        }
    }

    fn value(&mut self, intent: &Intent, slot: &Slot, rule: Option<&str>) -> Option<String> {
        match &slot.kind {
            SlotKind::Choice(choices) => {
                let spoken = &self.chance.choice(choices)?.spoken;
                self.chance.choice(spoken).cloned().and_then(|spoken| self.parse(intent, &spoken))
            }
            SlotKind::Number(kind) => self.number(kind),
            SlotKind::Text | SlotKind::Digits => match rule {
                Some(rule) => self.parse(intent, self.catalogue.rules().get(rule)?),
                None => self.chance.choice(self.texts.get(&slot.name)?).cloned(),
            },
        }
    }

    fn number(&mut self, kind: &NumberKind) -> Option<String> {
        if !kind.words.is_empty() && self.chance.f32() < 0.3 {
            return Some(self.chance.choice(&kind.words)?.0.clone());
        }
        Some(match kind.unit {
            Unit::Seconds => match self.chance.u32(..6) {
                0 => format!("{} seconds", self.chance.u32(2..=59)),
                1 => format!("{} hours", self.chance.u32(2..=12)),
                2 => format!("1 hour {} minutes", self.chance.u32(2..=59)),
                3 => format!("{} minutes {} seconds", self.chance.u32(2..=20), self.chance.u32(2..=59)),
                _ => format!("{} minutes", self.chance.u32(2..=90)),
            },
            Unit::Ordinal => {
                ["first", "second", "third", "fourth", "last"][self.chance.usize(..5)].to_owned()
            }
            Unit::Frequency if self.chance.bool() => (520 + 10 * self.chance.u32(..119)).to_string(),
            Unit::Frequency => format!("{}.{}", self.chance.u32(88..=107), self.chance.u32(1..=9)),
            _ => {
                let steps = ((kind.max - kind.min) / kind.step) as u32;
                let value = kind.min + f64::from(self.chance.u32(..=steps)) * kind.step;
                // Most people say round numbers.
                let value = if self.chance.f32() < 0.6 { value.round() } else { value };
                value.to_string()
            }
        })
    }
}
