//! PDFs drawn line by line.

use super::files::pdf_of;

/// The content of a page of US Letter size, 612 by 792 points.
#[derive(Default, Clone)]
pub struct Sheet {
    content: String,
}

impl Sheet {
    /// A line of text: font `F1` (plain), `F2` (bold) or `F3` (slanted), its size, and where its baseline starts,
    /// measured from the bottom left corner.
    pub fn line(mut self, font: &str, size: u32, x: u32, y: u32, text: &str) -> Self {
        self.content += &format!("BT /{font} {size} Tf {x} {y} Td ({text}) Tj ET\n");
        self
    }

    /// A paragraph of plain lines, 10 points high, from this height down.
    pub fn paragraph(mut self, y: u32, lines: u32) -> Self {
        for line in 0..lines {
            let text = "The quick brown fox jumps over the lazy dog and runs through the wide and quiet woods";
            self = self.line("F1", 10, 72, y - line * 12, text);
        }
        self
    }

    /// Anything else a page may hold.
    pub fn raw(mut self, content: &str) -> Self {
        self.content += content;
        self.content.push('\n');
        self
    }
}

/// A PDF of these pages.
pub fn drawn(sheets: &[Sheet]) -> Vec<u8> {
    drawn_with(sheets, "", "", &[])
}

/// A PDF of these pages; `catalog` and `page` go into those dictionaries, and `objects` come after all others, the
/// first with the number 6 + 2 × pages. Pages have the numbers 6, 8, 10 and so on.
pub fn drawn_with(sheets: &[Sheet], catalog: &str, page: &str, objects: &[&str]) -> Vec<u8> {
    let kids: String = (0..sheets.len()).map(|index| format!("{} 0 R ", 6 + index * 2)).collect();
    let font = |name: &str| format!("<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>");
    let mut all = vec![
        format!("<< /Type /Catalog /Pages 2 0 R {catalog} >>"),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", sheets.len()),
        font("Helvetica"),
        font("Helvetica-Bold"),
        font("Helvetica-Oblique"),
    ];
    for (index, sheet) in sheets.iter().enumerate() {
        all.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] {page} /Resources << /Font << /F1 3 0 R /F2 4 0 R /F3 5 0 R >> >> \
             /Contents {} 0 R >>",
            7 + index * 2
        ));
        all.push(format!("<< /Length {} >>\nstream\n{}\nendstream", sheet.content.len(), sheet.content));
    }
    all.extend(objects.iter().map(|object| (*object).to_owned()));
    pdf_of(&all, "")
}
