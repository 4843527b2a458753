//! A manifest as written. Unknown keys are refused; every value that can be wrong knows its place.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::command::{Command, SlotValue, Slots};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) version: Spanned<i64>,
    pub(super) domain: Spanned<String>,
    #[serde(default)]
    pub(super) rules: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(super) intent: Vec<Intent>,
    #[serde(default)]
    pub(super) bind: Vec<Bind>,
}

/// Other calls for an intent of another manifest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bind {
    pub(super) intent: Spanned<String>,
    pub(super) call: Option<Spanned<Call>>,
    #[serde(default)]
    pub(super) instead: Vec<Spanned<Call>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Intent {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) risk: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) slots: Vec<Spanned<Slot>>,
    #[serde(default)]
    pub(super) needs_one: Vec<Spanned<String>>,
    pub(super) call: Option<Spanned<Call>>,
    #[serde(default)]
    pub(super) instead: Vec<Spanned<Call>>,
    #[serde(default)]
    pub(super) undo: Vec<Spanned<Restore>>,
    #[serde(default)]
    pub(super) reply: Reply,
    #[serde(default)]
    pub(super) sentences: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) also: Vec<Also>,
}

impl Intent {
    /// The ways back, each with the name of the intent that it leads back from.
    pub(super) fn restores(&self) -> impl Iterator<Item = (&str, &Spanned<Restore>)> {
        self.undo.iter().map(|restore| (self.name.get_ref().as_str(), restore))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slot {
    pub(super) name: Spanned<String>,
    #[serde(rename = "type")]
    pub(super) kind: Spanned<String>,
    #[serde(default)]
    pub(super) required: bool,
    pub(super) unit: Option<Spanned<String>>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) step: Option<f64>,
    #[serde(default)]
    pub(super) words: BTreeMap<String, f64>,
    #[serde(default)]
    pub(super) values: BTreeMap<String, Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    pub(super) bus: Option<String>,
    pub(super) service: Option<String>,
    #[serde(default)]
    pub(super) prefer: BTreeMap<String, String>,
    pub(super) path: Option<String>,
    #[serde(default)]
    pub(super) through: Vec<Step>,
    pub(super) interface: Option<String>,
    pub(super) method: Option<String>,
    pub(super) property: Option<String>,
    pub(super) entry: Option<String>,
    pub(super) change: Option<(f64, f64)>,
    #[serde(default)]
    pub(super) args: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) words: BTreeMap<String, String>,
    pub(super) scale: Option<f64>,
    pub(super) returns: Option<Spanned<String>>,
    pub(super) timeout_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) method: String,
    #[serde(default)]
    pub(super) having: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Restore {
    pub(super) intent: Option<String>,
    #[serde(default)]
    pub(super) set: Slots,
    #[serde(default)]
    pub(super) read: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) when: BTreeMap<String, SlotValue>,
}

impl Restore {
    /// Unless another is named, the intent brings itself back.
    pub(super) fn resolved(&self, intent: &str) -> super::Restore {
        super::Restore {
            intent: self.intent.clone().unwrap_or_else(|| intent.to_owned()),
            set: self.set.clone(),
            read: self.read.clone(),
            when: self.when.clone(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reply {
    pub(super) done: Option<Spanned<OneOrMore>>,
    pub(super) confirm: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) ask: BTreeMap<String, Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Also {
    #[serde(default)]
    pub(super) set: BTreeMap<String, Spanned<SlotValue>>,
    #[serde(default)]
    pub(super) need: bool,
    #[serde(default)]
    pub(super) implied: bool,
    #[serde(default)]
    pub(super) and: Vec<Spanned<Command>>,
    pub(super) sentences: Vec<Spanned<String>>,
}
