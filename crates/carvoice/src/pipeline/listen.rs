//! The listen thread: reads the microphone without a pause and finds utterances in it.

use std::time::{Duration, Instant};

use carvoice_core::audio::SAMPLE_RATE;
use carvoice_core::engine::{AudioSource, EngineError, TurnId, VoiceActivity, WakeWord};
use carvoice_core::turn::{Engine, Event};
use carvoice_listen::{Endpointer, Heard, Options};
use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError};

use super::clock::Clock;
use super::guard::{Guarded, Make};
use super::turn::ToTurn;
use super::wake::WakeEar;

/// Sound read at once; also how long an order waits at most.
const STEP: Duration = Duration::from_millis(20);
/// Pause before a lost microphone is opened again; doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Orders to the listen thread.
pub enum ListenJob {
    /// Wait for an utterance.
    Start { turn: TurnId, hold: bool },
    /// What is being heard is for this turn.
    Keep { turn: TurnId },
    /// End the utterance after this silence, unless it goes on.
    EndAfter { turn: TurnId, silence: Duration },
    /// The speaker has finished.
    Finish { turn: TurnId },
    /// Listen no more.
    Stop,
    /// Close or open the microphone.
    SetMuted(bool),
}

/// What the listen thread works with.
pub struct Ears {
    pub source: Make<Box<dyn AudioSource>>,
    pub voice_activity: Make<Box<dyn VoiceActivity>>,
    /// None where turns begin with a button only.
    pub wake: Option<Make<Box<dyn WakeWord>>>,
    pub options: Options,
}

pub fn run(jobs: &Receiver<ListenJob>, ears: Ears, clock: &Clock, to_turn: &ToTurn, built: impl FnOnce()) {
    let mut listener = Listener {
        voice_activity: Guarded::new(Engine::VoiceActivity, ears.voice_activity, to_turn.clone()),
        source: Guarded::new(Engine::Microphone, ears.source, to_turn.clone()),
        endpointer: Endpointer::new(ears.options),
        wake: ears.wake.map(|make| WakeEar::new(make, to_turn.clone())),
        woken_at: None,
        turn: None,
        muted: false,
        pending: Vec::new(),
        read: 0,
        pause: FIRST_PAUSE,
        retry_at: Instant::now() + FIRST_PAUSE,
        clock,
        to_turn,
    };
    built();
    listener.run(jobs);
}

struct Listener<'a> {
    voice_activity: Guarded<Box<dyn VoiceActivity>>,
    source: Guarded<Box<dyn AudioSource>>,
    endpointer: Endpointer,
    wake: Option<WakeEar>,
    /// Where the wake word ended that no turn has begun for.
    woken_at: Option<u64>,
    /// The turn that is listened for.
    turn: Option<TurnId>,
    muted: bool,
    /// Samples that do not fill a frame yet.
    pending: Vec<f32>,
    /// Samples read since the start.
    read: u64,
    pause: Duration,
    retry_at: Instant,
    clock: &'a Clock,
    to_turn: &'a ToTurn,
}

impl Listener<'_> {
    fn run(&mut self, jobs: &Receiver<ListenJob>) {
        loop {
            let job = if self.source.engine().is_some() {
                match jobs.try_recv() {
                    Ok(job) => Some(job),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => return,
                }
            } else {
                match jobs.recv_timeout(self.retry_at.saturating_duration_since(Instant::now())) {
                    Ok(job) => Some(job),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            };
            match job {
                Some(job) => self.take(job),
                None if self.source.engine().is_some() => self.hear(),
                None => self.reopen(),
            }
        }
    }

    fn take(&mut self, job: ListenJob) {
        match job {
            ListenJob::Start { turn, hold } => {
                self.turn = Some(turn);
                match self.woken_at.take() {
                    Some(at) if !hold => self.endpointer.begin_behind(at),
                    _ => self.endpointer.begin(hold),
                }
            }
            ListenJob::Keep { turn } => {
                if self.endpointer.is_listening() {
                    self.turn = Some(turn);
                }
            }
            ListenJob::Finish { turn } if self.turn == Some(turn) => {
                let heard = self.endpointer.finish();
                self.report(heard);
            }
            ListenJob::EndAfter { turn, silence } if self.turn == Some(turn) => {
                self.clock.may_skip(true);
                self.endpointer.end_after(silence);
            }
            ListenJob::Finish { .. } | ListenJob::EndAfter { .. } => {}
            ListenJob::Stop => {
                self.turn = None;
                self.endpointer.stop();
            }
            ListenJob::SetMuted(muted) => {
                self.muted = muted;
                if muted {
                    self.source.close();
                    self.pending.clear();
                    // Nothing to open again until it is unmuted.
                    self.retry_at = Instant::now() + LONGEST_PAUSE;
                } else {
                    self.pause = FIRST_PAUSE;
                    self.source.revive();
                }
            }
        }
    }

    /// Reads and judges the next bit of sound.
    fn hear(&mut self) {
        let mut samples = [0.0; (SAMPLE_RATE as u128 * STEP.as_millis() / 1000) as usize];
        let read = self.source.run(|source| source.read(&mut samples, STEP).map_err(EngineError::failed));
        match read {
            Ok(count) => {
                self.pause = FIRST_PAUSE;
                self.read += count as u64;
                self.pending.extend(samples.iter().take(count));
                self.judge();
            }
            Err(reason) => {
                tracing::warn!("microphone: {reason}");
                self.source.close();
                self.to_turn.event(Event::EngineLost(Engine::Microphone));
                self.retry_at = Instant::now() + self.pause;
            }
        }
    }

    fn judge(&mut self) {
        let Some(size) = self.voice_activity.engine().map(|engine| engine.frame()) else {
            self.pending.clear();
            return;
        };
        while self.pending.len() >= size {
            let frame: Vec<f32> = self.pending.drain(..size).collect();
            match self.voice_activity.run(|engine| engine.push(&frame)) {
                Ok(probability) => {
                    let heard = self.endpointer.push(&frame, probability);
                    self.report(heard);
                    self.hear_word(&frame, probability);
                }
                Err(reason) => tracing::warn!("voice activity: {reason}"),
            }
        }
    }

    /// The wake word counts while no utterance is being heard: to begin a turn, or to interrupt a reply.
    fn hear_word(&mut self, frame: &[f32], probability: f32) {
        let Some(wake) = &mut self.wake else { return };
        if self.endpointer.is_speaking() {
            wake.reset();
        } else if wake.hear(frame, probability) {
            self.woken_at = Some(self.endpointer.position());
            self.to_turn.event(Event::Woken { zone: None });
        }
    }

    fn report(&mut self, heard: Option<Heard>) {
        let (Some(heard), Some(turn)) = (heard, self.turn) else { return };
        let event = match heard {
            Heard::Started { .. } => Event::SpeechStarted { turn },
            Heard::Paused { speech, ended_at } => {
                Event::SpeechPaused { turn, speech, ended_at: self.moment(ended_at) }
            }
            Heard::Resumed => {
                self.clock.may_skip(true);
                Event::SpeechResumed { turn }
            }
            Heard::Ended { speech, ended_at } => {
                Event::SpeechEnded { turn, speech, ended_at: self.moment(ended_at) }
            }
            Heard::NoSpeech => Event::NoSpeech { turn },
        };
        if !self.endpointer.is_listening() {
            self.turn = None;
        }
        self.to_turn.event(event);
    }

    /// When the sound at a position was heard. From now on it is worked on, which takes the time it takes.
    fn moment(&self, position: u64) -> Duration {
        self.clock.may_skip(false);
        let since = self.read.saturating_sub(position) as f64 / f64::from(SAMPLE_RATE);
        self.clock.now().saturating_sub(Duration::from_secs_f64(since))
    }

    fn reopen(&mut self) {
        if !self.muted {
            self.source.revive();
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
        self.retry_at = Instant::now() + self.pause;
    }
}
