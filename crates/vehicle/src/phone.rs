//! Telephone calls.

use crate::refusal::Refusal;
use crate::values::{one_of, words};

/// The telephone.
#[derive(Clone, Debug)]
pub(crate) struct Phone {
    state: &'static str,
    peer: String,
    line: &'static str,
}

impl Default for Phone {
    fn default() -> Self {
        Self { state: "idle", peer: String::new(), line: "" }
    }
}

domain! {
    "org.carvoice.Vehicle1.Phone", |car| car.phone;
    properties {
        state: String = car.phone.state.to_owned();
        peer: String = car.phone.peer.clone();
        line: String = car.phone.line.to_owned();
    }
    methods {
        fn call(contact: String, number: String, line: String);
        fn answer();
        fn hang_up();
        fn reject();
        fn redial();
        fn ring(contact: String);
    }
    queries {}
}

impl Phone {
    fn call(&mut self, contact: String, number: String, line: String) -> Result<(), Refusal> {
        let line = one_of("line", &line, &["", "mobile", "home", "work"])?;
        let peer = match (contact.is_empty(), number.is_empty()) {
            (false, true) => words("contact", &contact)?,
            (true, false) if number.chars().all(|c| c.is_ascii_digit() || "+*#".contains(c)) => {
                words("number", &number)?
            }
            (true, false) => {
                return Err(Refusal::InvalidArgument(format!("{number:?} is no telephone number")));
            }
            _ => {
                let either = "give a contact or a number, and the other empty";
                return Err(Refusal::InvalidArgument(either.to_owned()));
            }
        };
        self.expect(&["idle"], "the line is taken")?;
        (self.state, self.peer, self.line) = ("active", peer, line);
        Ok(())
    }

    fn answer(&mut self) -> Result<(), Refusal> {
        self.expect(&["ringing"], "nobody is calling")?;
        self.state = "active";
        Ok(())
    }

    fn hang_up(&mut self) -> Result<(), Refusal> {
        self.expect(&["active", "ringing"], "there is no call")?;
        self.state = "idle";
        Ok(())
    }

    fn reject(&mut self) -> Result<(), Refusal> {
        self.expect(&["ringing"], "nobody is calling")?;
        self.state = "idle";
        Ok(())
    }

    fn redial(&mut self) -> Result<(), Refusal> {
        self.expect(&["idle"], "the line is taken")?;
        if self.peer.is_empty() {
            return Err(Refusal::refused("nobody was called before"));
        }
        self.state = "active";
        Ok(())
    }

    /// Simulates a caller; only the simulator has this method.
    fn ring(&mut self, contact: String) -> Result<(), Refusal> {
        let contact = words("contact", &contact)?;
        self.expect(&["idle"], "the line is taken")?;
        (self.state, self.peer, self.line) = ("ringing", contact, "");
        Ok(())
    }

    fn expect(&self, states: &[&str], otherwise: &str) -> Result<(), Refusal> {
        if states.contains(&self.state) { Ok(()) } else { Err(Refusal::refused(otherwise)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_from_ring_to_redial() {
        let mut phone = Phone::default();
        assert!(matches!(phone.answer(), Err(Refusal::Refused(_))));
        assert!(matches!(phone.redial(), Err(Refusal::Refused(_))));
        phone.ring("mum".into()).unwrap();
        phone.answer().unwrap();
        phone.hang_up().unwrap();
        phone.redial().unwrap();
        assert_eq!((phone.state, phone.peer.as_str()), ("active", "mum"));
    }

    #[test]
    fn a_contact_or_a_number() {
        let mut phone = Phone::default();
        let mut call =
            |contact: &str, number: &str| phone.call(contact.into(), number.into(), String::new()).is_ok();
        assert!(!call("", ""));
        assert!(!call("mum", "112"));
        assert!(!call("", "mum"));
        assert!(call("", "+49112"));
        assert!(!call("dad", ""), "the line is taken");
    }
}
