//! Questions about the car itself.

use crate::car::Car;
use crate::refusal::Refusal;
use crate::values::one_of;

const PROPERTIES: &[&str] =
    &["range", "fuel", "battery", "tire_pressure", "oil", "odometer", "speed", "service"];

domain! {
    "org.carvoice.Vehicle1.Vehicle", |car| car;
    properties {}
    methods {}
    queries {
        fn query(property: String) -> String;
    }
}

impl Car {
    /// A phrase to be spoken.
    fn query(&mut self, property: String) -> Result<String, Refusal> {
        Ok(match one_of("property", &property, PROPERTIES)? {
            "range" => "420 kilometres".to_owned(),
            "fuel" => "62 percent".to_owned(),
            "battery" => "87 percent".to_owned(),
            "tire_pressure" => "2.4 bar on all four wheels".to_owned(),
            "oil" => "fine".to_owned(),
            "odometer" => "48210 kilometres".to_owned(),
            "speed" => format!("{} kilometres per hour", self.motion.speed_kmh()),
            _ => "due in 9000 kilometres".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::motion::Motion;

    #[test]
    fn every_property_has_an_answer() {
        let mut car = Car::new(Motion::at_speed(50.0).unwrap());
        for property in PROPERTIES {
            assert!(!car.query((*property).into()).unwrap().is_empty());
        }
        assert_eq!(car.query("speed".into()), Ok("50 kilometres per hour".into()));
        assert!(matches!(car.query("colour".into()), Err(Refusal::InvalidArgument(_))));
    }
}
