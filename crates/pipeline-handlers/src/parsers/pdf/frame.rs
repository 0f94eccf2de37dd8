//! From a PDF's coordinates to those of a page as it is shown.

use unpdf::parser::backend::PageBox;
use unpdf::parser::{TextLine, TextSpan};

/// How far from the origin text may stand, in points: seven times the width of the largest page that a PDF can have
/// (ISO 32000-1 annex C: 14 400).
const REACH: f32 = 100_000.0;

/// Whether a piece of text stands where a page could be. Looking for columns takes memory by the distance between the
/// outermost pieces: one number in a file, if it is large enough, takes any.
pub(super) fn is_within_reach(span: &TextSpan) -> bool {
    let ink = span.ink_width.unwrap_or(0.0);
    // Nothing that is not finite is less than anything.
    [span.x, span.y, span.x + span.width, span.x + ink, span.font_size].iter().all(|length| length.abs() < REACH)
}

/// A rectangle in the PDF's own coordinates: points, y upwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) left: f32,
    pub(super) bottom: f32,
    pub(super) right: f32,
    pub(super) top: f32,
}

impl Area {
    /// What any other area makes larger.
    const NOTHING: Self = Self { left: f32::MAX, bottom: f32::MAX, right: f32::MIN, top: f32::MIN };
    /// Descenders and ascenders of usual fonts, in ems below and above the baseline.
    const BELOW: f32 = 0.25;
    const ABOVE: f32 = 0.85;

    /// The area of text on a baseline.
    pub(super) fn of_run(x: f32, baseline: f32, width: f32, size: f32) -> Self {
        Self { left: x, bottom: baseline - size * Self::BELOW, right: x + width, top: baseline + size * Self::ABOVE }
    }

    /// The area of a line.
    pub(super) fn of_line(line: &TextLine) -> Self {
        Self::around(line.spans.iter().filter(|span| !span.text.trim().is_empty()).map(|span| {
            let width = span.ink_width.filter(|_| span.width_measured).unwrap_or(span.width);
            Self::of_run(span.x, span.y, width, span.font_size)
        }))
        .unwrap_or_else(|| Self::of_run(line.x, line.y, 0.0, line.font_size))
    }

    /// The smallest area around others; `None` around none.
    pub(super) fn around(areas: impl IntoIterator<Item = Self>) -> Option<Self> {
        let hull = areas.into_iter().fold(Self::NOTHING, |hull, area| Self {
            left: hull.left.min(area.left),
            bottom: hull.bottom.min(area.bottom),
            right: hull.right.max(area.right),
            top: hull.top.max(area.top),
        });
        (hull != Self::NOTHING).then_some(hull)
    }

    pub(super) fn width(&self) -> f32 {
        self.right - self.left
    }

    /// Whether they stand above one another.
    pub(super) fn shares_columns(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right
    }

    /// Whether the middle of another area is inside.
    pub(super) fn holds_middle_of(&self, other: &Self) -> bool {
        let (x, y) = (f32::midpoint(other.left, other.right), f32::midpoint(other.bottom, other.top));
        self.left <= x && x <= self.right && self.bottom <= y && y <= self.top
    }
}

/// A page as it is shown: the part of it, and how far it is turned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    shown: PageBox,
    rotation: u16,
}

impl Frame {
    /// `rotation` is clockwise, in degrees: 0, 90, 180 or 270.
    pub(super) fn new(shown: PageBox, rotation: u16) -> Self {
        Self { shown, rotation }
    }

    /// Width and height of the page as it is shown, in points.
    pub(super) fn size(&self) -> [f32; 2] {
        let (width, height) = (self.shown.width(), self.shown.height());
        if self.rotation % 180 == 90 { [height, width] } else { [width, height] }
    }

    /// Height of the page before it is turned, in points.
    pub(super) fn height(&self) -> f32 {
        self.shown.height()
    }

    /// How far an area's middle is from the upper edge of the page, as a share of its height: 0 at the top.
    pub(super) fn depth(&self, area: &Area) -> f32 {
        let height = self.shown.height();
        if height > 0.0 { (self.shown.ury - f32::midpoint(area.bottom, area.top)) / height } else { 0.5 }
    }

    /// Left, top, right and bottom in points from the top left corner of the page as it is shown.
    pub(super) fn place(&self, area: &Area) -> [f32; 4] {
        let (width, height) = (self.shown.width(), self.shown.height());
        let (left, right) = (area.left - self.shown.llx, area.right - self.shown.llx);
        let (top, bottom) = (self.shown.ury - area.top, self.shown.ury - area.bottom);
        let turned = match self.rotation {
            90 => [height - bottom, left, height - top, right],
            180 => [width - right, height - bottom, width - left, height - top],
            270 => [top, width - right, bottom, width - left],
            _ => [left, top, right, bottom],
        };
        // A hundredth of a point is finer than any citation needs.
        turned.map(|length| (length * 100.0).round() / 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_measured_from_the_top_left_of_the_shown_page() {
        let shown = PageBox { llx: 10.0, lly: 20.0, urx: 210.0, ury: 320.0 };
        let area = Area { left: 20.0, bottom: 300.0, right: 60.0, top: 310.0 };
        let place = |rotation| Frame::new(shown, rotation).place(&area);
        assert_eq!(place(0), [10.0, 10.0, 50.0, 20.0]);
        assert_eq!(place(90), [280.0, 10.0, 290.0, 50.0]);
        assert_eq!(place(180), [150.0, 280.0, 190.0, 290.0]);
        assert_eq!(place(270), [10.0, 150.0, 20.0, 190.0]);
    }

    #[test]
    fn hulls_hold_what_they_are_around() {
        let one = Area { left: 0.0, bottom: 0.0, right: 10.0, top: 10.0 };
        let other = Area { left: 20.0, bottom: 5.0, right: 30.0, top: 25.0 };
        let hull = Area::around([one, other]).expect("two areas");
        assert_eq!(hull, Area { left: 0.0, bottom: 0.0, right: 30.0, top: 25.0 });
        assert!(hull.holds_middle_of(&one) && !one.holds_middle_of(&other) && !one.shares_columns(&other));
        assert_eq!(Area::around([]), None);
    }
}
