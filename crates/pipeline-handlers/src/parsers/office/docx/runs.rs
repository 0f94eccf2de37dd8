//! The runs of a paragraph: text, its looks, fields, and what is anchored in the text.

use std::rc::Rc;

use super::notes::Kind;
use super::pages::is_page_break;
use super::styles::{Looks, font, is_fixed};
use super::{Placed, Reader};
use crate::parsers::office::content::Content;
use crate::parsers::office::line::{Line, Script, Style};
use crate::parsers::office::{chart, diagram, latex, symbol_font};
use crate::xml::tree::Element;

/// Most fields inside each other.
const MAX_FIELDS: usize = 64;
/// Bytes of a field's code that are kept.
const MAX_CODE: usize = 4_096;

/// What a paragraph holds.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) line: Line,
    /// The box that it begins with.
    pub(super) check: Option<bool>,
    /// Where its first text stands.
    pub(super) page: Option<u32>,
    /// Whether all of its text is in a font of fixed width.
    pub(super) fixed: bool,
    /// Pictures, charts and text boxes, which follow the paragraph.
    pub(super) anchored: Vec<Placed>,
}

/// Fields that are open: their code, then what they show.
#[derive(Debug, Default)]
pub(super) struct Fields {
    open: Vec<Field>,
}

#[derive(Debug, Default)]
struct Field {
    code: String,
    shows: bool,
    link: Option<Rc<str>>,
}

impl Fields {
    /// Whether text is shown, and not the code of a field.
    fn show(&self) -> bool {
        self.open.iter().all(|field| field.shows)
    }

    fn link(&self) -> Option<&Rc<str>> {
        self.open.iter().rev().find_map(|field| field.link.as_ref())
    }

    fn step(&mut self, kind: Option<&str>) {
        match kind {
            Some("begin") if self.open.len() < MAX_FIELDS => self.open.push(Field::default()),
            Some("separate") => {
                if let Some(field) = self.open.last_mut() {
                    field.shows = true;
                    field.link = address(&field.code);
                }
            }
            Some("end") => {
                self.open.pop();
            }
            _ => {}
        }
    }

    fn push_code(&mut self, code: &str) {
        if let Some(field) = self.open.last_mut()
            && field.code.len() < MAX_CODE
        {
            field.code.push_str(code);
        }
    }

    /// A field whose code does not end with its paragraph is broken, and must not hide what follows.
    fn end_paragraph(&mut self) {
        self.open.retain(|field| field.shows);
    }
}

/// The target of `HYPERLINK "https://…"`.
fn address(code: &str) -> Option<Rc<str>> {
    let rest = code.trim().strip_prefix("HYPERLINK")?.trim_start();
    let target = rest.strip_prefix('"')?.split('"').next()?;
    target.contains(':').then(|| target.into())
}

struct Walk {
    collected: Collected,
    link: Option<Rc<str>>,
    is_fixed_style: bool,
    /// Characters in fonts of fixed width, and others.
    fixed: usize,
    other: usize,
}

impl Reader<'_> {
    /// Collects what a paragraph holds.
    pub(super) fn collect(&mut self, paragraph: &Element, is_fixed_style: bool) -> Collected {
        let mut walk = Walk { collected: Collected::default(), link: None, is_fixed_style, fixed: 0, other: 0 };
        for child in paragraph.children() {
            self.inline(child, &mut walk);
        }
        self.fields.end_paragraph();
        walk.collected.fixed = walk.fixed > 0 && walk.other == 0;
        walk.collected
    }

    fn inline(&mut self, element: &Element, walk: &mut Walk) {
        match element.name.as_str() {
            "r" => self.run(element, walk),
            "hyperlink" => {
                let target = element.prefixed("id").and_then(|id| self.relations.get(id));
                let link = target.filter(|target| target.is_external).map(|target| Rc::from(target.target.as_str()));
                let outer = std::mem::replace(&mut walk.link, link);
                self.inside(element, walk);
                walk.link = outer;
            }
            "sdt" => self.control(element, walk),
            "oMathPara" => {
                let mut formulas = Vec::new();
                element.find_all("oMath", &mut formulas);
                for formula in formulas {
                    self.math(formula, true, walk);
                }
            }
            "oMath" => self.math(element, false, walk),
            "del" | "moveFrom" | "pPr" | "rt" | "sdtPr" => {}
            _ => self.inside(element, walk),
        }
    }

    fn inside(&mut self, element: &Element, walk: &mut Walk) {
        for child in element.children() {
            self.inline(child, walk);
        }
    }

    fn math(&mut self, formula: &Element, display: bool, walk: &mut Walk) {
        self.shown(walk);
        walk.other += 1;
        walk.collected.line.push_math(latex::formula_text(formula), display);
    }

    /// A content control: a tick box is what it says, anything else is what is inside.
    fn control(&mut self, element: &Element, walk: &mut Walk) {
        let Some(checkbox) = element.at(&["sdtPr", "checkbox"]) else {
            if let Some(content) = element.child("sdtContent") {
                self.inside(content, walk);
            }
            return;
        };
        self.tick(checkbox.is_on("checked"), walk);
    }

    fn tick(&mut self, is_checked: bool, walk: &mut Walk) {
        self.shown(walk);
        if walk.collected.line.is_blank() && walk.collected.check.is_none() {
            walk.collected.check = Some(is_checked);
        } else {
            walk.collected.line.push_text(if is_checked { "☒" } else { "☐" }, Style::default(), None);
        }
    }

    fn shown(&mut self, walk: &mut Walk) {
        self.pages.show();
        walk.collected.page.get_or_insert(self.pages.current());
    }

    fn run(&mut self, run: &Element, walk: &mut Walk) {
        let none = Element::default();
        let properties = run.child("rPr").unwrap_or(&none);
        if properties.is_on("vanish") {
            return;
        }
        let style = self.style_of(properties);
        let is_fixed = match font(properties) {
            Some(font) => is_fixed(&font),
            None => {
                let by_style = properties.value_at(&["rStyle"]).and_then(|id| self.styles.font(Some(id)));
                by_style.map_or(walk.is_fixed_style, is_fixed)
            }
        };
        for child in run.children() {
            match child.name.as_str() {
                "t" => self.text(&child.text(), style, is_fixed, walk),
                "tab" | "ptab" => self.text("\t", style, is_fixed, walk),
                "noBreakHyphen" => self.text("-", style, is_fixed, walk),
                "sym" => {
                    let sign = child.attribute("char").and_then(|code| u32::from_str_radix(code, 16).ok());
                    let font = child.attribute("font").unwrap_or_default();
                    let sign = sign.and_then(|code| symbol_font::character(font, code));
                    self.text(&sign.map(String::from).unwrap_or_default(), style, is_fixed, walk);
                }
                "br" if is_page_break(child) => self.pages.break_page(),
                "br" | "cr" => walk.collected.line.push_break(),
                "lastRenderedPageBreak" => self.pages.break_rendered(),
                "footnoteReference" => self.note(Kind::Foot, child, walk),
                "endnoteReference" => self.note(Kind::End, child, walk),
                "commentReference" => self.comments += 1,
                "fldChar" => {
                    if let Some(checkbox) = child.at(&["ffData", "checkBox"]) {
                        let state = if checkbox.child("checked").is_some() { "checked" } else { "default" };
                        self.tick(checkbox.is_on(state), walk);
                    }
                    self.fields.step(child.attribute("fldCharType"));
                }
                "instrText" => self.fields.push_code(&child.text()),
                "drawing" | "pict" | "object" => self.anchor(child, &mut String::new(), &mut walk.collected.anchored),
                "ruby" => {
                    if let Some(base) = child.child("rubyBase") {
                        self.inside(base, walk);
                    }
                }
                _ => {}
            }
        }
    }

    fn style_of(&self, properties: &Element) -> Style {
        let own = Looks::of(Some(properties));
        let named = properties.value_at(&["rStyle"]).map(|id| self.styles.looks(id)).unwrap_or_default();
        let script = match properties.value_at(&["vertAlign"]) {
            Some("superscript") => Script::Super,
            Some("subscript") => Script::Sub,
            _ => Script::Normal,
        };
        Style {
            bold: own.bold.or(named.bold).unwrap_or(false),
            italic: own.italic.or(named.italic).unwrap_or(false),
            strike: own.strike.or(named.strike).unwrap_or(false),
            script,
        }
    }

    fn text(&mut self, text: &str, style: Style, is_fixed: bool, walk: &mut Walk) {
        if !self.fields.show() || text.is_empty() {
            return;
        }
        if !text.trim().is_empty() {
            self.shown(walk);
            if is_fixed { walk.fixed += 1 } else { walk.other += 1 }
        }
        let link = walk.link.clone().or_else(|| self.fields.link().cloned());
        walk.collected.line.push_text(text, style, link.as_ref());
    }

    fn note(&mut self, kind: Kind, reference: &Element, walk: &mut Walk) {
        let Some(id) = reference.attribute("id") else {
            return;
        };
        self.shown(walk);
        let number = self.notes.number(kind, id, self.pages.current());
        walk.collected.line.push_note(number);
    }

    /// Reads what is anchored in the text: text boxes, charts, diagrams, pictures.
    fn anchor(&mut self, element: &Element, description: &mut String, anchored: &mut Vec<Placed>) {
        let page = self.pages.current();
        let part = |name: &str| element.prefixed(name).and_then(|id| self.relations.part(id)).map(str::to_owned);
        match element.name.as_str() {
            "docPr" => description.push_str(element.attribute("descr").unwrap_or_default()),
            "txbxContent" => {
                for child in element.children() {
                    self.block(child, anchored);
                }
                return;
            }
            "chart" => {
                let chart = part("id").and_then(|part| self.package.tree(&part));
                anchored.extend(chart.as_ref().and_then(chart::read).map(|chart| (page, Content::Chart(chart))));
            }
            "relIds" => {
                let data = part("dm").and_then(|part| self.package.tree(&part));
                anchored.extend(data.iter().flat_map(diagram::items).map(|item| (page, item)));
            }
            "blip" | "imagedata" => {
                let title = element.attribute("title").unwrap_or_default();
                let shown = if description.is_empty() { title } else { description.as_str() };
                anchored.push((page, Content::Image(shown.trim().to_owned())));
            }
            _ => {}
        }
        for child in element.children() {
            self.anchor(child, description, anchored);
        }
    }
}
