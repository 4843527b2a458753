//! WAV files out.

use std::fs;
use std::io;
use std::path::Path;

use hound::{SampleFormat, WavSpec, WavWriter};

use crate::file::FileError;

/// Writes mono samples as a 16-bit WAV file. The file appears as a whole or not at all: a file of
/// that name is replaced only when the new one is complete.
///
/// # Errors
/// [`FileError::Io`] when the folder cannot be written.
pub fn write_wav(path: &Path, samples: &[f32], sample_rate: u32) -> Result<(), FileError> {
    let failed = |source| FileError::Io { path: path.into(), source };
    let name = path.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    // In the same folder, as a rename is atomic only within one file system; with the process's
    // number, so that two processes do not write into one file.
    let mut unfinished = std::ffi::OsString::from(".");
    unfinished.push(name);
    unfinished.push(format!(".{}.partial", std::process::id()));
    let unfinished = path.with_file_name(unfinished);
    let written = fill(&unfinished, samples, sample_rate).and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        // The first error is the one to tell; a file that was never made cannot be removed.
        let _ = fs::remove_file(&unfinished);
    }
    written.map_err(failed)
}

fn fill(path: &Path, samples: &[f32], sample_rate: u32) -> io::Result<()> {
    let spec = WavSpec { channels: 1, sample_rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let plain = |error| match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    };
    let mut wav = WavWriter::create(path, spec).map_err(plain)?;
    for sample in samples {
        let sample = (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0);
        wav.write_sample(sample as i16).map_err(plain)?;
    }
    wav.finalize().map_err(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.wav");
        let samples = [0.0, 0.5, -0.5, 1.0, -1.0, 2.0, f32::NAN];
        write_wav(&path, &samples, 16_000).unwrap();
        let read = crate::read(&path).unwrap();
        let full = 32_767.0 / 32_768.0;
        assert_eq!(&*read, &[0.0, 0.5, -0.5, full, -1.0, full, 0.0]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no partial file is left");
    }

    #[test]
    fn an_older_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.wav");
        write_wav(&path, &[0.1; 500], 16_000).unwrap();
        write_wav(&path, &[0.1; 5], 24_000).unwrap();
        assert_eq!(hound::WavReader::open(&path).unwrap().duration(), 5);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = write_wav(Path::new("/nonexistent/out.wav"), &[0.0], 16_000).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/out.wav"), "{error}");
        assert!(write_wav(Path::new("/"), &[0.0], 16_000).is_err());
    }
}
