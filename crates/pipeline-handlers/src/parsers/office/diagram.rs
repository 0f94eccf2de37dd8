//! Diagrams (SmartArt): their texts as a list.

use super::content::{Content, Marker};
use super::line::Line;
use crate::xml::tree::Element;

/// Items of one diagram that are kept.
const MAX_ITEMS: usize = 1_000;

/// The texts of a diagram's data model, in its order.
pub(super) fn items(data: &Element) -> Vec<Content> {
    let mut points = Vec::new();
    data.find_all("pt", &mut points);
    let texts = points.iter().filter_map(|point| {
        let mut pieces = Vec::new();
        point.child("t")?.find_all("t", &mut pieces);
        let text = pieces.iter().map(|piece| piece.text()).collect::<Vec<_>>().join(" ");
        (!text.trim().is_empty()).then_some(text)
    });
    let items = texts.take(MAX_ITEMS).map(|text| Content::Item {
        depth: 0,
        marker: Marker::Bullet,
        line: Line::of(text.trim()),
        list: u32::MAX - 1,
    });
    items.collect()
}
