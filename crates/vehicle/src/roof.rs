//! The sunroof and the shade below it, which may not meet.

use crate::refusal::Refusal;
use crate::values::{in_range, one_of};

/// The position of a call that gives a motion instead.
const NO_POSITION: f64 = -1.0;

/// Sunroof and shade, percent open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roof {
    sunroof: f64,
    tilted: bool,
    shade: f64,
}

/// The sunroof on the bus.
pub(crate) mod sunroof {
    domain! {
        "org.carvoice.Vehicle1.Sunroof", |car| car.roof;
        properties {
            position: f64 = car.roof.sunroof;
            tilted: bool = car.roof.tilted;
        }
        methods {
            fn set(position: f64, motion: String);
        }
        queries {}
    }
}

/// The shade on the bus.
pub(crate) mod shade {
    domain! {
        "org.carvoice.Vehicle1.Shade", |car| crate::roof::Shade(&mut car.roof);
        properties {
            position: f64 = car.roof.shade;
        }
        methods {
            fn set(position: f64);
        }
        queries {}
    }
}

impl Roof {
    /// Moves the sunroof to a position, or by a motion when the position is [`NO_POSITION`].
    fn set(&mut self, position: f64, motion: String) -> Result<(), Refusal> {
        let motion = one_of("motion", &motion, &["", "open", "close", "tilt"])?;
        let (position, tilted) = match motion {
            "" => (in_range("position", position, 0.0, 100.0)?, false),
            _ if position != NO_POSITION => {
                return Err(Refusal::InvalidArgument(
                    "give a position or a motion (with position -1), not both".to_owned(),
                ));
            }
            "open" => (100.0, false),
            "tilt" => (0.0, true),
            _ => (0.0, false),
        };
        if position > self.shade || (tilted && self.shade == 0.0) {
            return Err(Refusal::refused("the shade is in the way; open it first"));
        }
        (self.sunroof, self.tilted) = (position, tilted);
        Ok(())
    }
}

/// The shade's view of the roof.
pub(crate) struct Shade<'a>(&'a mut Roof);

impl Shade<'_> {
    fn set(self, position: f64) -> Result<(), Refusal> {
        let position = in_range("position", position, 0.0, 100.0)?;
        if position < self.0.sunroof || (position == 0.0 && self.0.tilted) {
            return Err(Refusal::refused("the sunroof is in the way; close it first"));
        }
        self.0.shade = position;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sunroof_opens_only_below_an_open_shade() {
        let mut roof = Roof::default();
        assert!(matches!(roof.set(-1.0, "open".into()), Err(Refusal::Refused(_))));
        assert!(matches!(roof.set(-1.0, "tilt".into()), Err(Refusal::Refused(_))));
        Shade(&mut roof).set(50.0).unwrap();
        assert!(matches!(roof.set(60.0, String::new()), Err(Refusal::Refused(_))));
        Shade(&mut roof).set(100.0).unwrap();
        roof.set(-1.0, "open".into()).unwrap();
        assert_eq!(roof.sunroof, 100.0);
        assert!(matches!(Shade(&mut roof).set(0.0), Err(Refusal::Refused(_))));
        roof.set(0.0, String::new()).unwrap();
        Shade(&mut roof).set(0.0).unwrap();
    }

    #[test]
    fn a_position_or_a_motion() {
        let mut roof = Roof::default();
        assert!(matches!(roof.set(50.0, "open".into()), Err(Refusal::InvalidArgument(_))));
        assert!(matches!(roof.set(-1.0, String::new()), Err(Refusal::OutOfRange(_))));
        assert!(matches!(roof.set(-1.0, "spin".into()), Err(Refusal::InvalidArgument(_))));
    }
}
