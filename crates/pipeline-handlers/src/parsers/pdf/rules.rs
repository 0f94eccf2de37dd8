//! Lines that a page draws: whether any could bound a table.

use unpdf::parser::backend::{ContentOp, get_number_from_value};

/// How far the ends of two rules may differ and still be one table's, in units of the content.
const SAME_EXTENT: f32 = 3.0;
/// Rules kept; a page with more is a drawing, and worth the closer look.
const MOST_RULES: usize = 4_000;

/// The horizontal rules of a page, by their left and right ends.
///
/// Coordinates are those of the content, not of the page: rules that share an extent on the page share it there too,
/// wherever each is moved to. The closer look that this saves most pages sorts out the rest.
#[derive(Debug, Default)]
pub(super) struct Rules {
    extents: Vec<(f32, f32)>,
}

impl Rules {
    /// Notes what these operations draw.
    pub(super) fn observe(&mut self, operations: &[ContentOp]) {
        let mut pen = (0.0, 0.0);
        let mut path = Vec::new();
        for operation in operations {
            if self.extents.len() > MOST_RULES {
                return;
            }
            let number = |index: usize| operation.operands.get(index).and_then(get_number_from_value).unwrap_or(0.0);
            match operation.operator.as_str() {
                "m" => pen = (number(0), number(1)),
                "l" => {
                    let to = (number(0), number(1));
                    if (to.1 - pen.1).abs() <= (to.0 - pen.0).abs() / 50.0 {
                        path.push((pen.0.min(to.0), pen.0.max(to.0)));
                    }
                    pen = to;
                }
                // Both long edges of a box are rules; a thin box is one.
                "re" => {
                    let (left, right) = (number(0), number(0) + number(2));
                    path.push((left.min(right), left.max(right)));
                    if number(3).abs() > number(2).abs() / 50.0 {
                        path.push((left.min(right), left.max(right)));
                    }
                }
                "S" | "s" | "B" | "B*" | "b" | "b*" | "f" | "F" | "f*" => self.extents.append(&mut path),
                "n" => path.clear(),
                _ => {}
            }
        }
    }

    /// Whether two rules share an extent, as those above and below a table do.
    pub(super) fn could_bound_a_table(&self) -> bool {
        if self.extents.len() > MOST_RULES {
            return true;
        }
        let mut extents = self.extents.clone();
        extents.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
        extents
            .windows(2)
            .any(|pair| (pair[1].0 - pair[0].0).abs() <= SAME_EXTENT && (pair[1].1 - pair[0].1).abs() <= SAME_EXTENT)
    }
}
