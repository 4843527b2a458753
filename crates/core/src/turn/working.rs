//! From words to deeds: understanding, judging, acting.

use std::time::Duration;

use super::effect::{Chime, Effect, Notice, Outcome};
use super::event::WallClock;
use super::own::{self, Then};
use super::plan::{Plan, Status, Surroundings, plan};
use super::timers::Told;
use super::{AfterSpeech, Machine, Phase};
use crate::car::CarState;
use crate::engine::{ActError, Acted, EngineError};
use crate::interpretation::Interpretation;
use crate::reply;

/// Longest reading of the car's state; without it the car counts as moving.
const READING: Duration = Duration::from_millis(800);
/// What a call may take beyond its own time-out: the actuator's answer comes first.
const ACT_SLACK: Duration = Duration::from_millis(500);
/// Time-out of a call whose binding has gone since it was approved.
const ACT_UNBOUND: Duration = Duration::from_secs(2);

impl Machine {
    pub(super) fn understood(&mut self, result: Result<Interpretation, EngineError>, now: Duration) {
        if !matches!(self.phase, Phase::Understanding(None)) {
            return;
        }
        let interpretation = match result {
            Ok(interpretation) => interpretation,
            Err(error) => return self.engine_failed(&error, now),
        };
        let open = self.dialogue.pending().is_some();
        if interpretation.candidates.is_empty() && !open {
            return self.nothing_for_us(reply::OUT_OF_DOMAIN, now);
        }
        let needs_car = interpretation.candidates.iter().any(|candidate| own::needs_car(&candidate.command));
        self.go(Phase::Understanding(Some(interpretation)), now + READING);
        if needs_car || open {
            self.effects.push(Effect::ReadCar { turn: self.current });
        } else {
            self.car_read(None, None, now);
        }
    }

    /// The state of the car is known, or known to be unreadable: judges and begins to act.
    pub(super) fn car_read(&mut self, car: Option<&CarState>, clock: Option<&WallClock>, now: Duration) {
        let interpretation = match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Understanding(Some(interpretation)) => interpretation,
            other => {
                self.phase = other;
                return;
            }
        };
        let around = Surroundings { car, clock, speaker: self.turn.as_ref().and_then(|turn| turn.zone) };
        let plan = plan(&self.policy, &mut self.dialogue, &interpretation, around, &self.last_reply);
        if plan.then(Then::Stop) {
            self.rest(Outcome::Cancelled);
            self.effects.push(Effect::Chime(Chime::Cancelled));
            return;
        }
        self.advance(plan, now);
    }

    /// Sends the next step, or tells what came of all of them.
    fn advance(&mut self, mut plan: Plan, now: Duration) {
        while let Some(job) = plan.open() {
            let Some(approved) = job.steps.pop_front() else {
                job.status = Status::Failed;
                continue;
            };
            let command = approved.command().clone();
            let turn = self.current;
            let intent = command.intent.clone();
            self.effects.push(Effect::Publish(Notice::Command { turn, command, confidence: job.confidence }));
            if job.steps.is_empty() {
                self.dialogue.remember(&job.command, now);
            }
            if job.own == Some(Then::Timers) {
                (job.status, job.reply) = match self.timers.carry_out(&job.command, now) {
                    Told::Done(reply) => (Status::Done, reply),
                    Told::Answer(reply) => (Status::Answered, reply),
                };
                self.effects.push(Effect::Publish(Notice::CommandResult { turn, intent, error: None }));
                continue;
            }
            if let Some(then) = job.own {
                let nobody = then == Then::Nobody;
                job.status = if nobody { Status::Answered } else { Status::Done };
                let error = nobody.then(|| "no service is bound to this intent".to_owned());
                self.effects.push(Effect::Publish(Notice::CommandResult { turn, intent, error }));
                continue;
            }
            let bound = self.policy.catalogue().intent(&intent);
            let calls = bound.into_iter().flat_map(|intent| intent.call.iter().chain(&intent.instead));
            let limit = calls.map(|call| call.timeout).max().unwrap_or(ACT_UNBOUND) + ACT_SLACK;
            job.running = Some(intent);
            self.effects.push(Effect::Act { turn, approved });
            self.time(|timings| timings.command = timings.command.or(Some(now)));
            self.go(Phase::Acting(Box::new(plan)), now + limit);
            return;
        }
        let outcome = plan.outcome();
        let then = match plan.then(Then::Mute) {
            true => AfterSpeech::Mute,
            false => AfterSpeech::FollowUp { question: self.dialogue.pending().is_some() },
        };
        self.reply(plan.reply(), outcome, then, now);
    }

    pub(super) fn acted(&mut self, result: &Result<Acted, ActError>, now: Duration) {
        if let Some(plan) = self.note(result, now) {
            self.advance(plan, now);
        }
    }

    /// The actuator itself is stuck: what else was to be done would only wait behind it.
    pub(super) fn act_overdue(&mut self, now: Duration) {
        let waited = Duration::ZERO;
        if let Some(mut plan) = self.note(&Err(ActError::Timeout(waited)), now) {
            plan.abandon();
            self.advance(plan, now);
        }
    }

    fn note(&mut self, result: &Result<Acted, ActError>, now: Duration) -> Option<Plan> {
        let mut plan = match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Acting(plan) => *plan,
            other => {
                self.phase = other;
                return None;
            }
        };
        self.time(|timings| timings.ack = Some(now));
        if let Some(job) = plan.open()
            && let Some(intent) = job.note(&self.policy, result)
        {
            if let (true, Some(number)) =
                (result.is_ok() && intent == "phone.call", job.command.text("number"))
            {
                self.policy.note_called(number);
            }
            let error = result.as_ref().err().map(ToString::to_string);
            self.publish(Notice::CommandResult { turn: self.current, intent, error });
        }
        Some(plan)
    }
}
