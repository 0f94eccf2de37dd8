//! Selectors: what they look for, and what refines it.

use millrace_domain::parse_options::PageRanges;
use millrace_domain::pointer::JsonPointer;
use regex::{Regex, RegexBuilder};

use super::{Checked, Compiler, bad, number};
use crate::transform::extract::cells::CellRange;
use crate::transform::extract::css;
use crate::transform::extract::matcher::{Matcher, fold};
use crate::transform::extract::plan::{ColumnPlan, Find, PageChoice, Select, TablePlan};
use crate::transform::extract::program::{Alternatives, Column, Pages, Pattern, RowTest, Selector, Table};
use crate::transform::extract::reading::OneOrMany;

impl Compiler<'_> {
    /// Compiles selectors of which the first that finds something counts.
    pub(super) fn alternatives(&mut self, alternatives: &Alternatives, at: &str) -> Checked<Vec<Select>> {
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

    /// Compiles an expression, within the limits.
    pub(super) fn regex(&self, text: &str, at: &str) -> Checked<Regex> {
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

fn pages(pages: &Pages, at: &str) -> Checked<PageChoice> {
    let text = match pages {
        Pages::Ranges(text) if text == "all" => return Ok(PageChoice::All),
        Pages::Ranges(text) => text.clone(),
        Pages::One(page) => page.to_string(),
    };
    PageRanges::parse(&text).map(PageChoice::Some).or_else(|error| bad(at, error.to_string()))
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
