//! What every actuator must do.

use carvoice_core::car::CarState;
use carvoice_core::catalogue::Catalogue;
use carvoice_core::command::Command;
use carvoice_core::engine::{ActError, Actuator};
use carvoice_core::interpretation::Candidate;
use carvoice_core::policy::{Approved, Policy, Ruling, Settings};

/// The command as the policy lets it through, with a parked car and a driver who said yes. What the
/// policy wants done first comes first.
///
/// # Panics
/// When the policy does not approve it.
pub fn approved(catalogue: &Catalogue, command: Command) -> Vec<Approved> {
    let policy = Policy::new(catalogue.clone(), Settings::default());
    let parked = CarState { shade_open: 100.0, low_beam: true, ..CarState::default() };
    match policy.judge(&Candidate::complete(command, 1.0), Some(&parked), None, true) {
        Ruling::Approve { steps, .. } => steps,
        other => panic!("not approved: {other:?}"),
    }
}

/// Carries out a command that is done in one step.
pub fn act(actuator: &mut dyn Actuator, command: Command) -> Result<carvoice_core::engine::Acted, ActError> {
    let steps = approved(&Catalogue::shipped(), command);
    assert_eq!(steps.len(), 1);
    actuator.act(&steps[0])
}

/// A command that the car can do is done; nothing comes back.
pub fn does_a_command(actuator: &mut dyn Actuator) {
    let command = Command::new("climate.set_temperature").with("temperature", 22.5).with("zone", "driver");
    assert_eq!(act(actuator, command).unwrap().values.len(), 0);
}

/// A question is answered with `result`.
pub fn answers_a_question(actuator: &mut dyn Actuator) {
    let command = Command::new("climate.query_temperature").with("place", "inside");
    let acted = act(actuator, command).unwrap();
    assert!(acted.values["result"].number().is_some(), "{:?}", acted.values);
}

/// A refusal of the car comes with the car's reason and leaves the actuator usable.
pub fn passes_on_a_refusal(actuator: &mut dyn Actuator) {
    match act(actuator, Command::new("navigation.add_stop").with("destination", "Ulm")) {
        Err(ActError::Rejected(reason)) => assert!(reason.contains("no route"), "{reason}"),
        other => panic!("{other:?}"),
    }
    does_a_command(actuator);
}

/// A parked car with everything closed is seen as one.
pub fn sees_a_parked_car(actuator: &mut dyn Actuator) {
    let car = actuator.car().unwrap();
    assert_eq!(CarState { position: None, ..car }, CarState::default());
}
