//! Every place of a request that cannot be read, not just the first.
//!
//! Serde stops at the first value that it refuses. Only then, and only for small requests, that value is taken out or
//! replaced by one that its reader takes, and the request is read again for the sake of the next refusal.

use millrace_domain::JsonPointer;
use serde_json::{Value, json};

use crate::problem::Problem;

/// Most places that are told; a request with more is told of the rest once these are mended.
const MOST_PLACES: usize = 20;
/// Larger requests are told their first place alone, in bytes: each further place means reading them several times more.
pub const LARGEST: usize = 64 * 1024;

/// A request that can be read again with one place changed.
pub trait Mendable: Clone {
    /// How many stand-ins there are.
    const STAND_INS: usize;

    /// Takes the value at a place out; `false` when nothing is there.
    fn remove(&mut self, pointer: &str) -> bool;

    /// Puts a stand-in at a place; `false` when it cannot be put there.
    fn replace(&mut self, pointer: &str, stand_in: usize) -> bool;
}

/// Adds what else is wrong to the first problem. `read` tells what is wrong with a changed request.
pub fn collect<D: Mendable>(first: Problem, mut request: D, read: impl Fn(&D) -> Result<(), Problem>) -> Problem {
    let mut problem = first;
    while problem.pointers().len() < MOST_PLACES {
        let Some(place) = problem.pointers().last().map(|place| (*place).to_owned()) else { break };
        match mend(&mut request, &place, &read) {
            // A required value for which nothing stands in is missing once it was taken out.
            Some(Err(next)) if next.pointers().iter().all(|place| !problem.pointers().contains(place)) => {
                problem = problem.with_places_of(next);
            }
            _ => break,
        }
    }
    problem
}

/// Changes the request so that its reader gets past a place; what it says then, or `None` if nothing helps.
fn mend<D: Mendable>(
    request: &mut D,
    place: &str,
    read: impl Fn(&D) -> Result<(), Problem>,
) -> Option<Result<(), Problem>> {
    let is_past = |outcome: &Result<(), Problem>| match outcome {
        Ok(()) => true,
        // Something at or below the place is about the stand-in.
        Err(next) => next.pointers().last().is_some_and(|next| !is_within(next, place)),
    };
    for stand_in in 0..=D::STAND_INS {
        let mut changed = request.clone();
        let fits = if stand_in < D::STAND_INS { changed.replace(place, stand_in) } else { changed.remove(place) };
        if fits {
            let outcome = read(&changed);
            if is_past(&outcome) {
                *request = changed;
                return Some(outcome);
            }
        }
    }
    None
}

fn is_within(pointer: &str, place: &str) -> bool {
    pointer.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Mendable for Value {
    const STAND_INS: usize = 7;

    fn remove(&mut self, pointer: &str) -> bool {
        let Some((object, name)) = member(self, pointer) else { return false };
        object.remove(&name).is_some()
    }

    fn replace(&mut self, pointer: &str, stand_in: usize) -> bool {
        let values =
            [json!(null), json!(1), json!("x"), json!(true), json!([]), json!({}), json!("2026-01-01T00:00:00Z")];
        let Some(value) = values.into_iter().nth(stand_in) else { return false };
        if let Some(there) = self.pointer_mut(pointer) {
            *there = value;
            return true;
        }
        let Some((object, name)) = member(self, pointer) else { return false };
        object.insert(name, value);
        true
    }
}

/// The object that holds, or would hold, the member of a pointer, and the member's name.
fn member<'v>(value: &'v mut Value, pointer: &str) -> Option<(&'v mut serde_json::Map<String, Value>, String)> {
    let pointer = JsonPointer::parse(pointer).ok()?;
    let name = pointer.tokens().last()?;
    let parent = pointer.as_str().rsplit_once('/')?.0;
    Some((value.pointer_mut(parent)?.as_object_mut()?, name))
}

/// The pairs of a query string or a form.
impl Mendable for Vec<(String, String)> {
    const STAND_INS: usize = 4;

    fn remove(&mut self, pointer: &str) -> bool {
        let before = self.len();
        self.retain(|(name, _)| Some(name.as_str()) != pointer.strip_prefix('/'));
        self.len() < before
    }

    fn replace(&mut self, pointer: &str, stand_in: usize) -> bool {
        let Some(name) = pointer.strip_prefix('/') else { return false };
        let Some(text) = ["1", "true", "x", "2026-01-01T00:00:00Z"].get(stand_in) else { return false };
        self.retain(|(known, _)| known != name);
        self.push((name.to_owned(), (*text).to_owned()));
        true
    }
}
