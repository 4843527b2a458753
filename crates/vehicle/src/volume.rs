//! Loudness of the entertainment.

use crate::refusal::Refusal;
use crate::values::{Scale, in_range, upward};

/// Percent of full loudness.
const LEVEL: Scale = Scale { what: "volume", min: 0.0, max: 100.0, step: 5.0 };

/// The volume control.
#[derive(Clone, Debug)]
pub(crate) struct Volume {
    level: f64,
    muted: bool,
}

impl Default for Volume {
    fn default() -> Self {
        Self { level: 30.0, muted: false }
    }
}

domain! {
    "org.carvoice.Vehicle1.Volume", |car| car.volume;
    properties {
        level: f64 = car.volume.level;
        muted: bool = car.volume.muted;
    }
    methods {
        fn set(level: f64);
        fn adjust(direction: String, amount: f64);
        fn set_mute(state: bool);
    }
    queries {}
}

impl Volume {
    fn set(&mut self, level: f64) -> Result<(), Refusal> {
        self.level = in_range("level", level, LEVEL.min, LEVEL.max)?;
        self.muted = false;
        Ok(())
    }

    fn adjust(&mut self, direction: String, amount: f64) -> Result<(), Refusal> {
        self.level = LEVEL.moved(self.level, upward(&direction)?, amount)?;
        self.muted = false;
        Ok(())
    }

    fn set_mute(&mut self, state: bool) -> Result<(), Refusal> {
        self.muted = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_heard() {
        let mut volume = Volume::default();
        volume.set_mute(true).unwrap();
        volume.adjust("up".into(), 0.0).unwrap();
        assert!(!volume.muted);
        assert_eq!(volume.level, 35.0);
        assert!(matches!(volume.set(101.0), Err(Refusal::OutOfRange(_))));
        assert!(matches!(volume.adjust("up".into(), 90.0), Err(Refusal::OutOfRange(_))));
    }
}
