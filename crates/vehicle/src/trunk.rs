//! The trunk's lid.

use crate::motion::Motion;
use crate::refusal::Refusal;

/// The trunk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trunk {
    open: bool,
}

domain! {
    "org.carvoice.Vehicle1.Trunk", |car| Lid(&mut car.trunk, &car.motion);
    properties {
        open: bool = car.trunk.open;
    }
    methods {
        fn set(state: bool);
    }
    queries {}
}

/// The lid, which looks at the speed before it opens.
struct Lid<'a>(&'a mut Trunk, &'a Motion);

impl Lid<'_> {
    fn set(self, state: bool) -> Result<(), Refusal> {
        if state && self.1.is_moving() {
            return Err(Refusal::refused("the trunk does not open while the car is moving"));
        }
        self.0.open = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_at_rest() {
        let (mut trunk, moving) = (Trunk::default(), Motion::at_speed(50.0).unwrap());
        assert!(matches!(Lid(&mut trunk, &moving).set(true), Err(Refusal::Refused(_))));
        Lid(&mut trunk, &moving).set(false).unwrap();
        Lid(&mut trunk, &Motion::default()).set(true).unwrap();
        assert!(trunk.open);
    }
}
