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
        let value = slots.get(&arg.slot).or(arg.default.as_ref());
        fields.push_value(argument(arg, value).map_err(|problem| {
            format!("{}.{}, argument {}: {problem}", call.interface, call.method, arg.slot)
        })?);
    }
    fields.build().map(Some).map_err(|error| error.to_string())
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
            call.method,
            body.signature().to_string()
        )
    })?;
    Ok(Slots::from([(name.clone(), value)]))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn call(args: &[(&str, char, Option<SlotValue>)]) -> Call {
        Call {
            service: "org.carvoice.Vehicle1".into(),
            path: "/org/carvoice/Vehicle1".into(),
            interface: "org.carvoice.Vehicle1.Test".into(),
            method: "Do".into(),
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
