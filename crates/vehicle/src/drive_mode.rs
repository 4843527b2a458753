//! The drive mode.

use crate::refusal::Refusal;
use crate::values::one_of;

const MODES: &[&str] = &["eco", "comfort", "sport", "snow", "normal"];

/// The drive mode.
#[derive(Clone, Debug)]
pub(crate) struct DriveMode {
    mode: &'static str,
}

impl Default for DriveMode {
    fn default() -> Self {
        Self { mode: "normal" }
    }
}

domain! {
    "org.carvoice.Vehicle1.DriveMode", |car| car.drive_mode;
    properties {
        mode: String = car.drive_mode.mode.to_owned();
    }
    methods {
        fn set(mode: String);
    }
    queries {}
}

impl DriveMode {
    fn set(&mut self, mode: String) -> Result<(), Refusal> {
        self.mode = one_of("mode", &mode, MODES)?;
        Ok(())
    }
}
