//! The calls of a manifest: which service does what was asked for.

use std::time::Duration;

use toml::Spanned;

use super::manifest::{File, Reader};
use super::{Call, Intent, Member, Slot, Step, dbus, raw, slots, suggest};

/// The bus name of the reference car.
const VEHICLE: &str = "org.carvoice.Vehicle1";
/// Time a call may take unless the manifest says otherwise: a car's gateway answers well within it,
/// and a driver does not wait longer for a sign.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);

impl Reader {
    /// Other calls for an intent that is there already: they come before its own.
    pub(super) fn bind(&mut self, file: &File<'_>, bind: &raw::Bind, intents: &mut [Intent]) {
        let name = bind.intent.get_ref();
        let Some(at) = intents.iter().position(|intent| intent.name == *name) else {
            let hint = suggest::hint(name, intents.iter().map(|intent| intent.name.as_str()));
            return self.report(file, bind.intent.span(), format!("unknown intent `{name}`{hint}"));
        };
        if let Some(intent) = intents.get_mut(at) {
            let (domain, slots) = (intent.domain().to_owned(), intent.slots.clone());
            if let Some(call) = &bind.call {
                let call = self.call(file, &domain, call, &slots);
                self.same_answer(file, bind.intent.span().start, &call, intent.call.as_ref());
                intent.call = Some(call);
            }
            let instead = self.instead(file, &domain, &bind.instead, &slots, intent.call.as_ref());
            intent.instead.splice(0..0, instead);
        }
    }

    /// The calls that are tried before `call`.
    pub(super) fn instead(
        &mut self,
        file: &File<'_>,
        domain: &str,
        calls: &[Spanned<raw::Call>],
        slots: &[Slot],
        call: Option<&Call>,
    ) -> Vec<Call> {
        let mut instead = Vec::new();
        for raw in calls {
            let other = self.call(file, domain, raw, slots);
            self.same_answer(file, raw.span().start, &other, call);
            instead.push(other);
        }
        instead
    }

    /// The reply of an intent is written for one kind of answer.
    fn same_answer(&mut self, file: &File<'_>, at: usize, other: &Call, call: Option<&Call>) {
        let name = |call: &Call| call.returns.as_ref().map(|(name, _)| name.clone());
        let (theirs, ours) = (name(other), call.and_then(name));
        if theirs != ours {
            let returns =
                |name: Option<String>| name.map_or("nothing".to_owned(), |name| format!("`{name}`"));
            let message =
                format!("this call returns {}, and the intent's own {}", returns(theirs), returns(ours));
            self.report(file, at..at, message);
        }
    }

    /// One call with what is not written filled in.
    pub(super) fn call(
        &mut self,
        file: &File<'_>,
        domain: &str,
        call: &Spanned<raw::Call>,
        slots: &[Slot],
    ) -> Call {
        let raw = call.get_ref();
        let service = raw.service.clone().unwrap_or_else(|| VEHICLE.to_owned());
        let plain = service.strip_suffix(".*").unwrap_or(&service);
        let path = raw.path.clone().unwrap_or_else(|| format!("/{}", plain.replace('.', "/")));
        let interface = raw.interface.clone().unwrap_or_else(|| format!("{VEHICLE}.{}", camel_case(domain)));
        let member = member(raw).unwrap_or_else(|message| {
            self.report(file, call.span(), message);
            Member::Method("Unknown".to_owned())
        });
        let kind = if raw.property.is_some() { "property name" } else { "method name" };
        for (what, name, legal) in [
            ("bus name", plain, dbus::is_bus_name(plain)),
            ("object path", path.as_str(), dbus::is_path(&path)),
            ("interface name", interface.as_str(), dbus::is_interface(&interface)),
            (kind, member.name(), dbus::is_member(member.name())),
        ] {
            if !legal {
                self.report(file, call.span(), format!("`{name}` is no D-Bus {what}"));
            }
        }
        let mut args = Vec::new();
        for text in &raw.args {
            match slots::arg(text.get_ref(), slots) {
                Ok(arg) => args.push(arg),
                Err(message) => self.report(file, text.span(), message),
            }
        }
        let returns = raw.returns.as_ref().and_then(|text| match slots::typed(text.get_ref()) {
            Ok((name, kind)) => Some((name.to_owned(), kind)),
            Err(message) => {
                self.report(file, text.span(), message);
                None
            }
        });
        if raw.args.len() == args.len()
            && let Err(message) = fits(&member, args.iter().map(|arg| arg.slot.as_str()), returns.is_some())
        {
            self.report(file, call.span(), message);
        }
        let mut through = Vec::new();
        for step in &raw.through {
            match step.method.rsplit_once('.') {
                Some((interface, method)) if dbus::is_interface(interface) && dbus::is_member(method) => {
                    let (interface, method) = (interface.to_owned(), method.to_owned());
                    through.push(Step { interface, method, having: step.having.clone() });
                }
                _ => {
                    let message = format!("`{}` is no D-Bus interface and method", step.method);
                    self.report(file, call.span(), message);
                }
            }
        }
        if raw.prefer.len() > 1 {
            self.report(file, call.span(), "`prefer` names one property");
        }
        let prefer = raw.prefer.iter().next().map(|(property, value)| (property.clone(), value.clone()));
        let scale = raw.scale.unwrap_or(1.0);
        if !scale.is_normal() {
            self.report(file, call.span(), format!("`scale` must be a number other than 0, not {scale}"));
        }
        let timeout = raw.timeout_ms.map_or(CALL_TIMEOUT, Duration::from_millis);
        let (bus, words) = (raw.bus.clone(), raw.words.clone());
        Call { bus, service, prefer, path, through, interface, member, args, words, scale, returns, timeout }
    }
}

/// The method or the property.
fn member(raw: &raw::Call) -> Result<Member, String> {
    match (&raw.method, &raw.property) {
        (Some(method), None) if raw.entry.is_none() && raw.change.is_none() => {
            Ok(Member::Method(method.clone()))
        }
        (Some(_), None) => Err("`entry` and `change` belong to a `property`".to_owned()),
        (None, Some(name)) => match raw.change {
            Some((min, max)) if min.is_nan() || max.is_nan() || min >= max => {
                Err(format!("`change` is a range, smallest first, not [{min}, {max}]"))
            }
            change => Ok(Member::Property { name: name.clone(), entry: raw.entry.clone(), change }),
        },
        _ => Err("a call needs either `method` or `property`".to_owned()),
    }
}

/// Whether a property is used as a property can be.
fn fits<'a>(
    member: &Member,
    mut slots: impl ExactSizeIterator<Item = &'a str>,
    returns: bool,
) -> Result<(), String> {
    let Member::Property { name, entry, change } = member else { return Ok(()) };
    match (change, slots.len(), returns) {
        (Some(_), 2, false) if slots.all(|slot| ["direction", "amount"].contains(&slot)) => Ok(()),
        (Some(_), _, _) => Err("`change` needs the arguments `direction:s` and `amount:d`".to_owned()),
        (None, 0, true) => Ok(()),
        (None, 1, false) if entry.is_none() => Ok(()),
        _ => Err(format!(
            "the property `{name}` is either read, with `returns`, or written, with one argument"
        )),
    }
}

pub(super) fn camel_case(name: &str) -> String {
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    name.split('_').filter_map(capital).collect()
}
