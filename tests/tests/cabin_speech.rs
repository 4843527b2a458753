//! `make cabin`: speech in a virtual cabin, heard through cpal and answered through rodio. It needs an idle
//! machine, because a sound server that comes late tears holes into the speech.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed step is a failed test")]

use std::time::{Duration, Instant};

use carvoice_core::turn::Priority;
use carvoice_tests::drive::Drive;
use serde_json::Value;

/// Some eight seconds of speech.
const LONG: &str = "The road ahead is clear for the next twenty kilometres. Behind the bridge there is a \
                    restaurant with a view of the river. You will arrive at half past nine.";

fn has(signals: &[(String, Value)], signal: &str) -> bool {
    signals.iter().any(|(name, _)| name == signal)
}

#[test]
fn a_spoken_command_is_heard_and_done() {
    let Some(mut drive) = Drive::begin(&[]) else { return };
    drive.client().listen(None, false).unwrap();
    drive.driver(500, "Turn on the fog lights.");
    let signals = drive.until_signal("TurnEnded");
    assert_eq!(signals.last().unwrap().1["outcome"], "done", "{signals:?}");
    assert!(has(&signals, "SpeakingStarted"), "{signals:?}");
}

#[test]
fn its_own_voice_is_not_heard_and_the_driver_s_stops_it() {
    let Some(mut drive) = Drive::begin(&["audio.echo_cancellation=true"]) else { return };
    drive.client().say(LONG, Priority::Normal).unwrap();
    let signals = drive.until_signal("SpeakingEnded");
    assert!(!has(&signals, "TurnStarted"), "{signals:?}");

    drive.client().say(LONG, Priority::Normal).unwrap();
    drive.until_signal("SpeakingStarted");
    drive.driver(1500, "Turn on the fog lights.");
    drive.until_signal("TurnStarted");
    let detected = Instant::now();
    let signals = drive.until_signal("TurnEnded");
    let stopped = drive.cabin.silent_after(detected);
    println!("silent {} ms after the driver was heard", stopped.as_millis());
    // The reply had some six seconds to go. What Whisper makes of two voices at once is not looked at to the letter.
    assert!(stopped < Duration::from_secs(2), "{stopped:?}");
    let heard = signals.iter().filter(|(name, _)| name == "Transcript").map(|(_, payload)| &payload["text"]);
    let heard: Vec<&str> = heard.filter_map(Value::as_str).collect();
    assert!(heard.iter().any(|text| text.contains("fog")), "{signals:?}");
}
