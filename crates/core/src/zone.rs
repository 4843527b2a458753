//! Seats and sides of the cabin.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A seat, or a group of seats, as slots and D-Bus options name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Zone {
    /// The seat at the steering wheel.
    Driver,
    /// The front seat beside the driver.
    Passenger,
    /// Both front seats.
    Front,
    /// The whole rear row.
    Rear,
    /// The rear seat on the left, seen in driving direction.
    RearLeft,
    /// The rear seat on the right, seen in driving direction.
    RearRight,
    /// Every seat.
    All,
}

impl Zone {
    /// Canonical form, as in a slot.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Driver => "driver",
            Self::Passenger => "passenger",
            Self::Front => "front",
            Self::Rear => "rear",
            Self::RearLeft => "rear_left",
            Self::RearRight => "rear_right",
            Self::All => "all",
        }
    }

    /// The single seats it stands for.
    #[must_use]
    pub fn seats(self) -> &'static [Self] {
        match self {
            Self::Driver => &[Self::Driver],
            Self::Passenger => &[Self::Passenger],
            Self::Front => &[Self::Driver, Self::Passenger],
            Self::Rear => &[Self::RearLeft, Self::RearRight],
            Self::RearLeft => &[Self::RearLeft],
            Self::RearRight => &[Self::RearRight],
            Self::All => &[Self::Driver, Self::Passenger, Self::RearLeft, Self::RearRight],
        }
    }

    /// Whether the driver sits in it.
    #[must_use]
    pub fn holds_driver(self) -> bool {
        matches!(self, Self::Driver | Self::Front | Self::All)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no zone {0:?}; expected driver, passenger, front, rear, rear_left, rear_right or all")]
pub struct UnknownZone(pub String);

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(word: &str) -> Result<Self, UnknownZone> {
        let all = [
            Self::Driver,
            Self::Passenger,
            Self::Front,
            Self::Rear,
            Self::RearLeft,
            Self::RearRight,
            Self::All,
        ];
        all.into_iter().find(|zone| zone.as_str() == word).ok_or_else(|| UnknownZone(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for zone in [Zone::Driver, Zone::RearLeft, Zone::All] {
            assert_eq!(zone.as_str().parse(), Ok(zone));
        }
        assert_eq!("boot".parse::<Zone>(), Err(UnknownZone("boot".to_owned())));
    }
}
