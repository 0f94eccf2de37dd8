//! A program, checked and ready to run.

use std::collections::BTreeMap;

use millrace_domain::parse_options::PageRanges;
use millrace_domain::pointer::JsonPointer;
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::cells::CellRange;
use super::css;
use super::limits::ExtractLimits;
use super::program::{
    Alternatives, BlockName, Case, Column, Field, Fields, Kind, OneOrMany, Pages, Pattern, Program, RowTest, Selector,
    Step, Table,
};
use crate::transform::citations::normalise;
use crate::transform::locale::{Conventions, money};

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

/// Compares texts.
#[derive(Debug, Clone)]
pub(super) enum Matcher {
    /// Folded.
    Exact(String),
    Regex(Regex),
}

impl Matcher {
    /// Whether a text is meant.
    pub(super) fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Exact(folded) => fold(text) == *folded,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

/// A text without what does not count in names: case, blanks, and signs at its end.
pub(super) fn fold(text: &str) -> String {
    let mut folded = normalise(text);
    folded.retain(|character| character != ' ');
    let end = folded.trim_end_matches([':', '.', '：', '。']).len();
    folded.truncate(end);
    folded
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

/// Why a program cannot run, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bad {
    /// JSON Pointer inside the program.
    pub(super) pointer: String,
    pub(super) message: String,
}

type Checked<T> = Result<T, Bad>;

/// Checks a program.
///
/// # Errors
/// [`Bad`]: the first thing that cannot work.
pub(super) fn compile(program: &Program, limits: &ExtractLimits) -> Checked<Plan> {
    let base = Scalar {
        kind: Kind::String,
        steps: Vec::new(),
        conventions: Conventions::default(),
        formats: Vec::new(),
        currency: program.currency.clone(),
    };
    let mut compiler = Compiler { limits, fields: 0, labels: Vec::new(), base };
    if let Some(tag) = &program.locale {
        compiler.base.conventions = conventions(tag, "/locale")?;
    }
    currency(program.currency.as_deref(), "/currency")?;
    let each = program.each.as_ref().map(|each| compiler.alternatives(each, "/each")).transpose()?;
    let fields = compiler.fields(&program.fields, "/fields", 0)?;
    Ok(Plan { each, fields, labels: compiler.labels })
}

struct Compiler<'a> {
    limits: &'a ExtractLimits,
    fields: usize,
    labels: Vec<Matcher>,
    base: Scalar,
}

impl Compiler<'_> {
    fn fields(&mut self, fields: &Fields, at: &str, depth: usize) -> Checked<Vec<(String, FieldPlan)>> {
        if depth >= self.limits.max_depth {
            return bad(at, format!("there are more than {} levels of objects", self.limits.max_depth));
        }
        if fields.0.is_empty() {
            return bad(at, "an object has at least one field");
        }
        let mut plans = Vec::with_capacity(fields.0.len());
        for (name, field) in &fields.0 {
            let at = format!("{at}/{}", escaped(name));
            self.fields += 1;
            if self.fields > self.limits.max_fields {
                return bad(&at, format!("there are more than {} fields", self.limits.max_fields));
            }
            if name.contains('\0') {
                return bad(&at, "the name of a field holds the character U+0000");
            }
            plans.push((name.clone(), self.field(field, &at, depth)?));
        }
        Ok(plans)
    }

    fn field(&mut self, field: &Field, at: &str, depth: usize) -> Checked<FieldPlan> {
        let source = match (&field.from, &field.each) {
            (Some(_), Some(_)) => return bad(&format!("{at}/each"), "a field has `from` or `each`, not both"),
            (Some(from), None) => Source::First(self.alternatives(from, &format!("{at}/from"))?),
            (None, Some(each)) => Source::Each(self.alternatives(each, &format!("{at}/each"))?),
            (None, None) => Source::Context,
        };
        let shape = match &field.fields {
            Some(fields) => {
                no_scalar_options(field, at)?;
                Shape::Object(self.fields(fields, &format!("{at}/fields"), depth + 1)?)
            }
            None => Shape::Scalar(Box::new(self.scalar(field, at)?)),
        };
        if matches!((&source, &shape), (Source::Context, Shape::Scalar(_))) && field.default.is_none() {
            return bad(at, "a field has `from`, `each`, `fields` or `default`");
        }
        if field.required && field.default.is_some() {
            return bad(&format!("{at}/default"), "a required field has no default");
        }
        if field.default.as_ref().is_some_and(crate::transform::extract::contains_nul) {
            return bad(&format!("{at}/default"), "it holds the character U+0000");
        }
        Ok(FieldPlan { source, shape, required: field.required, default: field.default.clone() })
    }

    fn scalar(&self, field: &Field, at: &str) -> Checked<Scalar> {
        let conventions = match &field.locale {
            Some(tag) => conventions(tag, &format!("{at}/locale"))?,
            None => self.base.conventions,
        };
        currency(field.currency.as_deref(), &format!("{at}/currency"))?;
        let kind = field.kind.unwrap_or(Kind::String);
        if !field.formats.is_empty() && !matches!(kind, Kind::Date | Kind::Datetime) {
            return bad(&format!("{at}/formats"), "only fields of type `date` and `datetime` have formats");
        }
        if field.currency.is_some() && kind != Kind::Money {
            return bad(&format!("{at}/currency"), "only fields of type `money` have a currency");
        }
        for (index, format) in field.formats.iter().enumerate() {
            let mut items = chrono::format::StrftimeItems::new(format);
            if items.any(|item| matches!(item, chrono::format::Item::Error)) {
                return bad(&format!("{at}/formats/{index}"), "this is no format of strftime");
            }
        }
        let steps = field.apply.iter().enumerate();
        let steps =
            steps.map(|(index, step)| self.step(step, &format!("{at}/apply/{index}"))).collect::<Checked<_>>()?;
        Ok(Scalar {
            kind,
            steps,
            conventions,
            formats: field.formats.clone(),
            currency: field.currency.clone().or_else(|| self.base.currency.clone()),
        })
    }

    fn step(&self, step: &Step, at: &str) -> Checked<StepPlan> {
        Ok(match step {
            Step::Trim(characters) => StepPlan::Trim(characters.chars().collect()),
            Step::Replace(replace) => StepPlan::Replace {
                regex: self.regex(&replace.regex, &format!("{at}/replace/regex"))?,
                with: replace.with.clone(),
            },
            Step::Match(regex) => StepPlan::Match(self.regex(regex, &format!("{at}/match"))?),
            Step::Split(separator) if separator.is_empty() => {
                return bad(&format!("{at}/split"), "the text to cut at is empty");
            }
            Step::Split(separator) => StepPlan::Split(separator.clone()),
            Step::Take(nth) => StepPlan::Take(number(*nth, &format!("{at}/take"))?),
            Step::Join(separator) => StepPlan::Join(separator.clone()),
            Step::Map(map) => StepPlan::Map(map.iter().map(|(from, to)| (fold(from), to.clone())).collect()),
            Step::Case(case) => StepPlan::Case(*case),
        })
    }

    fn alternatives(&mut self, alternatives: &Alternatives, at: &str) -> Checked<Vec<Select>> {
        let mut selects = Vec::new();
        for (index, selector) in alternatives.as_slice().iter().enumerate() {
            let at = if alternatives.is_list() { format!("{at}/{index}") } else { at.to_owned() };
            selects.push(self.selector(selector, &at, 0)?);
        }
        Ok(selects)
    }

    fn selector(&mut self, selector: &Selector, at: &str, depth: usize) -> Checked<Select> {
        if depth >= self.limits.max_depth {
            return bad(at, format!("there are more than {} selectors in each other", self.limits.max_depth));
        }
        let find = self.find(selector, at)?;
        refinements_fit(selector, &find, at)?;
        let then = match &selector.then {
            Some(then) => Some(Box::new(self.selector(then, &format!("{at}/then"), depth + 1)?)),
            None => None,
        };
        let nth = selector.nth.map(|nth| number(nth, &format!("{at}/nth"))).transpose()?;
        Ok(Select { find, nth, then })
    }

    fn find(&mut self, selector: &Selector, at: &str) -> Checked<Find> {
        let mut kinds = Vec::new();
        if let Some(pointer) = &selector.pointer {
            let at = format!("{at}/pointer");
            let pointer = JsonPointer::parse(pointer).or_else(|error| bad(&at, error.to_string()))?;
            kinds.push(Find::Pointer(pointer.tokens().collect()));
        }
        if let Some(headings) = &selector.heading {
            kinds.push(Find::Heading(self.patterns(headings, &format!("{at}/heading"))?));
        }
        if let Some(table) = &selector.table {
            kinds.push(Find::Table(self.table(table, &format!("{at}/table"))?));
        }
        if let Some(column) = &selector.column {
            kinds.push(Find::Column(self.column(column, &format!("{at}/column"))?));
        }
        if let Some(regex) = &selector.regex {
            let regex = self.regex(regex, &format!("{at}/regex"))?;
            if let Some(group) = &selector.group
                && !regex.capture_names().flatten().any(|name| name == group)
            {
                return bad(&format!("{at}/group"), "the expression has no group of this name");
            }
            kinds.push(Find::Regex { regex, group: selector.group.clone() });
        } else if let Some(group) = &selector.group {
            kinds.push(Find::Group(group.clone()));
        }
        if let Some(text) = &selector.css {
            let selector_list = css::parse(text).or_else(|message| bad(&format!("{at}/css"), message))?;
            kinds.push(Find::Css { selector: selector_list, attribute: selector.attribute.clone() });
        }
        if let Some(cells) = &selector.cells {
            let range = CellRange::parse(cells).or_else(|message| bad(&format!("{at}/cells"), message))?;
            if range.sheet.is_some() && selector.sheet.is_some() {
                return bad(&format!("{at}/sheet"), "the range names its sheet already");
            }
            let sheet = match (&selector.sheet, &range.sheet) {
                (Some(sheet), _) => Some(self.pattern(sheet, &format!("{at}/sheet"))?),
                (None, Some(name)) => Some(Matcher::Exact(fold(name))),
                (None, None) => None,
            };
            kinds.push(Find::Cells { sheet, range, header: selector.header.unwrap_or(false) });
        }
        if let Some(key) = &selector.key {
            let labels = self.patterns(key, &format!("{at}/key"))?;
            self.labels.extend(labels.iter().cloned());
            kinds.push(Find::Key(labels));
        }
        if let Some(page) = &selector.page {
            kinds.push(Find::Page(pages(page, &format!("{at}/page"))?));
        }
        if let Some(kind) = selector.block {
            let matches = selector.matches.as_ref().map(|pattern| self.pattern(pattern, &format!("{at}/matches")));
            kinds.push(Find::Block { kind, matches: matches.transpose()? });
        }
        if selector.text.is_some() {
            kinds.push(Find::Text);
        }
        match (kinds.len(), kinds.pop()) {
            (1, Some(find)) => Ok(find),
            (0, _) => bad(at, "the selector does not say what to look for: `key`, `table`, `regex`, …"),
            _ => bad(at, "the selector looks for several things; put one of them behind `then`, or make a list"),
        }
    }

    fn table(&self, table: &Table, at: &str) -> Checked<TablePlan> {
        if table.header.is_empty() {
            return bad(&format!("{at}/header"), "a table is known by at least one column");
        }
        let mut header = Vec::new();
        for (index, column) in table.header.iter().enumerate() {
            header.push(self.patterns(column, &format!("{at}/header/{index}"))?);
        }
        Ok(TablePlan {
            header,
            nth: table.nth.map(|nth| number(nth, &format!("{at}/nth"))).transpose()?,
            page: table.page.as_ref().map(|page| pages(page, &format!("{at}/page"))).transpose()?,
            only: self.tests(&table.only, &format!("{at}/where"))?,
            skip: self.tests(&table.skip, &format!("{at}/skip"))?,
        })
    }

    fn tests(&self, tests: &[RowTest], at: &str) -> Checked<Vec<(ColumnPlan, Matcher)>> {
        let mut plans = Vec::new();
        for (index, test) in tests.iter().enumerate() {
            let column = self.column(&test.column, &format!("{at}/{index}/column"))?;
            let is = match &test.is {
                Pattern::Exact(text) => Matcher::Exact(fold(text)),
                Pattern::Regex(_) => self.pattern(&test.is, &format!("{at}/{index}/is"))?,
            };
            plans.push((column, is));
        }
        Ok(plans)
    }

    fn column(&self, column: &Column, at: &str) -> Checked<ColumnPlan> {
        match column {
            Column::Number(number) => match (*number as usize).checked_sub(1) {
                Some(index) => Ok(ColumnPlan::At(index)),
                None => bad(at, "columns count from 1"),
            },
            Column::Names(names) => self.patterns(names, at).map(ColumnPlan::Named),
        }
    }

    fn patterns(&self, patterns: &OneOrMany<Pattern>, at: &str) -> Checked<Vec<Matcher>> {
        let mut matchers = Vec::new();
        for (index, pattern) in patterns.as_slice().iter().enumerate() {
            let at = if patterns.is_list() { format!("{at}/{index}") } else { at.to_owned() };
            matchers.push(self.pattern(pattern, &at)?);
        }
        Ok(matchers)
    }

    fn pattern(&self, pattern: &Pattern, at: &str) -> Checked<Matcher> {
        match pattern {
            Pattern::Exact(text) => match fold(text) {
                folded if folded.is_empty() => bad(at, "the text is empty, or holds only signs that do not count"),
                folded => Ok(Matcher::Exact(folded)),
            },
            Pattern::Regex(pattern) => self.regex(&pattern.regex, &format!("{at}/regex")).map(Matcher::Regex),
        }
    }

    fn regex(&self, text: &str, at: &str) -> Checked<Regex> {
        if text.len() > self.limits.max_regex_bytes {
            return bad(at, format!("the expression has more than {} bytes", self.limits.max_regex_bytes));
        }
        let memory = self.limits.max_regex_memory;
        let built = RegexBuilder::new(text).size_limit(memory).dfa_size_limit(memory).build();
        built.or_else(|error| match error {
            regex::Error::CompiledTooBig(_) => bad(at, "the expression needs too much memory"),
            // The last line says what is wrong, those above draw where.
            other => bad(at, other.to_string().lines().last().unwrap_or_default().trim().to_owned()),
        })
    }
}

fn bad<T>(at: &str, message: impl Into<String>) -> Checked<T> {
    Err(Bad { pointer: at.to_owned(), message: message.into() })
}

/// A key as a token of a JSON Pointer.
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn number(nth: i64, at: &str) -> Checked<i64> {
    match nth {
        0 => bad(at, "numbers count from 1, or from -1 for the last"),
        nth => Ok(nth),
    }
}

fn conventions(tag: &str, at: &str) -> Checked<Conventions> {
    match Conventions::of(tag) {
        Some(conventions) => Ok(conventions),
        None => {
            let known: Vec<&str> = Conventions::tags().collect();
            bad(at, format!("this locale is not known; known are {}", known.join(", ")))
        }
    }
}

fn currency(code: Option<&str>, at: &str) -> Checked<()> {
    match code {
        Some(code) if !money::is_code(code) => bad(at, "this is no known ISO 4217 code"),
        _ => Ok(()),
    }
}

fn pages(pages: &Pages, at: &str) -> Checked<PageChoice> {
    let text = match pages {
        Pages::Ranges(text) if text == "all" => return Ok(PageChoice::All),
        Pages::Ranges(text) => text.clone(),
        Pages::One(page) => page.to_string(),
    };
    PageRanges::parse(&text).map(PageChoice::Some).or_else(|error| bad(at, error.to_string()))
}

/// Options that say nothing about an object.
fn no_scalar_options(field: &Field, at: &str) -> Checked<()> {
    for (name, is_set) in [
        ("type", field.kind.is_some()),
        ("apply", !field.apply.is_empty()),
        ("locale", field.locale.is_some()),
        ("formats", !field.formats.is_empty()),
        ("currency", field.currency.is_some()),
    ] {
        if is_set {
            return bad(&format!("{at}/{name}"), format!("a field with `fields` has no `{name}`"));
        }
    }
    Ok(())
}

/// Whether everything that refines a selector belongs to what it looks for.
fn refinements_fit(selector: &Selector, find: &Find, at: &str) -> Checked<()> {
    for (name, is_set, owner) in [
        ("attribute", selector.attribute.is_some(), "css"),
        ("sheet", selector.sheet.is_some(), "cells"),
        ("header", selector.header.is_some(), "cells"),
        ("matches", selector.matches.is_some(), "block"),
    ] {
        if is_set && find.name() != owner {
            return bad(&format!("{at}/{name}"), format!("`{name}` goes with `{owner}`"));
        }
    }
    Ok(())
}
