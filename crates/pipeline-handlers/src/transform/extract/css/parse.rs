//! The text of selectors.

use super::{AttributeTest, Chain, Combinator, Compound, SelectorList, Test};

/// Bytes of a selector.
const MAX_BYTES: usize = 2_000;

/// Reads a list of selectors.
///
/// # Errors
/// What is wrong, for people.
pub(in super::super) fn parse(text: &str) -> Result<SelectorList, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("a CSS selector has at most {MAX_BYTES} bytes"));
    }
    let mut reader = Reader { rest: text };
    let mut chains = vec![reader.chain()?];
    while reader.eat(',') {
        chains.push(reader.chain()?);
    }
    match reader.rest.trim() {
        "" => Ok(SelectorList(chains)),
        rest => Err(format!("{rest:?} does not belong into a CSS selector")),
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn blanks(&mut self) -> bool {
        let before = self.rest.len();
        self.rest = self.rest.trim_start();
        self.rest.len() < before
    }

    fn chain(&mut self) -> Result<Chain, String> {
        self.blanks();
        let first = self.compound()?;
        let mut rest = Vec::new();
        loop {
            let blank = self.blanks();
            let combinator = match self.peek() {
                Some('>') => Combinator::Child,
                Some('+') => Combinator::Next,
                Some('~') => Combinator::Sibling,
                None | Some(',' | ')') => break,
                Some(_) if blank => Combinator::Descendant,
                Some(other) => return Err(format!("{other:?} does not belong into a CSS selector")),
            };
            if combinator != Combinator::Descendant {
                self.rest = &self.rest[1..];
                self.blanks();
            }
            rest.push((combinator, self.compound()?));
        }
        Ok(Chain { first, rest })
    }

    fn compound(&mut self) -> Result<Compound, String> {
        let mut tests = Vec::new();
        let is_any = self.eat('*');
        if !is_any && self.peek().is_some_and(is_name) {
            tests.push(Test::Tag(self.name()?.to_lowercase()));
        }
        loop {
            let test = match self.peek() {
                Some('#') => {
                    self.eat('#');
                    Test::Id(self.name()?)
                }
                Some('.') => {
                    self.eat('.');
                    Test::Class(self.name()?)
                }
                Some('[') => self.attribute()?,
                Some(':') => self.pseudo()?,
                _ => break,
            };
            tests.push(test);
        }
        match tests.is_empty() && !is_any {
            true => Err("a CSS selector names elements, as in `table.items td`".to_owned()),
            false => Ok(Compound(tests)),
        }
    }

    fn name(&mut self) -> Result<String, String> {
        let end = self.rest.find(|character| !is_name(character)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        match name.is_empty() {
            true => Err("a name is missing in the CSS selector".to_owned()),
            false => Ok(name.to_owned()),
        }
    }

    /// A name or a text in quotation marks.
    fn value(&mut self) -> Result<String, String> {
        let Some(quote @ ('"' | '\'')) = self.peek() else {
            return self.name();
        };
        self.eat(quote);
        let (value, rest) = self.rest.split_once(quote).ok_or("a quotation mark is not closed in the CSS selector")?;
        self.rest = rest;
        Ok(value.to_owned())
    }

    fn attribute(&mut self) -> Result<Test, String> {
        self.eat('[');
        self.blanks();
        let name = self.name()?.to_lowercase();
        self.blanks();
        let kinds = [
            ("~=", AttributeTest::Word),
            ("^=", AttributeTest::Starts),
            ("$=", AttributeTest::Ends),
            ("*=", AttributeTest::Contains),
            ("|=", AttributeTest::Language),
            ("=", AttributeTest::Equals),
        ];
        let mut test = None;
        for (sign, kind) in kinds {
            if let Some(rest) = self.rest.strip_prefix(sign) {
                self.rest = rest.trim_start();
                test = Some((kind, self.value()?));
                break;
            }
        }
        self.blanks();
        match self.eat(']') {
            true => Ok(Test::Attribute { name, test }),
            false => Err("a bracket is not closed in the CSS selector".to_owned()),
        }
    }

    fn pseudo(&mut self) -> Result<Test, String> {
        self.eat(':');
        let name = self.name()?.to_lowercase();
        let nth = |offset, from_end, of_type| Test::Nth { step: 0, offset, from_end, of_type };
        let test = match name.as_str() {
            "first-child" => nth(1, false, false),
            "last-child" => nth(1, true, false),
            "first-of-type" => nth(1, false, true),
            "last-of-type" => nth(1, true, true),
            "empty" => Test::Empty,
            "nth-child" | "nth-last-child" | "nth-of-type" | "nth-last-of-type" => {
                let argument = self.argument()?;
                let (step, offset) = formula(&argument)?;
                Test::Nth { step, offset, from_end: name.contains("last"), of_type: name.contains("type") }
            }
            "not" => {
                self.open()?;
                self.blanks();
                let inner = self.compound()?;
                self.blanks();
                self.close()?;
                // A negation inside a negation says what can be said without.
                if inner.0.iter().any(|test| matches!(test, Test::Not(_))) {
                    return Err("`:not` stands in `:not`".to_owned());
                }
                Test::Not(inner)
            }
            "contains" => {
                self.open()?;
                self.blanks();
                let text = self.value()?;
                self.blanks();
                self.close()?;
                Test::Contains(text)
            }
            other => return Err(format!("`:{other}` is not supported in CSS selectors")),
        };
        Ok(test)
    }

    fn open(&mut self) -> Result<(), String> {
        if self.eat('(') { Ok(()) } else { Err("`(` is missing in the CSS selector".to_owned()) }
    }

    fn close(&mut self) -> Result<(), String> {
        if self.eat(')') { Ok(()) } else { Err("`)` is missing in the CSS selector".to_owned()) }
    }

    fn argument(&mut self) -> Result<String, String> {
        self.open()?;
        let (argument, rest) = self.rest.split_once(')').ok_or("`)` is missing in the CSS selector")?;
        self.rest = rest;
        Ok(argument.to_lowercase().chars().filter(|character| !character.is_whitespace()).collect())
    }
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '-' | '_')
}

/// `2n+1`, `odd`, `3`: step and offset.
fn formula(text: &str) -> Result<(i32, i32), String> {
    let bad = || format!("{text:?} is no formula such as 2n+1");
    let number = |text: &str| text.parse::<i32>().ok().filter(|number| number.abs() <= 1_000_000).ok_or_else(bad);
    match text {
        "odd" => return Ok((2, 1)),
        "even" => return Ok((2, 0)),
        _ => {}
    }
    let Some((step, offset)) = text.split_once('n') else {
        return Ok((0, number(text)?));
    };
    let step = match step {
        "" | "+" => 1,
        "-" => -1,
        step => number(step)?,
    };
    Ok((step, if offset.is_empty() { 0 } else { number(offset)? }))
}
