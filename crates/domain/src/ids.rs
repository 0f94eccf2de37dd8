//! Typed bigint ids.
//!
//! Every id is an integer in `1..=2^53-1`, so that it survives a JSON number in JavaScript unchanged.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Largest id: 2^53 − 1, the largest integer that an IEEE 754 double holds without gaps.
pub const MAX_ID: i64 = 9_007_199_254_740_991;

/// A number that is no id: outside `1..=2^53-1`, or not a number at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is an integer between 1 and {MAX_ID}")]
pub struct InvalidId;

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "i64", into = "i64")]
        pub struct $name(i64);

        impl $name {
            /// Checks the range and wraps the number.
            ///
            /// # Errors
            /// [`InvalidId`] outside `1..=2^53-1`.
            pub const fn new(value: i64) -> Result<Self, InvalidId> {
                if value >= 1 && value <= MAX_ID { Ok(Self(value)) } else { Err(InvalidId) }
            }

            /// The bare number.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl TryFrom<i64> for $name {
            type Error = InvalidId;
            fn try_from(value: i64) -> Result<Self, InvalidId> {
                Self::new(value)
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> i64 {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.parse::<i64>().map_or(Err(InvalidId), Self::new)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

typed_id! {
    /// A person or service that owns projects.
    UserId;
    /// A project; everything else hangs off one.
    ProjectId;
    /// A rule, whatever its version.
    RuleId;
    /// One unit of durable work.
    TaskId;
    /// The stored bytes of one source file.
    UploadId;
    /// What a stage left behind.
    ArtifactId;
    /// A JSON table.
    TableId;
    /// One placement of a task's result in a JSON table.
    MountId;
    /// One record in the event log.
    EventId;
    /// One API key.
    ApiKeyId;
    /// One process that executes tasks.
    NodeId;
    /// A provider of language models that a user keeps here.
    ProviderId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_is_what_a_double_holds() {
        assert!(TaskId::new(0).is_err());
        assert!(TaskId::new(-1).is_err());
        assert_eq!(TaskId::new(MAX_ID).map(TaskId::get), Ok(MAX_ID));
        assert!(TaskId::new(MAX_ID + 1).is_err());
        assert!("12a".parse::<TaskId>().is_err());
        assert!(serde_json::from_str::<TaskId>("0").is_err());
        assert_eq!(serde_json::to_string(&TaskId(7)).ok().as_deref(), Some("7"));
    }
}
