//! What others ask of the machine: text, announcements, the microphone, missing engines.

use super::*;

fn announce(text: &str, priority: Priority) -> Event {
    Event::SayRequested { text: text.to_owned(), priority }
}

#[test]
fn announcements_wait_for_rest_unless_urgent() {
    let mut cabin = Cabin::new();
    assert_eq!(cabin.step(announce("one", Priority::Normal)), ["accepted", "say one"]);
    assert_eq!(cabin.step(announce("two", Priority::Low)), ["accepted"]);
    assert_eq!(cabin.step(announce("now", Priority::Urgent)), ["accepted", "stop speaking", "say now"]);
    assert_eq!(cabin.spoken().last().unwrap(), "say two");
    cabin.press();
    assert_eq!(cabin.step(announce("later", Priority::Urgent)), ["accepted"], "never over a speaker");
    assert_eq!(cabin.wait().last().unwrap(), "say later");
    cabin.silence();
}

#[test]
fn too_many_announcements_are_rejected_and_counted() {
    let mut cabin = Cabin::new();
    cabin.press();
    for _ in 0..MAX_WAITING {
        assert_eq!(cabin.step(announce("x", Priority::Low)), ["accepted"]);
    }
    assert_eq!(cabin.step(announce("x", Priority::Low)), ["rejected: busy: too much is waiting to be said"]);
    assert_eq!(cabin.machine.announcements_dropped(), 1);
}

#[test]
fn muted_refuses_to_listen_but_not_text() {
    let mut cabin = Cabin::new();
    cabin.press();
    assert_eq!(
        cabin.step(Event::MuteRequested(true)),
        ["stop listening", "> TurnEnded cancelled", "set muted true", "> Muted true"]
    );
    assert_eq!(cabin.press(), ["rejected: the microphone is muted; unmute it first", "chime Denied"]);
    assert_eq!(cabin.step(Event::Woken { zone: None }), [""; 0]);
    assert_eq!(cabin.step(Event::MuteRequested(true)), ["> Muted true"], "who asks is told");
    cabin.ask("play jazz");
    assert!(cabin.mean(&[jazz()]).contains(&"act media.play query=jazz".to_owned()));
    cabin.done();
    cabin.spoken();
    cabin.step(Event::MuteRequested(false));
    assert_eq!(cabin.press()[0], "accepted");
}

#[test]
fn mute_by_voice_says_so_first() {
    let mut cabin = Cabin::new();
    let lines = cabin.say(&[Command::new("assistant.mute")]);
    assert!(is_said(&lines, "not listening"), "{lines:?}");
    assert_eq!(
        cabin.spoken(),
        ["> SpeakingStarted", "> SpeakingEnded", "> TurnEnded done", "set muted true", "> Muted true"]
    );
}

#[test]
fn a_missing_engine_takes_away_only_what_needs_it() {
    let mut cabin = Cabin::new();
    assert_eq!(cabin.step(Event::EngineLost(Engine::Synthesizer)), ["> Degraded [Synthesizer]"]);
    assert!(cabin.step(announce("x", Priority::Low))[0].starts_with("rejected: the synthesizer"));
    cabin.say(&[warm()]);
    let lines = cabin.done();
    assert!(lines.contains(&"> Reply 21 degrees.".to_owned()) && !is_said(&lines, ""), "{lines:?}");
    assert_eq!(cabin.machine.state(), State::FollowUp);

    assert_eq!(
        cabin.step(Event::EngineLost(Engine::Microphone)),
        ["> Degraded [Microphone, Synthesizer]", "stop listening"]
    );
    assert!(cabin.press()[0].starts_with("rejected: the microphone is not available"));
    assert_eq!(cabin.step(Event::EngineReady(Engine::Microphone)), ["> Degraded [Synthesizer]"]);
    assert_eq!(cabin.press()[0], "accepted");
}

#[test]
fn senseless_requests_are_rejected_with_a_reason() {
    let mut cabin = Cabin::new();
    assert_eq!(cabin.ask(" \u{7}\n"), ["rejected: there are no words in the text"]);
    assert_eq!(cabin.ask(&"a".repeat(10_000)), ["rejected: 10000 characters; at most 1000 are taken"]);
    let phrases = vec!["a".to_owned(); 6000];
    let lines = cabin.step(Event::VocabularySet { kind: "contacts".to_owned(), phrases });
    assert_eq!(lines, ["rejected: 6000 phrases; at most 5000 are taken"]);
    let phrases = vec!["mum".to_owned()];
    assert_eq!(cabin.step(Event::VocabularySet { kind: "contacts".to_owned(), phrases }), ["accepted"]);
    assert_eq!(cabin.machine.dialogue().context(cabin.now).vocabulary.len(), 1);
}

#[test]
fn text_goes_the_same_way_without_a_microphone() {
    let mut cabin = Cabin::new();
    assert_eq!(
        cabin.ask(" open\nthe boot "),
        [
            "accepted",
            "stop speaking",
            "> TurnStarted text",
            "> Transcript open the boot",
            "understand open the boot"
        ]
    );
    assert!(cabin.ask("again").iter().any(|line| line.starts_with("rejected: busy")));
    assert!(is_said(&cabin.mean(&[boot()]), "Open the boot?"));
    assert_eq!(cabin.spoken(), ["> SpeakingStarted", "> SpeakingEnded", "> TurnEnded answered"]);
    cabin.ask("yes");
    assert!(cabin.mean(&[yes()]).contains(&"act trunk.set state=open".to_owned()));
}
