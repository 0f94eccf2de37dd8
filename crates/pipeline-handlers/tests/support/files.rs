//! Small documents of every kind, made by hand.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const TYPES: &str = "application/vnd.openxmlformats-officedocument";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

/// An archive of these entries.
pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in entries {
        writer.start_file(*name, options).expect("an entry");
        writer.write_all(content).expect("its bytes");
    }
    writer.finish().expect("an archive").into_inner()
}

fn relations(pairs: &[(&str, &str, &str)]) -> String {
    let list: String = pairs
        .iter()
        .map(|(id, kind, target)| format!(r#"<Relationship Id="{id}" Type="{RELATIONS}/{kind}" Target="{target}"/>"#))
        .collect();
    format!(r#"<?xml version="1.0"?><Relationships xmlns="{PACKAGE}/relationships">{list}</Relationships>"#)
}

fn content_types(parts: &[(&str, &str)]) -> String {
    let list: String = parts
        .iter()
        .map(|(part, kind)| format!(r#"<Override PartName="{part}" ContentType="{TYPES}.{kind}+xml"/>"#))
        .collect();
    format!(
        r#"<?xml version="1.0"?><Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>{list}</Types>"#
    )
}

/// A Word document: a heading, paragraphs and a table of two columns.
pub fn docx(heading: &str, paragraphs: &[&str], table: &[[&str; 2]]) -> Vec<u8> {
    let run = |text: &str| format!("<w:r><w:t>{text}</w:t></w:r>");
    let mut body = format!(r#"<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr>{}</w:p>"#, run(heading));
    for paragraph in paragraphs {
        body += &format!("<w:p>{}</w:p>", run(paragraph));
    }
    if !table.is_empty() {
        body += "<w:tbl>";
        for row in table {
            let cells: String = row.iter().map(|cell| format!("<w:tc><w:p>{}</w:p></w:tc>", run(cell))).collect();
            body += &format!("<w:tr>{cells}</w:tr>");
        }
        body += "</w:tbl>";
    }
    let space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
    let document =
        format!(r#"<?xml version="1.0"?><w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>"#);
    let styles = format!(
        r#"<?xml version="1.0"?><w:styles xmlns:w="{space}"><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style></w:styles>"#
    );
    let types = content_types(&[
        ("/word/document.xml", "wordprocessingml.document.main"),
        ("/word/styles.xml", "wordprocessingml.styles"),
    ]);
    zip(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", relations(&[("rId1", "officeDocument", "word/document.xml")]).as_bytes()),
        ("word/_rels/document.xml.rels", relations(&[("rId1", "styles", "styles.xml")]).as_bytes()),
        ("word/styles.xml", styles.as_bytes()),
        ("word/document.xml", document.as_bytes()),
    ])
}

/// A presentation with one text box per slide.
pub fn pptx(slides: &[&str]) -> Vec<u8> {
    let drawing = "http://schemas.openxmlformats.org/drawingml/2006/main";
    let space = "http://schemas.openxmlformats.org/presentationml/2006/main";
    let mut entries: Vec<(String, String)> = Vec::new();
    let mut ids = String::new();
    let mut links = Vec::new();
    let mut parts = vec![("/ppt/presentation.xml".to_owned(), "presentationml.presentation.main")];
    for (index, text) in slides.iter().enumerate() {
        let number = index + 1;
        ids += &format!(r#"<p:sldId id="{}" r:id="rId{number}"/>"#, 255 + number);
        links.push((format!("rId{number}"), format!("slides/slide{number}.xml")));
        parts.push((format!("/ppt/slides/slide{number}.xml"), "presentationml.slide"));
        entries.push((
            format!("ppt/slides/slide{number}.xml"),
            format!(
                r#"<?xml version="1.0"?><p:sld xmlns:p="{space}" xmlns:a="{drawing}"><p:cSld><p:spTree><p:sp><p:nvSpPr><p:cNvPr id="2" name="Box"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>"#
            ),
        ));
    }
    let parts: Vec<(&str, &str)> = parts.iter().map(|(part, kind)| (part.as_str(), *kind)).collect();
    let links: Vec<(&str, &str, &str)> =
        links.iter().map(|(id, target)| (id.as_str(), "slide", target.as_str())).collect();
    entries.push(("[Content_Types].xml".into(), content_types(&parts)));
    entries.push(("_rels/.rels".into(), relations(&[("rId1", "officeDocument", "ppt/presentation.xml")])));
    entries.push(("ppt/_rels/presentation.xml.rels".into(), relations(&links)));
    entries.push((
        "ppt/presentation.xml".into(),
        format!(
            r#"<?xml version="1.0"?><p:presentation xmlns:p="{space}" xmlns:r="{RELATIONS}"><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>"#
        ),
    ));
    let entries: Vec<(&str, &[u8])> = entries.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    zip(&entries)
}

/// A workbook; each sheet is its name and the XML inside `<sheetData>`, or what is inside its `<worksheet>`.
pub fn xlsx(sheets: &[(&str, &str)]) -> Vec<u8> {
    let space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let mut entries: Vec<(String, String)> = Vec::new();
    let (mut list, mut links, mut parts) = (String::new(), Vec::new(), Vec::new());
    for (index, (name, data)) in sheets.iter().enumerate() {
        let number = index + 1;
        list += &format!(r#"<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>"#);
        links.push((format!("rId{number}"), format!("worksheets/sheet{number}.xml")));
        parts.push(format!("/xl/worksheets/sheet{number}.xml"));
        entries.push((
            format!("xl/worksheets/sheet{number}.xml"),
            if data.contains("<sheetData>") {
                format!(r#"<?xml version="1.0"?><worksheet xmlns="{space}">{data}</worksheet>"#)
            } else {
                format!(r#"<?xml version="1.0"?><worksheet xmlns="{space}"><sheetData>{data}</sheetData></worksheet>"#)
            },
        ));
    }
    let links: Vec<(&str, &str, &str)> =
        links.iter().map(|(id, target)| (id.as_str(), "worksheet", target.as_str())).collect();
    let mut types = vec![("/xl/workbook.xml", "spreadsheetml.sheet.main")];
    types.extend(parts.iter().map(|part| (part.as_str(), "spreadsheetml.worksheet")));
    entries.push(("[Content_Types].xml".into(), content_types(&types)));
    entries.push(("_rels/.rels".into(), relations(&[("rId1", "officeDocument", "xl/workbook.xml")])));
    entries.push(("xl/_rels/workbook.xml.rels".into(), relations(&links)));
    entries.push((
        "xl/workbook.xml".into(),
        format!(
            r#"<?xml version="1.0"?><workbook xmlns="{space}" xmlns:r="{RELATIONS}"><sheets>{list}</sheets></workbook>"#
        ),
    ));
    let entries: Vec<(&str, &[u8])> = entries.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    zip(&entries)
}

/// `<row>` XML of text and number cells.
pub fn xlsx_rows(rows: &[&[&str]]) -> String {
    let mut xml = String::new();
    for (index, row) in rows.iter().enumerate() {
        let number = index + 1;
        xml += &format!(r#"<row r="{number}">"#);
        for (column, cell) in row.iter().enumerate() {
            let at = format!("{}{number}", char::from(b'A' + u8::try_from(column).expect("few columns")));
            xml += &match cell.parse::<f64>() {
                Ok(_) => format!(r#"<c r="{at}"><v>{cell}</v></c>"#),
                Err(_) => format!(r#"<c r="{at}" t="inlineStr"><is><t>{cell}</t></is></c>"#),
            };
        }
        xml += "</row>";
    }
    xml
}

/// A PDF from its objects (numbered from 1, the first is the catalogue) and more of the trailer.
pub fn pdf_of(objects: &[String], trailer: &str) -> Vec<u8> {
    let mut bytes = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(bytes.len());
        bytes.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", index + 1).as_bytes());
    }
    let xref = bytes.len();
    bytes.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes());
    for offset in offsets {
        bytes.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    let size = objects.len() + 1;
    bytes.extend_from_slice(
        format!("trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{xref}\n%%EOF\n").as_bytes(),
    );
    bytes
}

/// The objects of a PDF with these page texts; an empty text makes a page with a drawn line only.
pub fn pdf_objects(pages: &[&str]) -> Vec<String> {
    let kids: String = (0..pages.len()).map(|page| format!("{} 0 R ", 4 + page * 2)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (index, text) in pages.iter().enumerate() {
        let content = if text.is_empty() {
            "10 10 m 100 100 l S".to_owned()
        } else {
            format!("BT /F1 12 Tf 72 720 Td ({text}) Tj ET")
        };
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents {} 0 R >>",
            5 + index * 2
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    objects
}

/// A PDF with these page texts.
pub fn pdf(pages: &[&str]) -> Vec<u8> {
    pdf_of(&pdf_objects(pages), "")
}

/// An OLE2 file with these streams.
pub fn ole2(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).expect("a container");
    for (name, content) in streams {
        file.create_stream(name).expect("a stream").write_all(content).expect("its bytes");
    }
    file.into_inner().into_inner()
}

/// An OpenDocument spreadsheet of one sheet; `rows` is the XML inside the table.
pub fn ods(sheet: &str, rows: &str) -> Vec<u8> {
    let space = "urn:oasis:names:tc:opendocument:xmlns";
    let content = format!(
        r#"<?xml version="1.0"?><office:document-content xmlns:office="{space}:office:1.0" xmlns:table="{space}:table:1.0" xmlns:text="{space}:text:1.0" office:version="1.2"><office:body><office:spreadsheet><table:table table:name="{sheet}">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"#
    );
    let manifest = r#"<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>"#;
    zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", manifest.as_bytes()),
        ("content.xml", content.as_bytes()),
    ])
}

/// An archive with one entry rewritten.
pub fn rewritten(archive: &[u8], name: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    let mut entries = entries_of(archive);
    let entry = entries.iter_mut().find(|(entry, _)| entry == name).expect("the entry");
    let text = String::from_utf8(std::mem::take(&mut entry.1)).expect("text");
    entry.1 = change(text).into_bytes();
    zip(&entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect::<Vec<_>>())
}

/// An archive with more entries, or others in place of those of the same name.
pub fn zip_with(archive: &[u8], more: &[(&str, &str)]) -> Vec<u8> {
    let mut entries = entries_of(archive);
    entries.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    entries.extend(more.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())));
    zip(&entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect::<Vec<_>>())
}

fn entries_of(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).expect("an archive");
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).expect("an entry");
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).expect("its bytes");
        entries.push((entry.name().expect("a name").into_owned(), bytes));
    }
    entries
}

/// Bytes as base64, in lines as mailers write them.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (index, group) in bytes.chunks(3).enumerate() {
        if index > 0 && index % 19 == 0 {
            text += "\r\n";
        }
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for digit in 0..4 {
            let value = usize::try_from(bits >> (18 - 6 * digit) & 63).expect("six bits");
            text.push(if digit <= group.len() { char::from(DIGITS[value]) } else { '=' });
        }
    }
    text
}

/// An EPUB book: its package document's manifest and spine, and files in `OEBPS/`.
pub fn epub(manifest: &str, spine: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let package = format!(
        r#"<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The book</dc:title><dc:creator>A. Writer</dc:creator><dc:creator>B. Writer</dc:creator></metadata><manifest>{manifest}</manifest><spine>{spine}</spine></package>"#
    );
    let container = r#"<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"#;
    let mut entries = vec![
        ("mimetype".to_owned(), "application/epub+zip".to_owned()),
        ("META-INF/container.xml".to_owned(), container.to_owned()),
        ("OEBPS/content.opf".to_owned(), package),
    ];
    entries.extend(files.iter().map(|(name, text)| (format!("OEBPS/{name}"), (*text).to_owned())));
    zip(&entries.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect::<Vec<_>>())
}

/// An OpenDocument text or presentation with this XML in its body.
pub fn opendocument(kind: &str, body: &str) -> Vec<u8> {
    let space = "urn:oasis:names:tc:opendocument:xmlns";
    let content = format!(
        r#"<?xml version="1.0"?><office:document-content xmlns:office="{space}:office:1.0" xmlns:table="{space}:table:1.0" xmlns:text="{space}:text:1.0" xmlns:draw="{space}:drawing:1.0" xmlns:presentation="{space}:presentation:1.0" xmlns:svg="{space}:svg-compatible:1.0"><office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"#
    );
    let media_type = format!("application/vnd.oasis.opendocument.{kind}");
    zip(&[
        ("mimetype", media_type.as_bytes()),
        ("META-INF/manifest.xml", b"<manifest/>"),
        ("content.xml", content.as_bytes()),
    ])
}

/// An Excel binary workbook of one sheet: each row a list of texts and numbers.
///
/// Records are an id and a length in groups of seven bits, then the fields of MS-XLSB 2.4.
pub fn xlsb(rows: &[&[&str]]) -> Vec<u8> {
    fn record(id: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = match u8::try_from(id) {
            Ok(id) if id < 0x80 => vec![id],
            _ => id.to_le_bytes().to_vec(),
        };
        bytes.extend([u8::try_from(body.len() & 0x7F).expect("seven bits") | 0x80]);
        bytes.extend([u8::try_from(body.len() >> 7).expect("short")]);
        bytes.extend_from_slice(body);
        bytes
    }
    fn wide(text: &str) -> Vec<u8> {
        let units: Vec<u16> = text.encode_utf16().collect();
        let mut bytes = u32::try_from(units.len()).expect("short").to_le_bytes().to_vec();
        bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        bytes
    }
    let sheet_entry = [&[0; 4][..], &1_u32.to_le_bytes(), &wide("rId1"), &wide("Stock")].concat();
    // BrtBeginBook, BrtBeginBundleShs, BrtBundleSh, BrtEndBundleShs, BrtEndBook.
    let workbook = [
        record(0x0183, &[]),
        record(0x018F, &[]),
        record(0x019C, &sheet_entry),
        record(0x0190, &[]),
        record(0x0184, &[]),
    ]
    .concat();
    let width = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let last = |count: usize| u32::try_from(count).expect("few").saturating_sub(1).to_le_bytes();
    let dimension = [&[0; 4][..], &last(rows.len()), &[0; 4], &last(width)].concat();
    // BrtBeginSheet, BrtWsDim, BrtBeginSheetData.
    let mut sheet = [record(0x0181, &[]), record(0x0194, &dimension), record(0x0191, &[])].concat();
    for (index, row) in rows.iter().enumerate() {
        let number = u32::try_from(index).expect("few").to_le_bytes();
        // BrtRowHdr.
        sheet.extend(record(0x00, &[&number[..], &[0; 4], &300_u16.to_le_bytes(), &[0; 7]].concat()));
        for (column, cell) in row.iter().enumerate() {
            let place = [&u32::try_from(column).expect("few").to_le_bytes()[..], &[0; 4]].concat();
            sheet.extend(match cell.parse::<f64>() {
                // BrtCellReal, BrtCellSt.
                Ok(number) => record(0x05, &[place, number.to_le_bytes().to_vec()].concat()),
                Err(_) => record(0x06, &[place, wide(cell)].concat()),
            });
        }
    }
    sheet.extend([record(0x0192, &[]), record(0x0182, &[])].concat());
    let links = relations(&[("rId1", "worksheet", "worksheets/sheet1.bin")]);
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", relations(&[("rId1", "officeDocument", "xl/workbook.bin")]).as_bytes()),
        ("xl/_rels/workbook.bin.rels", links.as_bytes()),
        ("xl/workbook.bin", &workbook),
        ("xl/worksheets/sheet1.bin", &sheet),
    ])
}

/// A text with a few of its characters changed or taken out, at places that a small generator picks: the same ones at
/// every run. Marks of XML are put in more often than chance would.
pub fn mutated(text: &str, seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).expect("31 bits")
    };
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..=next() % 4 {
        let at = next() % characters.len();
        match next() % 3 {
            0 => {
                let count = (next() % 40).min(characters.len() - at);
                characters.drain(at..at + count);
            }
            1 => characters[at] = char::from(b"<>/\"&;:90-\n| #*"[next() % 15]),
            _ => {
                let from = next() % characters.len();
                let piece: Vec<char> = characters[from..].iter().take(next() % 60).copied().collect();
                characters.splice(at..at, piece);
            }
        }
    }
    characters.into_iter().collect()
}
