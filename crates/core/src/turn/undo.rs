//! What the last turn that acted changed, and the way back. The commands that undo are remembered like any
//! others, so that a second undo does again what the first undid.

use std::time::Duration;

use crate::catalogue::Intent;
use crate::command::Command;
use crate::engine::{ActError, Acted, TurnId};

/// The steps of the last turn that acted.
#[derive(Clone, Debug, Default)]
pub(super) struct Undo {
    turn: TurnId,
    at: Duration,
    steps: Vec<Step>,
    /// What was sent and not answered.
    underway: Option<(TurnId, Duration, Step)>,
}

#[derive(Clone, Debug, PartialEq)]
struct Step {
    intent: String,
    back: Back,
}

#[derive(Clone, Debug, PartialEq)]
enum Back {
    /// By these commands.
    By(Vec<Command>),
    /// There may be one, but not what it leads to.
    Unknown,
    /// There is none.
    Never,
}

/// What an undo comes to now.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct WayBack {
    /// The commands, in the order of doing.
    pub(super) commands: Vec<Command>,
    /// What is said of what does not come back.
    pub(super) remarks: Vec<String>,
}

/// Said where nothing was done.
const NOTHING: &str = "There is nothing to undo.";

impl Undo {
    /// A command is sent. Queries change nothing.
    pub(super) fn begin(&mut self, turn: TurnId, intent: &Intent, now: Duration) {
        self.settle();
        if intent.call.as_ref().is_none_or(|call| call.returns.is_none()) {
            let back = if intent.undo.is_empty() { Back::Never } else { Back::Unknown };
            self.underway = Some((turn, now, Step { intent: intent.name.clone(), back }));
        }
    }

    /// It was answered. What was refused changed nothing; what was not answered may have.
    pub(super) fn end(&mut self, result: &Result<Acted, ActError>) {
        match (result, &mut self.underway) {
            (Ok(acted), Some((.., step))) if !acted.undo.is_empty() => {
                step.back = Back::By(acted.undo.clone())
            }
            (Ok(_) | Err(ActError::Timeout(_)), _) => {}
            (Err(_), underway) => *underway = None,
        }
        self.settle();
    }

    /// The assistant itself did something that it cannot undo.
    pub(super) fn note_own(&mut self, turn: TurnId, intent: &str, now: Duration) {
        self.settle();
        self.underway = Some((turn, now, Step { intent: intent.to_owned(), back: Back::Never }));
        self.settle();
    }

    fn settle(&mut self) {
        if let Some((turn, at, step)) = self.underway.take() {
            if self.turn != turn {
                self.steps.clear();
            }
            (self.turn, self.at) = (turn, at);
            self.steps.push(step);
        }
    }

    /// What leads back from the last turn that acted, last step first, if that is not longer ago than `memory`.
    pub(super) fn way_back(&self, now: Duration, memory: Duration) -> WayBack {
        let mut undo = self.clone();
        undo.settle();
        let mut back = WayBack::default();
        let mut remark = |text: String| {
            if !back.remarks.contains(&text) {
                back.remarks.push(text);
            }
        };
        if undo.steps.is_empty() {
            remark(NOTHING.to_owned());
        } else if now.saturating_sub(undo.at) > memory {
            remark("That was too long ago to undo.".to_owned());
            undo.steps.clear();
        }
        for step in undo.steps.iter().rev() {
            match &step.back {
                Back::By(commands) => back.commands.extend(commands.iter().cloned()),
                Back::Unknown => remark("I don't know how that was before.".to_owned()),
                Back::Never => remark(format!("I can't undo {}.", what(&step.intent))),
            }
        }
        back
    }
}

impl WayBack {
    /// The answer where nothing can be brought back; none if something can.
    pub(super) fn nothing(&self) -> Option<String> {
        let remarks = self.remarks.iter().map(String::as_str);
        let said = if self.remarks.is_empty() { NOTHING.to_owned() } else { crate::reply::join(remarks) };
        self.commands.is_empty().then_some(said)
    }
}

/// What was done, as the object of "undo".
fn what(intent: &str) -> &'static str {
    match intent {
        "phone.call" | "phone.redial" => "a call",
        "phone.answer" | "phone.hang_up" | "phone.reject" => "what happened to a call",
        "message.send" => "a message",
        "navigation.add_stop" => "a stop",
        "navigation.find" => "a search",
        "navigation.avoid" => "a setting of the route",
        "seat.move" => "a movement of the seat",
        "light.adjust_brightness" => "a change of brightness",
        "reminder.create" => "a reminder",
        "place.save" => "the name of a place",
        timer if timer.starts_with("timer.") => "a change of timers",
        _ => "that",
    }
}
