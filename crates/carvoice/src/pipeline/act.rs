//! The act thread: the only one that calls the car.

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
}

pub fn run(jobs: &Receiver<ActJob>, make: Make<Box<dyn Actuator>>, to_turn: &ToTurn, built: impl FnOnce()) {
    let mut actuator = Guarded::new(Engine::Actuator, make, to_turn.clone());
    built();
    for job in jobs {
        match job {
            ActJob::End => return,
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
