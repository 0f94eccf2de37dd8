//! Files that mean harm, of every kind, through the whole application and a real parser process: each ends as completed
//! or as failed with a code, within limits that are set low, and the file after it on the same worker is read as ever.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod archives;
#[path = "../../../pipeline-handlers/tests/support/files.rs"]
#[expect(dead_code, reason = "the tests of the parsers use other parts of it")]
mod files;
mod fonts;
mod legacy;
mod markup;
mod office;
mod packages;
mod pages;
mod pictures;
mod support;
mod text;
