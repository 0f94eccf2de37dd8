//! The office files of before 2007: OLE2 containers whose tables loop, and streams that say what is not so.

use std::io::{Cursor, Read as _};

use crate::files::ole2;
use crate::support::{Hostile, hostile, regression, try_all};

fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../pipeline-handlers/tests/fixtures");
    std::fs::read(format!("{folder}/{name}")).expect("a fixture")
}

/// The same file, broken in several ways; `ends` has how each ends.
fn broken(name: &'static str, whole: &[u8], ends: &[&'static str]) -> Vec<Hostile> {
    let mut files: Vec<Vec<u8>> = (1..6).map(|part| whole[..whole.len() * part / 6].to_vec()).collect();
    // Lengths and offsets of all ones, sector after sector.
    for sector in (0..whole.len() / 512).step_by(2).take(24) {
        let mut file = whole.to_vec();
        file[sector * 512 + 8..sector * 512 + 64].fill(0xFF);
        files.push(file);
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
    files.push(file);
    assert_eq!(files.len(), ends.len(), "{name}");
    files.into_iter().zip(ends).map(|(file, end)| hostile(name, file, &[end])).collect()
}

/// A container of so many streams.
fn crowded(count: usize) -> Vec<u8> {
    let names: Vec<String> = (0..count).map(|number| format!("s{number}")).collect();
    ole2(&names.iter().map(|name| (name.as_str(), &b"x"[..])).collect::<Vec<_>>())
}

#[tokio::test]
async fn doc() {
    let whole = fixture("handbook.doc");
    let mut files =
        broken("a.doc", &whole, &[&["unreadable_file"; 6][..], &["completed"; 13], &["unreadable_file"]].concat());
    files.push(hostile("crowded.doc", crowded(20_000), &["unsupported_type"]));
    // The text, and a footnote, have thousands of millions of characters (MS-DOC 2.5.4, 2.8.20).
    files.push(hostile("characters.doc", regression("doc/characters"), &["unreadable_file"]));
    files.push(hostile("notes.doc", regression("doc/note-positions"), &["unreadable_file"]));
    try_all(files).await;
}

#[tokio::test]
async fn ppt() {
    let mut archive = zip::ZipArchive::new(Cursor::new(fixture("briefing.ppt.zip"))).expect("an archive");
    let mut whole = Vec::new();
    archive.by_index(0).expect("an entry").read_to_end(&mut whole).expect("its bytes");
    let mut files =
        broken("a.ppt", &whole, &[&["unreadable_file"; 6][..], &["completed"; 23], &["unreadable_file"]].concat());
    // Containers in containers (MS-PPT 2.3.1): version 15, type 1000, and a length beyond the end.
    let records = [0x0F, 0, 0xE8, 3, 0xFF, 0xFF, 0xFF, 0x7F].repeat(100_000);
    files.push(hostile(
        "deep.ppt",
        ole2(&[("PowerPoint Document", &records), ("Current User", &[0; 64])]),
        &["unreadable_file"],
    ));
    try_all(files).await;
}

#[tokio::test]
async fn xls() {
    let record = |id: u16, body: &[u8]| {
        let length = u16::try_from(body.len()).expect("short");
        [&id.to_le_bytes()[..], &length.to_le_bytes(), body].concat()
    };
    let begin = |kind: u8| record(0x0809, &[0, 6, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let listed = |start: u32| record(0x0085, &[&start.to_le_bytes()[..], &[0, 0, 1, 0, b'S']].concat());
    let end = record(0x000A, &[]);
    let book = |records: &[Vec<u8>]| ole2(&[("Workbook", &records.concat())]);
    // A workbook of one sheet, which begins behind its list.
    let sheet = |records: &[u8]| {
        let start = u32::try_from(begin(5).len() + listed(0).len() + end.len()).expect("short");
        book(&[begin(5), listed(start), end.clone(), begin(0x10), records.to_vec(), end.clone()])
    };
    let number = |row: u16, column: u16| {
        record(0x0203, &[&row.to_le_bytes()[..], &column.to_le_bytes(), &[0; 2], &1_f64.to_le_bytes()].concat())
    };
    // SST that says it has four thousand million strings (MS-XLS 2.4.265); then a sheet at an offset beyond the end.
    let strings = record(0x00FC, &[[0xFF; 8].as_slice(), &[1, 0, 0, b'x']].concat());
    // One string of 4 095 characters, in twenty thousand cells.
    let long = record(0x00FC, &[[0; 8].as_slice(), &[0xFF, 0x0F, 0], &[b'x'; 0x0FFF]].concat());
    let label = |row: u16| record(0x00FD, &[&row.to_le_bytes()[..], &[0; 8]].concat());
    let labels: Vec<u8> = (0..20_000).flat_map(label).collect();
    let start = u32::try_from(begin(5).len() + long.len() + listed(0).len() + end.len()).expect("short");
    let repeated = book(&[begin(5), long, listed(start), end.clone(), begin(0x10), labels, end.clone()]);
    let pieces = record(0x003C, &[]).repeat(200_000);

    let mut files = broken(
        "a.xls",
        &fixture("stock.xls"),
        &[&["unreadable_file"; 8][..], &["completed"; 3], &["unreadable_file"]].concat(),
    );
    files.push(hostile(
        "strings.xls",
        book(&[begin(5), strings, listed(0x7FFF_FFFF), end.clone()]),
        &["unreadable_file"],
    ));
    files.push(hostile("itself.xls", book(&[begin(5), listed(0), end.clone()]), &["completed"]));
    files.push(hostile("records.xls", book(std::slice::from_ref(&pieces)), &["unreadable_file"]));
    files.push(hostile("pieces.xls", book(&[begin(5), record(0x00FC, &[0; 8]), pieces]), &["unreadable_file"]));
    files.push(hostile("size.xls", sheet(&[record(0x0200, &[0xFF; 14]), number(0, 0)].concat()), &["completed"]));
    files.push(hostile(
        "column.xls",
        sheet(&[number(0, 0), number(u16::MAX, u16::MAX)].concat()),
        &["unreadable_file"],
    ));
    // The corners of the largest sheet: its reader makes a rectangle of it, which takes half a gibibyte. Such a sheet can
    // be meant, and is read where there is the memory.
    files.push(hostile("corner.xls", sheet(&[number(0, 0), number(u16::MAX, 255)].concat()), &["parser_memory"]));
    files.push(hostile("repeated.xls", repeated, &["output_too_large"]));
    files.push(hostile("sheets.xls", book(&[begin(5), listed(0).repeat(100_000), end]), &["too_many_pages"]));
    files.push(hostile("crowded.xls", crowded(20_000), &["unsupported_type"]));
    try_all(files).await;
}
