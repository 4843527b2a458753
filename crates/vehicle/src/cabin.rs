//! The car shared by its interfaces: one lock, one log, one count of calls.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zbus::names::InterfaceName;
use zbus::object_server::{Interface, SignalEmitter};
use zbus::{OwnedVariant, Variant, fdo};
use zruntime::SharedRuntime;

use crate::car::Car;
use crate::faults::{Fault, Faults};
use crate::refusal::Refusal;

/// The car and how it is shown to the bus.
pub(crate) struct Cabin {
    car: Mutex<Car>,
    faults: Faults,
    calls: AtomicU64,
    log: Option<Log>,
}

/// Takes one line for each call.
pub(crate) type Log = Box<dyn Fn(&str) + Send + Sync>;

impl Cabin {
    pub(crate) fn new(car: Car, faults: Faults, log: Option<Log>) -> Arc<Self> {
        Arc::new(Self { car: Mutex::new(car), faults, calls: AtomicU64::new(0), log })
    }

    /// The car. Methods check before they change, so a panic cannot leave it half-changed.
    pub(crate) fn car(&self) -> MutexGuard<'_, Car> {
        self.car.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one method of the interface `object`, and tells the bus which properties it changed.
    pub(crate) async fn call<I: Interface, T>(
        &self,
        object: &I,
        emitter: &SignalEmitter<'_>,
        what: impl FnOnce() -> String,
        work: impl FnOnce(&mut Car) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let fault = self.faults.of_call(self.calls.fetch_add(1, Ordering::Relaxed));
        match fault {
            Some(Fault::Die) => {
                self.log(|| format!("{} -> dies", what()));
                // Whether closing succeeds does not matter: the process is as good as dead.
                let _ = emitter.connection().clone().close().await;
                return Err(Refusal::refused("the simulator has died"));
            }
            Some(Fault::Refuse) => {
                self.log(|| format!("{} -> refused", what()));
                return Err(Refusal::refused("the simulator refuses everything"));
            }
            Some(Fault::Late(delay)) => {
                if let Ok(runtime) = SharedRuntime::current() {
                    runtime.sleep(delay).await;
                }
            }
            None => {}
        }
        let before = properties(object, emitter).await;
        let outcome = work(&mut self.car());
        self.log(|| match &outcome {
            Ok(_) => format!("{} -> done", what()),
            Err(refusal) => format!("{} -> {refusal}", what()),
        });
        if outcome.is_ok() {
            announce::<I>(emitter, &before, &properties(object, emitter).await).await;
        }
        outcome
    }

    fn log(&self, line: impl FnOnce() -> String) {
        if let Some(log) = &self.log {
            log(&line());
        }
    }
}

type Values = HashMap<String, OwnedVariant>;

async fn properties<I: Interface>(object: &I, emitter: &SignalEmitter<'_>) -> Values {
    let connection = emitter.connection();
    object.get_all(connection.object_server(), connection, None, emitter).await.unwrap_or_default()
}

async fn announce<I: Interface>(emitter: &SignalEmitter<'_>, before: &Values, after: &Values) {
    let changed: HashMap<&str, Variant<'_>> = after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(*value))
        .filter_map(|(name, value)| Some((name.as_str(), Variant::try_from(value).ok()?)))
        .collect();
    if changed.is_empty() {
        return;
    }
    let name: InterfaceName<'static> = I::name();
    // The caller's answer matters more than a signal that a broken connection did not take.
    let _ = fdo::Properties::properties_changed(emitter, name, changed, (&[]).into()).await;
}
