//! What the assistant does itself, without a call to anyone.

use super::event::WallClock;
use super::timers::Timers;
use crate::catalogue::Intent;
use crate::command::{Command, SlotValue, Slots};
use crate::reply;

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
    /// The timers carry it out, and tell what is said instead.
    Timers,
    /// Nothing was done, because nobody is bound to it.
    Nobody,
}

/// Whether the state of the car or the time is needed for it.
pub(super) fn needs_car(command: &Command) -> bool {
    !command.intent.starts_with("assistant.")
}

/// The answer to an intent without a call; none if the intent has one. `last` is what was said last.
pub(super) fn answer(
    intent: &Intent,
    command: &Command,
    clock: Option<&WallClock>,
    last: &str,
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
        "assistant.repeat" if last.is_empty() => say("I haven't said anything yet."),
        "assistant.repeat" => own(told(Some(last.to_owned())), Then::Nothing),
        "assistant.help" | "assistant.no" | "assistant.greet" | "assistant.thank" => {
            own(told(None), Then::Nothing)
        }
        "assistant.mute" => own(told(None), Then::Mute),
        "assistant.undo" => own("I can't undo things yet.".to_owned(), Then::Nobody),
        "assistant.select" => own("There is no list to choose from.".to_owned(), Then::Nobody),
        "time.query" => match clock {
            Some(clock) if command.text("what") == Some("date") => {
                own(told(Some(date(clock))), Then::Nothing)
            }
            Some(clock) => own(told(Some(format!("{}:{:02}", clock.hour, clock.minute))), Then::Nothing),
            None => own("I can't tell the time right now.".to_owned(), Then::Nobody),
        },
        "timer.query" => own("I'll have a look.".to_owned(), Then::Timers),
        timer if Timers::concerns(timer) => own(told(None), Then::Timers),
        _ => own(reply::nobody(intent), Then::Nobody),
    };
    Some(own)
}

fn date(clock: &WallClock) -> String {
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
    let day = DAYS.get(usize::from(clock.weekday)).copied().unwrap_or_default();
    let month = usize::from(clock.month)
        .checked_sub(1)
        .and_then(|index| MONTHS.get(index))
        .copied()
        .unwrap_or_default();
    format!("{day}, {month} {}", clock.day)
}
