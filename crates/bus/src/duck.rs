//! Music in the background while the assistant listens or speaks.

use std::time::Instant;

use carvoice_core::catalogue::Call;
use carvoice_core::engine::ActError;
use zbus::wire::Variant;

use crate::address::BusKind;
use crate::lines::{Lines, Target};
use crate::property::{Place, number, set, text};

/// The interface of every player, by MPRIS 2.2.
const PLAYER: &str = "org.mpris.MediaPlayer2.Player";
/// Its volume; 1 is the usual maximum.
pub(crate) const VOLUME: &str = "Volume";
/// Players keep their volume as a whole percent or as a float; a hand moves it further than this.
const SAME: f64 = 0.006;

/// A player whose volume was lowered.
pub(crate) struct Ducked {
    bus: BusKind,
    service: String,
    /// Its connection: another program under the same name is another player.
    owner: String,
    path: String,
    before: f64,
    lowered: f64,
}

impl Ducked {
    /// Whether a binding leads to players.
    pub(crate) fn plays(call: &Call) -> bool {
        call.interface == PLAYER
    }

    /// Lowers the volume of a player to `percent` of what it is; none when it is not playing.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) fn lower(
        lines: &mut Lines,
        bus: &BusKind,
        player: &Call,
        service: String,
        percent: f64,
        deadline: Instant,
    ) -> Result<Option<Self>, ActError> {
        let left = || deadline.saturating_duration_since(Instant::now());
        let reply = lines.call(bus, &Target::daemon("GetNameOwner"), &(service.as_str(),), left())?;
        let owner: String =
            reply.body().deserialize().map_err(|error| ActError::Failed(error.to_string()))?;
        let place = Place { service: &owner, path: &player.path, interface: PLAYER };
        if text(lines, bus, &place, "PlaybackStatus", left())? != "Playing" {
            return Ok(None);
        }
        let before = number(lines, bus, &place, VOLUME, left())?;
        let lowered = before * percent / 100.0;
        set(lines, bus, &place, VOLUME, &Variant::from(lowered), left())?;
        let (bus, path) = (bus.clone(), player.path.clone());
        Ok(Some(Self { bus, service, owner, path, before, lowered }))
    }

    /// Whether it is this player.
    pub(crate) fn is_of(&self, bus: &BusKind, service: &str) -> bool {
        self.bus == *bus && self.service == service
    }

    /// Gives it its volume back, unless someone has changed it meanwhile. False when it did not answer
    /// in time, so that it may be tried again.
    pub(crate) fn restore(&mut self, lines: &mut Lines, deadline: Instant) -> bool {
        let left = || deadline.saturating_duration_since(Instant::now());
        let place = Place { service: &self.owner, path: &self.path, interface: PLAYER };
        let restored = match number(lines, &self.bus, &place, VOLUME, left()) {
            Ok(now) if (now - self.lowered).abs() <= SAME => {
                set(lines, &self.bus, &place, VOLUME, &Variant::from(self.before), left())
            }
            other => other.map(|_| ()),
        };
        match restored {
            Err(ActError::Timeout(_)) => false,
            Err(reason) => {
                tracing::debug!(player = self.service, "its volume is no longer ours: {reason}");
                true
            }
            Ok(()) => true,
        }
    }
}
