//! Turns the messages of serde into problems with a code and a pointer.

use serde_path_to_error::{Path, Segment};

use crate::problem::Problem;

/// Text of [`millrace_domain::InvalidId`], by which a refused id is told apart from other wrong values.
const INVALID_ID: &str = "an id is an integer between";

/// Explains why a value could not be read. `path` is where the reader stood.
pub fn explain(message: &str, path: &Path) -> Problem {
    let here = pointer(path);
    if let Some(name) = quoted_after(message, "unknown field ") {
        return Problem::new("unknown_field", format!("there is no field '{name}'")).at(below(&here, name));
    }
    if let Some(name) = quoted_after(message, "missing field ") {
        return Problem::new("missing_field", format!("the field '{name}' is missing")).at(below(&here, name));
    }
    if let Some(name) = quoted_after(message, "duplicate field ") {
        return Problem::new("invalid_value", format!("the field '{name}' is given twice")).at(below(&here, name));
    }
    let code = if message.contains(INVALID_ID) { "invalid_id" } else { "invalid_value" };
    // serde_json adds the position in the text, which a pointer says better.
    let detail = message.split(" at line ").next().unwrap_or(message);
    Problem::new(code, detail.to_owned()).at(here)
}

fn quoted_after<'a>(message: &'a str, lead: &str) -> Option<&'a str> {
    message.split_once(lead)?.1.strip_prefix('`')?.split('`').next()
}

/// The pointer of a member. The reader's path may or may not end with its name already.
fn below(here: &str, name: &str) -> String {
    let name = escape(name);
    if here.ends_with(&format!("/{name}")) { here.to_owned() } else { format!("{here}/{name}") }
}

fn pointer(path: &Path) -> String {
    let mut text = String::new();
    for segment in path {
        text.push('/');
        match segment {
            Segment::Seq { index } => text.push_str(&index.to_string()),
            Segment::Map { key } => text.push_str(&escape(key)),
            Segment::Enum { variant } => text.push_str(&escape(variant)),
            Segment::Unknown => text.push('?'),
        }
    }
    text
}

fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}
