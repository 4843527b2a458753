//! What the assistant does itself, without a call to anyone.

use super::event::WallClock;
use crate::catalogue::Intent;
use crate::command::Command;
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
    declined: bool,
) -> Option<Own> {
    if intent.call.is_some() {
        return None;
    }
    let say = |reply: &str| Own { reply: reply.to_owned(), then: Then::Nothing };
    let own = match command.intent.as_str() {
        "assistant.yes" => say("There is nothing to say yes to."),
        "assistant.no" if declined => say("All right, I'll leave it."),
        "assistant.no" => say("All right."),
        "assistant.cancel" | "assistant.stop" => Own { reply: "All right.".to_owned(), then: Then::Stop },
        "assistant.repeat" if last.is_empty() => say("I haven't said anything yet."),
        "assistant.repeat" => say(last),
        "assistant.help" => say(
            "Ask me for the temperature, seats, windows, lights, music, calls or the way. For instance: make it warmer.",
        ),
        "assistant.greet" => say("Hello. What can I do for you?"),
        "assistant.thank" => say("You're welcome."),
        "assistant.undo" => Own { reply: "I can't undo things yet.".to_owned(), then: Then::Nobody },
        "assistant.select" => {
            Own { reply: "There is no list to choose from.".to_owned(), then: Then::Nobody }
        }
        "assistant.mute" => Own { reply: "The microphone is off now.".to_owned(), then: Then::Mute },
        "time.query" => match clock {
            Some(clock) if command.text("what") == Some("date") => say(&date(clock)),
            Some(clock) => say(&format!("It's {}:{:02}.", clock.hour, clock.minute)),
            None => Own { reply: "I can't tell the time right now.".to_owned(), then: Then::Nobody },
        },
        _ => Own { reply: reply::nobody(intent), then: Then::Nobody },
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
    format!("It's {day}, {month} {}.", clock.day)
}
