//! Properties of services, and the way to an object that is found by its properties.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use carvoice_core::catalogue::Call;
use carvoice_core::command::{SlotValue, Slots};
use carvoice_core::engine::ActError;
use zbus::wire::Variant;
use zbus::{Message, OwnedObjectPath, OwnedVariant, Structure};

use crate::address::BusKind;
use crate::arguments::plain;
use crate::lines::{Lines, Target};

const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// An interface of an object.
pub(crate) struct Place<'a> {
    pub(crate) service: &'a str,
    pub(crate) path: &'a str,
    pub(crate) interface: &'a str,
}

impl Place<'_> {
    fn target<'b>(&'b self, method: &'b str) -> Target<'b> {
        Target { service: self.service, path: self.path, interface: PROPERTIES, method }
    }
}

/// A property as text.
pub(crate) fn text(
    lines: &mut Lines,
    bus: &BusKind,
    place: &Place<'_>,
    name: &str,
    limit: Duration,
) -> Result<String, ActError> {
    let value = get(lines, bus, place, name, limit)?;
    plain(&value).map(|value| value.to_string()).ok_or_else(|| odd(name, &value))
}

/// A property that is a number.
pub(crate) fn number(
    lines: &mut Lines,
    bus: &BusKind,
    place: &Place<'_>,
    name: &str,
    limit: Duration,
) -> Result<f64, ActError> {
    let value = get(lines, bus, place, name, limit)?;
    plain(&value).and_then(|value| value.number()).ok_or_else(|| odd(name, &value))
}

fn odd(name: &str, value: &OwnedVariant) -> ActError {
    ActError::Failed(format!("property {name} has type {}", value.value_signature()))
}

fn get(
    lines: &mut Lines,
    bus: &BusKind,
    place: &Place<'_>,
    name: &str,
    limit: Duration,
) -> Result<OwnedVariant, ActError> {
    let reply = lines.call(bus, &place.target("Get"), &(place.interface, name), limit)?;
    reply.body().deserialize().map_err(|error| ActError::Failed(error.to_string()))
}

/// All properties of the interface, `a{sv}`.
pub(crate) fn all(
    lines: &mut Lines,
    bus: &BusKind,
    place: &Place<'_>,
    limit: Duration,
) -> Result<Message, ActError> {
    lines.call(bus, &place.target("GetAll"), &(place.interface,), limit)
}

/// Writes a property.
pub(crate) fn set(
    lines: &mut Lines,
    bus: &BusKind,
    place: &Place<'_>,
    name: &str,
    value: &Variant<'_>,
    limit: Duration,
) -> Result<(), ActError> {
    lines.call(bus, &place.target("Set"), &(place.interface, name, value), limit).map(|_| ())
}

/// A property that a binding names.
pub(crate) struct Property<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) name: &'a str,
    pub(crate) limit: Duration,
}

impl Property<'_> {
    pub(crate) fn read(
        &self,
        lines: &mut Lines,
        bus: &BusKind,
        entry: Option<&str>,
        call: &Call,
    ) -> Result<Slots, ActError> {
        let Some((returned, _)) = &call.returns else { return Ok(Slots::new()) };
        let mut value = get(lines, bus, &self.place, self.name, self.limit)?;
        if let Some(entry) = entry {
            let kind = odd(self.name, &value);
            let mut entries: HashMap<String, OwnedVariant> = value.try_into().map_err(|_| kind)?;
            value = entries.remove(entry).ok_or_else(|| ActError::Rejected("it does not say".to_owned()))?;
        }
        let value = plain(&value).ok_or_else(|| odd(self.name, &value))?;
        Ok(Slots::from([(returned.clone(), value)]))
    }

    pub(crate) fn write(
        &self,
        lines: &mut Lines,
        bus: &BusKind,
        values: Structure<'_>,
    ) -> Result<Slots, ActError> {
        for value in values.fields() {
            set(lines, bus, &self.place, self.name, value, self.limit)?;
        }
        Ok(Slots::new())
    }

    /// Raises or lowers it. A step ends at the end of the range; an amount that leads beyond it is refused.
    pub(crate) fn change(
        &self,
        lines: &mut Lines,
        bus: &BusKind,
        (min, max): (f64, f64),
        call: &Call,
        slots: &Slots,
    ) -> Result<Slots, ActError> {
        let said = slots.get("amount").and_then(SlotValue::number);
        let step = call.args.iter().find(|arg| arg.slot == "amount");
        let usual = step.and_then(|arg| arg.default.as_ref()).and_then(SlotValue::number);
        let amount = said.or(usual).unwrap_or(1.0) * call.scale;
        let up = slots.get("direction").and_then(SlotValue::text) != Some("down");
        let now = number(lines, bus, &self.place, self.name, self.limit)?;
        let wanted = if up { now + amount } else { now - amount };
        let then = wanted.clamp(min, max);
        let stays = (then - now).abs() < 1e-6;
        if stays || (said.is_some() && (then - wanted).abs() > 1e-6) {
            return Err(ActError::Rejected(format!("it goes no further {}", if up { "up" } else { "down" })));
        }
        set(lines, bus, &self.place, self.name, &Variant::from(then), self.limit)?;
        Ok(Slots::new())
    }
}

/// The object that a call is for: from its path through the objects that fit.
pub(crate) fn walk(
    lines: &mut Lines,
    bus: &BusKind,
    service: &str,
    call: &Call,
    deadline: Instant,
) -> Result<String, ActError> {
    let mut path = call.path.clone();
    for step in &call.through {
        let target = Target { service, path: &path, interface: &step.interface, method: &step.method };
        let reply = lines.call(bus, &target, &(), deadline.saturating_duration_since(Instant::now()))?;
        let objects: Vec<(OwnedObjectPath, HashMap<String, OwnedVariant>)> =
            reply.body().deserialize().map_err(|error| ActError::Failed(error.to_string()))?;
        let fits = |properties: &HashMap<String, OwnedVariant>| {
            step.having.iter().all(|(name, wanted)| {
                let value = properties.get(name).and_then(|value| plain(value));
                value.is_some_and(|value| value.to_string() == *wanted)
            })
        };
        let found = objects.into_iter().find(|(_, properties)| fits(properties));
        path = found.map(|(object, _)| object.to_string()).ok_or_else(|| {
            let having: Vec<String> =
                step.having.iter().map(|(name, value)| format!("{name} {value}")).collect();
            ActError::Rejected(format!("there is nothing with {}", having.join(" and ")))
        })?;
    }
    Ok(path)
}
