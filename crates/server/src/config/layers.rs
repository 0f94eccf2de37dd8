//! Lays the environment over the file: one tree of values, each of which knows where it came from.

use std::collections::BTreeMap;

/// Prefix of the environment variables.
const PREFIX: &str = "MILLRACE_";

/// Variables with the prefix that are no keys: the file's place, the Postgres programs, what the client commands and tests read.
const RESERVED: [&str; 5] = ["CONFIG", "PG_BIN", "URL", "API_KEY", "TOKEN"];

/// Prefixes, after [`PREFIX`], that are left to tests and benchmarks.
const RESERVED_PREFIXES: [&str; 2] = ["TEST_", "BENCH_"];

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// The file.
    File,
    /// An environment variable, by name.
    Variable(String),
}

/// A value and its origin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// The value.
    pub(super) value: Value,
    /// Whence.
    pub(super) origin: Origin,
}

/// A value of either layer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Named values.
    Table(BTreeMap<String, Node>),
    /// Typed already, by TOML.
    Typed(toml::Value),
    /// From the environment: the field decides what it means.
    Text(String),
}

impl Node {
    /// The tree of a file.
    pub(super) fn from_file(table: toml::Table) -> Self {
        let children = table.into_iter().map(|(key, value)| {
            let node = match value {
                toml::Value::Table(table) => Self::from_file(table),
                value => Self { value: Value::Typed(value), origin: Origin::File },
            };
            (key, node)
        });
        Self { value: Value::Table(children.collect()), origin: Origin::File }
    }

    /// Lays variables over the tree: `MILLRACE_QUEUE__MAX_PENDING` is `queue.max_pending`. An empty one counts as unset.
    pub(super) fn overlay(&mut self, variables: impl IntoIterator<Item = (String, String)>) {
        let mut keys: Vec<(String, String)> =
            variables.into_iter().filter(|(name, text)| is_key(name) && !text.is_empty()).collect();
        // A whole section first, so that its single keys win over it.
        keys.sort();
        for (name, text) in keys {
            let path: Vec<String> = name[PREFIX.len()..].split("__").map(str::to_lowercase).collect();
            let origin = Origin::Variable(name);
            self.insert(&path, Self { value: Value::Text(text), origin });
        }
    }

    /// Sets a value that neither layer has.
    pub(super) fn set_default(&mut self, path: &[&str], node: Self) {
        let path: Vec<String> = path.iter().map(|&part| part.to_owned()).collect();
        if !self.contains(&path) {
            self.insert(&path, node);
        }
    }

    fn contains(&self, path: &[String]) -> bool {
        match (&self.value, path.split_first()) {
            (_, None) => true,
            (Value::Table(children), Some((first, rest))) => {
                children.get(first).is_some_and(|child| child.contains(rest))
            }
            _ => false,
        }
    }

    fn insert(&mut self, path: &[String], node: Self) {
        let Some((first, rest)) = path.split_first() else {
            *self = node;
            return;
        };
        if !matches!(self.value, Value::Table(_)) {
            *self = Self { value: Value::Table(BTreeMap::new()), origin: node.origin.clone() };
        }
        if let Value::Table(children) = &mut self.value {
            let empty = Self { value: Value::Table(BTreeMap::new()), origin: node.origin.clone() };
            children.entry(first.clone()).or_insert(empty).insert(rest, node);
        }
    }
}

fn is_key(name: &str) -> bool {
    name.strip_prefix(PREFIX)
        .is_some_and(|key| !RESERVED.contains(&key) && !RESERVED_PREFIXES.iter().any(|prefix| key.starts_with(prefix)))
}
