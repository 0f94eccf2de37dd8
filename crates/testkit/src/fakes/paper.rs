//! What the fake services read in a file: as many pages as it has, each with a heading, a text, a formula and a table.
//!
//! A file may ask for a fate of its own by a word in its bytes: `FATE:<word>`.

/// Side of every page, in points.
pub(super) const WIDTH: f32 = 600.0;
/// The other side.
pub(super) const HEIGHT: f32 = 800.0;

/// A file as a service sees it.
#[derive(Debug, Clone)]
pub(super) struct Paper {
    /// Its pages.
    pub(super) pages: u32,
    /// What it asks for.
    pub(super) fate: Option<String>,
}

/// The kind of a file by its first bytes; `None` for what no service reads.
pub(super) fn suffix(bytes: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 6] = [
        (b"%PDF-", "pdf"),
        (b"\x89PNG", "png"),
        (b"\xFF\xD8\xFF", "jpg"),
        (b"PK\x03\x04", "docx"),
        (b"II*\0", "tiff"),
        (b"GIF8", "gif"),
    ];
    known.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, suffix)| *suffix)
}

impl Paper {
    /// Looks at a file.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let pages = match suffix(bytes) {
            Some("pdf") => text.matches("/Type /Page ").count(),
            _ => 1,
        };
        let fate = text.split_once("FATE:").map(|(_, rest)| {
            rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter)).collect()
        });
        Self { pages: u32::try_from(pages).unwrap_or(u32::MAX), fate }
    }

    /// Whether it asks for this.
    pub(super) fn wants(&self, fate: &str) -> bool {
        self.fate.as_deref() == Some(fate)
    }
}

/// The text of a page.
pub(super) fn text(page: u32) -> String {
    format!("Text of page {page}")
}

/// Its heading.
pub(super) fn heading(page: u32) -> String {
    format!("Chapter {page}")
}

/// Its table: a header that spans two columns, and a row.
pub(super) fn table(page: u32) -> String {
    format!(
        "<html><body><table><tr><td colspan=\"2\">Sums</td></tr><tr><td>page</td><td>{page}</td></tr></table></body></html>"
    )
}
