//! Pictures of the pages of a PDF, for engines that read pictures. Runs in parser processes only.

use bytes::{Buf, Bytes};
use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};
use serde::{Deserialize, Serialize};

use crate::failure::{FailureCode, ParseFailure};
use crate::limits::ParserLimits;

/// Points per inch.
pub(crate) const POINTS: f32 = 72.0;
/// Longest side the rasteriser can make, in pixels.
const MAX_SIDE: f32 = 16_384.0;

/// Which page to make a picture of, and how finely.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RenderPage {
    /// The page, from 1.
    pub page: u32,
    /// Pixels per inch.
    pub dpi: f32,
    /// Most pixels of the picture; a larger page is made less finely.
    pub max_pixels: u64,
    /// What kind of picture.
    pub form: PictureForm,
}

/// Kinds of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureForm {
    /// Binary PGM, in shades of grey: quick to write, for recognition on this machine.
    Pgm,
    /// PNG in colours: small enough to be sent.
    Png,
}

/// A picture of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct PageImage {
    /// Pages of the file.
    pub pages: u32,
    /// Width and height of the page as it is shown, in points.
    pub size: [f32; 2],
    /// Pixels per inch of the picture.
    pub dpi: f32,
    /// The picture; empty when the file has no such page.
    pub picture: Bytes,
}

/// Bytes before the picture in the encoding: pages, width, height, dpi.
const HEAD: usize = 16;

impl PageImage {
    /// Four little-endian numbers of four bytes (pages, width, height, dpi), then the picture.
    fn encode(pages: u32, size: [f32; 2], dpi: f32, picture: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + picture.len());
        bytes.extend_from_slice(&pages.to_le_bytes());
        for number in [size[0], size[1], dpi] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(picture);
        bytes
    }

    /// Reads what a parser process answered.
    pub(crate) fn decode(mut bytes: Bytes) -> Option<Self> {
        if bytes.len() < HEAD {
            return None;
        }
        let (pages, width, height) = (bytes.get_u32_le(), bytes.get_f32_le(), bytes.get_f32_le());
        Some(Self { pages, size: [width, height], dpi: bytes.get_f32_le(), picture: bytes })
    }
}

/// Renders one page; gives an encoded [`PageImage`].
///
/// # Errors
/// `encrypted_file`, `unreadable_file`, `too_many_pages`, `output_too_large`.
pub fn render_page(bytes: Vec<u8>, request: &RenderPage, limits: &ParserLimits) -> Result<Vec<u8>, ParseFailure> {
    let pdf = Pdf::new(bytes).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => ParseFailure::encrypted("PDF"),
        LoadPdfError::Decryption(_) => ParseFailure::unreadable("PDF", "its encryption is not supported"),
        LoadPdfError::Invalid => ParseFailure::unreadable("PDF", "its structure is broken"),
    })?;
    let pages = u32::try_from(pdf.pages().len()).unwrap_or(u32::MAX);
    if pages > limits.max_pages {
        return Err(ParseFailure::too_many_pages(pages, limits));
    }
    let index = usize::try_from(request.page.saturating_sub(1)).unwrap_or(usize::MAX);
    let Some(page) = pdf.pages().get(index) else {
        return Ok(PageImage::encode(pages, [0.0; 2], request.dpi, &[]));
    };
    let (width, height) = page.render_dimensions();
    if !(width > 0.0 && height > 0.0) {
        return Err(ParseFailure::unreadable("PDF", "a page has no area"));
    }
    let scale = scale_of(width, height, request);
    let settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let pixmap =
        render(page, &RenderCache::new(), &InterpreterSettings::default(), &RenderSettings::default(), &settings);
    // The background is opaque, so nothing is transparent.
    let pixels = pixmap.data_as_u8_slice().as_chunks::<4>().0;
    let size = [pixmap.width(), pixmap.height()];
    let picture = match request.form {
        PictureForm::Pgm => pgm(size, pixels),
        PictureForm::Png => png(size, pixels)?,
    };
    if picture.len() as u64 + HEAD as u64 > limits.max_output_bytes {
        return Err(ParseFailure::new(FailureCode::OutputTooLarge, "the picture of a page is too large"));
    }
    Ok(PageImage::encode(pages, [width, height], scale * POINTS, &picture))
}

fn pgm([width, height]: [u16; 2], pixels: &[[u8; 4]]) -> Vec<u8> {
    let mut picture = format!("P5\n{width} {height}\n255\n").into_bytes();
    picture.extend(pixels.iter().map(|[red, green, blue, _]| {
        // ITU-R BT.601, in thousandths.
        let grey = 299 * u32::from(*red) + 587 * u32::from(*green) + 114 * u32::from(*blue);
        u8::try_from(grey / 1_000).unwrap_or(u8::MAX)
    }));
    picture
}

fn png([width, height]: [u16; 2], pixels: &[[u8; 4]]) -> Result<Vec<u8>, ParseFailure> {
    let colours: Vec<u8> = pixels.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect();
    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, u32::from(width), u32::from(height));
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Pages are mostly white: the fast setting is half the time for a few per cent more bytes.
    encoder.set_compression(png::Compression::Fast);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&colours)?;
        writer.finish()
    });
    written.map_err(|error| ParseFailure::unreadable("PDF", format!("a page is no picture: {error}")))?;
    Ok(picture)
}

/// Pixels per point: as asked for, less where the picture would be too large.
fn scale_of(width: f32, height: f32, request: &RenderPage) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a bound, not a count")]
    let by_area = (request.max_pixels as f32 / (width * height)).sqrt();
    let wanted = (request.dpi / POINTS).min(by_area).min(MAX_SIDE / width.max(height));
    // At least one pixel each way.
    wanted.max(1.0 / width.min(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_made_less_finely_rather_than_too_large() {
        let request = RenderPage { page: 1, dpi: 144.0, max_pixels: 1_000_000, form: PictureForm::Pgm };
        assert!((scale_of(100.0, 100.0, &request) - 2.0).abs() < 1e-6);
        assert!((scale_of(1_000.0, 1_000.0, &request) - 1.0).abs() < 1e-3);
        let thin = scale_of(200_000.0, 0.5, &request);
        assert!(thin >= 2.0, "{thin}");
    }

    #[test]
    fn colours_are_kept_in_png() {
        let bytes = png([2, 1], &[[255, 0, 0, 255], [0, 0, 255, 255]]).expect("a picture");
        let read = image::load_from_memory(&bytes).expect("PNG").into_rgb8();
        assert_eq!((read.dimensions(), read.as_raw().as_slice()), ((2, 1), &[255, 0, 0, 0, 0, 255][..]));
        assert_eq!(pgm([2, 1], &[[255, 255, 255, 255], [0, 0, 0, 255]]), b"P5\n2 1\n255\n\xff\0");
    }

    #[test]
    fn pictures_survive_the_pipe() {
        let bytes = PageImage::encode(7, [612.0, 792.0], 150.0, b"P5");
        let image = PageImage::decode(bytes.into()).expect("an image");
        assert_eq!((image.pages, image.size, image.dpi, &image.picture[..]), (7, [612.0, 792.0], 150.0, &b"P5"[..]));
        assert_eq!(PageImage::decode(Bytes::from_static(b"short")), None);
    }
}
