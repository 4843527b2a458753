//! Listening: the contract suites over scripts and the real engines, made speech, and model files that
//! are not what they should be.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;
use std::{fs, thread};

use carvoice_core::audio::{SAMPLE_RATE, Speech};
use carvoice_core::engine::{Cancel, EngineError, Transcriber, Transcript, TurnId, VoiceActivity, WakeWord};
use carvoice_listen::wake::Wake;
use carvoice_listen::{Endpointer, Heard, Options, Silero, Whisper};
use carvoice_tests::contracts::transcriber::plain;
use carvoice_tests::contracts::voice_activity::{probabilities, spoken};
use carvoice_tests::fakes::transcriber::ScriptedTranscriber;
use carvoice_tests::fakes::voice_activity::ScriptedVoiceActivity;
use carvoice_tests::speech::{car_noise, in_car, say, say_between, silence};
use carvoice_tests::{contracts, model};

fn silero() -> Silero {
    Silero::load(&model("silero-vad.onnx")).unwrap()
}

fn whisper() -> Whisper {
    Whisper::load(&model("whisper-base.bin"), 1).unwrap()
}

const SECOND: Duration = Duration::from_secs(1);

/// Everything heard in `sound`, which is listened to from its beginning.
fn listen(engine: &mut dyn VoiceActivity, options: Options, sound: &[f32]) -> Vec<Heard> {
    let mut endpointer = Endpointer::new(options);
    endpointer.begin(false);
    let frames = sound.chunks_exact(engine.frame());
    frames.filter_map(|frame| endpointer.push(frame, engine.push(frame).unwrap())).collect()
}

#[test]
fn the_scripted_voice_activity_keeps_the_contract() {
    contracts::voice_activity::suite(&mut ScriptedVoiceActivity::default(), &[0.1; 20_000]);
}

#[test]
fn silero_keeps_the_contract() {
    contracts::voice_activity::suite(&mut silero(), &say("Turn on the radio and close the window."));
}

#[test]
fn the_scripted_transcriber_keeps_the_contract_and_its_script() {
    let speech: Speech = vec![0.1; 16_000].into();
    let mut engine = ScriptedTranscriber::hearing(["Go home."]);
    contracts::transcriber::suite(&mut engine, &speech, "go home");
    assert_eq!(engine.heard[0], SECOND);

    let mut engine = ScriptedTranscriber::hearing(["One.", "Two."]);
    engine.errors.push_back(EngineError::failed("a cough"));
    let mut next = || engine.transcribe(&speech, &Cancel::never()).map(|transcript| transcript.text);
    assert_eq!(next().unwrap_err().to_string(), "a cough");
    assert_eq!([next().unwrap(), next().unwrap(), next().unwrap()], ["One.", "Two.", "Two."]);
}

#[test]
fn whisper_keeps_the_contract() {
    let speech = say_between(SECOND / 4, "Turn on the radio.", SECOND / 4);
    contracts::transcriber::suite(&mut whisper(), &speech, "turn on the radio");
}

#[test]
fn speech_is_told_from_silence_and_from_the_noise_of_the_car() {
    let mut engine = silero();
    let speech = say("Navigate to the nearest charging station, please.");
    let mut share = |sound: &[f32]| {
        engine.reset();
        spoken(&probabilities(&mut engine, sound))
    };
    assert!(share(&speech) > 0.8);
    assert!(share(&in_car(&speech, 5.0, 1)) > 0.6);
    assert_eq!(share(&silence(SECOND * 3)), 0.0);
    for seed in 0..3 {
        assert_eq!(share(&car_noise(SECOND * 5, seed)), 0.0, "seed {seed}");
    }
}

#[test]
fn whisper_writes_down_commands_in_a_quiet_room_and_in_a_car() {
    let mut engine = whisper();
    for text in ["Turn on the seat heating.", "Open the driver's window.", "Navigate to the airport."] {
        let clean = say_between(SECOND / 4, text, SECOND / 4);
        for (place, speech) in [("a quiet room", clean.clone()), ("a car", in_car(&clean, 10.0, 7))] {
            let transcript = engine.transcribe(&speech, &Cancel::never()).unwrap();
            assert_eq!(plain(&transcript.text), plain(text), "in {place}: {transcript:?}");
            assert!(transcript.confidence > 0.3, "in {place}: {transcript:?}");
        }
    }
}

#[test]
fn whisper_makes_up_nothing_in_silence_and_noise() {
    let mut engine = whisper();
    for sound in [silence(SECOND * 2), car_noise(SECOND * 3, 3)] {
        assert_eq!(engine.transcribe(&sound, &Cancel::never()).unwrap(), Transcript::default());
    }
}

#[test]
fn a_decode_is_given_up_when_a_newer_turn_begins() {
    let mut engine = whisper();
    let speech = say("Turn on the radio, close all the windows and call my brother.");
    let current = Arc::new(AtomicU64::new(1));
    let cancel = Cancel::new(TurnId(1), Arc::clone(&current));
    let together = Arc::new(Barrier::new(2));
    let newer = thread::spawn({
        let together = Arc::clone(&together);
        move || {
            together.wait();
            current.store(2, Ordering::Release);
        }
    });
    together.wait();
    let result = engine.transcribe(&speech, &cancel);
    newer.join().unwrap();
    assert!(matches!(result, Err(EngineError::Cancelled)), "{result:?}");
    assert!(!engine.transcribe(&speech, &Cancel::never()).unwrap().text.is_empty());
}

#[test]
fn an_utterance_is_found_with_its_first_word() {
    let text = "Close the sunroof.";
    let speech = say(text);
    let sound = [&silence(SECOND)[..], &speech, &silence(SECOND)].concat();
    for sound in [sound.clone().into(), in_car(&sound, 10.0, 5)] {
        let options = Options { pause: Duration::ZERO, ..Options::default() };
        let heard = listen(&mut silero(), options, &sound);
        let [Heard::Started { at }, Heard::Ended { speech: utterance, ended_at }] = &heard[..] else {
            panic!("{} events", heard.len());
        };
        let (begins, ends) = (SAMPLE_RATE as u64, SAMPLE_RATE as u64 + speech.len() as u64);
        assert!(at.abs_diff(begins) < 3_200, "began at {at} instead of {begins}");
        assert!(ended_at.abs_diff(ends) < 4_800, "ended at {ended_at} instead of {ends}");
        let transcript = whisper().transcribe(utterance, &Cancel::never()).unwrap();
        assert_eq!(plain(&transcript.text), plain(text));
    }
}

#[test]
fn nobody_speaks_in_a_driving_car() {
    let options = Options { no_speech: SECOND * 2, ..Options::default() };
    assert_eq!(listen(&mut silero(), options, &car_noise(SECOND * 3, 11)), [Heard::NoSpeech]);
}

#[test]
fn a_short_pause_does_not_end_an_utterance_and_a_long_one_does() {
    let (one, two) = (say("Call"), say("Anna Smith"));
    let with_pause = |pause: Duration| [&one[..], &silence(pause), &two, &silence(SECOND)].concat();
    let ends = |pause: Duration| {
        let heard = listen(&mut silero(), Options::default(), &with_pause(pause));
        let Some(Heard::Ended { ended_at, .. }) = heard.last() else { panic!("no utterance") };
        *ended_at
    };
    assert!(ends(SECOND / 5) > one.len() as u64 + 3_200, "cut at the pause");
    assert!(ends(SECOND) < one.len() as u64 + 4_800, "waited through a second of silence");
}

/// Asserts that loading says what is wrong with the file and how to mend it.
fn assert_refused<T>(load: impl Fn(&Path) -> Result<T, EngineError>, path: &Path, what: &str) {
    let error = load(path).err().unwrap_or_else(|| panic!("{what}: loaded"));
    assert!(matches!(error, EngineError::Model { .. }), "{what}: {error}");
    let text = error.to_string();
    assert!(text.contains(&*path.to_string_lossy()), "{what}: no path in {text}");
    assert!(text.contains("carvoice models fetch"), "{what}: no remedy in {text}");
}

/// Asserts that what is not the model `name` is refused in its place: files that are something else, files
/// cut short, and files with one of the bytes `altered` changed.
fn assert_only_the_model_loads<T>(
    load: impl Fn(&Path) -> Result<T, EngineError>,
    name: &str,
    others: &[&str],
    altered: &[u64],
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    assert_refused(&load, &path, "missing");
    assert_refused(&load, folder.path(), "a folder");
    for other in others {
        assert_refused(&load, &model(other), other);
    }
    let garbage: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for bytes in [&b""[..], b"version https://git-lfs.github.com/spec/v1\n", &garbage] {
        fs::write(&path, bytes).unwrap();
        assert_refused(&load, &path, "something else");
    }

    fs::copy(model(name), &path).unwrap();
    let file = fs::File::options().read(true).write(true).open(&path).unwrap();
    for &at in altered {
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 0x55], at).unwrap();
        assert_refused(&load, &path, &format!("altered at {at}"));
        file.write_all_at(&byte, at).unwrap();
    }
    let length = file.metadata().unwrap().len();
    for length in [length - 1, length / 2, 100, 1] {
        file.set_len(length).unwrap();
        assert_refused(&load, &path, &format!("cut at {length}"));
    }
}

#[test]
fn only_silero_loads_as_silero() {
    let others = ["voice-unknown-words.onnx", "whisper-base.bin"];
    // In a constant of the graph: its shape and its value.
    let altered = [2_090, 2_091, 2_094];
    assert_only_the_model_loads(Silero::load, "silero-vad.onnx", &others, &altered);
}

#[test]
fn only_whisper_loads_as_whisper() {
    let load = |path: &Path| Whisper::load(path, 1);
    // The numbers of the header, of the mel filters and of the vocabulary.
    let altered = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 64_376, 64_380];
    assert_only_the_model_loads(
        load,
        "whisper-base.bin",
        &["smollm2-135m.gguf", "silero-vad.onnx"],
        &altered,
    );
}

fn wake() -> Wake {
    let [mel, embedding, word] =
        ["wake-mel.onnx", "wake-embedding.onnx", "wake-computer.safetensors"].map(model);
    Wake::load(&mel, &embedding, &word).unwrap()
}

/// How often the wake word is heard, in pieces of any size.
fn wakes(wake: &mut Wake, sound: &[f32]) -> usize {
    wake.reset();
    sound.chunks(700).filter_map(|piece| wake.push(piece).unwrap()).filter(|word| word == "computer").count()
}

#[test]
fn the_wake_word_is_heard_and_other_words_are_not() {
    let mut wake = wake();
    let spoken = [silence(SECOND), say("Computer."), silence(SECOND)].concat();
    assert_eq!(wakes(&mut wake, &spoken), 1);
    assert_eq!(wakes(&mut wake, &say_between(SECOND, "Computer, turn on the fog lights.", SECOND)), 1);
    for other in ["Turn on the fog lights and play some music.", "Commuters compete for a compartment."] {
        assert_eq!(wakes(&mut wake, &say_between(SECOND, other, SECOND)), 0, "{other}");
    }
    assert_eq!(wakes(&mut wake, &car_noise(10 * SECOND, 3)), 0);
}

#[test]
fn a_broken_microphone_does_not_break_the_wake_word() {
    let mut wake = wake();
    for sample in [f32::NAN, f32::INFINITY, 1e30, 0.0] {
        assert_eq!(wakes(&mut wake, &[sample; 20_000]), 0);
    }
    assert_eq!(wakes(&mut wake, &[silence(SECOND), say("Computer."), silence(SECOND)].concat()), 1);
}

#[test]
fn what_is_no_wake_word_is_refused_with_the_reason() {
    let refused = |mel: &str, embedding: &str, word: &str| {
        let folder = model("wake-mel.onnx").parent().unwrap().to_owned();
        let file = |name: &str| folder.join(name);
        let reason = Wake::load(&file(mel), &file(embedding), &file(word)).err().unwrap();
        assert!(matches!(reason, EngineError::Model { .. }), "{reason}");
    };
    refused("wake-embedding.onnx", "wake-embedding.onnx", "wake-computer.safetensors");
    refused("wake-mel.onnx", "silero-vad.onnx", "wake-computer.safetensors");
    refused("wake-mel.onnx", "wake-embedding.onnx", "cabin-lora.safetensors");
    refused("wake-mel.onnx", "wake-embedding.onnx", "absent.safetensors");
}
