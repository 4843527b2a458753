//! From an interpretation to what is done and said: every request judged, in spoken order. The turn
//! machine carries a plan out; `parse` shows it.

use std::collections::VecDeque;

use super::dialogue::{Dialogue, Request};
use super::effect::Outcome;
use super::event::WallClock;
use super::own::{self, Own, Past, Then};
use crate::car::CarState;
use crate::catalogue::Intent;
use crate::command::{Command, Slots};
use crate::engine::{ActError, Acted, Pending};
use crate::interpretation::{Candidate, Interpretation};
use crate::policy::{Approved, Policy, Ruling};
use crate::reply;
use crate::zone::Zone;

/// The strictest ruling on an utterance. Later ones are stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// There is no command.
    None,
    /// Everything may be done.
    Act,
    /// Something is asked first.
    Confirm,
    /// Something is unclear.
    Clarify,
    /// Something is refused.
    Refuse,
}

impl Verdict {
    /// As `parse --json` prints it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Act => "act",
            Self::Confirm => "confirm",
            Self::Clarify => "clarify",
            Self::Refuse => "refuse",
        }
    }
}

/// What surrounds an utterance.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings<'a> {
    /// State of the car; none if it could not be read.
    pub car: Option<&'a CarState>,
    /// Local time; none if it is not known.
    pub clock: Option<&'a WallClock>,
    /// Seat of the speaker; none if it is not known.
    pub speaker: Option<Zone>,
}

/// One request and how far it got.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// The command, as said or as confirmed.
    pub(super) command: Command,
    pub(super) confidence: f64,
    /// Steps not begun yet.
    pub(super) steps: VecDeque<Approved>,
    /// Intent of the step under way.
    pub(super) running: Option<String>,
    /// What is said of it.
    pub(super) reply: String,
    pub(super) warning: Option<String>,
    pub(super) status: Status,
    /// An intent without a call, once approved.
    pub(super) own: Option<Then>,
    /// Whether it brings back what was before.
    restores: bool,
    /// Said in front of the reply, where several seats are told apart.
    seat: Option<String>,
}

/// How far a request got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Approved, not finished.
    Open,
    /// Finished, and something was changed.
    Done,
    /// Finished; only something was told.
    Answered,
    /// Not done: the policy or the car refused.
    Refused,
    /// Not done: a question is open.
    Asked,
    /// Not done: something did not work.
    Failed,
}

/// All requests of an utterance.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) jobs: Vec<Job>,
    pub(super) verdict: Verdict,
    /// Said after the replies of the jobs.
    closing: Vec<String>,
    /// Whether something of what is undone does not come back.
    lost: bool,
    /// The one question of this turn.
    pub(super) question: Option<(Pending, String)>,
}

/// Judges all requests of an utterance.
pub(super) fn plan(
    policy: &Policy,
    dialogue: &mut Dialogue,
    interpretation: &Interpretation,
    around: Surroundings<'_>,
    past: &Past<'_>,
) -> Plan {
    let requests = dialogue.resolve(interpretation);
    let mut plan =
        Plan { jobs: Vec::new(), verdict: Verdict::None, closing: Vec::new(), lost: false, question: None };
    for request in &requests {
        plan.judge(policy, request, around, past);
        if plan.jobs.last().is_some_and(|job| job.own == Some(Then::Undo)) {
            plan.restore(policy, request.candidate.confidence, around, past);
        }
    }
    if requests.is_empty() {
        let again = dialogue.ask_again();
        let nothing = if interpretation.later { reply::ONLY_NOW } else { reply::OUT_OF_DOMAIN };
        plan.closing.push(again.unwrap_or_else(|| nothing.to_owned()));
        if interpretation.later {
            plan.verdict = Verdict::Clarify;
        }
    } else if interpretation.left_over.is_some() {
        plan.closing.push(reply::LEFT_OVER.to_owned());
    }
    if let Some((pending, question)) = &plan.question {
        dialogue.ask(pending.clone(), question.clone());
        plan.closing.push(question.clone());
    }
    plan
}

impl Plan {
    fn judge(&mut self, policy: &Policy, request: &Request, around: Surroundings<'_>, past: &Past<'_>) {
        let command = &request.candidate.command;
        let mut job = Job {
            command: command.clone(),
            confidence: request.candidate.confidence,
            steps: VecDeque::new(),
            running: None,
            reply: String::new(),
            warning: None,
            status: Status::Open,
            own: None,
            restores: false,
            seat: None,
        };
        let candidate = past.places.resolved(&request.candidate);
        let verdict = match policy.judge(&candidate, around.car, around.speaker, request.confirmed) {
            Ruling::Approve { steps, warning } => {
                job.steps = steps.into();
                job.warning = warning;
                let intent = policy.catalogue().intent(&command.intent);
                let own = intent.and_then(|intent| own::answer(intent, command, around.clock, past));
                if let Some(Own { reply, then }) = own {
                    job.reply = reply;
                    job.own = Some(then);
                }
                Verdict::Act
            }
            Ruling::Refuse { reason } => {
                job.status = Status::Refused;
                job.reply = reason.to_string();
                Verdict::Refuse
            }
            Ruling::Confirm { question } => {
                job.status = Status::Asked;
                self.ask(command.clone(), None, question);
                Verdict::Confirm
            }
            Ruling::Clarify { question, slot } => {
                job.status = Status::Asked;
                if let Some(slot) = &slot {
                    job.command.slots.remove(slot);
                }
                self.ask(job.command.clone(), slot, question);
                Verdict::Clarify
            }
        };
        self.verdict = self.verdict.max(verdict);
        self.jobs.push(job);
    }

    /// Judges what brings back the past like any other command.
    fn restore(&mut self, policy: &Policy, confidence: f64, around: Surroundings<'_>, past: &Past<'_>) {
        let commands = &past.back.commands;
        for command in commands {
            let candidate = Candidate::complete(past.places.named(command), confidence);
            self.judge(policy, &Request { candidate, confirmed: false }, around, past);
            let alike = commands.iter().filter(|other| other.intent == command.intent).count();
            if let Some(job) = self.jobs.last_mut() {
                job.restores = true;
                job.seat = command.text("zone").filter(|_| alike > 1).map(reply::zone);
            }
        }
        self.lost = !past.back.remarks.is_empty();
        self.closing.extend(past.back.remarks.iter().cloned());
    }

    /// What is said in front of what was brought back.
    fn undone(&self) -> &'static str {
        let mut restored = self.jobs.iter().filter(|job| job.restores).map(|job| job.status == Status::Done);
        match (restored.clone().all(|done| done) && !self.lost, restored.any(|done| done)) {
            (true, _) => "Undone.",
            (false, true) => "Undone in part.",
            (false, false) => "",
        }
    }

    /// One question a turn; for what else would need one the speaker is sent back.
    fn ask(&mut self, command: Command, slot: Option<String>, question: String) {
        if self.question.is_none() {
            self.question = Some((Pending { command, slot }, question));
        } else {
            self.closing.push("Ask me for the rest again afterwards.".to_owned());
        }
    }

    /// The next job with a step to be done.
    pub(super) fn open(&mut self) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.status == Status::Open)
    }

    /// Everything that is to be said.
    pub(super) fn reply(&self) -> String {
        let of_jobs = self.jobs.iter().flat_map(|job| {
            let warning = job.warning.as_deref().filter(|_| job.status == Status::Done);
            let reply = if job.own == Some(Then::Undo) { self.undone() } else { job.reply.as_str() };
            [Some(reply), warning].into_iter().flatten()
        });
        reply::join(of_jobs.chain(self.closing.iter().map(String::as_str)))
    }

    /// Gives up what is not finished.
    pub(super) fn abandon(&mut self) {
        let mut any = false;
        for job in self.jobs.iter_mut().filter(|job| job.status == Status::Open) {
            job.status = Status::Failed;
            any = true;
        }
        if any {
            self.closing.insert(0, "I did not try the rest.".to_owned());
        }
    }

    /// How a turn with this plan ends: by the worst of its jobs.
    pub(super) fn outcome(&self) -> Outcome {
        if self.any(Status::Failed) {
            Outcome::Failed
        } else if self.any(Status::Refused) {
            Outcome::Refused
        } else if self.verdict == Verdict::None || self.verdict == Verdict::Clarify {
            Outcome::Unclear
        } else if self.any(Status::Done) {
            Outcome::Done
        } else {
            Outcome::Answered
        }
    }

    /// Whether any job came to this.
    fn any(&self, status: Status) -> bool {
        self.jobs.iter().any(|job| job.status == status)
    }

    /// Whether an own intent asks for this.
    pub(super) fn then(&self, then: Then) -> bool {
        self.jobs.iter().any(|job| job.own == Some(then) && job.status != Status::Refused)
    }
}

impl Job {
    /// Notes the result of the step under way and returns its intent. A failed step ends the job:
    /// what comes after an interlock must not be done without it.
    pub(super) fn note(&mut self, policy: &Policy, result: &Result<Acted, ActError>) -> Option<String> {
        let running = self.running.take()?;
        match result {
            Ok(_) if !self.steps.is_empty() => {}
            Ok(acted) => {
                let intent = policy.catalogue().intent(&self.command.intent);
                let reply = intent.and_then(|intent| reply::done(intent, &self.command.slots, &acted.values));
                let reply = reply.unwrap_or_else(|| reply::DONE.to_owned());
                self.reply = match &self.seat {
                    Some(seat) => format!("{}: {reply}", reply::capital(seat)),
                    None => reply,
                };
                self.status = if intent.is_some_and(is_query) { Status::Answered } else { Status::Done };
            }
            Err(error) => {
                self.steps.clear();
                self.reply = reply::act_error(&running, error);
                self.status =
                    if matches!(error, ActError::Rejected(_)) { Status::Refused } else { Status::Failed };
            }
        }
        Some(running)
    }
}

fn is_query(intent: &Intent) -> bool {
    intent.call.as_ref().is_some_and(|call| call.returns.is_some())
}

/// What `parse` shows of an utterance.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// The commands with their confidence, in spoken order: a confirming yes is the command it confirms.
    pub commands: Vec<(Command, f64)>,
    /// The strictest ruling.
    pub verdict: Verdict,
    /// What would be said if every call succeeded without giving a value back.
    pub reply: String,
}

/// Judges an utterance that stands alone. Nothing is done.
#[must_use]
pub fn assess(policy: &Policy, interpretation: &Interpretation, car: &CarState) -> Assessment {
    let mut alone = Dialogue::new(std::time::Duration::ZERO);
    let around = Surroundings { car: Some(car), ..Surroundings::default() };
    assess_in(policy, &mut alone, interpretation, around, std::time::Duration::ZERO)
}

/// Judges an utterance as the next of a conversation, which it becomes part of. Nothing is done.
#[must_use]
pub fn assess_in(
    policy: &Policy,
    dialogue: &mut Dialogue,
    interpretation: &Interpretation,
    around: Surroundings<'_>,
    now: std::time::Duration,
) -> Assessment {
    let mut plan = plan(policy, dialogue, interpretation, around, &Past::default());
    for job in plan.jobs.iter_mut().filter(|job| job.status == Status::Open) {
        dialogue.remember(&job.command, now);
        job.status = Status::Done;
        let intent = policy.catalogue().intent(&job.command.intent);
        if let Some(intent) = intent.filter(|_| job.own.is_none()) {
            job.reply = match reply::done(intent, &job.command.slots, &Slots::new()) {
                Some(reply) => reply,
                None if is_query(intent) => "I'll have a look.".to_owned(),
                None => reply::DONE.to_owned(),
            };
        }
    }
    Assessment {
        reply: plan.reply(),
        verdict: plan.verdict,
        commands: plan.jobs.into_iter().map(|job| (job.command, job.confidence)).collect(),
    }
}
