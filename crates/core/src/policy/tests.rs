use std::sync::LazyLock;

use super::*;

fn policy() -> Policy {
    static SHIPPED: LazyLock<Catalogue> = LazyLock::new(Catalogue::shipped);
    Policy::new(SHIPPED.clone(), Settings::default())
}

/// `intent slot=value …` as a command; values that are numbers become numbers, `~` is a space.
fn command(line: &str) -> Command {
    let mut words = line.split(' ');
    let intent = Command::new(words.next().unwrap());
    words.fold(intent, |command, word| {
        let (slot, value) = word.split_once('=').unwrap();
        match value.parse::<f64>() {
            Ok(number) if !["number", "contact"].contains(&slot) => command.with(slot, number),
            _ => command.with(slot, value.replace('~', " ").as_str()),
        }
    })
}

fn judge_in(line: &str, car: Option<&CarState>, confirmed: bool) -> Ruling {
    policy().judge(&Candidate::complete(command(line), 1.0), car, None, confirmed)
}

/// The ruling as a line: the steps, or the kind and the sentence.
fn show(ruling: Ruling) -> String {
    match ruling {
        Ruling::Approve { steps, warning } => {
            let steps: Vec<String> = steps.iter().map(|step| step.command().to_string()).collect();
            warning.into_iter().fold(steps.join(" > "), |line, warning| format!("{line} ({warning})"))
        }
        Ruling::Confirm { question } => format!("confirm: {question}"),
        Ruling::Refuse { reason } => format!("refuse: {reason}"),
        Ruling::Clarify { question, slot } => format!("clarify {}: {question}", slot.unwrap_or_default()),
    }
}

#[track_caller]
fn check(line: &str, car: &CarState, expected: &str) {
    assert_eq!(show(judge_in(line, Some(car), false)), expected, "{line}");
}

fn at(speed_kmh: f64) -> CarState {
    CarState { speed_kmh, ..CarState::default() }
}

fn parked() -> CarState {
    CarState::default()
}

#[test]
fn comfort_is_done_and_gets_its_zone() {
    check(
        "climate.set_temperature temperature=21",
        &at(80.0),
        "climate.set_temperature temperature=21 zone=driver",
    );
    check("window.set position=100 zone=all", &at(80.0), "window.set position=100 zone=all");
    check("volume.set level=20", &parked(), "volume.set level=20");
}

#[test]
fn the_zone_is_the_seat_of_the_speaker() {
    let heat = Candidate::complete(command("seat.set_heating level=2"), 1.0);
    let ruling = policy().judge(&heat, Some(&parked()), Some(Zone::RearLeft), false);
    assert_eq!(show(ruling), "seat.set_heating level=2 zone=rear_left");
}

#[test]
fn what_is_for_the_whole_car_gets_no_zone() {
    check("door.set_lock state=locked", &at(80.0), "door.set_lock state=locked");
    check("light.set light=hazard state=on", &at(80.0), "light.set light=hazard state=on");
    check("light.set light=reading state=on", &at(80.0), "light.set light=reading state=on zone=driver");
}

#[test]
fn unknown_things_are_refused() {
    check("engine.stop", &parked(), "refuse: This car can't do that.");
    check("media.pause loud=yes", &parked(), "refuse: I can't do that, there is no such setting here.");
}

#[test]
fn values_are_checked_again() {
    for line in [
        "climate.set_temperature temperature=15.5",
        "climate.set_temperature temperature=30.5",
        "climate.set_temperature temperature=21.3",
        "climate.set_temperature temperature=warm",
        "climate.set_temperature temperature=NaN",
        "climate.set_temperature temperature=inf",
        "climate.set_fan level=2.5",
        "climate.set_fan level=8",
        "climate.set_fan level=-1",
        "climate.set_fan level=2 zone=boot",
        "climate.set_fan level=2 zone=1",
        "drive_mode.set mode=track",
        "media.tune frequency=110",
        "media.tune frequency=300",
        "media.tune frequency=1720",
        "media.tune frequency=98 band=am",
        "media.tune frequency=600 band=fm",
        "phone.call number=12~34",
        "phone.call number=123456789012345678901",
        "navigation.go_to destination=~",
    ] {
        assert!(
            matches!(judge_in(line, Some(&parked()), true), Ruling::Clarify { slot: Some(_), .. }),
            "{line}"
        );
    }
    for line in [
        "climate.set_temperature temperature=16",
        "climate.set_temperature temperature=30",
        "climate.set_temperature temperature=21.5",
        "climate.set_fan level=0",
        "climate.set_fan level=7",
        "media.tune frequency=87.5",
        "media.tune frequency=108 band=fm",
        "media.tune frequency=520",
        "media.tune frequency=1710 band=am",
        "phone.call number=+4912345",
    ] {
        assert!(matches!(judge_in(line, Some(&parked()), true), Ruling::Approve { .. }), "{line}");
    }
}

#[test]
fn control_characters_and_endless_texts_are_not_passed_on() {
    for text in ["a\u{7}b", "a\nb", &"a".repeat(1001), "  "] {
        let candidate = Candidate::complete(Command::new("navigation.go_to").with("destination", text), 1.0);
        let ruling = policy().judge(&candidate, Some(&parked()), None, true);
        assert!(matches!(ruling, Ruling::Clarify { .. }), "{text:?}");
    }
}

#[test]
fn what_is_missing_is_asked_for() {
    check("climate.set_temperature", &parked(), "clarify temperature: How many degrees?");
    check("message.send contact=mum", &parked(), "clarify text: What shall I write?");
    check("phone.call", &parked(), "clarify contact: Whom?");
    check("sunroof.set", &parked(), "clarify position: Open, close or tilt?");
}

#[test]
fn problems_become_questions() {
    let judge = |line: &str, problem: Problem| {
        let candidate = Candidate { command: command(line), confidence: 0.5, problem: Some(problem) };
        show(policy().judge(&candidate, Some(&parked()), None, true))
    };
    let illegal = |slot: &str, said: &str| Problem::Illegal { slot: slot.to_owned(), said: said.to_owned() };
    assert_eq!(
        judge("seat.set_heating", illegal("level", "nine")),
        "clarify level: Nine is not possible. The level goes from 0 to 3."
    );
    assert_eq!(
        judge("drive_mode.set", illegal("mode", "track")),
        "clarify mode: Track is not possible. Comfort, eco, normal, snow or sport?"
    );
    let readings = vec!["the headlights".to_owned(), "the interior light".to_owned()];
    assert_eq!(
        judge("light.set state=on", Problem::Ambiguous { readings }),
        "clarify light: Do you mean the headlights or the interior light?"
    );
    let not_now = judge("media.pause", Problem::NotNow);
    assert!(not_now.starts_with("clarify : I can only do that right away."), "{not_now}");
    let unsure = judge("media.pause", Problem::Unsure);
    assert!(unsure.starts_with("clarify : I'm not sure"), "{unsure}");
    // Missing beats what the candidate says of itself.
    assert!(judge("climate.set_fan", Problem::Implied).starts_with("clarify level"));
}

#[test]
fn a_guess_from_a_need_is_asked_about() {
    let candidate = Candidate {
        command: command("navigation.find category=restaurant"),
        confidence: 0.9,
        problem: Some(Problem::Implied),
    };
    let judge = |confirmed| show(policy().judge(&candidate, Some(&parked()), None, confirmed));
    assert_eq!(judge(false), "confirm: Shall I look for the nearest restaurant?");
    assert_eq!(judge(true), "navigation.find category=restaurant");
}

/// Line, parked, at 5 km/h, at 6 km/h. "y" acts, "?" asks, "n" refuses.
#[test]
fn risks_have_two_sides() {
    for (line, expected) in [
        ("trunk.set state=open", "??n"),
        ("trunk.set state=closed", "yyy"),
        ("door.set_lock state=unlocked", "??n"),
        ("door.set_lock state=locked", "yyy"),
        ("mirror.set state=folded", "yyn"),
        ("mirror.set state=unfolded", "yyy"),
        ("seat.move motion=back", "yyn"),
        ("seat.move motion=forward zone=front", "yyn"),
        ("seat.move motion=recline zone=all", "yyn"),
        ("seat.move motion=recline zone=passenger", "yyy"),
        ("seat.move motion=up", "yyy"),
        ("light.set light=headlights state=off", "yy?"),
        ("light.set light=headlights state=on", "yyy"),
        ("light.set light=interior state=off", "yyy"),
        ("message.send contact=mum text=hello", "???"),
        ("phone.call contact=mum", "yyy"),
        ("phone.call contact=police", "???"),
        ("phone.call contact=the~Fire~Brigade", "???"),
        ("phone.call contact=112", "???"),
        ("phone.call number=5551234", "???"),
        ("phone.call number=112", "???"),
        ("navigation.cancel", "yyy"),
    ] {
        let rulings: String = [0.0, 5.0, 5.1]
            .into_iter()
            .map(|speed| match judge_in(line, Some(&at(speed)), false) {
                Ruling::Approve { .. } => 'y',
                Ruling::Confirm { .. } => '?',
                Ruling::Refuse { .. } => 'n',
                Ruling::Clarify { .. } => '!',
            })
            .collect();
        assert_eq!(rulings, expected, "{line}");
    }
}

#[test]
fn a_yes_lifts_the_question_but_not_the_refusal() {
    let open = |car: Option<&CarState>| show(judge_in("trunk.set state=open", car, true));
    assert_eq!(open(Some(&parked())), "trunk.set state=open");
    assert_eq!(open(Some(&at(50.0))), "refuse: I can't open the boot while we are moving.");
    assert_eq!(open(Some(&at(-20.0))), "refuse: I can't open the boot while we are moving.");
    assert_eq!(open(Some(&at(f64::NAN))), "refuse: I can't open the boot while we are moving.");
    assert_eq!(open(None), "refuse: I can't open the boot, because I can't tell whether we are moving.");
}

#[test]
fn guidance_is_ended_without_asking_only_where_none_runs() {
    let guiding = CarState { guiding: true, ..parked() };
    check("navigation.cancel", &guiding, "confirm: End the route guidance?");
    assert!(matches!(judge_in("navigation.cancel", None, false), Ruling::Confirm { .. }));
}

#[test]
fn a_number_called_once_is_known() {
    let mut policy = policy();
    let call = Candidate::complete(command("phone.call number=+49555"), 1.0);
    let judge = |policy: &Policy| policy.judge(&call, Some(&parked()), None, false);
    assert!(matches!(judge(&policy), Ruling::Confirm { .. }));
    policy.note_called("+49555");
    assert!(matches!(judge(&policy), Ruling::Approve { .. }));
    policy.note_called("112");
    let emergency = Candidate::complete(command("phone.call number=112"), 1.0);
    assert!(matches!(policy.judge(&emergency, Some(&parked()), None, false), Ruling::Confirm { .. }));
}

#[test]
fn the_shade_opens_before_the_sunroof() {
    let shade = "shade.set position=100 > ";
    check("sunroof.set motion=open", &parked(), &format!("{shade}sunroof.set motion=open"));
    check("sunroof.set motion=tilt", &parked(), &format!("{shade}sunroof.set motion=tilt"));
    check("sunroof.set position=30", &parked(), &format!("{shade}sunroof.set position=30"));
    check("sunroof.set motion=close", &parked(), "sunroof.set motion=close");
    check("sunroof.set position=0", &parked(), "sunroof.set position=0");
    let open = CarState { shade_open: 100.0, ..parked() };
    check("sunroof.set motion=open", &open, "sunroof.set motion=open");
    let wide = CarState { sunroof_open: 80.0, shade_open: 30.0, ..parked() };
    check("sunroof.set position=30", &wide, "sunroof.set position=30");
    assert_eq!(
        show(judge_in("sunroof.set motion=open", None, false)),
        format!("{shade}sunroof.set motion=open")
    );
}

#[test]
fn a_front_defrost_gets_air_that_clears() {
    let air = "climate.set_airflow target=windshield zone=front > climate.set_ac state=on > ";
    let on = "climate.set_defrost state=on";
    check(on, &parked(), &format!("climate.set_fan level=2 zone=front > {air}{on}"));
    check(
        on,
        &CarState { fan_level: 1.0, ..parked() },
        &format!("climate.set_fan level=2 zone=front > {air}{on}"),
    );
    check(on, &CarState { fan_level: 2.0, ..parked() }, &format!("{air}{on}"));
    check("climate.set_defrost state=off", &parked(), "climate.set_defrost state=off");
    let rear = "climate.set_defrost state=on window=rear";
    check(rear, &parked(), rear);
    let unknown = show(judge_in(on, None, false));
    assert!(unknown.starts_with("climate.adjust_fan amount=2 direction=up zone=front > "), "{unknown}");
}

#[test]
fn fog_lights_and_high_beam_exclude_each_other() {
    let fog = "light.set light=fog state=on";
    let low = "light.set light=headlights state=on > ";
    let high_off = "light.set light=high_beam state=off > ";
    check(fog, &parked(), &format!("{low}{fog}"));
    check(fog, &CarState { low_beam: true, ..parked() }, fog);
    check(fog, &CarState { low_beam: true, high_beam: true, ..parked() }, &format!("{high_off}{fog}"));
    assert_eq!(show(judge_in(fog, None, false)), format!("{low}{high_off}{fog}"));
    let high = "light.set light=high_beam state=on";
    check(high, &parked(), &format!("light.set light=fog state=off > {high}"));
    check("light.set light=high_beam state=off", &parked(), "light.set light=high_beam state=off");
}

#[test]
fn cooling_with_an_open_window_is_remarked() {
    let on = "climate.set_ac state=on";
    check(on, &CarState { window_open: 20.0, ..parked() }, on);
    check(on, &CarState { window_open: 21.0, ..parked() }, &format!("{on} (A window is open.)"));
    let off = "climate.set_ac state=off";
    check(off, &CarState { window_open: 100.0, ..parked() }, off);
}

#[test]
fn an_interlock_that_no_manifest_offers_refuses() {
    let sunroof = r#"
        version = 1
        domain = "sunroof"
        [[intent]]
        name = "sunroof.set"
        slots = [{ name = "motion", type = "choice", values = { open = [] } }]
        sentences = ["open the sunroof"]
        [intent.reply]
        done = "Open."
    "#;
    let catalogue = Catalogue::parse(&[("sunroof.toml", sunroof)]).unwrap();
    let policy = Policy::new(catalogue, Settings::default());
    let open = Candidate::complete(command("sunroof.set motion=open"), 1.0);
    let ruling = show(policy.judge(&open, Some(&parked()), None, false));
    assert!(ruling.starts_with("refuse: I can't open the sunroof, because"), "{ruling}");
}

#[test]
fn a_manifest_brings_its_own_risk() {
    let pump = r#"
        version = 1
        domain = "pump"
        [[intent]]
        name = "pump.run"
        risk = ["confirm", "parked_only"]
        sentences = ["run the pump"]
    "#;
    let catalogue = Catalogue::parse(&[("pump.toml", pump)]).unwrap();
    let policy = Policy::new(catalogue, Settings::default());
    let run = Candidate::complete(command("pump.run"), 1.0);
    let judge = |car: &CarState| show(policy.judge(&run, Some(car), None, false));
    assert_eq!(judge(&parked()), "confirm: Shall I do that?");
    assert_eq!(judge(&at(6.0)), "refuse: I can't do that while we are moving.");
}
