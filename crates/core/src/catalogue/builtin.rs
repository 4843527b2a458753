//! Choices whose words every manifest shares.

use super::Choice;

/// Seats and sides. Words that depend on the side of the steering wheel ("left", "behind the driver")
/// are not here: the matcher knows the side.
const ZONES: &[(&str, &[&str])] = &[
    ("driver", &["driver [side]", "driver side [zone]", "(steering wheel|pilot) side"]),
    ("passenger", &["[front] passenger [side]", "passenger side [zone]", "co-driver", "front passenger"]),
    (
        "front",
        &[
            "front [(row|zone|side)]",
            "both [the] front",
            "both sides",
            "both of us [(up|in the)] [front]",
            "[all] the front",
            "up front",
            "driver and passenger [side|sides]",
            "driver and front passenger",
        ],
    ),
    (
        "rear",
        &[
            "(rear|back) [(row|zone|passengers)]",
            "both [the] (rear|back) [passengers]",
            "second row",
            "back here",
            "[the] (kids|children|people|passengers) in the (back|rear)",
            "(kids|children)",
        ],
    ),
    (
        "rear_left",
        &[
            "(rear|back) left [side]",
            "left (rear|back) [side]",
            "left hand (rear|back)",
            "(rear|back) seat on the left",
        ],
    ),
    (
        "rear_right",
        &[
            "(rear|back) right [side]",
            "right (rear|back) [side]",
            "right hand (rear|back)",
            "(rear|back) seat on the right",
        ],
    ),
    (
        "all",
        &[
            "all",
            "(all|every) [of] [the] (zones|zone)",
            "everyone",
            "everybody",
            "whole (car|cabin|vehicle)",
            "all of us",
            "everywhere",
            "all four",
            "every",
        ],
    ),
];

/// On and off.
const STATES: &[(&str, &[&str])] = &[("on", &["on"]), ("off", &["off"])];

/// Up and down.
const DIRECTIONS: &[(&str, &[&str])] = &[("up", &["up", "higher"]), ("down", &["down", "lower"])];

/// The choices of a built-in type, if the type is one.
pub(super) fn choices(kind: &str) -> Option<Vec<Choice>> {
    let table = match kind {
        "zone" => ZONES,
        "state" => STATES,
        "direction" => DIRECTIONS,
        _ => return None,
    };
    let choice = |(value, spoken): &(&str, &[&str])| Choice {
        value: (*value).to_owned(),
        spoken: spoken.iter().map(|&words| words.to_owned()).collect(),
    };
    Some(table.iter().map(choice).collect())
}
