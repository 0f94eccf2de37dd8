//! Fingerprints of requests, the same however a client orders members and parameters.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// SHA-256 over what was asked.
pub type Fingerprint = [u8; 32];

/// Collects what was asked. Each part is framed by its length, so that parts cannot run into one another.
#[derive(Debug, Clone, Default)]
pub struct FingerprintBuilder(Sha256);

impl FingerprintBuilder {
    /// Begins with the query string.
    pub fn new(query: &str) -> Self {
        let mut pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        pairs.sort();
        let mut builder = Self::default();
        for (name, value) in pairs {
            builder.part(name.as_bytes());
            builder.part(value.as_bytes());
        }
        builder.part(b"body");
        builder
    }

    /// Adds one part.
    pub fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    /// Adds a JSON body with its members in order of their names.
    ///
    /// # Errors
    /// `invalid_json`.
    pub fn json(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        if bytes.is_empty() {
            return Ok(());
        }
        let value: Value =
            serde_json::from_slice(bytes).map_err(|error| Problem::new("invalid_json", error.to_string()))?;
        let mut text = String::with_capacity(bytes.len());
        write_sorted(&value, &mut text);
        self.part(text.as_bytes());
        Ok(())
    }

    /// The fingerprint.
    pub fn finish(self) -> Fingerprint {
        self.0.finalize().into()
    }
}

/// The reader limits the depth of a `Value`, so this recursion is bounded.
fn write_sorted(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (name, member) in members {
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write_sorted(member, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write_sorted(item, out);
                out.push(',');
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &str, body: &str) -> Fingerprint {
        let mut builder = FingerprintBuilder::new(query);
        builder.json(body.as_bytes()).expect("JSON");
        builder.finish()
    }

    #[test]
    fn order_and_spaces_do_not_count() {
        assert_eq!(
            of("a=1&b=2", r#"{"x":{"p":1,"q":[1,2]},"y":2}"#),
            of("b=2&a=1", r#"{ "y":2, "x":{"q":[1,2],"p":1}}"#)
        );
        assert_eq!(of("a=%41", ""), of("a=A", ""));
    }

    #[test]
    fn everything_else_counts() {
        let one = of("", r#"{"x":[1,2]}"#);
        for other in [of("", r#"{"x":[2,1]}"#), of("a=1", r#"{"x":[1,2]}"#), of("", r#"{"x":["1",2]}"#), of("", "")] {
            assert_ne!(one, other);
        }
        let mut parts = [FingerprintBuilder::default(), FingerprintBuilder::default()];
        parts[0].part(b"ab");
        parts[0].part(b"c");
        parts[1].part(b"a");
        parts[1].part(b"bc");
        let [first, second] = parts.map(FingerprintBuilder::finish);
        assert_ne!(first, second);
    }
}
