//! The turn thread: runs the turn machine and hands its effects to the other threads.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use carvoice_core::engine::{ActError, Cancel, EngineError, TurnId};
use carvoice_core::memory::Change;
use carvoice_core::policy::Policy;
use carvoice_core::turn::{Effect, Engine, Event, Machine, Notice, Rejection, State};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError};

use super::act::ActJob;
use super::clock::Clock;
use super::listen::ListenJob;
use super::speak::SpeakJob;
use super::think::ThinkJob;
use super::wall_clock;

/// Who is told the answer to a request.
pub type Answer = Box<dyn FnOnce(Result<TurnId, Rejection>) + Send>;

/// What reaches the turn thread.
pub enum Input {
    /// Something happened.
    Event(Event),
    /// Someone asks for something and waits for the answer.
    Request(Event, Answer),
    /// The skills have changed: judge by these from now on.
    SetPolicy(Box<Policy>),
    /// Someone wants to know whether the thread still goes round.
    Probe(Sender<()>),
    /// The pipeline ends.
    Shutdown,
}

/// The way into the turn thread. A full queue drops the event, counts and logs it: every state has a
/// deadline, so nothing is stuck by that.
#[derive(Clone)]
pub struct ToTurn {
    to_turn: Sender<Input>,
    dropped: Arc<AtomicU64>,
}

impl ToTurn {
    pub fn new(to_turn: Sender<Input>) -> Self {
        Self { to_turn, dropped: Arc::default() }
    }

    pub fn event(&self, event: Event) {
        let _ = self.send(Input::Event(event));
    }

    /// Whether there was room.
    pub fn send(&self, input: Input) -> bool {
        match self.to_turn.try_send(input) {
            Ok(()) => true,
            Err(TrySendError::Disconnected(_)) => false,
            Err(TrySendError::Full(_)) => {
                let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
                tracing::warn!(events_dropped = dropped, "the turn queue is full");
                false
            }
        }
    }
}

/// Told every notice with its time, on the turn thread: must not wait.
pub type Publish = Box<dyn FnMut(Duration, &Notice) + Send>;

/// The ends of the queues that the turn thread feeds.
pub struct Workers {
    pub to_listen: Sender<ListenJob>,
    pub to_think: Sender<ThinkJob>,
    pub to_act: Sender<ActJob>,
    pub to_speak: Sender<SpeakJob>,
    pub to_memory: Option<Sender<Change>>,
    /// Number of the speech that may be heard; older speech stops.
    pub speech: Arc<AtomicU64>,
    /// Number of the guess that is worked on; work for any other is cancelled.
    pub guess: Arc<AtomicU64>,
    /// Whether music is to be in the background: from the beginning of a turn to its end.
    pub quiet: Arc<AtomicBool>,
}

/// The turn thread's own data.
pub struct TurnThread {
    pub machine: Machine,
    pub clock: Clock,
    pub inputs: Receiver<Input>,
    pub workers: Workers,
    pub publish: Publish,
    /// Jobs that found a worker's queue full.
    pub jobs_dropped: u64,
    /// Number of the current turn, read by the workers' [`Cancel`] tokens.
    pub current: Arc<AtomicU64>,
}

impl TurnThread {
    /// Runs until [`Input::Shutdown`], or until nobody can send any more.
    pub fn run(mut self) {
        loop {
            let input = match self.machine.deadline() {
                Some(deadline) => self.inputs.recv_timeout(deadline.saturating_sub(self.clock.now())),
                None => self.inputs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match input {
                Ok(Input::Event(event)) => self.step(event, None),
                Ok(Input::Request(event, answer)) => self.step(event, Some(answer)),
                Err(RecvTimeoutError::Timeout) => self.step(Event::ClockRead(wall_clock::now()), None),
                Ok(Input::SetPolicy(policy)) => self.machine.set_policy(*policy),
                // Nobody waits for an answer that there is no room for.
                Ok(Input::Probe(answer)) => drop(answer.try_send(())),
                Ok(Input::Shutdown) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.workers.speech.fetch_add(1, Ordering::AcqRel);
        self.current.store(u64::MAX, Ordering::Release);
    }

    /// One event, and whatever it fails at once: a worker whose queue is full is a failed engine.
    fn step(&mut self, event: Event, mut answer: Option<Answer>) {
        let mut waiting = VecDeque::from([event]);
        while let Some(event) = waiting.pop_front() {
            for effect in self.machine.step(event, self.clock.now()) {
                if let Effect::Answer(result) = effect {
                    if let Some(answer) = answer.take() {
                        answer(result);
                    }
                } else if let Err(failed) = self.carry_out(effect) {
                    self.jobs_dropped += 1;
                    tracing::warn!(jobs_dropped = self.jobs_dropped, "a worker's queue is full");
                    waiting.push_back(failed);
                }
            }
        }
    }

    /// `Err` is the event that says it could not be done.
    fn carry_out(&mut self, effect: Effect) -> Result<(), Event> {
        let workers = &self.workers;
        let busy = || EngineError::failed("too much to do at once");
        match effect {
            Effect::Answer(_) => Ok(()),
            Effect::Supersede(turn) => {
                self.current.store(turn.0, Ordering::Release);
                Ok(())
            }
            Effect::GuessWords { turn, guess, speech } => {
                workers.guess.store(guess.0, Ordering::Release);
                let cancel = Cancel::new(guess, Arc::clone(&workers.guess));
                let job = ThinkJob::Transcribe { turn, guess: Some(guess), speech, cancel };
                give(&workers.to_think, job, || Event::WordsGuessed { turn, guess, result: Err(busy()) })
            }
            Effect::GuessMeaning { turn, guess, text, context } => {
                let cancel = Cancel::new(guess, Arc::clone(&workers.guess));
                let job = ThinkJob::Understand { turn, guess: Some(guess), text, context, cancel };
                give(&workers.to_think, job, || Event::MeaningGuessed { turn, guess, result: Err(busy()) })
            }
            Effect::DropGuess => {
                workers.guess.store(0, Ordering::Release);
                Ok(())
            }
            // Without it the utterance ends after the usual time.
            Effect::EndAfter { turn, silence } => {
                give(&workers.to_listen, ListenJob::EndAfter { turn, silence }, || Event::Tick)
            }
            Effect::StartListening { turn, hold } => {
                self.clock.may_skip(true);
                give(&workers.to_listen, ListenJob::Start { turn, hold }, || Event::NoSpeech { turn })
            }
            Effect::KeepListening { turn } => {
                give(&workers.to_listen, ListenJob::Keep { turn }, || Event::NoSpeech { turn })
            }
            Effect::EndUtterance { turn } => {
                give(&workers.to_listen, ListenJob::Finish { turn }, || Event::NoSpeech { turn })
            }
            // These two must not be lost. The listen thread takes an order every 20 ms, so this waits
            // for one at most.
            Effect::StopListening => {
                let _ = workers.to_listen.send(ListenJob::Stop);
                Ok(())
            }
            Effect::SetMuted(muted) => {
                let _ = workers.to_listen.send(ListenJob::SetMuted(muted));
                Ok(())
            }
            Effect::Transcribe { turn, speech } => {
                let job = ThinkJob::Transcribe { turn, guess: None, speech, cancel: self.cancel(turn) };
                give(&workers.to_think, job, || Event::Transcribed { turn, result: Err(busy()) })
            }
            Effect::Understand { turn, text, context } => {
                let job =
                    ThinkJob::Understand { turn, guess: None, text, context, cancel: self.cancel(turn) };
                give(&workers.to_think, job, || Event::Understood { turn, result: Err(busy()) })
            }
            Effect::ReadCar { turn } => give(&workers.to_act, ActJob::ReadCar { turn }, || Event::CarRead {
                turn,
                car: Err(ActError::Failed("the car is still busy with an earlier call".to_owned())),
                clock: wall_clock::now(),
            }),
            Effect::Act { turn, approved } => {
                give(&workers.to_act, ActJob::Act { turn, approved }, || Event::Acted {
                    turn,
                    result: Err(ActError::Failed("the car is still busy with an earlier call".to_owned())),
                })
            }
            Effect::Say { turn, text } => {
                let speech = workers.speech.fetch_add(1, Ordering::AcqRel) + 1;
                let cancel = Cancel::new(TurnId(speech), Arc::clone(&workers.speech));
                let job = SpeakJob::Say { turn, text, cancel };
                give(&workers.to_speak, job, || Event::Spoken { turn, result: Err(busy()) })
            }
            Effect::StopSpeaking => {
                workers.speech.fetch_add(1, Ordering::AcqRel);
                Ok(())
            }
            Effect::Chime(chime) => give(&workers.to_speak, SpeakJob::Chime(chime), || Event::Tick),
            Effect::Remember(change) => match &workers.to_memory {
                Some(to_memory) => give(to_memory, change, || Event::EngineLost(Engine::Memory)),
                None => Ok(()),
            },
            Effect::Publish(notice) => {
                // Nothing but listening may be hurried through.
                if matches!(notice, Notice::State(state) if state != State::Listening && state != State::FollowUp)
                {
                    self.clock.may_skip(false);
                }
                if let Notice::State(state) = notice {
                    let quiet = state != State::Idle;
                    if workers.quiet.swap(quiet, Ordering::AcqRel) != quiet {
                        let _ = workers.to_act.try_send(ActJob::Volume);
                    }
                }
                (self.publish)(self.clock.now(), &notice);
                Ok(())
            }
        }
    }

    fn cancel(&self, turn: TurnId) -> Cancel {
        Cancel::new(turn, Arc::clone(&self.current))
    }
}

fn give<T>(queue: &Sender<T>, job: T, failed: impl FnOnce() -> Event) -> Result<(), Event> {
    queue.try_send(job).map_err(|_| failed())
}
