//! Timers: they speak up when they are due.

use std::time::Duration;

use crate::command::Command;
use crate::memory::{Kind, LocalTime, Note};

/// Timers that run at once: more than anyone keeps apart.
const MOST: usize = 16;

/// A running timer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Timer {
    due: Duration,
    label: Option<String>,
    /// The same as `due` on the clock, if that was known.
    until: Option<LocalTime>,
}

impl Timer {
    /// "The pasta timer", "the timer".
    fn name(&self) -> String {
        self.label.as_ref().map_or("timer".to_owned(), |label| format!("{label} timer"))
    }

    fn is_called(&self, label: Option<&str>) -> bool {
        label.is_none_or(|label| self.label.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(label)))
    }
}

/// What became of a command about timers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Something changed; what to say.
    Done(String),
    /// Only this is said.
    Answer(String),
    /// What to say of what could not be done, and why for programs.
    Failed(String, &'static str),
}

/// All running timers.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    running: Vec<Timer>,
}

impl Timers {
    /// Carries out a command about timers at the time `now`; `clock` tells the same if it is known.
    pub(super) fn carry_out(&mut self, command: &Command, now: Duration, clock: Option<LocalTime>) -> Told {
        let label = command.text("label");
        match command.intent.as_str() {
            "timer.start" => self.start(command.number("duration").unwrap_or_default(), label, now, clock),
            "timer.cancel" => self.cancel(label),
            _ => Told::Answer(self.query(label, now)),
        }
    }

    fn start(&mut self, seconds: f64, label: Option<&str>, now: Duration, clock: Option<LocalTime>) -> Told {
        if self.running.len() >= MOST {
            return Told::Answer(format!("{MOST} timers are running already. Cancel one first."));
        }
        let length = Duration::from_secs_f64(seconds.clamp(0.0, 1e7));
        let until = clock.map(|clock| clock.plus(length.as_secs() as i64));
        let timer = Timer { due: now + length, label: label.map(str::to_owned), until };
        let name = crate::reply::capital(&timer.name());
        self.running.push(timer);
        Told::Done(format!("{name} set for {}.", words(length)))
    }

    fn cancel(&mut self, label: Option<&str>) -> Told {
        let before = self.running.len();
        self.running.retain(|timer| !timer.is_called(label));
        match (before - self.running.len(), label) {
            (0, Some(label)) if before > 0 => Told::Answer(format!("There is no {label} timer.")),
            (0, _) => Told::Answer("No timer is running.".to_owned()),
            (1, _) => Told::Done("Timer cancelled.".to_owned()),
            (count, _) => Told::Done(format!("{count} timers cancelled.")),
        }
    }

    fn query(&self, label: Option<&str>, now: Duration) -> String {
        let asked = self.running.iter().filter(|timer| timer.is_called(label));
        let told: Vec<String> = asked
            .map(|timer| format!("{} left on the {}", words(timer.due.saturating_sub(now)), timer.name()))
            .collect();
        match (told.as_slice(), label) {
            ([], Some(label)) if !self.running.is_empty() => format!("There is no {label} timer."),
            ([], _) => "No timer is running.".to_owned(),
            (told, _) => format!("{}.", crate::reply::capital(&crate::reply::list(told, "and"))),
        }
    }

    /// The running timers as notes.
    pub(super) fn notes(&self) -> impl Iterator<Item = Note> {
        self.running.iter().filter_map(|timer| {
            let text = timer.label.clone().unwrap_or_default();
            Some(Note { kind: Kind::Timer, text, due: Some(timer.until?), place: None })
        })
    }

    /// Goes on with a timer that was kept. What to say if it is up already.
    pub(super) fn go_on(&mut self, note: &Note, now: Duration, clock: LocalTime) -> Option<String> {
        let until = note.due?;
        let label = Some(note.text.clone()).filter(|label| !label.is_empty());
        let mut timer = Timer { due: now, label, until: Some(until) };
        match u64::try_from(until.seconds() - clock.seconds()) {
            Ok(left @ 1..) if self.running.len() < MOST => {
                timer.due = now + Duration::from_secs(left);
                self.running.push(timer);
                None
            }
            _ => Some(format!("Your {} was up {}.", timer.name(), super::kept::at(until, clock))),
        }
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Duration> {
        self.running.iter().map(|timer| timer.due).min()
    }

    /// What to say of one that is due; it then runs no longer.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<String> {
        let place = self.running.iter().position(|timer| timer.due <= now)?;
        let timer = self.running.remove(place);
        Some(format!("Your {} is up.", timer.name()))
    }
}

/// "1 hour 5 minutes", "30 seconds".
fn words(length: Duration) -> String {
    let seconds = length.as_secs_f64().round() as u64;
    let parts = [(seconds / 3600, "hour"), (seconds / 60 % 60, "minute"), (seconds % 60, "second")];
    let said: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}{}", if *count == 1 { "" } else { "s" }))
        .collect();
    if said.is_empty() { "no time".to_owned() } else { said.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(seconds: f64) -> Command {
        Command::new("timer.start").with("duration", seconds)
    }

    #[test]
    fn timers_are_started_asked_about_and_due() {
        let mut timers = Timers::default();
        let at = Duration::from_secs;
        assert_eq!(
            timers.carry_out(&start(330.0), at(10), None),
            Told::Done("Timer set for 5 minutes 30 seconds.".into())
        );
        let pasta = start(60.0).with("label", "pasta");
        assert_eq!(
            timers.carry_out(&pasta, at(20), None),
            Told::Done("Pasta timer set for 1 minute.".into())
        );
        let query = Command::new("timer.query");
        let left = "5 minutes left on the timer and 40 seconds left on the pasta timer.";
        assert_eq!(timers.carry_out(&query, at(40), None), Told::Answer(left.into()));
        assert_eq!((timers.next(), timers.take_due(at(79))), (Some(at(80)), None));
        assert_eq!(timers.take_due(at(80)).as_deref(), Some("Your pasta timer is up."));
        assert_eq!(timers.take_due(at(80)), None);
    }

    #[test]
    fn what_does_not_run_cannot_be_cancelled() {
        let mut timers = Timers::default();
        let cancel = Command::new("timer.cancel");
        let none = Told::Answer("No timer is running.".into());
        assert_eq!(timers.carry_out(&cancel, Duration::ZERO, None), none);
        timers.carry_out(&start(60.0), Duration::ZERO, None);
        let pasta = cancel.clone().with("label", "pasta");
        assert_eq!(
            timers.carry_out(&pasta, Duration::ZERO, None),
            Told::Answer("There is no pasta timer.".into())
        );
        timers.carry_out(&start(61.0), Duration::ZERO, None);
        assert_eq!(timers.carry_out(&cancel, Duration::ZERO, None), Told::Done("2 timers cancelled.".into()));
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn there_are_not_endlessly_many() {
        let mut timers = Timers::default();
        for _ in 0..MOST {
            assert!(matches!(timers.carry_out(&start(1.0), Duration::ZERO, None), Told::Done(_)));
        }
        assert!(matches!(timers.carry_out(&start(1.0), Duration::ZERO, None), Told::Answer(_)));
    }
}
