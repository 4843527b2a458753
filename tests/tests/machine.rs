//! The turn machine under random walks. Three events in four are the one its state waits for, so
//! that the walks get deep; the rest are drawn from all, stale ones among them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use carvoice_core::car::CarState;
use carvoice_core::catalogue::Catalogue;
use carvoice_core::command::Command;
use carvoice_core::engine::{ActError, Acted, EngineError, Transcript, TurnId};
use carvoice_core::interpretation::{Candidate, Interpretation, Problem};
use carvoice_core::policy::{self, Policy, Ruling};
use carvoice_core::reply;
use carvoice_core::turn::{
    Effect, Engine, Event, MAX_WAITING, Machine, Notice, Priority, Settings, State, WallClock,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Walks, and events of the longest.
const WALKS: u32 = 3000;
const STEPS: usize = 80;
/// More effects than any event can have.
const MANY_EFFECTS: usize = 40;

const CLOCK: WallClock =
    WallClock { year: 2025, month: 1, day: 1, weekday: 3, hour: 0, minute: 0, second: 0 };

/// One drawn step: which event, in which shape, after how many milliseconds.
type Draw = (u8, u8, u16);

/// A walk with what an observer outside the machine knows.
struct Walk {
    machine: Machine,
    now: Duration,
    /// The car as it was read last.
    car: Option<CarState>,
    /// How far the question about the boot got.
    question: Question,
    /// Whether the last words that were understood can mean a yes to it.
    agreed: bool,
    /// Whether the state of the car is being read.
    reading: bool,
    /// Turns begun and not ended; texts begun and not ended.
    open_turns: Vec<TurnId>,
    open_speech: Vec<TurnId>,
    newest: TurnId,
    /// Number of the last guess.
    guess: TurnId,
    seen: BTreeSet<String>,
}

/// The question about the boot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    Closed,
    Posed,
    /// There was sound, or there is no voice and its time has come.
    Heard,
}

impl Walk {
    fn new(policy: &Policy) -> Self {
        Self {
            machine: Machine::new(policy.clone(), Settings::default()),
            now: Duration::from_secs(1),
            car: None,
            question: Question::Closed,
            agreed: false,
            reading: false,
            open_turns: Vec::new(),
            open_speech: Vec::new(),
            newest: TurnId(0),
            guess: TurnId(0),
            seen: BTreeSet::new(),
        }
    }

    fn walk(&mut self, (which, shape, wait): Draw) {
        self.now += Duration::from_millis(u64::from(wait));
        let event = if which < 192 { self.expected(shape) } else { self.any(which, shape) };
        self.step(event);
    }

    /// The event that the state waits for.
    fn expected(&self, shape: u8) -> Event {
        let turn = self.machine.turn();
        match self.machine.state() {
            State::Idle => Event::Pressed { zone: None, hold: shape < 40 },
            State::Listening => Event::SpeechEnded { turn, speech: Arc::from([0.0]), ended_at: self.now },
            State::Transcribing => Event::Transcribed { turn, result: transcript(shape) },
            // Two events are waited for here; the wrong one is ignored.
            State::Understanding if shape.is_multiple_of(2) => {
                Event::Understood { turn, result: Ok(meaning(shape)) }
            }
            State::Understanding => Event::CarRead { turn, car: car(shape), clock: CLOCK },
            State::Acting => Event::Acted { turn, result: acted(shape) },
            State::Speaking if shape < 128 => Event::SpeakingStarted { turn },
            State::Speaking => Event::Spoken { turn, result: Ok(()) },
            State::FollowUp => Event::SpeechStarted { turn },
        }
    }

    /// Any event at all, results possibly of an earlier turn.
    fn any(&self, which: u8, shape: u8) -> Event {
        let current = self.machine.turn();
        let turn = if shape.is_multiple_of(3) { TurnId(current.0.saturating_sub(1)) } else { current };
        let engine = [Engine::Transcriber, Engine::Synthesizer, Engine::Microphone, Engine::Understander];
        let engine = engine[usize::from(shape) % engine.len()];
        match which % 24 {
            0 => Event::Pressed { zone: None, hold: shape < 128 },
            1 => Event::Released { turn },
            2 => Event::Woken { zone: None },
            3 => {
                Event::Asked { text: if shape < 20 { String::new() } else { "words".to_owned() }, zone: None }
            }
            4 | 5 => {
                let priority = [Priority::Low, Priority::Normal, Priority::Urgent][usize::from(shape) % 3];
                Event::SayRequested { text: "news".to_owned(), priority }
            }
            6 => Event::Cancelled,
            7 => Event::MuteRequested(shape < 60),
            8 => Event::SpeechStarted { turn },
            9 => Event::SpeechEnded { turn, speech: Arc::from([]), ended_at: self.now },
            10 => Event::NoSpeech { turn },
            11 => Event::PartlyTranscribed { turn, text: "wo".to_owned() },
            12 => Event::Transcribed { turn, result: transcript(shape) },
            13 => Event::Understood { turn, result: Ok(meaning(shape)) },
            14 => Event::CarRead { turn, car: car(shape), clock: CLOCK },
            15 => Event::Acted { turn, result: acted(shape) },
            16 => Event::SpeakingStarted { turn },
            20 => Event::SpeechPaused { turn, speech: Arc::from([0.0]), ended_at: self.now },
            21 => Event::SpeechResumed { turn },
            22 => Event::WordsGuessed { turn, guess: self.guess, result: transcript(shape) },
            23 => Event::MeaningGuessed { turn, guess: self.guess, result: Ok(meaning(shape)) },
            17 => Event::Spoken { turn, result: Err(EngineError::failed("no voice")) },
            18 if shape < 50 => Event::EngineLost(engine),
            18 => Event::EngineReady(engine),
            _ => Event::Tick,
        }
    }

    /// One step, with everything that must hold of it.
    fn step(&mut self, event: Event) {
        let told = format!("{event:?}");
        let before = (self.machine.state(), self.machine.turn(), self.machine.deadline());
        let is_stale = event.turn().is_some_and(|turn| turn != self.machine.turn());
        let is_request = matches!(
            event,
            Event::Pressed { .. }
                | Event::Asked { .. }
                | Event::SayRequested { .. }
                | Event::VocabularySet { .. }
        );
        let is_wake = matches!(event, Event::Woken { .. } | Event::Pressed { .. });
        if let Event::CarRead { car, .. } = &event
            && !is_stale
        {
            self.car = car.as_ref().ok().cloned();
        }

        if let Event::Understood { result: Ok(meaning), .. } = &event
            && !is_stale
            && before.0 == State::Understanding
            && !self.reading
        {
            let agrees = |candidate: &Candidate| {
                ["assistant.yes", "trunk.set"].contains(&candidate.command.intent.as_str())
            };
            self.agreed = meaning.candidates.iter().any(agrees);
        }

        let effects = self.machine.step(event, self.now);

        let after = (self.machine.state(), self.machine.turn(), self.machine.deadline());
        if is_stale {
            assert!(effects.is_empty() && before == after, "a stale result changed something: {told}");
        }
        let answers = effects.iter().filter(|effect| matches!(effect, Effect::Answer(_))).count();
        assert_eq!(answers, usize::from(is_request), "answers to {told}");
        assert!(
            !is_request || matches!(effects.first(), Some(Effect::Answer(_))),
            "the answer comes first: {told}"
        );
        let begins =
            effects.iter().any(|effect| matches!(effect, Effect::Publish(Notice::TurnStarted { .. })));
        if is_wake && begins {
            assert_eq!(after.0, State::Listening, "wake always lands in listening");
            assert!(effects.contains(&Effect::StopSpeaking), "wake always stops speech");
        }
        assert!(effects.len() < MANY_EFFECTS, "{} effects of {told}", effects.len());
        for effect in &effects {
            self.observe(effect);
        }
        self.reading &= after.0 == State::Understanding;
        if after.0 == State::Idle {
            self.question = Question::Closed;
            assert_eq!(self.machine.dialogue().pending(), None, "idle holds no question");
            assert!(self.open_turns.is_empty() && self.open_speech.is_empty(), "idle after {told}");
        }
        assert!(after.2.is_some() || after.0 == State::Idle, "every state but idle has a deadline");
        assert!(is_stale || after.2.is_none_or(|deadline| deadline > self.now), "overdue after {told}");
        assert!(self.machine.announcements_waiting() <= MAX_WAITING);
        assert!(self.machine.dialogue().context(self.now).recent.len() <= 8);
        self.seen.insert(format!("{} -> {}", before.0, after.0));
    }

    fn observe(&mut self, effect: &Effect) {
        match effect {
            Effect::Supersede(turn) => {
                assert!(*turn > self.newest, "numbers only grow");
                self.newest = *turn;
            }
            // Until it is read, what was read before is no longer true.
            Effect::ReadCar { .. } => {
                self.car = None;
                self.reading = true;
            }
            Effect::Act { turn, approved } => {
                assert_eq!(*turn, self.machine.turn());
                self.approved_now(approved.command());
            }
            Effect::Publish(Notice::Reply { text, .. }) => {
                // Where nothing was understood the question stays open.
                let again =
                    [reply::NOT_HEARD, reply::TOO_SLOW].contains(&text.as_str()) || text.starts_with("Sorry");
                if text.ends_with("Open the boot?") {
                    self.question = Question::Posed;
                } else if !again {
                    self.question = Question::Closed;
                }
            }
            Effect::Publish(Notice::TurnStarted { turn, .. }) => {
                assert!(self.open_turns.is_empty(), "one turn at a time");
                self.open_turns.push(*turn);
            }
            Effect::Publish(Notice::TurnEnded { turn, .. }) => {
                assert_eq!(self.open_turns.pop(), Some(*turn), "what ends has begun");
            }
            Effect::Publish(Notice::SpeakingStarted { turn }) => {
                assert!(self.open_speech.is_empty(), "one voice at a time");
                self.hear_question();
                self.open_speech.push(*turn);
            }
            Effect::Publish(Notice::State(State::FollowUp)) => self.hear_question(),
            Effect::Publish(Notice::SpeakingEnded { turn }) => {
                assert_eq!(self.open_speech.pop(), Some(*turn))
            }
            _ => {}
        }
    }

    fn hear_question(&mut self) {
        if self.question == Question::Posed {
            self.question = Question::Heard;
        }
    }

    /// What acts is what the policy lets through, in the car as it was read. The boot opens only if
    /// it is known to stand still and its question was heard and agreed to.
    fn approved_now(&mut self, command: &Command) {
        let candidate = Candidate::complete(command.clone(), 1.0);
        let ruling = self.machine.policy().judge(&candidate, self.car.as_ref(), None, true);
        assert!(matches!(ruling, Ruling::Approve { .. }), "{command} acts in {:?}", self.car);
        assert_ne!(command.intent, "engine.stop", "a refused command never acts");
        if command.intent == "trunk.set" {
            assert!(
                self.car.as_ref().is_some_and(|car| car.speed_kmh < 5.0),
                "the boot opens in {:?}",
                self.car
            );
            assert!(self.question == Question::Heard && self.agreed, "the boot opens unasked");
            self.seen.insert("confirmed".to_owned());
        }
    }

    /// Nothing happens any more but time.
    fn fall_silent(&mut self) {
        for _ in 0..MAX_WAITING + 8 {
            if let Some(deadline) = self.machine.deadline() {
                self.now = self.now.max(deadline);
                self.step(Event::Tick);
            }
        }
        assert_eq!(self.machine.state(), State::Idle, "silence always leads to idle");
    }
}

fn transcript(shape: u8) -> Result<Transcript, EngineError> {
    match shape {
        0..20 => Ok(Transcript::default()),
        20..40 => Err(EngineError::failed("noise")),
        40..45 => Err(EngineError::Cancelled),
        _ => Ok(Transcript { text: "words".to_owned(), confidence: 0.9 }),
    }
}

fn meaning(shape: u8) -> Interpretation {
    let boot = || Command::new("trunk.set").with("state", "open");
    let warm = || Command::new("climate.set_temperature").with("temperature", 21.0);
    let roof = || Command::new("sunroof.set").with("motion", "open");
    let yes = || Command::new("assistant.yes");
    let commands = match shape / 2 % 16 {
        0 => vec![],
        1 | 2 => vec![boot()],
        3..=5 => vec![yes()],
        6 => vec![Command::new("assistant.no")],
        7 => vec![warm(), roof()],
        8 => vec![roof(), boot(), Command::new("timer.start").with("duration", 5.0)],
        9 => vec![Command::new("engine.stop")],
        10 => vec![yes(), warm()],
        11 => vec![Command::new("assistant.mute")],
        12 => vec![warm(), Command::new("assistant.stop")],
        13 => vec![Command::new("climate.set_temperature").with("temperature", 99.0), boot()],
        14 => vec![Command::new("assistant.repeat")],
        _ => vec![Command::new("climate.set_fan").with("level", 3.0)],
    };
    let problem = (shape > 230).then_some(Problem::Unsure);
    let candidate = |command| Candidate { command, confidence: 0.9, problem: problem.clone() };
    Interpretation {
        candidates: commands.into_iter().map(candidate).collect(),
        left_over: (shape > 240).then(|| "more".to_owned()),
        later: shape % 16 == 7,
    }
}

fn car(shape: u8) -> Result<CarState, ActError> {
    match shape % 8 {
        0..5 => Ok(CarState::default()),
        5 | 6 => Ok(CarState { speed_kmh: 50.0, ..CarState::default() }),
        _ => Err(ActError::Timeout(Duration::from_secs(1))),
    }
}

fn acted(shape: u8) -> Result<Acted, ActError> {
    match shape % 8 {
        0 => Err(ActError::Failed("broken".to_owned())),
        1 => Err(ActError::Rejected("not now".to_owned())),
        _ => Ok(Acted::default()),
    }
}

#[test]
fn random_walks_keep_the_promises() {
    let policy = Policy::new(Catalogue::shipped(), policy::Settings::default());
    let seen = RefCell::new(BTreeSet::new());
    let config = Config { cases: WALKS, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let draws = proptest::collection::vec((any::<u8>(), any::<u8>(), 0_u16..4000), 1..STEPS);
    let result = runner.run(&draws, |draws| {
        let mut walk = Walk::new(&policy);
        draws.into_iter().for_each(|draw| walk.walk(draw));
        walk.fall_silent();
        seen.borrow_mut().append(&mut walk.seen);
        Ok(())
    });
    if let Err(reason) = result {
        panic!("{reason}");
    }

    // The walks were worth something: they went everywhere, and a question was asked and answered.
    let seen = seen.into_inner();
    for step in [
        "idle -> listening",
        "listening -> transcribing",
        "transcribing -> understanding",
        "understanding -> acting",
        "acting -> acting",
        "acting -> speaking",
        "speaking -> follow-up",
        "follow-up -> listening",
        "follow-up -> idle",
        "speaking -> listening",
        "acting -> listening",
        "confirmed",
    ] {
        assert!(seen.contains(step), "no walk had {step}; they had {seen:?}");
    }
}

#[test]
fn no_state_survives_silence() {
    let policy = Policy::new(Catalogue::shipped(), policy::Settings::default());
    // Each walk stops in another state, where nothing more comes but time.
    let starts: [&[Draw]; 6] = [
        &[(0, 100, 0)],
        &[(0, 100, 0); 2],
        &[(0, 100, 0); 3],
        &[(0, 100, 0), (0, 100, 0), (0, 100, 0), (0, 62, 0)],
        &[(0, 100, 0), (0, 100, 0), (0, 100, 0), (0, 62, 0), (0, 1, 0)],
        &[(0, 100, 0), (0, 100, 0), (0, 100, 0), (0, 62, 0), (0, 1, 0), (0, 7, 0)],
    ];
    for draws in starts {
        let mut walk = Walk::new(&policy);
        draws.iter().for_each(|draw| walk.walk(*draw));
        assert_ne!(walk.machine.state(), State::Idle);
        walk.fall_silent();
    }
}
