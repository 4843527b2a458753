//! Questions and their answers.

use super::*;

#[test]
fn a_yes_does_what_was_asked_about() {
    let mut cabin = Cabin::new();
    assert!(is_said(&cabin.say(&[boot()]), "Open the boot?"));
    cabin.spoken();
    assert_eq!(cabin.machine.dialogue().pending().unwrap().command, boot());
    assert!(cabin.say(&[yes()]).contains(&"act trunk.set state=open".to_owned()));
    cabin.done();
    assert_eq!(cabin.machine.dialogue().pending(), None);
}

#[test]
fn a_yes_is_judged_by_the_car_of_now() {
    let mut cabin = Cabin::new();
    cabin.say(&[boot()]);
    cabin.spoken();
    cabin.car = Ok(CarState { speed_kmh: 30.0, ..CarState::default() });
    let lines = cabin.say(&[yes()]);
    assert!(is_said(&lines, "while we are moving"), "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("act ")));
}

#[test]
fn yes_and_the_order_once_more_are_one_order() {
    let mut cabin = Cabin::new();
    cabin.say(&[boot()]);
    cabin.spoken();
    cabin.say(&[yes(), boot()]);
    let lines = cabin.done();
    assert!(is_said(&lines, "Boot open."), "{lines:?}");
}

#[test]
fn a_no_leaves_it() {
    let mut cabin = Cabin::new();
    cabin.say(&[boot()]);
    cabin.spoken();
    let lines = cabin.say(&[Command::new("assistant.no")]);
    assert!(is_said(&lines, "All right."), "{lines:?}");
    cabin.spoken();
    assert!(is_said(&cabin.say(&[yes()]), "nothing to say yes to"));
}

#[test]
fn a_question_that_was_not_heard_cannot_be_answered() {
    let mut cabin = Cabin::new();
    cabin.say(&[boot()]);
    // The question is still being rendered when the driver presses again.
    cabin.press();
    let lines = cabin.say(&[yes()]);
    assert!(is_said(&lines, "nothing to say yes to"), "{lines:?}");
}

#[test]
fn a_question_that_was_interrupted_in_speech_stays_open() {
    let mut cabin = Cabin::new();
    cabin.say(&[boot()]);
    cabin.step(Event::SpeakingStarted { turn: cabin.turn() });
    let lines = cabin.press();
    assert!(lines.contains(&"> TurnEnded answered".to_owned()), "{lines:?}");
    assert!(cabin.say(&[yes()]).contains(&"act trunk.set state=open".to_owned()));
}

#[test]
fn silence_drops_the_question() {
    let mut cabin = Cabin::new();
    cabin.say(&[boot()]);
    cabin.silence();
    assert_eq!(cabin.machine.dialogue().pending(), None);
    assert!(is_said(&cabin.say(&[yes()]), "nothing to say yes to"));
}

#[test]
fn a_question_is_put_twice_at_most() {
    let mut cabin = Cabin::new();
    cabin.say(&[boot()]);
    cabin.spoken();
    assert!(is_said(&cabin.say(&[]), "Open the boot?"));
    cabin.spoken();
    assert!(is_said(&cabin.say(&[]), "I can't help with that."));
    assert_eq!(cabin.machine.dialogue().pending(), None);
}

#[test]
fn only_one_question_is_asked() {
    let mut cabin = Cabin::new();
    let message = Command::new("message.send").with("contact", "mum").with("text", "hello");
    let lines = cabin.say(&[boot(), message]);
    assert!(is_said(&lines, "Ask me for the rest again afterwards. Open the boot?"), "{lines:?}");
}

#[test]
fn an_unclear_command_is_completed_by_its_answer() {
    let mut cabin = Cabin::new();
    cabin.press();
    cabin.speak();
    cabin.hear("…");
    let problem = Some(Problem::Missing { slot: "temperature".to_owned() });
    let candidate = Candidate { command: Command::new("climate.set_temperature"), confidence: 0.9, problem };
    let lines =
        cabin.understand(Interpretation { candidates: vec![candidate], left_over: None, later: false });
    assert!(is_said(&lines, "How many degrees?"), "{lines:?}");
    assert!(cabin.spoken().contains(&"> TurnEnded unclear".to_owned()));
    let context = cabin.machine.dialogue().context(cabin.now);
    assert_eq!(context.pending.unwrap().slot.as_deref(), Some("temperature"));
}
