//! Air: temperature, fan, distribution.

use crate::refusal::Refusal;
use crate::values::{Scale, on_step, one_of, upward};
use crate::zone::{ALL, DRIVER, Flags, Levels, Names, PerSeat, Seats};

const TEMPERATURE: Scale = Scale { what: "temperature", min: 16.0, max: 30.0, step: 1.0 };
const FAN: Scale = Scale { what: "fan", min: 0.0, max: 7.0, step: 1.0 };
const AIRFLOWS: &[&str] = &["face", "feet", "windshield", "face_feet", "feet_windshield", "auto"];

/// The climate control.
#[derive(Clone, Debug)]
pub(crate) struct Climate {
    temperature: PerSeat<f64>,
    fan: PerSeat<f64>,
    power: PerSeat<bool>,
    auto: PerSeat<bool>,
    airflow: PerSeat<&'static str>,
    ac: bool,
    recirculation: bool,
    defrost_front: bool,
    defrost_rear: bool,
    sync: bool,
    inside: f64,
    outside: f64,
}

impl Default for Climate {
    fn default() -> Self {
        Self {
            temperature: PerSeat::all(21.0),
            fan: PerSeat::all(0.0),
            power: PerSeat::all(false),
            auto: PerSeat::all(false),
            airflow: PerSeat::all("auto"),
            ac: false,
            recirculation: false,
            defrost_front: false,
            defrost_rear: false,
            sync: false,
            inside: 19.0,
            outside: 7.5,
        }
    }
}

domain! {
    "org.carvoice.Vehicle1.Climate", |car| car.climate;
    properties {
        temperature: Levels = car.climate.temperature.by_name();
        fan: Levels = car.climate.fan.by_name();
        power: Flags = car.climate.power.by_name();
        auto: Flags = car.climate.auto.by_name();
        airflow: Names = car.climate.airflow.by_name();
        ac: bool = car.climate.ac;
        recirculation: bool = car.climate.recirculation;
        defrost_front: bool = car.climate.defrost_front;
        defrost_rear: bool = car.climate.defrost_rear;
        sync: bool = car.climate.sync;
        inside_temperature: f64 = car.climate.inside;
        outside_temperature: f64 = car.climate.outside;
    }
    methods {
        fn set_temperature(temperature: f64, zone: String);
        fn adjust_temperature(direction: String, amount: f64, zone: String);
        fn set_fan(level: f64, zone: String);
        fn adjust_fan(direction: String, amount: f64, zone: String);
        fn set_power(state: bool, zone: String);
        fn set_auto(state: bool, zone: String);
        fn set_ac(state: bool);
        fn set_recirculation(state: bool);
        fn set_defrost(state: bool, window: String);
        fn set_airflow(target: String, zone: String);
        fn set_sync(state: bool);
    }
    queries {
        fn query_temperature(place: String) -> f64;
    }
}

impl Climate {
    fn set_temperature(&mut self, temperature: f64, zone: String) -> Result<(), Refusal> {
        let seats = self.seats(&zone)?;
        let temperature = on_step("temperature", temperature, TEMPERATURE.min, TEMPERATURE.max, 0.5)?;
        self.temperature.set(seats, temperature);
        Ok(())
    }

    fn adjust_temperature(&mut self, direction: String, amount: f64, zone: String) -> Result<(), Refusal> {
        let (seats, up) = (self.seats(&zone)?, upward(&direction)?);
        self.temperature.change(seats, |now| TEMPERATURE.moved(now, up, amount))
    }

    fn set_fan(&mut self, level: f64, zone: String) -> Result<(), Refusal> {
        let seats = self.seats(&zone)?;
        self.fan.set(seats, on_step("level", level, FAN.min, FAN.max, 1.0)?);
        self.auto.set(seats, false);
        Ok(())
    }

    fn adjust_fan(&mut self, direction: String, amount: f64, zone: String) -> Result<(), Refusal> {
        let (seats, up) = (self.seats(&zone)?, upward(&direction)?);
        self.fan.change(seats, |now| FAN.moved(now, up, amount))?;
        self.auto.set(seats, false);
        Ok(())
    }

    fn set_power(&mut self, state: bool, zone: String) -> Result<(), Refusal> {
        self.power.set(self.seats(&zone)?, state);
        Ok(())
    }

    fn set_auto(&mut self, state: bool, zone: String) -> Result<(), Refusal> {
        self.auto.set(self.seats(&zone)?, state);
        Ok(())
    }

    fn set_ac(&mut self, state: bool) -> Result<(), Refusal> {
        self.ac = state;
        Ok(())
    }

    fn set_recirculation(&mut self, state: bool) -> Result<(), Refusal> {
        self.recirculation = state;
        Ok(())
    }

    fn set_defrost(&mut self, state: bool, window: String) -> Result<(), Refusal> {
        match one_of("window", &window, &["", "front", "rear"])? {
            "rear" => self.defrost_rear = state,
            _ => self.defrost_front = state,
        }
        Ok(())
    }

    fn set_airflow(&mut self, target: String, zone: String) -> Result<(), Refusal> {
        let seats = self.seats(&zone)?;
        self.airflow.set(seats, one_of("target", &target, AIRFLOWS)?);
        Ok(())
    }

    fn set_sync(&mut self, state: bool) -> Result<(), Refusal> {
        self.sync = state;
        Ok(())
    }

    fn query_temperature(&mut self, place: String) -> Result<f64, Refusal> {
        Ok(match one_of("place", &place, &["", "inside", "outside"])? {
            "outside" => self.outside,
            _ => self.inside,
        })
    }

    /// The seats of a zone; all of them while the zones are synchronised.
    fn seats(&self, zone: &str) -> Result<Seats, Refusal> {
        Seats::of(zone, DRIVER).map(|seats| if self.sync { ALL } else { seats })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temperatures_have_a_range_and_a_step() {
        let mut climate = Climate::default();
        climate.set_temperature(22.5, "passenger".into()).unwrap();
        assert_eq!(climate.temperature.by_name()["passenger"], 22.5);
        assert_eq!(climate.temperature.by_name()["driver"], 21.0);
        for wrong in [15.5, 30.5, 21.3, f64::NAN] {
            let refusal = climate.set_temperature(wrong, String::new()).unwrap_err();
            assert!(matches!(refusal, Refusal::OutOfRange(_)), "{refusal}");
        }
    }

    #[test]
    fn synchronised_zones_change_together() {
        let mut climate = Climate::default();
        climate.set_sync(true).unwrap();
        climate.set_temperature(25.0, "driver".into()).unwrap();
        assert_eq!(climate.temperature, PerSeat::all(25.0));
    }

    #[test]
    fn the_fan_by_hand_ends_the_automatic() {
        let mut climate = Climate::default();
        climate.set_auto(true, "driver".into()).unwrap();
        climate.adjust_fan("up".into(), 0.0, "driver".into()).unwrap();
        assert!(!climate.auto.by_name()["driver"]);
        assert_eq!(climate.fan.by_name()["driver"], 1.0);
    }
}
