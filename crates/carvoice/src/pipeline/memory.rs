//! The memory thread: the only one that touches the file of what is kept.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use carvoice_core::engine::{EngineError, Memory, MemoryError};
use carvoice_core::memory::Change;
use carvoice_core::turn::{Engine, Event};
use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::guard::{Guarded, Make};
use super::turn::ToTurn;
use super::wall_clock;

/// Time between two looks whether another program has changed the file.
const LOOK: Duration = Duration::from_secs(2);
/// Time between two attempts to use a file that could not be used.
const RETRY: Duration = Duration::from_secs(10);
/// Changes that wait for a file that can be used: all that the turn machine can keep, and more.
const MOST_WAITING: usize = 512;

pub fn run(jobs: &Receiver<Change>, make: Make<Box<dyn Memory>>, to_turn: &ToTurn, built: impl FnOnce()) {
    let mut keeper = Keeper {
        memory: Guarded::new(Engine::Memory, make, to_turn.clone()),
        waiting: VecDeque::new(),
        tried: Instant::now(),
        to_turn: to_turn.clone(),
    };
    keeper.load();
    built();
    loop {
        match jobs.recv_timeout(LOOK) {
            Ok(change) => keeper.take(change),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        keeper.work();
    }
}

struct Keeper {
    memory: Guarded<Box<dyn Memory>>,
    /// Changes that are not on the disk yet.
    waiting: VecDeque<Change>,
    /// When the file was tried last.
    tried: Instant,
    to_turn: ToTurn,
}

impl Keeper {
    fn take(&mut self, change: Change) {
        if self.waiting.len() == MOST_WAITING {
            tracing::warn!("more changes than can wait for the memory; the oldest is dropped");
            self.waiting.pop_front();
        }
        self.waiting.push_back(change);
    }

    /// Writes what waits, then looks for changes of others.
    fn work(&mut self) {
        let was_lost = self.memory.engine().is_none();
        if was_lost {
            if self.tried.elapsed() < RETRY {
                return;
            }
            self.tried = Instant::now();
            self.memory.revive();
        }
        while self.memory.engine().is_some()
            && let Some(change) = self.waiting.front().cloned()
        {
            if self.run(|memory| memory.change(&change)).is_none() {
                return;
            }
            self.waiting.pop_front();
            // Also after the turn thread found the queue full.
            self.to_turn.event(Event::EngineReady(Engine::Memory));
        }
        if self.memory.engine().is_some()
            && (was_lost || self.run(|memory| memory.was_changed()) == Some(true))
        {
            self.load();
        }
    }

    fn load(&mut self) {
        if self.memory.engine().is_some()
            && let Some(notes) = self.run(|memory| memory.load())
        {
            self.to_turn.event(Event::Remembered { notes, clock: wall_clock::now() });
        }
    }

    /// None when it did not work; the memory is then out of order until the next attempt.
    fn run<R>(&mut self, work: impl FnOnce(&mut Box<dyn Memory>) -> Result<R, MemoryError>) -> Option<R> {
        match self.memory.run(|memory| work(memory).map_err(EngineError::failed)) {
            Ok(result) => Some(result),
            Err(reason) => {
                tracing::warn!("memory: {reason}");
                self.memory.close();
                self.tried = Instant::now();
                self.to_turn.event(Event::EngineLost(Engine::Memory));
                None
            }
        }
    }
}
