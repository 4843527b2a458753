//! When the wake word is listened for: only around speech, because its network costs twenty times what
//! telling speech from noise does.

use std::collections::VecDeque;
use std::time::Duration;

use carvoice_core::audio::SAMPLE_RATE;
use carvoice_core::engine::{EngineError, WakeWord};
use carvoice_core::turn::Engine;

use super::guard::{Guarded, Make};
use super::turn::ToTurn;

/// Probability of speech from which it is listened for, well below that of an utterance.
const THRESHOLD: f32 = 0.3;
/// How long after speech.
const AFTER: Duration = Duration::from_millis(800);
/// Sound from before speech that the network is given first.
const BEFORE: Duration = Duration::from_secs(1);

/// The wake word's engine with the sound it may still need.
pub struct WakeEar {
    engine: Guarded<Box<dyn WakeWord>>,
    recent: VecDeque<f32>,
    /// Samples for which it goes on listening.
    left: u64,
}

impl WakeEar {
    pub fn new(make: Make<Box<dyn WakeWord>>, to_turn: ToTurn) -> Self {
        let engine = Guarded::new(Engine::WakeWord, make, to_turn);
        Self { engine, recent: VecDeque::new(), left: 0 }
    }

    /// Takes a frame and its probability of speech; true when the word has just been said.
    pub fn hear(&mut self, frame: &[f32], probability: f32) -> bool {
        let opens = probability >= THRESHOLD;
        let mut heard = Ok(false);
        if opens && self.left == 0 {
            let before: Vec<f32> = self.recent.iter().copied().collect();
            heard = self.engine.run(|engine| {
                engine.reset();
                push(engine.as_mut(), &before)
            });
        }
        self.left = if opens { samples(AFTER) } else { self.left.saturating_sub(frame.len() as u64) };
        if self.left > 0 {
            heard = heard
                .and_then(|before| Ok(self.engine.run(|engine| push(engine.as_mut(), frame))? || before));
        }
        self.recent.extend(frame);
        let beyond = self.recent.len().saturating_sub(samples(BEFORE) as usize);
        self.recent.drain(..beyond);
        heard.unwrap_or_else(|reason| {
            tracing::warn!("wake word: {reason}");
            // Not again with every frame.
            self.left = 0;
            false
        })
    }

    /// Forgets the sound, as when someone else took the word.
    pub fn reset(&mut self) {
        self.recent.clear();
        self.left = 0;
    }
}

fn push(engine: &mut dyn WakeWord, sound: &[f32]) -> Result<bool, EngineError> {
    engine.push(sound).map(|word| word.is_some())
}

fn samples(time: Duration) -> u64 {
    (time.as_secs_f64() * f64::from(SAMPLE_RATE)) as u64
}
