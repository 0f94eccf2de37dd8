//! A program at work on a document.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use millrace_domain::citation::{Citation, Citations};
use serde_json::{Map, Value, json};

use super::convert::{Converted, convert};
use super::document::Doc;
use super::item::{Item, Piece};
use super::limits::ExtractLimits;
use super::outcome::{Outcome, Stop, Trouble};
use super::plan::{FieldPlan, Find, Plan, Scalar, Select, Shape, Source, escaped};
use super::select::Want;
use crate::transform::Trace;
use crate::transform::citations::cut;

/// Bytes of a quote that are kept.
const MAX_QUOTE_BYTES: usize = 1_000;
/// Steps of a trace; a list of thousands of rows tells enough by its first.
const MAX_NOTES: usize = 1_000;

/// A run.
pub(super) struct Run<'d> {
    pub(super) doc: &'d Doc,
    pub(super) plan: &'d Plan,
    limits: &'d ExtractLimits,
    cancelled: &'d AtomicBool,
    trace: &'d Trace,
    scanned: Cell<u64>,
    cells: Cell<u64>,
    values: usize,
    output: u64,
    notes: usize,
    citations: Citations,
    troubles: Vec<Trouble>,
    dropped: Vec<Trouble>,
    pointer: String,
}

/// Runs a program.
///
/// # Errors
/// [`Stop`]; fields without a good value are no errors here.
pub(super) fn run(
    doc: &Doc,
    plan: &Plan,
    limits: &ExtractLimits,
    cancelled: &AtomicBool,
    trace: &Trace,
) -> Result<Outcome, Stop> {
    let mut run = Run {
        doc,
        plan,
        limits,
        cancelled,
        trace,
        scanned: Cell::new(0),
        cells: Cell::new(0),
        values: 0,
        output: 0,
        notes: 0,
        citations: Citations::new(),
        troubles: Vec::new(),
        dropped: Vec::new(),
        pointer: String::new(),
    };
    let root = Item::Blocks(std::rc::Rc::clone(&doc.whole));
    let value = match &plan.each {
        None => run.object(&plan.fields, &root)?,
        Some(selects) => {
            let (chosen, items) = run.first_of(selects, &root, Want::All)?;
            run.note(
                "each",
                || json!({ "selector": name_of(selects, chosen), "alternative": chosen + 1, "items": items.len() }),
            );
            let mut list = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                list.push(run.inside(&index.to_string(), |run| run.object(&plan.fields, item))?);
            }
            Value::Array(list)
        }
    };
    Ok(Outcome { value, citations: run.citations, troubles: run.troubles, dropped: run.dropped })
}

fn name_of(selects: &[Select], chosen: usize) -> Option<&'static str> {
    selects.get(chosen).map(|select| {
        let mut last = select;
        while let Some(then) = &last.then {
            last = then;
        }
        Find::name(&last.find)
    })
}

impl<'d> Run<'d> {
    /// Accounts for text that is looked at.
    pub(super) fn spend(&self, bytes: u64) -> Result<(), Stop> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Stop::Cancelled);
        }
        self.scanned.set(self.scanned.get().saturating_add(bytes));
        match self.scanned.get() > self.limits.max_scanned_bytes {
            true => Err(Stop::TooMuch("the selectors look at too much text")),
            false => Ok(()),
        }
    }

    /// Accounts for cells of ranges.
    pub(super) fn spend_cells(&self, cells: u64) -> Result<(), Stop> {
        self.cells.set(self.cells.get().saturating_add(cells));
        match self.cells.get() > self.limits.max_cells {
            true => Err(Stop::TooMuch("the ranges of cells are too large")),
            false => self.spend(cells),
        }
    }

    fn note(&mut self, step: &str, detail: impl FnOnce() -> Value) {
        if self.notes < MAX_NOTES {
            self.notes += 1;
            self.trace.note(step, &self.pointer, detail);
        }
    }

    /// Works on a member or an element.
    fn inside<T>(&mut self, token: &str, work: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&escaped(token));
        let done = work(self);
        self.pointer.truncate(length);
        done
    }

    fn object(&mut self, fields: &'d [(String, FieldPlan)], item: &Item<'d>) -> Result<Value, Stop> {
        let mut members = Map::new();
        for (name, field) in fields {
            if let Some(value) = self.inside(name, |run| run.field(field, item))? {
                self.output += name.len() as u64;
                members.insert(name.clone(), value);
            }
        }
        Ok(Value::Object(members))
    }

    fn field(&mut self, field: &'d FieldPlan, item: &Item<'d>) -> Result<Option<Value>, Stop> {
        let found = match &field.source {
            Source::Context => match &field.shape {
                Shape::Object(fields) => Some(self.object(fields, item)?),
                Shape::Scalar(_) => None,
            },
            Source::First(selects) => {
                let (chosen, items) = self.first_of(selects, item, Want::First)?;
                match (&field.shape, items.first()) {
                    (_, None) => {
                        self.note("field", || json!({ "found": false }));
                        None
                    }
                    (Shape::Object(fields), Some(item)) => {
                        self.note("field", || found_note(selects, chosen, 1, None));
                        Some(self.object(fields, item)?)
                    }
                    (Shape::Scalar(scalar), Some(item)) => {
                        let piece = self.piece(item);
                        self.note("field", || found_note(selects, chosen, 1, Some(&piece)));
                        self.scalar(&piece, scalar, field.required)?
                    }
                }
            }
            Source::Each(selects) => {
                let (chosen, items) = self.first_of(selects, item, Want::All)?;
                self.note("field", || match items.is_empty() {
                    true => json!({ "found": false }),
                    false => found_note(selects, chosen, items.len(), None),
                });
                self.list(field, &items)?
            }
        };
        match found {
            Some(value) => Ok(Some(value)),
            None if field.default.is_some() => {
                let default = field.default.clone();
                if let Some(value) = &default {
                    self.cite_default(value)?;
                }
                Ok(default)
            }
            None => {
                // What does not convert has been told already.
                let pointer = self.pointer.clone();
                let is_told = self.troubles.last().is_some_and(|trouble| trouble.pointer == pointer);
                if field.required && !is_told {
                    self.troubles.push(Trouble { pointer, reason: None });
                }
                Ok(match field.source {
                    Source::Each(_) if !field.required => Some(Value::Array(Vec::new())),
                    _ => None,
                })
            }
        }
    }

    /// A list of items; `None` when there are none.
    fn list(&mut self, field: &'d FieldPlan, items: &[Item<'d>]) -> Result<Option<Value>, Stop> {
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            let token = list.len().to_string();
            let element = self.inside(&token, |run| match &field.shape {
                Shape::Object(fields) => run.object(fields, item).map(Some),
                Shape::Scalar(scalar) => {
                    let piece = run.piece(item);
                    run.scalar(&piece, scalar, field.required)
                }
            })?;
            list.extend(element);
        }
        Ok((!list.is_empty()).then_some(Value::Array(list)))
    }

    /// The value of a text; `None` when there is none, or none that converts.
    fn scalar(&mut self, piece: &Piece, scalar: &Scalar, required: bool) -> Result<Option<Value>, Stop> {
        self.spend(piece.text.len() as u64)?;
        match convert(piece, scalar) {
            Converted::Value(value) => {
                self.cite(&value, piece)?;
                Ok(Some(value))
            }
            Converted::Missing => Ok(None),
            Converted::Invalid(reason) => {
                self.note("invalid", || json!({ "text": cut(&piece.text, MAX_QUOTE_BYTES), "reason": reason }));
                let trouble = Trouble { pointer: self.pointer.clone(), reason: Some(reason) };
                if required {
                    self.troubles.push(trouble)
                } else {
                    self.dropped.push(trouble)
                }
                Ok(None)
            }
        }
    }

    /// Cites every leaf of a value that was made of a text.
    fn cite(&mut self, value: &Value, piece: &Piece) -> Result<(), Stop> {
        let quote = cut(piece.text.trim(), MAX_QUOTE_BYTES);
        // It was cut out of the parsed document, which is what verified means.
        let page = piece.place.page.or_else(|| self.doc.only_page());
        let citation = Citation { page, quote: quote.to_owned(), bbox: piece.place.bbox, verified: true };
        self.cite_leaves(value, &citation)
    }

    fn cite_default(&mut self, value: &Value) -> Result<(), Stop> {
        self.cite_leaves(value, &Citation { page: None, quote: String::new(), bbox: None, verified: false })
    }

    fn cite_leaves(&mut self, value: &Value, citation: &Citation) -> Result<(), Stop> {
        match value {
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.inside(&index.to_string(), |run| run.cite_leaves(element, citation))?;
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    self.inside(name, |run| run.cite_leaves(member, citation))?;
                }
            }
            leaf => {
                self.values += 1;
                self.output += leaf.as_str().map_or(8, str::len) as u64 + citation.quote.len() as u64;
                if self.values > self.limits.max_values || self.output > self.limits.max_output_bytes {
                    return Err(Stop::TooMuch("the result is too large"));
                }
                let pointer = self.pointer.clone();
                self.citations.insert(pointer, citation.clone());
            }
        }
        Ok(())
    }
}

fn found_note(selects: &[Select], chosen: usize, items: usize, piece: Option<&Piece>) -> Value {
    json!({
        "found": true,
        "selector": name_of(selects, chosen),
        "alternative": chosen + 1,
        "items": items,
        "text": piece.map(|piece| cut(&piece.text, MAX_QUOTE_BYTES)),
        "page": piece.and_then(|piece| piece.place.page),
    })
}
