//! A FIFO in the place of the microphone: whatever can write samples can be heard.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::Duration;

use carvoice_core::engine::{AudioError, AudioSource};

/// Raw samples from a FIFO: 16-bit little-endian, mono, 16 kHz, for instance from
/// `arecord -t raw -f S16_LE -r 16000`. Writers may come and go; between them nothing is heard.
#[derive(Debug)]
pub struct PipeSource {
    name: String,
    pipe: File,
    /// First half of a sample whose second half is still to come.
    half: Option<u8>,
}

impl PipeSource {
    /// Opens an existing FIFO.
    ///
    /// # Errors
    /// [`AudioError::Gone`] when there is none, [`AudioError::Unsupported`] when it is no FIFO.
    pub fn open(path: &Path) -> Result<Self, AudioError> {
        let name = path.display().to_string();
        // Without O_NONBLOCK the opening itself would wait for a writer.
        let pipe = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path);
        let pipe =
            pipe.map_err(|reason| AudioError::Gone(format!("{name} ({reason}; make it with mkfifo)")))?;
        let kind =
            pipe.metadata().map_err(|reason| AudioError::Backend(format!("{name}: {reason}")))?.file_type();
        if !kind.is_fifo() {
            return Err(AudioError::Unsupported(format!("{name} is not a FIFO; make one with mkfifo")));
        }
        Ok(Self { name, pipe, half: None })
    }
}

impl AudioSource for PipeSource {
    fn read(&mut self, out: &mut [f32], wait: Duration) -> Result<usize, AudioError> {
        let mut bytes = vec![0; out.len() * 2];
        let start = usize::from(self.half.is_some());
        if let (Some(half), Some(first)) = (self.half, bytes.first_mut()) {
            *first = half;
        }
        let read = match self.pipe.read(bytes.get_mut(start..).unwrap_or_default()) {
            Ok(0) => 0,
            Ok(read) => read,
            Err(reason) if matches!(reason.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => 0,
            Err(reason) => return Err(AudioError::Gone(format!("{} ({reason})", self.name))),
        };
        if read == 0 {
            thread::sleep(wait);
            return Ok(0);
        }
        bytes.truncate(start + read);
        let (samples, rest) = bytes.as_chunks::<2>();
        for (sample, bytes) in out.iter_mut().zip(samples) {
            *sample = f32::from(i16::from_le_bytes(*bytes)) / 32_768.0;
        }
        self.half = rest.first().copied();
        Ok(samples.len())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn fifo(name: &str) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("carvoice-pipe-{}-{name}", std::process::id()));
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        path
    }

    #[test]
    fn samples_come_through_whole_even_when_they_are_torn() {
        let path = fifo("torn");
        let mut source = PipeSource::open(&path).unwrap();
        let mut out = [0.0; 8];
        assert_eq!(source.read(&mut out, Duration::ZERO).unwrap(), 0, "nobody writes yet");
        let mut writer = OpenOptions::new().write(true).open(&path).unwrap();
        writer.write_all(&[0, 0x40, 0]).unwrap();
        assert_eq!(source.read(&mut out, Duration::ZERO).unwrap(), 1);
        assert_eq!(out[0], 0.5);
        writer.write_all(&[0xc0]).unwrap();
        assert_eq!(source.read(&mut out, Duration::ZERO).unwrap(), 1);
        assert_eq!(out[0], -0.5);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn what_is_no_fifo_is_refused_with_the_remedy() {
        for path in ["/dev/null", "/no/such/fifo"] {
            let reason = PipeSource::open(Path::new(path)).unwrap_err().to_string();
            assert!(reason.contains("mkfifo"), "{reason}");
        }
    }
}
