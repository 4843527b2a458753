//! The car on a bus.

use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};
use zbus::connection::{Builder, Connection};
use zruntime::SharedRuntime;

use crate::cabin::{Cabin, Log};
use crate::car::Car;
use crate::faults::Faults;
use crate::{
    climate, door, drive_mode, light, media, message, mirror, motion, navigation, phone, roof, seat,
    steering_wheel, trunk, vehicle, volume, window, wiper,
};

/// Bus name of the car.
pub const NAME: &str = "org.carvoice.Vehicle1";
/// Object that carries all interfaces.
pub const PATH: &str = "/org/carvoice/Vehicle1";

/// A bus that does not complete the handshake in this time is given up.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// How the simulator behaves.
#[derive(Default)]
pub struct Options {
    /// What goes wrong.
    pub faults: Faults,
    /// Takes one line for each method call; none to stay silent.
    pub log: Option<Log>,
}

/// Why the simulator did not start.
#[derive(Debug)]
pub enum StartError {
    /// Another car is on the bus.
    NameTaken,
    /// The bus cannot be reached or does not let us own the name.
    Bus(zbus::Error),
    /// The thread could not be started.
    Thread(std::io::Error),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NameTaken => {
                write!(f, "another service already owns {NAME} on this bus; stop it first")
            }
            Self::Bus(error) => write!(f, "cannot use the bus: {error}; is a D-Bus daemon running?"),
            Self::Thread(error) => write!(f, "cannot start a thread: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

/// A car on a bus, on a thread of its own. Dropped, it leaves the bus.
pub struct Simulator {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Puts the car on the bus that `bus` is prepared for. `lost` is called when the bus goes away,
    /// or when the car has died of [`crate::Fault::Die`].
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(
        bus: Builder<'static>,
        car: Car,
        options: Options,
        lost: impl FnOnce() + Send + 'static,
    ) -> Result<Self, StartError> {
        let cabin = Cabin::new(car, options.faults, options.log);
        let builder = on_bus(bus, &cabin);
        let (stop, stopped) = oneshot::channel();
        let (to_start, started) = mpsc::sync_channel(1);
        let life = async move {
            match connect(builder).await {
                Ok(connection) => {
                    // The other end waits for exactly this.
                    let _ = to_start.send(Ok(()));
                    serve(connection, stopped, lost).await;
                }
                Err(error) => drop(to_start.send(Err(error))),
            }
        };
        let thread = thread::Builder::new()
            .name("vehicle".to_owned())
            .spawn(move || zbus::block_on(life))
            .map_err(StartError::Thread)?;
        let started = started.recv().unwrap_or(Err(StartError::Bus(zbus::Error::InvalidReply)));
        started.map(|()| Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // A car that is already off the bus does not listen any more.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic was reported by the panic hook.
            let _ = thread.join();
        }
    }
}

async fn connect(builder: Builder<'static>) -> Result<Connection, StartError> {
    let runtime = SharedRuntime::current().map_err(StartError::Thread)?;
    let connection = match runtime.timeout(CONNECT_WITHIN, builder.build()).await {
        Ok(connection) => connection,
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    };
    connection.map_err(|error| match error {
        zbus::Error::NameTaken => StartError::NameTaken,
        other => StartError::Bus(other),
    })
}

async fn serve(connection: Connection, stopped: oneshot::Receiver<()>, lost: impl FnOnce()) {
    let closed = matches!(select(std::pin::pin!(connection.closed()), stopped).await, Either::Left(_));
    if closed {
        lost();
    } else {
        // Leaving is all that is left to do; the process may end at once.
        let _ = connection.close().await;
    }
}

fn on_bus(bus: Builder<'static>, cabin: &Arc<Cabin>) -> Builder<'static> {
    let car = || Arc::clone(cabin);
    bus.serve_at(PATH, climate::OnBus(car()))
        .serve_at(PATH, door::OnBus(car()))
        .serve_at(PATH, drive_mode::OnBus(car()))
        .serve_at(PATH, light::OnBus(car()))
        .serve_at(PATH, media::OnBus(car()))
        .serve_at(PATH, message::OnBus(car()))
        .serve_at(PATH, mirror::OnBus(car()))
        .serve_at(PATH, motion::OnBus(car()))
        .serve_at(PATH, navigation::OnBus(car()))
        .serve_at(PATH, phone::OnBus(car()))
        .serve_at(PATH, roof::shade::OnBus(car()))
        .serve_at(PATH, roof::sunroof::OnBus(car()))
        .serve_at(PATH, seat::OnBus(car()))
        .serve_at(PATH, steering_wheel::OnBus(car()))
        .serve_at(PATH, trunk::OnBus(car()))
        .serve_at(PATH, vehicle::OnBus(car()))
        .serve_at(PATH, volume::OnBus(car()))
        .serve_at(PATH, window::OnBus(car()))
        .serve_at(PATH, wiper::OnBus(car()))
        // Left to itself zbus would take the name from a car that is already there.
        .allow_name_replacements(false)
        .replace_existing_names(false)
        .name(NAME)
}
