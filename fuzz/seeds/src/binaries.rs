//! PDF and the office files of before 2007.

use std::io::{Cursor, Read as _};

use crate::files::{ole2, pdf, pdf_objects, pdf_of};
use crate::pages::{Sheet, drawn, drawn_with};
use crate::{Seeds, file, numbered};

pub(crate) fn seeds() -> Vec<(&'static str, Seeds)> {
    let fixture = |name: &str| file(&format!("crates/pipeline-handlers/tests/fixtures/{name}"));
    let doc =
        vec![("handbook".to_owned(), fixture("handbook.doc")), ("empty".to_owned(), ole2(&[("WordDocument", b"x")]))];
    let xls = vec![("stock".to_owned(), fixture("stock.xls")), ("empty".to_owned(), ole2(&[("Workbook", b"x")]))];
    let ppt = vec![("briefing".to_owned(), lean(&unpacked(&fixture("briefing.ppt.zip"))))];
    vec![("pdf", numbered(pdfs())), ("pdf_picture", numbered(pdfs())), ("doc", doc), ("xls", xls), ("ppt", ppt)]
}

fn pdfs() -> Vec<Vec<u8>> {
    let ruled = Sheet::default().line("F2", 18, 72, 740, "Heading").paragraph(700, 4).raw(
        "0.5 w 72 500 m 300 500 l S 72 480 m 300 480 l S 72 460 m 300 460 l S 72 460 m 72 500 l S 180 460 m 180 500 l S 300 460 m 300 500 l S\n\
         BT /F1 10 Tf 76 485 Td (a) Tj 110 0 Td (b) Tj ET BT /F1 10 Tf 76 465 Td (1) Tj 110 0 Td [(2) -250 (3)] TJ ET\n\
         q 1 0 0 1 5 5 cm 1 0 0 rg 10 10 50 50 re f Q BT /F1 8 Tf 0.7 0.7 -0.7 0.7 200 200 Tm 3 Tr (turned) ' ET",
    );
    let tagged = drawn_with(
        &[Sheet::default().raw("/H1 <</MCID 0>> BDC BT /F1 20 Tf 72 700 Td (Tagged) Tj ET EMC")],
        "/MarkInfo << /Marked true >> /StructTreeRoot 8 0 R /Outlines 10 0 R",
        "/StructParents 0 /Annots [12 0 R]",
        &[
            "<< /Type /StructTreeRoot /K 9 0 R /ParentTree << /Nums [0 [9 0 R]] >> >>",
            "<< /Type /StructElem /S /H1 /P 8 0 R /Pg 6 0 R /K 0 >>",
            "<< /Type /Outlines /First 11 0 R /Last 11 0 R /Count 1 >>",
            "<< /Title (Tagged) /Parent 10 0 R /Dest [6 0 R /Fit] >>",
            "<< /Type /Annot /Subtype /Link /Rect [70 690 200 720] /A << /S /URI /URI (https://example.com) >> >>",
        ],
    );
    let mut locked = pdf_objects(&["secret"]);
    let key = "4142434445464748".repeat(4);
    locked.push(format!("<< /Filter /Standard /V 1 /R 2 /O <{key}> /U <{key}> /P -4 >>"));
    let locked = pdf_of(&locked, &format!("/Encrypt {} 0 R /ID [<{key}> <{key}>]", locked.len()));
    vec![
        pdf(&["Hello from page one", "And page two"]),
        drawn(&[ruled, Sheet::default().line("F3", 9, 72, 30, "2")]),
        tagged,
        locked,
        file("examples/delivery-report.pdf"),
        file("examples/broken.pdf"),
    ]
}

/// The one file in an archive.
fn unpacked(archive: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).expect("an archive");
    let mut bytes = Vec::new();
    archive.by_index(0).expect("an entry").read_to_end(&mut bytes).expect("its bytes");
    bytes
}

/// A presentation without its pictures, thumbnails and properties, which are nearly all of it.
fn lean(presentation: &[u8]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::open(Cursor::new(presentation)).expect("an OLE2 file");
    let streams = ["PowerPoint Document", "Current User"].map(|name| {
        let mut bytes = Vec::new();
        file.open_stream(name).expect("a stream").read_to_end(&mut bytes).expect("its bytes");
        (name, bytes)
    });
    ole2(&streams.each_ref().map(|(name, bytes)| (*name, bytes.as_slice())))
}
