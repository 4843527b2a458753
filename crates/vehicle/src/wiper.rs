//! Wipers.

use crate::refusal::Refusal;
use crate::values::{one_of, upward};

const MODES: &[&str] = &["off", "slow", "fast", "auto", "once"];

/// Front and rear wiper.
#[derive(Clone, Debug)]
pub(crate) struct Wiper {
    front: &'static str,
    rear: &'static str,
}

impl Default for Wiper {
    fn default() -> Self {
        Self { front: "off", rear: "off" }
    }
}

domain! {
    "org.carvoice.Vehicle1.Wiper", |car| car.wiper;
    properties {
        front: String = car.wiper.front.to_owned();
        rear: String = car.wiper.rear.to_owned();
    }
    methods {
        fn set(mode: String, window: String);
        fn adjust(direction: String);
    }
    queries {}
}

impl Wiper {
    /// A single wipe leaves the mode as it is.
    fn set(&mut self, mode: String, window: String) -> Result<(), Refusal> {
        let mode = one_of("mode", &mode, MODES)?;
        let wiper = match one_of("window", &window, &["", "front", "rear"])? {
            "rear" => &mut self.rear,
            _ => &mut self.front,
        };
        if mode != "once" {
            *wiper = mode;
        }
        Ok(())
    }

    fn adjust(&mut self, direction: String) -> Result<(), Refusal> {
        self.front = match (upward(&direction)?, self.front) {
            (true, "off" | "auto") => "slow",
            (true, "slow") => "fast",
            (true, _) => return Err(Refusal::refused("the wipers are already at their fastest")),
            (false, "fast") => "slow",
            (false, "slow" | "auto") => "off",
            (false, _) => return Err(Refusal::refused("the wipers are already off")),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_from_off_to_fast() {
        let mut wiper = Wiper::default();
        wiper.adjust("up".into()).unwrap();
        wiper.adjust("up".into()).unwrap();
        assert_eq!(wiper.front, "fast");
        assert!(matches!(wiper.adjust("up".into()), Err(Refusal::Refused(_))));
        wiper.set("once".into(), String::new()).unwrap();
        assert_eq!(wiper.front, "fast");
        wiper.set("auto".into(), "rear".into()).unwrap();
        assert_eq!(wiper.rear, "auto");
    }
}
