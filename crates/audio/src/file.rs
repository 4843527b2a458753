//! Recordings: WAV and FLAC of any rate, width and channel count.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use carvoice_core::audio::{SAMPLE_RATE, Speech};
use carvoice_core::engine::AudioError;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as Symphonia;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use crate::resample::Resampler;

/// Longest recording that [`read`] takes: it is held in memory as a whole.
pub const MAX_RECORDING: Duration = Duration::from_secs(600);

/// Rates that a recording of speech can have, in samples per second. Anything else is a broken header.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=384_000;

/// Why a file was not read or written. Every message names the file and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be opened, read or written.
    #[error("{}: {source}; check the path and its permissions", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another kind of file, or a header that makes no sense.
    #[error("{}: {reason}; convert it to a WAV or FLAC file", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// Less sound than the header promises, or data that does not decode.
    #[error("{}: {reason}; record or copy it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A recording without a single sample.
    #[error("{}: the recording is empty; record it again", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Longer than [`MAX_RECORDING`].
    #[error("{}: longer than {} minutes; cut it into parts", path.display(), MAX_RECORDING.as_secs() / 60)]
    TooLong {
        /// The file.
        path: PathBuf,
    },
}

impl From<FileError> for AudioError {
    fn from(error: FileError) -> Self {
        Self::Unsupported(error.to_string())
    }
}

/// Reads a recording as mono speech at 16 kHz. Channels are averaged.
///
/// # Errors
/// See [`FileError`].
pub fn read(path: &Path) -> Result<Speech, FileError> {
    let (mut reader, mut decoder, header) = open(path)?;
    let resampler =
        |rate| Resampler::new(rate, SAMPLE_RATE).ok_or_else(|| unsupported(path, "no sample rate"));
    let mut resampler = resampler(header.rate)?;
    let mut speech = Vec::new();
    let (mut interleaved, mut mono) = (Vec::<f32>::new(), Vec::new());
    let mut frames = 0u64;
    loop {
        let packet = match reader.next_packet() {
            Ok(Some(packet)) if packet.track_id == header.track => packet,
            Ok(Some(_)) => continue,
            Ok(None) => break,
            // The count of frames below tells whether anything is missing.
            Err(Symphonia::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(classify(path, error)),
        };
        let decoded = decoder.decode(&packet).map_err(|error| classify(path, error))?;
        if decoded.spec().rate() != header.rate {
            return Err(damaged(path, "its sample rate changes on the way"));
        }
        let channels = decoded.spec().channels().count();
        decoded.copy_to_vec_interleaved(&mut interleaved);
        mono.clear();
        downmix(&interleaved, channels, &mut mono);
        frames += mono.len() as u64;
        if frames > max_frames(header.rate) {
            return Err(FileError::TooLong { path: path.into() });
        }
        resampler.push(&mono, &mut speech);
    }
    match header.frames {
        Some(promised) if frames < promised => {
            let reason = format!("cut short: {frames} of {promised} samples are there");
            return Err(damaged(path, &reason));
        }
        _ if frames == 0 => return Err(FileError::Empty { path: path.into() }),
        _ => {}
    }
    resampler.finish(&mut speech);
    // A float file may hold infinities, and a resampled full-scale wave overshoots a little.
    speech.iter_mut().for_each(|s| *s = if s.is_finite() { s.clamp(-1.0, 1.0) } else { 0.0 });
    Ok(speech.into())
}

/// Averages interleaved `channels` and appends the result to `mono`. An incomplete last frame is dropped.
pub(crate) fn downmix(interleaved: &[f32], channels: usize, mono: &mut Vec<f32>) {
    match channels {
        0 => {}
        1 => mono.extend_from_slice(interleaved),
        _ => {
            let scale = 1.0 / channels as f32;
            mono.extend(interleaved.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() * scale));
        }
    }
}

/// What the header says.
struct Header {
    track: u32,
    rate: u32,
    /// Length, where the header knows it.
    frames: Option<u64>,
}

type Opened = (Box<dyn FormatReader>, Box<dyn AudioDecoder>, Header);

fn open(path: &Path) -> Result<Opened, FileError> {
    let io = |source| FileError::Io { path: path.into(), source };
    let file = File::open(path).map_err(io)?;
    if !file.metadata().map_err(io)?.is_file() {
        return Err(unsupported(path, "not a file"));
    }
    let stream = MediaSourceStream::new(Box::new(file), Default::default());
    let reader = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|error| match error {
            Symphonia::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
                unsupported(path, "not a WAV or FLAC file, or its header is cut short")
            }
            Symphonia::Unsupported(_) => unsupported(path, "not a WAV or FLAC file"),
            error => classify(path, error),
        })?;
    let track = reader.default_track(TrackType::Audio).ok_or_else(|| unsupported(path, "no sound in it"))?;
    let parameters = track
        .codec_params
        .as_ref()
        .and_then(|parameters| parameters.audio())
        .ok_or_else(|| unsupported(path, "no sound in it"))?;
    let rate = parameters.sample_rate.unwrap_or_default();
    if !RATES.contains(&rate) {
        let reason = format!("{rate} samples per second make no sense");
        return Err(unsupported(path, &reason));
    }
    let header = Header { track: track.id, rate, frames: track.num_frames };
    if header.frames.is_some_and(|frames| frames > max_frames(rate)) {
        return Err(FileError::TooLong { path: path.into() });
    }
    let decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(|error| classify(path, error))?;
    Ok((reader, decoder, header))
}

fn max_frames(rate: u32) -> u64 {
    u64::from(rate) * MAX_RECORDING.as_secs()
}

fn classify(path: &Path, error: Symphonia) -> FileError {
    match error {
        Symphonia::IoError(source) => FileError::Io { path: path.into(), source },
        Symphonia::Unsupported(what) => unsupported(path, &format!("not supported ({what})")),
        error => damaged(path, &format!("damaged ({error})")),
    }
}

fn unsupported(path: &Path, reason: &str) -> FileError {
    FileError::Unsupported { path: path.into(), reason: reason.to_owned() }
}

fn damaged(path: &Path, reason: &str) -> FileError {
    FileError::Damaged { path: path.into(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hound::{SampleFormat, WavSpec, WavWriter};

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    /// One second of 440 Hz at half scale; every channel holds the same.
    fn tone(path: &Path, sample_rate: u32, channels: u16, bits_per_sample: u16, sample_format: SampleFormat) {
        let spec = WavSpec { channels, sample_rate, bits_per_sample, sample_format };
        let mut wav = WavWriter::create(path, spec).unwrap();
        for n in 0..sample_rate {
            let value = 0.5 * (std::f64::consts::TAU * 440.0 * f64::from(n) / f64::from(sample_rate)).sin();
            for _ in 0..channels {
                match sample_format {
                    SampleFormat::Float => wav.write_sample(value as f32).unwrap(),
                    SampleFormat::Int => {
                        let full = f64::from(2u32.pow(u32::from(bits_per_sample) - 1));
                        wav.write_sample((value * full) as i32).unwrap();
                    }
                }
            }
        }
        wav.finalize().unwrap();
    }

    #[test]
    fn every_rate_width_and_channel_count_gives_the_same_tone() {
        let folder = folder();
        let int = SampleFormat::Int;
        for (rate, channels, bits, format) in [
            (16_000, 1, 16, int),
            (8_000, 1, 8, int),
            (44_100, 2, 16, int),
            (48_000, 6, 24, int),
            (22_050, 1, 32, int),
            (48_000, 2, 32, SampleFormat::Float),
        ] {
            let path = folder.path().join("tone.wav");
            tone(&path, rate, channels, bits, format);
            let speech = read(&path).unwrap();
            assert_eq!(speech.len(), 16_000, "{rate} {channels} {bits}");
            let rms = (speech[2_000..14_000].iter().map(|s| s * s).sum::<f32>() / 12_000.0).sqrt();
            assert!((rms - 0.5 / 2f32.sqrt()).abs() < 0.01, "{rate} {channels} {bits}: {rms}");
        }
    }

    #[test]
    fn flac_is_read() {
        let folder = folder();
        let path = folder.path().join("silence.flac");
        std::fs::write(&path, tiny_flac()).unwrap();
        let speech = read(&path).unwrap();
        assert_eq!(speech.len(), 4_096);
        assert!(speech.iter().all(|&s| s == 0.0));
    }

    /// A FLAC stream of 4096 samples of silence, 16 kHz, 16 bit, mono: one constant subframe.
    fn tiny_flac() -> Vec<u8> {
        let mut flac = b"fLaC".to_vec();
        flac.extend([0x80, 0, 0, 34, 0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0]);
        // 20 bits of rate, 3 of channels - 1, 5 of width - 1, 36 of length.
        flac.extend(((16_000u64 << 44) | (15 << 36) | 4_096).to_be_bytes());
        flac.extend([0; 16]);
        // Sync and fixed blocks; 4096 samples at 16 kHz; mono of 16 bit; frame 0.
        let mut frame = vec![0xff, 0xf8, 0xc5, 0x08, 0x00];
        frame.push(crc(&frame, 8, 0x07) as u8);
        frame.extend([0x00, 0x00, 0x00]);
        frame.extend((crc(&frame, 16, 0x8005) as u16).to_be_bytes());
        flac.extend(frame);
        flac
    }

    fn crc(bytes: &[u8], width: u32, polynomial: u32) -> u32 {
        bytes.iter().fold(0, |crc, byte| {
            (0..8).fold(crc ^ (u32::from(*byte) << (width - 8)), |crc, _| {
                let shifted = (crc << 1) & ((1 << width) - 1);
                if crc >> (width - 1) & 1 == 1 { shifted ^ polynomial } else { shifted }
            })
        })
    }

    #[test]
    fn channels_are_averaged() {
        let folder = folder();
        let path = folder.path().join("opposite.wav");
        let spec = WavSpec {
            channels: 2,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let mut wav = WavWriter::create(&path, spec).unwrap();
        for _ in 0..100 {
            wav.write_sample(10_000i16).unwrap();
            wav.write_sample(-10_000i16).unwrap();
        }
        wav.finalize().unwrap();
        assert!(read(&path).unwrap().iter().all(|s| s.abs() < 1e-6));
    }

    #[test]
    fn what_is_wrong_is_named_with_the_file() {
        let folder = folder();
        let path = folder.path().join("broken.wav");
        tone(&path, 16_000, 1, 16, SampleFormat::Int);
        let good = std::fs::read(&path).unwrap();
        let changed = |at: usize, bytes: &[u8]| {
            let mut wav = good.clone();
            wav[at..at + bytes.len()].copy_from_slice(bytes);
            wav
        };
        let empty = [&good[..40], &[0, 0, 0, 0]].concat();
        for (contents, expected) in [
            (b"".to_vec(), "not a WAV or FLAC"),
            (b"hello".repeat(100), "not a WAV or FLAC"),
            (good[..30].to_vec(), "cut short"),
            (good[..9_000].to_vec(), "cut short"),
            (empty, "empty"),
            (changed(24, &[0, 0, 0, 0]), "0 samples per second"),
            (changed(24, &[0xff, 0xff, 0xff, 0xff]), "make no sense"),
            (changed(22, &[0, 0]), "channel"),
            (changed(34, &[7, 0]), "bits per sample"),
            (changed(20, &[0x55, 0]), "convert it"),
        ] {
            std::fs::write(&path, &contents).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(expected), "{error:?} lacks {expected:?}");
            assert!(error.contains("broken.wav"), "{error}");
        }
        let missing = read(&folder.path().join("none.wav")).unwrap_err();
        assert!(matches!(missing, FileError::Io { .. }), "{missing}");
        assert!(matches!(read(folder.path()), Err(FileError::Unsupported { .. })));
    }

    #[test]
    fn longer_than_ten_minutes_is_refused_before_it_is_read() {
        let folder = folder();
        let path = folder.path().join("long.wav");
        tone(&path, 16_000, 1, 16, SampleFormat::Int);
        let mut wav = std::fs::read(&path).unwrap();
        let bytes = (601u32 * 16_000 * 2).to_le_bytes();
        wav[4..8].copy_from_slice(&(601u32 * 16_000 * 2 + 36).to_le_bytes());
        wav[40..44].copy_from_slice(&bytes);
        std::fs::write(&path, wav).unwrap();
        assert!(matches!(read(&path), Err(FileError::TooLong { .. })));
    }

    #[test]
    fn a_stream_of_unknown_length_is_read_to_its_end() {
        let folder = folder();
        let path = folder.path().join("pipe.wav");
        tone(&path, 16_000, 1, 16, SampleFormat::Int);
        let mut wav = std::fs::read(&path).unwrap();
        wav[4..8].copy_from_slice(&[0xff; 4]);
        wav[40..44].copy_from_slice(&[0xff; 4]);
        std::fs::write(&path, wav).unwrap();
        assert_eq!(read(&path).unwrap().len(), 16_000);
    }

    #[test]
    fn no_damage_to_a_header_panics() {
        let folder = folder();
        let path = folder.path().join("damaged.wav");
        tone(&path, 16_000, 2, 24, SampleFormat::Int);
        let wav = std::fs::read(&path).unwrap();
        for (good, header) in [(wav[..4_000].to_vec(), 80), (tiny_flac(), 60)] {
            for at in 0..header.min(good.len()) {
                for value in [0, 1, 0x7f, 0x80, 0xff] {
                    let mut bytes = good.clone();
                    bytes[at] = value;
                    std::fs::write(&path, &bytes).unwrap();
                    // Either outcome will do; the test is that there is one.
                    let _ = read(&path);
                }
            }
        }
    }
}
