//! What the text of a document is set in, learned page by page.

use std::collections::HashMap;

use super::look::{Look, SAME_SIZE, Style};

/// Lines of one style this many ems apart, at most, run on.
const RUNS_ON: f32 = 1.9;
/// From one baseline to the next, in ems, where there is nothing to measure.
const USUAL_PITCH: f32 = 1.2;
/// Share of a page's text that makes its size the page's own body.
const OWN_BODY: f32 = 0.6;

/// How a document uses a style.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Use {
    /// Lines in it.
    pub(super) lines: usize,
    /// Stretches of lines that run on.
    pub(super) stretches: usize,
    /// Lines that fill less than the width of what follows, or end without ending a sentence.
    pub(super) titles: usize,
}

/// The styles of a document.
#[derive(Debug, Clone, Default)]
pub(super) struct Profile {
    sizes: HashMap<i32, usize>,
    fonts: HashMap<u64, usize>,
    styles: HashMap<Style, Use>,
    body: f32,
    font: u64,
}

/// What text around a place is set in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body {
    pub(super) size: f32,
    pub(super) font: u64,
    /// From one baseline to the next, in ems.
    pub(super) pitch: f32,
}

impl Profile {
    /// Learns from the lines of a page.
    pub(super) fn learn(&mut self, looks: &[Look]) {
        for (index, look) in looks.iter().enumerate() {
            *self.sizes.entry(half_points(look.size)).or_default() += look.characters;
            *self.fonts.entry(look.font).or_default() += look.characters;
            let used = self.styles.entry(look.style()).or_default();
            used.lines += 1;
            used.stretches += usize::from(index == 0 || !run_on(&looks[index - 1], look));
            used.titles += usize::from(!look.ends_a_sentence() && look.characters <= 90);
        }
        self.body = most(&self.sizes).map_or(0.0, |size| size as f32 / 2.0);
        self.font = most(&self.fonts).unwrap_or_default();
    }

    /// What the text of a page is set in: usually what the document is.
    pub(super) fn body_of(&self, looks: &[Look]) -> Body {
        let mut sizes: HashMap<i32, usize> = HashMap::new();
        for look in looks {
            *sizes.entry(half_points(look.size)).or_default() += look.characters;
        }
        let all: usize = sizes.values().sum();
        let own = most(&sizes).filter(|size| sizes[size] as f32 >= all as f32 * OWN_BODY && looks.len() >= 8);
        Body { size: own.map_or(self.body, |size| size as f32 / 2.0), font: self.font, pitch: pitch(looks) }
    }

    /// How the document uses a style.
    pub(super) fn uses(&self, style: Style) -> Use {
        self.styles.get(&style).copied().unwrap_or_default()
    }
}

/// Whether a line goes on with the text of the line before it.
pub(super) fn run_on(before: &Look, line: &Look) -> bool {
    let drop = before.drop_to(line);
    (before.size - line.size).abs() < SAME_SIZE
        && before.style() == line.style()
        && drop > 0.0
        && drop <= line.size * RUNS_ON
        && before.area.shares_columns(&line.area)
}

/// The distance of most lines of a page to the one before, in ems.
fn pitch(looks: &[Look]) -> f32 {
    let mut drops: Vec<f32> = looks
        .windows(2)
        .filter(|pair| (pair[0].size - pair[1].size).abs() < SAME_SIZE && pair[0].area.shares_columns(&pair[1].area))
        .map(|pair| pair[0].drop_to(&pair[1]) / pair[1].size.max(1.0))
        .filter(|drop| (0.8..3.0).contains(drop))
        .collect();
    drops.sort_by(f32::total_cmp);
    drops.get(drops.len() / 2).copied().unwrap_or(USUAL_PITCH)
}

fn half_points(size: f32) -> i32 {
    (size * 2.0).round() as i32
}

/// The most frequent key; of several the smallest, so that the answer is always the same.
fn most<K: Copy + Ord>(counts: &HashMap<K, usize>) -> Option<K> {
    counts.iter().max_by(|one, other| one.1.cmp(other.1).then(other.0.cmp(one.0))).map(|(key, _)| *key)
}
