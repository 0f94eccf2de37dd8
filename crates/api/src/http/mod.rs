//! HTTP mechanics that every route shares. Knows no noun of the product.

pub mod body;
pub mod canonical;
pub mod download;
pub mod edge;
pub mod etag;
mod every_place;
mod head;
pub mod measure;
pub mod member;
pub mod page;
pub mod path;
pub mod query;
mod read_error;
pub mod request_id;
pub mod respond;
pub mod unmatched;
