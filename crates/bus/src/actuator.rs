//! Approved commands as D-Bus calls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use carvoice_core::car::CarState;
use carvoice_core::catalogue::{Call, Catalogue, Intent, Member, Properties};
use carvoice_core::command::{Command, Slots};
use carvoice_core::engine::{ActError, Acted, Actuator};
use carvoice_core::policy::Approved;

use crate::address::BusKind;
use crate::arguments::{arguments, result};
use crate::car;
use crate::duck::{self, Ducked};
use crate::lines::{Lines, Target};
use crate::property;

/// Finding the service and the object of a call: a few answers of the bus, each within milliseconds.
const FIND_WITHIN: Duration = Duration::from_millis(300);

/// What is to be called, and what it means when nobody is there.
struct Choice<'a> {
    call: &'a Call,
    service: String,
    otherwise: ActError,
}

/// Time to read what a command is going to change; the driver waits for it.
const BEFORE_WITHIN: Duration = Duration::from_millis(200);

/// Carries out approved commands with the bindings of the catalogue and reads the car's state.
/// Connects at the first use and again whenever the connection was lost.
pub struct DbusActuator {
    bus: BusKind,
    catalogue: Arc<Catalogue>,
    lines: Lines,
    /// The service that was called last, by the name it is written with.
    last: BTreeMap<String, String>,
    /// Percent of their own volume that players keep while it is to be quiet; 100 leaves them alone.
    duck_percent: f64,
    ducked: Vec<Ducked>,
}

impl DbusActuator {
    /// An actuator on this bus. Does not connect yet.
    #[must_use]
    pub fn new(bus: BusKind, catalogue: Arc<Catalogue>) -> Self {
        let lines = Lines::default();
        Self { bus, catalogue, lines, last: BTreeMap::new(), duck_percent: 100.0, ducked: Vec::new() }
    }

    /// The same, which lowers players to `percent` of their volume, 0 to 100, while it is to be quiet.
    #[must_use]
    pub fn ducking(mut self, percent: f64) -> Self {
        self.duck_percent = percent.clamp(0.0, 100.0);
        self
    }

    /// The bus a call goes to.
    fn bus_of(&self, call: &Call) -> Result<BusKind, ActError> {
        let named = call.bus.as_deref().map(str::parse);
        named.unwrap_or_else(|| Ok(self.bus.clone())).map_err(ActError::Failed)
    }

    /// The call to make: the first whose service is there and that has a place for every slot, else the
    /// intent's own. The bus may start the service of that one, so it is not looked for.
    fn choose<'a>(&mut self, intent: &'a Intent, slots: &Slots) -> Result<Choice<'a>, ActError> {
        let deadline = Instant::now() + FIND_WITHIN;
        let tried: Vec<_> = intent.instead.iter().chain(&intent.call).map(|call| &*call.service).collect();
        let mut otherwise = ActError::Unavailable { service: tried.join(" or ") };
        for call in &intent.instead {
            match self.find(call, deadline) {
                Ok(service) => match call.lacks(slots) {
                    None => return Ok(Choice { call, service, otherwise }),
                    Some(slot) => otherwise = ActError::Rejected(format!("it can't be told the {slot}")),
                },
                Err(ActError::Unavailable { .. }) => {}
                Err(reason) => {
                    tracing::debug!(service = call.service, "passed over: {reason}");
                    otherwise = reason;
                }
            }
        }
        let Some(call) = &intent.call else { return Err(otherwise) };
        match call.prefix().map(|_| self.find(call, deadline)) {
            None => Ok(Choice { call, service: call.service.clone(), otherwise }),
            Some(Ok(service)) => Ok(Choice { call, service, otherwise }),
            Some(Err(ActError::Unavailable { .. })) => Err(otherwise),
            Some(Err(reason)) => Err(reason),
        }
    }

    /// The service of a call, if it is on the bus. Of several, the preferred one, the one called last,
    /// or the only one.
    fn find(&mut self, call: &Call, deadline: Instant) -> Result<String, ActError> {
        let bus = self.bus_of(call)?;
        let names = self.names(&bus, &call.service, deadline)?;
        let preferred = call.prefer.as_ref().and_then(|(property, value)| {
            names.iter().find(|name| {
                let place = property::Place { service: name, path: &call.path, interface: &call.interface };
                let left = deadline.saturating_duration_since(Instant::now());
                property::text(&mut self.lines, &bus, &place, property, left).as_ref() == Ok(value)
            })
        });
        let last = self.last.get(&call.service);
        match (preferred.or_else(|| names.iter().find(|name| Some(*name) == last)), names.as_slice()) {
            (Some(name), _) | (None, [name]) => Ok(name.clone()),
            (None, []) => Err(ActError::Unavailable { service: call.service.clone() }),
            (None, several) => {
                Err(ActError::Rejected(format!("there are {} to choose from, none is in use", several.len())))
            }
        }
    }

    /// The names on the bus that `service` stands for, in order.
    fn names(&mut self, bus: &BusKind, service: &str, deadline: Instant) -> Result<Vec<String>, ActError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let reply = self.lines.call(bus, &Target::daemon("ListNames"), &(), left)?;
        let body = reply.body();
        let all: Vec<String> = body.deserialize().map_err(|error| ActError::Failed(error.to_string()))?;
        let is_meant = |name: &String| match service.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == service,
        };
        let mut names: Vec<String> = all.into_iter().filter(is_meant).collect();
        names.sort();
        Ok(names)
    }

    fn make(&mut self, call: &Call, service: &str, slots: &Slots) -> Result<Slots, ActError> {
        let bus = self.bus_of(call)?;
        let path = property::walk(&mut self.lines, &bus, service, call, Instant::now() + FIND_WITHIN)?;
        let values = arguments(call, slots).map_err(ActError::Failed)?;
        match &call.member {
            Member::Method(method) => {
                let target = Target { service, path: &path, interface: &call.interface, method };
                let reply = match values {
                    Some(body) => self.lines.call(&bus, &target, &body, call.timeout),
                    None => self.lines.call(&bus, &target, &(), call.timeout),
                }?;
                result(call, &reply).map_err(ActError::Failed)
            }
            Member::Property { name, entry, change } => {
                // Whoever asks for another volume means that of the music, not of its background.
                if name == duck::VOLUME {
                    self.raise_again(|ducked| ducked.is_of(&bus, service));
                }
                let place = property::Place { service, path: &path, interface: &call.interface };
                let property = property::Property { place, name, limit: call.timeout };
                match (change, values) {
                    (Some(range), _) => property.change(&mut self.lines, &bus, *range, call, slots),
                    (None, Some(values)) => property.write(&mut self.lines, &bus, values),
                    (None, None) => property.read(&mut self.lines, &bus, entry.as_deref(), call),
                }
            }
        }
    }

    /// What brings back what the command is going to change. A car that does not tell is obeyed no less.
    fn way_back(
        &mut self,
        catalogue: &Catalogue,
        intent: &Intent,
        call: &Call,
        service: &str,
        command: &Command,
    ) -> Vec<Command> {
        if intent.undo.is_empty() {
            return Vec::new();
        }
        let is_read = intent.undo.iter().any(|way| !(way.read.is_empty() && way.when.is_empty()));
        let before = match is_read.then(|| self.properties(call, service)) {
            Some(Err(reason)) => {
                tracing::warn!(interface = call.interface, "what it was like before is not known: {reason}");
                return Vec::new();
            }
            Some(Ok(before)) => before,
            None => Properties::new(),
        };
        catalogue.way_back(command, &before)
    }

    fn properties(&mut self, call: &Call, service: &str) -> Result<Properties, String> {
        let bus = self.bus_of(call).map_err(|reason| reason.to_string())?;
        let place = property::Place { service, path: &call.path, interface: &call.interface };
        let reply = property::all(&mut self.lines, &bus, &place, BEFORE_WITHIN);
        car::properties(&reply.map_err(|reason| reason.to_string())?)
    }

    /// Gives players their volume back; the ones that do not answer are tried again later.
    fn raise_again(&mut self, which: impl Fn(&Ducked) -> bool) {
        let (lines, deadline) = (&mut self.lines, Instant::now() + FIND_WITHIN);
        self.ducked.retain_mut(|ducked| !which(ducked) || !ducked.restore(lines, deadline));
    }

    fn lower(&mut self) -> Result<(), ActError> {
        let deadline = Instant::now() + FIND_WITHIN;
        let catalogue = Arc::clone(&self.catalogue);
        let calls = catalogue.intents().iter().flat_map(|intent| intent.instead.iter().chain(&intent.call));
        let Some(player) = calls.into_iter().find(|call| Ducked::plays(call)) else { return Ok(()) };
        let bus = self.bus_of(player)?;
        for service in self.names(&bus, &player.service, deadline)? {
            let known = self.ducked.iter().any(|ducked| ducked.is_of(&bus, &service));
            if !known
                && let Some(ducked) =
                    Ducked::lower(&mut self.lines, &bus, player, service, self.duck_percent, deadline)?
            {
                self.ducked.push(ducked);
            }
        }
        Ok(())
    }
}

impl Actuator for DbusActuator {
    /// An intent without a binding is done as soon as its `Command` signal was emitted, so there is
    /// nothing left to do here.
    fn act(&mut self, approved: &Approved) -> Result<Acted, ActError> {
        let catalogue = Arc::clone(&self.catalogue);
        let command = approved.command();
        let intent = catalogue.intent(&command.intent).ok_or_else(|| {
            ActError::Failed(format!("{} is not in the catalogue any more", command.intent))
        })?;
        if intent.call.is_none() && intent.instead.is_empty() {
            return Ok(Acted::default());
        }
        let started = Instant::now();
        let Choice { call, service, otherwise } = self.choose(intent, &command.slots)?;
        // What to read is told in the words of the intent's own call.
        let is_own = intent.call.as_ref().is_some_and(|own| std::ptr::eq(own, call));
        let undo =
            if is_own { self.way_back(&catalogue, intent, call, &service, command) } else { Vec::new() };
        let values = self.make(call, &service, &command.slots).map_err(|error| match error {
            ActError::Unavailable { .. } => otherwise,
            error => error,
        })?;
        let member = call.member.name();
        tracing::debug!(service, member, ms = started.elapsed().as_millis(), "it has answered");
        self.last.insert(call.service.clone(), service);
        Ok(Acted { values, undo })
    }

    fn set_quiet(&mut self, quiet: bool) {
        if !quiet {
            self.raise_again(|_| true);
        } else if self.duck_percent < 100.0
            && let Err(reason) = self.lower()
        {
            tracing::debug!("the music stays as loud as it is: {reason}");
        }
    }

    fn car(&mut self) -> Result<CarState, ActError> {
        let deadline = Instant::now() + car::WITHIN;
        let mut state = CarState::default();
        for source in &car::SOURCES {
            let place =
                property::Place { service: car::SERVICE, path: car::PATH, interface: source.interface };
            let left = deadline.saturating_duration_since(Instant::now());
            match property::all(&mut self.lines, &self.bus, &place, left) {
                Ok(reply) => source.read(&reply, &mut state).map_err(ActError::Failed)?,
                // A car without a sunroof is still a car; one without a speed is not.
                Err(ActError::Failed(_)) if source.optional => {}
                Err(ActError::Timeout(_)) => return Err(ActError::Timeout(car::WITHIN)),
                Err(error) => return Err(error),
            }
        }
        Ok(state)
    }
}

impl Drop for DbusActuator {
    /// However it ends, the music is as loud as before.
    fn drop(&mut self) {
        self.raise_again(|_| true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bus_is_an_unavailable_car() {
        let bus = BusKind::Address("unix:path=/nonexistent/bus".into());
        let mut actuator = DbusActuator::new(bus, Arc::default());
        let service = car::SERVICE.to_owned();
        assert_eq!(actuator.car(), Err(ActError::Unavailable { service }));
    }
}
