//! The daemon's end of `org.carvoice.Assistant1`: one thread that owns the connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc as ready};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use carvoice_core::turn::{Notice, State};
use futures::StreamExt;
use futures::channel::mpsc;
use futures::future::{Either, select};
use zbus::connection::Connection;
use zbus::object_server::{Interface, SignalEmitter};
use zbus::{ObjectPath, Variant, fdo};

use crate::address::{BusKind, within};
use crate::error::BusError;
use crate::interface::{self, Assistant, Properties, Shared};
use crate::request::{QueueFull, Request};
use crate::{NAME, PATH};

/// Signals that may wait for the bus: some twenty turns. When it is full the newest is dropped and
/// counted, so a bus that stalls never holds up a turn.
const OUTGOING: usize = 256;

/// How often a [`Request::BusLost`] is offered to a full queue.
const OFFER_EVERY: Duration = Duration::from_millis(20);

/// What the daemon says of itself on the bus.
#[derive(Clone, Debug)]
pub struct Description {
    /// Spoken language, e.g. `en`.
    pub language: String,
    /// Names of all intents.
    pub intents: Vec<String>,
    /// Whether the microphone is closed at the start.
    pub muted: bool,
}

/// `org.carvoice.Assistant1` on the bus. Dropped, it leaves the bus.
pub struct Service {
    shared: Arc<Shared>,
    outgoing: Mutex<mpsc::Sender<Outgoing>>,
    dropped: AtomicU64,
    thread: Option<JoinHandle<()>>,
}

enum Outgoing {
    Signal(Notice),
    /// A property with its value at that moment, so that no state is skipped.
    Changed(&'static str, Variant<'static>),
}

impl Service {
    /// Connects, takes the name and serves on a thread of its own, named `dbus`. `deliver` puts a
    /// request into the turn loop's queue; it is called on that thread and must not block.
    ///
    /// # Errors
    /// [`BusError::NoBus`], [`BusError::NameTaken`] or [`BusError::Denied`].
    pub fn start(
        bus: BusKind,
        description: Description,
        deliver: impl Fn(Request) -> Result<(), QueueFull> + Send + Sync + 'static,
    ) -> Result<Self, BusError> {
        let properties = Properties {
            state: State::Idle,
            muted: description.muted,
            degraded: Vec::new(),
            language: description.language,
            intents: description.intents,
            muting: Vec::new(),
        };
        let shared = Arc::new(Shared::new(Box::new(deliver), properties));
        let (outgoing, queue) = mpsc::channel(OUTGOING);
        let (to_start, started) = ready::sync_channel(1);
        let served = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("dbus".to_owned())
            .spawn(move || zbus::block_on(run(bus, served, queue, to_start)))
            .map_err(|error| BusError::Failed(format!("cannot start a thread: {error}")))?;
        match started.recv() {
            Ok(Ok(())) => Ok(Self {
                shared,
                outgoing: Mutex::new(outgoing),
                dropped: AtomicU64::new(0),
                thread: Some(thread),
            }),
            Ok(Err(error)) => Err(error),
            Err(ready::RecvError) => Err(BusError::Lost),
        }
    }

    /// Makes something public, in order with everything before it. Never blocks.
    ///
    /// [`Notice::Muted`] also lets the callers go on who asked for it.
    pub fn emit(&self, notice: Notice) {
        match notice {
            Notice::State(state) => {
                if self.replace(|properties| &mut properties.state, state) {
                    self.queue(Outgoing::Changed("State", state.to_string().into()));
                }
            }
            Notice::Muted(muted) => self.set_muted(muted),
            Notice::Degraded(engines) => {
                let names: Vec<String> = engines.iter().map(ToString::to_string).collect();
                if self.replace(|properties| &mut properties.degraded, names.clone()) {
                    self.queue(Outgoing::Changed("Degraded", names.into()));
                }
            }
            signal => self.queue(Outgoing::Signal(signal)),
        }
    }

    /// Sets `Intents`, after the skills were read again.
    pub fn set_intents(&self, intents: Vec<String>) {
        if self.replace(|properties| &mut properties.intents, intents.clone()) {
            self.queue(Outgoing::Changed("Intents", intents.into()));
        }
    }

    /// What `Degraded` says at present.
    #[must_use]
    pub fn degraded(&self) -> Vec<String> {
        self.shared.properties().degraded.clone()
    }

    fn set_muted(&self, muted: bool) {
        let (changed, confirmed) = {
            let mut properties = self.shared.properties();
            let changed = std::mem::replace(&mut properties.muted, muted) != muted;
            let waiting = std::mem::take(&mut properties.muting);
            let (wanted, other): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|(value, _)| *value == muted);
            properties.muting = other;
            // Each is answered, hence no short-circuit.
            let confirmed = wanted.into_iter().filter_map(|(_, setter)| setter.send(()).ok()).count();
            (changed, confirmed > 0)
        };
        // A confirmed setter announces the value itself.
        if changed && !confirmed {
            self.queue(Outgoing::Changed("Muted", muted.into()));
        }
    }

    /// Signals and changes that were not sent because the bus stalled or is gone.
    #[must_use]
    pub fn signals_dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Sets a property and tells whether it was another before.
    fn replace<T: PartialEq>(&self, field: impl FnOnce(&mut Properties) -> &mut T, value: T) -> bool {
        let mut properties = self.shared.properties();
        let now = field(&mut properties);
        std::mem::replace(now, value) != *now
    }

    fn queue(&self, outgoing: Outgoing) {
        let mut queue = self.outgoing.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.try_send(outgoing).is_err() {
            let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            // A bus that stalls for long must not fill the log as well.
            if dropped.is_power_of_two() {
                tracing::warn!(dropped, "D-Bus signals are being dropped");
            }
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner).close_channel();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the D-Bus thread had panicked");
        }
    }
}

/// The life of the thread: connect, serve until the service is dropped or the bus is lost.
async fn run(
    bus: BusKind,
    shared: Arc<Shared>,
    mut queue: mpsc::Receiver<Outgoing>,
    started: ready::SyncSender<Result<(), BusError>>,
) {
    // Left to itself zbus would take the name from a daemon that is already there.
    let builder = bus
        .builder()
        .serve_at(PATH, Assistant(Arc::clone(&shared)))
        .allow_name_replacements(false)
        .replace_existing_names(false)
        .name(NAME);
    let connection = match bus.connect(builder).await {
        Ok(connection) => connection,
        Err(error) => {
            // The other end waits for exactly this.
            let _ = started.send(Err(error));
            return;
        }
    };
    let _ = started.send(Ok(()));
    let lost = {
        let closed = std::pin::pin!(connection.closed());
        let sending = std::pin::pin!(send_all(&connection, &mut queue));
        matches!(select(closed, sending).await, Either::Left(_))
    };
    if lost {
        tracing::error!("the connection to {bus} was lost");
        report_loss(&shared, &mut queue).await;
    } else if let Err(error) = connection.close().await {
        tracing::debug!(%error, "closing the bus connection");
    }
}

/// Sends what is queued until the service is dropped.
async fn send_all(connection: &Connection, queue: &mut mpsc::Receiver<Outgoing>) {
    let emitter = SignalEmitter::from_parts(connection.clone(), ObjectPath::from_static_str_unchecked(PATH));
    while let Some(outgoing) = queue.next().await {
        let sent = match outgoing {
            Outgoing::Signal(notice) => interface::emit(&emitter, notice).await,
            Outgoing::Changed(property, value) => {
                let name = <Assistant as Interface>::name();
                let changed = HashMap::from([(property, value)]);
                fdo::Properties::properties_changed(&emitter, name, changed, (&[]).into()).await
            }
        };
        if let Err(error) = sent {
            tracing::warn!(%error, "a D-Bus signal was not sent");
        }
    }
}

/// Offers [`Request::BusLost`] until it is taken or nobody is left to take it.
async fn report_loss(shared: &Shared, queue: &mut mpsc::Receiver<Outgoing>) {
    while (shared.deliver)(Request::BusLost).is_err() {
        let until = within(OFFER_EVERY, async { while queue.next().await.is_some() {} });
        if until.await.is_some() {
            return;
        }
    }
}
