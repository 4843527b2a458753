//! The whole pipeline between a recording and a simulated car: what replay and bench run.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context;
use carvoice_audio::FileSink;
use carvoice_bus::BusKind;
use carvoice_core::audio::{SAMPLE_RATE, Speech};
use carvoice_core::engine::{AudioError, AudioSink, AudioSource, TurnId};
use carvoice_core::turn::{Event, Notice, Rejection, State};
use carvoice_vehicle::{Car, Motion, Simulator};
use crossbeam_channel::{Receiver, bounded, unbounded};

use crate::config::Config;
use crate::engines::{self, Ends, SharedCatalogue, VOICE_RATE};
use crate::pipeline::Pipeline;
use crate::pipeline::clock::{Clock, Paced};
use crate::pipeline::turn::Input;
use crate::sandbox::PrivateBus;
use crate::skills;

/// Nothing in a turn takes this long; every state has a shorter deadline.
const PATIENCE: Duration = Duration::from_secs(60);
/// A shorter rest of a recording holds no further command.
const SHORTEST_REST: usize = SAMPLE_RATE as usize / 2;

/// A recording under the pipeline's microphone, with silence before and after it.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<(Speech, usize)>>);

impl Tape {
    fn insert(&self, speech: Speech) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (speech, 0);
    }

    fn left(&self) -> usize {
        let tape = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tape.0.len() - tape.1
    }
}

impl AudioSource for Tape {
    fn read(&mut self, out: &mut [f32], _wait: Duration) -> Result<usize, AudioError> {
        let mut tape = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (speech, position) = &mut *tape;
        let rest = speech.get(*position..).unwrap_or_default();
        let count = rest.len().min(out.len());
        out.fill(0.0);
        out.iter_mut().zip(rest).for_each(|(out, sample)| *out = *sample);
        *position += count;
        Ok(out.len())
    }
}

/// Something that happened, in seconds since the recording began.
pub struct Happened {
    pub t: f64,
    pub notice: Notice,
}

impl Happened {
    fn since(origin: Duration, at: Duration, notice: Notice) -> Self {
        Self { t: at.saturating_sub(origin).as_secs_f64(), notice }
    }
}

/// A running pipeline on a private bus with a simulated car.
pub struct Stage {
    tape: Tape,
    clock: Clock,
    sink: FileSink,
    notices: Receiver<(Duration, Notice)>,
    // Dropped in this order: nobody talks to a bus that is gone.
    pipeline: Pipeline,
    _car: Simulator,
    _bus: PrivateBus,
}

impl Stage {
    /// Starts everything and waits for the models. The car drives at the configured speed.
    ///
    /// # Errors
    /// When the bus or the car do not start. A missing model is a degraded pipeline, not an error.
    pub fn start(config: &Config, fast: bool) -> anyhow::Result<Self> {
        let bus = PrivateBus::start()?;
        let motion = Motion::at_speed(config.vehicle.speed_kmh).context("vehicle.speed_kmh")?;
        let builder = zbus::connection::Builder::address(bus.address());
        let car = Simulator::start(builder, Car::new(motion), carvoice_vehicle::Options::default(), || {})
            .context("the simulated vehicle does not start")?;

        let (catalogue, faults) = skills::load(&config.skills.folders);
        for fault in faults {
            eprintln!("{fault}");
        }
        let catalogue: SharedCatalogue = Arc::new(RwLock::new(Arc::new(catalogue)));
        let mut config = config.clone();
        // No loudspeaker is heard on a recording, and what follows a command there is the next one.
        config.audio.echo_cancellation = false;
        let config = Arc::new(config);
        let clock = Clock::new(fast);
        let tape = Tape::default();
        let sink = FileSink::new(VOICE_RATE);
        let (for_pipeline, pace, speaker) = (tape.clone(), clock.clone(), sink.clone());
        let ends = Ends {
            source: Box::new(move || Ok(Box::new(Paced::new(for_pipeline.clone(), pace.clone())))),
            sink: Box::new(move || Ok(Box::new(speaker.clone()) as Box<dyn AudioSink>)),
            bus: BusKind::Address(bus.address().to_owned()),
            // A recording begins with an order, as after push-to-talk.
            wakes: false,
            memory: None,
        };
        // Unbounded: it is read to its end after each recording, and a turn has some twenty notices.
        let (to_reader, notices) = unbounded();
        let mut pipeline = Pipeline::start(
            engines::machine(&config, &engines::current(&catalogue)),
            engines::all(&config, &catalogue, ends),
            clock.clone(),
            Box::new(move |now, notice| {
                let _ = to_reader.send((now, notice.clone()));
            }),
        )?;
        pipeline.wait_until_built();
        Ok(Self { tape, clock, sink, notices, pipeline, _car: car, _bus: bus })
    }

    /// The engines that are missing.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for (_, notice) in self.notices.try_iter() {
            if let Notice::Degraded(engines) = notice {
                missing = engines.iter().map(ToString::to_string).collect();
            }
        }
        missing
    }

    /// Presses push-to-talk and plays the recording, again and again while something of it is left, and
    /// calls `seen` for everything that happens until the assistant rests.
    ///
    /// # Errors
    /// When the assistant does not take the turn, or does not come to rest.
    pub fn play(
        &mut self,
        speech: &Speech,
        mut seen: impl FnMut(&Happened) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let _ = self.missing();
        let mut origin = None;
        loop {
            self.press()?.map_err(|reason| anyhow::anyhow!("{reason}"))?;
            // The recording begins when somebody listens, or its first word would be lost.
            let early = self.until_listening()?;
            let origin = *origin.get_or_insert_with(|| {
                self.tape.insert(Arc::clone(speech));
                self.clock.now()
            });
            for (at, notice) in early {
                seen(&Happened::since(origin, at, notice))?;
            }
            self.until_rest(origin, &mut seen)?;
            if self.tape.left() < SHORTEST_REST {
                return Ok(());
            }
        }
    }

    /// What was spoken since the last call.
    pub fn take_reply(&self) -> Vec<f32> {
        self.sink.take()
    }

    /// Samples per second of [`Stage::take_reply`].
    pub fn reply_rate(&self) -> u32 {
        VOICE_RATE
    }

    fn press(&self) -> anyhow::Result<Result<TurnId, Rejection>> {
        let (to_us, answer) = bounded(1);
        let request = Event::Pressed { zone: None, hold: false };
        let taken = self.pipeline.to_turn().send(Input::Request(
            request,
            Box::new(move |result| {
                let _ = to_us.send(result);
            }),
        ));
        anyhow::ensure!(taken, "the pipeline takes no request");
        answer.recv_timeout(PATIENCE).context("the pipeline does not answer")
    }

    /// Everything up to the moment when the microphone is listened to.
    fn until_listening(&self) -> anyhow::Result<Vec<(Duration, Notice)>> {
        let mut seen = Vec::new();
        loop {
            let (at, notice) = self.notices.recv_timeout(PATIENCE).context("the pipeline hangs")?;
            let listening = matches!(notice, Notice::State(State::Listening));
            seen.push((at, notice));
            if listening {
                return Ok(seen);
            }
        }
    }

    fn until_rest(
        &mut self,
        origin: Duration,
        seen: &mut impl FnMut(&Happened) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        loop {
            let (at, notice) = self.notices.recv_timeout(PATIENCE).context("the pipeline hangs")?;
            let state = if let Notice::State(state) = notice { Some(state) } else { None };
            seen(&Happened::since(origin, at, notice))?;
            match state {
                Some(State::Idle) => return Ok(()),
                // Nothing more is said: the next recording begins anew.
                Some(State::FollowUp) if self.tape.left() < SHORTEST_REST => {
                    self.pipeline.to_turn().event(Event::Cancelled);
                }
                Some(State::FollowUp) => return Ok(()),
                _ => {}
            }
        }
    }
}
