//! The outer mirrors.

use crate::refusal::Refusal;

/// Both mirrors.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mirror {
    folded: bool,
}

domain! {
    "org.carvoice.Vehicle1.Mirror", |car| car.mirror;
    properties {
        folded: bool = car.mirror.folded;
    }
    methods {
        fn set(state: bool);
    }
    queries {}
}

impl Mirror {
    fn set(&mut self, state: bool) -> Result<(), Refusal> {
        self.folded = state;
        Ok(())
    }
}
