//! Short sounds that tell what the assistant is about.

use carvoice_core::turn::Chime;

/// Loud enough over driving noise, well below the voice.
const AMPLITUDE: f64 = 0.12;
const NOTE_S: f64 = 0.07;

/// The sound at `rate` samples per second. Two rising notes: listening; two falling: stopped; one low note: not now.
pub fn samples(chime: Chime, rate: u32) -> Vec<f32> {
    let notes: &[f64] = match chime {
        Chime::Listening => &[660.0, 880.0],
        Chime::Cancelled => &[660.0, 440.0],
        Chime::Denied => &[220.0],
    };
    notes.iter().flat_map(|pitch| note(*pitch, rate)).collect()
}

fn note(pitch: f64, rate: u32) -> impl Iterator<Item = f32> {
    let length = (NOTE_S * f64::from(rate)) as usize;
    (0..length).map(move |i| {
        let t = i as f64 / f64::from(rate);
        // A raised cosine from silence to silence, so that the note does not click.
        let envelope = 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / length as f64).cos();
        (AMPLITUDE * envelope * (std::f64::consts::TAU * pitch * t).sin()) as f32
    })
}
