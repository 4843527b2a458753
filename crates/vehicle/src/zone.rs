//! Seats, and the zones that name them.

use std::collections::BTreeMap;

use carvoice_core::zone::{UnknownZone, Zone};

use crate::refusal::Refusal;

/// Names of the seats, in the order of [`PerSeat`].
const SEATS: [&str; 4] = ["driver", "passenger", "rear_left", "rear_right"];

/// Seats by index into [`SEATS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seats(&'static [usize]);

/// The driver's seat.
pub(crate) const DRIVER: Seats = Seats(&[0]);
/// Every seat.
pub(crate) const ALL: Seats = Seats(&[0, 1, 2, 3]);

impl Seats {
    /// The seats of a zone; `unnamed` for an empty zone.
    pub(crate) fn of(zone: &str, unnamed: Self) -> Result<Self, Refusal> {
        if zone.is_empty() {
            return Ok(unnamed);
        }
        let zone: Zone =
            zone.parse().map_err(|error: UnknownZone| Refusal::InvalidArgument(error.to_string()))?;
        Ok(match zone {
            Zone::Driver => DRIVER,
            Zone::Passenger => Self(&[1]),
            Zone::RearLeft => Self(&[2]),
            Zone::RearRight => Self(&[3]),
            Zone::Front => Self(&[0, 1]),
            Zone::Rear => Self(&[2, 3]),
            Zone::All => ALL,
        })
    }
}

/// A property by seat on the bus: `a{sd}`.
pub(crate) type Levels = BTreeMap<&'static str, f64>;
/// A property by seat on the bus: `a{sb}`.
pub(crate) type Flags = BTreeMap<&'static str, bool>;
/// A property by seat on the bus: `a{ss}`.
pub(crate) type Names = BTreeMap<&'static str, &'static str>;

/// A value for each seat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PerSeat<T>([T; SEATS.len()]);

impl<T: Copy> PerSeat<T> {
    /// The same value for every seat.
    pub(crate) fn all(value: T) -> Self {
        Self([value; SEATS.len()])
    }

    /// Sets the value of some seats.
    pub(crate) fn set(&mut self, seats: Seats, value: T) {
        for (index, slot) in self.0.iter_mut().enumerate() {
            if seats.0.contains(&index) {
                *slot = value;
            }
        }
    }

    /// Changes the values of some seats, all or none of them.
    pub(crate) fn change(
        &mut self,
        seats: Seats,
        mut to: impl FnMut(T) -> Result<T, Refusal>,
    ) -> Result<(), Refusal> {
        let mut changed = self.0;
        for (index, slot) in changed.iter_mut().enumerate() {
            if seats.0.contains(&index) {
                *slot = to(*slot)?;
            }
        }
        self.0 = changed;
        Ok(())
    }

    /// The values under the names of their seats.
    pub(crate) fn by_name(&self) -> BTreeMap<&'static str, T> {
        SEATS.into_iter().zip(self.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_name_seats() {
        let mut heat = PerSeat::all(0.0);
        heat.set(Seats::of("rear", DRIVER).unwrap(), 2.0);
        heat.set(Seats::of("", DRIVER).unwrap(), 1.0);
        let expected = [("driver", 1.0), ("passenger", 0.0), ("rear_left", 2.0), ("rear_right", 2.0)];
        assert_eq!(heat.by_name(), expected.into());
        assert!(Seats::of("boot", ALL).is_err());
    }

    #[test]
    fn a_refused_seat_leaves_the_others_alone() {
        let mut heat = PerSeat::all(1.0);
        heat.set(Seats(&[3]), 3.0);
        let up = |now: f64| if now < 3.0 { Ok(now + 1.0) } else { Err(Refusal::refused("hot")) };
        assert!(heat.change(ALL, up).is_err());
        assert_eq!(heat.by_name().get("driver"), Some(&1.0));
    }
}
