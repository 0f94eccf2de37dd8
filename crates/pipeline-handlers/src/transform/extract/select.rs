//! Selectors at work.

use std::borrow::Cow;
use std::rc::Rc;

use serde_json::Value;

use super::document::step;
use super::item::{BlockSet, Groups, Item, Piece, Place, Row, text_of_value};
use super::outcome::Stop;
use super::plan::{Find, Select};
use super::run::Run;
use super::{css, table};
use crate::parser::Parser as _;
use crate::parsers::html::HtmlParser;

/// How many items are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// The first; an array is one item.
    First,
    /// All; an array is its elements.
    All,
}

/// Most items of one selector.
const MAX_ITEMS: usize = 2_000_000;

impl<'d> Run<'d> {
    /// The items of the first selector that finds one, and which selector that was.
    pub(super) fn first_of(
        &self,
        selects: &[Select],
        item: &Item<'d>,
        want: Want,
    ) -> Result<(usize, Vec<Item<'d>>), Stop> {
        for (index, select) in selects.iter().enumerate() {
            let items = self.select(select, item, want)?;
            if !items.is_empty() {
                return Ok((index, items));
            }
        }
        Ok((selects.len(), Vec::new()))
    }

    fn select(&self, select: &Select, item: &Item<'d>, want: Want) -> Result<Vec<Item<'d>>, Stop> {
        let is_last = select.then.is_none() && select.nth.is_none();
        let mut items = self.look(&select.find, item, if is_last { want } else { Want::All })?;
        if items.len() > MAX_ITEMS {
            return Err(Stop::TooMuch("a selector finds too many items"));
        }
        if let Some(nth) = select.nth {
            items = super::pick(items, nth).into_iter().collect();
        }
        if let Some(then) = &select.then {
            let mut inner = Vec::new();
            for item in &items {
                inner.extend(self.select(then, item, want)?);
                if want == Want::First && !inner.is_empty() {
                    break;
                }
                if inner.len() > MAX_ITEMS {
                    return Err(Stop::TooMuch("a selector finds too many items"));
                }
            }
            items = inner;
        }
        if want == Want::First {
            items.truncate(1);
        }
        Ok(items)
    }

    fn look(&self, find: &Find, item: &Item<'d>, want: Want) -> Result<Vec<Item<'d>>, Stop> {
        Ok(match find {
            Find::Pointer(tokens) => self.pointer(tokens, item, want),
            Find::Heading(path) => match item {
                Item::Blocks(set) => self.sections(path, set)?,
                _ => Vec::new(),
            },
            Find::Table(plan) => match item {
                Item::Blocks(set) => {
                    self.spend(self.size(item))?;
                    let sheets: Vec<_> = self.sheets_of(set).collect();
                    let tables = match sheets.is_empty() {
                        true => table::in_blocks(plan, &self.doc.parsed.blocks, &set.indexes),
                        false => sheets.into_iter().flat_map(|sheet| table::in_sheet(plan, sheet)).collect(),
                    };
                    table::rows(plan, tables)
                }
                _ => Vec::new(),
            },
            Find::Column(column) => match item {
                Item::Row(row) => {
                    table::cell(row, column).map(|cell| Item::Piece(Rc::new(cell.clone()))).into_iter().collect()
                }
                _ => Vec::new(),
            },
            Find::Regex { regex, group } => self.matches(regex, group.as_deref(), item, want)?,
            Find::Group(name) => match item {
                Item::Piece(piece) => {
                    let groups = piece.groups.as_deref().map_or(&[][..], Vec::as_slice);
                    let text = groups.iter().find(|(known, _)| known == name).and_then(|(_, text)| text.as_deref());
                    let one = |text: &str| Item::Piece(Rc::new(Piece::text(text, piece.place)));
                    text.map(one).into_iter().collect()
                }
                _ => Vec::new(),
            },
            Find::Css { selector, attribute } => self.css(selector, attribute.as_deref(), item)?,
            Find::Cells { sheet, range, header } => match item {
                Item::Blocks(set) => {
                    let mut items = Vec::new();
                    let named = |name: &str| sheet.as_ref().is_none_or(|matcher| matcher.is_match(name));
                    for grid in self.sheets_of(set).filter(|grid| named(&grid.name)) {
                        self.spend_cells(range.places(grid))?;
                        items.extend(range.items(grid, *header));
                    }
                    items
                }
                _ => Vec::new(),
            },
            Find::Key(labels) => self.labelled(labels, item)?,
            Find::Page(choice) => match item {
                Item::Blocks(set) => self.pages(choice, set),
                _ => Vec::new(),
            },
            Find::Block { kind, matches } => match item {
                Item::Blocks(set) => self.blocks(*kind, matches.as_ref(), set)?,
                _ => Vec::new(),
            },
            Find::Text => vec![item.clone()],
        })
    }

    fn pointer(&self, tokens: &[String], item: &Item<'d>, want: Want) -> Vec<Item<'d>> {
        let found = match item {
            Item::Value(value, place) => step(value, tokens).map(|value| (value, *place)),
            _ => self.doc.at(tokens),
        };
        match found {
            Some((Value::Array(elements), place)) if want == Want::All => {
                elements.iter().map(|element| Item::Value(element, place)).collect()
            }
            Some((value, place)) => vec![Item::Value(value, place)],
            None => Vec::new(),
        }
    }

    fn matches(
        &self,
        regex: &regex::Regex,
        group: Option<&str>,
        item: &Item<'d>,
        want: Want,
    ) -> Result<Vec<Item<'d>>, Stop> {
        self.spend(self.size(item))?;
        let (text, place_of): (Cow<'_, str>, Box<dyn Fn(usize) -> Place + '_>) = match item {
            Item::Blocks(set) => {
                let joined = set.joined(&self.doc.parsed.blocks);
                (Cow::Borrowed(joined.text.as_str()), Box::new(|at| joined.place(at)))
            }
            other => {
                let piece = self.piece(other);
                (Cow::Owned(piece.text), Box::new(move |_| piece.place))
            }
        };
        let names: Vec<&str> = regex.capture_names().flatten().collect();
        let mut found = Vec::new();
        for captures in regex.captures_iter(&text).take(MAX_ITEMS + 1) {
            let chosen = match group {
                Some(name) => captures.name(name),
                None => captures.name("value").or_else(|| captures.get(usize::from(captures.len() > 1))),
            };
            // A group that took no part in the match says nothing.
            let Some(chosen) = chosen else { continue };
            let groups: Groups = names
                .iter()
                .map(|name| ((*name).to_owned(), captures.name(name).map(|group| group.as_str().trim().to_owned())))
                .collect();
            let piece = Piece::text(chosen.as_str().trim(), place_of(chosen.start()));
            found.push(Item::Piece(Rc::new(Piece { groups: Some(Rc::new(groups)), ..piece })));
            if want == Want::First {
                break;
            }
        }
        Ok(found)
    }

    fn css(
        &self,
        selector: &css::SelectorList,
        attribute: Option<&str>,
        item: &Item<'d>,
    ) -> Result<Vec<Item<'d>>, Stop> {
        let within = match item {
            Item::Node(node) => Some(*node),
            Item::Blocks(set) if set.is_whole => None,
            _ => return Ok(Vec::new()),
        };
        let dom = &self.doc.dom;
        if dom.is_empty() && self.doc.parsed.parser == HtmlParser.name() {
            return Err(Stop::TooMuch("the page is too large, or too deep, for CSS selectors"));
        }
        self.spend(dom.extent(within) as u64 * 64)?;
        let nodes = dom.select(selector, within);
        Ok(match attribute {
            None => nodes.into_iter().map(Item::Node).collect(),
            Some(name) => nodes
                .into_iter()
                .filter_map(|node| dom.attribute(node, name))
                .map(|value| Item::Piece(Rc::new(Piece::text(value, Place::default()))))
                .collect(),
        })
    }

    /// The sheets whose blocks these are.
    pub(super) fn sheets_of<'a>(&'a self, set: &'a BlockSet) -> impl Iterator<Item = &'a super::grid::SheetGrid> {
        let blocks = &self.doc.parsed.blocks;
        self.doc
            .sheets
            .iter()
            .filter(move |sheet| set.is_whole || set.indexes.iter().any(|index| blocks[*index].page == sheet.page))
    }

    /// What an item says, as text, with the value where it has one.
    pub(super) fn piece(&self, item: &Item<'d>) -> Piece {
        match item {
            Item::Blocks(set) => {
                let joined = set.joined(&self.doc.parsed.blocks);
                Piece::text(joined.text.as_str(), joined.place(0))
            }
            Item::Piece(piece) => Piece::clone(piece),
            Item::Row(row) => row_piece(row),
            Item::Value(value, place) => Piece::value(value, *place),
            Item::Node(node) => Piece::text(self.doc.dom.text(*node), Place::default()),
        }
    }

    /// About how many bytes are looked at when an item is searched.
    pub(super) fn size(&self, item: &Item<'d>) -> u64 {
        let size = match item {
            Item::Blocks(set) if set.is_whole && !self.doc.sheets.is_empty() => self.doc.parsed.markdown.len(),
            Item::Blocks(set) => set.joined(&self.doc.parsed.blocks).text.len(),
            Item::Piece(piece) => piece.text.len(),
            Item::Row(row) => row.cells.iter().map(|cell| cell.text.len()).sum(),
            Item::Value(value, _) => text_of_value(value).len(),
            Item::Node(node) => self.doc.dom.extent(Some(*node)) * 32,
        };
        size as u64 + 32
    }
}

fn row_piece(row: &Row) -> Piece {
    let texts: Vec<&str> = row.cells.iter().map(|cell| cell.text.as_str()).collect();
    let place = row.cells.iter().find(|cell| !cell.text.is_empty()).map(|cell| cell.place).unwrap_or_default();
    Piece::text(texts.join("\t"), place)
}
