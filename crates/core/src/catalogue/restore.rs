//! The way back from a command: what the car was like before, as commands.

use std::collections::{BTreeMap, BTreeSet};

use super::{Catalogue, Intent, NumberKind, Restore, Slot, SlotKind, calls, slots, suggest};
use crate::command::{Command, SlotValue, Slots};
use crate::zone::Zone;

/// Words of a choice that are `true` on the bus.
pub const TRUE_WORDS: [&str; 5] = ["on", "locked", "folded", "open", "true"];
/// Words of a choice that are `false` on the bus.
pub const FALSE_WORDS: [&str; 5] = ["off", "unlocked", "unfolded", "closed", "false"];

/// Properties of an interface by name.
pub type Properties = BTreeMap<String, Property>;

/// A property of the car. A boolean is "on" or "off".
#[derive(Clone, Debug, PartialEq)]
pub enum Property {
    /// One value for the car.
    One(SlotValue),
    /// A value for each seat, by the seat's name.
    PerSeat(BTreeMap<String, SlotValue>),
}

impl Property {
    fn at(&self, seat: Option<&str>) -> Option<&SlotValue> {
        match self {
            Self::One(value) => Some(value),
            Self::PerSeat(values) => values.get(seat?),
        }
    }
}

impl Catalogue {
    /// The commands, in the order of doing, that bring back what the command is going to change; `before`
    /// are the properties of its call's interface now. Empty where the catalogue knows no way back, or the
    /// properties do not tell what it was like.
    #[must_use]
    pub fn way_back(&self, command: &Command, before: &Properties) -> Vec<Command> {
        let ways = self.intent(&command.intent).map(|intent| intent.undo.as_slice()).unwrap_or_default();
        ways.iter().flat_map(|way| self.restored(way, command, before)).collect()
    }

    fn restored(&self, way: &Restore, command: &Command, before: &Properties) -> Vec<Command> {
        let Some(intent) = self.intent(&way.intent) else { return Vec::new() };
        let zone = command.slots.get("zone").filter(|_| intent.slot("zone").is_some());
        let seats = seats(way, command, before);
        let single = |seat: Option<&str>| restored_at(way, intent, command, before, seat);
        let commands: Vec<(&String, Option<Command>)> =
            seats.iter().map(|seat| (seat, single(Some(seat)))).collect();
        let mut different =
            commands.windows(2).map(|pair| pair.first().map(|p| &p.1) != pair.last().map(|p| &p.1));
        if different.any(|differs| differs) {
            let of_seat =
                |(seat, command): (&String, Option<Command>)| Some(command?.with("zone", seat.as_str()));
            return commands.into_iter().filter_map(of_seat).collect();
        }
        let one = commands.into_iter().next().map_or_else(|| single(None), |(_, command)| command);
        let one = one.map(|command| match zone {
            Some(zone) => command.with("zone", zone.clone()),
            None => command,
        });
        one.into_iter().collect()
    }
}

/// The seats that the command is for, where a property has a value for each.
fn seats(way: &Restore, command: &Command, before: &Properties) -> BTreeSet<String> {
    let names = way.read.values().chain(way.when.keys());
    let per_seat = names.filter_map(|name| match before.get(&resolved(name, command)?) {
        Some(Property::PerSeat(values)) => Some(values),
        _ => None,
    });
    let zone = command.text("zone").and_then(|zone| zone.parse::<Zone>().ok());
    per_seat
        .flat_map(|values| values.keys())
        .filter(|seat| zone.is_none_or(|zone| zone.seats().iter().any(|of_zone| of_zone.as_str() == *seat)))
        .cloned()
        .collect()
}

/// The command for one seat, or for the car; none where there is nothing to bring back.
fn restored_at(
    way: &Restore,
    intent: &Intent,
    command: &Command,
    before: &Properties,
    seat: Option<&str>,
) -> Option<Command> {
    let value = |name: &str| before.get(&resolved(name, command)?)?.at(seat);
    if way.when.iter().any(|(name, expected)| value(name) != Some(expected)) {
        return None;
    }
    let mut back = Command { intent: way.intent.clone(), slots: way.set.clone() };
    for (slot, name) in &way.read {
        back.slots.insert(slot.clone(), legal(intent.slot(slot)?, value(name)?)?);
        if let Some((_, place, _)) = place(name)
            && let Some(value) = command.slots.get(place)
        {
            back.slots.insert(place.to_owned(), value.clone());
        }
    }
    Some(back)
}

/// The value of a property as a slot takes it: a number on the slot's step, a boolean as a choice.
fn legal(slot: &Slot, value: &SlotValue) -> Option<SlotValue> {
    match (&slot.kind, value) {
        (SlotKind::Number(kind), SlotValue::Number(number)) => on_step(kind, *number).map(SlotValue::Number),
        (SlotKind::Choice(choices), SlotValue::Text(text)) => {
            let is = |value: &str| value == text;
            let alike = |value: &str| {
                [TRUE_WORDS, FALSE_WORDS]
                    .iter()
                    .any(|words| words.contains(&value) && words.contains(&text.as_str()))
            };
            let named = choices.iter().find(|choice| is(&choice.value));
            let choice = named.or_else(|| choices.iter().find(|choice| alike(&choice.value)));
            choice.map(|choice| SlotValue::from(choice.value.as_str()))
        }
        (SlotKind::Text, SlotValue::Text(text)) if !text.trim().is_empty() => Some(value.clone()),
        _ => None,
    }
}

fn on_step(kind: &NumberKind, value: f64) -> Option<f64> {
    let nearest = kind.min + ((value - kind.min) / kind.step).round() * kind.step;
    Some(nearest).filter(|nearest| kind.allows(*nearest))
}

/// What stands before the place in a property's name, the slot in it, and its default.
fn place(name: &str) -> Option<(&str, &str, Option<&str>)> {
    let (before, rest) = name.split_once('{')?;
    let (slot, _) = rest.split_once('}')?;
    let (slot, default) = slot.split_once('=').map_or((slot, None), |(slot, default)| (slot, Some(default)));
    Some((before, slot, default))
}

/// The name of a property, with the command's slot in its place.
fn resolved(name: &str, command: &Command) -> Option<String> {
    match place(name) {
        None => Some(name.to_owned()),
        Some((before, slot, default)) => {
            let value = command.text(slot).or(default)?;
            Some(format!("{before}{}", calls::camel_case(value)))
        }
    }
}

/// Whether the way back makes sense: it is a complete command of a known intent.
pub(super) fn check(way: &Restore, from: &str, intents: &[Intent]) -> Result<(), String> {
    let find = |name: &str| {
        intents.iter().find(|intent| intent.name == *name).ok_or_else(|| {
            let hint = suggest::hint(name, intents.iter().map(|intent| intent.name.as_str()));
            format!("unknown intent `{name}`{hint}")
        })
    };
    let (from, to) = (find(from)?, find(&way.intent)?);
    if from.call.is_none() {
        return Err("`undo` needs a `call`: its interface has the properties".to_owned());
    }
    for (slot, value) in &way.set {
        slots::check_value(&to.slots, slot, value)?;
    }
    for (slot, property) in &way.read {
        slots::find(&to.slots, slot)?;
        if let Some((_, place, _)) = place(property) {
            slots::find(&from.slots, place)?;
        }
    }
    let read = way.read.keys().map(|slot| (slot.clone(), SlotValue::from("")));
    let known: Slots = way.set.clone().into_iter().chain(read).collect();
    let carried = |slot: &Slot| way.read.values().any(|name| place(name).is_some_and(|p| p.1 == slot.name));
    match to.missing(&known).filter(|slot| !carried(slot)) {
        Some(slot) => Err(format!("the way back by `{}` lacks the slot `{}`", to.name, slot.name)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(text: &str) -> Command {
        let mut words = text.split(' ');
        let mut command = Command::new(words.next().unwrap());
        for (slot, value) in words.map(|word| word.split_once('=').unwrap()) {
            let value = value.parse().map_or_else(|_| SlotValue::from(value), SlotValue::Number);
            command.slots.insert(slot.to_owned(), value);
        }
        command
    }

    fn seats<T: Into<SlotValue>>(values: [T; 4]) -> Property {
        let names = ["driver", "passenger", "rear_left", "rear_right"].map(str::to_owned);
        Property::PerSeat(names.into_iter().zip(values.map(Into::into)).collect())
    }

    fn one(value: impl Into<SlotValue>) -> Property {
        Property::One(value.into())
    }

    fn check(text: &str, before: &[(&str, Property)], expected: &[&str]) {
        let before = before.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let back = Catalogue::shipped().way_back(&command(text), &before);
        let back: Vec<String> = back.iter().map(ToString::to_string).collect();
        assert_eq!(back, expected, "{text}");
    }

    #[test]
    fn a_value_comes_back_for_the_seats_that_lost_it() {
        let windows = [("Position", seats([0.0, 0.0, 30.4, 0.0]))];
        check("window.set position=100 zone=driver", &windows, &["window.set position=0 zone=driver"]);
        check("window.adjust direction=down zone=front", &windows, &["window.set position=0 zone=front"]);
        let each = ["window.set position=30 zone=rear_left", "window.set position=0 zone=rear_right"];
        check("window.set position=100 zone=rear", &windows, &each);
    }

    #[test]
    fn what_a_command_changes_besides_comes_back_too() {
        let fan = [("Fan", seats([3.0; 4])), ("Auto", seats(["on", "off", "off", "off"]))];
        let both = ["climate.set_fan level=3 zone=driver", "climate.set_auto state=on zone=driver"];
        check("climate.set_fan level=7 zone=driver", &fan, &both);
        check("climate.adjust_fan direction=up zone=rear", &fan, &["climate.set_fan level=3 zone=rear"]);
        let volume = [("Level", one(30.0)), ("Muted", one("on"))];
        check("volume.set level=50", &volume, &["volume.set level=30", "volume.set_mute state=on"]);
    }

    #[test]
    fn a_property_may_be_named_by_a_slot() {
        let lights = [("HighBeam", one("off")), ("Headlights", one("auto")), ("Interior", seats(["on"; 4]))];
        check("light.set light=high_beam state=on", &lights, &["light.set light=high_beam state=off"]);
        check("light.set light=headlights state=off", &lights, &["light.set light=headlights state=auto"]);
        let interior = "light.set light=interior state=off zone=driver";
        check(interior, &lights, &["light.set light=interior state=on zone=driver"]);
        let defrost = [("DefrostFront", one("off")), ("DefrostRear", one("on"))];
        check("climate.set_defrost state=on", &defrost, &["climate.set_defrost state=off"]);
        let rear = "climate.set_defrost state=off window=rear";
        check(rear, &defrost, &["climate.set_defrost state=on window=rear"]);
    }

    #[test]
    fn booleans_become_the_choices_of_the_slot() {
        check("mirror.set state=folded", &[("Folded", one("off"))], &["mirror.set state=unfolded"]);
        let locked = [("Locked", seats(["on"; 4]))];
        check("door.set_lock state=unlocked", &locked, &["door.set_lock state=locked"]);
    }

    #[test]
    fn guidance_goes_back_to_where_it_led() {
        let go = "navigation.go_to destination=Ulm";
        let before =
            |destination: &str, guiding: &str| [("Destination", one(destination)), ("Guiding", one(guiding))];
        check(go, &before("", "off"), &["navigation.cancel"]);
        check(go, &before("Bonn", "on"), &["navigation.go_to destination=Bonn"]);
        check("navigation.cancel", &before("Bonn", "on"), &["navigation.go_to destination=Bonn"]);
    }

    #[test]
    fn what_is_not_known_does_not_come_back() {
        check("window.set position=100 zone=driver", &[], &[]);
        check("volume.set level=50", &[("Level", one("loud"))], &[]);
        check("volume.set level=50", &[("Level", one(300.0))], &[]);
        check("phone.call contact=mum", &[("Peer", one("x"))], &[]);
    }
}
