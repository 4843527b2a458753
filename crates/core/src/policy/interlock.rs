//! What has to be done before a command so that it is safe or works at all.

use crate::car::CarState;
use crate::command::Command;

/// Opening of a window, in percent, above which cooling is wasted.
const WINDOW_WIDE_OPEN: f64 = 20.0;
/// Fan level below which a defrost does not clear the windscreen.
const DEFROST_FAN: f64 = 2.0;

/// Commands to be done first, in order. Where the car's state is unknown they are given in any case.
pub(super) fn before(command: &Command, car: Option<&CarState>) -> Vec<Command> {
    let is = |slot: &str, value: &str| command.text(slot) == Some(value);
    match command.intent.as_str() {
        "sunroof.set" if opens_sunroof(command, car) => open_shade(command, car),
        "climate.set_defrost" if is("state", "on") && !is("window", "rear") => front_defrost(car),
        "light.set" if is("light", "fog") && is("state", "on") => {
            let low = Command::new("light.set").with("light", "headlights").with("state", "on");
            let high = Command::new("light.set").with("light", "high_beam").with("state", "off");
            let mut steps = Vec::new();
            steps.extend(car.is_none_or(|car| !car.low_beam).then_some(low));
            steps.extend(car.is_none_or(|car| car.high_beam).then_some(high));
            steps
        }
        "light.set" if is("light", "high_beam") && is("state", "on") => {
            vec![Command::new("light.set").with("light", "fog").with("state", "off")]
        }
        _ => Vec::new(),
    }
}

fn opens_sunroof(command: &Command, car: Option<&CarState>) -> bool {
    let target = command.number("position");
    let wider = target.is_some_and(|position| car.is_none_or(|car| position > car.sunroof_open));
    wider || matches!(command.text("motion"), Some("open" | "tilt"))
}

/// The shade opens at least as far as the roof will, all the way where that is not known.
fn open_shade(command: &Command, car: Option<&CarState>) -> Vec<Command> {
    const OPEN: f64 = 100.0;
    let wanted = command.number("position").unwrap_or(OPEN);
    if car.is_some_and(|car| car.shade_open >= wanted) {
        return Vec::new();
    }
    vec![Command::new("shade.set").with("position", OPEN)]
}

fn front_defrost(car: Option<&CarState>) -> Vec<Command> {
    let zone = crate::zone::Zone::Front.as_str();
    let fan = match car {
        Some(car) if car.fan_level >= DEFROST_FAN => None,
        Some(_) => Some(Command::new("climate.set_fan").with("level", DEFROST_FAN).with("zone", zone)),
        // A raise reaches the least level from any level and never lowers the fan.
        None => Some(
            Command::new("climate.adjust_fan")
                .with("direction", "up")
                .with("amount", DEFROST_FAN)
                .with("zone", zone),
        ),
    };
    let air = Command::new("climate.set_airflow").with("target", "windshield").with("zone", zone);
    let ac = Command::new("climate.set_ac").with("state", "on");
    fan.into_iter().chain([air, ac]).collect()
}

/// A sentence for the reply when a command is legal but unwise.
pub(super) fn warning(command: &Command, car: Option<&CarState>) -> Option<String> {
    let cools = command.intent == "climate.set_ac" && command.text("state") == Some("on");
    let wide_open = car.is_some_and(|car| car.window_open > WINDOW_WIDE_OPEN);
    (cools && wide_open).then(|| "A window is open.".to_owned())
}
