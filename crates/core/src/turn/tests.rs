//! Whole turns, told as traces of effects.

mod ahead;
mod assessments;
mod interruptions;
mod kept;
mod questions;
mod requests;
mod undo;

use std::sync::{Arc, LazyLock};

use super::*;
use crate::car::CarState;
use crate::catalogue::Catalogue;
use crate::command::{Command, SlotValue};
use crate::engine::{ActError, Acted, EngineError, Transcript};
use crate::interpretation::{Candidate, Problem};
use crate::memory::{Change, Note};
use crate::policy;

const CLOCK: WallClock =
    WallClock { year: 2025, month: 3, day: 4, weekday: 2, hour: 15, minute: 5, second: 0 };

/// A machine with a hand on every event.
struct Cabin {
    machine: Machine,
    now: Duration,
    car: Result<CarState, ActError>,
}

impl Cabin {
    fn new() -> Self {
        static SHIPPED: LazyLock<Catalogue> = LazyLock::new(Catalogue::shipped);
        let policy = Policy::new(SHIPPED.clone(), policy::Settings::default());
        Self::with(Settings { wake_word: "computer".to_owned(), ..Settings::default() }, policy)
    }

    fn with(settings: Settings, policy: Policy) -> Self {
        let machine = Machine::new(policy, settings);
        Self { machine, now: Duration::from_secs(100), car: Ok(CarState::default()) }
    }

    /// The effects as lines, without the numbers of turns and the changes of state.
    fn step(&mut self, event: Event) -> Vec<String> {
        self.now += Duration::from_millis(100);
        let effects = self.machine.step(event, self.now);
        effects.iter().filter_map(line).collect()
    }

    fn turn(&self) -> TurnId {
        self.machine.turn()
    }

    fn press(&mut self) -> Vec<String> {
        self.step(Event::Pressed { zone: None, hold: false })
    }

    fn ask(&mut self, text: &str) -> Vec<String> {
        self.step(Event::Asked { text: text.to_owned(), zone: None })
    }

    fn speak(&mut self) -> Vec<String> {
        let ended_at = self.now;
        self.step(Event::SpeechEnded { turn: self.turn(), speech: Arc::from([0.1_f32]), ended_at })
    }

    fn hear(&mut self, text: &str) -> Vec<String> {
        let result = Ok(Transcript { text: text.to_owned(), confidence: 0.9 });
        self.step(Event::Transcribed { turn: self.turn(), result })
    }

    /// Understood as these commands; then the car is read if that is asked for.
    fn understand(&mut self, interpretation: Interpretation) -> Vec<String> {
        let mut lines = self.step(Event::Understood { turn: self.turn(), result: Ok(interpretation) });
        if lines.last().is_some_and(|line| line == "read car") {
            lines.pop();
            lines.extend(self.step(Event::CarRead {
                turn: self.turn(),
                car: self.car.clone(),
                clock: CLOCK,
            }));
        }
        lines
    }

    fn mean(&mut self, commands: &[Command]) -> Vec<String> {
        let candidates = commands.iter().map(|command| Candidate::complete(command.clone(), 0.9)).collect();
        self.understand(Interpretation { candidates, left_over: None, later: false })
    }

    fn done(&mut self) -> Vec<String> {
        self.step(Event::Acted { turn: self.turn(), result: Ok(Acted::default()) })
    }

    fn fail(&mut self, error: ActError) -> Vec<String> {
        self.step(Event::Acted { turn: self.turn(), result: Err(error) })
    }

    fn spoken(&mut self) -> Vec<String> {
        let mut lines = self.step(Event::SpeakingStarted { turn: self.turn() });
        lines.extend(self.step(Event::Spoken { turn: self.turn(), result: Ok(()) }));
        lines
    }

    /// A spoken turn up to its meaning.
    fn say(&mut self, commands: &[Command]) -> Vec<String> {
        if self.machine.state() == State::Idle {
            self.press();
        }
        self.speak();
        self.hear("…");
        self.mean(commands)
    }

    /// Time passes until the next deadline.
    fn wait(&mut self) -> Vec<String> {
        self.now = self.machine.deadline().unwrap();
        self.step(Event::Tick)
    }

    /// Time passes until nothing is waited for.
    fn silence(&mut self) {
        for _ in 0..10 {
            if self.machine.deadline().is_none() {
                break;
            }
            self.wait();
        }
        assert_eq!(self.machine.state(), State::Idle);
    }
}

fn told(note: &Note) -> String {
    let due = note.due.map(|due| format!(" @ {due}")).unwrap_or_default();
    let place = note.place.as_ref().map(|place| format!(" = {place}")).unwrap_or_default();
    format!("{} {}{due}{place}", note.kind, note.text)
}

fn line(effect: &Effect) -> Option<String> {
    let line = match effect {
        Effect::Answer(Ok(_)) => "accepted".to_owned(),
        Effect::Answer(Err(rejection)) => format!("rejected: {rejection}"),
        Effect::Supersede(_) | Effect::Publish(Notice::State(_)) => return None,
        Effect::StartListening { hold, .. } => format!("listen{}", if *hold { " while held" } else { "" }),
        Effect::KeepListening { .. } => "keep listening".to_owned(),
        Effect::EndUtterance { .. } => "end utterance".to_owned(),
        Effect::StopListening => "stop listening".to_owned(),
        Effect::EndAfter { silence, .. } => format!("end after {silence:?}"),
        Effect::GuessWords { .. } => "guess words".to_owned(),
        Effect::GuessMeaning { text, .. } => format!("guess meaning {text}"),
        Effect::DropGuess => "drop guess".to_owned(),
        Effect::Transcribe { .. } => "transcribe".to_owned(),
        Effect::Understand { text, .. } => format!("understand {text}"),
        Effect::ReadCar { .. } => "read car".to_owned(),
        Effect::Act { approved, .. } => format!("act {}", approved.command()),
        Effect::Say { text, .. } => format!("say {text}"),
        Effect::StopSpeaking => "stop speaking".to_owned(),
        Effect::Chime(chime) => format!("chime {chime:?}"),
        Effect::SetMuted(muted) => format!("set muted {muted}"),
        Effect::Remember(Change::Keep(note)) => format!("keep {}", told(note)),
        Effect::Remember(Change::Forget(note)) => format!("forget {}", told(note)),
        Effect::Publish(notice) => match notice {
            Notice::State(_) => return None,
            Notice::Muted(muted) => format!("> Muted {muted}"),
            Notice::Degraded(engines) => format!("> Degraded {engines:?}"),
            Notice::TurnStarted { cause, .. } => format!("> TurnStarted {cause}"),
            Notice::PartialTranscript { text, .. } => format!("> PartialTranscript {text}"),
            Notice::Transcript { text, .. } => format!("> Transcript {text}"),
            Notice::Command { command, .. } => format!("> Command {command}"),
            Notice::CommandResult { intent, error, .. } => {
                format!("> CommandResult {intent} {}", error.as_deref().unwrap_or("done"))
            }
            Notice::Reply { text, .. } => format!("> Reply {text}"),
            Notice::SpeakingStarted { .. } => "> SpeakingStarted".to_owned(),
            Notice::SpeakingEnded { .. } => "> SpeakingEnded".to_owned(),
            Notice::TurnEnded { outcome, .. } => format!("> TurnEnded {outcome}"),
        },
    };
    Some(line)
}

fn warm() -> Command {
    Command::new("climate.set_temperature").with("temperature", 21.0)
}

fn jazz() -> Command {
    Command::new("media.play").with("query", "jazz")
}

fn boot() -> Command {
    Command::new("trunk.set").with("state", "open")
}

fn yes() -> Command {
    Command::new("assistant.yes")
}

fn is_said(lines: &[String], words: &str) -> bool {
    lines.iter().any(|line| line.starts_with("say ") && line.contains(words))
}

#[test]
fn a_spoken_command_from_press_to_rest() {
    let mut cabin = Cabin::new();
    assert_eq!(
        cabin.press(),
        ["accepted", "stop speaking", "> TurnStarted button", "chime Listening", "listen"]
    );
    assert_eq!(cabin.speak(), ["transcribe"]);
    assert_eq!(cabin.hear("twenty one"), ["> Transcript twenty one", "understand twenty one"]);
    let act = "climate.set_temperature temperature=21 zone=driver";
    assert_eq!(cabin.mean(&[warm()]), [format!("> Command {act}"), format!("act {act}")]);
    assert_eq!(
        cabin.done(),
        ["> CommandResult climate.set_temperature done", "> Reply 21 degrees.", "say 21 degrees."]
    );
    assert_eq!(cabin.spoken(), ["> SpeakingStarted", "> SpeakingEnded", "> TurnEnded done", "listen"]);
    assert_eq!(cabin.machine.state(), State::FollowUp);
    assert_eq!(cabin.wait(), ["stop listening"]);
    assert_eq!((cabin.machine.state(), cabin.machine.deadline()), (State::Idle, None));
}

#[test]
fn timings_carry_the_names_of_the_replay_summary() {
    let mut cabin = Cabin::new();
    cabin.say(&[warm()]);
    cabin.done();
    cabin.step(Event::SpeakingStarted { turn: cabin.turn() });
    cabin.now += Duration::from_millis(100);
    let effects = cabin.machine.step(Event::Spoken { turn: cabin.turn(), result: Ok(()) }, cabin.now);
    let timings = effects.into_iter().find_map(|effect| match effect {
        Effect::Publish(Notice::TurnEnded { timings, .. }) => Some(timings),
        _ => None,
    });
    let delays: Vec<(&str, u64)> =
        timings.unwrap().delays().map(|(name, ms)| (name, ms.round() as u64)).collect();
    assert_eq!(
        delays,
        [
            ("end_of_speech_to_endpoint", 100),
            ("endpoint_to_transcript", 100),
            ("transcript_to_command", 200),
            ("command_to_ack", 100),
            ("ack_to_first_audio", 100),
            ("end_of_speech_to_action", 400),
            ("end_of_speech_to_first_audio", 600),
        ]
    );
}

#[test]
fn several_commands_go_one_after_the_other_and_failures_are_told_apart() {
    let mut cabin = Cabin::new();
    let first = cabin.say(&[warm(), jazz()]);
    assert_eq!(first.iter().filter(|line| line.starts_with("act ")).count(), 1, "{first:?}");
    assert!(cabin.done().contains(&"act media.play query=jazz".to_owned()));
    let last = cabin.fail(ActError::Unavailable { service: "player".to_owned() });
    assert!(is_said(&last, "21 degrees. I can't reach the music player right now."), "{last:?}");
    assert!(cabin.spoken().contains(&"> TurnEnded failed".to_owned()));
}

#[test]
fn what_may_be_done_is_done_and_what_may_not_is_told() {
    let mut cabin = Cabin::new();
    cabin.car = Ok(CarState { speed_kmh: 50.0, ..CarState::default() });
    cabin.say(&[boot(), warm()]);
    let lines = cabin.done();
    assert!(is_said(&lines, "I can't open the boot while we are moving. 21 degrees."), "{lines:?}");
    assert!(cabin.spoken().contains(&"> TurnEnded refused".to_owned()));
}

#[test]
fn an_interlock_that_fails_stops_what_follows() {
    let mut cabin = Cabin::new();
    let roof = Command::new("sunroof.set").with("motion", "open");
    assert!(cabin.say(&[roof]).contains(&"act shade.set position=100".to_owned()));
    let lines = cabin.fail(ActError::Rejected("it is stuck".to_owned()));
    assert_eq!(
        lines,
        [
            "> CommandResult shade.set the car refused: it is stuck",
            "> Reply The shade refused: it is stuck.",
            "say The shade refused: it is stuck."
        ]
    );
}

#[test]
fn a_car_that_cannot_be_read_counts_as_moving() {
    let mut cabin = Cabin::new();
    cabin.car = Err(ActError::Timeout(Duration::from_secs(1)));
    assert!(is_said(&cabin.say(&[boot()]), "can't tell whether we are moving"));

    let mut cabin = Cabin::new();
    cabin.press();
    cabin.speak();
    cabin.hear("…");
    let boot =
        Interpretation { candidates: vec![Candidate::complete(boot(), 0.9)], left_over: None, later: false };
    cabin.step(Event::Understood { turn: cabin.turn(), result: Ok(boot) });
    assert!(is_said(&cabin.wait(), "can't tell whether we are moving"), "no answer at all is the same");
}

#[test]
fn the_window_after_a_reply_takes_an_order_and_ignores_talk() {
    let mut cabin = Cabin::new();
    cabin.say(&[warm()]);
    cabin.done();
    cabin.spoken();
    assert_eq!(cabin.step(Event::SpeechStarted { turn: cabin.turn() }), ["> TurnStarted follow-up"]);
    assert!(cabin.say(&[jazz()]).contains(&"act media.play query=jazz".to_owned()));
    cabin.done();
    cabin.spoken();
    assert_eq!(cabin.say(&[]), ["> TurnEnded unclear"], "talk among passengers gets no answer");
    assert_eq!(cabin.machine.state(), State::Idle);
}

#[test]
fn what_is_not_for_the_car_is_answered_once() {
    let mut cabin = Cabin::new();
    assert!(is_said(&cabin.say(&[]), "I can't help with that."));
    assert!(cabin.spoken().contains(&"> TurnEnded unclear".to_owned()));
}

#[test]
fn a_part_that_cannot_be_done_is_told() {
    let mut cabin = Cabin::new();
    cabin.press();
    cabin.speak();
    cabin.hear("…");
    let left_over = Some("who won the cup".to_owned());
    cabin.understand(Interpretation {
        candidates: vec![Candidate::complete(warm(), 0.9)],
        left_over,
        later: false,
    });
    assert!(is_said(&cabin.done(), "21 degrees. I can't do the other part."));
}

#[test]
fn nothing_heard_is_told_unless_nobody_asked() {
    let mut cabin = Cabin::new();
    cabin.press();
    cabin.speak();
    assert!(is_said(&cabin.hear("  "), "I didn't catch that."));
    cabin.spoken();
    cabin.speak();
    assert_eq!(cabin.hear(""), ["> TurnEnded unclear"]);
}

#[test]
fn no_speech_ends_the_turn() {
    let mut cabin = Cabin::new();
    cabin.press();
    let lines = cabin.step(Event::NoSpeech { turn: cabin.turn() });
    assert_eq!(lines, ["stop listening", "> TurnEnded unclear", "chime Cancelled"]);
    cabin.press();
    assert_eq!(cabin.wait(), lines, "the deadline does the same");
    cabin.press();
    let empty = Event::SpeechEnded { turn: cabin.turn(), speech: Arc::from([]), ended_at: cabin.now };
    assert_eq!(cabin.step(empty), lines, "as does an utterance of no samples");
}

#[test]
fn a_held_button_ends_the_utterance() {
    let mut cabin = Cabin::new();
    assert!(cabin.step(Event::Pressed { zone: None, hold: true }).contains(&"listen while held".to_owned()));
    assert_eq!(cabin.step(Event::Released { turn: cabin.turn() }), ["end utterance"]);
    assert_eq!(cabin.speak(), ["transcribe"]);
    assert_eq!(cabin.step(Event::Released { turn: cabin.turn() }), [""; 0], "too late to mean anything");

    let mut cabin = Cabin::new();
    cabin.press();
    assert_eq!(cabin.step(Event::Released { turn: cabin.turn() }), [""; 0], "not in hold mode");
}

#[test]
fn cancel_stops_everything_but_not_what_was_sent() {
    let mut cabin = Cabin::new();
    assert_eq!(cabin.step(Event::Cancelled), [""; 0], "nothing to cancel");
    cabin.say(&[warm(), jazz()]);
    let turn = cabin.turn();
    assert_eq!(cabin.step(Event::Cancelled), ["> TurnEnded cancelled", "chime Cancelled"]);
    assert_eq!(cabin.step(Event::Acted { turn, result: Ok(Acted::default()) }), [""; 0], "jazz is not sent");
    assert_eq!(cabin.machine.state(), State::Idle);
}

#[test]
fn stop_is_not_answered_with_words() {
    let mut cabin = Cabin::new();
    let lines = cabin.say(&[Command::new("assistant.stop")]);
    assert_eq!(lines, ["> TurnEnded cancelled", "chime Cancelled"]);
}

#[test]
fn a_wake_word_interrupts_the_reply() {
    let mut cabin = Cabin::new();
    cabin.say(&[warm()]);
    cabin.done();
    cabin.step(Event::SpeakingStarted { turn: cabin.turn() });
    assert_eq!(
        cabin.step(Event::Woken { zone: Some(Zone::Passenger) }),
        [
            "stop speaking",
            "> SpeakingEnded",
            "> TurnEnded done",
            "> TurnStarted wake",
            "chime Listening",
            "listen"
        ]
    );
    cabin.speak();
    cabin.hear("…");
    let lines = cabin.mean(&[warm()]);
    assert!(
        lines.contains(&"act climate.set_temperature temperature=21 zone=passenger".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn its_own_voice_does_not_wake_it() {
    let mut cabin = Cabin::new();
    let text = "Your computer is ready.".to_owned();
    cabin.step(Event::SayRequested { text, priority: Priority::Normal });
    cabin.step(Event::SpeakingStarted { turn: cabin.turn() });
    assert!(cabin.step(Event::Woken { zone: None }).is_empty());
    cabin.step(Event::Spoken { turn: cabin.turn(), result: Ok(()) });
    assert!(!cabin.step(Event::Woken { zone: None }).is_empty());
}

#[test]
fn the_wake_word_alone_is_waited_behind() {
    let mut cabin = Cabin::new();
    cabin.step(Event::Woken { zone: None });
    cabin.speak();
    assert_eq!(cabin.hear("Computer."), ["listen"]);
    cabin.speak();
    let lines = cabin.hear("Computer, make it warm.");
    assert!(lines.iter().any(|line| line.ends_with("make it warm.")), "{lines:?}");
}

#[test]
fn a_stuck_engine_is_told_and_left() {
    let mut cabin = Cabin::new();
    cabin.press();
    cabin.speak();
    assert!(is_said(&cabin.wait(), "took too long"));
    let failed = Event::Transcribed { turn: cabin.turn(), result: Ok(Transcript::default()) };
    assert_eq!(cabin.step(failed), [""; 0], "the late result changes nothing");
    assert!(cabin.spoken().contains(&"> TurnEnded failed".to_owned()));

    let mut cabin = Cabin::new();
    cabin.press();
    cabin.speak();
    let failed = Event::Transcribed { turn: cabin.turn(), result: Err(EngineError::failed("x")) };
    assert!(is_said(&cabin.step(failed), "Please say that again."));
}

#[test]
fn a_stuck_actuator_is_told_and_the_rest_is_not_tried() {
    let mut cabin = Cabin::new();
    cabin.say(&[warm(), jazz()]);
    let lines = cabin.wait();
    assert!(
        is_said(&lines, "The climate control did not answer, so I can't tell whether it was done."),
        "{lines:?}"
    );
    assert!(is_said(&lines, "I did not try the rest."), "{lines:?}");
}

#[test]
fn own_intents_are_answered() {
    let mut cabin = Cabin::new();
    let mut answer = |command: Command| {
        cabin.silence();
        let lines = cabin.say(&[command]);
        lines.iter().find_map(|line| line.strip_prefix("say ")).unwrap_or_default().to_owned()
    };
    assert_eq!(answer(Command::new("assistant.repeat")), "I haven't said anything yet.");
    assert_eq!(answer(Command::new("time.query").with("what", "time")), "15:05.");
    assert_eq!(answer(Command::new("assistant.repeat")), "15:05.");
    assert_eq!(answer(Command::new("time.query").with("what", "date")), "Tuesday, March 4.");
    assert_eq!(answer(Command::new("assistant.undo")), "There is nothing to undo.");
    assert_eq!(answer(Command::new("timer.start").with("duration", 60.0)), "Timer set for 1 minute.");
    assert_eq!(answer(Command::new("assistant.thank")), "You are welcome.");
}

#[test]
fn a_command_nobody_is_bound_to_is_published_all_the_same() {
    let mut cabin = Cabin::new();
    let lines = cabin.say(&[Command::new("assistant.select").with("index", 1.0)]);
    assert!(lines.contains(&"> Command assistant.select index=1".to_owned()), "{lines:?}");
    assert!(
        lines.contains(&"> CommandResult assistant.select no service is bound to this intent".to_owned())
    );
}

#[test]
fn a_timer_speaks_up_when_it_is_due() {
    let mut cabin = Cabin::new();
    let lines = cabin.say(&[Command::new("timer.start").with("duration", 60.0)]);
    assert!(lines.contains(&"> CommandResult timer.start done".to_owned()), "{lines:?}");
    let set = cabin.now;
    cabin.spoken();
    while cabin.machine.state() != State::Idle {
        cabin.wait();
    }
    assert!(is_said(&cabin.wait(), "Your timer is up."));
    assert_eq!(cabin.now.saturating_sub(set).as_secs(), 60);
    cabin.silence();
}

#[test]
fn the_answer_of_a_query_is_said() {
    let mut cabin = Cabin::new();
    cabin.say(&[Command::new("climate.query_temperature")]);
    let values = [("result".to_owned(), SlotValue::Number(21.5))].into();
    let lines =
        cabin.step(Event::Acted { turn: cabin.turn(), result: Ok(Acted { values, ..Acted::default() }) });
    assert!(is_said(&lines, "21.5 degrees."), "{lines:?}");
    assert!(cabin.spoken().contains(&"> TurnEnded answered".to_owned()));
}

#[test]
fn the_context_holds_recent_commands_for_a_while() {
    let mut cabin = Cabin::new();
    cabin.say(&[warm()]);
    cabin.done();
    cabin.silence();
    assert_eq!(cabin.machine.dialogue().context(cabin.now).recent, [warm()]);
    cabin.now += Settings::default().memory;
    assert_eq!(cabin.machine.dialogue().context(cabin.now).recent, []);
}
