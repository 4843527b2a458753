//! What can be made to go wrong, for tests and demonstrations.

use std::str::FromStr;
use std::time::Duration;

/// A way in which the car misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Leaves the bus in the middle of a call.
    Die,
    /// Refuses every call.
    Refuse,
    /// Answers this much later.
    Late(Duration),
}

impl FromStr for Fault {
    type Err = String;

    /// `die`, `refuse` or `late=MILLISECONDS`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let late = |text: &str| text.strip_prefix("late=")?.parse().ok().map(Duration::from_millis);
        match text {
            "die" => Ok(Self::Die),
            "refuse" => Ok(Self::Refuse),
            other => late(other)
                .map(Self::Late)
                .ok_or_else(|| format!("{other:?} is no fault; write die, refuse or late=MILLISECONDS")),
        }
    }
}

/// Which fault occurs, and from when on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The fault; none for a car that works.
    pub fault: Option<Fault>,
    /// Method calls that still work before it.
    pub after: u64,
}

impl Faults {
    /// The fault that hits the call of this number, counted from 0.
    pub(crate) fn of_call(&self, number: u64) -> Option<Fault> {
        self.fault.filter(|_| number >= self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_words() {
        assert_eq!("die".parse(), Ok(Fault::Die));
        assert_eq!("late=1500".parse(), Ok(Fault::Late(Duration::from_millis(1500))));
        for wrong in ["", "late", "late=", "late=soon", "late=-1", "explode"] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn faults_begin_after_a_number_of_calls() {
        let faults = Faults { fault: Some(Fault::Refuse), after: 2 };
        assert_eq!([0, 1, 2, 3].map(|call| faults.of_call(call).is_some()), [false, false, true, true]);
    }
}
