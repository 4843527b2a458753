//! The car's state from the properties of `org.carvoice.Vehicle1`.

use std::collections::HashMap;
use std::time::Duration;

use carvoice_core::car::{CarState, Side};
use carvoice_core::catalogue::{Properties, Property};
use carvoice_core::command::SlotValue;
use zbus::{Message, OwnedVariant};

/// The car's service.
pub(crate) const SERVICE: &str = "org.carvoice.Vehicle1";
/// Its object.
pub(crate) const PATH: &str = "/org/carvoice/Vehicle1";
/// All of the state is read in this time, or it counts as unknown. The reads take about a
/// millisecond; every turn waits for them before the policy judges.
pub(crate) const WITHIN: Duration = Duration::from_millis(500);

/// One interface and what is read from it.
pub(crate) struct Source {
    /// Interface with the properties.
    pub(crate) interface: &'static str,
    /// Whether a car may lack it.
    pub(crate) optional: bool,
    take: fn(&Values, &mut CarState) -> Result<(), String>,
}

/// All interfaces that the policy needs something of.
pub(crate) const SOURCES: [Source; 7] = [
    Source {
        interface: "org.carvoice.Vehicle1.Motion",
        optional: false,
        take: |values, car| {
            car.speed_kmh = values.get("SpeedKmh")?;
            car.steering = match values.get::<String>("Steering")?.as_str() {
                "right" => Side::Right,
                _ => Side::Left,
            };
            Ok(())
        },
    },
    Source {
        interface: "org.carvoice.Vehicle1.Navigation",
        optional: true,
        take: |values, car| {
            // Not every navigation tells where the car is.
            car.position = values.get("Position").ok().filter(|position: &String| !position.is_empty());
            values.get("Guiding").map(|guiding| car.guiding = guiding)
        },
    },
    Source {
        interface: "org.carvoice.Vehicle1.Light",
        optional: true,
        take: |values, car| {
            car.low_beam = values.get("LowBeam")?;
            car.high_beam = values.get("HighBeam")?;
            Ok(())
        },
    },
    Source {
        interface: "org.carvoice.Vehicle1.Climate",
        optional: true,
        take: |values, car| {
            car.defrost_front = values.get("DefrostFront")?;
            let fan: HashMap<String, f64> = values.get("Fan")?;
            car.fan_level = fan.get("driver").copied().unwrap_or_default();
            Ok(())
        },
    },
    Source {
        interface: "org.carvoice.Vehicle1.Window",
        optional: true,
        take: |values, car| {
            let positions: HashMap<String, f64> = values.get("Position")?;
            car.window_open = positions.values().copied().fold(0.0, f64::max);
            Ok(())
        },
    },
    Source {
        interface: "org.carvoice.Vehicle1.Sunroof",
        optional: true,
        take: |values, car| values.get("Position").map(|position| car.sunroof_open = position),
    },
    Source {
        interface: "org.carvoice.Vehicle1.Shade",
        optional: true,
        take: |values, car| values.get("Position").map(|position| car.shade_open = position),
    },
];

impl Source {
    /// Takes the answer of `GetAll` into the state.
    ///
    /// # Errors
    /// When a property is missing or of another type: the state is then unknown.
    pub(crate) fn read(&self, reply: &Message, car: &mut CarState) -> Result<(), String> {
        let values = reply.body().deserialize().map_err(|error| error.to_string())?;
        (self.take)(&Values(values), car).map_err(|problem| format!("{}: {problem}", self.interface))
    }
}

/// The answer of `GetAll` as the catalogue compares it; properties of other types are left out.
///
/// # Errors
/// When it is no such answer.
pub(crate) fn properties(reply: &Message) -> Result<Properties, String> {
    let values = Values(reply.body().deserialize().map_err(|error| error.to_string())?);
    Ok(values.0.keys().filter_map(|name| Some((name.clone(), values.property(name)?))).collect())
}

fn on_off(on: bool) -> SlotValue {
    SlotValue::from(if on { "on" } else { "off" })
}

struct Values(HashMap<String, OwnedVariant>);

impl Values {
    fn property(&self, name: &str) -> Option<Property> {
        let one = |value: SlotValue| Some(Property::One(value));
        match self.0.get(name)?.value_signature().to_string().as_str() {
            "b" => one(on_off(self.get(name).ok()?)),
            "d" => one(SlotValue::Number(self.get(name).ok()?)),
            "i" => one(SlotValue::Number(f64::from(self.get::<i32>(name).ok()?))),
            "u" => one(SlotValue::Number(f64::from(self.get::<u32>(name).ok()?))),
            "s" => one(SlotValue::Text(self.get(name).ok()?)),
            "a{sb}" => self.per_seat(name, on_off),
            "a{sd}" => self.per_seat(name, SlotValue::Number),
            "a{ss}" => self.per_seat(name, SlotValue::Text),
            _ => None,
        }
    }

    fn per_seat<T>(&self, name: &str, value: impl Fn(T) -> SlotValue) -> Option<Property>
    where
        HashMap<String, T>: TryFrom<OwnedVariant, Error = zbus::Error>,
    {
        let values: HashMap<String, T> = self.get(name).ok()?;
        Some(Property::PerSeat(values.into_iter().map(|(seat, one)| (seat, value(one))).collect()))
    }

    fn get<T: TryFrom<OwnedVariant, Error = zbus::Error>>(&self, name: &str) -> Result<T, String> {
        let value = self.0.get(name).ok_or_else(|| format!("no property {name}"))?;
        value
            .try_clone()
            .and_then(T::try_from)
            .map_err(|_| format!("property {name} has type {}", value.value_signature()))
    }
}
