//! What is known of the car, as the policy needs it.

use serde::{Deserialize, Serialize};

/// State of the car. The default is a parked car with a driver alone and nothing running.
/// Read over D-Bus before each judgement; settable in `parse` by `--set vehicle.speed_kmh=80`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CarState {
    /// Speed in km/h, 0 and up.
    pub speed_kmh: f64,
    /// Side of the steering wheel.
    pub steering: Side,
    /// Whether route guidance runs.
    pub guiding: bool,
    /// Whether the low beam is on.
    pub low_beam: bool,
    /// Whether the high beam is on.
    pub high_beam: bool,
    /// Whether the front defrost is on.
    pub defrost_front: bool,
    /// Widest opening of any window, percent 0..=100.
    pub window_open: f64,
    /// Opening of the sunroof, percent 0..=100.
    pub sunroof_open: f64,
    /// Opening of the sunroof's shade, percent 0..=100.
    pub shade_open: f64,
    /// Fan level of the driver's zone, 0..=7.
    pub fan_level: f64,
    /// Where the car is, in words that its navigation takes as a destination; none if it does not tell.
    #[serde(skip)]
    pub position: Option<String>,
}

impl Default for CarState {
    fn default() -> Self {
        Self {
            speed_kmh: 0.0,
            steering: Side::Left,
            guiding: false,
            low_beam: false,
            high_beam: false,
            defrost_front: false,
            window_open: 0.0,
            sunroof_open: 0.0,
            shade_open: 0.0,
            fan_level: 0.0,
            position: None,
        }
    }
}

/// A side of the car, seen in driving direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Left-hand drive.
    #[default]
    Left,
    /// Right-hand drive.
    Right,
}
