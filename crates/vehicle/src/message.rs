//! Text messages.

use std::collections::VecDeque;

use crate::refusal::Refusal;
use crate::values::words;

/// The message box.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    unread: VecDeque<String>,
    sent_to: String,
    sent: String,
}

impl Default for Message {
    fn default() -> Self {
        Self {
            unread: ["Anna: see you at eight".to_owned()].into(),
            sent_to: String::new(),
            sent: String::new(),
        }
    }
}

domain! {
    "org.carvoice.Vehicle1.Message", |car| car.message;
    properties {
        unread: u32 = u32::try_from(car.message.unread.len()).unwrap_or(u32::MAX);
        sent_to: String = car.message.sent_to.clone();
        sent: String = car.message.sent.clone();
    }
    methods {
        fn send(contact: String, text: String);
    }
    queries {
        fn read() -> String;
    }
}

impl Message {
    fn send(&mut self, contact: String, text: String) -> Result<(), Refusal> {
        let (contact, text) = (words("contact", &contact)?, words("text", &text)?);
        (self.sent_to, self.sent) = (contact, text);
        Ok(())
    }

    fn read(&mut self) -> Result<String, Refusal> {
        self.unread.pop_front().ok_or_else(|| Refusal::refused("there are no new messages"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_once() {
        let mut message = Message::default();
        assert_eq!(message.read(), Ok("Anna: see you at eight".into()));
        assert!(matches!(message.read(), Err(Refusal::Refused(_))));
        assert!(message.send("anna".into(), String::new()).is_err());
        message.send("anna".into(), "on my way".into()).unwrap();
        assert_eq!(message.sent, "on my way");
    }
}
