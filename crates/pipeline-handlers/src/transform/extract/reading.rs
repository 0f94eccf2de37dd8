//! Reads those parts of a program that can be written in several ways: by visitors in place of serde's untagged enums, so
//! that errors keep their place and say what is wrong there.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

#[cfg(test)]
use schemars::JsonSchema;

use super::program::{Column, Fields, Pages, Pattern, RegexPattern};

/// One thing, or a list of them.
#[derive(Debug, Clone)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub(super) enum OneOrMany<T> {
    /// One.
    One(T),
    /// Several, at least one.
    Many(#[cfg_attr(test, schemars(length(min = 1)))] Vec<T>),
}

impl<T> OneOrMany<T> {
    /// All of them.
    pub(super) fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    /// Whether it was written as a list.
    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::Many(_))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Wanted<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("one of them or a list")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                T::deserialize(serde::de::value::StrDeserializer::new(text)).map(OneOrMany::One)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(OneOrMany::One)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                let many = Vec::deserialize(SeqAccessDeserializer::new(seq))?;
                if many.is_empty() {
                    return Err(A::Error::custom("the list is empty"));
                }
                Ok(OneOrMany::Many(many))
            }
        }
        deserializer.deserialize_any(Wanted(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted;
        impl<'de> Visitor<'de> for Wanted {
            type Value = Pattern;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text or {\"regex\": …}")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Pattern::Exact(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                RegexPattern::deserialize(MapAccessDeserializer::new(map)).map(Pattern::Regex)
            }
        }
        deserializer.deserialize_any(Wanted)
    }
}

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted;
        impl<'de> Visitor<'de> for Wanted {
            type Value = Column;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the name of a column, several names, or its number")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                u32::try_from(number).map(Column::Number).map_err(|_large| E::custom("there are no so many columns"))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Column::Names(OneOrMany::One(Pattern::Exact(text.to_owned()))))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                OneOrMany::deserialize(MapAccessDeserializer::new(map)).map(Column::Names)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                OneOrMany::deserialize(SeqAccessDeserializer::new(seq)).map(Column::Names)
            }
        }
        deserializer.deserialize_any(Wanted)
    }
}

impl<'de> Deserialize<'de> for Pages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted;
        impl Visitor<'_> for Wanted {
            type Value = Pages;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a page, ranges of pages such as \"1-3,7\", or \"all\"")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                u32::try_from(number).map(Pages::One).map_err(|_large| E::custom("there are no so many pages"))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Pages::Ranges(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Wanted)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted;
        impl<'de> Visitor<'de> for Wanted {
            type Value = Fields;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of fields")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Wanted)
    }
}
