//! Where D-Bus requests enter the pipeline. Runs on the bus's thread and never waits.

use std::sync::{Arc, Weak};

use carvoice_bus::{Answer, Parsed, QueueFull, Refusal, Request};
use carvoice_core::engine::TurnId;
use carvoice_core::turn::{Event, Rejection};
use crossbeam_channel::Sender;

use crate::announcer::Announcer;
use crate::config::Config;
use crate::engines::{self, SharedCatalogue};
use crate::pipeline::Pipeline;
use crate::pipeline::act::ActJob;
use crate::pipeline::think::ThinkJob;
use crate::pipeline::turn::{Input, ToTurn};
use crate::skills;

/// The pipeline as the bus sees it.
pub struct Reception {
    to_turn: ToTurn,
    to_think: Sender<ThinkJob>,
    to_act: Sender<ActJob>,
    config: Arc<Config>,
    catalogue: SharedCatalogue,
    // The announcer holds the service, which holds the closure that holds this.
    announcer: Weak<Announcer>,
}

impl Reception {
    pub fn new(
        pipeline: &Pipeline,
        config: &Arc<Config>,
        catalogue: &SharedCatalogue,
        announcer: &Arc<Announcer>,
    ) -> Self {
        Self {
            to_turn: pipeline.to_turn().clone(),
            to_think: pipeline.to_think().clone(),
            to_act: pipeline.to_act().clone(),
            config: Arc::clone(config),
            catalogue: Arc::clone(catalogue),
            announcer: Arc::downgrade(announcer),
        }
    }

    /// Passes a request on.
    ///
    /// # Errors
    /// When the queue it belongs to is full.
    pub fn take(&self, request: Request) -> Result<(), QueueFull> {
        match request {
            Request::Listen { zone, hold, answer } => self.ask(Event::Pressed { zone, hold }, answer),
            Request::StopListening { turn } => self.tell(Event::Released { turn }),
            Request::Cancel => self.tell(Event::Cancelled),
            Request::Say { text, priority, answer } => {
                self.ask(Event::SayRequested { text, priority }, answer)
            }
            Request::Ask { text, answer } => self.ask(Event::Asked { text, zone: None }, answer),
            Request::SetVocabulary { kind, phrases, answer } => {
                self.ask(Event::VocabularySet { kind, phrases }, answer)
            }
            Request::SetMuted(muted) => self.tell(Event::MuteRequested(muted)),
            Request::Parse { text, answer } => self.parse(text, answer),
            Request::ReloadSkills { answer } => self.reload(answer),
            Request::BusLost => Ok(()),
        }
    }

    fn tell(&self, event: Event) -> Result<(), QueueFull> {
        if self.to_turn.send(Input::Event(event)) { Ok(()) } else { Err(QueueFull) }
    }

    fn ask(&self, event: Event, answer: Answer<TurnId>) -> Result<(), QueueFull> {
        let answer =
            Box::new(move |result: Result<TurnId, Rejection>| answer.send(result.map_err(Refusal::from)));
        if self.to_turn.send(Input::Request(event, answer)) { Ok(()) } else { Err(QueueFull) }
    }

    fn parse(&self, text: String, answer: Answer<Vec<Parsed>>) -> Result<(), QueueFull> {
        let job = ThinkJob::Parse {
            text,
            answer: Box::new(move |meaning| {
                let parsed = meaning.map(|meaning| {
                    let candidates = meaning.candidates.into_iter();
                    candidates
                        .map(|one| Parsed { command: one.command, confidence: one.confidence })
                        .collect()
                });
                answer.send(parsed.map_err(|reason| Refusal::NotReady(reason.to_string())));
            }),
        };
        self.to_think.try_send(job).map_err(|_| QueueFull)
    }

    fn reload(&self, answer: Answer<()>) -> Result<(), QueueFull> {
        let (to_turn, to_act) = (self.to_turn.clone(), self.to_act.clone());
        let (config, catalogue) = (Arc::clone(&self.config), Arc::clone(&self.catalogue));
        let announcer = Weak::clone(&self.announcer);
        let read_skills = move || {
            let (read, faults) = skills::load(&config.skills.folders);
            let names = read.intents().iter().map(|intent| intent.name.clone()).collect();
            let policy = engines::policy(&read);
            *catalogue.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(read);
            let taken =
                to_turn.send(Input::SetPolicy(Box::new(policy))) && to_act.try_send(ActJob::Reload).is_ok();
            if let Some(announcer) = announcer.upgrade()
                && let Some(service) = announcer.service()
            {
                service.set_intents(names);
            }
            answer.send(match faults.first() {
                _ if !taken => Err(Refusal::Busy("too much to do at once; reload again".to_owned())),
                Some(fault) => Err(Refusal::InvalidArgument(format!("left out: {fault}"))),
                None => Ok(()),
            });
        };
        self.to_think.try_send(ThinkJob::Reload(Box::new(read_skills))).map_err(|_| QueueFull)
    }
}
