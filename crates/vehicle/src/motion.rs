//! How the car moves, settable from outside: tests and demonstrations drive it.

use std::sync::Arc;

use carvoice_core::policy::PARKED_KMH;
use zbus::interface;

use crate::cabin::Cabin;
use crate::refusal::Refusal;
use crate::values::{in_range, one_of};

/// Speed, gear and the side of the steering wheel.
#[derive(Clone, Debug)]
pub struct Motion {
    speed_kmh: f64,
    gear: &'static str,
    steering: &'static str,
}

impl Default for Motion {
    /// Parked, left-hand drive.
    fn default() -> Self {
        Self { speed_kmh: 0.0, gear: "park", steering: "left" }
    }
}

impl Motion {
    /// Driving at this speed, or parked at 0.
    ///
    /// # Errors
    /// [`Refusal::OutOfRange`] outside 0 to 300 km/h.
    pub fn at_speed(speed_kmh: f64) -> Result<Self, Refusal> {
        let mut motion = Self::default();
        motion.set_speed(speed_kmh)?;
        Ok(motion)
    }

    /// Speed in km/h.
    #[must_use]
    pub fn speed_kmh(&self) -> f64 {
        self.speed_kmh
    }

    /// Whether the car is faster than a walk.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.speed_kmh > PARKED_KMH
    }

    /// A car that starts to move is put into drive.
    fn set_speed(&mut self, speed_kmh: f64) -> Result<(), Refusal> {
        self.speed_kmh = in_range("speed", speed_kmh, 0.0, 300.0)?;
        if speed_kmh > 0.0 && self.gear == "park" {
            self.gear = "drive";
        }
        Ok(())
    }

    fn set_gear(&mut self, gear: &str) -> Result<(), Refusal> {
        let gear = one_of("gear", gear, &["park", "reverse", "neutral", "drive"])?;
        if gear == "park" && self.speed_kmh > 0.0 {
            return Err(Refusal::refused("the car is moving; stop it first"));
        }
        self.gear = gear;
        Ok(())
    }

    fn set_steering(&mut self, side: &str) -> Result<(), Refusal> {
        self.steering = one_of("steering", side, &["left", "right"])?;
        Ok(())
    }
}

/// The motion on the bus.
pub(crate) struct OnBus(pub(crate) Arc<Cabin>);

#[interface(name = "org.carvoice.Vehicle1.Motion", introspection_docs = false)]
impl OnBus {
    #[zbus(property)]
    fn speed_kmh(&self) -> f64 {
        self.0.car().motion.speed_kmh
    }

    #[zbus(property)]
    async fn set_speed_kmh(
        &self,
        speed: f64,
        #[zbus(signal_emitter)] emitter: zbus::object_server::SignalEmitter<'_>,
    ) -> Result<(), Refusal> {
        let gear = {
            let motion = &mut self.0.car().motion;
            let before = motion.gear;
            motion.set_speed(speed)?;
            motion.gear != before
        };
        if gear {
            // The speed is set; a signal that a broken connection did not take changes nothing.
            let _ = self.gear_changed(&emitter).await;
        }
        Ok(())
    }

    #[zbus(property)]
    fn gear(&self) -> String {
        self.0.car().motion.gear.to_owned()
    }

    #[zbus(property)]
    fn set_gear(&self, gear: String) -> Result<(), Refusal> {
        self.0.car().motion.set_gear(&gear)
    }

    #[zbus(property)]
    fn steering(&self) -> String {
        self.0.car().motion.steering.to_owned()
    }

    #[zbus(property)]
    fn set_steering(&self, side: String) -> Result<(), Refusal> {
        self.0.car().motion.set_steering(&side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn driving_takes_the_gear_out_of_park() {
        let mut motion = Motion::at_speed(50.0).unwrap();
        assert_eq!(motion.gear, "drive");
        assert!(matches!(motion.set_gear("park"), Err(Refusal::Refused(_))));
        motion.set_speed(0.0).unwrap();
        motion.set_gear("park").unwrap();
        assert!(Motion::at_speed(-1.0).is_err());
        assert!(Motion::at_speed(f64::NAN).is_err());
    }

    #[test]
    fn a_walk_is_not_driving() {
        assert!(!Motion::at_speed(5.0).unwrap().is_moving());
        assert!(Motion::at_speed(5.1).unwrap().is_moving());
    }
}
