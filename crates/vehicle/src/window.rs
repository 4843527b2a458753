//! Windows.

use crate::refusal::Refusal;
use crate::values::{Scale, in_range, upward};
use crate::zone::{DRIVER, Levels, PerSeat, Seats};

/// Percent open.
const POSITION: Scale = Scale { what: "window", min: 0.0, max: 100.0, step: 20.0 };

/// All windows.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    position: PerSeat<f64>,
}

impl Default for Window {
    fn default() -> Self {
        Self { position: PerSeat::all(0.0) }
    }
}

domain! {
    "org.carvoice.Vehicle1.Window", |car| car.window;
    properties {
        position: Levels = car.window.position.by_name();
    }
    methods {
        fn set(position: f64, zone: String);
        fn adjust(direction: String, zone: String);
    }
    queries {}
}

impl Window {
    fn set(&mut self, position: f64, zone: String) -> Result<(), Refusal> {
        let seats = Seats::of(&zone, DRIVER)?;
        self.position.set(seats, in_range("position", position, POSITION.min, POSITION.max)?);
        Ok(())
    }

    /// A window that goes down opens.
    fn adjust(&mut self, direction: String, zone: String) -> Result<(), Refusal> {
        let opens = !upward(&direction)?;
        self.position.change(Seats::of(&zone, DRIVER)?, |now| POSITION.moved(now, opens, 0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn down_opens() {
        let mut window = Window::default();
        window.adjust("down".into(), String::new()).unwrap();
        assert_eq!(window.position.by_name()["driver"], 20.0);
        window.adjust("up".into(), "driver".into()).unwrap();
        assert!(matches!(window.adjust("up".into(), String::new()), Err(Refusal::Refused(_))));
        assert!(matches!(window.set(101.0, String::new()), Err(Refusal::OutOfRange(_))));
    }
}
