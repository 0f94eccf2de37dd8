//! Streams of OLE2 containers (MS-CFB), for what is checked before a library sees a file. Runs in parser processes only.

use std::io::{Cursor, Read as _, Write as _};

use cfb::{CompoundFile, Version};

/// A container that is open.
pub(crate) struct Container<'a>(CompoundFile<Cursor<&'a [u8]>>);

impl<'a> Container<'a> {
    /// Opens a container; `None` when it cannot be read.
    pub(crate) fn open(bytes: &'a [u8]) -> Option<Self> {
        CompoundFile::open(Cursor::new(bytes)).ok().map(Self)
    }

    /// The bytes of a stream of the root; `None` when there is none, or it cannot be read.
    pub(crate) fn stream(&mut self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.0.open_stream(format!("/{name}")).ok()?.read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }
}

/// A container of one stream, which no reader can be led astray in.
///
/// # Errors
/// When the stream is larger than a container can hold.
pub(crate) fn of_stream(name: &str, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut file = CompoundFile::create_with_version(Version::V3, Cursor::new(Vec::new()))?;
    file.create_stream(format!("/{name}"))?.write_all(bytes)?;
    file.flush()?;
    Ok(file.into_inner().into_inner())
}

/// Two bytes as a number; `None` beyond the end.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

/// Four bytes as a number; `None` beyond the end.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_found_in_any_case() {
        let large = vec![7; 100_000];
        for bytes in [&b"a few"[..], &large] {
            let file = of_stream("Workbook", bytes).expect("a container");
            let mut container = Container::open(&file).expect("a container");
            assert_eq!(container.stream("workbook").as_deref(), Some(bytes));
            assert_eq!(container.stream("Book"), None);
        }
        assert!(Container::open(b"no container").is_none());
        assert_eq!((u16_at(&[1, 2, 3], 1), u16_at(&[1, 2, 3], 2)), (Some(0x0302), None));
        assert_eq!((u32_at(&[1, 0, 0, 0], 0), u32_at(&[1, 0, 0, 0], usize::MAX)), (Some(1), None));
    }
}
