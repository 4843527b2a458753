//! D-Bus values as JSON, for `carvoice monitor --json`.

use serde_json::{Map, Value};
use zbus::Variant;

/// The value as JSON. Types that the interface never uses become their D-Bus text form.
pub(crate) fn json(value: &Variant<'_>) -> Value {
    match value {
        Variant::Bool(flag) => Value::from(*flag),
        Variant::U8(number) => Value::from(*number),
        Variant::I16(number) => Value::from(*number),
        Variant::U16(number) => Value::from(*number),
        Variant::I32(number) => Value::from(*number),
        Variant::U32(number) => Value::from(*number),
        Variant::I64(number) => Value::from(*number),
        Variant::U64(number) => Value::from(*number),
        Variant::F64(number) => Value::from(*number),
        Variant::Str(text) => Value::from(text.as_str()),
        Variant::Variant(inner) => json(inner),
        Variant::Array(array) => array.iter().map(json).collect(),
        Variant::Dict(dict) => {
            Value::Object(dict.iter().map(|(key, value)| (plain(key), json(value))).collect::<Map<_, _>>())
        }
        other => Value::from(other.to_string()),
    }
}

fn plain(key: &Variant<'_>) -> String {
    match key {
        Variant::Str(text) => text.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[test]
    fn slots_keep_their_types() {
        let slots: BTreeMap<String, Variant<'static>> = [
            ("temperature".to_owned(), Variant::from(21.5)),
            ("zone".to_owned(), Variant::from("driver")),
            ("hold".to_owned(), Variant::from(true)),
        ]
        .into();
        let expected = json!({"temperature": 21.5, "zone": "driver", "hold": true});
        assert_eq!(super::json(&Variant::from(slots)), expected);
    }

    #[test]
    fn lists_and_numbers() {
        assert_eq!(super::json(&Variant::from(vec!["a", "b"])), json!(["a", "b"]));
        assert_eq!(super::json(&Variant::from(u64::MAX)), json!(u64::MAX));
    }
}
