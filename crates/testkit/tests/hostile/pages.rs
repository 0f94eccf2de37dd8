//! PDF: structures that lead back to themselves, and numbers that are not so.

use std::io::Cursor;

use crate::files::{pdf_objects, pdf_of, zip};
use crate::support::{hostile, regression, try_all, try_all_with};

const BROKEN: &[&str] = &["unreadable_file"];
const READ: &[&str] = &["completed"];
/// A page without text, and with something painted on it.
const PICTURES: &[&str] = &["no_text_layer"];

/// A PDF of one page with objects replaced or added, by their numbers.
fn with(changes: &[(usize, &str)]) -> Vec<u8> {
    let mut objects = pdf_objects(&["Hello"]);
    for (number, object) in changes {
        objects.resize(objects.len().max(*number), "null".to_owned());
        objects[number - 1] = (*object).to_owned();
    }
    pdf_of(&objects, "")
}

fn stream(dictionary: &str, content: &str) -> String {
    format!("<< {dictionary} /Length {} >>\nstream\n{content}\nendstream", content.len())
}

#[tokio::test]
async fn loops() {
    let page = |more: &str| {
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> {more} >> /Contents 5 0 R >>"
        )
    };
    let form =
        stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>", "/X Do /X Do");
    let glyph = stream("", "BT /F1 9 Tf (a) Tj ET");
    let font = "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /FirstChar 97 /LastChar 97 /Widths [9] /Encoding << /Differences [97 /a] >> /CharProcs << /a 6 0 R >> /Resources << /Font << /F1 3 0 R >> >> >>";
    try_all(vec![
        hostile("kids.pdf", with(&[(2, "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>")]), BROKEN),
        hostile(
            "parent.pdf",
            with(&[
                (2, "<< /Type /Pages /Parent 4 0 R /Kids [4 0 R] /Count 1 >>"),
                (4, "<< /Type /Page /Parent 2 0 R /Contents 5 0 R >>"),
            ]),
            READ,
        ),
        hostile("reference.pdf", with(&[(5, "5 0 R")]), PICTURES),
        hostile(
            "length.pdf",
            with(&[(5, "<< /Length 5 0 R >>\nstream\nBT /F1 12 Tf 72 720 Td (Hello) Tj ET\nendstream")]),
            READ,
        ),
        hostile(
            "form.pdf",
            with(&[
                (4, &page("/XObject << /X 6 0 R >>")),
                (5, &stream("", "/X Do BT /F1 12 Tf 72 720 Td (Hello) Tj ET")),
                (6, &form),
            ]),
            READ,
        ),
        hostile(
            "type3.pdf",
            with(&[(3, font), (5, &stream("", "BT /F1 12 Tf 72 720 Td (aaaa) Tj ET")), (6, &glyph)]),
            READ,
        ),
        hostile(
            "outline.pdf",
            with(&[
                (1, "<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>"),
                (6, "<< /First 7 0 R /Last 7 0 R >>"),
                (7, "<< /Title (x) /Parent 6 0 R /Next 7 0 R /First 7 0 R /Dest [4 0 R /Fit] >>"),
            ]),
            READ,
        ),
        hostile(
            "tags.pdf",
            with(&[
                (1, "<< /Type /Catalog /Pages 2 0 R /MarkInfo << /Marked true >> /StructTreeRoot 6 0 R >>"),
                (6, "<< /Type /StructTreeRoot /K 7 0 R /ParentTree 8 0 R /RoleMap << /A /B /B /A >> >>"),
                (7, "<< /S /A /P 6 0 R /K [7 0 R 0 7 0 R] >>"),
                (8, "<< /Kids [8 0 R] >>"),
            ]),
            READ,
        ),
        hostile("xref.pdf", pdf_of(&pdf_objects(&["Hello"]), "/Prev 9 /Prev 300"), READ),
    ])
    .await;
}

#[tokio::test]
async fn numbers() {
    let objects: Vec<String> =
        pdf_objects(&["Hello"]).into_iter().chain((0..100_000).map(|number| format!("<< /N {number} >>"))).collect();
    let arrays = "[".repeat(100_000) + &"]".repeat(100_000);
    let dictionaries = "<< /A ".repeat(100_000) + &">>".repeat(100_000);
    // A page tree that is nothing but depth.
    let mut deep = pdf_objects(&["Hello"]);
    for level in 0..50_000 {
        deep.push(format!("<< /Type /Pages /Kids [{} 0 R] /Count 1 >>", if level == 49_999 { 4 } else { level + 7 }));
    }
    deep[1] = "<< /Type /Pages /Kids [6 0 R] /Count 1 >>".into();
    try_all(vec![
        hostile("objects.pdf", pdf_of(&objects, ""), READ),
        hostile("arrays.pdf", with(&[(6, &arrays)]), BROKEN),
        hostile("contents.pdf", with(&[(4, &format!("<< /Type /Page /Parent 2 0 R /Contents {arrays} >>"))]), BROKEN),
        hostile("dictionaries.pdf", with(&[(6, &dictionaries)]), BROKEN),
        hostile("tree.pdf", pdf_of(&deep, ""), READ),
        hostile("count.pdf", with(&[(2, "<< /Type /Pages /Kids [4 0 R] /Count 2147483647 >>")]), READ),
        hostile("box.pdf", with(&[(4, "<< /Type /Page /Parent 2 0 R /MediaBox [-1e38 1e38 1e39 -1e39] /Rotate 91 /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R >>")]), BROKEN),
        hostile("size.pdf", pdf_of(&pdf_objects(&["Hello"]), "/Size 99999999999999999999"), READ),
        hostile("letters.pdf", regression("pdf/size-of-text"), READ),
        hostile("nothing.pdf", "%PDF-1.7\n".to_owned() + &"1 0 obj\n".repeat(200_000), BROKEN),
    ])
    .await;
}

/// What a library takes memory for without end: nothing but the process limits it.
#[tokio::test]
async fn memory() {
    let cmap = stream(
        "",
        "1 begincodespacerange <00000000> <FFFFFFFF> endcodespacerange 3 beginbfrange <00000000> <FFFFFFFF> <0000> <00> <FF> <41> <0000> <FFFF> <0041> endbfrange",
    );
    let font = "<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding /Identity-H /ToUnicode 6 0 R /DescendantFonts [7 0 R] >>";
    let descendant =
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /A /W [0 4294967295 500 0 [1 2] 1 65535 9] /DW 1000 >>";
    let operators = stream("", &("q ".repeat(1_000_000) + "BT /F1 12 Tf 72 720 Td (Hello) Tj ET"));
    let bomb = flate(&vec![b' '; 128 << 20]);
    let fields = with(&[
        (1, "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>"),
        (6, "<< /T (x) /V (y) /Kids [6 0 R] /Parent 6 0 R >>"),
    ]);
    try_all_with(
        |config| {
            config.parsers.memory_bytes = 96 << 20;
            config.parsers.cpu_seconds = 5;
        },
        vec![
            // As many entries as fit: whether the memory or the time is used up first is a matter of the machine.
            hostile("cmap.pdf", with(&[(3, font), (6, &cmap), (7, descendant)]), &["parser_memory", "parser_timeout"]),
            hostile("operators.pdf", with(&[(5, &operators)]), &["parser_memory"]),
            hostile("fields.pdf", fields, &["parser_memory"]),
            hostile("bomb.pdf", with_stream(&bomb), &["parser_memory"]),
        ],
    )
    .await;
}

/// A zlib stream (RFC 1950) of these bytes, its checksum left out: readers do without.
fn flate(bytes: &[u8]) -> Vec<u8> {
    let archive = zip(&[("a", bytes)]);
    let mut reader = zip::ZipArchive::new(Cursor::new(archive.as_slice())).expect("an archive");
    let entry = reader.by_index_raw(0).expect("an entry");
    let start = usize::try_from(entry.data_start().expect("its place")).expect("small");
    let length = usize::try_from(entry.compressed_size()).expect("small");
    [&[0x78, 0x9C], &archive[start..start + length]].concat()
}

/// A PDF whose page is this compressed stream.
fn with_stream(compressed: &[u8]) -> Vec<u8> {
    let mark = "@".repeat(compressed.len());
    let object = format!("<< /Filter /FlateDecode /Length {} >>\nstream\n{mark}\nendstream", compressed.len());
    let mut file = with(&[(5, &object)]);
    let start = file.windows(8).position(|window| window == b"@@@@@@@@").expect("the stream");
    file[start..start + compressed.len()].copy_from_slice(compressed);
    file
}
