//! Reads the tree of layers into the configuration structs. Texts from the environment take the type that their field asks for; errors
//! name the key and where its value came from.

use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor};

use super::layers::{Node, Origin, Value};

/// An error with the path to its key, innermost part first.
#[derive(Debug)]
pub(super) struct ValueError {
    message: String,
    path: Vec<String>,
    origin: Option<Origin>,
}

impl ValueError {
    fn under(mut self, key: &str, origin: &Origin) -> Self {
        self.path.push(key.to_owned());
        self.origin.get_or_insert_with(|| origin.clone());
        self
    }

    /// The place for people, the file by the name given, and the message.
    pub(super) fn explain(self, file: &str) -> (String, String) {
        let key = self.path.iter().rev().map(String::as_str).collect::<Vec<_>>().join(".");
        let place = match self.origin {
            Some(Origin::Variable(name)) => format!("environment variable {name}"),
            _ => format!("'{key}' in {file}"),
        };
        (place, self.message)
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ValueError {}

impl serde::de::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string().trim().to_owned(), path: Vec::new(), origin: None }
    }
}

/// The children of a table, one after the other.
struct Children {
    rest: std::collections::btree_map::IntoIter<String, Node>,
    current: Option<(String, Node)>,
}

impl<'de> MapAccess<'de> for Children {
    type Error = ValueError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ValueError> {
        let Some((key, node)) = self.rest.next() else { return Ok(None) };
        let name: StringDeserializer<ValueError> = key.clone().into_deserializer();
        let read = seed.deserialize(name).map_err(|error| error.under(&key, &node.origin))?;
        self.current = Some((key, node));
        Ok(Some(read))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ValueError> {
        let (key, node) = self.current.take().ok_or_else(|| ValueError::custom("a value without a key"))?;
        let origin = node.origin.clone();
        seed.deserialize(node).map_err(|error| error.under(&key, &origin))
    }
}

/// Numbers and booleans: typed values as they are, texts parsed.
macro_rules! scalars {
    ($($method:ident $visit:ident $what:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            match self.value {
                Value::Text(text) => match text.trim().parse() {
                    Ok(value) => visitor.$visit(value),
                    Err(_) => Err(ValueError::custom(format!("'{text}' is not {}", $what))),
                },
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Node {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.value {
            Value::Table(children) => visitor.visit_map(Children { rest: children.into_iter(), current: None }),
            Value::Typed(value) => value.deserialize_any(visitor).map_err(ValueError::custom),
            Value::Text(text) => visitor.visit_string(text),
        }
    }

    scalars! {
        deserialize_bool visit_bool "true or false";
        deserialize_i32 visit_i32 "a whole number";
        deserialize_i64 visit_i64 "a whole number";
        deserialize_u16 visit_u16 "a whole number";
        deserialize_u32 visit_u32 "a whole number";
        deserialize_u64 visit_u64 "a whole number";
        deserialize_f64 visit_f64 "a number";
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match self.value {
            Value::Text(text) => visitor.visit_enum(text.into_deserializer()),
            Value::Typed(value) => value.deserialize_enum(name, variants, visitor).map_err(ValueError::custom),
            Value::Table(_) => Err(ValueError::custom(format!("expected one of {}", variants.join(", ")))),
        }
    }

    /// A text is a TOML array, or names separated by commas.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let value = match self.value {
            Value::Text(text) if text.trim_start().starts_with('[') => parse(&text)?,
            Value::Text(text) => {
                text.split(',').map(|part| toml::Value::String(part.trim().to_owned())).collect::<Vec<_>>().into()
            }
            Value::Typed(value) => value,
            Value::Table(_) => return Err(ValueError::custom("expected a list")),
        };
        value.deserialize_any(visitor).map_err(ValueError::custom)
    }

    /// A text is an inline TOML table.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match self.value {
            Value::Text(text) => parse(&text)?.deserialize_any(visitor).map_err(ValueError::custom),
            _ => self.deserialize_any(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i128 u8 u128 f32 char str string bytes byte_buf unit unit_struct tuple tuple_struct map identifier ignored_any
    }
}

fn parse(text: &str) -> Result<toml::Value, ValueError> {
    let mut table: toml::Table =
        toml::from_str(&format!("value = {text}")).map_err(|error| ValueError::custom(error.message()))?;
    table.remove("value").ok_or_else(|| ValueError::custom("expected one value"))
}
