//! Speech into a reply: it falls silent and listens. If no words came of it, the reply goes on.

use std::time::Duration;

use super::effect::{Cause, Effect, Notice, Outcome};
use super::event::Priority;
use super::hearing::HAND_OVER;
use super::{AfterSpeech, Machine, Phase, Speaking};
use crate::engine::{Transcript, TurnId};

/// So many words in a row that are just being said are no order, but the loudspeaker. Fewer may be the
/// answer to a question in its own words.
const OWN_WORDS: usize = 4;

/// A reply that was interrupted by speech.
#[derive(Debug)]
pub(super) struct Cut {
    /// Turn under which it was spoken.
    turn: TurnId,
    then: AfterSpeech,
    /// What was not heard of it, once that is known.
    rest: Option<String>,
}

impl Machine {
    /// Listens while something is said, if the loudspeaker is not heard. Nothing interrupts a warning but the
    /// wake word and the button.
    pub(super) fn open_ears(&mut self) {
        let may = self.settings.barge_in && self.may_listen().is_ok();
        let Phase::Speaking(speaking) = &mut self.phase else { return };
        let stays = speaking.priority == Some(Priority::Urgent) || speaking.then == AfterSpeech::Mute;
        speaking.listening = may && !stays;
        if speaking.listening {
            self.effects.push(Effect::StartListening { turn: self.current, hold: false });
        }
    }

    pub(super) fn close_ears(&mut self, speaking: &Speaking) {
        if speaking.listening {
            self.effects.push(Effect::StopListening);
        }
    }

    /// Someone speaks: what is being said ends, and a turn begins with this speech.
    pub(super) fn barge_in(&mut self, now: Duration) {
        let Phase::Speaking(Speaking { number, then, resumed, listening: true, .. }) = self.phase else {
            return;
        };
        self.effects.push(Effect::StopSpeaking);
        self.publish(Notice::SpeakingEnded { turn: number });
        let (cut, zone) = (self.current, self.turn.as_ref().and_then(|turn| turn.zone));
        self.end_turn(Outcome::Answered);
        self.supersede();
        self.begin(Cause::FollowUp, zone, false);
        self.effects.push(Effect::KeepListening { turn: self.current });
        self.cut = (!resumed).then_some(Cut { turn: cut, then, rest: None });
        self.go(Phase::Listening, now + self.settings.max_utterance + HAND_OVER);
    }

    /// How far what was said had come.
    pub(super) fn interrupted(&mut self, turn: TurnId, rest: String) {
        if let Some(cut) = self.cut.as_mut().filter(|cut| cut.turn == turn) {
            cut.rest = Some(rest);
        }
    }

    /// No words came of an interruption: what was being said goes on, once. False if there is nothing to go
    /// on with.
    pub(super) fn resume(&mut self, now: Duration) -> bool {
        let Some(Cut { then, rest: Some(rest), .. }) = self.cut.take() else { return false };
        if self.may_speak().is_err() {
            return false;
        }
        let whole = std::mem::take(&mut self.last_reply);
        self.reply(rest, Outcome::Unclear, then, now);
        self.last_reply = whole;
        if let Phase::Speaking(speaking) = &mut self.phase {
            speaking.resumed = true;
        }
        true
    }

    /// Whether there are no words, or only those that the assistant has just said itself.
    pub(super) fn says_nothing(&self, transcript: &Transcript) -> bool {
        let said = words(&transcript.text);
        let own = || {
            let own = words(&self.saying);
            said.len() >= OWN_WORDS && own.windows(said.len()).any(|part| part == said)
        };
        transcript.text.trim().is_empty() || (self.cut.is_some() && own())
    }
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}
