//! The file formats that this crate tells apart.

use serde::{Deserialize, Serialize};

/// A file format, told by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Plain text in any encoding.
    Text,
    /// Markdown.
    Markdown,
    /// One JSON value.
    Json,
    /// One JSON value a line.
    Ndjson,
    /// XML of any kind.
    Xml,
    /// YAML.
    Yaml,
    /// Source code in some language.
    Code,
    /// Delimited rows: CSV, TSV and their relatives.
    Csv,
    /// HTML or XHTML.
    Html,
    /// Office Open XML workbook.
    Xlsx,
    /// Office Open XML binary workbook.
    Xlsb,
    /// Excel 97–2003 workbook.
    Xls,
    /// OpenDocument spreadsheet.
    Ods,
    /// Office Open XML document.
    Docx,
    /// Office Open XML presentation.
    Pptx,
    /// Word 97–2003 document.
    Doc,
    /// PowerPoint 97–2003 presentation.
    Ppt,
    /// PDF.
    Pdf,
    /// Rich Text Format.
    Rtf,
    /// OpenDocument text.
    Odt,
    /// OpenDocument presentation.
    Odp,
    /// EPUB book.
    Epub,
    /// An e-mail message.
    Eml,
    /// Any files in a ZIP archive.
    Zip,
    /// A picture: PNG, JPEG, TIFF, BMP, WebP or GIF.
    Image,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 25] = [
        Self::Text,
        Self::Markdown,
        Self::Json,
        Self::Ndjson,
        Self::Xml,
        Self::Yaml,
        Self::Code,
        Self::Csv,
        Self::Html,
        Self::Xlsx,
        Self::Xlsb,
        Self::Xls,
        Self::Ods,
        Self::Docx,
        Self::Pptx,
        Self::Doc,
        Self::Ppt,
        Self::Pdf,
        Self::Rtf,
        Self::Odt,
        Self::Odp,
        Self::Epub,
        Self::Eml,
        Self::Zip,
        Self::Image,
    ];

    /// Name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Markdown => "Markdown",
            Self::Json => "JSON",
            Self::Ndjson => "NDJSON",
            Self::Xml => "XML",
            Self::Yaml => "YAML",
            Self::Code => "source code",
            Self::Csv => "CSV",
            Self::Html => "HTML",
            Self::Xlsx => "XLSX",
            Self::Xlsb => "XLSB",
            Self::Xls => "XLS",
            Self::Ods => "ODS",
            Self::Docx => "DOCX",
            Self::Pptx => "PPTX",
            Self::Doc => "DOC",
            Self::Ppt => "PPT",
            Self::Pdf => "PDF",
            Self::Rtf => "RTF",
            Self::Odt => "ODT",
            Self::Odp => "ODP",
            Self::Epub => "EPUB",
            Self::Eml => "message",
            Self::Zip => "ZIP",
            Self::Image => "picture",
        }
    }
}
