//! `org.carvoice.Assistant1` as it is on the bus. Handlers check, pass on and wait; nothing else.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use carvoice_core::command::{SlotValue, Slots};
use carvoice_core::engine::TurnId;
use carvoice_core::turn::{MAX_TEXT, Notice, State};
use carvoice_core::zone::Zone;
use futures::channel::oneshot;
use zbus::object_server::SignalEmitter;
use zbus::{OwnedVariant, Variant, interface};

use crate::address::within;
use crate::limits::{self, Options};
use crate::request::{ANSWER_WITHIN, Answer, QueueFull, Refusal, Request, THINK_WITHIN};

/// Passes a request to the turn loop or reports that its queue is full; never blocks.
pub(crate) type Deliver = Box<dyn Fn(Request) -> Result<(), QueueFull> + Send + Sync>;

/// What the properties show.
pub(crate) struct Properties {
    pub(crate) state: State,
    pub(crate) muted: bool,
    pub(crate) degraded: Vec<String>,
    pub(crate) language: String,
    pub(crate) intents: Vec<String>,
    /// Setters of `Muted` that wait for the turn loop, each with the value it wants.
    pub(crate) muting: Vec<(bool, oneshot::Sender<()>)>,
}

/// What handlers and the [`crate::Service`] share.
pub(crate) struct Shared {
    pub(crate) deliver: Deliver,
    properties: Mutex<Properties>,
}

impl Shared {
    pub(crate) fn new(deliver: Deliver, properties: Properties) -> Self {
        Self { deliver, properties: Mutex::new(properties) }
    }

    /// The properties. A panic while they were locked cannot leave them half-changed.
    pub(crate) fn properties(&self) -> MutexGuard<'_, Properties> {
        self.properties.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The object on the bus.
pub(crate) struct Assistant(pub(crate) Arc<Shared>);

impl Assistant {
    fn deliver(&self, request: Request) -> Result<(), Refusal> {
        (self.0.deliver)(request).map_err(|QueueFull| {
            tracing::warn!("a D-Bus call was turned away: the queue to the turn loop is full");
            Refusal::Busy("too many requests; try again".to_owned())
        })
    }
}

type Dict = HashMap<String, OwnedVariant>;

#[interface(name = "org.carvoice.Assistant1", introspection_docs = false)]
impl Assistant {
    #[zbus(out_args("turn"))]
    async fn listen(&self, options: Dict) -> Result<u64, Refusal> {
        let mut options = Options::new(options);
        let zone = limits::word(options.text("zone")?)?;
        let hold = options.flag("hold")?;
        options.finish()?;
        let (answer, awaited) = Answer::new();
        self.deliver(Request::Listen { zone, hold, answer })?;
        Ok(awaited.within(ANSWER_WITHIN).await?.0)
    }

    async fn stop_listening(&self, turn: u64) -> Result<(), Refusal> {
        self.deliver(Request::StopListening { turn: TurnId(turn) })
    }

    async fn cancel(&self) -> Result<(), Refusal> {
        self.deliver(Request::Cancel)
    }

    #[zbus(out_args("utterance"))]
    async fn say(&self, text: String, options: Dict) -> Result<u64, Refusal> {
        let mut options = Options::new(options);
        let priority = limits::word(options.text("priority")?)?.unwrap_or_default();
        options.finish()?;
        limits::text("the text", &text, MAX_TEXT)?;
        let (answer, awaited) = Answer::new();
        self.deliver(Request::Say { text, priority, answer })?;
        Ok(awaited.within(ANSWER_WITHIN).await?.0)
    }

    #[zbus(out_args("turn"))]
    async fn ask(&self, text: String, options: Dict) -> Result<u64, Refusal> {
        Options::new(options).finish()?;
        limits::text("the text", &text, MAX_TEXT)?;
        let (answer, awaited) = Answer::new();
        self.deliver(Request::Ask { text, answer })?;
        Ok(awaited.within(ANSWER_WITHIN).await?.0)
    }

    #[zbus(out_args("commands"))]
    async fn parse(&self, text: String) -> Result<Vec<(String, SlotDict, f64)>, Refusal> {
        limits::text("the text", &text, MAX_TEXT)?;
        let (answer, awaited) = Answer::new();
        self.deliver(Request::Parse { text, answer })?;
        let commands = awaited.within(THINK_WITHIN).await?;
        Ok(commands
            .into_iter()
            .map(|parsed| (parsed.command.intent, slot_dict(parsed.command.slots), parsed.confidence))
            .collect())
    }

    async fn set_vocabulary(&self, kind: String, phrases: Vec<String>) -> Result<(), Refusal> {
        limits::vocabulary(&kind, &phrases)?;
        let (answer, awaited) = Answer::new();
        self.deliver(Request::SetVocabulary { kind, phrases, answer })?;
        awaited.within(ANSWER_WITHIN).await.map(|_| ())
    }

    async fn reload_skills(&self) -> Result<(), Refusal> {
        let (answer, awaited) = Answer::new();
        self.deliver(Request::ReloadSkills { answer })?;
        awaited.within(THINK_WITHIN).await
    }

    #[zbus(property)]
    fn state(&self) -> String {
        self.0.properties().state.to_string()
    }

    #[zbus(property)]
    fn muted(&self) -> bool {
        self.0.properties().muted
    }

    /// Returns once the turn loop has confirmed the value; `PropertiesChanged` follows by itself.
    #[zbus(property)]
    async fn set_muted(&self, muted: bool) -> Result<(), Refusal> {
        let (confirm, confirmed) = oneshot::channel();
        {
            let mut properties = self.0.properties();
            properties.muting.retain(|(_, setter)| !setter.is_canceled());
            properties.muting.push((muted, confirm));
        }
        self.deliver(Request::SetMuted(muted))?;
        match within(ANSWER_WITHIN, confirmed).await {
            Some(Ok(())) => Ok(()),
            _ => Err(Refusal::late()),
        }
    }

    #[zbus(property)]
    fn degraded(&self) -> Vec<String> {
        self.0.properties().degraded.clone()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn language(&self) -> String {
        self.0.properties().language.clone()
    }

    #[zbus(property)]
    fn intents(&self) -> Vec<String> {
        self.0.properties().intents.clone()
    }

    #[zbus(signal)]
    async fn turn_started(
        emitter: &SignalEmitter<'_>,
        turn: u64,
        cause: &str,
        zone: &str,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn partial_transcript(emitter: &SignalEmitter<'_>, turn: u64, text: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn transcript(
        emitter: &SignalEmitter<'_>,
        turn: u64,
        text: &str,
        confidence: f64,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn command(
        emitter: &SignalEmitter<'_>,
        turn: u64,
        intent: &str,
        slots: SlotDict,
        confidence: f64,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn command_result(
        emitter: &SignalEmitter<'_>,
        turn: u64,
        intent: &str,
        done: bool,
        error: &str,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn reply(emitter: &SignalEmitter<'_>, turn: u64, text: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn speaking_started(emitter: &SignalEmitter<'_>, turn: u64) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn speaking_ended(emitter: &SignalEmitter<'_>, turn: u64) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn turn_ended(
        emitter: &SignalEmitter<'_>,
        turn: u64,
        outcome: &str,
        timings: SlotDict,
    ) -> zbus::Result<()>;
}

/// Sends the signal of a notice. Properties are announced by [`crate::Service`].
pub(crate) async fn emit(emitter: &SignalEmitter<'_>, notice: Notice) -> zbus::Result<()> {
    match notice {
        Notice::State(_) | Notice::Muted(_) | Notice::Degraded(_) => Ok(()),
        Notice::TurnStarted { turn, cause, zone } => {
            let zone = zone.map_or("", Zone::as_str);
            Assistant::turn_started(emitter, turn.0, &cause.to_string(), zone).await
        }
        Notice::PartialTranscript { turn, text } => {
            Assistant::partial_transcript(emitter, turn.0, &text).await
        }
        Notice::Transcript { turn, text, confidence } => {
            Assistant::transcript(emitter, turn.0, &text, confidence).await
        }
        Notice::Command { turn, command, confidence } => {
            let slots = slot_dict(command.slots);
            Assistant::command(emitter, turn.0, &command.intent, slots, confidence).await
        }
        Notice::CommandResult { turn, intent, error } => {
            let reason = error.as_deref().unwrap_or_default();
            Assistant::command_result(emitter, turn.0, &intent, error.is_none(), reason).await
        }
        Notice::Reply { turn, text } => Assistant::reply(emitter, turn.0, &text).await,
        Notice::SpeakingStarted { turn } => Assistant::speaking_started(emitter, turn.0).await,
        Notice::SpeakingEnded { turn } => Assistant::speaking_ended(emitter, turn.0).await,
        Notice::TurnEnded { turn, outcome, timings } => {
            let timings = timings.delays().map(|(key, ms)| (key.to_owned(), Variant::from(ms))).collect();
            Assistant::turn_ended(emitter, turn.0, &outcome.to_string(), timings).await
        }
    }
}

/// An `a{sv}` in the order of its keys.
type SlotDict = BTreeMap<String, Variant<'static>>;

fn slot_dict(slots: Slots) -> SlotDict {
    slots
        .into_iter()
        .map(|(name, value)| match value {
            SlotValue::Number(number) => (name, Variant::from(number)),
            SlotValue::Text(text) => (name, Variant::from(text)),
        })
        .collect()
}
