//! How many pictures a file holds, told without decoding any: only TIFF files are read page by page.

use std::io::{self, Read, Seek, SeekFrom};

/// Pages of a TIFF file; 1 for what is none. Gives up counting at `limit` + 1, which also ends loops.
///
/// A TIFF file is a list of directories, each with the offset of the next (TIFF 6.0, section 2).
///
/// # Errors
/// When the file ends inside a directory, or cannot be read.
pub(super) fn count(file: &mut (impl Read + Seek), limit: u32) -> io::Result<u32> {
    let mut head = [0_u8; 8];
    file.seek(SeekFrom::Start(0))?;
    if file.read_exact(&mut head).is_err() {
        return Ok(1);
    }
    let is_little = match &head[..4] {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return Ok(1),
    };
    let number = |bytes: [u8; 4]| if is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
    let short = |bytes: [u8; 2]| if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) };
    let mut offset = number([head[4], head[5], head[6], head[7]]);
    let mut pages = 0;
    while offset != 0 && pages <= limit {
        pages += 1;
        file.seek(SeekFrom::Start(offset.into()))?;
        let mut entries = [0_u8; 2];
        file.read_exact(&mut entries)?;
        // Entries have 12 bytes each; the offset of the next directory follows them.
        file.seek(SeekFrom::Current(i64::from(short(entries)) * 12))?;
        let mut next = [0_u8; 4];
        file.read_exact(&mut next)?;
        offset = number(next);
    }
    Ok(pages.max(1))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Directories without entries, at these offsets, each naming the next.
    fn tiff(offsets: &[u32], last: u32) -> Cursor<Vec<u8>> {
        let mut bytes = b"II*\0".to_vec();
        bytes.extend_from_slice(&offsets[0].to_le_bytes());
        for (index, offset) in offsets.iter().enumerate() {
            bytes.resize(*offset as usize, 0);
            bytes.extend_from_slice(&[0, 0]);
            bytes.extend_from_slice(&offsets.get(index + 1).unwrap_or(&last).to_le_bytes());
        }
        Cursor::new(bytes)
    }

    #[test]
    fn directories_are_counted() {
        assert_eq!(count(&mut tiff(&[8], 0), 10).expect("counted"), 1);
        assert_eq!(count(&mut tiff(&[8, 20, 40], 0), 10).expect("counted"), 3);
        assert_eq!(count(&mut Cursor::new(b"\x89PNG\r\n\x1a\n"), 10).expect("no TIFF"), 1);
        assert_eq!(count(&mut Cursor::new(b"MM\0*\0\0\0\x08\0\0\0\0\0\0"), 10).expect("big end first"), 1);
    }

    #[test]
    fn loops_end_at_the_limit() {
        assert_eq!(count(&mut tiff(&[8, 20], 8), 10).expect("counted"), 11);
        assert!(count(&mut tiff(&[8], 5_000), 10).is_err());
    }
}
