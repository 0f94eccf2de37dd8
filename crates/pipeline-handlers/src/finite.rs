//! Removes numbers that JSON does not know. A document is stored as JSON, where infinity becomes `null`, and a box with a
//! `null` in it is read by nobody.

use millrace_domain::document::{ParsedDocument, Quality};

/// Leaves out boxes, sizes and scores that are not finite: files and services may hold any number at all.
pub(crate) fn settle(document: &mut ParsedDocument) {
    for block in &mut document.blocks {
        block.bbox = block.bbox.filter(|bbox| bbox.iter().all(|number| number.is_finite()));
        block.confidence = block.confidence.filter(|score| score.is_finite());
    }
    for info in &mut document.page_info {
        info.size = info.size.filter(|size| size.iter().all(|number| number.is_finite()));
        info.quality = info.quality.filter(is_score);
    }
    document.quality = document.quality.filter(is_score);
}

fn is_score(quality: &Quality) -> bool {
    quality.score.is_finite()
}

#[cfg(test)]
mod tests {
    use millrace_domain::document::{Block, BlockKind, PageInfo};

    use super::*;

    #[test]
    fn what_json_does_not_know_is_left_out() {
        let block = Block {
            bbox: Some([0.0, f32::INFINITY, 1.0, 1.0]),
            confidence: Some(f32::NAN),
            ..Block::new(BlockKind::Paragraph, "x")
        };
        let whole = Block { bbox: Some([0.0, 1.0, 2.0, 3.0]), ..Block::new(BlockKind::Paragraph, "y") };
        let quality = Some(Quality::of(f32::NAN));
        let info = PageInfo { page: 1, size: Some([f32::NAN, 1.0]), text_layer: None, quality };
        let mut document =
            ParsedDocument { blocks: vec![block, whole], page_info: vec![info], quality, ..ParsedDocument::default() };
        settle(&mut document);
        let json = serde_json::to_vec(&document).expect("JSON");
        let read: ParsedDocument = serde_json::from_slice(&json).expect("a document that is read again");
        assert_eq!(read, document);
        assert_eq!((document.blocks[0].bbox, document.blocks[1].bbox), (None, Some([0.0, 1.0, 2.0, 3.0])));
    }
}
