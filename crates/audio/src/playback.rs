//! Files in the place of the microphone and of the loudspeaker.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use carvoice_core::audio::{SAMPLE_RATE, Speech};
use carvoice_core::engine::{AudioError, AudioSink, AudioSource};

use crate::file::{FileError, MAX_RECORDING, read};
use crate::wav::write_wav;

/// How fast a file plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As a microphone would give it: one second of sound per second.
    RealTime,
    /// As fast as it is read.
    Fast,
}

/// A recording in the place of the microphone, followed by silence so that the end of an utterance
/// can be heard. After the silence [`AudioError::Gone`] tells that the file is over.
pub struct FileSource {
    name: String,
    speech: Speech,
    /// Samples given out so far, silence included.
    position: usize,
    /// Samples of the recording and the silence after it.
    total: usize,
    pace: Pace,
    /// When the first sample was asked for.
    started: Option<Instant>,
}

impl FileSource {
    /// Plays a WAV or FLAC file and then `silence`.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn open(path: &Path, pace: Pace, silence: Duration) -> Result<Self, FileError> {
        Ok(Self::new(&path.display().to_string(), read(path)?, pace, silence))
    }

    /// Plays samples from memory and then `silence`. The name is for errors.
    #[must_use]
    pub fn new(name: &str, speech: Speech, pace: Pace, silence: Duration) -> Self {
        let total = speech.len() + samples(silence);
        Self { name: name.to_owned(), speech, position: 0, total, pace, started: None }
    }

    /// Samples that may be given out now.
    fn due(&mut self) -> usize {
        let played = match self.pace {
            Pace::Fast => self.total,
            Pace::RealTime => samples(self.started.get_or_insert_with(Instant::now).elapsed()),
        };
        played.min(self.total).saturating_sub(self.position)
    }
}

impl AudioSource for FileSource {
    fn read(&mut self, out: &mut [f32], wait: Duration) -> Result<usize, AudioError> {
        if self.position >= self.total {
            return Err(AudioError::Gone(self.name.clone()));
        }
        let mut due = self.due();
        if due == 0 {
            // One full read ahead, as a device gives one period at a time.
            let period = Duration::from_secs_f64(out.len() as f64 / f64::from(SAMPLE_RATE));
            thread::sleep(wait.min(period));
            due = self.due();
        }
        let count = due.min(out.len());
        let left = self.speech.get(self.position..).unwrap_or_default();
        for (at, sample) in out.iter_mut().take(count).enumerate() {
            *sample = left.get(at).copied().unwrap_or(0.0);
        }
        self.position += count;
        Ok(count)
    }
}

fn samples(length: Duration) -> usize {
    (length.as_secs_f64() * f64::from(SAMPLE_RATE)) as usize
}

/// Keeps what would have been heard, at once. Clones share one recording, so that one of them can be
/// given away as a loudspeaker and another save the file.
#[derive(Clone)]
pub struct FileSink {
    sample_rate: u32,
    heard: Arc<Mutex<Vec<f32>>>,
}

impl FileSink {
    /// A sink for mono samples at `sample_rate` per second.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self { sample_rate, heard: Arc::default() }
    }

    /// Everything heard since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<f32> {
        std::mem::take(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes everything heard since the last call to a 16-bit WAV file; false, and no file, when
    /// that is nothing.
    ///
    /// # Errors
    /// When the file cannot be written; what was heard is then still kept.
    pub fn save(&self, path: &Path) -> Result<bool, FileError> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.is_empty() {
            return Ok(false);
        }
        write_wav(path, &heard, self.sample_rate)?;
        heard.clear();
        Ok(true)
    }
}

impl AudioSink for FileSink {
    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn write(&mut self, samples: &[f32]) -> Result<(), AudioError> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = u64::from(self.sample_rate) * MAX_RECORDING.as_secs();
        if (heard.len() + samples.len()) as u64 > limit {
            let minutes = MAX_RECORDING.as_secs() / 60;
            return Err(AudioError::Unsupported(format!(
                "more than {minutes} minutes were spoken; say less at a time"
            )));
        }
        heard.extend_from_slice(samples);
        Ok(())
    }

    fn stop(&mut self) {}

    fn queued(&self) -> Duration {
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(pace: Pace) -> FileSource {
        FileSource::new("clip", vec![0.5; 100].into(), pace, Duration::from_millis(10))
    }

    #[test]
    fn the_recording_comes_first_then_silence_then_the_end() {
        let mut source = source(Pace::Fast);
        let mut out = [1.0; 64];
        let mut heard = Vec::new();
        let end = loop {
            match source.read(&mut out, Duration::ZERO) {
                Ok(count) => heard.extend_from_slice(&out[..count]),
                Err(error) => break error,
            }
        };
        assert!(matches!(end, AudioError::Gone(name) if name == "clip"));
        assert_eq!(heard.len(), 260);
        assert!(heard[..100].iter().all(|&s| s == 0.5));
        assert!(heard[100..].iter().all(|&s| s == 0.0));
        assert!(source.read(&mut out, Duration::ZERO).is_err(), "the end stays the end");
    }

    #[test]
    fn in_real_time_no_sample_comes_early() {
        let mut source = source(Pace::RealTime);
        let mut out = [0.0; 32];
        let start = Instant::now();
        let mut count = 0;
        while let Ok(read) = source.read(&mut out, Duration::from_millis(50)) {
            count += read;
            let possible = samples(start.elapsed()) + 1;
            assert!(count <= possible, "{count} of {possible}");
        }
        assert_eq!(count, 260);
    }

    #[test]
    fn in_real_time_no_wait_means_no_sleep() {
        let mut source = source(Pace::RealTime);
        assert_eq!(source.read(&mut [0.0; 8], Duration::ZERO).unwrap_or(9).min(8), 0);
    }

    #[test]
    fn a_clone_saves_what_the_other_heard() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reply.wav");
        let recorder = FileSink::new(24_000);
        assert!(!recorder.save(&path).unwrap());
        let mut sink = recorder.clone();
        sink.write(&[0.1; 240]).unwrap();
        sink.stop();
        sink.write(&[0.1; 240]).unwrap();
        assert!(recorder.save(&path).unwrap());
        assert_eq!(hound::WavReader::open(&path).unwrap().duration(), 480);
        assert!(recorder.take().is_empty());
    }

    #[test]
    fn endless_talk_is_an_error_and_loses_nothing() {
        let mut sink = FileSink::new(1);
        sink.write(&[0.1; 600]).unwrap();
        assert!(sink.write(&[0.1]).is_err());
        assert_eq!(sink.take().len(), 600);
    }
}
