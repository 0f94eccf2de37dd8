//! Text of shapes, cells and notes.

use std::rc::Rc;

use super::Reader;
use super::bullets::{Bullet, Counters, LEVELS, Levels};
use crate::parsers::office::content::{Content, paragraph};
use crate::parsers::office::latex;
use crate::parsers::office::line::{Line, Script, Style};
use crate::xml::tree::Element;

impl Reader<'_> {
    /// The paragraphs of a text body; `inherited` are bullets, nearest first.
    pub(super) fn text_body(&mut self, body: &Element, inherited: &[&Levels]) -> Vec<Content> {
        let own = Levels::of(body.child("lstStyle"));
        let mut counters = Counters::default();
        let mut contents = Vec::new();
        self.lists = self.lists.saturating_add(1);
        for element in body.all("p") {
            let properties = element.child("pPr");
            let level =
                properties.and_then(|properties| properties.attribute("lvl")).and_then(|level| level.parse().ok());
            let level: usize = level.unwrap_or(0).min(LEVELS - 1);
            let direct = properties.and_then(Bullet::of);
            let bullet = direct.as_ref().or_else(|| {
                let mut chain = std::iter::once(&own).chain(inherited.iter().copied());
                chain.find_map(|levels| levels.get(level))
            });
            let line = self.line(element);
            // PowerPoint shows no bullet, and counts no number, where there is no text.
            if line.is_blank() {
                continue;
            }
            match counters.next(level, bullet) {
                Some(marker) => contents.push(Content::Item { depth: level, marker, line, list: self.lists }),
                None => contents.extend(paragraph(line, false)),
            }
        }
        contents
    }

    /// One paragraph.
    pub(super) fn line(&self, element: &Element) -> Line {
        let mut line = Line::default();
        for child in element.children() {
            match child.name.as_str() {
                "r" | "fld" => self.run(child, &mut line),
                "br" => line.push_break(),
                "m" => {
                    let mut formulas = Vec::new();
                    child.find_all("oMath", &mut formulas);
                    let display = child.child("oMathPara").is_some();
                    for formula in formulas {
                        line.push_math(latex::formula_text(formula), display);
                    }
                }
                _ => {}
            }
        }
        line
    }

    fn run(&self, run: &Element, line: &mut Line) {
        let none = Element::default();
        let properties = run.child("rPr").unwrap_or(&none);
        let is_on = |name: &str| matches!(properties.attribute(name), Some("1" | "true" | "on"));
        let raised = properties.attribute("baseline").map_or(0, |baseline| {
            baseline.trim_end_matches('%').parse::<f64>().map_or(0, |height| {
                if height > 0.0 {
                    1
                } else if height < 0.0 {
                    -1
                } else {
                    0
                }
            })
        });
        let style = Style {
            bold: is_on("b"),
            italic: is_on("i"),
            strike: properties.attribute("strike").is_some_and(|strike| strike != "noStrike"),
            script: match raised {
                1 => Script::Super,
                -1 => Script::Sub,
                _ => Script::Normal,
            },
        };
        let target = properties.child("hlinkClick").and_then(|link| link.prefixed("id"));
        let target = target.and_then(|id| self.relations.get(id)).filter(|target| target.is_external);
        let link: Option<Rc<str>> = target.map(|target| Rc::from(target.target.as_str()));
        if let Some(text) = run.child("t") {
            // Control characters are written as escapes: a break, and the return that came before it.
            let text = text.text().replace("_x000D_", "").replace("_x000B_", "\u{B}");
            for (index, part) in text.split('\u{B}').enumerate() {
                if index > 0 {
                    line.push_break();
                }
                line.push_text(part, style, link.as_ref());
            }
        }
    }
}
