//! Risk classes. Most come from the manifest; where the risk of an intent depends on its slots or
//! on the car, the rule is here and takes the manifest's place.

use super::{Settings, is_parked};
use crate::car::CarState;
use crate::catalogue::{Intent, Risk};
use crate::command::Command;

/// Words by which emergency services are asked for.
const EMERGENCY: [&str; 8] = [
    "police",
    "ambulance",
    "fire brigade",
    "fire department",
    "emergency",
    "emergency services",
    "emergency number",
    "coastguard",
];

/// What has to be minded of this command in this car. An unknown car moves and is guiding.
pub(super) fn of(intent: &Intent, command: &Command, car: Option<&CarState>, settings: &Settings) -> Risk {
    const CONFIRM: Risk = Risk { confirm: true, parked_only: false };
    const PARKED_ONLY: Risk = Risk { confirm: false, parked_only: true };
    const BOTH: Risk = Risk { confirm: true, parked_only: true };
    let only_if = |applies: bool, risk: Risk| if applies { risk } else { Risk::default() };
    let is = |slot: &str, value: &str| command.text(slot) == Some(value);
    let moving = !car.is_some_and(is_parked);

    match command.intent.as_str() {
        "trunk.set" => only_if(is("state", "open"), BOTH),
        "door.set_lock" => only_if(is("state", "unlocked"), BOTH),
        "mirror.set" => only_if(is("state", "folded"), PARKED_ONLY),
        "seat.move" => only_if(moves_driver(command), PARKED_ONLY),
        "light.set" => only_if(is("light", "headlights") && is("state", "off") && moving, CONFIRM),
        "navigation.cancel" => only_if(car.is_none_or(|car| car.guiding), CONFIRM),
        "phone.call" => only_if(is_doubtful_call(command, settings), CONFIRM),
        _ => intent.risk,
    }
}

/// Whether the driver would lose the reach of the pedals or the wheel.
fn moves_driver(command: &Command) -> bool {
    let zone = command.text("zone").and_then(|zone| zone.parse::<crate::zone::Zone>().ok());
    let away = matches!(command.text("motion"), Some("back" | "forward" | "recline"));
    away && zone.is_none_or(crate::zone::Zone::holds_driver)
}

fn is_doubtful_call(command: &Command, settings: &Settings) -> bool {
    let to_contact = |contact: &str| {
        let name = contact.trim().to_lowercase();
        EMERGENCY.contains(&name.strip_prefix("the ").unwrap_or(&name))
            || settings.emergency_numbers.contains(&digits(contact))
    };
    let to_number = |number: &str| {
        let number = digits(number);
        settings.emergency_numbers.contains(&number) || !settings.known_numbers.contains(&number)
    };
    command.text("contact").is_some_and(to_contact) || command.text("number").is_some_and(to_number)
}

/// The digits of a telephone number, so that spellings compare equal.
pub(super) fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}
