//! A document's outline (bookmarks): what its author calls headings.

use std::collections::HashMap;

use unpdf::parser::backend::{PdfBackend, RawBackend, RawOutlineItem};

use super::headings::Outlined;
use super::wording;

/// Entries read; an outline of more is an index.
const MOST_ENTRIES: usize = 20_000;
/// The deepest level of a heading.
const DEEPEST: u8 = 6;

/// The outline's titles by page, from 1.
pub(super) fn by_page(document: &RawBackend) -> HashMap<u32, Outlined> {
    let mut titles: HashMap<u32, Outlined> = HashMap::new();
    let mut left = MOST_ENTRIES;
    for item in document.outline().unwrap_or_default() {
        add(&item, 1, &mut titles, &mut left);
    }
    titles
}

fn add(item: &RawOutlineItem, level: u8, titles: &mut HashMap<u32, Outlined>, left: &mut usize) {
    if *left == 0 {
        return;
    }
    *left -= 1;
    let key = wording::key(&item.title);
    // One letter, or a number, is found anywhere.
    let is_telling = key.chars().count() >= 2 && key.chars().any(char::is_alphabetic);
    if let Some(page) = item.page.filter(|_| is_telling) {
        titles.entry(page).or_default().entry(key).or_insert(level);
    }
    for child in &item.children {
        add(child, level.saturating_add(1).min(DEEPEST), titles, left);
    }
}
