//! How the car says no.

/// A named D-Bus error `org.carvoice.Vehicle1.Error.*`.
#[derive(Clone, Debug, PartialEq, Eq, zbus::DBusError)]
#[zbus(prefix = "org.carvoice.Vehicle1.Error")]
pub enum Refusal {
    /// A number outside its range; names the range.
    OutOfRange(String),
    /// A word that is none of those expected; names them.
    InvalidArgument(String),
    /// Understood, but not in this state of the car; names the reason.
    Refused(String),
}

impl Refusal {
    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }
}
