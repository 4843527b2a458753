//! `org.carvoice.Assistant1` on a private bus, with foreign programs as its clients.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed step is a failed test")]

mod calls;
mod docs;
mod faults;
mod signals;

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};

use carvoice_bus::{Description, QueueFull, Request, Service};
use carvoice_tests::private_bus::{PATIENCE, PrivateBus};

const NAME: &str = "org.carvoice.Assistant1";
const PATH: &str = "/org/carvoice/Assistant1";

/// The assistant on a bus, with the test in place of the turn loop.
struct Desk {
    bus: PrivateBus,
    service: Service,
    requests: Receiver<Request>,
}

impl Desk {
    /// A turn loop with a queue of this length.
    fn open(queue: usize) -> Self {
        let bus = PrivateBus::start();
        let (to_turn, requests) = sync_channel(queue);
        let service = Service::start(bus.kind(), description(), deliver(to_turn)).unwrap();
        Self { bus, service, requests }
    }

    /// The next request.
    fn request(&self) -> Request {
        self.requests.recv_timeout(PATIENCE).expect("a request")
    }

    /// Nothing was asked so far.
    fn assert_idle(&self) {
        let waiting = self.requests.try_recv();
        assert!(waiting.is_err(), "{waiting:?}");
    }

    /// Calls a method through busctl while `turn_loop` handles the one request it makes.
    fn call(
        &self,
        method_and_arguments: &[&str],
        turn_loop: impl FnOnce(Request) + Send,
    ) -> Result<String, String> {
        let mut arguments = vec!["call", NAME, PATH, NAME];
        arguments.extend(method_and_arguments);
        self.while_calling(turn_loop, |bus| bus.busctl(&arguments))
    }

    /// The same through gdbus, whose errors carry their names.
    fn gdbus(
        &self,
        method: &str,
        arguments: &[&str],
        turn_loop: impl FnOnce(Request) + Send,
    ) -> Result<String, String> {
        self.while_calling(turn_loop, |bus| bus.gdbus(NAME, &format!("{NAME}.{method}"), arguments))
    }

    fn while_calling<R: Send>(
        &self,
        turn_loop: impl FnOnce(Request) + Send,
        call: impl FnOnce(&PrivateBus) -> R + Send,
    ) -> R {
        let bus = &self.bus;
        std::thread::scope(|scope| {
            let calling = scope.spawn(move || call(bus));
            turn_loop(self.request());
            calling.join().unwrap()
        })
    }

    /// A call that must be turned away before it reaches the turn loop; gives the error.
    fn refused(&self, method: &str, arguments: &[&str]) -> String {
        let error = self.bus.gdbus(NAME, &format!("{NAME}.{method}"), arguments).unwrap_err();
        self.assert_idle();
        error
    }
}

fn description() -> Description {
    Description { language: "en".into(), intents: vec!["climate.set_fan".into()], muted: false }
}

fn deliver(
    to_turn: SyncSender<Request>,
) -> impl Fn(Request) -> Result<(), QueueFull> + Send + Sync + 'static {
    move |request| to_turn.try_send(request).map_err(|_| QueueFull)
}

/// Drops whatever is asked until the sender is gone.
fn drain(requests: &Receiver<Request>) -> Vec<Request> {
    let mut drained = Vec::new();
    loop {
        match requests.recv_timeout(PATIENCE) {
            Ok(request) => drained.push(request),
            Err(RecvTimeoutError::Disconnected) => return drained,
            Err(RecvTimeoutError::Timeout) => panic!("the service did not end"),
        }
    }
}
