//! `carvoice-train calibrate`: fits confidence to how often the model is right, and chooses thresholds.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use carvoice_core::command::Command;
use carvoice_understand::slm::language::Answer;
use carvoice_understand::trust::{Calibration, Draft, Trust, Verdict};
use carvoice_understand::understander::Opinions;
use clap::Args;
use safetensors::SafeTensors;

use crate::engine::{Listener, catalogue};
use crate::eval::bar;
use crate::platt::platt;
use crate::sentences::{self, Sentence};
use crate::{EngineOptions, plot};

/// How much worse a wrong action is than an answer that is not exact.
const WRONG_ACTION: f64 = 6.0;

/// How much worse talk that is asked about is than a command that is.
const DISTURBANCE: f64 = 1.5;

/// Values tried for every threshold.
const TRIED: [f64; 16] =
    [0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.94, 0.97, 0.99, 1.1];

/// Fits the model's confidence to how often it is right, and chooses its thresholds.
#[derive(Args)]
pub struct Options {
    /// Files of sentences that were not trained on.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    engine: EngineOptions,
    /// Writes the result into the metadata of this adapter.
    #[arg(long, value_name = "FILE.safetensors")]
    write: Option<PathBuf>,
    /// Writes what templates and model make of every sentence to a table.
    #[arg(long, value_name = "FILE.tsv")]
    cases: Option<PathBuf>,
    /// Draws confidence against the share that is right, before and after.
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
}

/// A sentence with what templates and model make of it.
struct Case {
    sentence: Sentence,
    opinions: Opinions,
    commands: Vec<Command>,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let cases = cases(options)?;
    // Fitted on one half and measured on the other, both ways; then fitted on all.
    let (even, odd): (Vec<&Case>, Vec<&Case>) = {
        let (even, odd): (Vec<_>, Vec<_>) = cases.iter().enumerate().partition(|(index, _)| index % 2 == 0);
        (even.into_iter().map(|pair| pair.1).collect(), odd.into_iter().map(|pair| pair.1).collect())
    };
    let held_out = tally(&odd, &fit(&even)) + tally(&even, &fit(&odd));
    let all: Vec<&Case> = cases.iter().collect();
    let trust = fit(&all);
    println!("{} sentences", cases.len());
    println!(
        "{:24} exact {}, wrong actions {}, asked {}",
        "templates alone",
        templates(&all).exact,
        templates(&all).wrong,
        templates(&all).asked
    );
    let own = own_pairs(&all);
    println!("{:24} right {} of {}", "model alone", own.iter().filter(|pair| pair.1).count(), own.len());
    println!(
        "{:24} exact {}, wrong actions {}, asked {}",
        "fitted on the other half", held_out.exact, held_out.wrong, held_out.asked
    );
    let fitted = tally(&all, &trust);
    println!(
        "{:24} exact {}, wrong actions {}, asked {}",
        "fitted on all", fitted.exact, fitted.wrong, fitted.asked
    );
    by_verdict(&all, &trust);
    println!("{}", serde_json::to_string(&trust)?);
    if let Some(path) = &options.cases {
        let table: String = all.iter().map(|case| case.row(&trust)).collect();
        let head = "text\tdraft\tright\tlog_prob\tnone\town_log_prob\town_right\tverdict\town\twanted\n";
        std::fs::write(path, head.to_owned() + &table)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(path) = &options.plot {
        let calibrated = |calibration: Calibration| {
            own.iter().map(|(log_prob, right)| (calibration.confidence(*log_prob), *right)).collect()
        };
        plot::reliability(
            path,
            &[
                ("own answers, as the model says", calibrated(Calibration::NONE)),
                ("calibrated", calibrated(trust.own)),
            ],
        )?;
    }
    if let Some(path) = &options.write {
        write(path, &trust)?;
        println!("written to {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn cases(options: &Options) -> anyhow::Result<Vec<Case>> {
    let catalogue = catalogue(&options.engine)?;
    let mut sentences = Vec::new();
    for file in &options.files {
        sentences.extend(sentences::read(&catalogue, file)?);
    }
    let mut listener = Listener::new(&options.engine, &catalogue)?;
    let bar = bar(sentences.len());
    let mut cases = Vec::new();
    for sentence in sentences {
        bar.inc(1);
        let context = listener.context(&sentence);
        let Some(opinions) = listener.understander.opinions(&sentence.text, &context)? else {
            bail!("there is no model to calibrate: leave --templates out");
        };
        listener.hear(&Sentence { first: false, ..sentence.clone() })?;
        let mut commands = opinions.reading.commands();
        // A yes means what was asked about.
        if let (true, [only], Some(pending)) = (opinions.settled, commands.as_slice(), &context.pending)
            && only.intent == "assistant.yes"
        {
            commands = vec![pending.command.clone()];
        }
        cases.push(Case { sentence, opinions, commands });
    }
    bar.finish_and_clear();
    Ok(cases)
}

impl Case {
    /// The draft, if the model is to judge it.
    fn draft(&self) -> Option<Draft<'_>> {
        if self.opinions.settled {
            return None;
        }
        let (log_prob, none, later) = self.opinions.draft?;
        let candidates = &self.opinions.reading.interpretation.candidates;
        let open = candidates.iter().any(|candidate| candidate.problem.is_some());
        Some(Draft { commands: &self.commands, loose: self.opinions.loose, open, log_prob, none, later })
    }

    fn is_right(&self, commands: &[Command]) -> bool {
        self.sentence.expected.iter().any(|expected| expected.means(commands))
    }

    fn own_is_right(&self) -> Option<(f64, bool)> {
        let (answer, log_prob) = self.opinions.own.as_ref()?;
        let right = match answer {
            Answer::Commands(commands) => self.is_right(commands),
            Answer::Nothing => self.is_right(&[]),
            Answer::Later => {
                self.sentence.expected.iter().any(|expected| expected.verdict.as_deref() == Some("clarify"))
            }
        };
        Some((*log_prob, right))
    }

    /// A line of the table of cases.
    fn row(&self, trust: &Trust) -> String {
        let draft = self.draft();
        let kind = match draft {
            _ if self.commands.is_empty() => "none",
            None => "settled",
            Some(draft) if draft.open => "open",
            Some(draft) if draft.loose => "loose",
            Some(_) => "firm",
        };
        let (log_prob, none) = draft.map_or((f64::NAN, f64::NAN), |draft| (draft.log_prob, draft.none));
        let (own_log_prob, own_right) = self.own_is_right().unwrap_or((f64::NAN, false));
        let own = self.opinions.own.as_ref().map(|(answer, _)| match answer {
            Answer::Commands(commands) => {
                commands.iter().map(Command::to_string).collect::<Vec<_>>().join(" ; ")
            }
            other => format!("{other:?}").to_lowercase(),
        });
        let wanted: Vec<&str> =
            self.sentence.expected.iter().map(|expected| expected.line.as_str()).collect();
        let verdict = format!("{:?}", self.verdict(trust));
        format!(
            "{}\t{kind}\t{}\t{log_prob:.2}\t{none:.2}\t{own_log_prob:.2}\t{own_right}\t{}\t{}\t{}\n",
            self.sentence.text,
            self.is_right(&self.commands),
            verdict.split(['(', ' ']).next().unwrap_or_default(),
            own.unwrap_or_default(),
            wanted.join(" || "),
        )
    }

    /// What becomes of it.
    fn verdict(&self, trust: &Trust) -> Verdict {
        let own = |doubted: bool| self.opinions.own.clone().filter(|own| own.1 >= trust.floor(doubted));
        match (self.commands.is_empty(), self.draft()) {
            (true, _) => trust.on_own(own(false)),
            (false, None) => Verdict::Keep(None),
            (false, Some(draft)) => {
                trust.on_draft(&draft).unwrap_or_else(|| trust.on_doubted(&draft, own(true)))
            }
        }
    }
}

/// How many came out right, how many wrongly acted, how many are asked about.
#[derive(Clone, Copy, Default)]
struct Tally {
    exact: usize,
    wrong: usize,
    asked: usize,
    cost: f64,
}

impl std::ops::Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            exact: self.exact + other.exact,
            wrong: self.wrong + other.wrong,
            asked: self.asked + other.asked,
            cost: self.cost + other.cost,
        }
    }
}

fn tally(cases: &[&Case], trust: &Trust) -> Tally {
    cases.iter().map(|case| judge(case, &case.verdict(trust))).fold(Tally::default(), |sum, one| sum + one)
}

fn templates(cases: &[&Case]) -> Tally {
    cases.iter().map(|case| judge(case, &Verdict::Keep(None))).fold(Tally::default(), |sum, one| sum + one)
}

fn judge(case: &Case, verdict: &Verdict) -> Tally {
    let open =
        case.opinions.reading.interpretation.candidates.iter().any(|candidate| candidate.problem.is_some());
    let asks = |commands: &[Command]| {
        case.sentence
            .expected
            .iter()
            .any(|expected| expected.verdict.as_deref() == Some("clarify") && expected.means(commands))
    };
    let (right, acts, asked) = match verdict {
        Verdict::Keep(_) => (case.is_right(&case.commands), !open && !case.commands.is_empty(), open),
        Verdict::Nothing => (case.is_right(&[]), false, false),
        // Which order it was need not be listed.
        Verdict::Later => (
            case.sentence.expected.iter().any(|expected| expected.verdict.as_deref() == Some("clarify")),
            false,
            true,
        ),
        Verdict::Doubt => (asks(&case.commands), false, true),
        Verdict::Act(commands, _) => (case.is_right(commands), true, false),
        Verdict::Ask(commands, _) => (asks(commands), false, true),
    };
    let wrong = acts && !right;
    let disturbed = asked && case.sentence.is_talk();
    let cost = f64::from(u8::from(!right))
        + WRONG_ACTION * f64::from(u8::from(wrong))
        + (DISTURBANCE - 1.0) * f64::from(u8::from(disturbed));
    Tally { exact: usize::from(right), wrong: usize::from(wrong), asked: usize::from(asked), cost }
}

/// How often each kind of verdict falls, and how it ends.
fn by_verdict(cases: &[&Case], trust: &Trust) {
    let mut kinds: BTreeMap<&str, (usize, Tally)> = BTreeMap::new();
    for case in cases {
        let verdict = case.verdict(trust);
        let kind = match (&verdict, case.commands.is_empty()) {
            (Verdict::Keep(_), false) => "draft kept",
            (Verdict::Keep(_), true) => "no draft, nothing done",
            (Verdict::Nothing, _) => "draft dropped",
            (Verdict::Later, _) => "not now",
            (Verdict::Doubt, _) => "draft asked about",
            (Verdict::Act(..), false) => "draft replaced",
            (Verdict::Act(..), true) => "no draft, own answer",
            (Verdict::Ask(..), _) => "own answer asked about",
        };
        let entry = kinds.entry(kind).or_default();
        *entry = (entry.0 + 1, entry.1 + judge(case, &verdict));
    }
    for (kind, (number, tally)) in kinds {
        println!("  {kind:24} {number:5}, right {:5}, wrong actions {}", tally.exact, tally.wrong);
    }
}

fn own_pairs(cases: &[&Case]) -> Vec<(f64, bool)> {
    cases.iter().filter_map(|case| case.own_is_right()).collect()
}

/// Calibrations first, then one threshold after the other until none gets better.
fn fit(cases: &[&Case]) -> Trust {
    let drafts = |loose: bool| -> Vec<(f64, bool)> {
        let drafts = cases.iter().filter_map(|case| Some((case, case.draft()?)));
        drafts
            .filter(|(_, draft)| draft.loose == loose)
            .map(|(case, draft)| (draft.log_prob, case.is_right(&case.commands)))
            .collect()
    };
    let mut trust = Trust {
        firm: platt(&drafts(false)),
        loose: platt(&drafts(true)),
        own: platt(&own_pairs(cases)),
        ..Trust::TRAINED
    };
    type Access = fn(&mut Trust) -> &mut f64;
    let thresholds: [Access; 7] = [
        |trust| &mut trust.alone,
        |trust| &mut trust.ask,
        |trust| &mut trust.doubt_loose,
        |trust| &mut trust.doubt_firm,
        |trust| &mut trust.replace,
        |trust| &mut trust.veto_loose,
        |trust| &mut trust.veto_firm,
    ];
    let mut best = tally(cases, &trust).cost;
    loop {
        let before = best;
        for threshold in thresholds {
            for value in TRIED {
                let mut tried = trust;
                *threshold(&mut tried) = value;
                let cost = tally(cases, &tried).cost;
                if cost < best {
                    (best, trust) = (cost, tried);
                }
            }
        }
        if best >= before {
            return trust;
        }
    }
}

/// Puts `trust` into the adapter's metadata; its tensors stay as they are.
fn write(path: &Path, trust: &Trust) -> anyhow::Result<()> {
    let data = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (_, header) = SafeTensors::read_metadata(&data)?;
    let mut metadata: HashMap<String, String> = header.metadata().clone().unwrap_or_default();
    metadata.insert("trust".to_owned(), serde_json::to_string(trust)?);
    let tensors = SafeTensors::deserialize(&data)?;
    let written = safetensors::serialize(tensors.tensors(), Some(metadata))?;
    // A new file in place of the old, so that a full disk costs nothing.
    let beside = path.with_extension("new");
    std::fs::write(&beside, written).with_context(|| format!("cannot write {}", beside.display()))?;
    std::fs::rename(&beside, path).with_context(|| format!("cannot replace {}", path.display()))
}
