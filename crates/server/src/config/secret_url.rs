//! A database address whose password no log, error or listing shows.

use std::fmt;

use millrace_domain::secret::MASK;
use serde::{Deserialize, Serialize, Serializer};

/// A database address; its password is shown nowhere, the rest is.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// Wraps an address.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The address with its password, for the driver.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The address without its password. A form we do not know is hidden whole.
    pub fn redacted(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else { return MASK.to_owned() };
        let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
        let mut shown = format!("{scheme}://");
        match place.rsplit_once('@') {
            Some((user, host)) => {
                let (name, password) = user.split_once(':').map_or((user, None), |(name, word)| (name, Some(word)));
                shown.push_str(name);
                shown.push_str(password.map_or("", |_| ":***"));
                shown.push('@');
                shown.push_str(host);
            }
            None => shown.push_str(place),
        }
        if let Some(query) = query {
            let pairs: Vec<String> = query.split('&').map(redact_pair).collect();
            shown.push('?');
            shown.push_str(&pairs.join("&"));
        }
        shown
    }
}

fn redact_pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if name.to_ascii_lowercase().contains("password") => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.redacted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked_wherever_they_stand() {
        for (url, expected) in [
            ("postgres://db.example/millrace", "postgres://db.example/millrace"),
            ("postgres://ann@db.example:5432/millrace", "postgres://ann@db.example:5432/millrace"),
            ("postgres://ann:pa:ss@db.example/millrace", "postgres://ann:***@db.example/millrace"),
            ("postgres://ann:p@ss@db.example/m", "postgres://ann:***@db.example/m"),
            (
                "postgres:///m?host=/run&password=x&sslpassword=y",
                "postgres:///m?host=/run&password=***&sslpassword=***",
            ),
            ("host=db password=x", "***"),
        ] {
            assert_eq!(SecretUrl::new(url).redacted(), expected, "{url}");
        }
    }
}
