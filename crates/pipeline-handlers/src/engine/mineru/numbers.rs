//! Which page of the file an index of an answer means.

use millrace_domain::parse_options::PageRanges;

use super::wire::{Item, Middle};

/// The page of each index.
///
/// Asked for some pages, MinerU cuts them out first, so that indexes count what was cut out; other versions count the
/// pages of the file. The indexes themselves tell.
pub(super) struct Numbers(Option<Vec<u32>>);

impl Numbers {
    /// Looks at the indexes of an answer.
    pub(super) fn of(items: &[Item], middle: &Middle, asked: Option<&PageRanges>) -> Self {
        let Some(asked) = asked else { return Self(None) };
        let first = asked.ranges().first().map_or(1, |(first, _)| *first);
        let last = asked.ranges().last().map_or(1, |(_, last)| *last);
        let indexes: Vec<u32> = match middle.pdf_info.as_slice() {
            [] => items.iter().map(|item| item.page_idx).collect(),
            pages => pages.iter().map(|page| page.page_idx).collect(),
        };
        // Self-hosted servers are asked for everything from the first wanted page to the last.
        let covered = indexes.len() as u64 > asked.within(last).count() as u64 && !middle.pdf_info.is_empty();
        if indexes.iter().all(|index| asked.contains(index.saturating_add(1))) {
            return Self(None);
        }
        if indexes.iter().all(|index| (first..=last).contains(&index.saturating_add(1))) && first > 1 {
            return Self(None);
        }
        let cut = if covered { (first..=last).collect() } else { asked.within(last).collect() };
        Self(Some(cut))
    }

    /// The page of an index, from 1.
    pub(super) fn page(&self, index: u32) -> u32 {
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        self.0.as_ref().and_then(|pages| pages.get(at).copied()).unwrap_or_else(|| index.saturating_add(1))
    }
}
