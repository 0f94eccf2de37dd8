//! The header of a table: unique, non-empty keys for row objects.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::failure::ParseFailure;

/// Keys of a table's columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    keys: Vec<String>,
    unnamed: usize,
    renamed: usize,
}

impl Header {
    /// Keys from header cells: blanks become `column_<n>`, repeats get a number.
    pub(crate) fn from_cells<S: AsRef<str>>(cells: &[S]) -> Self {
        Self::reserving(cells, &[])
    }

    /// Like [`from_cells`](Self::from_cells), leaving some keys free for the caller.
    pub(crate) fn reserving<S: AsRef<str>>(cells: &[S], reserved: &[&str]) -> Self {
        // Stores cannot hold NUL: names that differ by it alone would become one, and a column would be lost.
        let cells: Vec<Cow<'_, str>> = cells.iter().map(|cell| without_nul(cell.as_ref())).collect();
        // Names that stand in the file as they are keep them; only repeats and blanks make way.
        let named: HashSet<&str> = cells.iter().map(|cell| cell.trim()).filter(|name| !name.is_empty()).collect();
        let mut taken: HashSet<String> = reserved.iter().map(|name| (*name).to_owned()).collect();
        let mut header = Self { keys: Vec::with_capacity(cells.len()), unnamed: 0, renamed: 0 };
        let mut numbers = HashMap::new();
        for (index, cell) in cells.iter().enumerate() {
            let name = cell.trim();
            let column = index + 1;
            let key = if name.is_empty() {
                header.unnamed += 1;
                free_key("column", column, &mut numbers, &named, &taken)
            } else if taken.contains(name) {
                header.renamed += 1;
                free_key(name, column, &mut numbers, &named, &taken)
            } else {
                name.to_owned()
            };
            taken.insert(key.clone());
            header.keys.push(key);
        }
        header
    }

    /// One row as an object; cells beyond the header are left out.
    pub(crate) fn row(&self, cells: impl Iterator<Item = Value>) -> Map<String, Value> {
        self.keys.iter().cloned().zip(cells).collect()
    }

    /// What the names cost in each row of JSON, in bytes: quotes, colon, comma and the quotes of the value with them.
    pub(crate) fn bytes(&self) -> u64 {
        self.keys.iter().map(|key| key.len() as u64 + 6).sum()
    }

    /// The keys as JSON strings.
    ///
    /// # Errors
    /// Only when a text cannot be serialised, which no text makes happen.
    pub(crate) fn json(&self) -> Result<Vec<Vec<u8>>, ParseFailure> {
        let keys = self.keys.iter().map(serde_json::to_vec);
        keys.collect::<Result<_, _>>().map_err(|error| ParseFailure::unreadable("table", error))
    }

    /// What the reader should know about the keys.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.unnamed > 0 {
            warnings.push(format!("{} columns without a header are named column_<number>", self.unnamed));
        }
        if self.renamed > 0 {
            warnings.push(format!("{} columns with a repeated header got a number", self.renamed));
        }
        warnings
    }
}

fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "")) } else { Cow::Borrowed(text) }
}

/// `<stem>_<column>`, or the next number that is free.
fn free_key<'a>(
    stem: &'a str,
    column: usize,
    numbers: &mut HashMap<&'a str, usize>,
    named: &HashSet<&str>,
    taken: &HashSet<String>,
) -> String {
    // Never below the last number of this name: else many equal names would be counted through again and again.
    let next = numbers.entry(stem).or_insert(column);
    *next = column.max(*next);
    loop {
        let key = format!("{stem}_{next}");
        *next += 1;
        if !named.contains(key.as_str()) && !taken.contains(&key) {
            return key;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_of_equal_names_is_linear() {
        // Every repeated name finds the next thousands of numbers taken.
        let named: Vec<String> = (50_000..100_000).map(|number| format!("a_{number}")).collect();
        let cells: Vec<&str> = named.iter().map(String::as_str).chain(std::iter::repeat_n("a", 100_000)).collect();
        let header = Header::from_cells(&cells);
        assert_eq!(header.keys.iter().collect::<HashSet<_>>().len(), 150_000);
        assert_eq!(header.keys[149_999], "a_199998");
    }

    #[test]
    fn keys_are_unique_and_named() {
        let check = |cells: &[&str], keys: &[&str]| assert_eq!(Header::from_cells(cells).keys, keys, "{cells:?}");
        check(&["a", " b "], &["a", "b"]);
        check(&["", "", "column_2"], &["column_1", "column_3", "column_2"]);
        check(&["a", "a", "a_2"], &["a", "a_3", "a_2"]);
        check(&["a", "\0a", "\0", "a\0"], &["a", "a_2", "column_3", "a_4"]);
        check(&[], &[]);
        assert_eq!(Header::reserving(&["_sheet"], &["_sheet"]).keys, ["_sheet_1"]);
    }
}
