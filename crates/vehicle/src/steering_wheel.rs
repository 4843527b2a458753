//! The steering wheel's heating.

use crate::refusal::Refusal;

/// The steering wheel.
#[derive(Clone, Debug, Default)]
pub(crate) struct SteeringWheel {
    heating: bool,
}

domain! {
    "org.carvoice.Vehicle1.SteeringWheel", |car| car.steering_wheel;
    properties {
        heating: bool = car.steering_wheel.heating;
    }
    methods {
        fn set_heating(state: bool);
    }
    queries {}
}

impl SteeringWheel {
    fn set_heating(&mut self, state: bool) -> Result<(), Refusal> {
        self.heating = state;
        Ok(())
    }
}
