//! The locks of the doors.

use crate::refusal::Refusal;
use crate::zone::{ALL, Flags, PerSeat, Seats};

/// All doors.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    locked: PerSeat<bool>,
}

impl Default for Door {
    fn default() -> Self {
        Self { locked: PerSeat::all(false) }
    }
}

domain! {
    "org.carvoice.Vehicle1.Door", |car| car.door;
    properties {
        locked: Flags = car.door.locked.by_name();
    }
    methods {
        fn set_lock(state: bool, zone: String);
    }
    queries {}
}

impl Door {
    fn set_lock(&mut self, state: bool, zone: String) -> Result<(), Refusal> {
        self.locked.set(Seats::of(&zone, ALL)?, state);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_zone_is_the_whole_car() {
        let mut door = Door::default();
        door.set_lock(true, String::new()).unwrap();
        door.set_lock(false, "rear_left".into()).unwrap();
        assert_eq!(door.locked.by_name().values().filter(|locked| **locked).count(), 3);
    }
}
