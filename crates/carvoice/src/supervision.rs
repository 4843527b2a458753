//! What the service tells systemd: when it is ready, what it lacks, and that it is alive. Without
//! systemd nobody is told, and nothing else changes.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use sd_notify::NotifyState;

use crate::pipeline::turn::{Input, ToTurn};

/// Signs of life in the time that the watchdog allows: a sign needs two beats, one that asks the turn
/// thread and one that finds the answer, and one late beat must not end the service.
const BEATS: u32 = 4;
/// Pause between two looks at what is missing, when no watchdog is set.
const UNWATCHED: Duration = Duration::from_secs(5);

/// The service, as systemd sees it.
pub struct Supervision {
    pulse: Pulse,
    watched: bool,
    pause: Duration,
    intents: usize,
    status: String,
}

impl Supervision {
    /// Says that the engines are being loaded.
    pub fn starting() {
        tell(&[NotifyState::Status("Loading the engines")]);
    }

    /// Says that the service is ready, and with what.
    pub fn ready(to_turn: ToTurn, intents: usize, missing: &[String]) -> Self {
        let watchdog = sd_notify::watchdog_enabled();
        let status = status(intents, missing);
        tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
        Self {
            pulse: Pulse::new(to_turn),
            watched: watchdog.is_some(),
            pause: watchdog.map_or(UNWATCHED, |limit| limit / BEATS),
            intents,
            status,
        }
    }

    /// Time until the next [`Supervision::beat`].
    pub fn pause(&self) -> Duration {
        self.pause
    }

    /// Gives a sign of life if the turn thread has given one, and says what is missing if that changed.
    pub fn beat(&mut self, missing: &[String]) {
        if self.watched && self.pulse.felt() {
            tell(&[NotifyState::Watchdog]);
        }
        let status = status(self.intents, missing);
        if status != self.status {
            tell(&[NotifyState::Status(&status)]);
            self.status = status;
        }
    }

    /// Says that the service ends.
    pub fn stopping() {
        tell(&[NotifyState::Stopping, NotifyState::Status("Ending")]);
    }
}

fn status(intents: usize, missing: &[String]) -> String {
    if missing.is_empty() {
        format!("Ready, {intents} intents")
    } else {
        format!("Ready, {intents} intents; missing: {} (carvoice doctor tells why)", missing.join(", "))
    }
}

fn tell(states: &[NotifyState<'_>]) {
    // The watchdog notices if this goes on.
    if let Err(reason) = sd_notify::notify(states) {
        tracing::warn!("systemd could not be told: {reason}");
    }
}

/// Whether the turn thread goes round. It alone decides when a turn ends, so nothing else tells a
/// waiting service from a stuck one.
struct Pulse {
    to_turn: ToTurn,
    answer: Sender<()>,
    answers: Receiver<()>,
    asked: bool,
}

impl Pulse {
    fn new(to_turn: ToTurn) -> Self {
        let (answer, answers) = bounded(1);
        Self { to_turn, answer, answers, asked: false }
    }

    /// Whether the question of an earlier call was answered since; asks the next one then.
    fn felt(&mut self) -> bool {
        let felt = self.answers.try_recv().is_ok();
        if felt || !self.asked {
            self.asked = self.to_turn.send(Input::Probe(self.answer.clone()));
        }
        felt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_is_a_sign_of_life() {
        let (to_turn, inputs) = bounded(2);
        let mut pulse = Pulse::new(ToTurn::new(to_turn));
        // The thread is stuck: it is asked once, however often its pulse is taken.
        assert!(![(); 3].map(|()| pulse.felt()).contains(&true));
        assert_eq!(inputs.len(), 1);
        for _ in 0..3 {
            let Ok(Input::Probe(answer)) = inputs.try_recv() else { panic!("no probe") };
            answer.send(()).unwrap();
            assert!(pulse.felt());
        }
        assert!(!pulse.felt(), "an answer counts once");
    }

    #[test]
    fn a_full_queue_is_asked_again_later() {
        let (to_turn, inputs) = bounded(1);
        let to_turn = ToTurn::new(to_turn);
        assert!(to_turn.send(Input::Shutdown));
        let mut pulse = Pulse::new(to_turn);
        assert!(!pulse.felt());
        assert!(matches!(inputs.try_recv(), Ok(Input::Shutdown)));
        assert!(!pulse.felt());
        assert!(matches!(inputs.try_recv(), Ok(Input::Probe(_))));
    }

    #[test]
    fn the_status_names_what_is_missing() {
        assert_eq!(status(81, &[]), "Ready, 81 intents");
        let missing = ["microphone".to_owned(), "loudspeaker".to_owned()];
        let expected = "Ready, 81 intents; missing: microphone, loudspeaker (carvoice doctor tells why)";
        assert_eq!(status(81, &missing), expected);
    }
}
