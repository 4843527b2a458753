use std::time::Duration;

use super::*;
use crate::catalogue::Catalogue;
use crate::command::Command;

fn said(command: &Command, returned: &[(&str, SlotValue)]) -> Option<String> {
    let catalogue = Catalogue::shipped();
    let intent = catalogue.intent(&command.intent).unwrap();
    let returned = returned.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    done(intent, &command.slots, &returned)
}

#[test]
fn the_first_template_whose_places_are_known_is_used() {
    let play = Command::new("media.play");
    assert_eq!(said(&play, &[]).unwrap(), "Playing.");
    assert_eq!(said(&play.with("query", "jazz"), &[]).unwrap(), "Playing jazz.");
    assert_eq!(said(&Command::new("climate.query_temperature"), &[]), None);
}

#[test]
fn returned_values_are_said_with_one_decimal() {
    let query = Command::new("climate.query_temperature");
    assert_eq!(said(&query, &[("result", 21.4499.into())]).unwrap(), "21.4 degrees.");
    assert_eq!(said(&query, &[("result", (-0.01).into())]).unwrap(), "0 degrees.");
    let track = Command::new("media.query_track");
    assert_eq!(said(&track, &[("result", "Hello by\nAdele.".into())]).unwrap(), "Hello by Adele.");
}

#[test]
fn values_are_said_as_people_do() {
    let catalogue = Catalogue::shipped();
    let fill_in = |template: &str, command: &Command| {
        fill(template, catalogue.intent(&command.intent).unwrap(), &command.slots).unwrap()
    };
    let window = Command::new("window.set").with("position", 50.0).with("zone", "driver");
    assert_eq!(fill_in("{zone} window {position} percent.", &window), "Driver's side window 50 percent.");
    let airflow = Command::new("climate.set_airflow").with("target", "face_feet");
    assert_eq!(fill_in("Air to {target}.", &airflow), "Air to face feet.");
    let call = Command::new("phone.call").with("number", "112");
    assert_eq!(fill_in("Calling {number}.", &call), "Calling 1 1 2.");
    let timer = |seconds: f64| fill_in("{duration}.", &Command::new("timer.start").with("duration", seconds));
    assert_eq!(timer(60.0), "1 minute.");
    assert_eq!(timer(5400.0), "1 hour and 30 minutes.");
    assert_eq!(timer(3725.0), "1 hour, 2 minutes and 5 seconds.");
}

#[test]
fn a_broken_place_fills_nothing() {
    let catalogue = Catalogue::shipped();
    let intent = catalogue.intent("media.pause").unwrap();
    assert_eq!(fill("{oops", intent, &Slots::new()), None);
    assert_eq!(fill("{oops}", intent, &Slots::new()), None);
    assert_eq!(fill("plain", intent, &Slots::new()).unwrap(), "Plain");
}

#[test]
fn sentences_are_joined_once_each() {
    assert_eq!(join(["21 degrees.", "", " Playing jazz. ", "21 degrees."]), "21 degrees. Playing jazz.");
}

#[test]
fn every_failure_has_its_sentence() {
    let service = "org.carvoice.Vehicle1".to_owned();
    for (error, expected) in [
        (ActError::Unavailable { service }, "I can't reach the climate control right now."),
        (
            ActError::Rejected("the battery is low".to_owned()),
            "The climate control refused: the battery is low.",
        ),
        (
            ActError::Timeout(Duration::from_secs(2)),
            "The climate control did not answer, so I can't tell whether it was done.",
        ),
        (ActError::Failed("x".to_owned()), "That did not work, the climate control reported a fault."),
    ] {
        assert_eq!(act_error("climate.set_fan", &error), expected);
    }
    let long = act_error("steering_wheel.set_heating", &ActError::Rejected("a\u{0} b\n".repeat(500)));
    assert!(long.starts_with("The steering wheel refused: a b a b"), "{long}");
    assert!(long.len() < 160);
    assert_eq!(engine_error(&EngineError::Cancelled), "");
    assert!(engine_error(&EngineError::failed("x")).starts_with("Sorry"));
    assert!(engine_error(&EngineError::model("whisper", "gone")).contains("missing"));
}
