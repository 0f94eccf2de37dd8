//! Pictures of text, made by rendering a PDF, and scans made of them.

use std::fmt::Write as _;
use std::io::Cursor;

use image::{GrayImage, ImageFormat};
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::pool::{ParserPool, WorkerInput};
use millrace_pipeline_handlers::render::{PictureForm, RenderPage};

use super::files::{pdf_objects, pdf_of};

/// The upper part of a page with these lines of text, at 150 pixels per inch.
pub async fn picture(pool: &ParserPool, lines: &[&str]) -> GrayImage {
    let mut objects = pdf_objects(&["x"]);
    let mut content = String::from("BT /F1 14 Tf 18 TL 72 740 Td ");
    for line in lines {
        let _infallible = write!(content, "({line}) Tj T* ");
    }
    content += "ET";
    objects[4] = format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len());
    let page = RenderPage { page: 1, dpi: 150.0, max_pixels: 40_000_000, form: PictureForm::Pgm };
    let input = WorkerInput::Inline(pdf_of(&objects, "").into());
    let page = pool.render(input, page, ParserLimits::default()).await.expect("a picture");
    let whole = image::load_from_memory_with_format(&page.picture, ImageFormat::Pnm).expect("PGM").into_luma8();
    image::imageops::crop_imm(&whole, 0, 0, whole.width(), 400).to_image()
}

/// The picture in another format.
pub fn encoded(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    // WebP and GIF know no shades of grey as such.
    image::DynamicImage::ImageLuma8(picture.clone()).to_rgb8().write_to(&mut bytes, format).expect("encoded");
    bytes.into_inner()
}

/// A TIFF file of several uncompressed pages.
pub fn tiff(pages: &[GrayImage]) -> Vec<u8> {
    let mut bytes = b"II*\0\0\0\0\0".to_vec();
    let mut link = 4;
    for page in pages {
        let data = bytes.len() as u32;
        bytes.extend_from_slice(page.as_raw());
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        let directory = bytes.len() as u32;
        bytes[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        // Width, height, bits, no compression, black is zero, strip, samples, rows, bytes.
        let entries = [
            (256, 4, page.width()),
            (257, 4, page.height()),
            (258, 3, 8),
            (259, 3, 1),
            (262, 3, 1),
            (273, 4, data),
            (277, 3, 1),
            (278, 4, page.height()),
            (279, 4, page.as_raw().len() as u32),
        ];
        bytes.extend_from_slice(&(entries.len() as u16).to_le_bytes());
        for (tag, kind, value) in entries {
            bytes.extend_from_slice(&u16::to_le_bytes(tag));
            bytes.extend_from_slice(&u16::to_le_bytes(kind));
            bytes.extend_from_slice(&1_u32.to_le_bytes());
            bytes.extend_from_slice(&u32::to_le_bytes(value));
        }
        link = bytes.len();
        bytes.extend_from_slice(&[0; 4]);
    }
    bytes
}

/// A PDF whose pages are these pictures, at 150 pixels per inch, or text.
pub fn scan(pages: &[Result<GrayImage, &str>]) -> Vec<u8> {
    let texts: Vec<&str> = pages.iter().map(|page| page.as_ref().err().copied().unwrap_or_default()).collect();
    let mut objects = pdf_objects(&texts);
    for (index, page) in pages.iter().enumerate() {
        let Ok(picture) = page else { continue };
        let (width, height) = (picture.width(), picture.height());
        let (points, high) = (width as f32 * 0.48, height as f32 * 0.48);
        let number = objects.len() + 1;
        objects[3 + index * 2] = format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {points} {high}] /Resources << /XObject << /I {number} 0 R >> >> /Contents {} 0 R >>",
            5 + index * 2
        );
        let content = format!("q {points} 0 0 {high} 0 0 cm /I Do Q");
        objects[4 + index * 2] = format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len());
        let hex = picture.as_raw().iter().fold(String::new(), |mut hex, byte| {
            let _infallible = write!(hex, "{byte:02x}");
            hex
        });
        objects.push(format!(
            "<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /ASCIIHexDecode /Length {} >>\nstream\n{hex}>\nendstream",
            hex.len() + 1
        ));
    }
    pdf_of(&objects, "")
}

/// A PNG file that says it has so many pixels, and holds next to none.
pub fn png_bomb(width: u32, height: u32) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    // Eight bits of grey, the one compression, filter and order there is.
    header.extend_from_slice(&[8, 0, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    // A zlib stream that goes on after its header.
    for (name, data) in [(b"IHDR", header.as_slice()), (b"IDAT", &[0x78, 0x9C, 0x00]), (b"IEND", &[])] {
        let chunk = [name.as_slice(), data].concat();
        bytes.extend_from_slice(&(data.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&chunk);
        bytes.extend_from_slice(&crc(&chunk).to_be_bytes());
    }
    bytes
}

/// CRC-32 as PNG has it.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}
