//! Workbooks that are not what they say.

use super::*;
use crate::failure::FailureCode;

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &u16::try_from(data.len()).expect("short").to_le_bytes(), data].concat()
}

fn begin() -> Vec<u8> {
    record(BEGIN, &[0, 6, 0x10, 0])
}

fn cell(column: u16) -> Vec<u8> {
    let place = [[0, 0], column.to_le_bytes(), [0, 0]].concat();
    record(0x0203, &[place, vec![0; 8]].concat())
}

/// A workbook whose listed sheets begin so many bytes behind its own records, and what stands there.
fn checked(starts: &[u32], sheets: &[u8]) -> Result<Vec<u8>, FailureCode> {
    let limits = ParserLimits { max_pages: 3, ..ParserLimits::default() };
    let head = 8 + 12 * starts.len() + 4;
    let listed = starts.iter().flat_map(|start| {
        let at = u32::try_from(head).expect("short").wrapping_add(*start);
        record(BOUND_SHEET, &[&at.to_le_bytes()[..], &[0, 0, 0, 0]].concat())
    });
    let records = [begin(), listed.collect(), record(END, &[]), sheets.to_vec()].concat();
    let file = ole2::of_stream("Workbook", &records).expect("a container");
    let workbook = workbook_of(&file, &limits).map_err(|failure| failure.code)?;
    let kept = Container::open(&workbook).and_then(|mut container| container.stream("Workbook"));
    Ok(kept.expect("the records")[head..].to_vec())
}

#[test]
fn sheets_keep_their_cells_and_lose_the_size_they_give_themselves() {
    let chart = [begin(), cell(9_999), record(END, &[])].concat();
    let sheet =
        |size: u8| [begin(), record(DIMENSIONS, &[size; 14]), cell(255), chart.clone(), record(END, &[])].concat();
    let second = u32::try_from(sheet(0).len()).expect("short");
    let both = |size: u8| [sheet(size), sheet(size)].concat();
    assert_eq!(checked(&[0, second], &both(0xFF)), Ok(both(0)));
    assert_eq!(checked(&[], &[]), Ok(Vec::new()));
}

#[test]
fn places_that_are_none_are_refused() {
    let unreadable = Err(FailureCode::UnreadableFile);
    let sheet = |cell: Vec<u8>| [begin(), cell, record(END, &[])].concat();
    assert_eq!(checked(&[0], &sheet(cell(256))), unreadable);
    let numbers = |last: u16| record(0x00BD, &[&[0; 4][..], &[0; 6], &last.to_le_bytes()].concat());
    assert_eq!(checked(&[0], &sheet(numbers(255))), Ok(sheet(numbers(255))));
    assert_eq!(checked(&[0], &sheet(numbers(256))), unreadable);
    assert_eq!(checked(&[0], &sheet(record(0x0203, &[0; 3]))), unreadable);
    assert_eq!(checked(&[1_000_000], &sheet(cell(0))), unreadable);
    // Three sheets in one place, where there is room for two.
    let long = sheet([cell(0), cell(1), cell(2)].concat());
    assert_eq!(checked(&[0, 0, 0], &long), unreadable);
    assert_eq!(checked(&[0, 0, 0, 0], &long), Err(FailureCode::TooManyPages));
}

#[test]
fn records_in_very_many_pieces_are_refused() {
    let pieces = |count: usize| [begin(), record(CONTINUE, b"x").repeat(count)].concat();
    let checked = |records: &[u8]| sheets_of(records).map(|sheets| sheets.len());
    assert_eq!(checked(&pieces(MAX_SHORT)), Ok(0));
    assert!(checked(&pieces(MAX_SHORT + 1)).is_err());
    let full = [begin(), record(CONTINUE, &[0; SHORT]).repeat(MAX_SHORT + 1)].concat();
    assert_eq!(checked(&full), Ok(0));
}
