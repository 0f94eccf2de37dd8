//! The counts of characters in a DOC file (MS-DOC 2.5.1), looked at before its reader sees them: it asks for the memory
//! of all characters that they promise, twelve bytes each, and they may promise four thousand million.

use crate::ole2::{Container, u16_at, u32_at};

/// `wIdent` of Word 6 and 95, and the first `nFib` of Word 97.
const WORD6: u16 = 0xA5DC;
const WORD97_VERSION: u16 = 0x00C0;
/// Where Word 6 and 95 count the characters of the text.
const WORD6_TEXT: usize = 0x34;
/// In the base of Word 97's header: flags, the one of them that names the stream of tables, and its length.
const FLAGS: usize = 0x0A;
const IS_SECOND_TABLE: u16 = 0x0200;
const BASE: usize = 32;
/// Places among its 32-bit numbers: characters of the text, of footnotes, headers and endnotes' neighbours.
const COUNTS: [usize; 4] = [3, 4, 5, 7];
/// Places among its pairs of offset and length: where footnotes, headers and endnotes begin and end, and how many of these
/// positions are read.
const POSITIONS: [(usize, usize); 3] = [(3, usize::MAX), (11, 11), (47, usize::MAX)];

/// Whether a file promises more characters than it has bytes for. Each takes at least one; a file whose header cannot be
/// read promises nothing.
pub(super) fn are_beyond(file: &[u8]) -> bool {
    let beyond = || {
        let mut container = Container::open(file)?;
        let document = container.stream("WordDocument")?;
        let room = document.len() as u64;
        if u16_at(&document, 0)? == WORD6 || u16_at(&document, 2)? < WORD97_VERSION {
            return Some(u64::from(u32_at(&document, WORD6_TEXT)?) > room);
        }
        // Three lists follow the base, each after the number of its elements: of two, four and eight bytes.
        let numbers = BASE + 2 + usize::from(u16_at(&document, BASE)?) * 2;
        let pairs = numbers + 2 + usize::from(u16_at(&document, numbers)?) * 4;
        let number = |index: usize| u32_at(&document, numbers + 2 + index * 4).map_or(0, u64::from);
        if COUNTS.into_iter().map(number).sum::<u64>() > room {
            return Some(true);
        }
        let is_second = u16_at(&document, FLAGS)? & IS_SECOND_TABLE != 0;
        let table = container.stream(if is_second { "1Table" } else { "0Table" })?;
        let lengths = POSITIONS.into_iter().map(|(index, most)| {
            let pair = pairs + 2 + index * 8;
            let (start, length) = (u32_at(&document, pair)? as usize, u32_at(&document, pair + 4)? as usize);
            Some(promised(table.get(start..start.checked_add(length)?)?, most))
        });
        Some(lengths.flatten().any(|length| length > room))
    };
    beyond().unwrap_or(false)
}

/// Characters between positions that follow one another, the first `most`; those that go back have none between them.
fn promised(positions: &[u8], most: usize) -> u64 {
    let positions = positions.as_chunks::<4>().0.iter().take(most).copied();
    let positions: Vec<u32> = positions.map(u32::from_le_bytes).collect();
    positions.windows(2).map(|pair| u64::from(pair[1].saturating_sub(pair[0]))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ole2;

    /// The header of Word 97 with these counts, as the only stream.
    fn word(counts: [u32; 4]) -> Vec<u8> {
        let mut document = vec![0; 2_000];
        document[..4].copy_from_slice(&[0xEC, 0xA5, 0xC1, 0x00]);
        document[BASE..BASE + 2].copy_from_slice(&14_u16.to_le_bytes());
        let numbers = BASE + 2 + 28;
        document[numbers..numbers + 2].copy_from_slice(&22_u16.to_le_bytes());
        for (index, count) in COUNTS.into_iter().zip(counts) {
            let at = numbers + 2 + index * 4;
            document[at..at + 4].copy_from_slice(&count.to_le_bytes());
        }
        ole2::of_stream("WordDocument", &document).expect("a container")
    }

    #[test]
    fn counts_are_held_against_the_size_of_the_text() {
        assert!(!are_beyond(&word([1_000, 300, 300, 400])));
        assert!(are_beyond(&word([1_000, 300, 300, 401])));
        assert!(are_beyond(&word([u32::MAX; 4])));
        let mut old = vec![0; 100];
        old[..4].copy_from_slice(&[0xDC, 0xA5, 0x65, 0x00]);
        old[WORD6_TEXT..WORD6_TEXT + 4].copy_from_slice(&101_u32.to_le_bytes());
        assert!(are_beyond(&ole2::of_stream("WordDocument", &old).expect("a container")));
        old[WORD6_TEXT] = 100;
        assert!(!are_beyond(&ole2::of_stream("WordDocument", &old).expect("a container")));
        assert!(!are_beyond(b"no container"));
    }

    #[test]
    fn positions_that_overlap_promise_their_sum() {
        let positions = [0_u32, 10, 0, 10, 5, 5].map(u32::to_le_bytes).concat();
        assert_eq!((promised(&positions, usize::MAX), promised(&positions, 3)), (20, 10));
        assert_eq!(promised(&[1, 2, 3], usize::MAX), 0);
    }
}
