//! Slots as typed D-Bus arguments and D-Bus results as slot values.

use carvoice_core::catalogue::{Arg, Call, FALSE_WORDS, TRUE_WORDS};
use carvoice_core::command::{SlotValue, Slots};
use zbus::wire::{StructureBuilder, Variant};
use zbus::{Message, Structure};

/// The arguments of a call in order, `None` for a method without any.
///
/// # Errors
/// When a slot's value does not fit the type that the manifest gives it.
pub(crate) fn arguments(call: &Call, slots: &Slots) -> Result<Option<Structure<'static>>, String> {
    if call.args.is_empty() {
        return Ok(None);
    }
    let mut fields = StructureBuilder::new();
    for arg in &call.args {
        let value = slots.get(&arg.slot).or(arg.default.as_ref()).map(|value| sent(call, value));
        fields.push_value(argument(arg, value.as_ref()).map_err(|problem| {
            format!("{}.{}, argument {}: {problem}", call.interface, call.member.name(), arg.slot)
        })?);
    }
    fields.build().map(Some).map_err(|error| error.to_string())
}

/// The value in the words and the measure of the service.
fn sent(call: &Call, value: &SlotValue) -> SlotValue {
    match value {
        SlotValue::Number(number) => SlotValue::Number(number * call.scale),
        SlotValue::Text(text) => {
            call.words.get(text).map_or_else(|| value.clone(), |word| SlotValue::from(&**word))
        }
    }
}

fn argument(arg: &Arg, value: Option<&SlotValue>) -> Result<Variant<'static>, String> {
    match arg.kind {
        's' => Ok(Variant::from(value.map(SlotValue::to_string).unwrap_or_default())),
        'd' => number(value).map(Variant::from),
        'i' => whole(value, f64::from(i32::MIN), f64::from(i32::MAX)).map(|n| (n as i32).into()),
        'u' => whole(value, 0.0, f64::from(u32::MAX)).map(|n| (n as u32).into()),
        'y' => whole(value, 0.0, f64::from(u8::MAX)).map(|n| (n as u8).into()),
        'b' => state(value).map(Variant::from),
        other => Err(format!("type {other:?} is not supported; use s, d, i, u, y or b")),
    }
}

/// The number; 0 for an absent slot.
fn number(value: Option<&SlotValue>) -> Result<f64, String> {
    match value {
        None => Ok(0.0),
        Some(SlotValue::Number(number)) => Ok(*number),
        Some(SlotValue::Text(text)) => text.parse().map_err(|_| format!("{text:?} is not a number")),
    }
}

fn whole(value: Option<&SlotValue>, min: f64, max: f64) -> Result<f64, String> {
    let number = number(value)?;
    if number.fract() == 0.0 && (min..=max).contains(&number) {
        Ok(number)
    } else {
        Err(format!("{number} is not a whole number from {min} to {max}"))
    }
}

fn state(value: Option<&SlotValue>) -> Result<bool, String> {
    match value {
        None => Ok(false),
        Some(SlotValue::Number(number)) => Ok(*number != 0.0),
        Some(SlotValue::Text(text)) if TRUE_WORDS.contains(&text.as_str()) => Ok(true),
        Some(SlotValue::Text(text)) if FALSE_WORDS.contains(&text.as_str()) => Ok(false),
        Some(SlotValue::Text(text)) => Err(format!("{text:?} is neither on nor off")),
    }
}

/// A value of a basic type as a slot holds it.
pub(crate) fn plain(value: &Variant<'_>) -> Option<SlotValue> {
    Some(match value {
        Variant::Str(text) => SlotValue::from(text.as_str()),
        Variant::ObjectPath(path) => SlotValue::from(path.as_str()),
        Variant::Bool(on) => SlotValue::from(if *on { "true" } else { "false" }),
        Variant::F64(number) => SlotValue::Number(*number),
        Variant::I64(number) => SlotValue::Number(*number as f64),
        Variant::U64(number) => SlotValue::Number(*number as f64),
        Variant::I32(number) => SlotValue::Number(f64::from(*number)),
        Variant::U32(number) => SlotValue::Number(f64::from(*number)),
        Variant::I16(number) => SlotValue::Number(f64::from(*number)),
        Variant::U16(number) => SlotValue::Number(f64::from(*number)),
        Variant::U8(number) => SlotValue::Number(f64::from(*number)),
        _ => return None,
    })
}

/// The value a query gave back, named as the manifest says.
///
/// # Errors
/// When the service answered with another type.
pub(crate) fn result(call: &Call, reply: &Message) -> Result<Slots, String> {
    let Some((name, kind)) = &call.returns else { return Ok(Slots::new()) };
    let body = reply.body();
    let value = match kind {
        's' => body.deserialize::<String>().map(SlotValue::Text),
        'd' => body.deserialize::<f64>().map(SlotValue::Number),
        'i' => body.deserialize::<i32>().map(|n| SlotValue::Number(f64::from(n))),
        'u' => body.deserialize::<u32>().map(|n| SlotValue::Number(f64::from(n))),
        'y' => body.deserialize::<u8>().map(|n| SlotValue::Number(f64::from(n))),
        'b' => body.deserialize::<bool>().map(|on| SlotValue::from(if on { "on" } else { "off" })),
        other => return Err(format!("result type {other:?} is not supported")),
    };
    let value = value.map_err(|error| {
        format!(
            "{}.{} answered with type {:?} instead of {kind}: {error}",
            call.interface,
            call.member.name(),
            body.signature().to_string()
        )
    })?;
    Ok(Slots::from([(name.clone(), value)]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use carvoice_core::catalogue::Member;

    use super::*;

    fn call(args: &[(&str, char, Option<SlotValue>)]) -> Call {
        Call {
            bus: None,
            service: "org.carvoice.Vehicle1".into(),
            prefer: None,
            path: "/org/carvoice/Vehicle1".into(),
            through: Vec::new(),
            interface: "org.carvoice.Vehicle1.Test".into(),
            member: Member::Method("Do".into()),
            words: BTreeMap::from([("auto".to_owned(), "Automatic".to_owned())]),
            scale: 1.0,
            args: args
                .iter()
                .map(|(slot, kind, default)| Arg {
                    slot: (*slot).into(),
                    kind: *kind,
                    default: default.clone(),
                })
                .collect(),
            returns: None,
            timeout: Duration::from_secs(1),
        }
    }

    fn sent(
        args: &[(&str, char, Option<SlotValue>)],
        slots: &[(&str, SlotValue)],
    ) -> Result<Vec<Variant<'static>>, String> {
        let slots = slots.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Ok(arguments(&call(args), &slots)?.map(Structure::into_fields).unwrap_or_default())
    }

    #[test]
    fn a_method_without_arguments() {
        assert_eq!(sent(&[], &[("zone", "driver".into())]), Ok(vec![]));
    }

    #[test]
    fn slots_go_in_the_order_and_types_of_the_manifest() {
        let args = [("temperature", 'd', None), ("zone", 's', None)];
        let slots = [("zone", "driver".into()), ("temperature", 21.0.into())];
        assert_eq!(sent(&args, &slots), Ok(vec![21.0.into(), "driver".into()]));
    }

    #[test]
    fn absent_slots_send_the_default_else_nothing_or_zero() {
        let args = [
            ("position", 'd', Some(SlotValue::from(-1.0))),
            ("motion", 's', None),
            ("amount", 'd', None),
            ("zone", 's', None),
            ("state", 'b', Some(SlotValue::from("on"))),
        ];
        let expected = vec![(-1.0).into(), "tilt".into(), 0.0.into(), "".into(), true.into()];
        assert_eq!(sent(&args, &[("motion", "tilt".into())]), Ok(expected));
    }

    #[test]
    fn a_service_is_told_in_its_own_words_and_measure() {
        assert_eq!(sent(&[("mode", 's', None)], &[("mode", "auto".into())]), Ok(vec!["Automatic".into()]));
        let mut call = call(&[("level", 'd', None), ("", 's', Some("default".into()))]);
        call.scale = 0.01;
        let sent = arguments(&call, &Slots::from([("level".to_owned(), 50.0.into())]));
        assert_eq!(sent.unwrap().unwrap().into_fields(), vec![0.5.into(), "default".into()]);
    }

    #[test]
    fn states_are_booleans() {
        let state = |word: &str| sent(&[("state", 'b', None)], &[("state", word.into())]);
        for word in TRUE_WORDS {
            assert_eq!(state(word), Ok(vec![true.into()]));
        }
        for word in FALSE_WORDS {
            assert_eq!(state(word), Ok(vec![false.into()]));
        }
        assert!(state("auto").unwrap_err().contains("neither on nor off"));
    }

    #[test]
    fn whole_numbers_are_checked() {
        let number = |kind: char, value: SlotValue| sent(&[("n", kind, None)], &[("n", value)]);
        assert_eq!(number('y', 255.0.into()), Ok(vec![255_u8.into()]));
        assert_eq!(number('i', (-3.0).into()), Ok(vec![(-3_i32).into()]));
        for (kind, value) in [('y', 256.0), ('u', -1.0), ('i', 0.5), ('i', 3e9)] {
            assert!(number(kind, value.into()).unwrap_err().contains("not a whole number"));
        }
        assert!(number('d', "warm".into()).unwrap_err().contains("not a number"));
        assert!(number('x', 1.0.into()).unwrap_err().contains("not supported"));
    }
}
