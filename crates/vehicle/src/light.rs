//! Lights outside and inside.

use std::collections::BTreeMap;

use crate::refusal::Refusal;
use crate::values::{Scale, one_of, upward, words};
use crate::zone::{ALL, Flags, Levels, PerSeat, Seats};

const LIGHTS: &[&str] = &["headlights", "high_beam", "fog", "hazard", "interior", "reading", "ambient"];
const DIMMED: &[&str] = &["interior", "ambient", "dashboard", "screen"];
/// Percent of full brightness.
const BRIGHTNESS: Scale = Scale { what: "brightness", min: 0.0, max: 100.0, step: 10.0 };

/// All lights.
#[derive(Clone, Debug)]
pub(crate) struct Light {
    headlights: &'static str,
    high_beam: bool,
    fog: bool,
    hazard: bool,
    interior: PerSeat<bool>,
    reading: PerSeat<bool>,
    ambient: bool,
    color: String,
    brightness: Levels,
}

impl Default for Light {
    fn default() -> Self {
        Self {
            headlights: "off",
            high_beam: false,
            fog: false,
            hazard: false,
            interior: PerSeat::all(false),
            reading: PerSeat::all(false),
            ambient: false,
            color: "white".to_owned(),
            brightness: DIMMED.iter().map(|light| (*light, 50.0)).collect::<BTreeMap<_, _>>(),
        }
    }
}

domain! {
    "org.carvoice.Vehicle1.Light", |car| car.light;
    properties {
        headlights: String = car.light.headlights.to_owned();
        low_beam: bool = car.light.low_beam();
        high_beam: bool = car.light.high_beam;
        fog: bool = car.light.fog;
        hazard: bool = car.light.hazard;
        interior: Flags = car.light.interior.by_name();
        reading: Flags = car.light.reading.by_name();
        ambient: bool = car.light.ambient;
        color: String = car.light.color.clone();
        brightness: Levels = car.light.brightness.clone();
    }
    methods {
        fn set(light: String, state: String, zone: String);
        fn set_color(color: String);
        fn adjust_brightness(direction: String, light: String);
    }
    queries {}
}

impl Light {
    fn low_beam(&self) -> bool {
        self.headlights == "on"
    }

    fn set(&mut self, light: String, state: String, zone: String) -> Result<(), Refusal> {
        let light = one_of("light", &light, LIGHTS)?;
        let states: &'static [&'static str] =
            if light == "headlights" { &["on", "off", "auto"] } else { &["on", "off"] };
        let state = one_of("state", &state, states)?;
        let seats = Seats::of(&zone, ALL)?;
        let on = state == "on";
        match light {
            "headlights" => {
                self.headlights = state;
                // Without the low beam there is neither of the two.
                self.high_beam &= on;
                self.fog &= on;
            }
            "high_beam" => {
                self.high_beam = on;
                self.fog &= !on;
            }
            "fog" if on && !self.low_beam() => {
                return Err(Refusal::refused("fog lights need the low beam; turn it on first"));
            }
            "fog" if on && self.high_beam => {
                return Err(Refusal::refused("fog lights do not go with the high beam"));
            }
            "fog" => self.fog = on,
            "hazard" => self.hazard = on,
            "interior" => self.interior.set(seats, on),
            "reading" => self.reading.set(seats, on),
            _ => self.ambient = on,
        }
        Ok(())
    }

    fn set_color(&mut self, color: String) -> Result<(), Refusal> {
        self.color = words("color", &color)?;
        self.ambient = true;
        Ok(())
    }

    /// Without a light, that of the cabin.
    fn adjust_brightness(&mut self, direction: String, light: String) -> Result<(), Refusal> {
        let up = upward(&direction)?;
        let light = if light.is_empty() { "interior" } else { one_of("light", &light, DIMMED)? };
        let now = self.brightness.entry(light).or_insert(BRIGHTNESS.min);
        *now = BRIGHTNESS.moved(*now, up, 0.0)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(light: &mut Light, which: &str, state: &str) -> Result<(), Refusal> {
        light.set(which.into(), state.into(), String::new())
    }

    #[test]
    fn fog_lights_need_the_low_beam_alone() {
        let mut light = Light::default();
        assert!(matches!(set(&mut light, "fog", "on"), Err(Refusal::Refused(_))));
        set(&mut light, "headlights", "on").unwrap();
        set(&mut light, "fog", "on").unwrap();
        set(&mut light, "high_beam", "on").unwrap();
        assert!(!light.fog);
        assert!(matches!(set(&mut light, "fog", "on"), Err(Refusal::Refused(_))));
        set(&mut light, "headlights", "off").unwrap();
        assert!(!light.high_beam);
    }

    #[test]
    fn only_headlights_are_automatic() {
        let mut light = Light::default();
        set(&mut light, "headlights", "auto").unwrap();
        assert!(matches!(set(&mut light, "hazard", "auto"), Err(Refusal::InvalidArgument(_))));
        assert!(matches!(set(&mut light, "disco", "on"), Err(Refusal::InvalidArgument(_))));
    }

    #[test]
    fn brightness_has_an_end() {
        let mut light = Light::default();
        for _ in 0..5 {
            light.adjust_brightness("up".into(), "screen".into()).unwrap();
        }
        let end = light.adjust_brightness("up".into(), "screen".into());
        assert!(matches!(end, Err(Refusal::Refused(_))));
        light.adjust_brightness("down".into(), String::new()).unwrap();
        assert_eq!(light.brightness["interior"], 40.0);
    }
}
