//! Sound in and out: the contract suites over files, scripts and a sound card of paper, and what
//! happens without any.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use carvoice_audio::{
    FileSink, FileSource, Microphone, Pace, Reference, Selection, Speaker, list_devices, read, write_wav,
};
use carvoice_core::engine::{AudioError, AudioSink};
use carvoice_tests::contracts;
use carvoice_tests::fakes::audio::{ScriptedSink, ScriptedSource};

fn tone(rate: u32, seconds: f64) -> Vec<f32> {
    let step = std::f64::consts::TAU * 440.0 / f64::from(rate);
    (0..(seconds * f64::from(rate)) as u32).map(|n| (0.5 * (step * f64::from(n)).sin()) as f32).collect()
}

fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).sqrt()
}

#[test]
fn a_file_plays_like_a_microphone_and_then_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tone.wav");
    write_wav(&path, &tone(48_000, 1.0), 48_000).unwrap();
    for pace in [Pace::Fast, Pace::RealTime] {
        let mut source = FileSource::open(&path, pace, Duration::from_millis(500)).unwrap();
        let heard = contracts::audio::source(&mut source, usize::MAX);
        assert_eq!(heard.len(), 24_000);
        assert!((rms(&heard[1_000..15_000]) - 0.354).abs() < 0.01);
        assert_eq!(rms(&heard[16_000..]), 0.0);
    }
}

#[test]
fn the_scripted_source_keeps_the_contract() {
    let mut source = ScriptedSource::new([vec![0.1; 700], Vec::new(), vec![-0.2; 3]]);
    let heard = contracts::audio::source(&mut source, usize::MAX);
    assert_eq!(heard, [vec![0.1; 700], vec![-0.2; 3]].concat());
}

#[test]
fn the_file_sink_keeps_the_contract_and_everything_it_heard() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reply.wav");
    let recorder = FileSink::new(24_000);
    contracts::audio::sink(&mut recorder.clone(), &mut |_| {});
    assert!(recorder.save(&path).unwrap());
    assert_eq!(read(&path).unwrap().len(), 3_200);
}

#[test]
fn the_scripted_sink_keeps_the_contract_and_drops_what_was_stopped() {
    let sink = ScriptedSink::default();
    contracts::audio::sink(&mut sink.clone(), &mut |time| sink.play(time));
    sink.with(|loudspeaker| {
        assert_eq!((loudspeaker.played.len(), loudspeaker.stops), (2_400, 2));
        loudspeaker.errors.push_back(AudioError::Gone("paper".into()));
    });
    assert!(sink.clone().write(&[0.0]).is_err());
}

#[test]
fn a_device_that_is_not_there_is_named() {
    quiet_child("audio::a_device_that_is_not_there_is_named", "pcm.!default { type hw card 99 }", || {
        let alsa =
            |device: Option<&str>| Selection { host: Some("alsa".into()), device: device.map(Into::into) };
        for selection in [alsa(Some("loudhailer")), alsa(Some("hw:99"))] {
            let name = selection.device.clone().unwrap();
            for error in [
                Microphone::open(&selection).err().unwrap(),
                Speaker::open(&selection, 24_000, &Reference::default()).err().unwrap(),
            ] {
                assert!(matches!(&error, AudioError::Gone(device) if device.contains(&name)), "{error}");
            }
        }
        assert!(Microphone::open(&alsa(None)).is_err());
        assert!(Speaker::open(&alsa(None), 24_000, &Reference::default()).is_err());
        let unknown = Selection { host: Some("gramophone".into()), device: None };
        let error = Microphone::open(&unknown).err().unwrap().to_string();
        assert!(error.contains("gramophone") && error.contains("alsa"), "{error}");
        assert!(Speaker::open(&Selection::default(), 0, &Reference::default()).is_err());
        assert!(list_devices().iter().all(|device| !device.id.is_empty() && (device.input || device.output)));
    });
}

#[test]
fn a_microphone_is_heard_through_alsa() {
    let folder = tempfile::tempdir().unwrap();
    let raw = folder.path().join("mic.raw");
    let samples = tone(48_000, 3.0);
    let bytes = samples.iter().flat_map(|s| ((s * 32_767.0) as i16).to_le_bytes());
    std::fs::write(&raw, bytes.collect::<Vec<_>>()).unwrap();
    let card = format!(
        "pcm.paper_mic {{ type file slave.pcm null file /dev/null infile \"{}\" format raw }}
         pcm.!default {{ type plug slave {{ pcm paper_mic format S16_LE rate 48000 channels 1 }} }}",
        raw.display()
    );
    quiet_child("audio::a_microphone_is_heard_through_alsa", &card, || {
        let alsa = Selection { host: Some("alsa".into()), device: None };
        let mut microphone = Microphone::open(&alsa).unwrap();
        let heard = contracts::audio::source(&mut microphone, 16_000);
        assert!((rms(&heard[2_000..14_000]) - 0.354).abs() < 0.02, "{}", rms(&heard[2_000..14_000]));
    });
}

#[test]
fn a_loudspeaker_plays_through_alsa() {
    quiet_child("audio::a_loudspeaker_plays_through_alsa", "pcm.!default { type null }", || {
        let alsa = Selection { host: Some("alsa".into()), device: None };
        let mut speaker = Speaker::open(&alsa, 24_000, &Reference::default()).unwrap();
        contracts::audio::sink(&mut speaker, &mut |_| thread::yield_now());
        // More than the ring holds.
        speaker.write(&tone(24_000, 2.0)).unwrap();
    });
}

/// Runs the body in a process of its own, as libasound reads its configuration once per process,
/// with `card` as the sound card. Nothing may be written to stderr.
fn quiet_child(test: &str, card: &str, body: impl FnOnce()) {
    const INSIDE: &str = "CARVOICE_TEST_SOUND_CARD";
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("asound.conf");
    let stock = Path::new("/usr/share/alsa/alsa.conf");
    std::fs::write(&config, format!("<{}>\n{card}\n", stock.display())).unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .env("ALSA_CONFIG_PATH", &config)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{stderr}{}", String::from_utf8_lossy(&child.stdout));
    assert!(String::from_utf8_lossy(&child.stdout).contains("1 passed"), "{test} is not the name of a test");
    assert_eq!(stderr, "");
}
