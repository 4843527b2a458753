//! What `parse` shows.

use super::*;

fn policy() -> Policy {
    Cabin::new().machine.policy().clone()
}

fn meant(commands: &[Command]) -> Interpretation {
    let candidates = commands.iter().map(|command| Candidate::complete(command.clone(), 0.9)).collect();
    Interpretation { candidates, left_over: None, later: false }
}

fn show(assessment: &Assessment) -> String {
    let commands: Vec<String> = assessment.commands.iter().map(|(command, _)| command.to_string()).collect();
    format!("{} [{}] {}", assessment.verdict.as_str(), commands.join(", "), assessment.reply)
}

#[test]
fn the_strictest_ruling_is_the_verdict() {
    let policy = policy();
    let moving = CarState { speed_kmh: 80.0, ..CarState::default() };
    for (commands, car, expected) in [
        (vec![], CarState::default(), "none [] I can't help with that."),
        (vec![warm()], CarState::default(), "act [climate.set_temperature temperature=21] 21 degrees."),
        (vec![boot()], CarState::default(), "confirm [trunk.set state=open] Open the boot?"),
        (
            vec![boot(), Command::new("climate.set_fan").with("level", 9.0)],
            CarState::default(),
            "clarify [trunk.set state=open, climate.set_fan] Ask me for the rest again afterwards. Open the boot?",
        ),
        (
            vec![warm(), boot()],
            moving,
            "refuse [climate.set_temperature temperature=21, trunk.set state=open] \
             21 degrees. I can't open the boot while we are moving.",
        ),
    ] {
        assert_eq!(show(&assess(&policy, &meant(&commands), &car)), expected);
    }
}

#[test]
fn a_conversation_resolves_a_yes() {
    let policy = policy();
    let mut dialogue = Dialogue::new(Duration::from_secs(60));
    let car = CarState::default();
    let around = Surroundings { car: Some(&car), ..Surroundings::default() };
    let mut next = |commands: &[Command]| {
        show(&assess_in(&policy, &mut dialogue, &meant(commands), around, Duration::ZERO))
    };
    assert_eq!(next(&[boot()]), "confirm [trunk.set state=open] Open the boot?");
    assert_eq!(next(&[yes()]), "act [trunk.set state=open] Boot open.");
    assert_eq!(next(&[yes()]), "act [assistant.yes] There is nothing to say yes to.");
}
