//! Servers of others, faked as faithfully as their protocols are known.

pub mod openai;
