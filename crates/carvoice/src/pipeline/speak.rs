//! The speak thread: text to sound, and sound to the loudspeaker.

use std::time::Duration;

use carvoice_core::engine::{AudioError, AudioSink, Cancel, EngineError, Synthesizer, TurnId};
use carvoice_core::turn::{Chime, Engine, Event};
use crossbeam_channel::Receiver;

use super::guard::{Guarded, Make};
use super::turn::ToTurn;

/// How often speech looks whether it has been stopped.
const STEP: Duration = Duration::from_millis(20);
/// Silence between sentences.
const BREATH: Duration = Duration::from_millis(250);

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
    let mut speech = Speech {
        output: output.as_mut(),
        cancel,
        begun: Vec::new(),
        written: 0,
        lost: None,
        on_sound: Some(|| to_turn.event(Event::SpeakingStarted { turn })),
    };
    let mut made = Ok(());
    for (offset, sentence) in sentences(text) {
        if offset > 0 {
            speech.pause();
        }
        speech.begun.push((speech.written, offset));
        made = synthesizer
            .run(|engine| engine.synthesize(sentence, cancel, &mut |samples| speech.write(samples)));
        if made.is_err() || speech.lost.is_some() || cancel.is_cancelled() {
            break;
        }
    }
    if let Some(reason) = speech.lost {
        sink.close();
        return Err(EngineError::failed(reason));
    }
    while made.is_ok() && !cancel.is_cancelled() && !speech.output.queued().is_zero() {
        std::thread::sleep(STEP.min(speech.output.queued()));
    }
    if cancel.is_cancelled() {
        let offset = speech.heard();
        speech.output.stop();
        if let Some(rest) = text.get(offset..).filter(|_| speech.on_sound.is_none()) {
            to_turn.event(Event::Interrupted { turn, rest: rest.to_owned() });
        }
        return Err(EngineError::Cancelled);
    }
    made
}

/// A reply on its way to the loudspeaker.
struct Speech<'a, F> {
    output: &'a mut dyn AudioSink,
    cancel: &'a Cancel,
    /// Where each sentence began: in samples, and in the text.
    begun: Vec<(usize, usize)>,
    written: usize,
    lost: Option<AudioError>,
    /// Told of the first sound.
    on_sound: Option<F>,
}

impl<F: FnOnce()> Speech<'_, F> {
    /// Until it is stopped.
    fn write(&mut self, samples: &[f32]) {
        for part in samples.chunks(self.samples(STEP).max(1)) {
            if self.cancel.is_cancelled() || self.lost.is_some() {
                return;
            }
            self.lost = self.output.write(part).err();
            self.written += part.len();
            if let Some(tell) = self.on_sound.take_if(|_| self.lost.is_none()) {
                tell();
            }
        }
    }

    fn pause(&mut self) {
        self.write(&vec![0.0; self.samples(BREATH)]);
    }

    fn samples(&self, time: Duration) -> usize {
        (f64::from(self.output.sample_rate()) * time.as_secs_f64()) as usize
    }

    /// Where in the text the sentence begins that is being heard.
    fn heard(&self) -> usize {
        let heard = self.written.saturating_sub(self.samples(self.output.queued()));
        self.begun.iter().rev().find(|(from, _)| *from <= heard).map_or(0, |(_, offset)| *offset)
    }
}

/// The sentences of a text, each with its place.
fn sentences(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let ends = |at: usize, end: &str| {
        text.get(at + end.len()..).is_some_and(|rest| rest.starts_with(char::is_whitespace)).then_some(at + 1)
    };
    let mut cuts: Vec<usize> =
        text.match_indices(['.', '!', '?']).filter_map(|(at, end)| ends(at, end)).collect();
    cuts.push(text.len());
    let mut from = 0;
    cuts.into_iter().filter_map(move |to| {
        let start = std::mem::replace(&mut from, to);
        let part = text.get(start..to)?;
        let sentence = part.trim();
        Some((start + part.len() - part.trim_start().len(), sentence)).filter(|_| !sentence.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_falls_into_sentences_with_their_places() {
        let parts = |text: &'static str| sentences(text).collect::<Vec<_>>();
        assert_eq!(parts("It is 21.5 degrees. Shall I? "), [(0, "It is 21.5 degrees."), (20, "Shall I?")]);
        assert_eq!(parts("No end"), [(0, "No end")]);
        assert_eq!(parts("  "), []);
    }

    #[test]
    fn the_sentence_that_is_heard_is_the_one_that_was_cut() {
        let mut sink = carvoice_audio::FileSink::new(1_000);
        let speech = Speech {
            output: &mut sink,
            cancel: &Cancel::never(),
            begun: vec![(0, 0), (500, 20), (900, 44)],
            written: 600,
            lost: None,
            on_sound: Some(|| {}),
        };
        assert_eq!(speech.heard(), 20);
    }
}
