//! A program, checked and ready to run.

use std::collections::BTreeMap;

use millrace_domain::parse_options::PageRanges;
use regex::Regex;
use serde_json::Value;

use super::cells::CellRange;
use super::css;
use super::matcher::Matcher;
use super::program::{BlockName, Case, Kind};
use crate::transform::locale::Conventions;

/// A program ready to run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) each: Option<Vec<Select>>,
    pub(super) fields: Vec<(String, FieldPlan)>,
    /// Every label of the program: a value ends where the next label begins.
    pub(super) labels: Vec<Matcher>,
}

/// A field ready to run.
#[derive(Debug)]
pub(super) struct FieldPlan {
    pub(super) source: Source,
    pub(super) shape: Shape,
    pub(super) required: bool,
    pub(super) default: Option<Value>,
}

/// Where a field's items come from.
#[derive(Debug)]
pub(super) enum Source {
    /// The item in hand.
    Context,
    /// The first item of the first selector that finds one.
    First(Vec<Select>),
    /// All items of the first selector that finds one.
    Each(Vec<Select>),
}

/// What is made of an item.
#[derive(Debug)]
pub(super) enum Shape {
    Object(Vec<(String, FieldPlan)>),
    Scalar(Box<Scalar>),
}

/// How a text becomes a value.
#[derive(Debug)]
pub(super) struct Scalar {
    pub(super) kind: Kind,
    pub(super) steps: Vec<StepPlan>,
    pub(super) conventions: Conventions,
    pub(super) formats: Vec<String>,
    pub(super) currency: Option<String>,
}

/// A selector ready to run.
#[derive(Debug)]
pub(super) struct Select {
    pub(super) find: Find,
    pub(super) nth: Option<i64>,
    pub(super) then: Option<Box<Select>>,
}

/// What a selector looks for.
#[derive(Debug)]
pub(super) enum Find {
    Pointer(Vec<String>),
    Heading(Vec<Matcher>),
    Table(TablePlan),
    Column(ColumnPlan),
    Regex { regex: Regex, group: Option<String> },
    Group(String),
    Css { selector: css::SelectorList, attribute: Option<String> },
    Cells { sheet: Option<Matcher>, range: CellRange, header: bool },
    Key(Vec<Matcher>),
    Page(PageChoice),
    Block { kind: BlockName, matches: Option<Matcher> },
    Text,
}

impl Find {
    /// Its name in programs.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Pointer(_) => "pointer",
            Self::Heading(_) => "heading",
            Self::Table(_) => "table",
            Self::Column(_) => "column",
            Self::Regex { .. } => "regex",
            Self::Group(_) => "group",
            Self::Css { .. } => "css",
            Self::Cells { .. } => "cells",
            Self::Key(_) => "key",
            Self::Page(_) => "page",
            Self::Block { .. } => "block",
            Self::Text => "text",
        }
    }
}

/// Tables by their header.
#[derive(Debug)]
pub(super) struct TablePlan {
    pub(super) header: Vec<Vec<Matcher>>,
    pub(super) nth: Option<i64>,
    pub(super) page: Option<PageChoice>,
    pub(super) only: Vec<(ColumnPlan, Matcher)>,
    pub(super) skip: Vec<(ColumnPlan, Matcher)>,
}

/// A column.
#[derive(Debug)]
pub(super) enum ColumnPlan {
    /// From 0.
    At(usize),
    Named(Vec<Matcher>),
}

/// Pages.
#[derive(Debug)]
pub(super) enum PageChoice {
    All,
    Some(PageRanges),
}

impl PageChoice {
    /// Whether a page is meant.
    pub(super) fn contains(&self, page: u32) -> bool {
        match self {
            Self::All => true,
            Self::Some(ranges) => ranges.contains(page),
        }
    }
}

/// A step ready to run.
#[derive(Debug)]
pub(super) enum StepPlan {
    Trim(Vec<char>),
    Replace { regex: Regex, with: String },
    Match(Regex),
    Split(String),
    Take(i64),
    Join(String),
    Map(BTreeMap<String, String>),
    Case(Case),
}

/// A key as a token of a JSON Pointer.
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
