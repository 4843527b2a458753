//! What is kept: timers, reminders and the names of places. The machine works with its own copy; the changes
//! of it go to the memory, and go nowhere when that is out of order.

use std::collections::BTreeMap;
use std::time::Duration;

use super::event::WallClock;
use super::own;
use super::timers::{Timers, Told};
use super::when::when;
use crate::command::{Command, SlotValue};
use crate::interpretation::Candidate;
use crate::memory::{Change, Kind, LocalTime, Note};
use crate::reply;

/// Reminders and places at once: more than anyone listens to, and a bound of the file.
const MOST: usize = 64;
/// Time between two looks at the clock while a reminder waits: it may be set, and the car may have slept.
const LOOK: Duration = Duration::from_secs(60);
/// Seconds after which what is due is told with its time.
const LATE: i64 = 90;
/// Due notes told in one breath.
const AT_ONCE: usize = 4;

/// All that is kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    timers: Timers,
    reminders: Vec<Note>,
    places: Places,
    /// What is told of notes that were due when nobody could tell it.
    missed: Vec<String>,
    /// What the memory holds.
    known: Vec<Note>,
    /// The clock when it was last looked at.
    clock: Option<(Duration, LocalTime)>,
    /// Where the car was when it was last asked.
    position: Option<String>,
    next_look: Duration,
}

impl Kept {
    /// Whether the intent is about what is kept.
    pub(super) fn concerns(intent: &str) -> bool {
        let own =
            ["timer.start", "timer.cancel", "timer.query", "reminder.create", "reminder.list", "place.save"];
        own.contains(&intent)
    }

    /// The car was asked where it is, and the clock for its time.
    pub(super) fn see(&mut self, clock: Option<&WallClock>, position: Option<&str>, now: Duration) {
        self.position = position.map(str::to_owned);
        if let Some(clock) = clock {
            self.see_clock(clock, now);
        }
    }

    pub(super) fn see_clock(&mut self, clock: &WallClock, now: Duration) {
        self.clock = Some((now, clock.local()));
    }

    fn local(&self, now: Duration) -> Option<LocalTime> {
        let (at, clock) = self.clock?;
        Some(clock.plus(now.saturating_sub(at).as_secs() as i64))
    }

    /// Takes over what the memory holds.
    pub(super) fn remember(&mut self, notes: Vec<Note>, clock: &WallClock, now: Duration) {
        self.see_clock(clock, now);
        self.timers = Timers::default();
        self.reminders.clear();
        self.places = Places::default();
        for note in &notes {
            match note.kind {
                Kind::Timer => self.missed.extend(self.timers.go_on(note, now, clock.local())),
                Kind::Reminder => self.reminders.push(note.clone()),
                Kind::Place => self.places.set(&note.text, note.place.as_deref().unwrap_or_default()),
            }
        }
        self.known = notes;
    }

    /// Changes of what is kept since the last call.
    pub(super) fn changes(&mut self) -> Vec<Change> {
        let now: Vec<Note> =
            self.timers.notes().chain(self.reminders.iter().cloned()).chain(self.places.notes()).collect();
        let gone = self.known.iter().filter(|note| !now.contains(note)).cloned().map(Change::Forget);
        let new = now.iter().filter(|note| !self.known.contains(note)).cloned().map(Change::Keep);
        let changes = gone.chain(new).collect();
        self.known = now;
        changes
    }

    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    /// Carries out a command about what is kept.
    pub(super) fn carry_out(&mut self, command: &Command, now: Duration) -> Told {
        let clock = self.local(now);
        match command.intent.as_str() {
            "reminder.create" => {
                self.remind(command.text("text").unwrap_or_default(), command.text("time"), clock)
            }
            "reminder.list" => Told::Answer(self.list(clock)),
            "place.save" => self.save_place(command.text("name").unwrap_or_default()),
            _ => self.timers.carry_out(command, now, clock),
        }
    }

    fn remind(&mut self, text: &str, time: Option<&str>, clock: Option<LocalTime>) -> Told {
        if self.reminders.len() >= MOST {
            let reply = format!("You have {MOST} reminders already, that is all I can keep.");
            return Told::Failed(reply, "too many reminders");
        }
        let Some(clock) = clock else {
            return Told::Failed("I can't tell the time right now.".to_owned(), "the time is not known");
        };
        let (text, time) = match (time, time_in_front(text, clock)) {
            (None, Some((time, text))) => (text, Some(time)),
            _ => (text, time),
        };
        let due = time.and_then(|time| when(time, clock));
        let said = match (due, time) {
            (Some(due), _) => format!("I will remind you {}.", at(due, clock)),
            (None, None) => "Noted. Ask for your reminders to hear it.".to_owned(),
            (None, Some(_)) => "I can't tell when that is, so I noted it without a time.".to_owned(),
        };
        let note = Note { kind: Kind::Reminder, text: text.to_owned(), due, place: None };
        if !self.reminders.contains(&note) {
            self.reminders.push(note);
        }
        Told::Done(said)
    }

    fn list(&self, clock: Option<LocalTime>) -> String {
        let mut reminders: Vec<&Note> = self.reminders.iter().collect();
        reminders.sort_by_key(|note| (note.due.is_none(), note.due));
        let told: Vec<String> = reminders
            .iter()
            .map(|note| match note.due.zip(clock) {
                Some((due, clock)) => format!("{} {}", note.text, at(due, clock)),
                None => note.text.clone(),
            })
            .collect();
        match told.as_slice() {
            [] => "You have no reminders.".to_owned(),
            [one] => format!("One reminder: {one}."),
            several => format!("{} reminders: {}.", several.len(), reply::list(several, "and")),
        }
    }

    fn save_place(&mut self, name: &str) -> Told {
        let Some(position) = &self.position else {
            let reply = "The car does not tell me where we are, so I can't save this place.";
            return Told::Failed(reply.to_owned(), "the car does not tell its position");
        };
        if self.places.0.len() >= MOST {
            return Told::Failed(format!("I know {MOST} places, that is all I can keep."), "too many places");
        }
        self.places.set(name, position);
        Told::Done(format!("Saved as {name}."))
    }

    /// When something is due, or the clock is to be looked at.
    pub(super) fn next(&self) -> Option<Duration> {
        let waiting = self.reminders.iter().filter_map(|note| note.due).min();
        let reminder = waiting.zip(self.clock).map(|(due, (at, clock))| {
            let left = u64::try_from(due.seconds() - clock.seconds()).unwrap_or_default();
            at.saturating_add(Duration::from_secs(left)).min(self.next_look)
        });
        self.timers.next().into_iter().chain(reminder).min()
    }

    /// What to say of what is due; it is then kept no longer.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<String> {
        if self.next_look <= now {
            self.next_look = now + LOOK;
        }
        if !self.missed.is_empty() {
            let count = self.missed.len().min(AT_ONCE);
            return Some(reply::join(
                self.missed.drain(..count).collect::<Vec<_>>().iter().map(String::as_str),
            ));
        }
        self.timers.take_due(now).or_else(|| self.take_reminder(self.local(now)?))
    }

    fn take_reminder(&mut self, clock: LocalTime) -> Option<String> {
        let place = self.reminders.iter().position(|note| note.due.is_some_and(|due| due <= clock))?;
        let note = self.reminders.remove(place);
        let due = note.due.filter(|due| clock.seconds() - due.seconds() > LATE);
        Some(match due {
            Some(due) => format!("You wanted to be reminded {}: {}.", at(due, clock), note.text),
            None => format!("Reminder: {}.", note.text),
        })
    }
}

/// "Tomorrow at eight to buy milk", taken for the text, as the time and the text.
fn time_in_front(text: &str, clock: LocalTime) -> Option<(&str, &str)> {
    text.rmatch_indices(" to ").find_map(|(place, link)| {
        let (time, text) = (text.get(..place)?, text.get(place + link.len()..)?);
        when(time, clock).map(|_| (time, text))
    })
}

/// "At 17:05", "tomorrow at 8:00", "on Friday, March 7 at 8:00".
pub(super) fn at(time: LocalTime, now: LocalTime) -> String {
    let (hour, minute, _) = time.time();
    let clock = format!("at {hour}:{minute:02}");
    match time.day_number() - now.day_number() {
        0 => clock,
        1 => format!("tomorrow {clock}"),
        -1 => format!("yesterday {clock}"),
        _ => format!("on {} {clock}", own::date(time)),
    }
}

/// Places by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(BTreeMap<String, String>);

impl Places {
    fn set(&mut self, name: &str, place: &str) {
        self.0.insert(plain(name), place.to_owned());
    }

    fn notes(&self) -> impl Iterator<Item = Note> {
        self.0.iter().map(|(name, place)| Note {
            kind: Kind::Place,
            text: name.clone(),
            due: None,
            place: Some(place.clone()),
        })
    }

    /// The candidate with the place in the place of its name.
    pub(super) fn resolved(&self, candidate: &Candidate) -> Candidate {
        let mut candidate = candidate.clone();
        if let Some(name) = destination(&candidate.command)
            && let Some(place) = self.0.get(&plain(name))
        {
            candidate.command.slots.insert("destination".to_owned(), SlotValue::Text(place.clone()));
        }
        candidate
    }

    /// The command with the name in the place of the place, to be said.
    pub(super) fn named(&self, command: &Command) -> Command {
        let known =
            |place: &str| self.0.iter().find(|(_, known)| *known == place).map(|(name, _)| name.as_str());
        match destination(command).and_then(known) {
            Some(name) => command.clone().with("destination", name),
            None => command.clone(),
        }
    }
}

fn destination(command: &Command) -> Option<&str> {
    command.text("destination").filter(|_| command.intent.starts_with("navigation."))
}

/// A name as it is compared: "my Home" is "home".
fn plain(name: &str) -> String {
    let name = name.trim().to_lowercase();
    ["my ", "the ", "our "].iter().find_map(|word| name.strip_prefix(word)).unwrap_or(&name).to_owned()
}
