//! The whole car.

use crate::climate::Climate;
use crate::door::Door;
use crate::drive_mode::DriveMode;
use crate::light::Light;
use crate::media::Media;
use crate::message::Message;
use crate::mirror::Mirror;
use crate::motion::Motion;
use crate::navigation::Navigation;
use crate::phone::Phone;
use crate::roof::Roof;
use crate::seat::Seat;
use crate::steering_wheel::SteeringWheel;
use crate::trunk::Trunk;
use crate::volume::Volume;
use crate::window::Window;
use crate::wiper::Wiper;

/// The state of everything in the car. A new one has everything off and closed.
#[derive(Clone, Debug, Default)]
pub struct Car {
    pub(crate) climate: Climate,
    pub(crate) door: Door,
    pub(crate) drive_mode: DriveMode,
    pub(crate) light: Light,
    pub(crate) media: Media,
    pub(crate) message: Message,
    pub(crate) mirror: Mirror,
    pub(crate) motion: Motion,
    pub(crate) navigation: Navigation,
    pub(crate) phone: Phone,
    pub(crate) roof: Roof,
    pub(crate) seat: Seat,
    pub(crate) steering_wheel: SteeringWheel,
    pub(crate) trunk: Trunk,
    pub(crate) volume: Volume,
    pub(crate) window: Window,
    pub(crate) wiper: Wiper,
}

impl Car {
    /// A car in this motion.
    #[must_use]
    pub fn new(motion: Motion) -> Self {
        Self { motion, ..Self::default() }
    }
}
