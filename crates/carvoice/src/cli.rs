//! The command line. Shell completions and the man page are generated from these definitions.

use std::path::PathBuf;

use carvoice_core::memory::Kind;
use carvoice_core::zone::Zone;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

/// Offline voice assistant for the car cabin.
#[derive(Debug, Parser)]
#[command(
    name = "carvoice",
    version,
    about,
    long_about = "Offline voice assistant for the car cabin: microphone to D-Bus, with a spoken answer.\n\
                  Results go to standard output, diagnostics to standard error.\n\
                  Exit status: 0 success, 1 a failed operation, 2 bad usage.",
    after_help = "Examples:\n  \
        carvoice models fetch                 obtain and convert the models (once)\n  \
        carvoice doctor                       what works on this machine\n  \
        carvoice parse set the temperature to twenty one degrees\n  \
        carvoice replay command.wav --json    a recording through the whole pipeline\n  \
        carvoice daemon                       the service"
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options every command takes.
#[derive(Args, Debug)]
pub struct Global {
    /// Prints one JSON object per line instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Reads this configuration file after the system's
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Sets one configuration key, e.g. --set vehicle.speed_kmh=80 (repeatable)
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the service: microphone to D-Bus
    Daemon,
    /// Shows what a text would be understood as; nothing is done
    #[command(after_help = "Examples:\n  \
        carvoice parse --json open the window halfway\n  \
        printf 'turn the heat up a bit\\nwho won the cup final\\n' | carvoice parse --json\n  \
        carvoice parse --set vehicle.speed_kmh=80 open the boot")]
    Parse(Parse),
    /// Turns recordings (WAV or FLAC, any rate and channel count) into text
    #[command(after_help = "Example:\n  carvoice transcribe --json *.wav")]
    Transcribe(Files),
    /// Plays recordings through the whole pipeline against a simulated vehicle
    #[command(after_help = "Examples:\n  \
        carvoice replay command.wav                   in real time, as text\n  \
        carvoice replay command.wav --json --fast     as fast as the machine can, for scripts\n  \
        carvoice replay *.wav --out replies           keeps each spoken reply as WAV")]
    Replay(Replay),
    /// Speaks a text
    #[command(
        after_help = "Examples:\n  carvoice say 'Twenty one degrees.'\n  carvoice say --out reply.wav 'The boot is open.'"
    )]
    Say(Say),
    /// Obtains, converts and checks the models
    #[command(subcommand)]
    Models(Models),
    /// Shows, copies or erases what the driver asked to keep: timers, reminders and places
    #[command(subcommand)]
    Memory(Memory),
    /// Shows or checks skill manifests
    #[command(subcommand)]
    Skills(Skills),
    /// Tells what works on this machine, and the remedy for what does not
    Doctor,
    /// Shows what the running service is doing
    Status,
    /// Begins a turn in the running service, as if push-to-talk were pressed
    Listen(Listen),
    /// Asks the running service in writing
    Ask(Text),
    /// Stops listening, thinking and speaking in the running service
    Stop,
    /// Closes the microphone of the running service
    Mute,
    /// Opens the microphone of the running service again
    Unmute,
    /// Shows every signal of the running service as it happens
    Monitor,
    /// Measures latency per stage, memory and processor use on this machine
    Bench(Bench),
    /// Shows the product on this machine: speaks commands into the service and checks what the car did
    Demo(Demo),
    /// Prints a completion script for a shell
    #[command(after_help = "Example:\n  carvoice completions bash > /etc/bash_completion.d/carvoice")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Writes the man pages into a folder
    Man {
        /// Where the pages go
        #[arg(value_hint = ValueHint::DirPath)]
        folder: PathBuf,
    },
}

#[derive(Args, Debug)]
pub struct Parse {
    /// The words; without them, one utterance per line of standard input
    pub text: Vec<String>,
    /// Reads the lines as turns of one conversation; an empty line starts a new one
    #[arg(long)]
    pub dialogue: bool,
}

#[derive(Args, Debug)]
pub struct Files {
    /// Recordings
    #[arg(required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub struct Replay {
    /// Recordings
    #[arg(required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Skips waiting for the recording to pass; times stay those of the recording
    #[arg(long)]
    pub fast: bool,
    /// Keeps the spoken replies in this folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct Say {
    /// The text to speak
    #[arg(required = true)]
    pub text: Vec<String>,
    /// Writes a WAV file instead of playing
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct Text {
    /// The words
    #[arg(required = true)]
    pub text: Vec<String>,
}

#[derive(Args, Debug)]
pub struct Listen {
    /// Who is speaking: driver, passenger, rear_left or rear_right
    #[arg(long)]
    pub zone: Option<Zone>,
}

#[derive(Debug, Subcommand)]
pub enum Models {
    /// Obtains and converts what is missing; again at no cost
    Fetch {
        /// Names of the manifest; all when none is given
        names: Vec<String>,
    },
    /// Hashes every file and compares
    Verify,
    /// Goes back to the set of models that was in use before the last fetch; again to return
    Rollback,
    /// Shows every model, its licence and whether it is here
    List,
}

#[derive(Debug, Subcommand)]
pub enum Memory {
    /// Shows what is kept
    #[command(
        after_help = "Examples:\n  carvoice memory list\n  carvoice memory list --kind reminder --json"
    )]
    List(OfKind),
    /// Writes all of it as one JSON object per line
    #[command(after_help = "Examples:\n  \
        carvoice memory export > memory.jsonl\n  \
        carvoice memory export --set memory.path=/var/lib/carvoice/memory/memory.db   that of the service")]
    Export(OfKind),
    /// Erases it from the file; a running service forgets it within seconds
    #[command(after_help = "Examples:\n  \
        carvoice memory erase                      everything, after a question\n  \
        carvoice memory erase --kind place --yes   the places, without one")]
    Erase {
        #[command(flatten)]
        of: OfKind,
        /// Does not ask first
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args, Debug)]
pub struct OfKind {
    /// Only these: timer, reminder or place
    #[arg(long)]
    pub kind: Option<Kind>,
}

#[derive(Debug, Subcommand)]
pub enum Skills {
    /// Shows every intent
    List,
    /// Checks manifests and names line and remedy of each mistake
    Check {
        /// Manifests
        #[arg(required = true, value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
    },
}

#[derive(Args, Debug)]
pub struct Bench {
    /// How often each sentence is measured
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: u32,
    /// What to measure
    #[arg(long, value_enum, default_value_t = Stage::All)]
    pub stage: Stage,
}

/// A stage of the pipeline that `bench` can measure alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// Every stage and the whole turn
    All,
    /// Whisper
    Transcribe,
    /// Templates and the small language model
    Understand,
    /// The voice
    Speak,
    /// From speech to the D-Bus call
    Turn,
}

#[derive(Args, Debug)]
pub struct Demo {
    /// Where the spoken replies go
    #[arg(long, default_value = "demo-out", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: PathBuf,
}
