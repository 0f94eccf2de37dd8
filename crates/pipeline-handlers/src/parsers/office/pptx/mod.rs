//! Presentations (PPTX) → content, slide by slide.

mod bullets;
mod comments;
mod layouts;
mod shapes;
mod text;

use self::comments::Authors;
use self::layouts::Layouts;
use super::assembly::Assembly;
use super::content::Content;
use super::package::{Package, Relations};
use crate::draft::Draft;
use crate::failure::ParseFailure;
use crate::parser::Input;
use crate::xml::tree::Element;

/// Most bytes that merged cells repeat, over the whole presentation.
const MAX_REPEATED_BYTES: usize = 8 << 20;

/// What is known while a presentation is read.
struct Reader<'a> {
    package: Package<'a>,
    layouts: Layouts,
    authors: Authors,
    /// Relations of the part that is being read.
    relations: Relations,
    /// Bytes that merged cells may still repeat.
    repeatable: usize,
    /// Lists met, so that they can be told apart.
    lists: u32,
}

/// Reads a presentation.
///
/// # Errors
/// `unreadable_file`, `too_many_pages`.
pub(super) fn parse(input: &Input<'_>) -> Result<Draft, ParseFailure> {
    let label = input.format.label();
    let unreadable = |detail: &str| ParseFailure::unreadable(label, detail);
    let mut package = Package::open(input.bytes).ok_or_else(|| unreadable("the archive is broken"))?;
    let main = package.main_part("ppt/presentation.xml");
    let presentation = package.tree(&main).ok_or_else(|| unreadable("its list of slides is missing or broken"))?;
    let relations = package.relations(&main);
    let slides: Vec<Option<String>> = presentation
        .child("sldIdLst")
        .into_iter()
        .flat_map(|list| list.all("sldId"))
        .map(|slide| slide.prefixed("id").and_then(|id| relations.part(id)).map(str::to_owned))
        .collect();
    let count = u32::try_from(slides.len()).unwrap_or(u32::MAX);
    if count > input.limits.max_pages {
        return Err(ParseFailure::too_many_pages(count, input.limits));
    }
    let authors = Authors::read(&mut package, &relations);
    let mut reader = Reader {
        package,
        layouts: Layouts::default(),
        authors,
        relations: Relations::default(),
        repeatable: MAX_REPEATED_BYTES,
        lists: 0,
    };
    let mut assembly = Assembly::default();
    let (mut broken, mut read) = (Vec::new(), 0_usize);
    for (number, part) in (1..).zip(&slides).filter(|(number, _)| input.wants_page(*number)) {
        assembly.page(number, Some(&format!("slide {number}")));
        match part.as_deref().and_then(|part| reader.slide(part)) {
            Some(contents) => {
                read += 1;
                contents.iter().for_each(|content| assembly.write(content));
            }
            None => broken.push(number.to_string()),
        }
    }
    if !broken.is_empty() && read == 0 {
        return Err(unreadable("none of its slides can be read"));
    }
    let (markdown, blocks) = assembly.finish();
    let mut warnings = Vec::new();
    if !broken.is_empty() {
        warnings.push(format!("slides that cannot be read: {}", broken.join(", ")));
    }
    if reader.repeatable == 0 {
        warnings.push("some merged cells are too large and hold their text once".to_owned());
    }
    Ok(Draft { markdown, blocks, pages: count.max(1), warnings, ..Draft::default() })
}

impl Reader<'_> {
    /// The content of a slide: its title, the rest from back to front, then notes and comments.
    fn slide(&mut self, part: &str) -> Option<Vec<Content>> {
        let slide = self.package.tree(part)?;
        self.relations = self.package.relations(part);
        let layout = self.relations.parts("slideLayout").next().map(str::to_owned);
        let layout = layout.map(|layout| self.layouts.get(&mut self.package, &layout));
        let mut contents = Vec::new();
        if let Some(tree) = slide.at(&["cSld", "spTree"]) {
            self.shapes(tree, layout.as_deref(), &mut contents);
        }
        let is_title = |content: &Content| matches!(content, Content::Heading { .. });
        let (mut ordered, rest): (Vec<Content>, Vec<Content>) = contents.into_iter().partition(is_title);
        ordered.extend(rest);
        let comments: Vec<String> = self.relations.parts("comments").map(str::to_owned).collect();
        let notes = self.relations.parts("notesSlide").next().map(str::to_owned);
        if let Some(notes) = notes {
            self.notes(&notes, &mut ordered);
        }
        for part in comments {
            if let Some(root) = self.package.tree(&part) {
                comments::read(&root, &self.authors, &mut ordered);
            }
        }
        Some(ordered)
    }

    /// What the speaker means to say.
    fn notes(&mut self, part: &str, contents: &mut Vec<Content>) {
        let Some(tree) = self.package.tree(part) else {
            return;
        };
        self.relations = self.package.relations(part);
        let mut shapes = Vec::new();
        tree.find_all("sp", &mut shapes);
        let is_body = |shape: &&Element| layouts::placeholder(shape).is_some_and(|(kind, _)| kind == "body");
        for shape in shapes.into_iter().filter(is_body) {
            let Some(body) = shape.child("txBody") else {
                continue;
            };
            for content in self.text_body(body, &[]) {
                match content {
                    Content::Paragraph { line, .. } | Content::Item { line, .. } if !line.is_blank() => {
                        contents.push(Content::Aside(line));
                    }
                    _ => {}
                }
            }
        }
    }
}
