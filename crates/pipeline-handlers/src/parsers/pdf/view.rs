//! One page of a PDF as its reader sees it, watched while it is read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use unpdf::Result;
use unpdf::parser::backend::{
    BackendFontInfo, ContentOp, DecodedRun, DecodedText, GlyphAdvance, PageBox, PageContent, PageId, PaintedXObject,
    PdfBackend, PdfMetadataRaw, RawBackend, RawOutlineItem, RawXObject, ResourceScope,
};
use unpdf::parser::{LinkAnnotations, TextLine};

use super::direction;
use super::rules::Rules;
use super::tags::{self, Tag};

/// A reader's view of one page.
///
/// The reader lists all pages of the document for each page it reads, which would make long documents cost their
/// square; here there is only the one. And the content passes by on its way to the reader: what it draws besides text
/// is noted, and what it says of the text's role is written where the reader keeps it, into the names of fonts.
pub(super) struct PageView<'a> {
    whole: &'a RawBackend,
    number: u32,
    page: PageId,
    rules: Mutex<Rules>,
    is_marked: AtomicBool,
}

impl<'a> PageView<'a> {
    /// The page with this number, from 1.
    pub(super) fn new(whole: &'a RawBackend, number: u32, page: PageId) -> Self {
        Self { whole, number, page, rules: Mutex::new(Rules::default()), is_marked: AtomicBool::new(false) }
    }

    /// Whether what was read so far draws lines that could bound a table of this text.
    pub(super) fn could_hold_ruled_tables(&self, lines: &[TextLine]) -> bool {
        self.rules.lock().could_bound_a_table(lines)
    }

    /// The part of the page that is shown.
    pub(super) fn shown(&self) -> PageBox {
        self.whole.crop_box(self.page)
    }

    /// How far the page is turned clockwise for display, in degrees.
    pub(super) fn rotation(&self) -> u16 {
        self.whole.page_rotation(self.page)
    }
}

impl PdfBackend for PageView<'_> {
    fn pages(&self) -> BTreeMap<u32, PageId> {
        BTreeMap::from([(self.number, self.page)])
    }

    fn page_fonts(&self, scope: ResourceScope) -> Result<Vec<BackendFontInfo>> {
        let mut fonts = self.whole.page_fonts(scope)?;
        if !self.is_marked.load(Ordering::Relaxed) {
            return Ok(fonts);
        }
        let marked: Vec<BackendFontInfo> = fonts
            .iter()
            .flat_map(|font| {
                Tag::ALL.map(|tag| BackendFontInfo {
                    name: tags::mark(&font.name, tag),
                    base_font: tags::mark_name(&font.base_font, tag),
                    ..font.clone()
                })
            })
            .collect();
        fonts.extend(marked);
        Ok(fonts)
    }

    fn page_content(&self, page: PageId) -> Result<Vec<u8>> {
        self.whole.page_content(page)
    }

    fn page_content_with_losses(&self, page: PageId) -> Result<PageContent> {
        self.whole.page_content_with_losses(page)
    }

    fn decode_content(&self, data: &[u8]) -> Result<Vec<ContentOp>> {
        let mut operations = self.whole.decode_content(data)?;
        self.rules.lock().observe(&operations);
        if tags::matter(&operations) {
            self.is_marked.store(true, Ordering::Relaxed);
            operations = tags::write_into_fonts(operations);
        }
        Ok(operations)
    }

    fn decode_text(&self, scope: ResourceScope, font_name: &[u8], bytes: &[u8]) -> DecodedText {
        let decoded = self.whole.decode_text(scope, tags::unmarked(font_name), bytes);
        if !decoded.text.chars().any(direction::is_right_to_left) {
            return decoded;
        }
        // Only a run tells which letters are one glyph.
        self.decode_run(scope, font_name, bytes).decoded
    }

    fn decode_run(&self, scope: ResourceScope, font_name: &[u8], bytes: &[u8]) -> DecodedRun {
        let mut run = self.whole.decode_run(scope, tags::unmarked(font_name), bytes);
        direction::turn_ligatures(&mut run);
        run
    }

    fn glyph_advances(&self, scope: ResourceScope, font_name: &[u8], bytes: &[u8]) -> Option<Vec<GlyphAdvance>> {
        self.whole.glyph_advances(scope, tags::unmarked(font_name), bytes)
    }

    fn is_vertical_font(&self, scope: ResourceScope, font_name: &[u8]) -> bool {
        self.whole.is_vertical_font(scope, tags::unmarked(font_name))
    }

    fn metadata(&self) -> PdfMetadataRaw {
        self.whole.metadata()
    }

    fn page_box(&self, page: PageId) -> PageBox {
        self.whole.page_box(page)
    }

    fn crop_box(&self, page: PageId) -> PageBox {
        self.whole.crop_box(page)
    }

    fn page_rotation(&self, page: PageId) -> u16 {
        self.whole.page_rotation(page)
    }

    fn struck_out_areas(&self, page: PageId) -> Vec<PageBox> {
        self.whole.struck_out_areas(page)
    }

    fn link_annotations(&self, page: PageId) -> LinkAnnotations {
        self.whole.link_annotations(page)
    }

    fn outline(&self) -> Result<Vec<RawOutlineItem>> {
        self.whole.outline()
    }

    fn page_xobjects(&self, page: PageId) -> Result<Vec<RawXObject>> {
        self.whole.page_xobjects(page)
    }

    fn xobject(&self, scope: ResourceScope, name: &[u8]) -> Option<PaintedXObject> {
        self.whole.xobject(scope, name)
    }
}
