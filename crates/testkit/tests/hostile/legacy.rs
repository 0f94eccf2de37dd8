//! The office files of before 2007: OLE2 containers whose tables loop, and streams that say what is not so.

use std::io::{Cursor, Read as _};

use crate::files::ole2;
use crate::support::{Hostile, hostile, try_all};

/// How broken files may end: where the reader of a format panics, the process that runs it answers for it.
const BROKEN: &[&str] = &[
    "completed",
    "unreadable_file",
    "unsupported_type",
    "encrypted_file",
    "empty_file",
    "parser_memory",
    "parser_crashed",
];

fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../pipeline-handlers/tests/fixtures");
    std::fs::read(format!("{folder}/{name}")).expect("a fixture")
}

/// The same file, broken in several ways; wherever it breaks, the end is one of those of broken files.
fn broken(name: &'static str, whole: &[u8]) -> Vec<Hostile> {
    let mut files = Vec::new();
    for part in 1..6 {
        files.push(hostile(name, &whole[..whole.len() * part / 6], BROKEN));
    }
    // Lengths and offsets of all ones, sector after sector.
    for sector in (0..whole.len() / 512).step_by(2).take(24) {
        let mut file = whole.to_vec();
        file[sector * 512 + 8..sector * 512 + 64].fill(0xFF);
        files.push(hostile(name, file, BROKEN));
    }
    // The table of sectors: every chain leads back to its first sector.
    let mut file = whole.to_vec();
    let table = usize::try_from(u32::from_le_bytes([whole[76], whole[77], whole[78], whole[79]])).expect("a sector");
    let start = (table + 1) * 512;
    for entry in file[start..start + 512].chunks_exact_mut(4) {
        // Above are the marks of sectors that are free or last (MS-CFB 2.1).
        if u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]) < 0xFFFF_FFFA {
            entry.copy_from_slice(&1_u32.to_le_bytes());
        }
    }
    files.push(hostile(name, file, BROKEN));
    files
}

#[tokio::test]
async fn doc() {
    try_all(broken("a.doc", &fixture("handbook.doc"))).await;
}

#[tokio::test]
async fn ppt() {
    let mut archive = zip::ZipArchive::new(Cursor::new(fixture("briefing.ppt.zip"))).expect("an archive");
    let mut whole = Vec::new();
    archive.by_index(0).expect("an entry").read_to_end(&mut whole).expect("its bytes");
    let mut files = broken("a.ppt", &whole);
    // Containers in containers (MS-PPT 2.3.1): version 15, type 1000, and a length beyond the end.
    let records = [0x0F, 0, 0xE8, 3, 0xFF, 0xFF, 0xFF, 0x7F].repeat(100_000);
    files.push(hostile("deep.ppt", ole2(&[("PowerPoint Document", &records), ("Current User", &[0; 64])]), BROKEN));
    try_all(files).await;
}

#[tokio::test]
async fn xls() {
    let record = |id: u16, body: &[u8]| {
        let length = u16::try_from(body.len()).expect("short");
        [&id.to_le_bytes()[..], &length.to_le_bytes(), body].concat()
    };
    let begin = |kind: u8| record(0x0809, &[0, 6, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // SST that says it has four thousand million strings (MS-XLS 2.4.265); then a sheet at an offset beyond the end.
    let strings = record(0x00FC, &[[0xFF; 8].as_slice(), &[1, 0, 0, b'x']].concat());
    let sheet = record(0x0085, &[0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 1, 0, b'S']);
    let end = record(0x000A, &[]);
    let book = [begin(5), strings, sheet, end.clone()].concat();
    // A sheet that starts at the workbook itself.
    let itself = [begin(5), record(0x0085, &[0, 0, 0, 0, 0, 0, 1, 0, b'S']), end].concat();
    let mut files = broken("a.xls", &fixture("stock.xls"));
    files.push(hostile("strings.xls", ole2(&[("Workbook", &book)]), BROKEN));
    files.push(hostile("itself.xls", ole2(&[("Workbook", &itself)]), BROKEN));
    files.push(hostile("records.xls", ole2(&[("Workbook", &[0x3C, 0, 0, 0].repeat(200_000))]), BROKEN));
    try_all(files).await;
}
