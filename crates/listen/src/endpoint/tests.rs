use super::*;

const FRAME: usize = 512;

/// Plays frames, one digit each as probability in tenths, and gives what was heard with the
/// number of the frame. Sample values are frame numbers.
fn hear(endpointer: &mut Endpointer, probabilities: &str) -> Vec<(usize, Heard)> {
    let mut heard = Vec::new();
    for (number, digit) in probabilities.bytes().enumerate() {
        let frame = [number as f32; FRAME];
        let event = endpointer.push(&frame, f32::from(digit - b'0') / 10.0);
        heard.extend(event.map(|event| (number, event)));
    }
    heard
}

fn frames(count: usize) -> Duration {
    Duration::from_secs_f64((count * FRAME) as f64 / f64::from(SAMPLE_RATE))
}

fn endpointer() -> Endpointer {
    Endpointer::new(Options {
        threshold: 0.5,
        min_speech: frames(2),
        pause: Duration::ZERO,
        hangover: frames(4),
        pre_roll: frames(3),
        max_utterance: frames(40),
        no_speech: frames(20),
    })
}

#[test]
fn an_utterance_has_its_first_word_and_ends_after_the_hangover() {
    let mut endpointer = endpointer();
    endpointer.begin(false);
    let heard = hear(&mut endpointer, "000000999490000000");
    assert_eq!(heard[0], (7, Heard::Started { at: 6 * FRAME as u64 }));
    let (when, Heard::Ended { speech, ended_at }) = &heard[1] else { panic!("{heard:?}") };
    assert_eq!((*when, *ended_at), (14, 11 * FRAME as u64));
    assert_eq!(speech[0], 3.0, "three frames of pre-roll");
    assert_eq!(heard.len(), 2, "once ended it does not listen");
}

#[test]
fn a_click_is_not_speech() {
    let mut endpointer = endpointer();
    endpointer.begin(false);
    assert_eq!(hear(&mut endpointer, "00900090000000000000"), [(19, Heard::NoSpeech)]);
}

#[test]
fn a_breath_before_the_first_word_is_not_speech() {
    let mut endpointer = endpointer();
    endpointer.begin(false);
    assert_eq!(hear(&mut endpointer, "0074400009900")[0], (10, Heard::Started { at: 9 * FRAME as u64 }));
}

#[test]
fn without_a_beginning_nothing_is_heard() {
    assert_eq!(hear(&mut endpointer(), "9999999999000000"), []);
}

#[test]
fn a_held_button_waits_through_pauses() {
    let mut endpointer = endpointer();
    endpointer.begin(true);
    let heard = hear(&mut endpointer, "999000000000000999");
    assert_eq!(heard.len(), 1, "{heard:?}");
    let Some(Heard::Ended { speech, .. }) = endpointer.finish() else { panic!() };
    assert_eq!(speech.len(), 18 * FRAME);
    assert_eq!(endpointer.finish(), None);
}

#[test]
fn a_held_button_without_speech_is_told() {
    let mut endpointer = endpointer();
    endpointer.begin(true);
    hear(&mut endpointer, "000");
    assert_eq!(endpointer.finish(), Some(Heard::NoSpeech));
}

#[test]
fn endless_speech_is_cut_at_the_limit() {
    let mut endpointer = endpointer();
    endpointer.begin(false);
    let heard = hear(&mut endpointer, &"9".repeat(60));
    assert!(matches!(heard[..], [(1, Heard::Started { .. }), (39, Heard::Ended { .. })]), "{heard:?}");
}

#[test]
fn a_soft_ending_belongs_to_the_utterance_at_any_threshold() {
    // Keeping on needs 0.35, and half of a low threshold.
    for (threshold, probabilities, last) in [(0.5, "99944440000000000", 7), (0.2, "99911110000000000", 7)] {
        let mut endpointer = Endpointer::new(Options { threshold, ..endpointer().options });
        endpointer.begin(false);
        let heard = hear(&mut endpointer, probabilities);
        let Some((_, Heard::Ended { ended_at, .. })) = heard.last() else { panic!("{heard:?}") };
        assert_eq!(*ended_at, last * FRAME as u64, "at {threshold}");
    }
}

#[test]
fn what_was_said_before_the_beginning_is_not_an_utterance_but_its_pre_roll() {
    let mut endpointer = endpointer();
    hear(&mut endpointer, "0000099999");
    endpointer.begin(false);
    assert_eq!(endpointer.push(&[10.0; FRAME], 0.9), None);
    assert_eq!(endpointer.push(&[11.0; FRAME], 0.9), Some(Heard::Started { at: 10 * FRAME as u64 }));
    let Some(Heard::Ended { speech, ended_at }) = endpointer.finish() else { panic!() };
    assert_eq!((speech[0], speech.len(), ended_at), (7.0, 5 * FRAME, 12 * FRAME as u64));
}

#[test]
fn an_utterance_at_the_very_beginning_has_no_pre_roll() {
    let mut endpointer = Endpointer::new(Options { min_speech: Duration::ZERO, ..endpointer().options });
    endpointer.begin(false);
    assert_eq!(endpointer.push(&[1.0; 100], 0.9), Some(Heard::Started { at: 0 }));
    let ended = Heard::Ended { speech: vec![1.0; 100].into(), ended_at: 100 };
    assert_eq!(endpointer.finish(), Some(ended));
}

#[test]
fn beginning_again_forgets_what_was_heard() {
    let mut endpointer = endpointer();
    endpointer.begin(false);
    hear(&mut endpointer, "9999");
    endpointer.begin(false);
    assert_eq!(endpointer.finish(), Some(Heard::NoSpeech));
    assert!(!endpointer.is_listening());
}

#[test]
fn a_probability_that_is_no_number_is_not_speech() {
    let mut endpointer = endpointer();
    endpointer.begin(false);
    for _ in 0..19 {
        assert_eq!(endpointer.push(&[0.0; FRAME], f32::NAN), None);
    }
    assert_eq!(endpointer.push(&[0.0; FRAME], f32::NAN), Some(Heard::NoSpeech));
}

#[test]
fn no_options_and_no_frames_make_it_panic() {
    let times = [Duration::ZERO, Duration::from_nanos(1), frames(2), Duration::MAX];
    let sizes = [0, 1, 511, 3_000, 7];
    let probabilities = [0.9, 1.0, 0.0, f32::INFINITY, -1.0, f32::NAN, 0.9];
    for choice in 0..times.len().pow(5) {
        let time = |digit: u32| times[choice / times.len().pow(digit) % times.len()];
        let mut endpointer = Endpointer::new(Options {
            threshold: [0.5, 0.0, -1.0, f32::NAN][choice % 4],
            min_speech: time(0),
            pause: time(2),
            hangover: time(1),
            pre_roll: time(2),
            max_utterance: time(3),
            no_speech: time(4),
        });
        for step in 0..50 {
            if step % 17 == 3 {
                endpointer.begin(choice % 2 == 0);
            }
            let before = endpointer.position();
            let size = sizes[step % sizes.len()];
            let heard = endpointer.push(&vec![0.1; size], probabilities[step % probabilities.len()]);
            assert_eq!(endpointer.position(), before + size as u64);
            if let Some(Heard::Ended { speech, ended_at }) = heard {
                assert!(ended_at <= endpointer.position());
                assert!(speech.len() as u64 <= endpointer.position());
            }
        }
        endpointer.finish();
    }
}

#[test]
fn stopping_drops_what_was_heard() {
    let mut endpointer = endpointer();
    endpointer.begin(false);
    hear(&mut endpointer, "9999");
    endpointer.stop();
    assert_eq!(hear(&mut endpointer, "0000000000000000000000"), []);
}

#[test]
fn the_end_of_a_wake_word_is_no_utterance() {
    let mut endpointer = endpointer();
    hear(&mut endpointer, "0999999");
    endpointer.begin_behind(7 * FRAME as u64);
    // Two frames of the word's end, a pause, then the order.
    let heard = hear(&mut endpointer, "99000000000000099999990000000");
    let Some((_, Heard::Ended { speech, .. })) = heard.last() else { panic!("{heard:?}") };
    assert_eq!(speech[0], 12.0, "only the usual pre-roll before the order");
    assert_eq!(heard.iter().filter(|(_, heard)| matches!(heard, Heard::Ended { .. })).count(), 1);
}

#[test]
fn an_order_spoken_on_from_a_wake_word_has_the_word_in_front() {
    let mut endpointer = endpointer();
    hear(&mut endpointer, "0999999");
    endpointer.begin_behind(7 * FRAME as u64);
    let heard = hear(&mut endpointer, "9999999999999990000000");
    let Some((_, Heard::Ended { speech, .. })) = heard.last() else { panic!("{heard:?}") };
    assert_eq!((speech[0], speech[FRAME]), (0.0, 1.0), "all that was heard before");
}

fn pausing() -> Endpointer {
    Endpointer::new(Options { pause: frames(2), ..endpointer().options })
}

#[test]
fn a_pause_is_told_once_and_taken_back() {
    let mut endpointer = pausing();
    endpointer.begin(false);
    let heard = hear(&mut endpointer, "00999900090000");
    let kinds: Vec<(usize, &str)> = heard
        .iter()
        .map(|(when, heard)| {
            let kind = match heard {
                Heard::Started { .. } => "started",
                Heard::Paused { .. } => "paused",
                Heard::Resumed => "resumed",
                Heard::Ended { .. } => "ended",
                Heard::NoSpeech => "nothing",
            };
            (*when, kind)
        })
        .collect();
    assert_eq!(kinds, [(3, "started"), (7, "paused"), (9, "resumed"), (11, "paused"), (13, "ended")]);
    let Heard::Paused { speech, ended_at } = &heard[1].1 else { panic!("{heard:?}") };
    assert_eq!((speech.len(), *ended_at), (8 * FRAME, 6 * FRAME as u64));
}

#[test]
fn what_is_known_of_a_pause_sets_when_it_ends() {
    for (silence, when) in [(frames(3), 5), (frames(8), 10)] {
        let mut endpointer = pausing();
        endpointer.begin(false);
        assert_eq!(hear(&mut endpointer, "99900").len(), 2);
        endpointer.end_after(silence);
        let heard = hear(&mut endpointer, "000000000");
        assert!(matches!(heard[..], [(at, Heard::Ended { .. })] if at + 5 == when), "{heard:?}");
    }
    // Only until it goes on.
    let mut endpointer = pausing();
    endpointer.begin(false);
    hear(&mut endpointer, "99900");
    endpointer.end_after(frames(8));
    let heard = hear(&mut endpointer, "9990000");
    assert!(matches!(heard.last(), Some((6, Heard::Ended { .. }))), "{heard:?}");
}
