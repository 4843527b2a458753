//! From words to deeds: understanding, judging, acting.

use std::time::Duration;

use super::effect::{Chime, Effect, Notice, Outcome};
use super::event::{Engine, WallClock};
use super::own::{self, Past, Then};
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
        self.kept.see(clock, car.and_then(|car| car.position.as_deref()), now);
        let interpretation = match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Understanding(Some(interpretation)) => interpretation,
            other => {
                self.phase = other;
                return;
            }
        };
        let around = Surroundings { car, clock, speaker: self.turn.as_ref().and_then(|turn| turn.zone) };
        let back = self.undo.way_back(now, self.settings.memory);
        let past = Past { last: &self.last_reply, back, places: self.kept.places().clone() };
        let plan = plan(&self.policy, &mut self.dialogue, &interpretation, around, &past);
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
            if job.own == Some(Then::Kept) {
                let (status, reply, error) = match self.kept.carry_out(&job.command, now) {
                    Told::Done(reply) => {
                        self.undo.note_own(turn, &intent, now);
                        (Status::Done, self.as_long_as_kept(&intent, reply), None)
                    }
                    Told::Answer(reply) => (Status::Answered, reply, None),
                    Told::Failed(reply, why) => (Status::Failed, reply, Some(why.to_owned())),
                };
                (job.status, job.reply) = (status, reply);
                self.effects.push(Effect::Publish(Notice::CommandResult { turn, intent, error }));
                continue;
            }
            if let Some(then) = job.own {
                let (status, error) = match then {
                    Then::Not(why) => (Status::Answered, Some(why.to_owned())),
                    Then::Undo => (Status::Answered, None),
                    Then::Nothing | Then::Stop | Then::Mute | Then::Kept => (Status::Done, None),
                };
                job.status = status;
                self.effects.push(Effect::Publish(Notice::CommandResult { turn, intent, error }));
                continue;
            }
            let known = self.policy.catalogue().intent(&intent);
            if let Some(known) = known {
                self.undo.begin(turn, known, now);
            }
            let calls = known.into_iter().flat_map(|known| known.call.iter().chain(&known.instead));
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

    /// The reply, with a warning if what was kept will be gone with the program.
    fn as_long_as_kept(&self, intent: &str, reply: String) -> String {
        let lasting = matches!(intent, "reminder.create" | "place.save");
        let lost = lasting && self.missing.contains(&Engine::Memory);
        if lost { format!("{reply} But I will forget it when the car is switched off.") } else { reply }
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
        self.undo.end(result);
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
