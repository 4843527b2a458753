//! The pipeline: every thread and every queue of the assistant, declared in one place. The service and
//! `carvoice replay` run the same one; only the ends differ.

pub mod act;
mod chime;
pub mod clock;
pub mod guard;
pub mod listen;
mod memory;
mod speak;
pub mod think;
pub mod turn;
mod wake;
mod wall_clock;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread::{Builder, JoinHandle};

use carvoice_core::engine::{Actuator, AudioSink, Memory, Synthesizer, Transcriber, Understander};
use carvoice_core::turn::Machine;
use crossbeam_channel::{Sender, bounded};
use crossbeam_utils::sync::WaitGroup;

use act::ActJob;
use clock::Clock;
use guard::Make;
use listen::{Ears, ListenJob};
use speak::SpeakJob;
use think::ThinkJob;
use turn::{Input, Publish, ToTurn, TurnThread, Workers};

/// Events on their way to the turn thread: a burst of bus calls fits, a flood is refused as busy.
const TURN_QUEUE: usize = 64;
/// Jobs of one worker: the one after the current, and one that supersedes it.
const WORKER_QUEUE: usize = 2;
/// Jobs of the act thread: the same, and two orders to lower and raise the music.
const ACT_QUEUE: usize = WORKER_QUEUE + 2;
/// A reply, the one that supersedes it, and the chimes around them.
const SPEAK_QUEUE: usize = 4;
/// Changes of what is kept: all of it at once, and more.
const MEMORY_QUEUE: usize = 256;
/// Orders to the listen thread: short, and read every 20 ms.
const LISTEN_QUEUE: usize = 8;

/// How to build each engine. Each is built in its own thread, all at the same time.
pub struct Engines {
    pub ears: Ears,
    pub transcriber: Make<Box<dyn Transcriber>>,
    pub understander: Make<Box<dyn Understander>>,
    pub synthesizer: Make<Box<dyn Synthesizer>>,
    pub sink: Make<Box<dyn AudioSink>>,
    pub actuator: Make<Box<dyn Actuator>>,
    /// None where nothing is kept beyond the end of the program.
    pub memory: Option<Make<Box<dyn Memory>>>,
}

/// The running threads. They end when this is dropped.
pub struct Pipeline {
    to_turn: ToTurn,
    to_think: Sender<ThinkJob>,
    to_act: Sender<ActJob>,
    built: Option<WaitGroup>,
    threads: Vec<JoinHandle<()>>,
}

impl Pipeline {
    /// Starts every thread. `publish` is called on the turn thread and must not wait.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn start(
        machine: Machine,
        engines: Engines,
        clock: Clock,
        publish: Publish,
    ) -> std::io::Result<Self> {
        let (to_turn, inputs) = bounded(TURN_QUEUE);
        let (to_listen, listen_jobs) = bounded::<ListenJob>(LISTEN_QUEUE);
        let (to_think, think_jobs) = bounded::<ThinkJob>(WORKER_QUEUE);
        let (to_act, act_jobs) = bounded::<ActJob>(ACT_QUEUE);
        let (to_speak, speak_jobs) = bounded::<SpeakJob>(SPEAK_QUEUE);
        let (to_memory, memory_jobs) = bounded(MEMORY_QUEUE);
        let to_turn = ToTurn::new(to_turn);

        let Engines { ears, transcriber, understander, synthesizer, sink, actuator, memory } = engines;
        let quiet = Arc::new(AtomicBool::new(false));
        let turn = TurnThread {
            machine,
            clock: clock.clone(),
            inputs,
            workers: Workers {
                to_listen,
                to_think: to_think.clone(),
                to_act: to_act.clone(),
                to_speak,
                to_memory: memory.is_some().then_some(to_memory),
                speech: Arc::new(AtomicU64::new(0)),
                guess: Arc::new(AtomicU64::new(0)),
                quiet: Arc::clone(&quiet),
            },
            publish,
            jobs_dropped: 0,
            current: Arc::new(AtomicU64::new(0)),
        };
        let [a, b, c, d, i] = [(); 5].map(|()| to_turn.clone());
        let built = WaitGroup::new();
        let [e, f, g, h, j] = [(); 5].map(|()| built.clone());
        let mut threads = vec![
            spawn("turn", move || turn.run())?,
            spawn("listen", move || listen::run(&listen_jobs, ears, &clock, &a, || drop(e)))?,
            spawn("think", move || think::run(&think_jobs, transcriber, understander, &b, || drop(f)))?,
            spawn("act", move || act::run(&act_jobs, actuator, &quiet, &c, || drop(g)))?,
            spawn("speak", move || speak::run(&speak_jobs, synthesizer, sink, &d, || drop(h)))?,
        ];
        if let Some(memory) = memory {
            threads.push(spawn("memory", move || memory::run(&memory_jobs, memory, &i, || drop(j)))?);
        }
        Ok(Self { to_turn, to_think, to_act, built: Some(built), threads })
    }

    /// Waits until every engine is built, or known not to be.
    pub fn wait_until_built(&mut self) {
        if let Some(built) = self.built.take() {
            built.wait();
        }
    }

    /// The way to send events and requests.
    pub fn to_turn(&self) -> &ToTurn {
        &self.to_turn
    }

    /// The way to parse text outside a turn.
    pub fn to_think(&self) -> &Sender<ThinkJob> {
        &self.to_think
    }

    /// The way to tell the actuator of changed skills.
    pub fn to_act(&self) -> &Sender<ActJob> {
        &self.to_act
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        // The turn thread's end drops its queues, which ends the listen, speak and memory threads. Others may
        // still hold the queues of the other two.
        while !self.to_turn.send(Input::Shutdown) {
            if self.threads.first().is_none_or(JoinHandle::is_finished) {
                break;
            }
            std::thread::yield_now();
        }
        let _ = self.to_think.send(ThinkJob::End);
        let _ = self.to_act.send(ActJob::End);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a pipeline thread panicked");
            }
        }
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    Builder::new().name(name.to_owned()).spawn(body)
}
