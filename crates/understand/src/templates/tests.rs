use carvoice_core::command::Command;
use carvoice_core::engine::Pending;
use carvoice_core::interpretation::Problem;

use super::*;

fn matcher() -> Matcher {
    Matcher::new(&Catalogue::shipped())
}

fn command(text: &str, context: &Context) -> Option<Candidate> {
    matcher().read(text, context).interpretation.candidates.into_iter().next()
}

#[test]
fn reads_a_polite_command() {
    let reading = matcher().read("Could you please set the temperature to twenty one?", &Context::default());
    let expected = Command::new("climate.set_temperature").with("temperature", 21.0);
    assert_eq!(reading.interpretation.candidates[0].command, expected);
    assert_eq!(reading.cover, 1.0);
    assert!(!reading.from_context && reading.interpretation.candidates[0].confidence > 0.9);
}

#[test]
fn explains_little_of_talk() {
    let reading = matcher().read("the neighbours painted their fence last week", &Context::default());
    assert!(reading.interpretation.candidates.is_empty() && reading.cover < 0.5);
    assert_eq!(matcher().read("", &Context::default()), Reading::default());
    assert_eq!(matcher().read("?! …", &Context::default()), Reading::default());
}

#[test]
fn gives_up_on_speeches() {
    let long = "open the window and ".repeat(100);
    assert_eq!(matcher().read(&long, &Context::default()), Reading::default());
}

#[test]
fn says_what_is_wrong_with_a_command() {
    let none = Context::default();
    let problem = |text: &str| command(text, &none).and_then(|candidate| candidate.problem);
    assert_eq!(
        problem("seat heat nine"),
        Some(Problem::Illegal { slot: "level".into(), said: "nine".into() })
    );
    assert_eq!(problem("change the temperature"), Some(Problem::Missing { slot: "temperature".into() }));
    assert_eq!(problem("open the window in ten minutes"), Some(Problem::NotNow));
    assert!(matches!(problem("turn it up"), Some(Problem::Ambiguous { readings }) if readings.len() > 1));
}

#[test]
fn half_a_side_is_no_side() {
    let none = Context::default();
    let zone = |text: &str| {
        let candidate = command(text, &none).unwrap();
        candidate.command.slots.get("zone").map(ToString::to_string)
    };
    assert_eq!(zone("could you have it a little warmer right rear").as_deref(), Some("rear_right"));
    assert_eq!(zone("turn the fan back on"), None);
    assert!(command("put the air distribution back on automatic", &none).is_none());
    assert_eq!(zone("turn the heating in the back on").as_deref(), Some("rear"));
}

#[test]
fn keeps_free_text_as_spoken() {
    let none = Context::default();
    for (text, slot, expected) in [
        ("Call Mum's mobile, please.", "contact", "Mum"),
        ("Play \"When We Were Young\" by Adele.", "query", "When We Were Young by Adele"),
        ("Text Sarah that I'm running late.", "text", "I'm running late"),
        ("Find petrol stations near me", "category", "petrol station"),
        ("find the nearest Starbucks", "category", "Starbucks"),
        ("Navigate to 12 Baker Street, London", "destination", "12 Baker Street, London"),
    ] {
        let found = command(text, &none).expect(text);
        assert_eq!(found.command.slots[slot].text(), Some(expected), "{text}");
    }
}

#[test]
fn takes_answers_to_its_questions() {
    let pending = |command: Command, slot: &str| Context {
        pending: Some(Pending { command, slot: Some(slot.to_owned()) }),
        ..Context::default()
    };
    let temperature = pending(Command::new("climate.set_temperature"), "temperature");
    assert_eq!(
        command("seventy please", &temperature).map(|found| found.command),
        Some(Command::new("climate.set_temperature").with("temperature", 21.0))
    );
    let text = pending(Command::new("message.send").with("contact", "Tom"), "text");
    assert_eq!(
        command("turn left at the church", &text).map(|found| found.command.slots["text"].to_string()),
        Some("turn left at the church".to_owned())
    );
    // Another command leaves the question behind.
    assert_eq!(
        command("close the window", &temperature).map(|found| found.command.intent),
        Some("window.set".to_owned())
    );
    assert_eq!(
        command("cancel", &text).map(|found| found.command.intent),
        Some("assistant.cancel".to_owned())
    );
}

#[test]
fn corrects_what_waits_for_a_yes() {
    let context = Context {
        pending: Some(Pending { command: Command::new("trunk.set").with("state", "open"), slot: None }),
        ..Context::default()
    };
    assert_eq!(command("yes", &context).map(|found| found.command.intent), Some("assistant.yes".to_owned()));
    assert_eq!(
        command("Yeah, go ahead.", &context).map(|found| found.command.intent),
        Some("assistant.yes".to_owned())
    );
    assert_eq!(
        command("no, closed", &context).map(|found| found.command),
        Some(Command::new("trunk.set").with("state", "closed"))
    );
}
