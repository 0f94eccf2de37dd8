//! The extract language as rules have it in `options`: plain JSON. What the types do not say is checked in
//! [`compile`](super::compile). `docs/rules.md` explains it to people, `docs/extract.schema.json` to machines; what can be
//! written in several ways is read by [`reading`](super::reading).

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer};
use serde_json::Value;

use super::reading::OneOrMany;

#[cfg(test)]
use schemars::JsonSchema;

/// A whole program: one object of the document, or a list of objects of its rows, pages, sections, …
#[derive(Debug, Clone, serde::Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Program {
    /// Makes the result a list with one object for each item that this selects: `{"table": …}` for one object a row,
    /// `{"page": "all"}` for one object a page.
    #[serde(default)]
    pub(super) each: Option<Alternatives>,
    /// Language of numbers and dates for every field that names none: `de`, `en-GB`, `fr`, …
    #[serde(default)]
    pub(super) locale: Option<String>,
    /// Currency of amounts that show none: an ISO 4217 code.
    #[serde(default)]
    pub(super) currency: Option<String>,
    /// The fields of the object.
    pub(super) fields: Fields,
}

/// Fields by name, in the order of the result.
#[derive(Debug, Clone)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(transparent))]
pub(super) struct Fields(#[cfg_attr(test, schemars(with = "BTreeMap<String, Field>"))] pub(super) Vec<(String, Field)>);

/// One field of the result.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct Field {
    /// Where the value stands: the first item of the first selector that finds one. With `fields`: the part of the
    /// document in which the members are looked for.
    pub(super) from: Option<Alternatives>,
    /// Makes the field a list with one element for each item that the first successful selector finds.
    pub(super) each: Option<Alternatives>,
    /// Makes the field (or each element) an object.
    pub(super) fields: Option<Fields>,
    /// Type of the value; `string` when absent.
    #[serde(rename = "type")]
    pub(super) kind: Option<Kind>,
    /// Steps between the text as it stands and its type, in order.
    pub(super) apply: Vec<Step>,
    /// Whether the task fails when nothing is found or it does not convert.
    pub(super) required: bool,
    /// The value when nothing is found, as it is.
    #[serde(deserialize_with = "present")]
    pub(super) default: Option<Value>,
    /// Language of the number or date.
    pub(super) locale: Option<String>,
    /// Formats of dates and times, in the notation of strftime (`%d/%m/%Y`), tried in order instead of the locale.
    pub(super) formats: Vec<String>,
    /// Currency of an amount that shows none: an ISO 4217 code.
    pub(super) currency: Option<String>,
}

/// Keeps `null` apart from absence.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// Text, without blanks around it.
    String,
    /// A whole number between -2^53+1 and 2^53-1.
    Integer,
    /// A number that a double holds exactly as written.
    Number,
    /// A number of any length, as text in plain digits: `"1234.50"`.
    Decimal,
    /// `true` or `false`, from words of several languages and from marks.
    Boolean,
    /// A day, as `2024-03-01`.
    Date,
    /// A moment, as `2024-03-01T10:20:30`, with `Z` or an offset where the text has one.
    Datetime,
    /// `{"amount": 1234.5, "currency": "EUR"}`; `currency` is null where nothing tells it.
    Money,
    /// The value as the document has it: typed in sheets and data files, text elsewhere.
    Json,
}

/// One selector, or several of which the first that finds something counts.
pub(super) type Alternatives = OneOrMany<Selector>;

/// One way of finding something. Exactly one of `pointer`, `heading`, `table`, `column`, `regex`, `group`, `css`,
/// `cells`, `key`, `page`, `block` and `text` says which; the others refine it.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(transform = super::schema::exactly_one_kind))]
#[serde(deny_unknown_fields, default)]
pub(super) struct Selector {
    /// JSON Pointer into the parsed document (`/data/order/id`, `/rows/0/name`, `/blocks/3/text`, `/filename`), or
    /// into the value in hand. Under `each`, the elements of the array it leads to.
    pub(super) pointer: Option<String>,
    /// The text below a heading, to the next one of its level; several lead from the outer to the inner one.
    pub(super) heading: Option<OneOrMany<Pattern>>,
    /// Tables whose header has these columns; their rows.
    pub(super) table: Option<Table>,
    /// A cell of the row in hand.
    pub(super) column: Option<Column>,
    /// A regular expression; its group `value`, its first group, or all of the match.
    pub(super) regex: Option<String>,
    /// A named group: of `regex`, or of the match in hand.
    pub(super) group: Option<String>,
    /// A CSS selector; HTML only.
    pub(super) css: Option<String>,
    /// With `css`: this attribute instead of the text.
    pub(super) attribute: Option<String>,
    /// A range of cells of a workbook: `B2`, `B2:D9`, `B2:D` (down to the last row), `Sheet1!B2:D9`.
    pub(super) cells: Option<String>,
    /// With `cells`: the sheets to look at, by name.
    pub(super) sheet: Option<Pattern>,
    /// With `cells`: whether the first row of the range names the columns.
    pub(super) header: Option<bool>,
    /// The value beside a label: `Label: value` in a line, the next cell of a row, the next line.
    pub(super) key: Option<OneOrMany<Pattern>>,
    /// Pages, slides or sheets: a number, ranges such as `1-3,7`, or `all`.
    pub(super) page: Option<Pages>,
    /// Blocks of a kind: `heading`, `paragraph`, `list_item`, `table`, `code`, `image`, or `any`.
    pub(super) block: Option<BlockName>,
    /// With `block`: only those whose text matches.
    pub(super) matches: Option<Pattern>,
    /// All of the text in hand.
    pub(super) text: Option<Everything>,
    /// Only the item of this number, from 1; from the end when negative.
    pub(super) nth: Option<i64>,
    /// What to look for inside each item.
    pub(super) then: Option<Box<Selector>>,
}

/// Tables by their header.
#[derive(Debug, Clone, serde::Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    /// Columns that the header must have, in any order; each by one name or several.
    pub(super) header: Vec<OneOrMany<Pattern>>,
    /// Only the matching table of this number, from 1; from the end when negative. All of them when absent, as one.
    #[serde(default)]
    pub(super) nth: Option<i64>,
    /// Only tables on these pages.
    #[serde(default)]
    pub(super) page: Option<Pages>,
    /// Only rows that pass all of these.
    #[serde(default, rename = "where")]
    pub(super) only: Vec<RowTest>,
    /// No rows that pass any of these.
    #[serde(default)]
    pub(super) skip: Vec<RowTest>,
}

/// A test of one cell.
#[derive(Debug, Clone, serde::Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RowTest {
    /// The cell.
    pub(super) column: Column,
    /// What it says; an empty text asks for an empty cell.
    pub(super) is: Pattern,
}

/// A column by its name, by one of several names, or by its number from 1. Columns of cells without a header have
/// their letters as names.
#[derive(Debug, Clone)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub(super) enum Column {
    /// By number, from 1.
    Number(u32),
    /// By name.
    Names(OneOrMany<Pattern>),
}

/// A text to compare with: case, blanks and signs at the end do not count. Or a regular expression.
#[derive(Debug, Clone)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub(super) enum Pattern {
    /// The text.
    Exact(String),
    /// An expression that occurs in the text.
    Regex(RegexPattern),
}

/// A regular expression as an object.
#[derive(Debug, Clone, serde::Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RegexPattern {
    /// The expression, in the syntax of the Rust crate `regex`.
    pub(super) regex: String,
}

/// Pages.
#[derive(Debug, Clone)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub(super) enum Pages {
    /// One page, from 1.
    One(u32),
    /// `all`, or ranges such as `1-3,7`.
    Ranges(String),
}

/// Kinds of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum BlockName {
    /// Any kind.
    Any,
    /// A heading.
    Heading,
    /// Running text.
    Paragraph,
    /// An item of a list.
    ListItem,
    /// A table.
    Table,
    /// Code.
    Code,
    /// A picture.
    Image,
}

/// Says that all of the text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum Everything {
    /// All of it.
    All,
}

/// One step on the way from the text to the value.
#[derive(Debug, Clone, serde::Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Step {
    /// Removes these characters, and blanks, from both ends.
    Trim(String),
    /// Replaces every match.
    Replace(Replace),
    /// Keeps the group `value`, the first group, or all of the first match; nothing when there is none.
    Match(String),
    /// Makes a list, cutting at a text.
    Split(String),
    /// Keeps one element of a list, from 1; from the end when negative.
    Take(i64),
    /// Makes one text of a list.
    Join(String),
    /// Replaces a text that is a key here (case and blanks do not count) by its value.
    Map(BTreeMap<String, String>),
    /// Changes the case.
    Case(Case),
}

/// A replacement.
#[derive(Debug, Clone, serde::Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Replace {
    /// A regular expression.
    pub(super) regex: String,
    /// What stands for it; `$1` and `${name}` are groups.
    pub(super) with: String,
}

/// Upper or lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum Case {
    /// Upper case.
    Upper,
    /// Lower case.
    Lower,
}
