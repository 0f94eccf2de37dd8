//! One file per parser. The list of them is in [`crate::registry`].

pub mod archive;
pub mod code;
pub mod csv;
pub mod epub;
pub mod html;
pub mod json;
pub mod markdown;
pub mod message;
pub mod ndjson;
pub mod office;
pub mod opendocument;
pub mod pdf;
pub mod rtf;
pub mod spreadsheet;
pub mod text;
pub mod xml;
pub mod yaml;
