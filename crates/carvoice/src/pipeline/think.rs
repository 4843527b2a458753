//! The think thread: Whisper and the language model, one after the other on the same cores.

use carvoice_core::audio::Speech;
use carvoice_core::engine::{Cancel, Context, EngineError, Transcriber, TurnId, Understander};
use carvoice_core::interpretation::Interpretation;
use carvoice_core::turn::{Engine, Event};
use crossbeam_channel::Receiver;

use super::guard::{Guarded, Make};
use super::turn::ToTurn;

/// Work for the think thread.
pub enum ThinkJob {
    /// The pipeline ends.
    End,
    /// Speech to text; with the number of a guess, of speech that may be all.
    Transcribe { turn: TurnId, guess: Option<TurnId>, speech: Speech, cancel: Cancel },
    /// Text to meaning, within a turn.
    Understand { turn: TurnId, guess: Option<TurnId>, text: String, context: Context, cancel: Cancel },
    /// Text to meaning, outside any turn.
    Parse { text: String, answer: ParseAnswer },
    /// Read the skills again, then build the understander for them.
    Reload(Box<dyn FnOnce() + Send>),
}

/// Takes what a text would be understood as.
pub type ParseAnswer = Box<dyn FnOnce(Result<Interpretation, EngineError>) + Send>;

pub fn run(
    jobs: &Receiver<ThinkJob>,
    transcriber: Make<Box<dyn Transcriber>>,
    understander: Make<Box<dyn Understander>>,
    to_turn: &ToTurn,
    built: impl FnOnce(),
) {
    let mut transcriber = Guarded::new(Engine::Transcriber, transcriber, to_turn.clone());
    let mut understander = Guarded::new(Engine::Understander, understander, to_turn.clone());
    report_model(&mut understander, to_turn);
    built();
    for job in jobs {
        match job {
            ThinkJob::End => return,
            ThinkJob::Transcribe { turn, guess, speech, cancel } => {
                let result = transcriber.run(|engine| engine.transcribe(&speech, &cancel));
                to_turn.event(match guess {
                    Some(guess) => Event::WordsGuessed { turn, guess, result },
                    None => Event::Transcribed { turn, result },
                });
            }
            ThinkJob::Understand { turn, guess, text, context, cancel } => {
                let result = understander.run(|engine| engine.understand(&text, &context, &cancel));
                to_turn.event(match guess {
                    Some(guess) => Event::MeaningGuessed { turn, guess, result },
                    None => Event::Understood { turn, result },
                });
            }
            ThinkJob::Parse { text, answer } => {
                let context = Context::default();
                answer(understander.run(|engine| engine.understand(&text, &context, &Cancel::never())));
            }
            ThinkJob::Reload(read_skills) => {
                read_skills();
                understander.close();
                understander.revive();
                report_model(&mut understander, to_turn);
            }
        }
    }
}

/// The model is a part of the understander that can be missing by itself.
fn report_model(understander: &mut Guarded<Box<dyn Understander>>, to_turn: &ToTurn) {
    if let Some(engine) = understander.engine() {
        let event = if engine.lacks_model() { Event::EngineLost } else { Event::EngineReady };
        to_turn.event(event(Engine::LanguageModel));
    }
}
