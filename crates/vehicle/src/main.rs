//! `carvoice-vehicle`: a car to talk to, without a car.

use std::io::Write;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;

use anyhow::Context;
use carvoice_vehicle::{Car, Fault, Faults, Motion, NAME, Options, Simulator};
use clap::Parser;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use zbus::connection::Builder;

/// Simulates the car as org.carvoice.Vehicle1 until it is terminated.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The bus: system, session, or a D-Bus address.
    #[arg(long, default_value = "session")]
    bus: String,
    /// Speed in km/h at the start; changed later through the property Motion.SpeedKmh.
    #[arg(long, value_name = "KMH", default_value_t = 0.0)]
    speed: f64,
    /// What goes wrong: die (in the middle of a call), refuse, or late=MILLISECONDS.
    #[arg(long)]
    fault: Option<Fault>,
    /// Method calls that still work before the fault.
    #[arg(long, value_name = "CALLS", default_value_t = 0, requires = "fault")]
    fault_after: u64,
    /// Writes each method call to standard error.
    #[arg(long, short)]
    verbose: bool,
}

enum End {
    Asked,
    Lost,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log(&format!("carvoice-vehicle: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let motion = Motion::at_speed(arguments.speed).context("--speed")?;
    let bus = match arguments.bus.as_str() {
        "system" => Builder::system(),
        "session" => Builder::session(),
        address => Builder::address(address),
    };
    let (to_main, ends) = mpsc::channel();
    let mut signals = Signals::new([SIGTERM, SIGINT]).context("cannot watch for signals")?;
    let asked = to_main.clone();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for _ in signals.forever() {
            // Main has gone, and with it the reason to tell.
            let _ = asked.send(End::Asked);
        }
    })?;
    let options = Options {
        faults: Faults { fault: arguments.fault, after: arguments.fault_after },
        log: arguments.verbose.then(|| Box::new(log) as Box<_>),
    };
    let lost = move || drop(to_main.send(End::Lost));
    let simulator = Simulator::start(bus, Car::new(motion), options, lost)
        .with_context(|| format!("--bus {}", arguments.bus))?;
    writeln!(std::io::stdout(), "{NAME} is ready").context("standard output")?;
    match ends.recv() {
        Ok(End::Lost) => anyhow::bail!("off the bus: the connection was lost or a fault struck"),
        Ok(End::Asked) | Err(mpsc::RecvError) => {
            drop(simulator);
            Ok(())
        }
    }
}

/// A line on standard error. Nothing can be done about a closed one.
fn log(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
