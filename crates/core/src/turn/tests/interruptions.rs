//! Speech into a reply.

use super::*;

const QUESTION: &str = "Shall I open the boot? It is raining outside today.";

/// A cabin where the loudspeaker is not heard, in the middle of something being said.
fn cabin(priority: Priority) -> Cabin {
    let policy = Policy::new(Catalogue::shipped(), policy::Settings::default());
    let settings = Settings { wake_word: "computer".to_owned(), barge_in: true, ..Settings::default() };
    let mut cabin = Cabin::with(settings, policy);
    cabin.step(Event::SayRequested { text: QUESTION.to_owned(), priority });
    let lines = cabin.step(Event::SpeakingStarted { turn: cabin.turn() });
    let heard = priority != Priority::Urgent;
    assert_eq!(lines.contains(&"listen".to_owned()), heard, "{lines:?}");
    cabin
}

/// Someone speaks, and the loudspeaker tells how far it was.
fn interrupt(cabin: &mut Cabin) -> Vec<String> {
    let speaking = cabin.turn();
    let lines = cabin.step(Event::SpeechStarted { turn: speaking });
    cabin.step(Event::Interrupted { turn: speaking, rest: "It is raining outside today.".to_owned() });
    lines
}

#[test]
fn speech_stops_what_is_said_and_begins_a_turn() {
    let mut cabin = cabin(Priority::Normal);
    let lines = interrupt(&mut cabin);
    assert_eq!(lines, ["stop speaking", "> SpeakingEnded", "> TurnStarted follow-up", "keep listening"]);
    cabin.speak();
    assert_eq!(cabin.hear("Warmer."), ["> Transcript Warmer.", "understand Warmer."]);
    let lines = cabin.mean(&[warm()]);
    assert!(lines.iter().any(|line| line.starts_with("act ")), "{lines:?}");
}

#[test]
fn a_reply_in_a_turn_is_interrupted_too() {
    let mut cabin = cabin(Priority::Normal);
    cabin.silence();
    cabin.say(&[boot()]);
    cabin.step(Event::CarRead { turn: cabin.turn(), car: Ok(CarState::default()), clock: CLOCK });
    cabin.step(Event::SpeakingStarted { turn: cabin.turn() });
    let lines = interrupt(&mut cabin);
    assert!(lines.iter().any(|line| line.starts_with("> TurnEnded")), "{lines:?}");
    // The question that was heard stays open.
    assert!(cabin.machine.dialogue().pending().is_some());
    cabin.speak();
    cabin.hear("Yes.");
    let lines = cabin.mean(&[yes()]);
    assert!(lines.iter().any(|line| line.starts_with("act ")), "{lines:?}");
}

#[test]
fn if_no_words_came_of_it_the_rest_is_said_once() {
    let mut cabin = cabin(Priority::Normal);
    interrupt(&mut cabin);
    cabin.speak();
    let lines = cabin.hear("");
    assert!(lines.contains(&"say It is raining outside today.".to_owned()), "{lines:?}");
    cabin.step(Event::SpeakingStarted { turn: cabin.turn() });
    interrupt(&mut cabin);
    cabin.speak();
    let lines = cabin.hear("");
    assert!(!lines.iter().any(|line| line.starts_with("say")), "{lines:?}");
    cabin.silence();
}

#[test]
fn its_own_words_are_no_words_but_an_answer_in_the_words_of_the_question_is() {
    for (words, own) in
        [("It is raining outside.", true), ("open the boot", false), ("It is snowing outside today", false)]
    {
        let mut cabin = cabin(Priority::Normal);
        interrupt(&mut cabin);
        cabin.speak();
        let lines = cabin.hear(words);
        assert_eq!(lines.iter().any(|line| line.starts_with("say")), own, "{words}: {lines:?}");
    }
}

#[test]
fn the_wake_word_may_be_said_and_stands_alone_for_an_order_to_come() {
    let mut cabin = cabin(Priority::Normal);
    interrupt(&mut cabin);
    cabin.speak();
    assert_eq!(cabin.hear("Computer."), ["listen"]);
    cabin.speak();
    let lines = cabin.hear("Computer, warmer.");
    assert!(lines.contains(&"understand warmer.".to_owned()), "{lines:?}");
}

#[test]
fn a_long_reply_is_listened_to_all_the_time_and_no_longer() {
    let mut cabin = cabin(Priority::Normal);
    assert_eq!(cabin.step(Event::NoSpeech { turn: cabin.turn() }), ["listen"]);
    let lines = cabin.step(Event::Spoken { turn: cabin.turn(), result: Ok(()) });
    assert_eq!(lines, ["stop listening", "> SpeakingEnded"]);
}

#[test]
fn a_warning_is_not_interrupted_by_speech() {
    let mut cabin = cabin(Priority::Urgent);
    assert!(interrupt(&mut cabin).is_empty());
    assert_eq!(cabin.machine.state(), State::Speaking);
}
