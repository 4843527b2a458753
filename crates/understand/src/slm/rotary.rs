//! Rotary positions: each pair of values of a head is turned by an angle that grows with the position.

use super::dimensions::{Pairing, RotaryKind};

/// Cosines and sines of every position a cache can hold.
pub(super) struct Rotary {
    pairing: Pairing,
    pairs: usize,
    /// Cosines, then sines, of each position.
    angles: Vec<f32>,
}

impl Rotary {
    /// Angles of the `capacity` first positions. The frequencies are divided by `factors` where the
    /// model has some, one for each pair.
    pub(super) fn new(kind: &RotaryKind, factors: Option<&[f32]>, capacity: usize) -> Self {
        let pairs = kind.width / 2;
        let frequency = |pair: usize| {
            let factor = factors.and_then(|factors| factors.get(pair)).copied().unwrap_or(1.0);
            kind.scale / factor / kind.base.powf(2.0 * pair as f32 / kind.width as f32)
        };
        let frequencies: Vec<f32> = (0..pairs).map(frequency).collect();
        let mut angles = Vec::with_capacity(capacity * 2 * pairs);
        for position in 0..capacity {
            let turned = frequencies.iter().map(|frequency| position as f32 * frequency);
            angles.extend(turned.clone().map(|angle| angle.cos() * kind.magnitude));
            angles.extend(turned.map(|angle| angle.sin() * kind.magnitude));
        }
        Self { pairing: kind.pairing, pairs, angles }
    }

    /// Turns all heads of this width in `row` to `position`.
    pub(super) fn turn(&self, row: &mut [f32], head: usize, position: usize) {
        let (cos, sin) = self.angles[position * 2 * self.pairs..][..2 * self.pairs].split_at(self.pairs);
        let angles = || cos.iter().zip(sin);
        for head in row.chunks_exact_mut(head) {
            let turned = &mut head[..2 * self.pairs];
            match self.pairing {
                Pairing::Neighbours => {
                    for (pair, (cos, sin)) in turned.as_chunks_mut::<2>().0.iter_mut().zip(angles()) {
                        *pair = [pair[0] * cos - pair[1] * sin, pair[0] * sin + pair[1] * cos];
                    }
                }
                Pairing::Halves => {
                    let (first, second) = turned.split_at_mut(self.pairs);
                    for ((a, b), (cos, sin)) in first.iter_mut().zip(second).zip(angles()) {
                        (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: RotaryKind =
        RotaryKind { pairing: Pairing::Neighbours, width: 4, base: 100.0, scale: 1.0, magnitude: 1.0 };

    fn turned(kind: &RotaryKind, factors: Option<&[f32]>, position: usize) -> Vec<f32> {
        let mut row = vec![1.0, 0.0, 1.0, 0.0, 7.0, 8.0, 1.0, 0.0, 1.0, 0.0, 7.0, 8.0];
        Rotary::new(kind, factors, 20).turn(&mut row, 6, position);
        assert_eq!(row[..6], row[6..], "every head alike");
        assert_eq!(row[4..6], [7.0, 8.0], "what is beyond the width stays");
        row.truncate(4);
        row
    }

    fn assert_near(a: &[f32], b: &[f32]) {
        assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6), "{a:?} {b:?}");
    }

    #[test]
    fn pairs_turn_at_their_own_speed() {
        let (slow, fast) = (0.3f32, 3.0f32);
        assert_eq!(turned(&KIND, None, 0), [1.0, 0.0, 1.0, 0.0]);
        assert_near(&turned(&KIND, None, 3), &[fast.cos(), fast.sin(), slow.cos(), slow.sin()]);
        let halves = RotaryKind { pairing: Pairing::Halves, ..KIND };
        let (a, b) = (fast.cos() - fast.sin(), fast.sin() + fast.cos());
        assert_near(&turned(&halves, None, 3), &[a, 0.0, b, 0.0]);
    }

    #[test]
    fn scale_factors_and_magnitude_count() {
        let scaled = RotaryKind { scale: 0.25, ..KIND };
        assert_near(&turned(&scaled, None, 12), &turned(&KIND, None, 3));
        let (slow, fast) = (0.3f32 / 10.0, 3.0f32 / 2.0);
        let expected = [fast.cos(), fast.sin(), slow.cos(), slow.sin()];
        assert_near(&turned(&KIND, Some(&[2.0, 10.0]), 3), &expected);
        let louder = RotaryKind { magnitude: 2.0, ..KIND };
        assert_near(
            &turned(&louder, None, 3),
            &turned(&KIND, None, 3).iter().map(|x| 2.0 * x).collect::<Vec<_>>(),
        );
    }
}
