//! Lines that a page draws: whether any could bound a table.
//!
//! Only one reader gives tables by the lines around them, and it reads the whole page again. So the pages without any
//! are told apart first, by a look that may say yes too often but not no.

use unpdf::parser::TextLine;
use unpdf::parser::backend::{ContentOp, get_number_from_value};

use super::tables::area_of;

/// How far the ends of two rules may differ and still be one table's, in points.
const SAME_EXTENT: f32 = 4.0;
/// Rules kept; a page with more is a drawing, and worth the closer look.
const MOST_RULES: usize = 4_000;
/// Shorter lines are underlines, in points.
const SHORTEST: f32 = 36.0;
/// Text further apart than this stands in columns, in ems.
const COLUMN_GAP: f32 = 0.75;
/// A line this many times as long as it rises is level.
const LEVEL: f32 = 50.0;

/// A horizontal rule.
#[derive(Debug, Clone, Copy)]
struct Rule {
    left: f32,
    right: f32,
    y: f32,
}

/// The horizontal rules of a page.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// Those of the page's own content, where they are on the page.
    placed: Vec<Rule>,
    /// Those of forms that the page paints, who knows where.
    elsewhere: Vec<Rule>,
    has_page: bool,
}

impl Rules {
    /// Notes what these operations draw. The page's own come first, then those of the forms that it paints.
    pub(super) fn observe(&mut self, operations: &[ContentOp]) {
        let is_page = !std::mem::replace(&mut self.has_page, true);
        let kept = if is_page { &mut self.placed } else { &mut self.elsewhere };
        let mut matrix = IDENTITY;
        let mut saved = Vec::new();
        let mut pen = (0.0, 0.0);
        let mut path = Vec::new();
        for operation in operations {
            if kept.len() > MOST_RULES {
                return;
            }
            let number = |index: usize| operation.operands.get(index).and_then(get_number_from_value).unwrap_or(0.0);
            let mut draw =
                |from: (f32, f32), to: (f32, f32)| path.extend(rule(moved(&matrix, from), moved(&matrix, to)));
            match operation.operator.as_str() {
                "q" => saved.push(matrix),
                "Q" => matrix = saved.pop().unwrap_or(matrix),
                "cm" => matrix = product(&std::array::from_fn(number), &matrix),
                "m" => pen = (number(0), number(1)),
                "l" => {
                    let to = (number(0), number(1));
                    draw(pen, to);
                    pen = to;
                }
                "re" => {
                    let (x, y, width, height) = (number(0), number(1), number(2), number(3));
                    draw((x, y), (x + width, y));
                    draw((x, y + height), (x + width, y + height));
                }
                "S" | "s" | "B" | "B*" | "b" | "b*" | "f" | "F" | "f*" => kept.append(&mut path),
                "n" => path.clear(),
                _ => {}
            }
        }
    }

    /// Whether columns of text stand between two rules of one extent, as in a table.
    pub(super) fn could_bound_a_table(&self, lines: &[TextLine]) -> bool {
        if self.placed.len() > MOST_RULES || !bands(&self.elsewhere).is_empty() {
            return true;
        }
        let bands = bands(&self.placed);
        if bands.is_empty() {
            return false;
        }
        let mut spans: Vec<_> = lines
            .iter()
            .flat_map(|line| &line.spans)
            .filter(|span| !span.text.trim().is_empty())
            .map(|span| (span.y, area_of(span), span.font_size))
            .collect();
        spans.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.left.total_cmp(&other.1.left)));
        bands.iter().any(|(lower, upper)| {
            let from = spans.partition_point(|span| span.0 <= lower.y);
            let to = spans.partition_point(|span| span.0 < upper.y).max(from);
            let inside = |x: f32| (lower.left - SAME_EXTENT..=lower.right + SAME_EXTENT).contains(&x);
            spans[from..to].windows(2).any(|pair| {
                let ((y, area, size), (next_y, next, _)) = (pair[0], pair[1]);
                let is_row = (y - next_y).abs() <= size * 0.5;
                is_row && inside(area.left) && inside(next.right) && next.left - area.right >= size * COLUMN_GAP
            })
        })
    }
}

/// Neighbouring rules of one extent with room for text between them, the lower first.
fn bands(rules: &[Rule]) -> Vec<(Rule, Rule)> {
    let mut stacks: Vec<Vec<Rule>> = Vec::new();
    let mut sorted = rules.to_vec();
    sorted.sort_by(|one, other| one.left.total_cmp(&other.left));
    // Rules by their left end: stacks that end too far to the left are done.
    let mut first = 0;
    for rule in sorted {
        while stacks.get(first).is_some_and(|stack| rule.left - stack[0].left > SAME_EXTENT) {
            first += 1;
        }
        match stacks[first..].iter_mut().find(|stack| (stack[0].right - rule.right).abs() <= SAME_EXTENT) {
            Some(stack) => stack.push(rule),
            None => stacks.push(vec![rule]),
        }
    }
    let mut bands = Vec::new();
    for mut stack in stacks {
        stack.sort_by(|one, other| one.y.total_cmp(&other.y));
        bands
            .extend(stack.windows(2).filter(|pair| pair[1].y - pair[0].y > SAME_EXTENT).map(|pair| (pair[0], pair[1])));
    }
    bands
}

type Matrix = [f32; 6];
const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// `first` and then `second`, as ISO 32000-1 §8.3.4 has it.
fn product(first: &Matrix, second: &Matrix) -> Matrix {
    let [a, b, c, d, e, f] = *first;
    let [g, h, i, j, k, l] = *second;
    [a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l]
}

fn moved(matrix: &Matrix, (x, y): (f32, f32)) -> (f32, f32) {
    let [a, b, c, d, e, f] = *matrix;
    (a * x + c * y + e, b * x + d * y + f)
}

/// The rule between two points, if it is one.
fn rule(from: (f32, f32), to: (f32, f32)) -> Option<Rule> {
    let (left, right) = (from.0.min(to.0), from.0.max(to.0));
    let is_level = (to.1 - from.1).abs() * LEVEL <= right - left;
    (right - left >= SHORTEST && is_level).then_some(Rule { left, right, y: f32::midpoint(from.1, to.1) })
}

#[cfg(test)]
mod tests {
    use unpdf::parser::TextSpan;
    use unpdf::parser::backend::PdfValue;

    use super::*;

    fn operation(operator: &str, operands: &[f32]) -> ContentOp {
        ContentOp::new(operator, operands.iter().map(|number| PdfValue::Real(*number)).collect())
    }

    fn row(y: f32, cells: &[f32]) -> TextLine {
        let span = |x: &f32| TextSpan { width: 20.0, ..TextSpan::new("cell".into(), *x, y, 10.0, "F".into()) };
        TextLine::from_spans(cells.iter().map(span).collect())
    }

    #[test]
    fn columns_between_rules_of_one_extent_could_be_a_table() {
        let mut rules = Rules::default();
        rules.observe(&[
            operation("q", &[]),
            operation("cm", &[2.0, 0.0, 0.0, 2.0, 10.0, 100.0]),
            operation("re", &[0.0, 0.0, 100.0, 0.5]),
            operation("f", &[]),
            operation("Q", &[]),
            operation("m", &[10.0, 200.0]),
            operation("l", &[210.0, 200.0]),
            operation("S", &[]),
        ]);
        assert!(rules.could_bound_a_table(&[row(150.0, &[20.0, 120.0])]));
        assert!(!rules.could_bound_a_table(&[row(150.0, &[20.0])]), "no columns");
        assert!(!rules.could_bound_a_table(&[row(250.0, &[20.0, 120.0])]), "not between");
    }

    #[test]
    fn what_is_not_painted_is_no_rule() {
        let mut rules = Rules::default();
        let frame = [operation("re", &[0.0, 0.0, 300.0, 300.0])];
        rules.observe(&[&frame[..], &[operation("n", &[])]].concat());
        assert!(!rules.could_bound_a_table(&[row(150.0, &[20.0, 120.0])]));
        // Nobody knows here where a form is painted.
        rules.observe(&[&frame[..], &[operation("S", &[])]].concat());
        assert!(rules.could_bound_a_table(&[]));
    }
}
