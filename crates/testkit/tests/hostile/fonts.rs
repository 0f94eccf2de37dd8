//! Fonts in PDF files: tables that lie about their size, programs that call themselves. They are read for the text of a
//! page, and run to make a picture of one.

use millrace_server::config::{Config, EngineName};

use crate::files::{pdf_objects, pdf_of};
use crate::support::{hostile, try_all, try_all_with};

/// A stream of these bytes, as hexadecimal digits.
fn stream(dictionary: &str, bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("<< {dictionary} /Filter /ASCIIHexDecode /Length {} >>\nstream\n{digits}>\nendstream", digits.len() + 1)
}

/// A PDF of one page with `text` in this font, whose program is object 7.
fn page(font: &str, descriptor: &str, program: &str, text: &str) -> Vec<u8> {
    let mut objects = pdf_objects(&["x"]);
    objects[2] = font.to_owned();
    let content = format!("BT /F1 12 Tf 72 720 Td {text} Tj ET");
    objects[4] = format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len());
    objects.push(format!("<< /Type /FontDescriptor /FontName /A /Flags 4 /FontBBox [0 0 1000 1000] {descriptor} >>"));
    objects.push(program.to_owned());
    objects.push("<< /Type /Font /Subtype /CIDFontType2 /BaseFont /A /CIDToGIDMap /Identity /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor 6 0 R >>".to_owned());
    pdf_of(&objects, "")
}

const SIMPLE: &str =
    "<< /Type /Font /Subtype /TrueType /BaseFont /A /FirstChar 32 /LastChar 126 /FontDescriptor 6 0 R >>";
const TYPE1: &str = "<< /Type /Font /Subtype /Type1 /BaseFont /A /FirstChar 32 /LastChar 126 /FontDescriptor 6 0 R >>";
/// Codes are glyphs: what they mean is looked for in the font.
const GLYPHS: &str = "<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding /Identity-H /DescendantFonts [8 0 R] >>";

/// A TrueType font of two glyphs: one whose parts are itself, and one of 65 535 points that are not there.
fn true_type(characters: &[u8]) -> Vec<u8> {
    let mut head = [0; 54];
    head[..4].copy_from_slice(&[0, 1, 0, 0]);
    head[12..20].copy_from_slice(&[0x5F, 0x0F, 0x3C, 0xF5, 0, 0, 3, 0xE8]);
    let mut across = [0; 36];
    across[..4].copy_from_slice(&[0, 1, 0, 0]);
    across[34..].copy_from_slice(&[0xFF, 0xFF]);
    let most = [&[0, 1, 0, 0, 0, 2][..], &[0xFF; 26]].concat();
    // Contours -1: made of parts. More parts follow each (0x0020), all of them glyph 0.
    let parts = [&[0xFF, 0xFF, 0, 0, 0, 0, 3, 0xE8, 3, 0xE8][..], &[0, 0x20, 0, 0, 0, 0].repeat(100)].concat();
    let points = [0x7F, 0xFF, 0, 0, 0, 0, 3, 0xE8, 3, 0xE8, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0];
    let middle = u16::try_from(parts.len() / 2).expect("short");
    let end = middle + u16::try_from(points.len() / 2).expect("short");
    let places = [[0, 0], middle.to_be_bytes(), end.to_be_bytes()].concat();
    let tables: [(&[u8; 4], &[u8]); 7] = [
        (b"cmap", characters),
        (b"glyf", &[&parts[..], &points].concat()),
        (b"head", &head),
        (b"hhea", &across),
        (b"hmtx", &[1, 0xF4, 0, 0]),
        (b"loca", &places),
        (b"maxp", &most),
    ];
    let mut font = vec![0, 1, 0, 0, 0, 7, 0, 64, 0, 2, 0, 48];
    let mut data = Vec::new();
    for (name, table) in tables {
        let at = 12 + 16 * tables.len() + data.len();
        font.extend_from_slice(name);
        font.extend_from_slice(&[0; 4]);
        font.extend_from_slice(&u32::try_from(at).expect("short").to_be_bytes());
        font.extend_from_slice(&u32::try_from(table.len()).expect("short").to_be_bytes());
        data.extend_from_slice(table);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    [font, data].concat()
}

/// A table of characters of format 12 (OpenType, `cmap`): ranges of characters with the glyph of the first, after how
/// many of them there are said to be.
fn characters(said: u32, ranges: &[[u32; 3]]) -> Vec<u8> {
    let length = u32::try_from(16 + 12 * ranges.len()).expect("short");
    let mut table = vec![0, 0, 0, 1, 0, 3, 0, 10, 0, 0, 0, 12, 0, 12, 0, 0];
    for number in [length, 0, said].iter().chain(ranges.as_flattened()) {
        table.extend_from_slice(&number.to_be_bytes());
    }
    table
}

/// A CFF font (Adobe technical note 5176) whose glyphs call a subroutine that calls itself.
fn compact() -> Vec<u8> {
    let index = |items: &[&[u8]]| {
        let mut bytes = u16::try_from(items.len()).expect("few").to_be_bytes().to_vec();
        let mut at = 1_u16;
        bytes.push(2);
        bytes.extend_from_slice(&at.to_be_bytes());
        for item in items {
            at += u16::try_from(item.len()).expect("short");
            bytes.extend_from_slice(&at.to_be_bytes());
        }
        items.iter().for_each(|item| bytes.extend_from_slice(item));
        bytes
    };
    // -107, which is subroutine 0 of few, and `callgsubr`.
    let call: &[u8] = &[32, 29];
    let (names, strings, routines) = (index(&[b"A"]), vec![0, 0], index(&[call]));
    // The place of the glyphs as a number of five bytes, and its operator.
    let top = |place: u32| index(&[&[&[29][..], &place.to_be_bytes(), &[17]].concat()]);
    let place = 4 + names.len() + top(0).len() + strings.len() + routines.len();
    let top = top(u32::try_from(place).expect("short"));
    [&[1, 0, 4, 2][..], &names, &top, &strings, &routines, &index(&[call, call])].concat()
}

/// How a file ends when its text is read, and when a picture of it is.
type Ends = [&'static str; 2];

fn fonts() -> Vec<(&'static str, Vec<u8>, Ends)> {
    let all = characters(1, &[[0, u32::MAX, 0]]);
    let many = characters(1_000, &vec![[0, 0x10_FFFF, 0]; 1_000]);
    let said = characters(u32::MAX, &[[32, 126, 0]]);
    let file = |table: &[u8]| stream("", &true_type(table));
    let compact = stream("/Subtype /Type1C", &compact());
    let program = "%!PS-AdobeFont-1.0: A\n/Encoding 99999999 array 0 1 99999998 {1 index exch /.notdef put} for\n/FontMatrix [1e38 0 0 1e38 0 0] def\n/Subrs 2147483647 array\neexec\n";
    let first = stream("/Length1 2147483647 /Length2 2147483647 /Length3 0", program.as_bytes());
    let loops =
        "<< /Length 40 /UseCMap 7 0 R /CMapName /A >>\nstream\n/A usecmap 1 begincodespacerange <00> <FF>\nendstream";
    let mapped =
        "<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding 7 0 R /ToUnicode 7 0 R /DescendantFonts [8 0 R] >>";
    vec![
        ("all.pdf", page(SIMPLE, "/FontFile2 7 0 R", &file(&all), "(AB)"), ["completed", "completed"]),
        ("glyphs.pdf", page(GLYPHS, "/FontFile2 7 0 R", &file(&all), "<00000001>"), ["no_text_layer", "completed"]),
        ("many.pdf", page(GLYPHS, "/FontFile2 7 0 R", &file(&many), "<00000001>"), ["no_text_layer", "completed"]),
        ("said.pdf", page(GLYPHS, "/FontFile2 7 0 R", &file(&said), "<00000001>"), ["no_text_layer", "completed"]),
        ("compact.pdf", page(TYPE1, "/FontFile3 7 0 R", &compact, "(AB)"), ["completed", "completed"]),
        ("type1.pdf", page(TYPE1, "/FontFile 7 0 R", &first, "(AB)"), ["completed", "completed"]),
        ("itself.pdf", page(mapped, "", loops, "<00000001>"), ["no_text_layer", "completed"]),
    ]
}

#[tokio::test]
async fn text() {
    try_all(fonts().into_iter().map(|(name, file, [end, _])| hostile(name, file, &[end])).collect()).await;
}

#[tokio::test]
async fn pictures() {
    let one = |(name, file, [_, end]): (&'static str, Vec<u8>, Ends)| hostile(name, file, &[end]).drawn();
    let change = |config: &mut Config| {
        config.parsers.order = vec![EngineName::Local, EngineName::Tesseract];
        config.parsers.tesseract.dpi = 72;
    };
    try_all_with(change, fonts().into_iter().map(one).collect()).await;
}
