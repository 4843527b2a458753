//! The speak thread: text to sound, and sound to the loudspeaker.

use std::time::Duration;

use carvoice_core::engine::{AudioSink, Cancel, EngineError, Synthesizer, TurnId};
use carvoice_core::turn::{Chime, Engine, Event};
use crossbeam_channel::Receiver;

use super::guard::{Guarded, Make};
use super::turn::ToTurn;

/// How often speech looks whether it has been stopped.
const STEP: Duration = Duration::from_millis(20);

/// Work for the speak thread.
pub enum SpeakJob {
    /// Speak a text.
    Say { turn: TurnId, text: String, cancel: Cancel },
    /// Play a short sound.
    Chime(Chime),
}

pub fn run(
    jobs: &Receiver<SpeakJob>,
    synthesizer: Make<Box<dyn Synthesizer>>,
    sink: Make<Box<dyn AudioSink>>,
    to_turn: &ToTurn,
    built: impl FnOnce(),
) {
    let mut synthesizer = Guarded::new(Engine::Synthesizer, synthesizer, to_turn.clone());
    let mut sink = Guarded::new(Engine::Loudspeaker, sink, to_turn.clone());
    built();
    for job in jobs {
        match job {
            SpeakJob::Say { turn, text, cancel } => {
                let result = say(turn, &text, &cancel, &mut synthesizer, &mut sink, to_turn);
                to_turn.event(Event::Spoken { turn, result });
            }
            SpeakJob::Chime(chime) => {
                if let Some(sink) = sink.engine() {
                    let samples = super::chime::samples(chime, sink.sample_rate());
                    if let Err(reason) = sink.write(&samples) {
                        tracing::warn!("loudspeaker: {reason}");
                    }
                }
            }
        }
    }
}

/// Speaks to the end of the sound, or until it is stopped. Without a loudspeaker the reply is only
/// on the bus, and this is an error.
fn say(
    turn: TurnId,
    text: &str,
    cancel: &Cancel,
    synthesizer: &mut Guarded<Box<dyn Synthesizer>>,
    sink: &mut Guarded<Box<dyn AudioSink>>,
    to_turn: &ToTurn,
) -> Result<(), EngineError> {
    cancel.check()?;
    sink.revive();
    let Some(output) = sink.engine() else {
        return Err(EngineError::failed("there is no loudspeaker"));
    };
    let block = (f64::from(output.sample_rate()) * STEP.as_secs_f64()) as usize;
    let mut started = false;
    let mut lost = None;
    let made = synthesizer.run(|engine| {
        engine.synthesize(text, cancel, &mut |samples| {
            for part in samples.chunks(block.max(1)) {
                if cancel.is_cancelled() || lost.is_some() {
                    return;
                }
                lost = output.write(part).err();
                if !started && lost.is_none() {
                    started = true;
                    to_turn.event(Event::SpeakingStarted { turn });
                }
            }
        })
    });
    if let Some(reason) = lost {
        sink.close();
        return Err(EngineError::failed(reason));
    }
    while made.is_ok() && !cancel.is_cancelled() && !output.queued().is_zero() {
        std::thread::sleep(STEP.min(output.queued()));
    }
    if cancel.is_cancelled() {
        output.stop();
        return Err(EngineError::Cancelled);
    }
    made
}
