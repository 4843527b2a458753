//! Tests of speak.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use carvoice_core::engine::{Cancel, EngineError, Synthesizer, TurnId};
use carvoice_speak::{Voice, VoiceFiles};
use carvoice_tests::contracts;
use carvoice_tests::fakes::synthesizer::ScriptedSynthesizer;
use carvoice_tests::speech::{car_noise, in_car, say, voice, voice_files};
use proptest::prelude::*;

fn synthesize(voice: &mut Voice, text: &str) -> Vec<f32> {
    let mut samples = Vec::new();
    voice.synthesize(text, &Cancel::never(), &mut |chunk| samples.extend_from_slice(chunk)).unwrap();
    samples
}

fn seconds(voice: &mut Voice, text: &str) -> f64 {
    synthesize(voice, text).len() as f64 / f64::from(voice.sample_rate())
}

#[test]
fn voice_keeps_the_contract() {
    contracts::synthesizer::suite(&mut *voice());
}

#[test]
fn scripted_synthesizer_keeps_the_contract() {
    contracts::synthesizer::suite(&mut ScriptedSynthesizer::default());
}

#[test]
fn sentences_take_the_time_they_take_to_say() {
    let voice = &mut *voice();
    for (text, expected) in [
        ("Okay.", 0.3..1.0),
        ("Setting the temperature to twenty one degrees.", 1.8..3.0),
        ("You have 210 km of range left.", 2.2..3.8),
    ] {
        let length = seconds(voice, text);
        assert!(expected.contains(&length), "{text} takes {length:.2} s");
    }
}

#[test]
fn phonemes_of_replies() {
    let voice = voice();
    for (text, phonemes) in [
        ("The driver's window is open.", "ðə dɹˈIvəɹz wˈɪndO ɪz ˈOpᵊn."),
        ("Close the sunroof?", "klˈOz ðə sˈʌnɹˌuf?"),
        ("I've set it to -3 °C.", "ˌIv sˈɛt ɪt tə mˈInəs θɹˈi dəɡɹˈiz sˈɛlsiəs."),
        ("You'll arrive at 7:05 p.m.", "jul əɹˈIv æt sˈɛvən ˈO fˈIv pˌiˈɛm."),
        ("Calling 911.", "kˈɔlɪŋ nˈIn wˈʌn wˈʌn."),
        ("The ETA is 14:30.", "ði ˌitˌiˈA ɪz fˌɔɹtˈin θˈɜɹTi."),
    ] {
        let said = voice.phonemes(text).unwrap().join(" ");
        let said = said.replace("jˌul", "jul");
        assert_eq!(said, phonemes, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_text_has_phonemes_or_none(text in ".{0,40}", figures in "[0-9:/.,+ °%$€a-zA-Z'–-]{0,24}") {
        for text in [text, figures] {
            let phrases = voice().phonemes(&text).unwrap();
            prop_assert!(phrases.iter().all(|phrase| phrase.chars().count() < 1000), "{phrases:?}");
        }
    }
}

#[test]
fn unknown_names_are_read_too() {
    for name in ["Kowalski", "Kurfürstendamm", "Xiomara", "Utrecht", "CarPlay", "O'Neill", "BMW", "Straße"]
    {
        let phonemes = voice().phonemes(name).unwrap().join("");
        assert!(phonemes.chars().count() >= 4, "{name}: {phonemes}");
    }
}

#[test]
fn pronunciations_can_be_given() {
    let mut voice = Voice::load(&voice_files()).unwrap();
    let before = seconds(&mut voice, "Siobhan");
    voice.set_pronunciation("Siobhan", "shivawn").unwrap();
    assert_eq!(voice.phonemes("siobhan").unwrap(), voice.phonemes("shivawn").unwrap());
    assert!(seconds(&mut voice, "Siobhan") != before, "the old sound was kept");
    voice.set_pronunciation("Siobhan", "/ʃəvˈɔn/").unwrap();
    assert_eq!(voice.phonemes("Calling Siobhan.").unwrap(), ["kˈɔlɪŋ ʃəvˈɔn."]);
    for (word, sound) in
        [("Siobhan", "/ж/"), ("Siobhan", "🚗"), ("Siobhan", ""), ("", "word"), ("Siobhan", "//")]
    {
        assert!(
            matches!(voice.set_pronunciation(word, sound), Err(EngineError::Failed(_))),
            "{word} {sound}"
        );
    }
    assert_eq!(voice.phonemes("Siobhan").unwrap(), ["ʃəvˈɔn"], "a refused pronunciation changes nothing");
}

#[test]
fn speed_and_volume() {
    let mut voice = Voice::load(&voice_files()).unwrap();
    let text = "The battery is at eighty percent.";
    let usual = synthesize(&mut voice, text);
    voice.set_speed(1.5).unwrap();
    let fast = synthesize(&mut voice, text);
    assert!(fast.len() * 5 < usual.len() * 4, "{} and {} samples", fast.len(), usual.len());
    voice.set_speed(1.0).unwrap();
    voice.set_volume(0.5).unwrap();
    let quiet = synthesize(&mut voice, text);
    assert!(quiet.iter().zip(&usual).all(|(quiet, usual)| (quiet * 2.0 - usual).abs() < 1e-6));
    for wrong in [-1.0, 0.2, 3.0, f32::NAN, f32::INFINITY] {
        assert!(voice.set_speed(wrong).is_err(), "{wrong}");
    }
    for wrong in [-0.1, 1.1, f32::NAN] {
        assert!(voice.set_volume(wrong).is_err(), "{wrong}");
    }
    assert_eq!(synthesize(&mut voice, text), quiet, "a refused value changes nothing");
}

#[test]
fn a_prewarmed_phrase_sounds_the_same() {
    let text = "Sorry, I did not understand that.";
    let mut voice = Voice::load(&voice_files()).unwrap();
    let made = synthesize(&mut voice, text);
    let mut other = Voice::load(&voice_files()).unwrap();
    other.prewarm(&["Okay.", text, ""], &Cancel::never()).unwrap();
    assert_eq!(synthesize(&mut other, text), made);

    let cancel = Cancel::new(TurnId(1), Arc::new(AtomicU64::new(2)));
    assert!(matches!(other.prewarm(&[text], &cancel), Err(EngineError::Cancelled)));
}

#[test]
fn bad_files_are_told_with_their_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let good = voice_files();
    let check = |files: VoiceFiles, name: &str| {
        let error = Voice::load(&files).err().unwrap_or_else(|| panic!("{name} was accepted"));
        assert!(matches!(error, EngineError::Model { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(name) && text.contains("carvoice models fetch"), "{text}");
    };
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let network = fs::read(&good.network).unwrap();
    let lexicon = fs::read(&good.lexicon).unwrap();
    check(VoiceFiles { network: folder.path().join("none.onnx"), ..good.clone() }, "none.onnx");
    check(
        VoiceFiles { network: file("cut.onnx", &network[..network.len() / 2]), ..good.clone() },
        "cut.onnx",
    );
    check(VoiceFiles { network: file("text.onnx", b"no network"), ..good.clone() }, "text.onnx");
    check(VoiceFiles { network: file("empty.onnx", b""), ..good.clone() }, "empty.onnx");
    check(VoiceFiles { network: good.unknown_words.clone(), ..good.clone() }, "voice-unknown-words.onnx");
    check(VoiceFiles { unknown_words: good.network.clone(), ..good.clone() }, "voice-heart.onnx");
    check(VoiceFiles { unknown_words: file("empty.onnx", b""), ..good.clone() }, "empty.onnx");
    check(VoiceFiles { lexicon: folder.path().join("none.txt"), ..good.clone() }, "none.txt");
    check(VoiceFiles { lexicon: file("cut.txt", &lexicon[..lexicon.len() / 2]), ..good.clone() }, "cut.txt");
    check(VoiceFiles { lexicon: good.network.clone(), ..good.clone() }, "voice-heart.onnx");
}

#[test]
fn test_speech_has_the_noise_that_was_asked_for() {
    let speech = say("Open the window.");
    assert_eq!(say("Open the window."), speech);
    let noisy = in_car(&speech, 10.0, 1);
    assert_eq!(in_car(&speech, 10.0, 1), noisy);
    let power = |samples: &mut dyn Iterator<Item = f32>| {
        samples.map(|sample| f64::from(sample * sample)).sum::<f64>()
    };
    let noise = power(&mut noisy.iter().zip(&*speech).map(|(noisy, speech)| noisy - speech));
    let snr = 10.0 * (power(&mut speech.iter().copied()) / noise).log10();
    assert!((snr - 10.0).abs() < 1.5, "{snr} dB");
    let quiet = car_noise(std::time::Duration::from_secs(1), 1);
    assert_eq!(quiet.len(), 16_000);
}
