//! Music players on the bus: the real mpv, through its MPRIS plug-in.

use std::sync::Arc;
use std::time::Instant;

use carvoice_bus::DbusActuator;
use carvoice_core::catalogue::Catalogue;
use carvoice_core::command::{Command, SlotValue, Slots};
use carvoice_core::engine::{ActError, Acted, Actuator};
use carvoice_tests::contracts::actuator as contract;
use carvoice_tests::private_bus::{PATIENCE, PrivateBus, Running};
use tempfile::TempDir;

const PATH: &str = "/org/mpris/MediaPlayer2";
const PLAYER: &str = "org.mpris.MediaPlayer2.Player";
const FIRST: &str = "org.mpris.MediaPlayer2.mpv";

/// mpv with two silent tracks, of which it plays the first.
struct Mpv {
    process: Running,
    name: String,
    _folder: TempDir,
}

impl Mpv {
    fn start(bus: &PrivateBus) -> Self {
        let folder = TempDir::new().unwrap();
        let before = players(bus);
        let mut command = bus.tool("mpv");
        command.args(["--no-video", "--ao=null", "--really-quiet", "--idle=yes"]);
        // MPV_HOME would hide the plug-in, which Debian installs in /etc/mpv.
        command.env("HOME", folder.path()).env_remove("XDG_CONFIG_HOME");
        for track in ["Morning Drive.wav", "Open Road.wav"] {
            let path = folder.path().join(track);
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: 8000,
                bits_per_sample: 8,
                sample_format: hound::SampleFormat::Int,
            };
            let mut file = hound::WavWriter::create(&path, spec).unwrap();
            (0..8000 * 300).for_each(|_| file.write_sample(0_i8).unwrap());
            file.finalize().unwrap();
            command.arg(path);
        }
        let process = Running::start(&mut command);
        let is_new = |name: &String| !before.contains(name);
        let name = eventually(|| players(bus).into_iter().find(is_new));
        let mpv = Self { process, name, _folder: folder };
        mpv.waits_for(bus, "PlaybackStatus", "s \"Playing\"");
        mpv
    }

    fn property(&self, bus: &PrivateBus, name: &str) -> String {
        bus.busctl(&["get-property", &self.name, PATH, PLAYER, name]).unwrap_or_default()
    }

    fn waits_for(&self, bus: &PrivateBus, property: &str, value: &str) {
        eventually(|| Some(()).filter(|()| self.property(bus, property) == value));
    }

    fn set_volume(&self, bus: &PrivateBus, volume: &str) {
        bus.busctl(&["set-property", &self.name, PATH, PLAYER, "Volume", "d", volume]).unwrap();
        self.waits_for(bus, "Volume", &format!("d {volume}"));
    }

    fn pause(&self, bus: &PrivateBus) {
        bus.busctl(&["call", &self.name, PATH, PLAYER, "Pause"]).unwrap();
        self.waits_for(bus, "PlaybackStatus", "s \"Paused\"");
    }
}

fn players(bus: &PrivateBus) -> Vec<String> {
    let listed = bus.busctl(&["list", "--no-legend"]).unwrap();
    let names = listed.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| name.starts_with(FIRST)).map(str::to_owned).collect()
}

/// The first answer; each question starts a program, so this is no busy loop.
fn eventually<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "it did not come");
    }
}

fn actuator(bus: &PrivateBus) -> DbusActuator {
    DbusActuator::new(bus.kind(), Arc::new(Catalogue::shipped())).ducking(30.0)
}

fn act(actuator: &mut DbusActuator, command: Command) -> Result<Acted, ActError> {
    contract::act(actuator, command)
}

fn done(actuator: &mut DbusActuator, command: Command) -> Slots {
    act(actuator, command).unwrap().values
}

fn media(action: &str) -> Command {
    Command::new(&format!("media.{action}"))
}

#[test]
fn a_player_obeys() {
    let bus = PrivateBus::start();
    let mpv = Mpv::start(&bus);
    let mut actuator = actuator(&bus);
    let user = &mut actuator;
    done(user, media("pause"));
    mpv.waits_for(&bus, "PlaybackStatus", "s \"Paused\"");
    done(user, media("play"));
    mpv.waits_for(&bus, "PlaybackStatus", "s \"Playing\"");
    assert_eq!(done(user, media("query_track"))["result"], SlotValue::from("Morning Drive.wav"));
    done(user, media("next"));
    // Between two tracks it does not say.
    let is_next = |acted: &Acted| acted.values["result"] == SlotValue::from("Open Road.wav");
    eventually(|| act(user, media("query_track")).ok().filter(is_next));
    done(user, media("set_repeat").with("state", "on"));
    mpv.waits_for(&bus, "LoopStatus", "s \"Playlist\"");
    done(user, media("set_repeat").with("state", "off"));
    mpv.waits_for(&bus, "LoopStatus", "s \"None\"");
    done(user, Command::new("volume.set").with("level", 40.0));
    mpv.waits_for(&bus, "Volume", "d 0.4");
    done(user, Command::new("volume.adjust").with("direction", "down"));
    mpv.waits_for(&bus, "Volume", "d 0.35");
    let louder = Command::new("volume.adjust").with("direction", "up").with("amount", 90.0);
    assert_eq!(act(&mut actuator, louder), Err(ActError::Rejected("it goes no further up".into())));
}

#[test]
fn without_a_player_the_car_plays_and_without_both_it_is_told() {
    let bus = PrivateBus::start();
    let mut actuator = actuator(&bus);
    let nobody = "org.mpris.MediaPlayer2.* or org.carvoice.Vehicle1".to_owned();
    assert_eq!(act(&mut actuator, media("resume")), Err(ActError::Unavailable { service: nobody }));
    let _car = super::vehicle::car(&bus);
    act(&mut actuator, media("resume")).unwrap();
    let track = act(&mut actuator, media("query_track")).unwrap();
    assert_eq!(track.values["result"], SlotValue::from("FM 98.5"));
}

#[test]
fn what_a_player_cannot_be_told_goes_to_the_car() {
    let bus = PrivateBus::start();
    let _mpv = Mpv::start(&bus);
    let mut actuator = actuator(&bus);
    let jazz = || media("play").with("query", "jazz").with("kind", "genre");
    let reason = ActError::Rejected("it can't be told the kind".into());
    assert_eq!(act(&mut actuator, jazz()), Err(reason));
    let _car = super::vehicle::car(&bus);
    act(&mut actuator, jazz()).unwrap();
}

#[test]
fn of_two_players_the_one_in_use_is_meant() {
    let bus = PrivateBus::start();
    let [first, second] = [Mpv::start(&bus), Mpv::start(&bus)];
    first.pause(&bus);
    let mut user = actuator(&bus);
    act(&mut user, media("pause")).unwrap();
    second.waits_for(&bus, "PlaybackStatus", "s \"Paused\"");
    act(&mut user, media("resume")).unwrap();
    second.waits_for(&bus, "PlaybackStatus", "s \"Playing\"");
    second.pause(&bus);
    assert_eq!(first.property(&bus, "PlaybackStatus"), "s \"Paused\"");
    // One that was never used before cannot know.
    let unknown = act(&mut actuator(&bus), media("resume"));
    assert_eq!(unknown, Err(ActError::Rejected("there are 2 to choose from, none is in use".into())));
}

#[test]
fn music_goes_to_the_background_and_comes_back_exactly() {
    let bus = PrivateBus::start();
    let mpv = Mpv::start(&bus);
    mpv.set_volume(&bus, "0.8");
    let mut actuator = actuator(&bus);
    actuator.set_quiet(true);
    mpv.waits_for(&bus, "Volume", "d 0.24");
    // Twice is once.
    actuator.set_quiet(true);
    actuator.set_quiet(false);
    mpv.waits_for(&bus, "Volume", "d 0.8");

    actuator.set_quiet(true);
    mpv.waits_for(&bus, "Volume", "d 0.24");
    drop(actuator);
    mpv.waits_for(&bus, "Volume", "d 0.8");
}

#[test]
fn a_volume_that_was_asked_for_stays() {
    let bus = PrivateBus::start();
    let mpv = Mpv::start(&bus);
    let mut actuator = actuator(&bus);
    actuator.set_quiet(true);
    mpv.waits_for(&bus, "Volume", "d 0.3");
    // A step is one from the volume of the music.
    act(&mut actuator, Command::new("volume.adjust").with("direction", "down")).unwrap();
    mpv.waits_for(&bus, "Volume", "d 0.95");
    actuator.set_quiet(false);
    assert_eq!(mpv.property(&bus, "Volume"), "d 0.95");

    actuator.set_quiet(true);
    mpv.waits_for(&bus, "Volume", "d 0.285");
    mpv.set_volume(&bus, "0.5");
    actuator.set_quiet(false);
    assert_eq!(mpv.property(&bus, "Volume"), "d 0.5");
}

#[test]
fn a_player_that_leaves_in_the_background_is_forgotten() {
    let bus = PrivateBus::start();
    let mpv = Mpv::start(&bus);
    let mut actuator = actuator(&bus);
    actuator.set_quiet(true);
    mpv.waits_for(&bus, "Volume", "d 0.3");
    mpv.process.signal("KILL");
    eventually(|| Some(()).filter(|()| players(&bus).is_empty()));
    let next = Mpv::start(&bus);
    next.set_volume(&bus, "0.3");
    actuator.set_quiet(false);
    assert_eq!(next.property(&bus, "Volume"), "d 0.3");
}

#[test]
fn a_paused_player_keeps_its_volume() {
    let bus = PrivateBus::start();
    let mpv = Mpv::start(&bus);
    mpv.pause(&bus);
    actuator(&bus).set_quiet(true);
    assert_eq!(mpv.property(&bus, "Volume"), "d 1");
}

#[test]
fn a_turn_of_the_service_lowers_the_music_and_raises_it_again() {
    let bus = PrivateBus::start();
    let mpv = Mpv::start(&bus);
    let _service = super::daemon::Service::start(&bus);
    let mut spy = bus.spy();
    let turn = super::daemon::ask(&bus, &mut super::daemon::monitor(&bus), "what is playing");
    assert!(turn.reply().contains("Morning Drive"), "{}", turn.reply());
    spy.wait_for("double 0.3");
    mpv.waits_for(&bus, "Volume", "d 1");
}
