//! Pictures, which Tesseract reads in a process of its own.

use millrace_server::config::EngineName;

use crate::support::{hostile, try_all_with};

/// CRC-32 as PNG has it.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

/// A PNG file that says it has so many pixels, and holds next to none.
fn png(width: u32, height: u32) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(b"IHDR", header.as_slice()), (b"IDAT", &[0x78, 0x9C, 0x00]), (b"IEND", &[])] {
        let chunk = [name.as_slice(), data].concat();
        bytes.extend_from_slice(&u32::try_from(data.len()).expect("short").to_be_bytes());
        bytes.extend_from_slice(&chunk);
        bytes.extend_from_slice(&crc(&chunk).to_be_bytes());
    }
    bytes
}

/// A TIFF directory at offset 8 with these entries (tag, type 4, count, value), which names the next.
fn tiff(entries: &[(u16, u32, u32)], next: u32) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend_from_slice(&u16::try_from(entries.len()).expect("few").to_le_bytes());
    for (tag, count, value) in entries {
        bytes.extend_from_slice(&tag.to_le_bytes());
        bytes.extend_from_slice(&4_u16.to_le_bytes());
        bytes.extend_from_slice(&count.to_le_bytes());
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes.extend_from_slice(&next.to_le_bytes());
    bytes
}

#[tokio::test]
async fn pictures() {
    let page = |width: u32, height: u32| {
        [
            (256, 1, width),
            (257, 1, height),
            (258, 1, 8),
            (259, 1, 1),
            (262, 1, 1),
            (273, 1, 0),
            (278, 1, height),
            (279, 1, 16),
        ]
    };
    let refused: &[&str] = &["unreadable_file"];
    try_all_with(
        |config| {
            config.parsers.order = vec![EngineName::Local, EngineName::Tesseract];
            config.parsers.tesseract.memory_bytes = 512 << 20;
            config.parsers.tesseract.page_seconds = 20;
            config.parsers.tesseract.max_pages = 20;
        },
        vec![
            hostile("huge.png", png(65_535, 65_535), refused),
            hostile("zero.png", png(0, 0), refused),
            hostile("loop.tiff", tiff(&page(4, 4), 8), &["too_many_pages"]),
            // Versions of the library for TIFF differ in whether they refuse it, or read nothing.
            hostile("huge.tiff", tiff(&page(4_000_000_000, 4_000_000_000), 0), &["completed", "unreadable_file"]),
            hostile("counts.tiff", tiff(&[(273, u32::MAX, u32::MAX), (279, u32::MAX, 4)], u32::MAX), refused),
            hostile("cut.jpg", b"\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x01\xFF\xC0\x00\x11\x08\xFF\xFF\xFF\xFF\x03".to_vec(), refused),
            hostile("cut.gif", b"GIF89a\xFF\xFF\xFF\xFF\xF7\x00\x00".to_vec(), refused),
            hostile("cut.webp", b"RIFF\xFF\xFF\xFF\xFFWEBPVP8L\xFF\xFF\xFF\xFF\x2F\xFF\xFF\xFF\xFF".to_vec(), refused),
            hostile("huge.bmp", b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\xFF\xFF\xFF\x7F\xFF\xFF\xFF\x7F\x01\0\x18\0\0\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(), refused),
        ],
    )
    .await;
}
