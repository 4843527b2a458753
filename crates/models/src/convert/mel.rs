//! The mel filter bank of Whisper: Slaney's mel scale and area normalisation, 0 Hz to 8 kHz, for a
//! 400-point transform at 16 kHz (Radford et al. 2022, appendix; Slaney, Auditory Toolbox, 1998).

/// Bins of a 400-point real transform.
pub(super) const BINS: usize = 201;
/// Width of a transform bin in hertz: 16 000 / 400.
const BIN_HZ: f64 = 40.0;
/// Upper edge of the highest filter in hertz.
const TOP_HZ: f64 = 8000.0;
/// Below this the scale is linear, with `HZ_PER_MEL`; above it is logarithmic.
const BREAK_HZ: f64 = 1000.0;
const HZ_PER_MEL: f64 = 200.0 / 3.0;
const BREAK_MEL: f64 = BREAK_HZ / HZ_PER_MEL;
/// In the logarithmic part 27 steps multiply the frequency by this.
const RATIO_OF_27: f64 = 6.4;

/// `count` triangular filters over [`BINS`] bins, row after row.
///
/// `libm` instead of the system's logarithm: its results are the same on every machine, and the
/// checksum of the converted model depends on the last bit.
pub(super) fn filters(count: usize) -> Vec<f32> {
    let edges = edges(count);
    let mut filters = Vec::with_capacity(count * BINS);
    for edge in edges.windows(3) {
        let &[low, centre, high] = edge else { continue };
        let area = 2.0 / (high - low);
        for bin in 0..BINS {
            let hz = bin as f64 * BIN_HZ;
            let rise = (hz - low) / (centre - low);
            let fall = (high - hz) / (high - centre);
            filters.push((rise.min(fall).max(0.0) * area) as f32);
        }
    }
    filters
}

/// `count + 2` frequencies in hertz, equally spaced in mel.
fn edges(count: usize) -> Vec<f64> {
    let step = libm::log(RATIO_OF_27) / 27.0;
    let top = BREAK_MEL + libm::log(TOP_HZ / BREAK_HZ) / step;
    let spacing = top / (count + 1) as f64;
    (0..count + 2)
        .map(|index| {
            let mel = index as f64 * spacing;
            if mel < BREAK_MEL { mel * HZ_PER_MEL } else { BREAK_HZ * libm::exp(step * (mel - BREAK_MEL)) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spot values of `librosa.filters.mel(sr=16000, n_fft=400, n_mels=80)`.
    #[test]
    fn filters_agree_with_the_reference() {
        let filters = filters(80);
        assert_eq!(filters.len(), 80 * BINS);
        let at = |row: usize, bin: usize| filters[row * BINS + bin];
        for (row, bin, expected) in [
            (0, 0, 0.0),
            (0, 1, 0.024_862_595),
            (20, 20, 0.013_890_394),
            (40, 40, 0.0),
            (40, 43, 0.014_735_566),
            (79, 192, 0.003_164_711_6),
        ] {
            let found = at(row, bin);
            assert!((found - expected).abs() < 1e-8, "{row} {bin}: {found} {expected}");
        }
    }
}
