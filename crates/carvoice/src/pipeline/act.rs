//! The act thread: the only one that calls the car.

use std::sync::atomic::{AtomicBool, Ordering};

use carvoice_core::engine::{ActError, Actuator, TurnId};
use carvoice_core::policy::Approved;
use carvoice_core::turn::{Engine, Event};
use crossbeam_channel::Receiver;

use super::guard::{Guarded, Make};
use super::turn::ToTurn;
use super::wall_clock;

/// Work for the act thread.
pub enum ActJob {
    /// The pipeline ends.
    End,
    /// Ask for the state of the car.
    ReadCar { turn: TurnId },
    /// Carry out a command.
    Act { turn: TurnId, approved: Approved },
    /// Build the actuator again: the skills have changed.
    Reload,
    /// Look at `quiet`, which has changed. Every job does, so this one may be lost when others wait.
    Volume,
}

/// `quiet` says whether music is to be in the background.
pub fn run(
    jobs: &Receiver<ActJob>,
    make: Make<Box<dyn Actuator>>,
    quiet: &AtomicBool,
    to_turn: &ToTurn,
    built: impl FnOnce(),
) {
    let mut actuator = Guarded::new(Engine::Actuator, make, to_turn.clone());
    let mut is_quiet = false;
    built();
    for job in jobs {
        let wanted = quiet.load(Ordering::Acquire);
        if wanted != is_quiet {
            is_quiet = wanted;
            let _ = actuator.run(|engine| {
                engine.set_quiet(wanted);
                Ok(())
            });
        }
        match job {
            ActJob::End => return,
            ActJob::Volume => {}
            ActJob::ReadCar { turn } => {
                let car = call(&mut actuator, |engine| engine.car());
                to_turn.event(Event::CarRead { turn, car, clock: wall_clock::now() });
            }
            ActJob::Act { turn, approved } => {
                let result = call(&mut actuator, |engine| engine.act(&approved));
                to_turn.event(Event::Acted { turn, result });
            }
            ActJob::Reload => {
                actuator.close();
                actuator.revive();
            }
        }
    }
}

fn call<R>(
    actuator: &mut Guarded<Box<dyn Actuator>>,
    work: impl FnOnce(&mut Box<dyn Actuator>) -> Result<R, ActError>,
) -> Result<R, ActError> {
    actuator.revive();
    let guarded = actuator.run(|engine| Ok(work(engine)));
    guarded.unwrap_or_else(|reason| Err(ActError::Failed(reason.to_string())))
}
