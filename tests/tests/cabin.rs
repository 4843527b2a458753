//! The service in a virtual cabin, in which devices come and go. `make cabin` speaks in it.

use carvoice_tests::drive::Drive;
use serde_json::Value;

/// Whether this tells that the microphone is missing, or that it is not.
fn tells_of_microphone(name: &str, payload: &Value, missing: bool) -> bool {
    let engines = payload["Degraded"].as_array().filter(|_| name == "PropertiesChanged");
    engines.is_some_and(|engines| engines.iter().any(|engine| engine == "microphone") == missing)
}

#[test]
fn a_microphone_that_another_one_takes_the_place_of_is_not_heard() {
    let Some(mut drive) = Drive::begin(&[]) else { return };
    let modules = drive.cabin.pactl(&["list", "short", "modules"]);
    let module = modules.lines().find(|line| line.contains("cabin_mic")).unwrap();
    let _ = drive.cabin.pactl(&["unload-module", module.split('\t').next().unwrap()]);
    // The sound server has given the monitor of the loudspeaker in its place.
    drive.until(|name, payload| tells_of_microphone(name, payload, true));
    let again = ["load-module", "module-null-sink", "sink_name=cabin_mic", "rate=16000", "channels=1"];
    let _ = drive.cabin.pactl(&again);
    drive.until(|name, payload| tells_of_microphone(name, payload, false));
}

#[test]
fn a_lost_sound_server_is_told_and_found_again() {
    let Some(mut drive) = Drive::begin(&[]) else { return };
    drive.cabin.kill();
    drive.until(|name, payload| tells_of_microphone(name, payload, true));
    drive.cabin.restart();
    drive.until(|name, payload| tells_of_microphone(name, payload, false));
}
