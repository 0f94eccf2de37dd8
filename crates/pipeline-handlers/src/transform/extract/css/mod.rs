//! CSS selectors over the elements of an HTML page: the part of the standard that finds data. Linear in the page for
//! each compound selector, whatever the page looks like.

mod dom;
mod parse;

pub(super) use dom::Dom;
pub(super) use parse::parse;

/// Selectors parted by commas; what any of them matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SelectorList(pub(super) Vec<Chain>);

/// Compound selectors, the outermost first, each with its relation to the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) first: Compound,
    pub(super) rest: Vec<(Combinator, Compound)>,
}

/// How an element stands to the one before it in a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Combinator {
    /// A blank.
    Descendant,
    /// `>`
    Child,
    /// `+`
    Next,
    /// `~`
    Sibling,
}

/// Tests of one element, all of which it must pass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Compound(pub(super) Vec<Test>);

/// One test of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// `td`
    Tag(String),
    /// `#total`
    Id(String),
    /// `.price`
    Class(String),
    /// `[name]`, `[name=value]`, …
    Attribute { name: String, test: Option<(AttributeTest, String)> },
    /// `:nth-child(2n+1)` from the front or the back, among all siblings or those of the same name.
    Nth { step: i32, offset: i32, from_end: bool, of_type: bool },
    /// `:not(…)`
    Not(Compound),
    /// `:contains("…")`: not of the standard, but of every tool that reads pages.
    Contains(String),
    /// `:empty`
    Empty,
}

/// How an attribute's value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttributeTest {
    /// `=`
    Equals,
    /// `~=`
    Word,
    /// `^=`
    Starts,
    /// `$=`
    Ends,
    /// `*=`
    Contains,
    /// `|=`
    Language,
}

#[cfg(test)]
mod tests;
