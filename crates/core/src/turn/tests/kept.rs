//! Timers, reminders and places, and what becomes of them when the program ends.

use super::*;
use crate::memory::{Kind, LocalTime};

fn remind(text: &str, time: &str) -> Command {
    Command::new("reminder.create").with("text", text).with("time", time)
}

fn said(lines: &[String]) -> &str {
    lines.iter().find_map(|line| line.strip_prefix("say ")).unwrap_or_default()
}

fn note(kind: Kind, text: &str, hour: i64) -> Note {
    let due = Some(LocalTime::midnight(2025, 3, 4).plus(hour * 3600));
    Note { kind, text: text.to_owned(), due, place: None }
}

fn remember(cabin: &mut Cabin, notes: Vec<Note>) -> Vec<String> {
    cabin.step(Event::Remembered { notes, clock: CLOCK })
}

#[test]
fn a_reminder_is_kept_listed_and_told_when_it_is_due() {
    let mut cabin = Cabin::new();
    let lines = cabin.say(&[remind("call mum", "ten minutes")]);
    assert_eq!(said(&lines), "I will remind you at 15:15.");
    assert!(lines.contains(&"keep reminder call mum @ 2025-03-04T15:15:00".to_owned()), "{lines:?}");
    assert!(lines.contains(&"> CommandResult reminder.create done".to_owned()));
    let set = cabin.now;
    cabin.spoken();
    assert_eq!(said(&cabin.say(&[Command::new("reminder.list")])), "One reminder: call mum at 15:15.");
    cabin.spoken();
    let mut lines = Vec::new();
    while !is_said(&lines, "Reminder: call mum.") {
        lines = cabin.wait();
    }
    assert!(lines.contains(&"forget reminder call mum @ 2025-03-04T15:15:00".to_owned()), "{lines:?}");
    assert!(cabin.now.saturating_sub(set).as_secs().abs_diff(600) <= 1);
    cabin.silence();
}

#[test]
fn a_clock_that_is_set_changes_when_a_reminder_is_due() {
    let mut cabin = Cabin::new();
    remember(&mut cabin, vec![note(Kind::Reminder, "eat", 20)]);
    assert_eq!(cabin.step(Event::ClockRead(CLOCK)), [""; 0]);
    let evening = WallClock { hour: 20, minute: 30, ..CLOCK };
    let lines = cabin.step(Event::ClockRead(evening));
    assert_eq!(said(&lines), "You wanted to be reminded at 20:00: eat.");
}

#[test]
fn reminders_without_a_time_are_only_listed() {
    let mut cabin = Cabin::new();
    let milk = Command::new("reminder.create").with("text", "buy milk");
    assert!(said(&cabin.say(&[milk])).starts_with("Noted."));
    cabin.silence();
    let plants = remind("water the plants", "we get home");
    let answer = "I can't tell when that is, so I noted it without a time.";
    assert_eq!(said(&cabin.say(&[plants])), answer);
    cabin.silence();
    let list = "2 reminders: buy milk and water the plants.";
    assert_eq!(said(&cabin.say(&[Command::new("reminder.list")])), list);
    cabin.silence();
    assert_eq!(said(&Cabin::new().say(&[Command::new("reminder.list")])), "You have no reminders.");
}

#[test]
fn a_time_in_front_of_the_text_is_no_text() {
    let mut cabin = Cabin::new();
    let text = "tomorrow at ten to six to drive to work";
    let lines = cabin.say(&[Command::new("reminder.create").with("text", text)]);
    assert_eq!(said(&lines), "I will remind you tomorrow at 17:50.");
    assert!(lines.contains(&"keep reminder drive to work @ 2025-03-05T17:50:00".to_owned()), "{lines:?}");
}

#[test]
fn what_was_due_while_the_program_was_off_is_told_with_its_time() {
    let mut cabin = Cabin::new();
    let yesterday = Note {
        due: Some(LocalTime::midnight(2025, 3, 3).plus(8 * 3600)),
        ..note(Kind::Reminder, "buy milk", 0)
    };
    let notes = vec![note(Kind::Timer, "pasta", 15), yesterday, note(Kind::Reminder, "eat", 20)];
    let lines = remember(&mut cabin, notes);
    assert_eq!(said(&lines), "Your pasta timer was up at 15:00.");
    let forgotten = lines.iter().filter(|line| line.starts_with("forget ")).count();
    assert_eq!(forgotten, 2, "{lines:?}");
    let lines = cabin.spoken();
    assert_eq!(said(&lines), "You wanted to be reminded yesterday at 8:00: buy milk.");
}

#[test]
fn a_timer_goes_on_after_a_restart() {
    let mut cabin = Cabin::new();
    let timer = Command::new("timer.start").with("duration", 600.0).with("label", "pasta");
    let lines = cabin.say(&[timer]);
    assert!(lines.contains(&"keep timer pasta @ 2025-03-04T15:15:00".to_owned()), "{lines:?}");

    let mut next = Cabin::new();
    let kept = Note { due: Some(CLOCK.local().plus(600)), ..note(Kind::Timer, "pasta", 0) };
    assert_eq!(remember(&mut next, vec![kept]), [""; 0]);
    let set = next.now;
    let lines = next.wait();
    assert_eq!((said(&lines), next.now.saturating_sub(set).as_secs()), ("Your pasta timer is up.", 600));
    assert!(lines.contains(&"forget timer pasta @ 2025-03-04T15:15:00".to_owned()), "{lines:?}");
}

#[test]
fn what_is_due_waits_for_a_voice() {
    let mut cabin = Cabin::new();
    cabin.step(Event::EngineLost(Engine::Synthesizer));
    assert_eq!(remember(&mut cabin, vec![note(Kind::Reminder, "eat", 12)]), [""; 0]);
    assert_eq!(cabin.machine.deadline(), None);
    let lines = cabin.step(Event::EngineReady(Engine::Synthesizer));
    assert_eq!(said(&lines), "You wanted to be reminded at 12:00: eat.");
}

#[test]
fn a_saved_place_is_where_its_name_leads() {
    let mut cabin = Cabin::new();
    let save = Command::new("place.save").with("name", "home");
    let unknown = cabin.say(std::slice::from_ref(&save));
    assert!(said(&unknown).starts_with("The car does not tell me where we are"), "{unknown:?}");
    assert!(unknown.iter().any(|line| line.contains("CommandResult place.save the car does not tell")));
    cabin.silence();

    cabin.car = Ok(CarState { position: Some("geo:48.1,11.5".to_owned()), ..CarState::default() });
    let lines = cabin.say(&[save]);
    assert!(lines.contains(&"keep place home = geo:48.1,11.5".to_owned()), "{lines:?}");
    assert_eq!(said(&lines), "Saved as home.");
    cabin.silence();
    let home = Command::new("navigation.go_to").with("destination", "my Home");
    let lines = cabin.say(&[home]);
    assert!(lines.contains(&"act navigation.go_to destination=geo:48.1,11.5".to_owned()), "{lines:?}");
    assert_eq!(said(&cabin.done()), "To my Home.");
    cabin.silence();

    // Another place of the same name takes its place.
    cabin.car = Ok(CarState { position: Some("geo:1,2".to_owned()), ..CarState::default() });
    let lines = cabin.say(&[Command::new("place.save").with("name", "Home")]);
    assert!(lines.contains(&"forget place home = geo:48.1,11.5".to_owned()), "{lines:?}");
    assert!(lines.contains(&"keep place home = geo:1,2".to_owned()), "{lines:?}");
}

#[test]
fn without_a_memory_it_is_kept_for_this_drive_and_said_so() {
    let mut cabin = Cabin::new();
    cabin.step(Event::EngineLost(Engine::Memory));
    let lines = cabin.say(&[remind("eat", "20:00")]);
    assert_eq!(
        said(&lines),
        "I will remind you at 20:00. But I will forget it when the car is switched off."
    );
    cabin.silence();
    assert_eq!(said(&cabin.say(&[Command::new("reminder.list")])), "One reminder: eat at 20:00.");
}

#[test]
fn what_another_program_erased_is_gone() {
    let mut cabin = Cabin::new();
    cabin.say(&[remind("eat", "20:00")]);
    cabin.silence();
    assert_eq!(remember(&mut cabin, Vec::new()), [""; 0]);
    assert_eq!(said(&cabin.say(&[Command::new("reminder.list")])), "You have no reminders.");
}
