//! Sound devices by name, and what their errors mean.

use std::time::{Duration, Instant};

use carvoice_core::engine::AudioError;
use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{Device, DeviceId, ErrorKind, Host};

/// Which device to use. Both parts are matched without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Sound system: `alsa` or `pulseaudio`. None takes a sound server where one runs, else ALSA.
    pub host: Option<String>,
    /// Device: its id or its readable name as [`list_devices`] gives them, or else a part of either.
    /// None takes the host's default.
    pub device: Option<String>,
}

/// A device as `carvoice doctor` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Sound system, e.g. `alsa`.
    pub host: String,
    /// What [`Selection::device`] takes.
    pub id: String,
    /// For people.
    pub name: String,
    /// Whether it records.
    pub input: bool,
    /// Whether it plays.
    pub output: bool,
}

/// What a stream does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Input,
    Output,
}

impl Direction {
    fn noun(self) -> &'static str {
        match self {
            Self::Input => "microphone",
            Self::Output => "loudspeaker",
        }
    }
}

/// Every device of every sound system that runs. Empty on a machine without any.
#[must_use]
pub fn list_devices() -> Vec<DeviceInfo> {
    quietly(|| {
        let hosts = cpal::available_hosts().into_iter();
        hosts.filter_map(|id| cpal::host_from_id(id).ok()).flat_map(|host| devices_of(&host)).collect()
    })
}

fn devices_of(host: &Host) -> Vec<DeviceInfo> {
    let Ok(devices) = host.devices() else { return Vec::new() };
    let describe = |device: Device| {
        let id = device.id().ok()?;
        Some(DeviceInfo {
            host: host.id().name().to_lowercase(),
            name: device.description().map_or_else(|_| id.id().to_owned(), |d| d.name().to_owned()),
            id: id.id().to_owned(),
            input: device.supports_input(),
            output: device.supports_output(),
        })
    };
    devices.filter_map(describe).filter(|device| device.input || device.output).collect()
}

/// The device of a selection, where it is, and its name for messages.
pub(crate) fn find(
    selection: &Selection,
    direction: Direction,
) -> Result<(Host, Device, String), AudioError> {
    let host = match &selection.host {
        None => cpal::default_host(),
        Some(name) => host(name)?,
    };
    let found = match (&selection.device, direction) {
        (None, Direction::Input) => host.default_input_device(),
        (None, Direction::Output) => host.default_output_device(),
        (Some(name), _) => named(&host, name, direction),
    };
    let wanted = selection.device.as_deref().unwrap_or("default");
    let name = format!("{wanted} ({} of {})", direction.noun(), host.id().name());
    match found {
        Some(device) => Ok((host, device, name)),
        None => Err(AudioError::Gone(name)),
    }
}

fn host(name: &str) -> Result<Host, AudioError> {
    let known = cpal::ALL_HOSTS.iter().find(|id| id.name().eq_ignore_ascii_case(name));
    let Some(id) = known else {
        let names: Vec<_> = cpal::ALL_HOSTS.iter().map(|id| id.name().to_lowercase()).collect();
        let names = names.join(", ");
        return Err(AudioError::Unsupported(format!(
            "no sound system is called {name}; choose one of {names}"
        )));
    };
    cpal::host_from_id(*id).map_err(|_| {
        AudioError::Backend(format!("the sound system {name} does not run; start it or choose another"))
    })
}

/// The device of that id or name, else the first that has it as a part.
fn named(host: &Host, name: &str, direction: Direction) -> Option<Device> {
    let able = |device: &Device| match direction {
        Direction::Input => device.supports_input(),
        Direction::Output => device.supports_output(),
    };
    let devices: Vec<_> = host.devices().ok()?.filter(able).collect();
    let find =
        |fits: &dyn Fn(&str) -> bool| devices.iter().position(|device| names(device).any(|n| fits(&n)));
    let name = name.to_lowercase();
    let position = find(&|other| other == name).or_else(|| find(&|other| other.contains(&name)))?;
    devices.into_iter().nth(position)
}

/// What a device is called, in lower case.
fn names(device: &Device) -> impl Iterator<Item = String> {
    let id = device.id().ok().map(|id| id.id().to_lowercase());
    id.into_iter().chain(device.description().ok().map(|description| description.name().to_lowercase()))
}

/// How often it is looked whether a device is still there.
const WATCH: Duration = Duration::from_secs(2);

/// Looks whether a device is still there: PulseAudio moves the streams of one that leaves to another,
/// without a word.
pub(crate) struct Watch {
    host: Host,
    id: DeviceId,
    looked: Instant,
}

impl Watch {
    /// None where the sound system tells by itself.
    pub(crate) fn new(host: Host, device: &Device) -> Option<Self> {
        let moves = host.id().name().eq_ignore_ascii_case("pulseaudio");
        let id = device.id().ok().filter(|_| moves)?;
        Some(Self { host, id, looked: Instant::now() })
    }

    /// Whether it has left; asks the sound system only now and then.
    pub(crate) fn is_gone(&mut self) -> bool {
        if self.looked.elapsed() < WATCH {
            return false;
        }
        self.looked = Instant::now();
        // A sound system that does not answer is an error of the stream itself.
        self.host.devices().is_ok_and(|mut all| all.all(|device| device.id().ok().as_ref() != Some(&self.id)))
    }
}

/// The remedy for an error of the device called `name`.
pub(crate) fn classify(error: &cpal::Error, name: &str) -> AudioError {
    match error.kind() {
        ErrorKind::DeviceBusy => AudioError::Busy(name.to_owned()),
        ErrorKind::DeviceNotAvailable | ErrorKind::HostUnavailable | ErrorKind::StreamInvalidated => {
            AudioError::Gone(name.to_owned())
        }
        ErrorKind::UnsupportedConfig | ErrorKind::UnsupportedOperation | ErrorKind::InvalidInput => {
            AudioError::Unsupported(format!(
                "the audio device {name} does not take this format ({error}); choose another device"
            ))
        }
        ErrorKind::PermissionDenied => AudioError::Backend(format!(
            "no permission for the audio device {name}; add the user to the group `audio`"
        )),
        _ => AudioError::Backend(format!("the audio device {name} failed: {error}")),
    }
}

/// Whether a stream goes on after this error.
pub(crate) fn is_passing(error: &cpal::Error) -> bool {
    matches!(error.kind(), ErrorKind::Xrun | ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied)
}

/// Runs `work` with libasound's messages kept off stderr: what matters of them comes back as an error.
pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> T {
    // The handler is one per thread and stays; a buffer that cannot be made leaves the messages on.
    #[cfg(target_os = "linux")]
    let _buffer = alsa::Output::local_error_handler();
    work()
}
