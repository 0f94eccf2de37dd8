//! Levels of headings, once all of a document's are known.

use super::headings::Heading;

/// Sizes closer than this are of one level, in points.
const SAME_LEVEL: f32 = 0.75;
/// The deepest level of Markdown and of a block.
const DEEPEST: u8 = 6;

/// The level of each heading, 1–6, in order.
///
/// What the document itself says comes first: its outline, its tags. Otherwise larger type stands higher, bold above
/// plain of the same size; and `2.1` stands below `2`.
pub(super) fn assign(headings: &[Heading]) -> Vec<u8> {
    let mut ranks: Vec<(f32, bool)> = Vec::new();
    for heading in headings.iter().filter(|heading| heading.level.is_none()) {
        if !ranks.iter().any(|rank| is_same(rank, heading)) {
            ranks.push((heading.size, heading.is_strong));
        }
    }
    ranks.sort_by(|one, other| other.0.total_cmp(&one.0).then(other.1.cmp(&one.1)));
    let by_rank = |heading: &Heading| {
        let rank = ranks.iter().position(|rank| is_same(rank, heading)).unwrap_or(0);
        u8::try_from(rank + 1).unwrap_or(DEEPEST).min(DEEPEST)
    };
    let top = headings.iter().filter(|heading| heading.level.is_none() && heading.depth == Some(1)).map(by_rank).min();
    headings
        .iter()
        .map(|heading| match (heading.level, heading.depth, top) {
            (Some(level), ..) => level,
            (None, Some(depth), Some(top)) => top.saturating_add(depth.saturating_sub(1)),
            (None, ..) => by_rank(heading),
        })
        .map(|level| level.clamp(1, DEEPEST))
        .collect()
}

fn is_same(rank: &(f32, bool), heading: &Heading) -> bool {
    (rank.0 - heading.size).abs() < SAME_LEVEL && rank.1 == heading.is_strong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(size: f32, depth: Option<u8>, level: Option<u8>) -> Heading {
        Heading { first: 0, size, is_strong: true, depth, level }
    }

    #[test]
    fn levels_follow_size_number_and_the_document() {
        let headings = [
            heading(20.0, None, None),
            heading(14.0, Some(1), None),
            heading(12.0, None, None),
            heading(14.2, Some(2), None),
            heading(9.0, None, Some(3)),
        ];
        assert_eq!(assign(&headings), [1, 2, 3, 3, 3]);
        assert_eq!(assign(&[heading(10.0, Some(1), None), heading(10.0, Some(9), None)]), [1, 6]);
        assert_eq!(assign(&[heading(10.0, Some(2), None)]), [1]);
        assert_eq!(assign(&[]), Vec::<u8>::new());
    }
}
