//! What the assistant does itself, without a call to anyone.

use super::event::WallClock;
use super::kept::{Kept, Places};
use super::undo::WayBack;
use crate::catalogue::Intent;
use crate::command::{Command, SlotValue, Slots};
use crate::memory::LocalTime;
use crate::reply;

/// What was before this utterance.
#[derive(Clone, Debug, Default)]
pub(super) struct Past<'a> {
    /// What the assistant said last.
    pub(super) last: &'a str,
    /// What an undo would do.
    pub(super) back: WayBack,
    /// Names of places.
    pub(super) places: Places,
}

/// What an intent of the assistant itself comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Own {
    /// What is said.
    pub(super) reply: String,
    /// What else happens.
    pub(super) then: Then,
}

/// What else happens after an own intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing.
    Nothing,
    /// The turn ends at once, without a word.
    Stop,
    /// The microphone is switched off after the reply.
    Mute,
    /// It is about what is kept, which tells what is said instead.
    Kept,
    /// The commands that undo come after it.
    Undo,
    /// Nothing was done; why, for programs.
    Not(&'static str),
}

/// Why nothing was done for an intent that nobody carries out.
const NOBODY: Then = Then::Not("no service is bound to this intent");

/// The intent that undoes.
pub(super) const UNDO: &str = "assistant.undo";

/// Whether the state of the car or the time is needed for it.
pub(super) fn needs_car(command: &Command) -> bool {
    !command.intent.starts_with("assistant.") || command.intent == UNDO
}

/// The answer to an intent without a call; none if the intent has one.
pub(super) fn answer(
    intent: &Intent,
    command: &Command,
    clock: Option<&WallClock>,
    past: &Past<'_>,
) -> Option<Own> {
    if intent.call.is_some() || !intent.instead.is_empty() {
        return None;
    }
    let own = |reply: String, then: Then| Own { reply, then };
    let say = |reply: &str| own(reply.to_owned(), Then::Nothing);
    // The manifest's own words, with what only we know.
    let told = |result: Option<String>| {
        let known: Slots =
            result.map(|text| ("result".to_owned(), SlotValue::Text(text))).into_iter().collect();
        reply::done(intent, &command.slots, &known).unwrap_or_else(|| "All right.".to_owned())
    };
    let own = match command.intent.as_str() {
        "assistant.yes" => say("There is nothing to say yes to."),
        "assistant.cancel" | "assistant.stop" => own(told(None), Then::Stop),
        "assistant.repeat" if past.last.is_empty() => say("I haven't said anything yet."),
        "assistant.repeat" => own(told(Some(past.last.to_owned())), Then::Nothing),
        "assistant.help" | "assistant.no" | "assistant.greet" | "assistant.thank" => {
            own(told(None), Then::Nothing)
        }
        "assistant.mute" => own(told(None), Then::Mute),
        UNDO => match past.back.nothing() {
            Some(reply) => own(reply, Then::Not("there is nothing to undo")),
            None => own(String::new(), Then::Undo),
        },
        "assistant.select" => own("There is no list to choose from.".to_owned(), NOBODY),
        "time.query" => match clock {
            Some(clock) if command.text("what") == Some("date") => {
                own(told(Some(date(clock.local()))), Then::Nothing)
            }
            Some(clock) => own(told(Some(format!("{}:{:02}", clock.hour, clock.minute))), Then::Nothing),
            None => own("I can't tell the time right now.".to_owned(), NOBODY),
        },
        "timer.query" | "reminder.list" => own("I'll have a look.".to_owned(), Then::Kept),
        kept if Kept::concerns(kept) => own(told(None), Then::Kept),
        _ => own(reply::nobody(intent), NOBODY),
    };
    Some(own)
}

/// "Tuesday, March 4".
pub(super) fn date(time: LocalTime) -> String {
    const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (_, month, day) = time.date();
    let weekday = DAYS.get(usize::from(time.weekday())).copied().unwrap_or_default();
    let month =
        usize::from(month).checked_sub(1).and_then(|index| MONTHS.get(index)).copied().unwrap_or_default();
    format!("{weekday}, {month} {day}")
}
