//! What "undo that" does.

use super::*;

fn undo() -> Command {
    Command::new("assistant.undo")
}

fn window(position: f64) -> Command {
    Command::new("window.set").with("position", position).with("zone", "driver")
}

fn temperature(degrees: f64) -> Command {
    Command::new("climate.set_temperature").with("temperature", degrees).with("zone", "driver")
}

/// The car did what it was told, and this brings back what was before.
fn did(cabin: &mut Cabin, undo: &[Command]) -> Vec<String> {
    let acted = Acted { undo: undo.to_vec(), ..Acted::default() };
    cabin.step(Event::Acted { turn: cabin.turn(), result: Ok(acted) })
}

fn said(lines: &[String]) -> &str {
    lines.iter().find_map(|line| line.strip_prefix("say ")).unwrap_or_default()
}

fn acts(lines: &[String]) -> Vec<&str> {
    lines.iter().filter_map(|line| line.strip_prefix("act ")).collect()
}

#[test]
fn the_value_of_before_comes_back_and_a_second_undo_takes_it_away_again() {
    let mut cabin = Cabin::new();
    cabin.say(&[window(100.0)]);
    did(&mut cabin, &[window(0.0)]);
    cabin.silence();
    let lines = cabin.say(&[undo()]);
    assert_eq!(
        lines,
        [
            "> Command assistant.undo",
            "> CommandResult assistant.undo done",
            "> Command window.set position=0 zone=driver",
            "act window.set position=0 zone=driver"
        ]
    );
    assert_eq!(said(&did(&mut cabin, &[window(100.0)])), "Undone. Window 0 percent.");
    assert!(cabin.spoken().contains(&"> TurnEnded done".to_owned()));
    assert_eq!(acts(&cabin.say(&[undo()])), ["window.set position=100 zone=driver"]);
}

#[test]
fn the_commands_of_a_sentence_are_undone_together_last_one_first() {
    let mut cabin = Cabin::new();
    cabin.say(&[window(100.0), temperature(25.0)]);
    did(&mut cabin, &[window(0.0)]);
    did(&mut cabin, &[temperature(21.0)]);
    cabin.silence();
    assert_eq!(acts(&cabin.say(&[undo()])), ["climate.set_temperature temperature=21 zone=driver"]);
    assert_eq!(acts(&cabin.done()), ["window.set position=0 zone=driver"]);
    let lines = cabin.fail(ActError::Rejected("it is frozen".to_owned()));
    assert_eq!(said(&lines), "Undone in part. 21 degrees. The window refused: it is frozen.");
}

#[test]
fn seats_are_told_apart() {
    let mut cabin = Cabin::new();
    cabin.say(&[window(100.0).with("zone", "all")]);
    did(&mut cabin, &[window(20.0), window(0.0).with("zone", "passenger")]);
    cabin.silence();
    cabin.say(&[undo()]);
    cabin.done();
    let said_of_both = "Undone. Driver's side: Window 20 percent. Passenger side: Window 0 percent.";
    assert_eq!(said(&cabin.done()), said_of_both);
}

#[test]
fn an_undo_is_judged_like_any_command() {
    let mut cabin = Cabin::new();
    let locked = Command::new("door.set_lock").with("state", "locked");
    let unlocked = Command::new("door.set_lock").with("state", "unlocked");
    cabin.say(&[locked]);
    did(&mut cabin, std::slice::from_ref(&unlocked));
    cabin.silence();
    cabin.car = Ok(CarState { speed_kmh: 50.0, ..CarState::default() });
    let lines = cabin.say(&[undo()]);
    assert_eq!((acts(&lines).len(), said(&lines)), (0, "I can't unlock the doors while we are moving."));
    cabin.silence();
    // Nothing was changed, so it can still be undone where it is allowed.
    cabin.car = Ok(CarState::default());
    assert_eq!(said(&cabin.say(&[undo()])), "Really? The doors would be unlocked.");
    cabin.spoken();
    assert_eq!(acts(&cabin.say(&[yes()])), ["door.set_lock state=unlocked"]);
}

#[test]
fn what_was_not_changed_is_not_undone() {
    let mut cabin = Cabin::new();
    assert_eq!(said(&cabin.say(&[undo()])), "There is nothing to undo.");
    cabin.silence();
    cabin.say(&[window(100.0)]);
    did(&mut cabin, &[window(0.0)]);
    cabin.silence();
    // A refused command and a question are no turns that acted.
    cabin.say(&[temperature(25.0)]);
    cabin.fail(ActError::Rejected("no".to_owned()));
    cabin.silence();
    cabin.say(&[Command::new("climate.query_temperature")]);
    cabin.done();
    cabin.silence();
    assert_eq!(acts(&cabin.say(&[undo()])), ["window.set position=0 zone=driver"]);
}

#[test]
fn what_cannot_come_back_is_named() {
    let answer = |command: Command, result: Result<Acted, ActError>| {
        let mut cabin = Cabin::new();
        cabin.say(&[command]);
        cabin.step(Event::Acted { turn: cabin.turn(), result });
        cabin.silence();
        let lines = cabin.say(&[undo()]);
        assert!(lines.contains(&"> CommandResult assistant.undo there is nothing to undo".to_owned()));
        said(&lines).to_owned()
    };
    let call = Command::new("phone.call").with("contact", "mum");
    assert_eq!(answer(call, Ok(Acted::default())), "I can't undo a call.");
    assert_eq!(answer(window(100.0), Ok(Acted::default())), "I don't know how that was before.");
    let late = Err(ActError::Timeout(Duration::from_secs(2)));
    assert_eq!(answer(window(100.0), late), "I don't know how that was before.");

    let mut cabin = Cabin::new();
    cabin.say(&[window(100.0), Command::new("phone.call").with("contact", "mum")]);
    did(&mut cabin, &[window(0.0)]);
    cabin.done();
    cabin.silence();
    cabin.say(&[undo()]);
    assert_eq!(said(&cabin.done()), "Undone in part. Window 0 percent. I can't undo a call.");
}

#[test]
fn an_interrupted_command_counts_as_done() {
    let mut cabin = Cabin::new();
    cabin.say(&[temperature(25.0)]);
    did(&mut cabin, &[temperature(21.0)]);
    cabin.silence();
    cabin.say(&[window(100.0)]);
    cabin.step(Event::Cancelled);
    assert_eq!(said(&cabin.say(&[undo()])), "I don't know how that was before.");
}

#[test]
fn an_undo_has_its_time() {
    let mut cabin = Cabin::new();
    cabin.say(&[window(100.0)]);
    did(&mut cabin, &[window(0.0)]);
    cabin.silence();
    cabin.now += Settings::default().memory;
    assert_eq!(said(&cabin.say(&[undo()])), "That was too long ago to undo.");
}
