//! Asks for something in words and prints what becomes of it. Usage: ask TEXT
//!
//! ```toml
//! [dependencies]
//! futures = "0.3"
//! zbus = "6.2"
//! ```

use std::collections::HashMap;
use std::num::NonZeroUsize;

use futures::StreamExt;
use zbus::connection::{Builder, Connection};
use zbus::message::Type;
use zbus::{MatchRule, MessageStream, OwnedVariant, block_on};

const NAME: &str = "org.carvoice.Assistant1";
const PATH: &str = "/org/carvoice/Assistant1";

/// Asks, and gives the reply and the outcome of the turn.
pub(crate) async fn ask(connection: &Connection, text: &str) -> zbus::Result<(String, String)> {
    // Subscribe first, so that nothing is missed.
    let rule = MatchRule::builder().msg_type(Type::Signal).sender(NAME).path(PATH).build()?;
    let mut signals = MessageStream::for_match_rule(rule, connection, NonZeroUsize::new(256)).await?;

    let options: HashMap<&str, OwnedVariant> = HashMap::new();
    let turn = connection.call_method(Some(NAME), PATH, Some(NAME), "Ask", &(text, options)).await?;
    let mine: u64 = turn.body().deserialize()?;

    let mut reply = String::new();
    while let Some(signal) = signals.next().await {
        let signal = signal?;
        let (header, body) = (signal.header(), signal.body());
        match header.member().map(|member| member.to_string()).as_deref() {
            Some("Command") => {
                let (turn, intent, slots, _confidence): (u64, String, HashMap<String, OwnedVariant>, f64) =
                    body.deserialize()?;
                if turn == mine {
                    println!("command {intent} {slots:?}");
                }
            }
            Some("Reply") => {
                let (turn, text): (u64, String) = body.deserialize()?;
                if turn == mine {
                    println!("reply {text}");
                    reply = text;
                }
            }
            Some("TurnEnded") => {
                let (turn, outcome, _timings): (u64, String, HashMap<String, OwnedVariant>) =
                    body.deserialize()?;
                if turn == mine {
                    return Ok((reply, outcome));
                }
            }
            _ => {}
        }
    }
    Err(zbus::Error::InputOutput(std::sync::Arc::new(std::io::ErrorKind::ConnectionAborted.into())))
}

/// `Builder::system` in a car.
#[allow(dead_code, reason = "the tests call `ask` on a bus of their own")]
fn main() -> zbus::Result<()> {
    let text: Vec<String> = std::env::args().skip(1).collect();
    block_on(async {
        let connection = Builder::session().build().await?;
        let (_, outcome) = ask(&connection, &text.join(" ")).await?;
        println!("{outcome}");
        Ok(())
    })
}
