//! Every signal of the daemon, as it comes.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use futures::StreamExt;
use serde_json::{Map, Value};
use zbus::connection::Connection;
use zbus::message::Type;
use zbus::{MatchRule, Message, MessageStream, OwnedVariant, Structure, Variant, block_on};

use crate::address::within;
use crate::error::BusError;
use crate::json::json;
use crate::{INTERFACE, NAME, PATH};

/// Signals that may wait for the reader; a turn has about fifteen.
const QUEUED: usize = 1024;

/// An endless iterator over the daemon's signals, each with its arguments as a JSON object.
/// A change of properties comes as `PropertiesChanged` with the new values.
pub struct Monitor {
    stream: MessageStream,
}

impl Monitor {
    /// Subscribes; when this returns, every later signal is seen.
    pub(crate) fn start(connection: Connection) -> Result<Self, BusError> {
        let rule = || MatchRule::builder().msg_type(Type::Signal).sender(NAME).path(PATH).build();
        let subscribe =
            async { MessageStream::for_match_rule(rule()?, &connection, NonZeroUsize::new(QUEUED)).await };
        let stream = block_on(subscribe).map_err(|error| BusError::Failed(error.to_string()))?;
        Ok(Self { stream })
    }

    /// The next signal, or `None` when there is none within `limit`.
    ///
    /// # Errors
    /// [`BusError::Lost`] when the bus is gone.
    pub fn next_within(&mut self, limit: Duration) -> Option<Result<(String, Value), BusError>> {
        block_on(within(limit, self.receive()))
    }

    async fn receive(&mut self) -> Result<(String, Value), BusError> {
        loop {
            match self.stream.next().await {
                Some(Ok(message)) => {
                    if let Some(signal) = read(&message) {
                        return Ok(signal);
                    }
                }
                Some(Err(_)) | None => return Err(BusError::Lost),
            }
        }
    }
}

impl Iterator for Monitor {
    type Item = Result<(String, Value), BusError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(block_on(self.receive()))
    }
}

/// Name and arguments of a signal of ours; `None` for any other.
fn read(message: &Message) -> Option<(String, Value)> {
    let header = message.header();
    let member = header.member()?.to_string();
    let body = message.body();
    if header.interface().is_some_and(|name| name.as_str() == INTERFACE) {
        let fields = body.deserialize::<Structure<'_>>().ok()?;
        Some((member.clone(), Value::Object(named(&member, fields.fields()))))
    } else if member == "PropertiesChanged" {
        type Changed<'a> = (String, HashMap<String, OwnedVariant>, Vec<String>);
        let (_, changed, _) = body.deserialize::<Changed<'_>>().ok()?;
        let object = changed.iter().map(|(name, value)| (name.clone(), json(value)));
        Some((member, Value::Object(object.collect())))
    } else {
        None
    }
}

fn named(member: &str, fields: &[Variant<'_>]) -> Map<String, Value> {
    let names: &[&str] = match member {
        "TurnStarted" => &["turn", "cause", "zone"],
        "PartialTranscript" | "Reply" => &["turn", "text"],
        "Transcript" => &["turn", "text", "confidence"],
        "Command" => &["turn", "intent", "slots", "confidence"],
        "CommandResult" => &["turn", "intent", "done", "error"],
        "TurnEnded" => &["turn", "outcome", "timings"],
        _ => &["turn"],
    };
    names.iter().zip(fields).map(|(name, value)| ((*name).to_owned(), json(value))).collect()
}
