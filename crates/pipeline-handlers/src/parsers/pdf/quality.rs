//! How far the text of a page can be trusted.

use millrace_domain::document::{PageInfo, Quality};

use super::page::{Facts, Page};

/// Characters that a piece of text has, usually, of one that was left out.
const PER_RUN: usize = 8;
/// What each character in doubt weighs: a twentieth of a text in doubt is no good text any more.
const WEIGHT: f32 = 2.0;
/// The most that text which another program recognised is trusted.
const RECOGNISED: f32 = 0.85;
/// What is left of the trust in a page that lost a piece of its content.
const DAMAGED: f32 = 0.5;

/// What is known of a page.
pub(super) fn of_page(page: &Page) -> PageInfo {
    let text_layer = if page.has_text() { Some(true) } else { page.facts.is_painted.then_some(false) };
    PageInfo {
        page: page.number,
        size: Some(page.frame.size()),
        text_layer,
        // Of a blank page there is nothing to say.
        quality: text_layer.map(|has_text| Quality::of(if has_text { score(&page.facts) } else { 0.0 })),
    }
}

/// The mean over its pages; those that could not be read count as worthless.
pub(super) fn of_document(pages: &[PageInfo], failed: usize) -> Option<Quality> {
    let scores: Vec<f32> = pages.iter().filter_map(|page| page.quality).map(|quality| quality.score).collect();
    let count = scores.len() + failed;
    (count > 0).then(|| Quality::of(scores.iter().sum::<f32>() / count as f32))
}

/// The share of the text that is certain, lowered by what is missing.
fn score(facts: &Facts) -> f32 {
    let lost = facts.lost_runs * PER_RUN;
    let doubtful = (facts.unknown_characters + lost) as f32 / (facts.characters + lost).max(1) as f32;
    let mut score = (1.0 - doubtful * WEIGHT).max(0.0);
    if facts.invisible_characters * 2 > facts.characters {
        score = score.min(RECOGNISED);
    }
    if facts.lost_streams > 0 {
        score *= DAMAGED;
    }
    score
}

#[cfg(test)]
mod tests {
    use millrace_domain::document::QualityGrade;

    use super::*;

    fn grade(facts: Facts) -> QualityGrade {
        Quality::of(score(&facts)).grade
    }

    #[test]
    fn doubt_lowers_the_grade() {
        let clean = Facts { characters: 1_000, ..Facts::default() };
        assert_eq!(grade(clean), QualityGrade::Excellent);
        assert_eq!(grade(Facts { unknown_characters: 50, ..clean }), QualityGrade::Good);
        assert_eq!(grade(Facts { unknown_characters: 200, ..clean }), QualityGrade::Fair);
        assert_eq!(grade(Facts { lost_runs: 100, ..clean }), QualityGrade::Poor);
        assert_eq!(grade(Facts { invisible_characters: 1_000, ..clean }), QualityGrade::Good);
        assert_eq!(grade(Facts { lost_streams: 1, ..clean }), QualityGrade::Fair);
    }

    #[test]
    fn a_document_is_as_good_as_its_pages() {
        let page = |quality| PageInfo { page: 1, size: None, text_layer: None, quality };
        let pages = [page(Some(Quality::of(1.0))), page(None), page(Some(Quality::of(0.5)))];
        assert_eq!(of_document(&pages, 0), Some(Quality::of(0.75)));
        assert_eq!(of_document(&pages, 1), Some(Quality::of(0.5)));
        assert_eq!(of_document(&[], 0), None);
    }
}
