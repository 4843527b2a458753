//! `carvoice daemon`: the service.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use anyhow::Context;
use carvoice_audio::{FileSink, Reference};
use carvoice_bus::{Client, Description, Request, Service};
use carvoice_core::engine::{AudioSink, AudioSource};
use carvoice_core::turn::{Engine, Event, Notice};
use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use crate::announcer::Announcer;
use crate::config::Config;
use crate::engines::{self, Ends, SharedCatalogue, VOICE_RATE, bus_kind};
use crate::pipeline::Pipeline;
use crate::pipeline::clock::Clock;
use crate::pipeline::guard::Make;
use crate::pipeline::turn::Publish;
use crate::reception::Reception;
use crate::self_test;
use crate::skills;
use crate::supervision::Supervision;

/// Why the service ends.
enum End {
    Signal(i32),
    BusLost,
}

pub fn run(mut config: Config) -> anyhow::Result<ExitCode> {
    let begin = Instant::now();
    // Before the models are loaded: without a bus, or beside another service, that would be in vain.
    if Client::connect(bus_kind(&config))?.is_running()? {
        anyhow::bail!("another carvoice daemon is already on the {} bus; stop it first", config.bus);
    }
    Supervision::starting();
    let refused = self_test::choose(&mut config);
    let config = Arc::new(config);
    let (catalogue, faults) = skills::load(&config.skills.folders);
    for fault in faults {
        tracing::warn!("skill left out: {fault}");
    }
    let catalogue: SharedCatalogue = Arc::new(RwLock::new(Arc::new(catalogue)));
    let (to_main, ends) = bounded(4);
    watch_signals(to_main.clone())?;
    let announcer = Arc::new(Announcer::default());
    let replies = config
        .audio
        .output
        .strip_prefix("folder:")
        .map(|folder| Replies { folder: PathBuf::from(folder), sink: FileSink::new(VOICE_RATE) });
    if let Some(replies) = &replies {
        std::fs::create_dir_all(&replies.folder)
            .with_context(|| format!("cannot make {}", replies.folder.display()))?;
    }
    let reference = Reference::default();
    let pipes = Ends {
        source: source(&config, &reference),
        sink: sink(&config, replies.as_ref(), &reference),
        bus: bus_kind(&config),
        wakes: !config.wake.word.is_empty(),
        memory: Some(engines::memory_file(&config)),
    };
    let mut pipeline = Pipeline::start(
        engines::machine(&config, &engines::current(&catalogue)),
        engines::all(&config, &catalogue, pipes),
        Clock::new(false),
        publish(&config, Arc::clone(&announcer), replies),
    )?;
    if let Some(refused) = refused {
        let instead =
            if refused.replaced { "the set before it is used" } else { "there is no set before it" };
        tracing::error!("the newest set of models is refused, {instead}: {}", refused.reason);
        pipeline.to_turn().event(Event::EngineLost(Engine::Models));
    }
    pipeline.wait_until_built();
    // The name on the bus means that everything is ready.
    let reception = Reception::new(&pipeline, &config, &catalogue, &announcer);
    announcer.join(start_service(&config, &catalogue, reception, to_main)?);
    let missing = || announcer.service().map(Service::degraded).unwrap_or_default();
    let intents = engines::current(&catalogue).intents().len();
    let mut supervision = Supervision::ready(pipeline.to_turn().clone(), intents, &missing());
    let milliseconds = begin.elapsed().as_millis() as u64;
    tracing::info!(milliseconds, "ready after {milliseconds} ms");

    let end = loop {
        match ends.recv_timeout(supervision.pause()) {
            Ok(end) => break end,
            Err(RecvTimeoutError::Timeout) => supervision.beat(&missing()),
            Err(RecvTimeoutError::Disconnected) => anyhow::bail!("every watcher has gone"),
        }
    };
    Supervision::stopping();
    tracing::info!("ending");
    drop(pipeline);
    match end {
        End::Signal(number) => {
            tracing::info!(signal = number, "ended by a signal");
            Ok(ExitCode::SUCCESS)
        }
        End::BusLost => anyhow::bail!("the message bus is gone; start it and carvoice again"),
    }
}

fn start_service(
    config: &Config,
    catalogue: &SharedCatalogue,
    reception: Reception,
    to_main: Sender<End>,
) -> anyhow::Result<Service> {
    let intents = engines::current(catalogue).intents().iter().map(|intent| intent.name.clone()).collect();
    let description = Description { language: "en".to_owned(), intents, muted: false };
    Ok(Service::start(bus_kind(config), description, move |request| {
        if let Request::BusLost = request {
            let _ = to_main.try_send(End::BusLost);
            return Ok(());
        }
        reception.take(request)
    })?)
}

/// Replies kept as files.
#[derive(Clone)]
struct Replies {
    folder: PathBuf,
    sink: FileSink,
}

fn source(config: &Arc<Config>, reference: &Reference) -> Make<Box<dyn AudioSource>> {
    let (config, reference) = (Arc::clone(config), reference.clone());
    Box::new(move || engines::ears(&config, &reference))
}

fn sink(config: &Arc<Config>, replies: Option<&Replies>, reference: &Reference) -> Make<Box<dyn AudioSink>> {
    let (config, reference) = (Arc::clone(config), reference.clone());
    let sink = replies.map(|replies| replies.sink.clone());
    Box::new(move || match &sink {
        Some(sink) => Ok(Box::new(sink.clone()) as Box<dyn AudioSink>),
        None => engines::loudspeaker(&config, VOICE_RATE, &reference),
    })
}

fn publish(config: &Arc<Config>, announcer: Arc<Announcer>, replies: Option<Replies>) -> Publish {
    let log_transcripts = config.privacy.log_transcripts;
    Box::new(move |_: Duration, notice: &Notice| {
        log(notice, log_transcripts);
        // Kept before it is announced: who hears of the reply finds its file.
        if let (Some(replies), Notice::SpeakingEnded { turn }) = (&replies, notice) {
            let file = replies.folder.join(format!("reply-{}.wav", turn.0));
            if let Err(reason) = replies.sink.save(&file) {
                tracing::warn!("{reason}");
            }
        }
        announcer.emit(notice.clone());
    })
}

/// The log never holds words that were spoken unless the configuration says so. The journal shows the
/// sentence and finds by the fields, so what matters is in both.
fn log(notice: &Notice, transcripts: bool) {
    match notice {
        Notice::Transcript { turn, text, confidence } if transcripts => {
            tracing::info!(turn = turn.0, confidence, text, "turn {}: transcript {text:?}", turn.0);
        }
        Notice::Command { turn, command, .. } => {
            tracing::info!(turn = turn.0, intent = command.intent, "turn {}: {}", turn.0, command.intent);
        }
        Notice::CommandResult { turn, intent, error: Some(error) } => {
            tracing::warn!(turn = turn.0, intent, error, "turn {}: {intent} failed: {error}", turn.0);
        }
        Notice::TurnEnded { turn, outcome, .. } => {
            tracing::info!(turn = turn.0, %outcome, "turn {}: {outcome}", turn.0);
        }
        Notice::Degraded(engines) if !engines.is_empty() => {
            let missing = engines.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            tracing::warn!(missing, "missing: {missing}; `carvoice doctor` tells why");
        }
        _ => {}
    }
}

fn watch_signals(to_main: Sender<End>) -> anyhow::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for number in signals.forever() {
            if to_main.send(End::Signal(number)).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}
