//! Keeps an engine alive: builds it in its own thread, rebuilds it after a panic, and gives up on a
//! second one so that the service manager starts a fresh process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use carvoice_core::engine::EngineError;
use carvoice_core::turn::{Engine, Event};

use super::turn::ToTurn;

/// Two panics within this time end the process.
const PANIC_WINDOW: Duration = Duration::from_secs(60);

/// Builds an engine; the text of a failure names the remedy.
pub type Make<T> = Box<dyn FnMut() -> Result<T, String> + Send>;

/// An engine and what is needed to make it again.
pub struct Guarded<T> {
    kind: Engine,
    make: Make<T>,
    engine: Option<T>,
    last_panic: Option<Instant>,
    last_fault: Option<String>,
    to_turn: ToTurn,
}

impl<T> Guarded<T> {
    /// Builds the engine and tells the turn loop whether that worked.
    pub fn new(kind: Engine, make: Make<T>, to_turn: ToTurn) -> Self {
        let mut guarded = Self { kind, make, engine: None, last_panic: None, last_fault: None, to_turn };
        guarded.build();
        guarded
    }

    fn build(&mut self) {
        match catch_unwind(AssertUnwindSafe(|| (self.make)())) {
            Ok(Ok(engine)) => {
                self.engine = Some(engine);
                self.last_fault = None;
                self.to_turn.event(Event::EngineReady(self.kind));
            }
            Ok(Err(reason)) => {
                // A missing microphone is looked for again and again, but told once.
                if self.last_fault.as_ref() != Some(&reason) {
                    tracing::warn!("{}: {reason}", self.kind);
                    self.last_fault = Some(reason);
                }
                self.to_turn.event(Event::EngineLost(self.kind));
            }
            Err(_) => {
                tracing::error!("{}: panicked while it was being built", self.kind);
                self.to_turn.event(Event::EngineLost(self.kind));
            }
        }
    }

    /// The engine, if there is one.
    pub fn engine(&mut self) -> Option<&mut T> {
        self.engine.as_mut()
    }

    /// Drops the engine; the next [`Guarded::revive`] builds it again.
    pub fn close(&mut self) {
        self.engine = None;
    }

    /// Builds the engine if there is none.
    pub fn revive(&mut self) {
        if self.engine.is_none() {
            self.build();
        }
    }

    /// Runs `work` on the engine.
    ///
    /// # Errors
    /// What `work` says, or that there is no engine, or that it panicked.
    pub fn run<R>(&mut self, work: impl FnOnce(&mut T) -> Result<R, EngineError>) -> Result<R, EngineError> {
        let Some(engine) = self.engine.as_mut() else {
            return Err(EngineError::failed(format_args!("the {} is not available", self.kind)));
        };
        match catch_unwind(AssertUnwindSafe(|| work(engine))) {
            Ok(result) => result,
            Err(_) => Err(self.panicked()),
        }
    }

    fn panicked(&mut self) -> EngineError {
        if self.last_panic.is_some_and(|last| last.elapsed() < PANIC_WINDOW) {
            tracing::error!(
                "{}: panicked twice within a minute; ending so that a fresh process can start",
                self.kind
            );
            std::process::exit(1);
        }
        tracing::error!("{}: panicked; building it again", self.kind);
        self.last_panic = Some(Instant::now());
        self.engine = None;
        self.build();
        EngineError::failed(format_args!("the {} broke and was started again", self.kind))
    }
}
