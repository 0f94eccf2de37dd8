//! Pages of a Word document. The file does not hold them, only marks: where somebody broke the page, and where the
//! page ended when the document was laid out last.

use crate::xml::tree::Element;

/// Where the reader is.
#[derive(Debug)]
pub(super) struct Pages {
    page: u32,
    /// Nothing has been shown on this page yet.
    is_at_start: bool,
    /// The file says where pages ended; then sections need not be asked.
    is_rendered: bool,
    /// Whether each section, from the second on, begins on a new page.
    sections: std::vec::IntoIter<bool>,
}

impl Pages {
    /// Looks through the text of a body.
    pub(super) fn scan(body: &str) -> Self {
        let is_rendered = body.contains("lastRenderedPageBreak");
        // The opening tags; what a split leaves in front tells them from the closing ones.
        let pieces: Vec<&str> = body.split("sectPr").collect();
        let starts: Vec<bool> = pieces
            .windows(2)
            .filter(|pair| !is_closing(pair[0]) && pair[1].starts_with([' ', '>', '/']))
            .map(|pair| begins_page(pair[1]))
            .collect();
        // What a section says about itself stands at its end; what counts for a section's end is how the next begins.
        Self {
            page: 1,
            is_at_start: true,
            is_rendered,
            sections: starts.get(1..).unwrap_or_default().to_vec().into_iter(),
        }
    }

    /// A number of pages that a body has at least, told without reading it.
    pub(super) fn at_least(body: &str) -> u32 {
        let rendered = body.matches("lastRenderedPageBreak").count();
        let explicit = body.matches(":type=\"page\"").count();
        u32::try_from(rendered.max(explicit)).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The page, from 1.
    pub(super) fn current(&self) -> u32 {
        self.page
    }

    /// Something is shown.
    pub(super) fn show(&mut self) {
        self.is_at_start = false;
    }

    /// Somebody broke the page.
    pub(super) fn break_page(&mut self) {
        self.page = self.page.saturating_add(1);
        self.is_at_start = true;
    }

    /// The page ended here when the document was laid out: the same place as a break that stands just before.
    pub(super) fn break_rendered(&mut self) {
        if !self.is_at_start {
            self.break_page();
        }
    }

    /// A paragraph wants to begin a page.
    pub(super) fn break_before(&mut self) {
        if !self.is_rendered && !self.is_at_start {
            self.break_page();
        }
    }

    /// A paragraph ended a section.
    pub(super) fn end_section(&mut self) {
        if self.sections.next().unwrap_or(false) && !self.is_rendered {
            self.break_before();
        }
    }
}

/// Whether a tag whose name comes next is a closing one.
fn is_closing(before: &str) -> bool {
    before.rsplit('<').next().is_some_and(|tag| tag.starts_with('/'))
}

/// Whether the section of these properties begins on a page of its own; it does unless it says otherwise.
fn begins_page(properties: &str) -> bool {
    let kind = properties.split_once(":type ").map_or("", |(_, rest)| rest.split('>').next().unwrap_or_default());
    !kind.contains("\"continuous\"") && !kind.contains("\"nextColumn\"")
}

/// Whether a `br` breaks the page.
pub(super) fn is_page_break(line_break: &Element) -> bool {
    line_break.attribute("type") == Some("page")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_one_place_count_once() {
        let mut pages = Pages::scan("<w:lastRenderedPageBreak/>");
        pages.show();
        pages.break_page();
        pages.break_rendered();
        assert_eq!(pages.current(), 2);
        pages.show();
        pages.break_rendered();
        pages.break_before();
        pages.end_section();
        assert_eq!(pages.current(), 3);
        assert_eq!(Pages::at_least("<w:lastRenderedPageBreak/><w:br w:type=\"page\"/>"), 2);
    }

    #[test]
    fn sections_begin_pages() {
        let section = |kind: &str| format!("<w:sectPr w:x=\"1\">{kind}<w:pgSz/></w:sectPr>");
        let body = [section(""), section("<w:type w:val=\"continuous\"/>"), section("")].concat();
        let mut pages = Pages::scan(&body);
        pages.show();
        pages.end_section();
        assert_eq!(pages.current(), 1, "the second goes on where the first ended");
        pages.end_section();
        assert_eq!(pages.current(), 2);
    }
}
