//! A table's document as it is stored: in segments. Pure data; knows neither tables nor mounts.

use std::collections::BTreeMap;
use std::ops::Bound;

use millrace_domain::assembly::{WriteRefused, assemble, element_index, remove_at, write_at};
use millrace_domain::json_table::{DataPage, DataQuery};
use millrace_domain::mount_rules::{Container, Occupant, classify_container, occupant};
use millrace_domain::{JsonPointer, TaskId};
use serde_json::{Map, Value};

/// Plain keys from the root down. As an ordered key it keeps what is below a place right behind it, and members in
/// byte order of their plain keys, which the escaped text of a pointer does not.
pub(super) type Path = Vec<String>;

/// The path of a pointer.
pub(super) fn path_of(pointer: &JsonPointer) -> Path {
    pointer.tokens().collect()
}

/// One segment.
#[derive(Debug)]
struct Segment {
    pointer: JsonPointer,
    value: Value,
    /// The task whose mount it is.
    task: Option<TaskId>,
}

/// All segments of one table.
#[derive(Debug, Default)]
pub(super) struct Document {
    segments: BTreeMap<Path, Segment>,
}

impl Document {
    /// A document that was written directly, or an empty one.
    pub(super) fn new(root: Option<Value>) -> Self {
        let mut document = Self::default();
        if let Some(value) = root {
            document.insert(&JsonPointer::root(), value, None);
        }
        document
    }

    /// Stores a segment; what was at and below its pointer must be gone.
    pub(super) fn insert(&mut self, pointer: &JsonPointer, value: Value, task: Option<TaskId>) {
        self.segments.insert(path_of(pointer), Segment { pointer: pointer.clone(), value, task });
    }

    /// Takes out one segment; deeper ones stay. Whether it was there.
    pub(super) fn take_segment(&mut self, pointer: &JsonPointer) -> bool {
        self.segments.remove(&path_of(pointer)).is_some()
    }

    /// The index that a pointer ends in, if it leads to a member of an array.
    pub(super) fn element_index(&self, pointer: &JsonPointer) -> Option<usize> {
        let segment = self.covering(&path_of(pointer))?;
        element_index(&segment.value, &pointer.strip_prefix(&segment.pointer)?)
    }

    /// What stands where a mount wants its container.
    pub(super) fn container(&self, container: &JsonPointer) -> Container {
        let path = path_of(container);
        let covering = self.covering(&path).map(|segment| (&segment.pointer, &segment.value));
        classify_container(container, covering, self.below(&path).next().is_some())
    }

    /// Who stands where a task wants to mount.
    pub(super) fn occupant(&self, task: TaskId, pointer: &JsonPointer) -> Occupant {
        let path = path_of(pointer);
        let exact = self.segments.get(&path).map(|segment| segment.task);
        occupant(task, exact, self.below(&path).next().is_some(), self.written_at(pointer, &path).is_some())
    }

    /// Reads a page at a pointer; `None` when nothing is there.
    pub(super) fn read(&self, query: &DataQuery) -> Option<DataPage> {
        let path = path_of(&query.pointer);
        let base = self.written_at(&query.pointer, &path);
        if self.below(&path).next().is_none() {
            return match base {
                Some(Value::Object(members)) => Some(self.page(Some(members), &path, query)),
                Some(other) => Some(DataPage { value: other.clone(), next_after_key: None }),
                None if path.is_empty() => Some(DataPage { value: Value::Object(Map::new()), next_after_key: None }),
                None => None,
            };
        }
        Some(self.page(base.and_then(Value::as_object), &path, query))
    }

    /// Writes into the deepest covering segment and removes the segments below; the covering one, if it sat exactly
    /// there, is no longer a mount.
    pub(super) fn write(&mut self, pointer: &JsonPointer, value: Value) -> Result<(), WriteRefused> {
        let path = path_of(pointer);
        let depth = self.covering_depth(&path);
        let root = || Segment { pointer: JsonPointer::root(), value: Value::Object(Map::new()), task: None };
        let mut fresh_root = None;
        let segment = match depth.and_then(|depth| self.segments.get_mut(&path[..depth])) {
            Some(segment) => segment,
            None => fresh_root.insert(root()),
        };
        let rest = pointer.strip_prefix(&segment.pointer).unwrap_or_default();
        write_at(&mut segment.value, &rest, value).map_err(|refused| absolute(&segment.pointer, refused))?;
        if rest.is_root() {
            segment.task = None;
        }
        if let Some(segment) = fresh_root {
            self.segments.insert(Path::new(), segment);
        }
        self.remove_below(&path);
        Ok(())
    }

    /// Removes what is at and below a pointer; whether anything was there.
    pub(super) fn clear(&mut self, pointer: &JsonPointer) -> bool {
        let path = path_of(pointer);
        let segments = self.segments.remove(&path).is_some() | self.remove_below(&path);
        let depth = self.covering_depth(&path);
        let written = depth.and_then(|depth| self.segments.get_mut(&path[..depth])).and_then(|segment| {
            let rest = pointer.strip_prefix(&segment.pointer)?;
            remove_at(&mut segment.value, &rest)
        });
        segments || written.is_some()
    }

    /// The array at a pointer, which lives inside one segment.
    pub(super) fn array_mut(&mut self, pointer: &JsonPointer) -> Option<&mut Vec<Value>> {
        let path = path_of(pointer);
        let depth = self.covering_depth(&path)?;
        let segment = self.segments.get_mut(&path[..depth])?;
        let rest = pointer.strip_prefix(&segment.pointer)?;
        segment.value.pointer_mut(rest.as_str())?.as_array_mut()
    }

    /// Whether a value at this pointer would be part of a segment at or below `top`.
    pub(super) fn is_covered_from(&self, top: &JsonPointer, pointer: &JsonPointer) -> bool {
        self.covering_depth(&path_of(pointer)).is_some_and(|depth| depth >= top.depth())
    }

    fn covering_depth(&self, path: &[String]) -> Option<usize> {
        (0..=path.len()).rev().find(|depth| self.segments.contains_key(&path[..*depth]))
    }

    fn covering(&self, path: &[String]) -> Option<&Segment> {
        self.covering_depth(path).and_then(|depth| self.segments.get(&path[..depth]))
    }

    /// The value at a pointer inside its covering segment.
    fn written_at(&self, pointer: &JsonPointer, path: &[String]) -> Option<&Value> {
        let segment = self.covering(path)?;
        pointer.strip_prefix(&segment.pointer)?.resolve(&segment.value)
    }

    fn below<'d>(&'d self, path: &'d [String]) -> impl Iterator<Item = (&'d Path, &'d Segment)> {
        let range = self.segments.range::<[String], _>((Bound::Excluded(path), Bound::Unbounded));
        range.take_while(move |(at, _)| at.starts_with(path))
    }

    fn remove_below(&mut self, path: &[String]) -> bool {
        let below: Vec<Path> = self.below(path).map(|(at, _)| at.clone()).collect();
        for at in &below {
            self.segments.remove(at);
        }
        !below.is_empty()
    }

    /// Members in byte order of keys, from written values and segments alike; costs what is written directly and what
    /// the page holds, not what the container holds.
    fn page(&self, base: Option<&Map<String, Value>>, path: &[String], query: &DataQuery) -> DataPage {
        let after = query.after_key.as_deref();
        let mut written: Vec<&String> = base.into_iter().flat_map(Map::keys).collect();
        written.retain(|key| after.is_none_or(|after| key.as_str() > after));
        written.sort_unstable();
        let mut written = written.into_iter().peekable();
        let mut mounted = self.child_after(path, after);
        let mut members = Map::new();
        loop {
            let key = match (written.peek(), &mounted) {
                (Some(left), Some(right)) => (*left).min(right).clone(),
                (Some(left), None) => (*left).clone(),
                (None, Some(right)) => right.clone(),
                (None, None) => return DataPage { value: Value::Object(members), next_after_key: None },
            };
            if members.len() >= query.limit {
                let next_after_key = members.keys().next_back().cloned();
                return DataPage { value: Value::Object(members), next_after_key };
            }
            written.next_if(|left| **left == key);
            if mounted.as_ref() == Some(&key) {
                mounted = self.child_after(path, Some(&key));
            }
            let value = self.member(base.and_then(|members| members.get(&key)), path, &key);
            members.insert(key, value);
        }
    }

    /// The first key below `path`, greater than `after`, that has a segment at or below it.
    fn child_after(&self, path: &[String], after: Option<&str>) -> Option<String> {
        let mut start = path.to_vec();
        // No key holds NUL, so this is less than every key that follows `after`.
        start.push(after.map_or_else(String::new, |after| format!("{after}\0")));
        let (at, _) = self.segments.range(start..).next()?;
        at.starts_with(path).then(|| at.get(path.len()).cloned()).flatten()
    }

    fn member(&self, written: Option<&Value>, parent: &[String], key: &str) -> Value {
        let mut path = parent.to_vec();
        path.push(key.to_owned());
        let exact = self.segments.get(&path);
        let at = JsonPointer::from_tokens(&path).unwrap_or_default();
        let deeper = self
            .below(&path)
            .filter_map(|(_, segment)| Some((segment.pointer.strip_prefix(&at)?, segment.value.clone())));
        let base = exact.map(|segment| &segment.value).or(written).cloned();
        assemble(base, deeper.collect()).unwrap_or_default()
    }
}

/// Tells where the trouble is in terms of the whole document.
fn absolute(base: &JsonPointer, refused: WriteRefused) -> WriteRefused {
    let whole = |at: JsonPointer| JsonPointer::parse(&format!("{base}{at}")).unwrap_or(at);
    match refused {
        WriteRefused::NotContainer { at } => WriteRefused::NotContainer { at: whole(at) },
        WriteRefused::BadIndex { at, index } => WriteRefused::BadIndex { at: whole(at), index },
    }
}
